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
#include "ls-helper-process.h"
#include "ls-helper-uapi-client.h"
#include "ls-helper-unit.h"
#include "ls-helper-userspace-start.h"

#define TUN_DEVICE "/dev/net/tun"
#define DOWN_CHECK_MS 500

struct _LsHelperUserspaceBackend
{
  LsHelperBackend parent_instance;

  LsHelperRoute *route;
  char *runtime_dir;
  GHashTable *processes; /* interface → LsHelperProcess */
  GHashTable *up; /* interfaces that are up: who sets them down is told of */
};

G_DEFINE_FINAL_TYPE (LsHelperUserspaceBackend, ls_helper_userspace_backend, LS_TYPE_HELPER_BACKEND)

/* Task data of every call: what it needs later. */
typedef struct
{
  char *name;
  char *interface;
  LsTunnel *desired; /* apply only, as previous */
  LsTunnel *previous;
  LsHelperApplied applied;
  gboolean link_exists; /* remove only, as the next two */
  gboolean link_is_ours;
  gboolean remove_socket;
} Call;

static void
call_free (Call *call)
{
  g_free (call->name);
  g_free (call->interface);
  g_clear_pointer (&call->desired, ls_tunnel_free);
  g_clear_pointer (&call->previous, ls_tunnel_free);
  g_free (call);
}

static GTask *
call_task_new (LsHelperBackend *backend, gpointer tag, const char *name, const char *interface,
               GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (backend, cancellable, callback, user_data);
  Call *call = g_new0 (Call, 1);

  g_task_set_source_tag (task, tag);
  call->name = g_strdup (name);
  call->interface = g_strdup (interface);
  g_task_set_task_data (task, call, (GDestroyNotify)call_free);
  return task;
}

static LsHelperProcess *
running_process (LsHelperUserspaceBackend *self, const char *interface)
{
  LsHelperProcess *process = g_hash_table_lookup (self->processes, interface);
  return process != NULL && ls_helper_process_is_running (process) ? process : NULL;
}

/* Asks the interface's own process; without one LS_ERROR_NOT_FOUND. */
static void
ask (GTask *task, const char *request, GAsyncReadyCallback callback)
{
  LsHelperUserspaceBackend *self = g_task_get_source_object (task);
  const Call *call = g_task_get_task_data (task);
  LsHelperProcess *process = running_process (self, call->interface);

  if (process != NULL)
    ls_helper_uapi_ask (call->interface, ls_helper_process_get_pid (process), request,
                        g_task_get_cancellable (task), callback, g_object_ref (task));
  else
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_NOT_FOUND,
                             _ ("The WireGuard program is not running."));
}

static LsHelperUapiDevice *
take_device (GAsyncResult *result, GError **error)
{
  g_autoptr (GBytes) answer = ls_helper_uapi_ask_finish (result, NULL, error);
  gsize length = 0;

  if (answer == NULL)
    return NULL;
  const char *text = g_bytes_get_data (answer, &length);
  return ls_helper_uapi_parse_get (text, length, error);
}

static gboolean
take_done (GAsyncResult *result, GError **error)
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

/* Watches @process as that of @interface. */
static void
own_process (LsHelperUserspaceBackend *self, const char *interface, LsHelperProcess *process)
{
  g_signal_connect_object (process, "exited", G_CALLBACK (exited_cb), self, 0);
  g_hash_table_replace (self->processes, g_strdup (interface), g_object_ref (process));
  g_hash_table_remove (self->up, interface);
  ls_helper_backend_emit_state_changed (LS_HELPER_BACKEND (self), interface);
}

/* Forgets it, so that its end is no news. (transfer full), or NULL */
static LsHelperProcess *
disown_process (LsHelperUserspaceBackend *self, const char *interface)
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

static void
started_process_cb (const char *interface, LsHelperProcess *process, gpointer user_data)
{
  own_process (user_data, interface, process);
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

/* apply: start if need be; keys and peers; layer 3; port */

static void
applied_port_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  GError *error = NULL;

  if (!take_done (result, &error))
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
  Call *call = g_task_get_task_data (task);
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
      ask (task, request, applied_port_cb);
    }
  else
    g_task_return_pointer (task, g_memdup2 (&call->applied, sizeof call->applied), g_free);
}

static void
apply_route (GTask *task)
{
  LsHelperUserspaceBackend *self = g_task_get_source_object (task);
  const Call *call = g_task_get_task_data (task);

  ls_helper_route_apply (self->route, call->interface, call->desired->mtu, call->desired->addresses,
                         call->desired->routes, g_task_get_cancellable (task), applied_route_cb,
                         g_object_ref (task));
}

static void
applied_peers_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  GError *error = NULL;

  if (take_done (result, &error))
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
  Call *call = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (LsHelperUapiDevice) device = take_device (result, &error);

  if (device == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  call->applied.listen_port = device->listen_port;
  char *request = ls_helper_uapi_format_apply (device, call->desired, call->previous);
  if (request != NULL)
    ask (task, request, applied_peers_cb);
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
    ask (task, LS_HELPER_UAPI_GET, got_device_cb);
  else
    g_task_return_error (task, error);
}

static void
start (GTask *task)
{
  LsHelperUserspaceBackend *self = g_task_get_source_object (task);
  const Call *call = g_task_get_task_data (task);

  ls_helper_userspace_start (self->route, call->name, call->interface, self->runtime_dir,
                             started_process_cb, self, g_task_get_cancellable (task), started_cb,
                             g_object_ref (task));
}

static void
apply (LsHelperBackend *backend, const char *name, const char *interface, const LsTunnel *desired,
       const LsTunnel *previous, GCancellable *cancellable, GAsyncReadyCallback callback,
       gpointer user_data)
{
  LsHelperUserspaceBackend *self = LS_HELPER_USERSPACE_BACKEND (backend);
  g_autoptr (GTask) task
      = call_task_new (backend, apply, name, interface, cancellable, callback, user_data);
  Call *call = g_task_get_task_data (task);

  call->desired = ls_tunnel_copy (desired);
  if (running_process (self, interface) == NULL)
    {
      start (task);
      return;
    }
  call->previous = previous != NULL ? ls_tunnel_copy (previous) : NULL;
  ask (task, LS_HELPER_UAPI_GET, got_device_cb);
}

static void
mend (LsHelperBackend *backend, const char *name, const char *interface, const LsTunnel *tunnel,
      GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  LsHelperUserspaceBackend *self = LS_HELPER_USERSPACE_BACKEND (backend);

  ls_helper_backend_mend_route (backend, self->route, interface, tunnel, cancellable, callback,
                                user_data);
}

/* update_peers and set_endpoints */

static void
done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (take_done (result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
update_peers (LsHelperBackend *backend, const char *interface, GPtrArray *changed, GArray *removed,
              GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task
      = call_task_new (backend, update_peers, NULL, interface, cancellable, callback, user_data);
  char *request = ls_helper_uapi_format_peers (changed, removed);

  ask (task, request, done_cb);
  ls_helper_uapi_request_free (request);
}

static void
set_endpoints (LsHelperBackend *backend, const char *interface, GPtrArray *peers,
               GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task
      = call_task_new (backend, set_endpoints, NULL, interface, cancellable, callback, user_data);
  char *request = ls_helper_uapi_format_endpoints (peers);

  ask (task, request, done_cb);
  ls_helper_uapi_request_free (request);
}

/* statistics */

static void
got_statistics_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (LsHelperUapiDevice) device = take_device (result, &error);

  if (device != NULL)
    g_task_return_pointer (task, g_array_ref (device->statistics), (GDestroyNotify)g_array_unref);
  else
    g_task_return_error (task, error);
}

static void
statistics (LsHelperBackend *backend, const char *interface, GCancellable *cancellable,
            GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task
      = call_task_new (backend, statistics, NULL, interface, cancellable, callback, user_data);

  ask (task, LS_HELPER_UAPI_GET, got_statistics_cb);
}

/* remove: end the process, then what is left of interface, routes, rules and files */

static void
removed_route_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (ls_helper_route_remove_finish (LS_HELPER_ROUTE (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
remove_rest (GTask *task)
{
  LsHelperUserspaceBackend *self = g_task_get_source_object (task);
  const Call *call = g_task_get_task_data (task);
  g_autofree char *log = ls_helper_userspace_log_path (self->runtime_dir, call->interface);

  if (call->remove_socket)
    ls_helper_userspace_remove_socket (call->interface);
  g_unlink (log);
  ls_helper_route_remove (self->route, call->interface, call->link_is_ours, NULL, removed_route_cb,
                          g_object_ref (task));
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
is_our_process (const Call *call, int pid)
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
  Call *call = g_task_get_task_data (task);
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
  Call *call = g_task_get_task_data (task);
  g_autoptr (LsHelperLink) link
      = ls_helper_route_get_link_finish (LS_HELPER_ROUTE (source), result, NULL);
  g_autoptr (LsHelperProcess) process = disown_process (self, call->interface);

  call->link_exists = link != NULL;
  call->link_is_ours = link != NULL && ls_helper_link_is_ours (link);
  call->remove_socket = process != NULL;
  if (process != NULL)
    ls_helper_process_stop (process, stopped_cb, g_object_ref (task));
  else
    ls_helper_uapi_ask (call->interface, 0, LS_HELPER_UAPI_GET, NULL, found_process_cb,
                        g_object_ref (task));
}

/* The process that the journal tells of, if it still is that one. */
static LsHelperProcess *
process_from_state (GVariant *state, GError **error)
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

static void
remove_tunnel (LsHelperBackend *backend, const char *name, const char *interface, GVariant *state,
               GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  LsHelperUserspaceBackend *self = LS_HELPER_USERSPACE_BACKEND (backend);
  GTask *task
      = call_task_new (backend, remove_tunnel, name, interface, cancellable, callback, user_data);

  if (!g_hash_table_contains (self->processes, interface))
    {
      LsHelperProcess *process = process_from_state (state, NULL);
      if (process != NULL)
        g_hash_table_replace (self->processes, g_strdup (interface), process);
    }
  ls_helper_route_get_link (self->route, interface, cancellable, got_link_cb, task);
}

/* adopt */

static void
adopted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsHelperUserspaceBackend *self = g_task_get_source_object (task);
  const Call *call = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (LsHelperUapiDevice) device = take_device (result, &error);

  if (device != NULL && running_process (self, call->interface) != NULL)
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
  g_autoptr (GTask) task
      = call_task_new (backend, adopt, name, interface, cancellable, callback, user_data);
  GError *error = NULL;
  g_autoptr (LsHelperProcess) process = process_from_state (state, &error);

  if (process == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  own_process (self, interface, process);
  ask (task, LS_HELPER_UAPI_GET, adopted_cb);
}

static GVariant *
dup_state (LsHelperBackend *backend, const char *interface)
{
  LsHelperUserspaceBackend *self = LS_HELPER_USERSPACE_BACKEND (backend);
  LsHelperProcess *process = running_process (self, interface);
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

  if (link != NULL && !link->up && running_process (check->self, check->interface) != NULL
      && g_hash_table_remove (check->self->up, check->interface))
    ls_helper_backend_emit_tunnel_changed (LS_HELPER_BACKEND (check->self), check->interface,
                                           "down", "by-someone-else");
  down_check_free (check);
}

static gboolean
check_down_cb (gpointer user_data)
{
  DownCheck *check = user_data;

  ls_helper_route_get_link (check->self->route, check->interface, NULL, checked_down_cb, check);
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
  LsHelperUserspaceBackend *self = g_object_new (LS_TYPE_HELPER_USERSPACE_BACKEND, NULL);

  self->route = g_object_ref (route);
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
  g_clear_object (&self->route);
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
  backend_class->apply = apply;
  backend_class->mend = mend;
  backend_class->update_peers = update_peers;
  backend_class->set_endpoints = set_endpoints;
  backend_class->remove = remove_tunnel;
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
