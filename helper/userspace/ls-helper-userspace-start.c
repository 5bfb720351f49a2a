/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "ls-helper-userspace"

#include "config.h"

#include "ls-helper-userspace-start.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ls-error.h"
#include "ls-helper-uapi-client.h"
#include "ls-helper-unit.h"
#include "ls-text.h"

/* How long the program may take until its socket answers, and how often that is tried: the socket
 * can be seen a moment before it can be used, so that a directory watch would not do. */
#define START_TIMEOUT_SECONDS 20
#define TRY_INTERVAL_MS 20

/* Task data. */
typedef struct
{
  LsHelperRoute *route;
  char *name;
  char *interface;
  char *runtime_dir;
  char *unit; /* NULL: not in a unit */
  LsHelperProcess *process; /* NULL until known */
  LsHelperUserspaceStartedCallback started_cb;
  gpointer started_data;
  gint64 deadline;
} Start;

static void try_socket (GTask *task);

static void
start_free (Start *start)
{
  g_clear_object (&start->route);
  g_clear_object (&start->process);
  g_free (start->name);
  g_free (start->interface);
  g_free (start->runtime_dir);
  g_free (start->unit);
  g_free (start);
}

char *
ls_helper_userspace_log_path (const char *runtime_dir, const char *interface)
{
  return g_strconcat (runtime_dir, "/", interface, ".log", NULL);
}

void
ls_helper_userspace_remove_socket (const char *interface)
{
  g_autofree char *path = ls_helper_uapi_socket_path (interface);
  struct stat info;

  if (g_lstat (path, &info) == 0 && S_ISSOCK (info.st_mode) && info.st_uid == 0)
    g_unlink (path);
}

/* SECURITY: who can write to the directory could put a socket of his own in the program's place. */
static gboolean
prepare_directory (GError **error)
{
  struct stat info;

  if (g_mkdir (LS_HELPER_UAPI_DIRECTORY, 0755) != 0 && errno != EEXIST)
    {
      g_set_error (error, LS_ERROR, LS_ERROR_BACKEND, _ ("The folder %s could not be made: %s"),
                   LS_HELPER_UAPI_DIRECTORY, g_strerror (errno));
      return FALSE;
    }
  if (g_lstat (LS_HELPER_UAPI_DIRECTORY, &info) == 0 && S_ISDIR (info.st_mode) && info.st_uid == 0
      && (info.st_mode & (S_IWGRP | S_IWOTH)) == 0)
    return TRUE;
  g_set_error (error, LS_ERROR, LS_ERROR_CONFLICT,
               _ ("The folder %s can be written to by others than root."),
               LS_HELPER_UAPI_DIRECTORY);
  return FALSE;
}

/* The last words of the program, for the error. */
static char *
last_words (const Start *start)
{
  g_autofree char *path = ls_helper_userspace_log_path (start->runtime_dir, start->interface);
  g_autofree char *text = NULL;

  if (start->unit != NULL)
    return g_strdup_printf (_ ("see the journal of %s"), start->unit);
  if (!g_file_get_contents (path, &text, NULL, NULL))
    return g_strdup (_ ("it said nothing"));
  g_strchomp (text);
  const char *line = strrchr (text, '\n');
  return ls_text_sanitize (line != NULL ? line + 1 : text);
}

static void
return_start_error (GTask *task)
{
  const Start *start = g_task_get_task_data (task);
  g_autofree char *words = last_words (start);

  g_task_return_new_error (task, LS_ERROR, LS_ERROR_BACKEND,
                           _ ("The WireGuard program did not start: %s"), words);
}

static void
stopped_unit_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  /* A unit that ended by itself is no more: that is no other error. */
  ls_helper_unit_stop_finish (result, NULL);
  return_start_error (task);
}

/* A process that we know ends with the tunnel; one that systemd may start yet must not stay. */
static void
give_up (GTask *task)
{
  const Start *start = g_task_get_task_data (task);

  if (start->unit != NULL && start->process == NULL)
    ls_helper_unit_stop (start->unit, stopped_unit_cb, g_object_ref (task));
  else
    return_start_error (task);
}

static void
marked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (ls_helper_route_set_alias_finish (LS_HELPER_ROUTE (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static gboolean
try_again_cb (gpointer user_data)
{
  try_socket (user_data);
  return G_SOURCE_REMOVE;
}

/* In a unit: the process is who answers, if it belongs to the unit. */
static gboolean
find_process (Start *start, int pid, GError **error)
{
  if (start->process != NULL)
    return TRUE;
  if (!ls_helper_unit_has_process (start->unit, pid))
    {
      g_set_error (error, LS_ERROR, LS_ERROR_CONFLICT,
                   _ ("Another program serves the interface %s."), start->interface);
      return FALSE;
    }
  start->process = ls_helper_process_attach (pid, 0, LS_WIREGUARD_GO, error);
  if (start->process == NULL)
    return FALSE;
  start->started_cb (start->interface, start->process, start->started_data);
  return TRUE;
}

static void
socket_answered (GTask *task, int pid)
{
  Start *start = g_task_get_task_data (task);
  g_autofree char *alias = ls_helper_route_alias_for (start->name);
  GError *error = NULL;

  if (find_process (start, pid, &error))
    ls_helper_route_set_alias (start->route, start->interface, alias, g_task_get_cancellable (task),
                               marked_cb, g_object_ref (task));
  else
    g_task_return_error (task, error);
}

static void
tried_socket_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Start *start = g_task_get_task_data (task);
  GError *error = NULL;
  int pid = 0;
  g_autoptr (GBytes) answer = ls_helper_uapi_ask_finish (result, &pid, &error);

  if (answer != NULL)
    socket_answered (task, pid);
  else if (!g_error_matches (error, LS_ERROR, LS_ERROR_NOT_FOUND))
    g_task_return_error (task, g_steal_pointer (&error));
  else if (g_get_monotonic_time () > start->deadline
           || (start->process != NULL && !ls_helper_process_is_running (start->process)))
    give_up (task);
  else
    g_timeout_add (TRY_INTERVAL_MS, try_again_cb, g_steal_pointer (&task));
  g_clear_error (&error);
}

/* Takes @task. */
static void
try_socket (GTask *task)
{
  Start *start = g_task_get_task_data (task);
  int pid = start->process != NULL ? ls_helper_process_get_pid (start->process) : 0;

  ls_helper_uapi_ask (start->interface, pid, LS_HELPER_UAPI_GET, g_task_get_cancellable (task),
                      tried_socket_cb, task);
}

static void
unit_started_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (ls_helper_unit_start_finish (result, &error))
    try_socket (g_steal_pointer (&task));
  else
    g_task_return_error (task, error);
}

static void
start_program (GTask *task)
{
  Start *start = g_task_get_task_data (task);
  const char *const argv[] = { LS_WIREGUARD_GO, "-f", start->interface, NULL };
  const char *const environment[] = { "LOG_LEVEL=error", "WG_PROCESS_FOREGROUND=1", NULL };
  g_autofree char *log = ls_helper_userspace_log_path (start->runtime_dir, start->interface);
  GError *error = NULL;

  start->deadline = g_get_monotonic_time () + START_TIMEOUT_SECONDS * G_USEC_PER_SEC;
  if (ls_helper_unit_is_possible ())
    {
      start->unit = ls_helper_unit_name (start->interface);
      ls_helper_unit_start (start->unit, argv, environment, g_task_get_cancellable (task),
                            unit_started_cb, g_object_ref (task));
      return;
    }
  start->process = ls_helper_process_spawn (argv, environment, log, &error);
  if (start->process == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  start->started_cb (start->interface, start->process, start->started_data);
  try_socket (g_object_ref (task));
}

/* Nobody may answer before we start. */
static void
checked_socket_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  const Start *start = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) answer = ls_helper_uapi_ask_finish (result, NULL, &error);
  g_autofree char *path = ls_helper_uapi_socket_path (start->interface);
  struct stat info;

  if (g_task_return_error_if_cancelled (task))
    return;
  if (g_error_matches (error, LS_ERROR, LS_ERROR_NOT_FOUND))
    ls_helper_userspace_remove_socket (start->interface);
  if (g_lstat (path, &info) == 0)
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_CONFLICT,
                             _ ("Another program serves the interface %s."), start->interface);
  else
    start_program (task);
}

static void
got_link_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  const Start *start = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (LsHelperLink) link
      = ls_helper_route_get_link_finish (LS_HELPER_ROUTE (source), result, &error);
  gboolean absent = g_error_matches (error, LS_ERROR, LS_ERROR_NOT_FOUND);

  if (absent)
    g_clear_error (&error);
  if (link != NULL)
    g_set_error (&error, LS_ERROR, LS_ERROR_CONFLICT,
                 _ ("Another program has an interface of the name %s."), start->interface);
  if (error != NULL || !prepare_directory (&error))
    g_task_return_error (task, error);
  else
    ls_helper_uapi_ask (start->interface, 0, LS_HELPER_UAPI_GET, g_task_get_cancellable (task),
                        checked_socket_cb, g_object_ref (task));
}

void
ls_helper_userspace_start (LsHelperRoute *route, const char *name, const char *interface,
                           const char *runtime_dir, LsHelperUserspaceStartedCallback started_cb,
                           gpointer started_data, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  Start *start = g_new0 (Start, 1);

  g_task_set_source_tag (task, ls_helper_userspace_start);
  start->route = g_object_ref (route);
  start->name = g_strdup (name);
  start->interface = g_strdup (interface);
  start->runtime_dir = g_strdup (runtime_dir);
  start->started_cb = started_cb;
  start->started_data = started_data;
  g_task_set_task_data (task, start, (GDestroyNotify)start_free);
  ls_helper_route_get_link (route, interface, cancellable, got_link_cb, task);
}

gboolean
ls_helper_userspace_start_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
