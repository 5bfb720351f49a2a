/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "ls-helper-userspace"

#include "config.h"

#include "ls-helper-userspace-backend.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ls-error.h"
#include "ls-helper-uapi-client.h"
#include "ls-helper-userspace-private.h"

#define TUN_DEVICE "/dev/net/tun"
#define DOWN_CHECK_MS 500

G_DEFINE_FINAL_TYPE (LsHelperUserspaceBackend, ls_helper_userspace_backend, LS_TYPE_HELPER_BACKEND)

static void
call_free (LsHelperUserspaceCall *call)
{
  g_free (call->name);
  g_free (call->interface);
  g_clear_pointer (&call->desired, ls_tunnel_free);
  g_clear_pointer (&call->previous, ls_tunnel_free);
  g_free (call);
}

GTask *
ls_helper_userspace_call_new (LsHelperBackend *backend, gpointer tag, const char *name,
                              const char *interface, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (backend, cancellable, callback, user_data);
  LsHelperUserspaceCall *call = g_new0 (LsHelperUserspaceCall, 1);

  g_task_set_source_tag (task, tag);
  call->name = g_strdup (name);
  call->interface = g_strdup (interface);
  g_task_set_task_data (task, call, (GDestroyNotify)call_free);
  return task;
}

LsHelperProcess *
ls_helper_userspace_running_process (LsHelperUserspaceBackend *self, const char *interface)
{
  LsHelperProcess *process = g_hash_table_lookup (self->processes, interface);
  return process != NULL && ls_helper_process_is_running (process) ? process : NULL;
}

void
ls_helper_userspace_ask (GTask *task, const char *request, GAsyncReadyCallback callback)
{
  LsHelperUserspaceBackend *self = g_task_get_source_object (task);
  const LsHelperUserspaceCall *call = g_task_get_task_data (task);
  LsHelperProcess *process = ls_helper_userspace_running_process (self, call->interface);

  if (process != NULL)
    ls_helper_uapi_ask (call->interface, ls_helper_process_get_pid (process), request,
                        g_task_get_cancellable (task), callback, g_object_ref (task));
  else
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_NOT_FOUND,
                             _ ("The WireGuard program is not running."));
}

LsHelperUapiDevice *
ls_helper_userspace_take_device (GAsyncResult *result, GError **error)
{
  g_autoptr (GBytes) answer = ls_helper_uapi_ask_finish (result, NULL, error);
  gsize length = 0;

  if (answer == NULL)
    return NULL;
  const char *text = g_bytes_get_data (answer, &length);
  return ls_helper_uapi_parse_get (text, length, error);
}

gboolean
ls_helper_userspace_take_done (GAsyncResult *result, GError **error)
{
  g_autoptr (GBytes) answer = ls_helper_uapi_ask_finish (result, NULL, error);
  gsize length = 0;

  if (answer == NULL)
    return FALSE;
  const char *text = g_bytes_get_data (answer, &length);
  return ls_helper_uapi_parse_set (text, length, error);
}

static void
exited_cb (LsHelperProcess *process, gpointer user_data)
{
  LsHelperUserspaceBackend *self = user_data;
  GHashTableIter iter;
  gpointer interface, value;

  g_hash_table_iter_init (&iter, self->processes);
  while (g_hash_table_iter_next (&iter, &interface, &value))
    if (value == process)
      {
        g_autofree char *name = g_strdup (interface);
        g_hash_table_iter_remove (&iter);
        g_hash_table_remove (self->up, name);
        g_message ("%s: the WireGuard program ended", name);
        ls_helper_backend_emit_state_changed (LS_HELPER_BACKEND (self), name);
        ls_helper_backend_emit_tunnel_changed (LS_HELPER_BACKEND (self), name, "down", "died");
        return;
      }
}

void
ls_helper_userspace_own_process (LsHelperUserspaceBackend *self, const char *interface,
                                 LsHelperProcess *process)
{
  g_signal_connect_object (process, "exited", G_CALLBACK (exited_cb), self, 0);
  g_hash_table_replace (self->processes, g_strdup (interface), g_object_ref (process));
  g_hash_table_remove (self->up, interface);
  ls_helper_backend_emit_state_changed (LS_HELPER_BACKEND (self), interface);
}

LsHelperProcess *
ls_helper_userspace_disown_process (LsHelperUserspaceBackend *self, const char *interface)
{
  g_autofree char *key = NULL;
  LsHelperProcess *process = NULL;

  if (!g_hash_table_steal_extended (self->processes, interface, (gpointer *)&key,
                                    (gpointer *)&process))
    return NULL;
  g_signal_handlers_disconnect_by_data (process, self);
  g_hash_table_remove (self->up, interface);
  return process;
}

/* is_available */

static void
is_available (LsHelperBackend *backend, GCancellable *cancellable, GAsyncReadyCallback callback,
              gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (backend, cancellable, callback, user_data);
  struct stat info;

  g_task_set_source_tag (task, is_available);
  if (access (LS_WIREGUARD_GO, X_OK) != 0)
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_NOT_SUPPORTED,
                             _ ("The userspace WireGuard program %s is not installed."),
                             LS_WIREGUARD_GO);
  else if (stat (TUN_DEVICE, &info) != 0 || !S_ISCHR (info.st_mode))
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_NOT_SUPPORTED,
                             _ ("The device %s is missing: the kernel's tun module is needed."),
                             TUN_DEVICE);
  else
    g_task_return_boolean (task, TRUE);
}

/* update_peers and set_endpoints */

static void
done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (ls_helper_userspace_take_done (result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
update_peers (LsHelperBackend *backend, const char *interface, GPtrArray *changed, GArray *removed,
              GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = ls_helper_userspace_call_new (backend, update_peers, NULL, interface,
                                                         cancellable, callback, user_data);
  char *request = ls_helper_uapi_format_peers (changed, removed);

  ls_helper_userspace_ask (task, request, done_cb);
  ls_helper_uapi_request_free (request);
}

static void
set_endpoints (LsHelperBackend *backend, const char *interface, GPtrArray *peers,
               GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = ls_helper_userspace_call_new (backend, set_endpoints, NULL, interface,
                                                         cancellable, callback, user_data);
  char *request = ls_helper_uapi_format_endpoints (peers);

  ls_helper_userspace_ask (task, request, done_cb);
  ls_helper_uapi_request_free (request);
}

/* statistics */

static void
got_statistics_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (LsHelperUapiDevice) device = ls_helper_userspace_take_device (result, &error);

  if (device != NULL)
    g_task_return_pointer (task, g_array_ref (device->statistics), (GDestroyNotify)g_array_unref);
  else
    g_task_return_error (task, error);
}

static void
statistics (LsHelperBackend *backend, const char *interface, GCancellable *cancellable,
            GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = ls_helper_userspace_call_new (backend, statistics, NULL, interface,
                                                         cancellable, callback, user_data);

  ls_helper_userspace_ask (task, LS_HELPER_UAPI_GET, got_statistics_cb);
}

LsHelperProcess *
ls_helper_userspace_process_from_state (GVariant *state, GError **error)
{
  guint32 pid = 0;
  guint64 start_time = 0;

  if (state == NULL || !g_variant_lookup (state, "pid", "u", &pid)
      || !g_variant_lookup (state, "start-time", "t", &start_time) || pid > G_MAXINT
      || start_time == 0)
    {
      g_set_error (error, LS_ERROR, LS_ERROR_NOT_FOUND, _ ("The WireGuard program has ended."));
      return NULL;
    }
  return ls_helper_process_attach ((int)pid, start_time, LS_WIREGUARD_GO, error);
}

/* adopt */

static void
adopted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsHelperUserspaceBackend *self = g_task_get_source_object (task);
  const LsHelperUserspaceCall *call = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (LsHelperUapiDevice) device = ls_helper_userspace_take_device (result, &error);

  if (device != NULL && ls_helper_userspace_running_process (self, call->interface) != NULL)
    {
      g_hash_table_add (self->up, g_strdup (call->interface));
      g_task_return_boolean (task, TRUE);
    }
  else if (device != NULL)
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_NOT_FOUND,
                             _ ("The WireGuard program has ended."));
  else
    g_task_return_error (task, error);
}

static void
adopt (LsHelperBackend *backend, const char *name, const char *interface, const LsTunnel *tunnel,
       GVariant *state, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  LsHelperUserspaceBackend *self = LS_HELPER_USERSPACE_BACKEND (backend);
  g_autoptr (GTask) task = ls_helper_userspace_call_new (backend, adopt, name, interface,
                                                         cancellable, callback, user_data);
  GError *error = NULL;
  g_autoptr (LsHelperProcess) process = ls_helper_userspace_process_from_state (state, &error);

  if (process == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  ls_helper_userspace_own_process (self, interface, process);
  ls_helper_userspace_ask (task, LS_HELPER_UAPI_GET, adopted_cb);
}

static GVariant *
dup_state (LsHelperBackend *backend, const char *interface)
{
  LsHelperUserspaceBackend *self = LS_HELPER_USERSPACE_BACKEND (backend);
  LsHelperProcess *process = ls_helper_userspace_running_process (self, interface);
  GVariantDict dict;

  if (process == NULL)
    return NULL;
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "pid", "u", (guint32)ls_helper_process_get_pid (process));
  g_variant_dict_insert (&dict, "start-time", "t", ls_helper_process_get_start_time (process));
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

/* An interface that was seen down: is it, or is it going because its program ended? */
typedef struct
{
  LsHelperUserspaceBackend *self;
  char *interface;
} DownCheck;

static void
down_check_free (DownCheck *check)
{
  g_object_unref (check->self);
  g_free (check->interface);
  g_free (check);
}

static void
checked_down_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DownCheck *check = user_data;
  g_autoptr (LsHelperLink) link
      = ls_helper_route_get_link_finish (LS_HELPER_ROUTE (source), result, NULL);

  if (link != NULL && !link->up
      && ls_helper_userspace_running_process (check->self, check->interface) != NULL
      && g_hash_table_remove (check->self->up, check->interface))
    ls_helper_backend_emit_tunnel_changed (LS_HELPER_BACKEND (check->self), check->interface,
                                           "down", "by-someone-else");
  down_check_free (check);
}

static gboolean
check_down_cb (gpointer user_data)
{
  DownCheck *check = user_data;

  ls_helper_route_get_link (ls_helper_backend_get_route (LS_HELPER_BACKEND (check->self)),
                            check->interface, NULL, checked_down_cb, check);
  return G_SOURCE_REMOVE;
}

/* An interface that is set down is switched off, as with any other. One that goes away is the end
 * of the program, and is seen down first: so look again a moment later. */
static void
link_changed_cb (LsHelperRoute *route, const char *interface, gboolean up, gpointer user_data)
{
  LsHelperUserspaceBackend *self = user_data;

  if (up || !g_hash_table_contains (self->up, interface))
    return;
  DownCheck *check = g_new0 (DownCheck, 1);
  check->self = g_object_ref (self);
  check->interface = g_strdup (interface);
  g_timeout_add (DOWN_CHECK_MS, check_down_cb, check);
}

LsHelperBackend *
ls_helper_userspace_backend_new (LsHelperRoute *route, const char *runtime_dir)
{
  LsHelperUserspaceBackend *self
      = g_object_new (LS_TYPE_HELPER_USERSPACE_BACKEND, "route", route, NULL);

  self->runtime_dir = g_strdup (runtime_dir);
  g_autoptr (GError) error = NULL;
  if (!ls_helper_route_watch_links (route, &error))
    g_warning ("interfaces cannot be watched: %s", error->message);
  g_signal_connect_object (route, "link-changed", G_CALLBACK (link_changed_cb), self, 0);
  return LS_HELPER_BACKEND (self);
}

static void
ls_helper_userspace_backend_finalize (GObject *object)
{
  LsHelperUserspaceBackend *self = LS_HELPER_USERSPACE_BACKEND (object);

  g_clear_pointer (&self->processes, g_hash_table_unref);
  g_clear_pointer (&self->up, g_hash_table_unref);
  g_free (self->runtime_dir);
  G_OBJECT_CLASS (ls_helper_userspace_backend_parent_class)->finalize (object);
}

static void
ls_helper_userspace_backend_class_init (LsHelperUserspaceBackendClass *klass)
{
  LsHelperBackendClass *backend_class = LS_HELPER_BACKEND_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = ls_helper_userspace_backend_finalize;
  backend_class->kind = LS_BACKEND_USERSPACE;
  backend_class->is_available = is_available;
  backend_class->apply = ls_helper_userspace_apply;
  backend_class->update_peers = update_peers;
  backend_class->set_endpoints = set_endpoints;
  backend_class->remove = ls_helper_userspace_remove;
  backend_class->statistics = statistics;
  backend_class->adopt = adopt;
  backend_class->dup_state = dup_state;
}

static void
ls_helper_userspace_backend_init (LsHelperUserspaceBackend *self)
{
  self->processes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  self->up = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}
