/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <glib/gstdio.h>

#include "ls-error.h"
#include "ls-helper-uapi-client.h"
#include "ls-helper-unit.h"
#include "ls-helper-userspace-private.h"
#include "ls-helper-userspace-start.h"

/* End the process, then what is left of interface, routes, rules and files. */

static void
remove_rest (GTask *task)
{
  LsHelperUserspaceBackend *self = g_task_get_source_object (task);
  const LsHelperUserspaceCall *call = g_task_get_task_data (task);
  g_autofree char *log = ls_helper_userspace_log_path (self->runtime_dir, call->interface);

  if (call->remove_socket)
    ls_helper_userspace_remove_socket (call->interface);
  g_unlink (log);
  ls_helper_backend_end_remove (g_object_ref (task), call->interface, call->link_is_ours);
}

static void
stopped_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  remove_rest (task);
}

/* Whether the unknown process @pid that answers at the socket is ours: the interface carries our
 * mark, or (the helper ended before it could set it) the process is in the interface's unit. */
static gboolean
is_our_process (const LsHelperUserspaceCall *call, int pid)
{
  g_autofree char *unit = ls_helper_unit_name (call->interface);

  return call->link_is_ours || ls_helper_unit_has_process (unit, pid);
}

/* Nothing is known of the process, but maybe it answers. A socket where nobody answers is a
 * left-over. */
static void
found_process_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsHelperUserspaceCall *call = g_task_get_task_data (task);
  int pid = 0;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) answer = ls_helper_uapi_ask_finish (result, &pid, &error);
  g_autoptr (LsHelperProcess) process = NULL;

  if (answer != NULL && is_our_process (call, pid))
    process = ls_helper_process_attach (pid, 0, LS_WIREGUARD_GO, NULL);
  call->remove_socket = process != NULL || g_error_matches (error, LS_ERROR, LS_ERROR_NOT_FOUND);
  if (process != NULL)
    ls_helper_process_stop (process, stopped_cb, g_object_ref (task));
  else if (call->link_exists && !call->link_is_ours)
    g_task_return_boolean (task, TRUE);
  else
    remove_rest (task);
}

static void
got_link_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsHelperUserspaceBackend *self = g_task_get_source_object (task);
  LsHelperUserspaceCall *call = g_task_get_task_data (task);
  g_autoptr (LsHelperLink) link
      = ls_helper_route_get_link_finish (LS_HELPER_ROUTE (source), result, NULL);
  g_autoptr (LsHelperProcess) process = ls_helper_userspace_disown_process (self, call->interface);

  call->link_exists = link != NULL;
  call->link_is_ours = link != NULL && ls_helper_link_is_ours (link);
  call->remove_socket = process != NULL;
  if (process != NULL)
    ls_helper_process_stop (process, stopped_cb, g_object_ref (task));
  else
    ls_helper_uapi_ask (call->interface, 0, LS_HELPER_UAPI_GET, NULL, found_process_cb,
                        g_object_ref (task));
}

void
ls_helper_userspace_remove (LsHelperBackend *backend, const char *name, const char *interface,
                            GVariant *state, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer user_data)
{
  LsHelperUserspaceBackend *self = LS_HELPER_USERSPACE_BACKEND (backend);
  GTask *task = ls_helper_userspace_call_new (backend, ls_helper_userspace_remove, name, interface,
                                              cancellable, callback, user_data);

  if (!g_hash_table_contains (self->processes, interface))
    {
      LsHelperProcess *process = ls_helper_userspace_process_from_state (state, NULL);
      if (process != NULL)
        g_hash_table_replace (self->processes, g_strdup (interface), process);
    }
  ls_helper_route_get_link (ls_helper_backend_get_route (backend), interface, cancellable,
                            got_link_cb, task);
}
