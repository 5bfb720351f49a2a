/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "ls-helper-nm"

#include "config.h"

#include <glib/gi18n-lib.h>

#include "ls-error.h"
#include "ls-helper-nm-call.h"
#include "ls-helper-nm-private.h"
#include "ls-helper-nm-profile.h"

/* remove */

static void
link_removed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  ls_helper_route_remove_finish (LS_HELPER_ROUTE (source), result, &error);
  if (ls_helper_nm_return_if_failed (task, error))
    return;
  ls_helper_nm_release_client (g_task_get_source_object (task));
  g_task_return_boolean (task, TRUE);
}

static void
link_left_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsHelperNmCall *call = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  g_autoptr (LsHelperLink) link = NULL;
  gboolean ours;

  /* SECURITY: if another profile was activated on our interface, it is no longer ours. */
  link = ls_helper_route_get_link_finish (LS_HELPER_ROUTE (source), result, NULL);
  ours = link != NULL && g_str_equal (link->kind, LS_HELPER_NM_LINK_KIND)
         && ls_helper_link_is_ours (link)
         && !(ls_helper_nm_is_running (call)
              && ls_helper_nm_is_taken (call->client, call->interface, call->uuid));
  ls_helper_route_remove (LS_HELPER_ROUTE (source), call->interface, ours, cancellable,
                          link_removed_cb, g_steal_pointer (&task));
}

/* (transfer full) @task */
static void
remove_link (GTask *task)
{
  LsHelperNmCall *call = g_task_get_task_data (task);

  ls_helper_route_get_link (ls_helper_nm_get_route (g_task_get_source_object (task)),
                            call->interface, g_task_get_cancellable (task), link_left_cb, task);
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
  LsHelperNmCall *call = g_task_get_task_data (task);

  if (ls_helper_nm_is_running (call))
    {
      ls_helper_nm_delete_profile (call->client, call->uuid, call->interface,
                                   g_task_get_cancellable (task), profile_deleted_cb, task);
      return;
    }
  if (call->client != NULL)
    {
      g_hash_table_insert (self->doomed, g_strdup (call->uuid), g_strdup (call->interface));
      ls_helper_nm_keep_client (self, call->client);
    }
  remove_link (task);
}

void
ls_helper_nm_remove (LsHelperBackend *backend, const char *name, const char *interface,
                     GVariant *state, GCancellable *cancellable, GAsyncReadyCallback callback,
                     gpointer user_data)
{
  LsHelperNmBackend *self = LS_HELPER_NM_BACKEND (backend);
  GTask *task = ls_helper_nm_call_new (self, ls_helper_nm_remove, name, interface, cancellable,
                                       callback, user_data);

  g_hash_table_remove (self->tunnels, interface);
  ls_helper_nm_with_client (task, remove_with_client);
}

/* adopt */

static void
link_to_adopt_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsHelperNmBackend *self = g_task_get_source_object (task);
  LsHelperNmCall *call = g_task_get_task_data (task);
  g_autoptr (LsHelperLink) link = NULL;

  link = ls_helper_route_get_link_finish (LS_HELPER_ROUTE (source), result, NULL);
  if (link != NULL && g_str_equal (link->kind, LS_HELPER_NM_LINK_KIND)
      && ls_helper_link_is_ours (link)
      && (ls_helper_nm_is_active (call->active) || !ls_helper_nm_is_running (call)))
    {
      ls_helper_nm_follow (self, call, call->desired);
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
  LsHelperNmCall *call = g_task_get_task_data (task);

  if (call->client == NULL)
    {
      ls_helper_nm_return_not_running (task, LS_ERROR_BACKEND);
      g_object_unref (task);
      return;
    }
  g_set_object (&call->active, ls_helper_nm_find_active (call->client, call->uuid));
  ls_helper_route_get_link (ls_helper_nm_get_route (g_task_get_source_object (task)),
                            call->interface, g_task_get_cancellable (task), link_to_adopt_cb, task);
}

void
ls_helper_nm_adopt (LsHelperBackend *backend, const char *name, const char *interface,
                    const LsTunnel *tunnel, GVariant *state, GCancellable *cancellable,
                    GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = ls_helper_nm_call_new (LS_HELPER_NM_BACKEND (backend), ls_helper_nm_adopt, name,
                                       interface, cancellable, callback, user_data);
  LsHelperNmCall *call = g_task_get_task_data (task);

  call->desired = ls_tunnel_copy (tunnel);
  ls_helper_nm_with_client (task, adopt_with_client);
}
