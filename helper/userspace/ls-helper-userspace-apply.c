/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-helper-userspace-private.h"
#include "ls-helper-userspace-start.h"

/* Start if need be; keys and peers; layer 3; port. */

static void
applied_port_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsHelperUserspaceCall *call = g_task_get_task_data (task);
  GError *error = NULL;

  if (!ls_helper_userspace_take_done (result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  call->applied.changed = TRUE;
  g_task_return_pointer (task, g_memdup2 (&call->applied, sizeof call->applied), g_free);
}

/* The port comes last: the program tells an error only while the interface is up. */
static void
applied_route_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsHelperUserspaceBackend *self = g_task_get_source_object (task);
  LsHelperUserspaceCall *call = g_task_get_task_data (task);
  GError *error = NULL;
  gboolean changed = FALSE;

  if (!ls_helper_route_apply_finish (LS_HELPER_ROUTE (source), result, &changed, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  g_hash_table_add (self->up, g_strdup (call->interface));
  call->applied.changed |= changed;
  if (call->applied.listen_port != call->desired->listen_port)
    {
      g_autofree char *request = ls_helper_uapi_format_listen_port (call->desired->listen_port);
      call->applied.listen_port = call->desired->listen_port;
      ls_helper_userspace_ask (task, request, applied_port_cb);
    }
  else
    g_task_return_pointer (task, g_memdup2 (&call->applied, sizeof call->applied), g_free);
}

static void
apply_route (GTask *task)
{
  LsHelperUserspaceBackend *self = g_task_get_source_object (task);
  const LsHelperUserspaceCall *call = g_task_get_task_data (task);

  ls_helper_route_apply (ls_helper_backend_get_route (LS_HELPER_BACKEND (self)), call->interface,
                         call->desired->mtu, call->desired->addresses, call->desired->routes,
                         g_task_get_cancellable (task), applied_route_cb, g_object_ref (task));
}

static void
applied_peers_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsHelperUserspaceCall *call = g_task_get_task_data (task);
  GError *error = NULL;

  if (ls_helper_userspace_take_done (result, &error))
    {
      call->applied.changed = TRUE;
      apply_route (task);
    }
  else
    g_task_return_error (task, error);
}

static void
got_device_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsHelperUserspaceCall *call = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (LsHelperUapiDevice) device = ls_helper_userspace_take_device (result, &error);

  if (device == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  call->applied.listen_port = device->listen_port;
  char *request = ls_helper_uapi_format_apply (device, call->desired, call->previous);
  if (request != NULL)
    ls_helper_userspace_ask (task, request, applied_peers_cb);
  else
    apply_route (task);
  ls_helper_uapi_request_free (request);
}

static void
started_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (ls_helper_userspace_start_finish (result, &error))
    ls_helper_userspace_ask (task, LS_HELPER_UAPI_GET, got_device_cb);
  else
    g_task_return_error (task, error);
}

static void
started_process_cb (const char *interface, LsHelperProcess *process, gpointer user_data)
{
  ls_helper_userspace_own_process (user_data, interface, process);
}

static void
start (GTask *task)
{
  LsHelperUserspaceBackend *self = g_task_get_source_object (task);
  const LsHelperUserspaceCall *call = g_task_get_task_data (task);

  ls_helper_userspace_start (ls_helper_backend_get_route (LS_HELPER_BACKEND (self)), call->name,
                             call->interface, self->runtime_dir, started_process_cb, self,
                             g_task_get_cancellable (task), started_cb, g_object_ref (task));
}

void
ls_helper_userspace_apply (LsHelperBackend *backend, const char *name, const char *interface,
                           const LsTunnel *desired, const LsTunnel *previous,
                           GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer user_data)
{
  LsHelperUserspaceBackend *self = LS_HELPER_USERSPACE_BACKEND (backend);
  g_autoptr (GTask) task = ls_helper_userspace_call_new (
      backend, ls_helper_userspace_apply, name, interface, cancellable, callback, user_data);
  LsHelperUserspaceCall *call = g_task_get_task_data (task);

  call->desired = ls_tunnel_copy (desired);
  if (ls_helper_userspace_running_process (self, interface) == NULL)
    {
      start (task);
      return;
    }
  call->previous = previous != NULL ? ls_tunnel_copy (previous) : NULL;
  ls_helper_userspace_ask (task, LS_HELPER_UAPI_GET, got_device_cb);
}
