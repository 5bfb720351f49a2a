/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "ls-ctl-agent.h"
#include "ls-ctl-commands.h"
#include "ls-ctl-profile.h"
#include "ls-ctl-words.h"

typedef struct
{
  LsCtl *ctl;
  const char *only; /* this network, or NULL for all */
} Watch;

static char *
profile_name (GDBusProxy *proxy)
{
  g_autoptr (GVariant) name = g_dbus_proxy_get_cached_property (proxy, "Name");

  return name != NULL ? g_variant_dup_string (name, NULL) : NULL;
}

static gboolean
is_watched (const Watch *watch, const char *name)
{
  return name != NULL && (watch->only == NULL || g_str_equal (watch->only, name));
}

/* One line: the time, and what happened to which network. */
static void
print_event (const Watch *watch, const char *event, const char *name, const char *key,
             GVariant *value, const char *text)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *clock = g_date_time_format (now, "%H:%M:%S");
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) owned = value != NULL ? g_variant_ref_sink (value) : NULL;

  if (!watch->ctl->json)
    {
      ls_ctl_print ("%s %s", clock, text);
      return;
    }
  g_variant_builder_add (&builder, "{sv}", "event", g_variant_new_string (event));
  g_variant_builder_add (&builder, "{sv}", "time", g_variant_new_int64 (g_date_time_to_unix (now)));
  if (name != NULL)
    g_variant_builder_add (&builder, "{sv}", "profile", g_variant_new_string (name));
  if (value != NULL)
    g_variant_builder_add (&builder, "{sv}", key, owned);
  ls_ctl_print_json (g_variant_builder_end (&builder));
}

static void
print_state (const Watch *watch, LsAgentIpcProfile *profile, const char *event)
{
  const char *name = ls_agent_ipc_profile_get_name (profile);
  g_autofree char *line = ls_ctl_profile_to_line (profile);

  if (is_watched (watch, name))
    print_event (watch, event, name, "state", ls_ctl_profile_to_variant (profile), line);
}

static void
properties_changed_cb (GDBusObjectManagerClient *client, GDBusObjectProxy *object,
                       GDBusProxy *proxy, GVariant *changed, const char *const *invalidated,
                       gpointer user_data)
{
  static const char *const told[] = { "State", "Problem", "WantUp", "ControlReachable", NULL };
  const Watch *watch = user_data;
  g_autofree char *name = profile_name (proxy);
  g_autofree char *line = NULL;
  gboolean tell = FALSE;

  if (!LS_AGENT_IPC_IS_PROFILE (proxy) || !is_watched (watch, name))
    return;
  for (guint i = 0; told[i] != NULL; i++)
    {
      g_autoptr (GVariant) value = g_variant_lookup_value (changed, told[i], NULL);

      tell = tell || value != NULL;
    }
  line = ls_ctl_profile_to_line (LS_AGENT_IPC_PROFILE (proxy));
  if (tell || watch->ctl->json)
    print_event (watch, "changed", name, "changed",
                 ls_ctl_profile_changes_to_variant (LS_AGENT_IPC_PROFILE (proxy), changed), line);
}

static void
peer_changed (const Watch *watch, const char *name, GVariant *peer)
{
  const char *device = "";
  const char *path = "";
  gboolean online = FALSE;
  g_autofree char *text = NULL;

  g_variant_lookup (peer, "name", "&s", &device);
  g_variant_lookup (peer, "path", "&s", &path);
  g_variant_lookup (peer, "online", "b", &online);
  /* TRANSLATORS: network: device, whether it is online, how it is reached */
  text = g_strdup_printf (_ ("%s: %s is %s, %s"), name, device,
                          online ? _ ("online") : _ ("offline"), ls_ctl_words_path (path));
  print_event (watch, "peer", name, "peer", peer, text);
}

static void
peers_changed_cb (LsAgentIpcProfile *profile, GVariant *changed, const char *const *removed,
                  gpointer user_data)
{
  const Watch *watch = user_data;
  g_autofree char *name = profile_name (G_DBUS_PROXY (profile));

  if (!is_watched (watch, name))
    return;
  for (gsize i = 0; i < g_variant_n_children (changed); i++)
    {
      g_autoptr (GVariant) peer = g_variant_get_child_value (changed, i);

      peer_changed (watch, name, peer);
    }
  for (; *removed != NULL; removed++)
    {
      g_autofree char *text = g_strdup_printf (_ ("%s: device %s is gone"), name, *removed);

      print_event (watch, "peer-removed", name, "id", g_variant_new_string (*removed), text);
    }
}

static void
follow (Watch *watch, LsAgentIpcProfile *profile)
{
  g_signal_handlers_disconnect_by_func (profile, peers_changed_cb, watch);
  g_signal_connect (profile, "peers-changed", G_CALLBACK (peers_changed_cb), watch);
}

static void
object_added_cb (GDBusObjectManager *objects, GDBusObject *object, gpointer user_data)
{
  Watch *watch = user_data;
  g_autoptr (LsAgentIpcProfile) profile
      = ls_agent_ipc_object_get_profile (LS_AGENT_IPC_OBJECT (object));

  if (profile == NULL)
    return;
  follow (watch, profile);
  print_state (watch, profile, "added");
}

static void
object_removed_cb (GDBusObjectManager *objects, GDBusObject *object, gpointer user_data)
{
  const Watch *watch = user_data;
  g_autoptr (LsAgentIpcProfile) profile
      = ls_agent_ipc_object_get_profile (LS_AGENT_IPC_OBJECT (object));
  const char *name = profile != NULL ? ls_agent_ipc_profile_get_name (profile) : NULL;
  g_autofree char *text = NULL;

  if (!is_watched (watch, name))
    return;
  text = g_strdup_printf (_ ("%s: removed"), name);
  print_event (watch, "removed", name, NULL, NULL, text);
}

static void
owner_changed_cb (GObject *objects, GParamSpec *pspec, gpointer user_data)
{
  g_autofree char *owner
      = g_dbus_object_manager_client_get_name_owner (G_DBUS_OBJECT_MANAGER_CLIENT (objects));

  if (owner == NULL)
    print_event (user_data, "agent-stopped", NULL, NULL, NULL, _ ("The agent stopped."));
  else
    print_event (user_data, "agent-started", NULL, NULL, NULL, _ ("The agent started."));
}

static gboolean
never (gpointer unused)
{
  return FALSE;
}

static LsCtlStatus
watch_until_interrupted (Watch *watch)
{
  GDBusObjectManager *objects = watch->ctl->objects;
  g_autoptr (GPtrArray) profiles = ls_ctl_list_profiles (watch->ctl);

  for (guint i = 0; i < profiles->len; i++)
    {
      follow (watch, profiles->pdata[i]);
      print_state (watch, profiles->pdata[i], "state");
    }
  g_signal_connect (objects, "interface-proxy-properties-changed",
                    G_CALLBACK (properties_changed_cb), watch);
  g_signal_connect (objects, "object-added", G_CALLBACK (object_added_cb), watch);
  g_signal_connect (objects, "object-removed", G_CALLBACK (object_removed_cb), watch);
  g_signal_connect (objects, "notify::name-owner", G_CALLBACK (owner_changed_cb), watch);
  ls_ctl_wait_until (watch->ctl, never, NULL, 0);
  g_signal_handlers_disconnect_by_data (objects, watch);
  for (guint i = 0; i < profiles->len; i++)
    g_signal_handlers_disconnect_by_data (profiles->pdata[i], watch);
  return LS_CTL_OK;
}

static LsCtlStatus
watch_command (LsCtl *ctl, char **operands)
{
  Watch watch = { .ctl = ctl, .only = operands[0] };
  LsCtlStatus status = LS_CTL_OK;
  g_autoptr (GError) error = NULL;
  g_autoptr (LsAgentIpcProfile) profile = NULL;

  if (operands[0] == NULL && !ls_ctl_open_agent (ctl, &error))
    return ls_ctl_fail (ctl, g_steal_pointer (&error));
  if (operands[0] != NULL)
    profile = ls_ctl_open_profile (ctl, operands[0], &status);
  if (operands[0] != NULL && profile == NULL)
    return status;
  return watch_until_interrupted (&watch);
}

const LsCtlCommand ls_ctl_watch_commands[] = {
  { "watch", "[NETWORK]", N_ ("Show changes as they happen"), NULL, 0, 1, watch_command },
  { NULL },
};
