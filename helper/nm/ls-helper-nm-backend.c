/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "ls-helper-nm"

#include "config.h"

#include <glib/gi18n-lib.h>

#include "ls-error.h"
#include "ls-helper-nm-call.h"
#include "ls-helper-nm-private.h"
#include "ls-helper-nm-profile.h"

G_DEFINE_FINAL_TYPE (LsHelperNmBackend, ls_helper_nm_backend, LS_TYPE_HELPER_WG_BACKEND)

void
ls_helper_nm_tunnel_free (LsHelperNmTunnel *tunnel)
{
  (void)ls_helper_nm_stop_mending (tunnel);
  g_signal_handlers_disconnect_by_data (tunnel->watch, tunnel);
  g_object_unref (tunnel->watch);
  ls_tunnel_free (tunnel->applied);
  g_free (tunnel->name);
  g_free (tunnel->interface);
  g_free (tunnel);
}

static void
call_free (LsHelperNmCall *call)
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

GTask *
ls_helper_nm_call_new (LsHelperNmBackend *self, gpointer tag, const char *name,
                       const char *interface, GCancellable *cancellable,
                       GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  LsHelperNmCall *call = g_new0 (LsHelperNmCall, 1);

  call->name = g_strdup (name);
  call->interface = g_strdup (interface);
  call->uuid = name != NULL ? ls_helper_nm_profile_dup_uuid (name) : NULL;
  g_task_set_source_tag (task, tag);
  g_task_set_task_data (task, call, (GDestroyNotify)call_free);
  return task;
}

LsHelperRoute *
ls_helper_nm_get_route (gpointer self)
{
  return ls_helper_backend_get_route (self);
}

LsHelperWg *
ls_helper_nm_get_wg (gpointer self)
{
  return ls_helper_wg_backend_get_wg (self);
}

gboolean
ls_helper_nm_return_if_failed (GTask *task, GError *error)
{
  if (error == NULL)
    return FALSE;
  g_task_return_error (task, error);
  return TRUE;
}

gboolean
ls_helper_nm_is_active (NMActiveConnection *active)
{
  return active != NULL
         && nm_active_connection_get_state (active) == NM_ACTIVE_CONNECTION_STATE_ACTIVATED;
}

/* The client */

static void
doomed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsHelperNmBackend) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!ls_helper_nm_delete_profile_finish (NM_CLIENT (source), result, &error))
    g_message ("A profile is left behind: %s", error->message);
  ls_helper_nm_release_client (self);
}

/* Deletes the profiles that had to be left while NetworkManager was away. Each is there only once
 * its settings have been read, some time after NetworkManager runs. */
static void
delete_doomed (LsHelperNmBackend *self)
{
  GHashTableIter iter;
  const char *uuid, *interface;

  if (!nm_client_get_nm_running (self->client))
    return;
  g_hash_table_iter_init (&iter, self->doomed);
  while (g_hash_table_iter_next (&iter, (gpointer *)&uuid, (gpointer *)&interface))
    {
      if (nm_client_get_connection_by_uuid (self->client, uuid) == NULL)
        continue;
      ls_helper_nm_delete_profile (self->client, uuid, interface, NULL, doomed_cb,
                                   g_object_ref (self));
      g_hash_table_iter_remove (&iter);
    }
}

static void
running_cb (LsHelperNmBackend *self)
{
  g_clear_pointer (&self->unmanaged, g_free);
  delete_doomed (self);
}

void
ls_helper_nm_keep_client (LsHelperNmBackend *self, NMClient *client)
{
  if (self->client != NULL)
    return;
  self->client = g_object_ref (client);
  g_signal_connect_object (client, "notify::" NM_CLIENT_NM_RUNNING, G_CALLBACK (running_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (client, NM_CLIENT_CONNECTION_ADDED, G_CALLBACK (delete_doomed), self,
                           G_CONNECT_SWAPPED);
}

/* NMClient mirrors all of NetworkManager: not without a tunnel. */
void
ls_helper_nm_release_client (LsHelperNmBackend *self)
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
  LsHelperNmCall *call = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  call->client = nm_client_new_finish (result, &error);
  if (error != NULL && g_task_return_error_if_cancelled (task))
    return;
  call->step (g_steal_pointer (&task));
}

/* Calls @step with @task (transfer full) once there is a client; without a bus there is none. */
void
ls_helper_nm_with_client (GTask *task, void (*step) (GTask *task))
{
  LsHelperNmBackend *self = g_task_get_source_object (task);
  LsHelperNmCall *call = g_task_get_task_data (task);

  call->step = step;
  if (self->client != NULL)
    {
      call->client = g_object_ref (self->client);
      step (task);
    }
  else
    nm_client_new_async (g_task_get_cancellable (task), client_cb, task);
}

gboolean
ls_helper_nm_is_running (const LsHelperNmCall *call)
{
  return call->client != NULL && nm_client_get_nm_running (call->client);
}

void
ls_helper_nm_return_not_running (GTask *task, LsError code)
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
  LsHelperNmCall *call = g_task_get_task_data (task);

  if (!ls_helper_nm_is_running (call))
    ls_helper_nm_return_not_running (task, LS_ERROR_NOT_SUPPORTED);
  else if (self->unmanaged != NULL)
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_NOT_SUPPORTED, "%s", self->unmanaged);
  else
    {
      ls_helper_nm_keep_client (self, call->client);
      ls_helper_wg_check (ls_helper_nm_get_wg (self), g_task_get_cancellable (task), checked_cb,
                          task);
      return;
    }
  g_object_unref (task);
}

static void
is_available (LsHelperBackend *backend, GCancellable *cancellable, GAsyncReadyCallback callback,
              gpointer user_data)
{
  ls_helper_nm_with_client (ls_helper_nm_call_new (LS_HELPER_NM_BACKEND (backend), is_available,
                                                   NULL, NULL, cancellable, callback, user_data),
                            check_running);
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
  LsHelperNmTunnel *tunnel
      = g_hash_table_lookup (LS_HELPER_NM_BACKEND (backend)->tunnels, interface);

  for (guint i = 0; tunnel != NULL && i < removed->len; i++)
    ls_tunnel_remove_peer (tunnel->applied, &g_array_index (removed, LsKey, i));
  for (guint i = 0; tunnel != NULL && i < changed->len; i++)
    remember_peer (tunnel->applied, changed->pdata[i]);
  if (tunnel != NULL)
    ls_helper_nm_mend_again (tunnel);
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
  LsHelperNmTunnel *tunnel
      = g_hash_table_lookup (LS_HELPER_NM_BACKEND (backend)->tunnels, interface);

  for (guint i = 0; tunnel != NULL && i < peers->len; i++)
    remember_endpoint (tunnel->applied, peers->pdata[i]);
  if (tunnel != NULL)
    ls_helper_nm_mend_again (tunnel);
  LS_HELPER_BACKEND_CLASS (ls_helper_nm_backend_parent_class)
      ->set_endpoints (backend, interface, peers, cancellable, callback, user_data);
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
  backend_class->apply = ls_helper_nm_apply;
  backend_class->mend = ls_helper_nm_put_back;
  backend_class->update_peers = update_peers;
  backend_class->set_endpoints = set_endpoints;
  backend_class->remove = ls_helper_nm_remove;
  backend_class->adopt = ls_helper_nm_adopt;
}

static void
ls_helper_nm_backend_init (LsHelperNmBackend *self)
{
  self->tunnels = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
                                         (GDestroyNotify)ls_helper_nm_tunnel_free);
  self->doomed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}
