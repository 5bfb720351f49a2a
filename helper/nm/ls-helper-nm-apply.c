/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "ls-error.h"
#include "ls-helper-nm-call.h"
#include "ls-helper-nm-private.h"
#include "ls-helper-nm-profile.h"

/* Writing the layers that NetworkManager does not: the end of apply and of mending */

static void
ruled_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsHelperNmBackend *self = g_task_get_source_object (task);
  LsHelperNmCall *call = g_task_get_task_data (task);
  LsHelperApplied *applied;
  gboolean changed = FALSE;
  GError *error = NULL;

  ls_helper_route_sync_rules_finish (LS_HELPER_ROUTE (source), result, &changed, &error);
  if (ls_helper_nm_return_if_failed (task, error))
    return;
  ls_helper_nm_follow (self, call, call->desired);
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
  if (ls_helper_nm_return_if_failed (task, error))
    return;
  ls_helper_route_sync_rules (LS_HELPER_ROUTE (source), TRUE, cancellable, ruled_cb,
                              g_steal_pointer (&task));
}

static void
peers_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsHelperRoute *route = ls_helper_nm_get_route (g_task_get_source_object (task));
  GCancellable *cancellable = g_task_get_cancellable (task);
  LsHelperNmCall *call = g_task_get_task_data (task);
  g_autofree char *alias = ls_helper_route_alias_for (call->name);
  gboolean changed = FALSE;
  GError *error = NULL;

  ls_helper_wg_apply_finish (LS_HELPER_WG (source), result, &changed, &error);
  if (ls_helper_nm_return_if_failed (task, error))
    return;
  call->changed |= changed;
  ls_helper_route_set_alias (route, call->interface, alias, cancellable, marked_cb,
                             g_steal_pointer (&task));
}

/* (transfer full) @task */
void
ls_helper_nm_write_peers (GTask *task)
{
  LsHelperNmCall *call = g_task_get_task_data (task);

  ls_helper_wg_apply (ls_helper_nm_get_wg (g_task_get_source_object (task)), call->interface,
                      call->desired, call->previous, g_task_get_cancellable (task), peers_cb, task);
}

/* apply */

static void apply_when_sure (GTask *task);

static void
activated_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsHelperNmBackend *self = g_task_get_source_object (task);
  LsHelperNmCall *call = g_task_get_task_data (task);
  GError *error = NULL;

  g_clear_object (&call->active);
  call->active = ls_helper_nm_activate_finish (NM_CLIENT (source), result, &error);
  if (g_error_matches (error, LS_ERROR, LS_ERROR_NOT_SUPPORTED))
    {
      g_free (self->unmanaged);
      self->unmanaged = g_strdup (error->message);
    }
  if (ls_helper_nm_return_if_failed (task, error))
    return;
  /* A new activation begins without peers: none of them has roamed. */
  g_clear_pointer (&call->previous, ls_tunnel_free);
  call->changed = TRUE;
  ls_helper_nm_write_peers (g_steal_pointer (&task));
}

/* (transfer full) @task */
static void
activate (GTask *task)
{
  LsHelperNmCall *call = g_task_get_task_data (task);

  ls_helper_nm_activate (call->client, call->profile, g_task_get_cancellable (task), activated_cb,
                         task);
}

static void
reapplied_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsHelperNmCall *call = g_task_get_task_data (task);
  GError *error = NULL;

  ls_helper_nm_reapply_finish (NM_CLIENT (source), result, &error);
  if (ls_helper_nm_return_if_failed (task, error))
    return;
  call->changed = TRUE;
  ls_helper_nm_write_peers (g_steal_pointer (&task));
}

static void
mtu_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsHelperNmCall *call = g_task_get_task_data (task);
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
  LsHelperNmCall *call = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  LsHelperRoute *route = ls_helper_nm_get_route (g_task_get_source_object (task));
  g_autoptr (LsHelperWgDevice) device = NULL;

  device = ls_helper_wg_get_device_finish (LS_HELPER_WG (source), result, NULL);
  if (device == NULL || !ls_key_equal (&device->private_key, &call->desired->private_key))
    activate (g_steal_pointer (&task));
  else
    ls_helper_route_get_link (route, call->interface, cancellable, mtu_cb, g_steal_pointer (&task));
}

/* The tunnel, if what was active when @call began has gone since; or NULL. */
static LsHelperNmTunnel *
find_lost (LsHelperNmBackend *self, const LsHelperNmCall *call)
{
  if (call->active == NULL || ls_helper_nm_find_active (call->client, call->uuid) != NULL)
    return NULL;
  return g_hash_table_lookup (self->tunnels, call->interface);
}

static void
profile_put_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsHelperNmCall *call = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  LsHelperNmBackend *self = g_task_get_source_object (task);
  LsHelperNmTunnel *lost;
  GError *error = NULL;

  g_clear_object (&call->profile);
  call->profile = ls_helper_nm_put_profile_finish (NM_CLIENT (source), result, &error);
  if (ls_helper_nm_return_if_failed (task, error))
    return;
  lost = find_lost (self, call);
  if (lost != NULL)
    {
      ls_helper_nm_watch_follow (lost->watch, call->active);
      apply_when_sure (g_steal_pointer (&task));
    }
  else if (ls_helper_nm_is_active (call->active) && !call->anew)
    ls_helper_wg_get_device (ls_helper_nm_get_wg (self), call->interface, cancellable, key_cb,
                             g_steal_pointer (&task));
  else
    activate (g_steal_pointer (&task));
}

/* (transfer full) @task */
void
ls_helper_nm_store_profile (GTask *task)
{
  LsHelperNmCall *call = g_task_get_task_data (task);
  g_autoptr (NMConnection) profile = NULL;
  GError *error = NULL;

  profile = ls_helper_nm_profile_new (call->name, call->interface, call->desired, &error);
  if (ls_helper_nm_return_if_failed (task, error))
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
  if (ls_helper_nm_return_if_failed (task, error))
    return;
  ls_helper_nm_store_profile (g_steal_pointer (&task));
}

/* SECURITY: NetworkManager would take over any WireGuard link that has the profile's interface
 * name. */
static void
link_found_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsHelperNmCall *call = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  g_autoptr (LsHelperLink) link = NULL;
  g_autoptr (GError) error = NULL;

  link = ls_helper_route_get_link_finish (LS_HELPER_ROUTE (source), result, &error);
  if (link == NULL && g_error_matches (error, LS_ERROR, LS_ERROR_NOT_FOUND))
    ls_helper_nm_store_profile (g_steal_pointer (&task));
  else if (link == NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else if (g_str_equal (link->kind, LS_HELPER_NM_LINK_KIND) && ls_helper_link_is_ours (link)
           && !ls_helper_nm_is_taken (call->client, call->interface, call->uuid))
    ls_helper_route_remove (LS_HELPER_ROUTE (source), call->interface, TRUE, cancellable,
                            leftover_removed_cb, g_steal_pointer (&task));
  else
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_CONFLICT,
                             _ ("The network interface “%s” belongs to something else."),
                             call->interface);
}

/* Nothing is asked of NetworkManager when only peers changed: that works while it is away, too. */
static gboolean
needs_peers_only (LsHelperNmBackend *self, const LsHelperNmCall *call)
{
  const LsHelperNmTunnel *tunnel = g_hash_table_lookup (self->tunnels, call->interface);

  return tunnel != NULL && ls_tunnel_equal_but_peers (tunnel->applied, call->desired)
         && (!ls_helper_nm_is_running (call) || ls_helper_nm_is_active (call->active));
}

/* (transfer full) @task */
static void
apply_with_client (GTask *task)
{
  LsHelperNmBackend *self = g_task_get_source_object (task);
  LsHelperNmCall *call = g_task_get_task_data (task);
  LsHelperNmTunnel *tunnel = g_hash_table_lookup (self->tunnels, call->interface);
  gboolean mending = FALSE;

  if (ls_helper_nm_is_running (call))
    g_set_object (&call->active, ls_helper_nm_find_active (call->client, call->uuid));
  else
    g_clear_object (&call->active);
  if (tunnel != NULL)
    {
      ls_helper_nm_watch_pause (tunnel->watch);
      mending = ls_helper_nm_stop_mending (tunnel);
    }
  if (needs_peers_only (self, call) && !(mending && ls_helper_nm_is_running (call)))
    ls_helper_nm_write_peers (task);
  else if (!ls_helper_nm_is_running (call))
    {
      ls_helper_nm_return_not_running (task, LS_ERROR_BACKEND);
      g_object_unref (task);
    }
  else if (call->active == NULL)
    ls_helper_route_get_link (ls_helper_nm_get_route (self), call->interface,
                              g_task_get_cancellable (task), link_found_cb, task);
  else
    ls_helper_nm_store_profile (task);
}

static void
sure_cb (LsHelperNmWatch *watch, gboolean down, GTask *task)
{
  g_autoptr (GTask) waiting = g_object_ref (task);

  g_signal_handlers_disconnect_by_data (watch, task);
  if (down)
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_WRONG_STATE, "%s",
                             _ ("The tunnel was switched off in NetworkManager."));
  else
    apply_with_client (g_steal_pointer (&waiting));
}

static void
unref_task (gpointer task, GClosure *closure)
{
  g_object_unref (task);
}

/* What somebody is just switching off is not switched on again. (transfer full) @task */
static void
apply_when_sure (GTask *task)
{
  LsHelperNmBackend *self = g_task_get_source_object (task);
  LsHelperNmCall *call = g_task_get_task_data (task);
  LsHelperNmTunnel *tunnel = g_hash_table_lookup (self->tunnels, call->interface);

  if (tunnel != NULL && ls_helper_nm_watch_is_unsure (tunnel->watch))
    g_signal_connect_data (tunnel->watch, "sure", G_CALLBACK (sure_cb), task, unref_task, 0);
  else
    apply_with_client (task);
}

void
ls_helper_nm_apply (LsHelperBackend *backend, const char *name, const char *interface,
                    const LsTunnel *desired, const LsTunnel *previous, GCancellable *cancellable,
                    GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = ls_helper_nm_call_new (LS_HELPER_NM_BACKEND (backend), ls_helper_nm_apply, name,
                                       interface, cancellable, callback, user_data);
  LsHelperNmCall *call = g_task_get_task_data (task);

  call->desired = ls_tunnel_copy (desired);
  call->previous = previous != NULL ? ls_tunnel_copy (previous) : NULL;
  ls_helper_nm_with_client (task, apply_when_sure);
}
