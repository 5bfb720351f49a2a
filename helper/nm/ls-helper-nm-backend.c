/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "ls-helper-nm"

#include "config.h"

#include "ls-helper-nm-backend.h"

#include <glib/gi18n-lib.h>

#include "ls-error.h"
#include "ls-helper-nm-call.h"
#include "ls-helper-nm-profile.h"
#include "ls-helper-nm-watch.h"

#define LINK_KIND "wireguard"

/* What others change is put back this many times in this many seconds, then they have won. */
#define MENDS_MAX 5
#define MENDS_SECONDS 60

struct _LsHelperNmBackend
{
  LsHelperWgBackend parent_instance;

  NMClient *client; /* while there are tunnels */
  GHashTable *tunnels; /* interface to Tunnel */
  GHashTable *doomed; /* UUID to interface: profiles to delete when NetworkManager is back */
  char *unmanaged; /* why NetworkManager cannot do it, as it said when last asked, or NULL */
};

G_DEFINE_FINAL_TYPE (LsHelperNmBackend, ls_helper_nm_backend, LS_TYPE_HELPER_WG_BACKEND)

/* A tunnel that is up. */
typedef struct
{
  LsHelperNmBackend *backend;
  char *name;
  char *interface;
  LsTunnel *applied; /* with its peers, for when they have to be written again */
  LsHelperNmWatch *watch;
  guint mends;
  gint64 mends_since; /* monotonic, microseconds */
} Tunnel;

/* Task data of all calls. */
typedef struct
{
  char *name;
  char *interface;
  char *uuid;
  NMClient *client;
  void (*step) (GTask *task); /* what to do once there is a client */
  LsTunnel *desired;
  LsTunnel *previous;
  NMRemoteConnection *profile;
  NMActiveConnection *active;
  gboolean changed;
} Call;

static void
tunnel_free (Tunnel *tunnel)
{
  g_signal_handlers_disconnect_by_data (tunnel->watch, tunnel);
  g_object_unref (tunnel->watch);
  ls_tunnel_free (tunnel->applied);
  g_free (tunnel->name);
  g_free (tunnel->interface);
  g_free (tunnel);
}

static void
call_free (Call *call)
{
  g_free (call->name);
  g_free (call->interface);
  g_free (call->uuid);
  g_clear_object (&call->client);
  g_clear_object (&call->profile);
  g_clear_object (&call->active);
  g_clear_pointer (&call->desired, ls_tunnel_free);
  g_clear_pointer (&call->previous, ls_tunnel_free);
  g_free (call);
}

static GTask *
new_task (LsHelperNmBackend *self, gpointer tag, const char *name, const char *interface,
          GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Call *call = g_new0 (Call, 1);

  call->name = g_strdup (name);
  call->interface = g_strdup (interface);
  call->uuid = name != NULL ? ls_helper_nm_profile_dup_uuid (name) : NULL;
  g_task_set_source_tag (task, tag);
  g_task_set_task_data (task, call, (GDestroyNotify)call_free);
  return task;
}

static LsHelperRoute *
get_route (gpointer self)
{
  return ls_helper_wg_backend_get_route (self);
}

static LsHelperWg *
get_wg (gpointer self)
{
  return ls_helper_wg_backend_get_wg (self);
}

static gboolean
return_if_failed (GTask *task, GError *error)
{
  if (error == NULL)
    return FALSE;
  g_task_return_error (task, error);
  return TRUE;
}

static gboolean
is_active (NMActiveConnection *active)
{
  return active != NULL
         && nm_active_connection_get_state (active) == NM_ACTIVE_CONNECTION_STATE_ACTIVATED;
}

/* Whether another profile is active on @interface. What NetworkManager merely sees there without
 * having made it (EXTERNAL) is judged by the link itself. */
static gboolean
is_taken (NMClient *client, const char *interface, const char *uuid)
{
  NMDevice *device = nm_client_get_device_by_iface (client, interface);
  NMActiveConnection *active = device != NULL ? nm_device_get_active_connection (device) : NULL;

  return active != NULL
         && !(nm_active_connection_get_state_flags (active) & NM_ACTIVATION_STATE_FLAG_EXTERNAL)
         && g_strcmp0 (nm_active_connection_get_uuid (active), uuid) != 0;
}

/* The client */

static void
doomed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!ls_helper_nm_delete_profile_finish (NM_CLIENT (source), result, &error))
    g_message ("A profile is left behind: %s", error->message);
}

static void
running_cb (LsHelperNmBackend *self)
{
  GHashTableIter iter;
  const char *uuid, *interface;

  g_clear_pointer (&self->unmanaged, g_free);
  if (!nm_client_get_nm_running (self->client))
    return;
  g_hash_table_iter_init (&iter, self->doomed);
  while (g_hash_table_iter_next (&iter, (gpointer *)&uuid, (gpointer *)&interface))
    {
      ls_helper_nm_delete_profile (self->client, uuid, interface, NULL, doomed_cb, NULL);
      g_hash_table_iter_remove (&iter);
    }
}

static void
keep_client (LsHelperNmBackend *self, NMClient *client)
{
  if (self->client != NULL)
    return;
  self->client = g_object_ref (client);
  g_signal_connect_object (client, "notify::" NM_CLIENT_NM_RUNNING, G_CALLBACK (running_cb), self,
                           G_CONNECT_SWAPPED);
}

/* NMClient mirrors all of NetworkManager: not without a tunnel. */
static void
release_client (LsHelperNmBackend *self)
{
  if (g_hash_table_size (self->tunnels) > 0 || g_hash_table_size (self->doomed) > 0
      || self->client == NULL)
    return;
  g_signal_handlers_disconnect_by_data (self->client, self);
  g_clear_object (&self->client);
}

static void
client_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  call->client = nm_client_new_finish (result, &error);
  if (error != NULL && g_task_return_error_if_cancelled (task))
    return;
  call->step (g_steal_pointer (&task));
}

/* Calls @step with @task (transfer full) once there is a client; without a bus there is none. */
static void
with_client (GTask *task, void (*step) (GTask *task))
{
  LsHelperNmBackend *self = g_task_get_source_object (task);
  Call *call = g_task_get_task_data (task);

  call->step = step;
  if (self->client != NULL)
    {
      call->client = g_object_ref (self->client);
      step (task);
    }
  else
    nm_client_new_async (g_task_get_cancellable (task), client_cb, task);
}

static gboolean
is_running (const Call *call)
{
  return call->client != NULL && nm_client_get_nm_running (call->client);
}

static void
return_not_running (GTask *task, LsError code)
{
  g_task_return_new_error (task, LS_ERROR, code, "%s", _ ("NetworkManager is not running."));
}

/* is_available */

static void
checked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (ls_helper_wg_check_finish (LS_HELPER_WG (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
check_running (GTask *task)
{
  LsHelperNmBackend *self = g_task_get_source_object (task);
  Call *call = g_task_get_task_data (task);

  if (!is_running (call))
    return_not_running (task, LS_ERROR_NOT_SUPPORTED);
  else if (self->unmanaged != NULL)
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_NOT_SUPPORTED, "%s", self->unmanaged);
  else
    {
      keep_client (self, call->client);
      ls_helper_wg_check (get_wg (self), g_task_get_cancellable (task), checked_cb, task);
      return;
    }
  g_object_unref (task);
}

static void
is_available (LsHelperBackend *backend, GCancellable *cancellable, GAsyncReadyCallback callback,
              gpointer user_data)
{
  with_client (new_task (LS_HELPER_NM_BACKEND (backend), is_available, NULL, NULL, cancellable,
                         callback, user_data),
               check_running);
}

/* What is to be mended when others interfere */

static void tunnel_down_cb (Tunnel *tunnel);
static void tunnel_activated_cb (Tunnel *tunnel, NMActiveConnection *active);
static void tunnel_reapplied_cb (Tunnel *tunnel);

static void
follow (LsHelperNmBackend *self, const Call *call, const LsTunnel *applied)
{
  Tunnel *tunnel = g_hash_table_lookup (self->tunnels, call->interface);

  keep_client (self, call->client);
  if (tunnel == NULL)
    {
      tunnel = g_new0 (Tunnel, 1);
      tunnel->backend = self;
      tunnel->name = g_strdup (call->name);
      tunnel->interface = g_strdup (call->interface);
      tunnel->watch = ls_helper_nm_watch_new (call->client, call->uuid);
      g_signal_connect_swapped (tunnel->watch, "down", G_CALLBACK (tunnel_down_cb), tunnel);
      g_signal_connect_swapped (tunnel->watch, "activated", G_CALLBACK (tunnel_activated_cb),
                                tunnel);
      g_signal_connect_swapped (tunnel->watch, "reapplied", G_CALLBACK (tunnel_reapplied_cb),
                                tunnel);
      g_hash_table_insert (self->tunnels, tunnel->interface, tunnel);
    }
  else
    ls_tunnel_free (tunnel->applied);
  tunnel->applied = ls_tunnel_copy (applied);
  ls_helper_nm_watch_follow (tunnel->watch, call->active);
}

/* Writing the layers that NetworkManager does not: the end of apply and of mending */

static void
ruled_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsHelperNmBackend *self = g_task_get_source_object (task);
  Call *call = g_task_get_task_data (task);
  LsHelperApplied *applied;
  gboolean changed = FALSE;
  GError *error = NULL;

  ls_helper_route_sync_rules_finish (LS_HELPER_ROUTE (source), result, &changed, &error);
  if (return_if_failed (task, error))
    return;
  follow (self, call, call->desired);
  applied = g_new0 (LsHelperApplied, 1);
  applied->listen_port = call->desired->listen_port;
  applied->changed = call->changed || changed;
  g_task_return_pointer (task, applied, g_free);
}

static void
marked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GCancellable *cancellable = g_task_get_cancellable (task);
  GError *error = NULL;

  ls_helper_route_set_alias_finish (LS_HELPER_ROUTE (source), result, &error);
  if (return_if_failed (task, error))
    return;
  ls_helper_route_sync_rules (LS_HELPER_ROUTE (source), TRUE, cancellable, ruled_cb,
                              g_steal_pointer (&task));
}

static void
peers_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsHelperRoute *route = get_route (g_task_get_source_object (task));
  GCancellable *cancellable = g_task_get_cancellable (task);
  Call *call = g_task_get_task_data (task);
  g_autofree char *alias = ls_helper_route_alias_for (call->name);
  gboolean changed = FALSE;
  GError *error = NULL;

  ls_helper_wg_apply_finish (LS_HELPER_WG (source), result, &changed, &error);
  if (return_if_failed (task, error))
    return;
  call->changed |= changed;
  ls_helper_route_set_alias (route, call->interface, alias, cancellable, marked_cb,
                             g_steal_pointer (&task));
}

/* (transfer full) @task */
static void
write_peers (GTask *task)
{
  Call *call = g_task_get_task_data (task);

  ls_helper_wg_apply (get_wg (g_task_get_source_object (task)), call->interface, call->desired,
                      call->previous, g_task_get_cancellable (task), peers_cb, task);
}

/* apply */

static void
activated_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsHelperNmBackend *self = g_task_get_source_object (task);
  Call *call = g_task_get_task_data (task);
  GError *error = NULL;

  g_clear_object (&call->active);
  call->active = ls_helper_nm_activate_finish (NM_CLIENT (source), result, &error);
  if (g_error_matches (error, LS_ERROR, LS_ERROR_NOT_SUPPORTED))
    {
      g_free (self->unmanaged);
      self->unmanaged = g_strdup (error->message);
    }
  if (return_if_failed (task, error))
    return;
  /* A new activation begins without peers: none of them has roamed. */
  g_clear_pointer (&call->previous, ls_tunnel_free);
  call->changed = TRUE;
  write_peers (g_steal_pointer (&task));
}

/* (transfer full) @task */
static void
activate (GTask *task)
{
  Call *call = g_task_get_task_data (task);

  ls_helper_nm_activate (call->client, call->profile, g_task_get_cancellable (task), activated_cb,
                         task);
}

static void
reapplied_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  GError *error = NULL;

  ls_helper_nm_reapply_finish (NM_CLIENT (source), result, &error);
  if (return_if_failed (task, error))
    return;
  call->changed = TRUE;
  write_peers (g_steal_pointer (&task));
}

static void
mtu_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  NMDevice *device = ls_helper_nm_get_device (call->active);
  g_autoptr (LsHelperLink) link = NULL;

  link = ls_helper_route_get_link_finish (LS_HELPER_ROUTE (source), result, NULL);
  if (link == NULL || device == NULL || link->mtu != call->desired->mtu)
    activate (g_steal_pointer (&task));
  else
    ls_helper_nm_reapply (call->client, device, cancellable, reapplied_cb, g_steal_pointer (&task));
}

/* A reapply reports success for another private key and ignores it, and it refuses another MTU:
 * both need a new activation. */
static void
key_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  LsHelperRoute *route = get_route (g_task_get_source_object (task));
  g_autoptr (LsHelperWgDevice) device = NULL;

  device = ls_helper_wg_get_device_finish (LS_HELPER_WG (source), result, NULL);
  if (device == NULL || !ls_key_equal (&device->private_key, &call->desired->private_key))
    activate (g_steal_pointer (&task));
  else
    ls_helper_route_get_link (route, call->interface, cancellable, mtu_cb, g_steal_pointer (&task));
}

static void
profile_put_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  LsHelperWg *wg = get_wg (g_task_get_source_object (task));
  GError *error = NULL;

  call->profile = ls_helper_nm_put_profile_finish (NM_CLIENT (source), result, &error);
  if (return_if_failed (task, error))
    return;
  if (is_active (call->active))
    ls_helper_wg_get_device (wg, call->interface, cancellable, key_cb, g_steal_pointer (&task));
  else
    activate (g_steal_pointer (&task));
}

/* (transfer full) @task */
static void
put_profile (GTask *task)
{
  Call *call = g_task_get_task_data (task);
  g_autoptr (NMConnection) profile = NULL;
  GError *error = NULL;

  profile = ls_helper_nm_profile_new (call->name, call->interface, call->desired, &error);
  if (return_if_failed (task, error))
    g_object_unref (task);
  else
    ls_helper_nm_put_profile (call->client, profile, g_task_get_cancellable (task), profile_put_cb,
                              task);
}

static void
leftover_removed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  ls_helper_route_remove_finish (LS_HELPER_ROUTE (source), result, &error);
  if (return_if_failed (task, error))
    return;
  put_profile (g_steal_pointer (&task));
}

/* SECURITY: NetworkManager would take over any WireGuard link that has the profile's interface
 * name. */
static void
link_found_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  g_autoptr (LsHelperLink) link = NULL;
  g_autoptr (GError) error = NULL;

  link = ls_helper_route_get_link_finish (LS_HELPER_ROUTE (source), result, &error);
  if (link == NULL && g_error_matches (error, LS_ERROR, LS_ERROR_NOT_FOUND))
    put_profile (g_steal_pointer (&task));
  else if (link == NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else if (g_str_equal (link->kind, LINK_KIND) && ls_helper_link_is_ours (link)
           && !is_taken (call->client, call->interface, call->uuid))
    ls_helper_route_remove (LS_HELPER_ROUTE (source), call->interface, TRUE, cancellable,
                            leftover_removed_cb, g_steal_pointer (&task));
  else
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_CONFLICT,
                             _ ("The network interface “%s” belongs to something else."),
                             call->interface);
}

/* Nothing is asked of NetworkManager when only peers changed: that works while it is away, too. */
static gboolean
needs_peers_only (LsHelperNmBackend *self, const Call *call)
{
  const Tunnel *tunnel = g_hash_table_lookup (self->tunnels, call->interface);

  return tunnel != NULL && ls_tunnel_equal_but_peers (tunnel->applied, call->desired)
         && (!is_running (call) || is_active (call->active));
}

/* (transfer full) @task */
static void
apply_with_client (GTask *task)
{
  LsHelperNmBackend *self = g_task_get_source_object (task);
  Call *call = g_task_get_task_data (task);
  Tunnel *tunnel = g_hash_table_lookup (self->tunnels, call->interface);

  if (is_running (call))
    g_set_object (&call->active, ls_helper_nm_find_active (call->client, call->uuid));
  if (tunnel != NULL)
    ls_helper_nm_watch_pause (tunnel->watch);
  if (needs_peers_only (self, call))
    write_peers (task);
  else if (!is_running (call))
    {
      return_not_running (task, LS_ERROR_BACKEND);
      g_object_unref (task);
    }
  else if (call->active == NULL)
    ls_helper_route_get_link (get_route (self), call->interface, g_task_get_cancellable (task),
                              link_found_cb, task);
  else
    put_profile (task);
}

static void
apply (LsHelperBackend *backend, const char *name, const char *interface, const LsTunnel *desired,
       const LsTunnel *previous, GCancellable *cancellable, GAsyncReadyCallback callback,
       gpointer user_data)
{
  GTask *task = new_task (LS_HELPER_NM_BACKEND (backend), apply, name, interface, cancellable,
                          callback, user_data);
  Call *call = g_task_get_task_data (task);

  call->desired = ls_tunnel_copy (desired);
  call->previous = previous != NULL ? ls_tunnel_copy (previous) : NULL;
  with_client (task, apply_with_client);
}

/* update_peers and set_endpoints: as by netlink, and remembered */

static void
remember_peer (LsTunnel *applied, const LsTunnelPeer *peer)
{
  const LsTunnelPeer *known = ls_tunnel_find_peer (applied, &peer->public_key);
  LsTunnelPeer *copy = ls_tunnel_peer_copy (peer);

  if (!copy->has_endpoint && known != NULL && known->has_endpoint)
    ls_tunnel_peer_set_endpoint (copy, &known->endpoint);
  ls_tunnel_take_peer (applied, copy);
}

static void
update_peers (LsHelperBackend *backend, const char *interface, GPtrArray *changed, GArray *removed,
              GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  Tunnel *tunnel = g_hash_table_lookup (LS_HELPER_NM_BACKEND (backend)->tunnels, interface);

  for (guint i = 0; tunnel != NULL && i < removed->len; i++)
    ls_tunnel_remove_peer (tunnel->applied, &g_array_index (removed, LsKey, i));
  for (guint i = 0; tunnel != NULL && i < changed->len; i++)
    remember_peer (tunnel->applied, changed->pdata[i]);
  LS_HELPER_BACKEND_CLASS (ls_helper_nm_backend_parent_class)
      ->update_peers (backend, interface, changed, removed, cancellable, callback, user_data);
}

static void
remember_endpoint (LsTunnel *applied, const LsTunnelPeer *peer)
{
  const LsTunnelPeer *known = ls_tunnel_find_peer (applied, &peer->public_key);
  LsTunnelPeer *copy;

  if (known == NULL)
    return;
  copy = ls_tunnel_peer_copy (known);
  ls_tunnel_peer_set_endpoint (copy, &peer->endpoint);
  ls_tunnel_take_peer (applied, copy);
}

static void
set_endpoints (LsHelperBackend *backend, const char *interface, GPtrArray *peers,
               GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  Tunnel *tunnel = g_hash_table_lookup (LS_HELPER_NM_BACKEND (backend)->tunnels, interface);

  for (guint i = 0; tunnel != NULL && i < peers->len; i++)
    remember_endpoint (tunnel->applied, peers->pdata[i]);
  LS_HELPER_BACKEND_CLASS (ls_helper_nm_backend_parent_class)
      ->set_endpoints (backend, interface, peers, cancellable, callback, user_data);
}

/* remove */

static void
link_removed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  ls_helper_route_remove_finish (LS_HELPER_ROUTE (source), result, &error);
  if (return_if_failed (task, error))
    return;
  release_client (g_task_get_source_object (task));
  g_task_return_boolean (task, TRUE);
}

static void
link_left_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  g_autoptr (LsHelperLink) link = NULL;
  gboolean ours;

  /* SECURITY: if another profile was activated on our interface, it is no longer ours. */
  link = ls_helper_route_get_link_finish (LS_HELPER_ROUTE (source), result, NULL);
  ours = link != NULL && g_str_equal (link->kind, LINK_KIND) && ls_helper_link_is_ours (link)
         && !(is_running (call) && is_taken (call->client, call->interface, call->uuid));
  ls_helper_route_remove (LS_HELPER_ROUTE (source), call->interface, ours, cancellable,
                          link_removed_cb, g_steal_pointer (&task));
}

/* (transfer full) @task */
static void
remove_link (GTask *task)
{
  Call *call = g_task_get_task_data (task);

  ls_helper_route_get_link (get_route (g_task_get_source_object (task)), call->interface,
                            g_task_get_cancellable (task), link_left_cb, task);
}

static void
profile_deleted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;

  if (!ls_helper_nm_delete_profile_finish (NM_CLIENT (source), result, &error))
    g_message ("%s", error->message);
  remove_link (g_steal_pointer (&task));
}

/* (transfer full) @task */
static void
remove_with_client (GTask *task)
{
  LsHelperNmBackend *self = g_task_get_source_object (task);
  Call *call = g_task_get_task_data (task);

  if (is_running (call))
    {
      ls_helper_nm_delete_profile (call->client, call->uuid, call->interface,
                                   g_task_get_cancellable (task), profile_deleted_cb, task);
      return;
    }
  if (call->client != NULL)
    {
      g_hash_table_insert (self->doomed, g_strdup (call->uuid), g_strdup (call->interface));
      keep_client (self, call->client);
    }
  remove_link (task);
}

static void
remove_tunnel (LsHelperBackend *backend, const char *name, const char *interface, GVariant *state,
               GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  LsHelperNmBackend *self = LS_HELPER_NM_BACKEND (backend);
  GTask *task = new_task (self, remove_tunnel, name, interface, cancellable, callback, user_data);

  g_hash_table_remove (self->tunnels, interface);
  with_client (task, remove_with_client);
}

/* adopt */

static void
link_to_adopt_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsHelperNmBackend *self = g_task_get_source_object (task);
  Call *call = g_task_get_task_data (task);
  g_autoptr (LsHelperLink) link = NULL;

  link = ls_helper_route_get_link_finish (LS_HELPER_ROUTE (source), result, NULL);
  if (link != NULL && g_str_equal (link->kind, LINK_KIND) && ls_helper_link_is_ours (link)
      && (is_active (call->active) || !is_running (call)))
    {
      follow (self, call, call->desired);
      g_task_return_boolean (task, TRUE);
    }
  else
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_NOT_FOUND,
                             _ ("The tunnel’s network interface “%s” is gone."), call->interface);
}

/* (transfer full) @task */
static void
adopt_with_client (GTask *task)
{
  Call *call = g_task_get_task_data (task);

  if (call->client == NULL)
    {
      return_not_running (task, LS_ERROR_BACKEND);
      g_object_unref (task);
      return;
    }
  g_set_object (&call->active, ls_helper_nm_find_active (call->client, call->uuid));
  ls_helper_route_get_link (get_route (g_task_get_source_object (task)), call->interface,
                            g_task_get_cancellable (task), link_to_adopt_cb, task);
}

static void
adopt (LsHelperBackend *backend, const char *name, const char *interface, const LsTunnel *tunnel,
       GVariant *state, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = new_task (LS_HELPER_NM_BACKEND (backend), adopt, name, interface, cancellable,
                          callback, user_data);
  Call *call = g_task_get_task_data (task);

  call->desired = ls_tunnel_copy (tunnel);
  with_client (task, adopt_with_client);
}

/* Mending */

static void
tunnel_down_cb (Tunnel *tunnel)
{
  g_autofree char *interface = g_strdup (tunnel->interface);

  ls_helper_backend_emit_tunnel_changed (LS_HELPER_BACKEND (tunnel->backend), interface, "down",
                                         "by-someone-else");
}

static gboolean
may_mend (Tunnel *tunnel)
{
  gint64 now = g_get_monotonic_time ();

  if (now - tunnel->mends_since > MENDS_SECONDS * G_USEC_PER_SEC)
    {
      tunnel->mends_since = now;
      tunnel->mends = 0;
    }
  return tunnel->mends++ < MENDS_MAX;
}

static void
mended_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  LsHelperNmBackend *self = LS_HELPER_NM_BACKEND (source);
  Call *call = g_task_get_task_data (G_TASK (result));
  g_autoptr (GError) error = NULL;
  LsHelperApplied applied;

  if (!g_hash_table_contains (self->tunnels, call->interface))
    return;
  if (!ls_helper_backend_apply_finish (LS_HELPER_BACKEND (self), result, &applied, &error))
    {
      g_warning ("%s: %s", call->interface, error->message);
      ls_helper_backend_emit_tunnel_changed (LS_HELPER_BACKEND (self), call->interface, "down",
                                             "by-someone-else");
    }
  else if (applied.changed)
    ls_helper_backend_emit_tunnel_changed (LS_HELPER_BACKEND (self), call->interface, "up",
                                           "repaired");
}

/* A task that ends as apply() does, for a tunnel that others changed. */
static GTask *
new_mend (Tunnel *tunnel, NMActiveConnection *active)
{
  GTask *task = new_task (tunnel->backend, new_mend, tunnel->name, tunnel->interface, NULL,
                          mended_cb, NULL);
  Call *call = g_task_get_task_data (task);

  call->desired = ls_tunnel_copy (tunnel->applied);
  call->previous = ls_tunnel_copy (tunnel->applied);
  call->client = g_object_ref (tunnel->backend->client);
  g_set_object (&call->active, active);
  return task;
}

static void
tunnel_activated_cb (Tunnel *tunnel, NMActiveConnection *active)
{
  if (may_mend (tunnel))
    write_peers (new_mend (tunnel, active));
  else
    tunnel_down_cb (tunnel);
}

static void
tunnel_reapplied_cb (Tunnel *tunnel)
{
  NMClient *client = tunnel->backend->client;
  g_autofree char *uuid = ls_helper_nm_profile_dup_uuid (tunnel->name);

  if (may_mend (tunnel))
    put_profile (new_mend (tunnel, ls_helper_nm_find_active (client, uuid)));
  else
    tunnel_down_cb (tunnel);
}

LsHelperBackend *
ls_helper_nm_backend_new (LsHelperRoute *route, LsHelperWg *wg)
{
  return g_object_new (LS_TYPE_HELPER_NM_BACKEND, "route", route, "wg", wg, NULL);
}

static void
ls_helper_nm_backend_finalize (GObject *object)
{
  LsHelperNmBackend *self = LS_HELPER_NM_BACKEND (object);

  g_hash_table_unref (self->tunnels);
  g_hash_table_unref (self->doomed);
  g_clear_object (&self->client);
  g_free (self->unmanaged);
  G_OBJECT_CLASS (ls_helper_nm_backend_parent_class)->finalize (object);
}

static void
ls_helper_nm_backend_class_init (LsHelperNmBackendClass *klass)
{
  LsHelperBackendClass *backend_class = LS_HELPER_BACKEND_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = ls_helper_nm_backend_finalize;
  backend_class->kind = LS_BACKEND_NETWORK_MANAGER;
  backend_class->is_available = is_available;
  backend_class->apply = apply;
  backend_class->update_peers = update_peers;
  backend_class->set_endpoints = set_endpoints;
  backend_class->remove = remove_tunnel;
  backend_class->adopt = adopt;
}

static void
ls_helper_nm_backend_init (LsHelperNmBackend *self)
{
  self->tunnels
      = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)tunnel_free);
  self->doomed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}
