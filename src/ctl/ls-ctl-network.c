/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ctl-network.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "ls-error.h"
#include "ls-ident.h"
#include "ls-names.h"
#include "ls-tunnel.h"

GStrv
ls_ctl_urls_normalize (const char *const *urls, GError **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (; *urls != NULL; urls++)
    {
      g_autofree char *url = ls_control_url_normalize (*urls, error);

      if (url == NULL)
        return NULL;
      g_strv_builder_add (builder, url);
    }
  return g_strv_builder_end (builder);
}

static gboolean
add_number (GVariantDict *dict, const char *key, int value, int max, GError **error)
{
  if (value < 0)
    return TRUE;
  if (value > max)
    {
      g_set_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT, _ ("%d is too large for --%s."),
                   value, key);
      return FALSE;
    }
  g_variant_dict_insert (dict, key, "q", (guint16)value);
  return TRUE;
}

static gboolean
parse_pin (LsPins *pins, const char *text, const char *const *urls, GError **error)
{
  const char *equals = strrchr (text, '=');
  g_autofree char *url = equals != NULL ? g_strndup (text, equals - text) : NULL;

  if (equals != NULL)
    return ls_pins_set (pins, url, equals + 1, error);
  if (*text == '\0')
    {
      g_hash_table_remove_all (pins);
      return TRUE;
    }
  if (g_strv_length ((GStrv)urls) == 1)
    return ls_pins_set (pins, urls[0], text, error);
  g_set_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT,
               _ ("The network has several servers: say --pin URL=DIGITS for each."));
  return FALSE;
}

gboolean
ls_ctl_pins_parse (LsPins *pins, const char *const *texts, const char *const *urls, GError **error)
{
  for (; texts != NULL && *texts != NULL; texts++)
    if (!parse_pin (pins, *texts, urls, error))
      return FALSE;
  return ls_pins_check_urls (pins, urls, error);
}

static gboolean
add_backend (GVariantDict *dict, const char *backend, GError **error)
{
  LsBackendKind kind;

  if (backend == NULL)
    return TRUE;
  if (!ls_backend_kind_parse (backend, &kind, error))
    return FALSE;
  g_variant_dict_insert (dict, "backend", "s", backend);
  return TRUE;
}

GVariant *
ls_ctl_options_new (LsPins *pins, int port, int mtu, const char *backend, const char *const *urls,
                    GError **error)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  g_auto (GStrv) normalized = NULL;

  if (!add_number (&dict, "listen-port", port, 65535, error)
      || !add_number (&dict, "mtu", mtu, LS_TUNNEL_MTU_MAX, error)
      || !add_backend (&dict, backend, error))
    return NULL;
  if (pins != NULL)
    g_variant_dict_insert_value (&dict, "pins", ls_pins_to_variant (pins));
  if (urls != NULL)
    {
      normalized = ls_ctl_urls_normalize (urls, error);
      if (normalized == NULL)
        return NULL;
      g_variant_dict_insert (&dict, "urls", "^as", normalized);
    }
  return g_variant_dict_end (&dict);
}

static LsAgentIpcProfile *
profile_at (LsCtl *ctl, const char *path, GError **error)
{
  LsCtlAwait await = { NULL };
  g_autoptr (GAsyncResult) result = NULL;
  LsAgentIpcProfile *profile;

  ls_agent_ipc_profile_proxy_new (ctl->connection, G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START,
                                  LS_AGENT_BUS_NAME, path, ctl->cancellable, ls_ctl_await_cb,
                                  &await);
  result = ls_ctl_await (&await);
  profile = ls_agent_ipc_profile_proxy_new_finish (result, error);
  if (profile != NULL)
    g_dbus_proxy_set_default_timeout (G_DBUS_PROXY (profile), G_MAXINT);
  return profile;
}

LsAgentIpcProfile *
ls_ctl_add_profile (LsCtl *ctl, const char *name, const char *const *urls, GVariant *options,
                    GError **error)
{
  LsCtlAwait await = { NULL };
  g_autoptr (GAsyncResult) result = NULL;
  g_autofree char *path = NULL;

  ls_agent_ipc_manager_call_add_profile (ctl->manager, name != NULL ? name : "", urls, options,
                                         ctl->cancellable, ls_ctl_await_cb, &await);
  result = ls_ctl_await (&await);
  if (!ls_agent_ipc_manager_call_add_profile_finish (ctl->manager, &path, result, error))
    return NULL;
  return profile_at (ctl, path, error);
}
