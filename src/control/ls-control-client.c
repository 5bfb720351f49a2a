/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-control-client-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "ls-error.h"
#include "ls-ident.h"

#define CONNECTIONS_MAX 8 /* a held long poll must not keep other calls waiting */
#define IDLE_TIMEOUT 60 /* seconds until an unused connection is closed */

/* Before libsoup 3.4.3 the cancellation of a waiting HTTP/2 request is not reported until other
 * traffic comes: a cancelled long poll would keep its caller waiting. The only switch is in the
 * environment, which may be changed only while there is one thread: before main(). */
__attribute__ ((constructor)) static void
force_http1 (void)
{
  if (!soup_check_version (3, 4, 3))
    g_setenv ("SOUP_FORCE_HTTP1", "1", FALSE);
}

G_DEFINE_FINAL_TYPE (LsControlClient, ls_control_client, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_URL,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void
ls_control_client_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  LsControlClient *self = LS_CONTROL_CLIENT (object);

  if (id == PROP_URL)
    g_value_set_string (value, ls_control_client_get_url (self));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
ls_control_client_finalize (GObject *object)
{
  LsControlClient *self = LS_CONTROL_CLIENT (object);

  soup_session_abort (self->session);
  g_clear_object (&self->session);
  g_strfreev (self->urls);
  g_clear_pointer (&self->pins, g_hash_table_unref);
  ls_control_secret_free (self->node_token);
  ls_control_secret_free (self->admin_token);

  G_OBJECT_CLASS (ls_control_client_parent_class)->finalize (object);
}

static void
ls_control_client_class_init (LsControlClientClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = ls_control_client_get_property;
  object_class->finalize = ls_control_client_finalize;

  properties[PROP_URL]
      = g_param_spec_string ("url", NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
ls_control_client_init (LsControlClient *self)
{
  /* No timeout of the session's: each attempt has its own. */
  self->session = soup_session_new_with_options (
      "user-agent", "lightscale/" LS_VERSION, "max-conns", CONNECTIONS_MAX, "max-conns-per-host",
      CONNECTIONS_MAX, "timeout", 0, "idle-timeout", IDLE_TIMEOUT, NULL);
}

static gboolean
take_urls (LsControlClient *self, const char *const *urls, GError **error)
{
  guint n = urls != NULL ? g_strv_length ((GStrv)urls) : 0;

  if (n == 0 || n > LS_CONTROL_URLS_MAX)
    {
      g_set_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT,
                   _ ("A network has one to %d control server addresses"), LS_CONTROL_URLS_MAX);
      return FALSE;
    }
  self->urls = g_new0 (char *, n + 1);
  for (guint i = 0; i < n; i++)
    {
      self->urls[i] = ls_control_url_normalize (urls[i], error);
      if (self->urls[i] == NULL)
        return FALSE;
    }
  return TRUE;
}

LsControlClient *
ls_control_client_new (const char *const *urls, LsPins *pins, GError **error)
{
  g_autoptr (LsControlClient) self = g_object_new (LS_TYPE_CONTROL_CLIENT, NULL);

  if (!take_urls (self, urls, error))
    return NULL;
  self->pins = pins != NULL ? ls_pins_copy (pins) : ls_pins_new ();
  if (!ls_pins_check_urls (self->pins, (const char *const *)self->urls, error))
    return NULL;
  return g_steal_pointer (&self);
}

static gboolean
set_token (char **place, const char *token, GError **error)
{
  if (token != NULL && !ls_token_validate (token, error))
    return FALSE;
  ls_control_secret_free (*place);
  *place = g_strdup (token);
  return TRUE;
}

gboolean
ls_control_client_set_node_token (LsControlClient *self, const char *token, GError **error)
{
  g_return_val_if_fail (LS_IS_CONTROL_CLIENT (self), FALSE);

  return set_token (&self->node_token, token, error);
}

gboolean
ls_control_client_set_admin_token (LsControlClient *self, const char *token, GError **error)
{
  g_return_val_if_fail (LS_IS_CONTROL_CLIENT (self), FALSE);

  return set_token (&self->admin_token, token, error);
}

const char *
ls_control_client_get_url (LsControlClient *self)
{
  g_return_val_if_fail (LS_IS_CONTROL_CLIENT (self), NULL);

  return self->urls != NULL ? self->urls[self->current] : NULL;
}

void
ls_control_client_remember (LsControlClient *self, guint index)
{
  if (self->current == index)
    return;
  self->current = index;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_URL]);
}

void
ls_control_client_prefer_url (LsControlClient *self, const char *url)
{
  g_return_if_fail (LS_IS_CONTROL_CLIENT (self));

  for (guint i = 0; url != NULL && self->urls[i] != NULL; i++)
    if (g_str_equal (self->urls[i], url))
      {
        ls_control_client_remember (self, i);
        return;
      }
}

void
ls_control_client_set_retry_after (LsControlClient *self, guint seconds)
{
  self->not_before
      = g_get_monotonic_time () + MIN (seconds, LS_CONTROL_RETRY_AFTER_MAX) * G_USEC_PER_SEC;
}

guint
ls_control_client_get_retry_after (LsControlClient *self)
{
  gint64 left;

  g_return_val_if_fail (LS_IS_CONTROL_CLIENT (self), 0);

  left = self->not_before - g_get_monotonic_time ();
  return left > 0 ? (left + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC : 0;
}

void
ls_control_probe_free (LsControlProbe *probe)
{
  if (probe == NULL)
    return;

  g_free (probe->url);
  g_free (probe->pin);
  g_free (probe->certificate_error);
  g_free (probe);
}
