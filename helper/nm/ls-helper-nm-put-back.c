/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "ls-helper-nm"

#include "config.h"

#include "ls-helper-nm-call.h"
#include "ls-helper-nm-private.h"

/* mend: what others took from the interface behind NetworkManager's back stays away until the
 * profile is activated once more: a reapply that finds no other profile does nothing */

/* What is missing may be on its way: NetworkManager answers before it has written, and what others
 * do through it is mended by the watch, after a moment and without a new activation. */
#define SECOND_LOOK_MS 700

static void look (GTask *task);

/* (transfer full) @task */
static void
return_applied (GTask *task, gboolean changed)
{
  LsHelperApplied *applied = g_new0 (LsHelperApplied, 1);

  applied->changed = changed;
  g_task_return_pointer (task, applied, g_free);
  g_object_unref (task);
}

static void
put_back_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  LsHelperNmBackend *self = LS_HELPER_NM_BACKEND (source);
  GTask *task = user_data;
  LsHelperNmCall *call = g_task_get_task_data (task);
  LsHelperNmTunnel *tunnel = g_hash_table_lookup (self->tunnels, call->interface);
  g_autoptr (GError) error = NULL;

  if (ls_helper_backend_apply_finish (LS_HELPER_BACKEND (self), result, NULL, &error))
    {
      call->changed = TRUE;
      look (task);
      return;
    }
  /* Whether it is down is for the watch to find out. */
  g_message ("%s: %s", call->interface, error->message);
  if (tunnel != NULL)
    ls_helper_nm_watch_follow (tunnel->watch, ls_helper_nm_find_active (self->client, call->uuid));
  return_applied (task, FALSE);
}

/* (transfer full) @task */
static void
put_back (GTask *task, LsHelperNmTunnel *tunnel, NMActiveConnection *active)
{
  LsHelperNmBackend *self = g_task_get_source_object (task);
  const LsHelperNmCall *call = g_task_get_task_data (task);
  GTask *apply = ls_helper_nm_call_new (self, put_back, call->name, call->interface,
                                        g_task_get_cancellable (task), put_back_cb, task);
  LsHelperNmCall *apply_call = g_task_get_task_data (apply);

  ls_helper_nm_watch_pause (tunnel->watch);
  apply_call->desired = ls_tunnel_copy (call->desired);
  apply_call->previous = ls_tunnel_copy (call->desired);
  apply_call->client = g_object_ref (self->client);
  apply_call->anew = TRUE;
  g_set_object (&apply_call->active, active);
  ls_helper_nm_store_profile (apply);
}

static void
ruled_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  gboolean changed = FALSE;
  GError *error = NULL;

  ls_helper_route_sync_rules_finish (LS_HELPER_ROUTE (source), result, &changed, &error);
  if (!ls_helper_nm_return_if_failed (task, error))
    return_applied (g_steal_pointer (&task), changed);
}

static gboolean
look_again_cb (gpointer user_data)
{
  look (user_data);
  return G_SOURCE_REMOVE;
}

/* The active connection to be activated again, unless NetworkManager is just changing it. What was
 * never there is not missing: NetworkManager may be slow, and no activation would bring it. */
static NMActiveConnection *
find_damaged (LsHelperNmBackend *self, const LsHelperNmCall *call)
{
  LsHelperNmTunnel *tunnel = g_hash_table_lookup (self->tunnels, call->interface);
  NMActiveConnection *active = NULL;

  if (tunnel != NULL && tunnel->whole && tunnel->mend == NULL
      && nm_client_get_nm_running (self->client) && !ls_helper_nm_watch_is_unsure (tunnel->watch))
    active = ls_helper_nm_find_active (self->client, call->uuid);
  return ls_helper_nm_is_active (active) ? active : NULL;
}

static void
checked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsHelperNmBackend *self = g_task_get_source_object (task);
  LsHelperNmCall *call = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  LsHelperNmTunnel *tunnel = g_hash_table_lookup (self->tunnels, call->interface);
  NMActiveConnection *active;
  gboolean complete = FALSE;
  GError *error = NULL;

  ls_helper_route_check_finish (LS_HELPER_ROUTE (source), result, &complete, &error);
  if (ls_helper_nm_return_if_failed (task, error))
    return;
  if (tunnel != NULL && (complete || call->changed))
    tunnel->whole = complete;
  if (call->changed)
    return_applied (g_steal_pointer (&task), TRUE);
  else if (complete)
    ls_helper_route_sync_rules (LS_HELPER_ROUTE (source), TRUE, cancellable, ruled_cb,
                                g_steal_pointer (&task));
  else if (!call->anew)
    {
      call->anew = TRUE;
      g_timeout_add (SECOND_LOOK_MS, look_again_cb, g_steal_pointer (&task));
    }
  else if ((active = find_damaged (self, call)) != NULL)
    put_back (g_steal_pointer (&task), tunnel, active);
  else
    return_applied (g_steal_pointer (&task), FALSE);
}

/* (transfer full) @task */
static void
look (GTask *task)
{
  const LsHelperNmCall *call = g_task_get_task_data (task);

  ls_helper_route_check (ls_helper_nm_get_route (g_task_get_source_object (task)), call->interface,
                         call->desired->addresses, call->desired->routes,
                         g_task_get_cancellable (task), checked_cb, task);
}

void
ls_helper_nm_put_back (LsHelperBackend *backend, const char *name, const char *interface,
                       const LsTunnel *tunnel, GCancellable *cancellable,
                       GAsyncReadyCallback callback, gpointer user_data)
{
  LsHelperNmBackend *self = LS_HELPER_NM_BACKEND (backend);
  GTask *task = ls_helper_nm_call_new (self, ls_helper_nm_put_back, name, interface, cancellable,
                                       callback, user_data);
  LsHelperNmCall *call = g_task_get_task_data (task);

  call->desired = ls_tunnel_copy (tunnel);
  look (task);
}
