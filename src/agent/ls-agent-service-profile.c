/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-service-profile.h"

#include "ls-agent-private.h"
#include "ls-agent-profile-private.h"
#include "ls-error.h"

/* A method under way. */
typedef struct
{
  LsAgentIpcProfile *skeleton;
  GDBusMethodInvocation *invocation;
  LsAgent *agent;
} ProfileCall;

static ProfileCall *
profile_call_new (LsAgentIpcProfile *skeleton, GDBusMethodInvocation *invocation)
{
  ProfileCall *call = g_new0 (ProfileCall, 1);

  call->skeleton = g_object_ref (skeleton);
  call->invocation = invocation;
  return call;
}

void
ls_agent_service_return_error (GDBusMethodInvocation *invocation, GError *error)
{
  g_autofree char *message = ls_error_dup_message (error);

  if (error->domain == LS_ERROR)
    g_dbus_method_invocation_return_error_literal (invocation, LS_ERROR, error->code, message);
  else
    g_dbus_method_invocation_return_error_literal (invocation, LS_ERROR, LS_ERROR_FAILED, message);
  g_error_free (error);
}

/* Properties that the method changed are told before it returns. Takes @call and @error. */
static void
end_call (ProfileCall *call, GError *error)
{
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (call->skeleton));
  if (error != NULL)
    ls_agent_service_return_error (call->invocation, error);
  else
    g_dbus_method_invocation_return_value (call->invocation, NULL);
  g_object_unref (call->skeleton);
  g_clear_object (&call->agent);
  g_free (call);
}

static void
registered_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;

  ls_agent_profile_register_finish (LS_AGENT_PROFILE (source), result, &error);
  end_call (user_data, error);
}

static gboolean
handle_register_with_token (LsAgentIpcProfile *skeleton, GDBusMethodInvocation *invocation,
                            const char *token, const char *node_name, gboolean connect,
                            gpointer user_data)
{
  ls_agent_profile_register_token_async (user_data, token, node_name, connect, NULL, registered_cb,
                                         profile_call_new (skeleton, invocation));
  return TRUE;
}

static gboolean
handle_register_with_approval (LsAgentIpcProfile *skeleton, GDBusMethodInvocation *invocation,
                               const char *network_id, const char *node_name, guint64 ttl,
                               gboolean connect, gpointer user_data)
{
  ls_agent_profile_register_link_async (user_data, network_id, node_name, ttl, connect, NULL,
                                        registered_cb, profile_call_new (skeleton, invocation));
  return TRUE;
}

static void
approved_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;

  ls_agent_profile_approve_now_finish (LS_AGENT_PROFILE (source), result, &error);
  end_call (user_data, error);
}

static gboolean
handle_approve_now (LsAgentIpcProfile *skeleton, GDBusMethodInvocation *invocation,
                    gpointer user_data)
{
  ls_agent_profile_approve_now_async (user_data, NULL, approved_cb,
                                      profile_call_new (skeleton, invocation));
  return TRUE;
}

static void
connected_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;

  ls_agent_profile_connect_finish (LS_AGENT_PROFILE (source), result, &error);
  end_call (user_data, error);
}

static gboolean
handle_connect (LsAgentIpcProfile *skeleton, GDBusMethodInvocation *invocation, gpointer user_data)
{
  ls_agent_profile_connect_async (user_data, NULL, connected_cb,
                                  profile_call_new (skeleton, invocation));
  return TRUE;
}

static void
disconnected_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;

  ls_agent_profile_disconnect_finish (LS_AGENT_PROFILE (source), result, &error);
  end_call (user_data, error);
}

static gboolean
handle_disconnect (LsAgentIpcProfile *skeleton, GDBusMethodInvocation *invocation,
                   gpointer user_data)
{
  ls_agent_profile_disconnect_async (user_data, NULL, disconnected_cb,
                                     profile_call_new (skeleton, invocation));
  return TRUE;
}

static void
refreshed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;

  ls_agent_profile_refresh_finish (LS_AGENT_PROFILE (source), result, &error);
  end_call (user_data, error);
}

static gboolean
handle_refresh (LsAgentIpcProfile *skeleton, GDBusMethodInvocation *invocation, gpointer user_data)
{
  ls_agent_profile_refresh_async (user_data, NULL, refreshed_cb,
                                  profile_call_new (skeleton, invocation));
  return TRUE;
}

static gboolean
handle_update (LsAgentIpcProfile *skeleton, GDBusMethodInvocation *invocation, GVariant *options,
               gpointer user_data)
{
  GError *error = NULL;

  ls_agent_profile_update (user_data, options, &error);
  end_call (profile_call_new (skeleton, invocation), error);
  return TRUE;
}

static void
removed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  ProfileCall *call = user_data;
  GError *error = NULL;

  if (ls_agent_profile_remove_finish (LS_AGENT_PROFILE (source), result, &error))
    ls_agent_forget_profile (call->agent, LS_AGENT_PROFILE (source));
  end_call (call, error);
}

static gboolean
handle_remove (LsAgentIpcProfile *skeleton, GDBusMethodInvocation *invocation, gpointer user_data)
{
  ProfileCall *call = profile_call_new (skeleton, invocation);

  call->agent = g_object_ref (g_object_get_data (G_OBJECT (skeleton), "agent"));
  ls_agent_profile_remove_async (user_data, NULL, removed_cb, call);
  return TRUE;
}

/* Who lists the peers looks at them until it leaves the bus. */

static void
watcher_vanished_cb (GDBusConnection *bus, const char *name, gpointer user_data)
{
  LsAgentIpcProfile *skeleton = user_data;
  GHashTable *watches = g_object_get_data (G_OBJECT (skeleton), "watches");
  LsAgentProfile *profile = g_object_get_data (G_OBJECT (skeleton), "profile");
  guint watch = GPOINTER_TO_UINT (g_hash_table_lookup (watches, name));

  ls_agent_profile_remove_watcher (profile, name);
  g_hash_table_remove (watches, name);
  if (watch != 0)
    g_bus_unwatch_name (watch);
}

static gboolean
handle_list_peers (LsAgentIpcProfile *skeleton, GDBusMethodInvocation *invocation,
                   gpointer user_data)
{
  LsAgentProfile *profile = user_data;
  const char *sender = g_dbus_method_invocation_get_sender (invocation);
  GHashTable *watches = g_object_get_data (G_OBJECT (skeleton), "watches");

  if (ls_agent_profile_add_watcher (profile, sender))
    {
      guint watch = g_bus_watch_name_on_connection (
          g_dbus_method_invocation_get_connection (invocation), sender,
          G_BUS_NAME_WATCHER_FLAGS_NONE, NULL, watcher_vanished_cb, skeleton, NULL);

      g_hash_table_insert (watches, g_strdup (sender), GUINT_TO_POINTER (watch));
    }
  ls_agent_ipc_profile_complete_list_peers (skeleton, invocation,
                                            ls_agent_profile_list_peers (profile));
  return TRUE;
}

static void
watches_free (gpointer data)
{
  GHashTable *watches = data;
  GHashTableIter iter;
  gpointer watch;

  g_hash_table_iter_init (&iter, watches);
  while (g_hash_table_iter_next (&iter, NULL, &watch))
    g_bus_unwatch_name (GPOINTER_TO_UINT (watch));
  g_hash_table_unref (watches);
}

/* Properties and signals */

static const char *const bound[] = {
  "name",       "control-urls", "options",      "want-up",  "control-reachable", "control-since",
  "network-id", "network-name", "dns-domain",   "node-id",  "node-name",         "dns-name",
  "ipv4",       "ipv6",         "public-key",   "auth-url", "auth-expires",      "interface",
  "backend",    "peer-count",   "peers-online", "rx-bytes", "tx-bytes",          "left-out",
};

static gboolean
state_to_text (GBinding *binding, const GValue *from, GValue *to, gpointer user_data)
{
  g_value_set_static_string (to, ls_agent_state_to_text (g_value_get_enum (from)));
  return TRUE;
}

static void
problem_changed_cb (LsAgentProfile *profile, GParamSpec *pspec, LsAgentIpcProfile *skeleton)
{
  ls_agent_ipc_profile_set_problem (
      skeleton,
      g_variant_new ("(sss)", profile->shown.what, profile->shown.hint, profile->shown.details));
}

static void
peers_changed_cb (LsAgentProfile *profile, GVariant *changed, GVariant *removed,
                  LsAgentIpcProfile *skeleton)
{
  g_autofree const char **ids = g_variant_get_strv (removed, NULL);

  ls_agent_ipc_profile_emit_peers_changed (skeleton, changed, ids);
}

static void
connect_methods (LsAgentIpcProfile *skeleton, LsAgentProfile *profile)
{
  static const struct
  {
    const char *signal;
    GCallback handler;
  } methods[] = {
    { "handle-register-with-token", G_CALLBACK (handle_register_with_token) },
    { "handle-register-with-approval", G_CALLBACK (handle_register_with_approval) },
    { "handle-approve-now", G_CALLBACK (handle_approve_now) },
    { "handle-connect", G_CALLBACK (handle_connect) },
    { "handle-disconnect", G_CALLBACK (handle_disconnect) },
    { "handle-refresh", G_CALLBACK (handle_refresh) },
    { "handle-update", G_CALLBACK (handle_update) },
    { "handle-remove", G_CALLBACK (handle_remove) },
    { "handle-list-peers", G_CALLBACK (handle_list_peers) },
  };

  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    g_signal_connect_object (skeleton, methods[i].signal, methods[i].handler, profile, 0);
}

LsAgentIpcProfile *
ls_agent_service_profile_new (LsAgent *agent, LsAgentProfile *profile)
{
  LsAgentIpcProfile *skeleton = ls_agent_ipc_profile_skeleton_new ();
  GObject *object = G_OBJECT (skeleton);

  g_object_set_data (object, "agent", agent);
  g_object_set_data_full (object, "profile", g_object_ref (profile), g_object_unref);
  g_object_set_data_full (object, "watches",
                          g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
                          watches_free);
  for (guint i = 0; i < G_N_ELEMENTS (bound); i++)
    g_object_bind_property (profile, bound[i], skeleton, bound[i], G_BINDING_SYNC_CREATE);
  g_object_bind_property_full (profile, "state", skeleton, "state", G_BINDING_SYNC_CREATE,
                               state_to_text, NULL, NULL, NULL);
  g_signal_connect_object (profile, "notify::problem", G_CALLBACK (problem_changed_cb), skeleton,
                           0);
  problem_changed_cb (profile, NULL, skeleton);
  g_signal_connect_object (profile, "peers-changed", G_CALLBACK (peers_changed_cb), skeleton, 0);
  connect_methods (skeleton, profile);
  return skeleton;
}
