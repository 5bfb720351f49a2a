/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "ls-helper-process"

#include "config.h"

#include "ls-helper-process.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ls-error.h"

#define KILL_AFTER_SECONDS 2

struct _LsHelperProcess
{
  GObject parent_instance;

  int pid;
  int pidfd;
  guint64 start_time;
  gboolean is_child; /* of this process: has to be reaped */
  guint watch_id;
  guint kill_id;
  GPtrArray *stops; /* of GTask: who waits for the end */
};

enum
{
  EXITED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (LsHelperProcess, ls_helper_process, G_TYPE_OBJECT)

guint64
ls_helper_process_parse_start_time (const char *stat)
{
  const char *after_name = strrchr (stat, ')');
  guint64 value = 0;

  if (after_name == NULL)
    return 0;
  g_auto (GStrv) fields = g_strsplit (after_name + 1, " ", 24);
  /* fields[0] is empty, fields[1] the state (field 3). */
  if (g_strv_length (fields) < 22
      || !g_ascii_string_to_unsigned (fields[20], 10, 0, G_MAXUINT64, &value, NULL))
    return 0;
  return value;
}

static guint64
read_start_time (int pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", pid);
  g_autofree char *stat = NULL;

  if (!g_file_get_contents (path, &stat, NULL, NULL))
    return 0;
  return ls_helper_process_parse_start_time (stat);
}

/* Whether the process is root's and runs the file @program. */
static gboolean
runs_program (int pid, const char *program)
{
  g_autofree char *directory = g_strdup_printf ("/proc/%d", pid);
  g_autofree char *link = g_strdup_printf ("/proc/%d/exe", pid);
  struct stat process, running, wanted;

  return stat (directory, &process) == 0 && process.st_uid == 0 && stat (link, &running) == 0
         && stat (program, &wanted) == 0 && running.st_dev == wanted.st_dev
         && running.st_ino == wanted.st_ino;
}

static void
finish_stops (LsHelperProcess *self)
{
  g_autoptr (GPtrArray) stops = g_steal_pointer (&self->stops);

  self->stops = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < stops->len; i++)
    g_task_return_boolean (g_ptr_array_index (stops, i), TRUE);
}

static gboolean
ended_cb (int fd, GIOCondition condition, gpointer user_data)
{
  g_autoptr (LsHelperProcess) self = g_object_ref (user_data);

  self->watch_id = 0;
  g_clear_handle_id (&self->kill_id, g_source_remove);
  if (self->is_child)
    waitpid (self->pid, NULL, WNOHANG);
  close (self->pidfd);
  self->pidfd = -1;
  g_signal_emit (self, signals[EXITED], 0);
  finish_stops (self);
  return G_SOURCE_REMOVE;
}

/* Begins to watch self->pid. */
static gboolean
watch (LsHelperProcess *self, GError **error)
{
  self->pidfd = (int)syscall (SYS_pidfd_open, self->pid, 0);
  if (self->pidfd < 0)
    {
      g_set_error (error, LS_ERROR, LS_ERROR_NOT_FOUND, _ ("The WireGuard program has ended."));
      return FALSE;
    }
  fcntl (self->pidfd, F_SETFD, FD_CLOEXEC);
  self->start_time = read_start_time (self->pid);
  self->watch_id = g_unix_fd_add (self->pidfd, G_IO_IN, ended_cb, self);
  return TRUE;
}

static void
child_setup_cb (gpointer user_data)
{
  /* Signals to the helper's group (a terminal's Ctrl+C) are not for this process. */
  setsid ();
}

static int
open_log (const char *path)
{
  g_unlink (path);
  return open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
}

LsHelperProcess *
ls_helper_process_spawn (const char *const *argv, const char *const *envp, const char *log_path,
                         GError **error)
{
  g_autoptr (LsHelperProcess) self = g_object_new (LS_TYPE_HELPER_PROCESS, NULL);
  g_autoptr (GError) local_error = NULL;
  int log_fd = open_log (log_path);
  GPid pid = 0;

  /* SECURITY: an absolute path of the build, an environment of our own, no shell, no file
   * descriptor but these. */
  gboolean started = g_spawn_async_with_fds (
      "/", (char **)argv, (char **)envp,
      G_SPAWN_DO_NOT_REAP_CHILD | (log_fd < 0 ? G_SPAWN_STDOUT_TO_DEV_NULL : 0)
          | (log_fd < 0 ? G_SPAWN_STDERR_TO_DEV_NULL : 0),
      child_setup_cb, NULL, &pid, -1, log_fd, log_fd, &local_error);
  if (log_fd >= 0)
    close (log_fd);
  if (!started)
    {
      g_set_error (error, LS_ERROR, LS_ERROR_BACKEND, _ ("%s could not be started: %s"), argv[0],
                   local_error->message);
      return NULL;
    }
  self->pid = pid;
  self->is_child = TRUE;
  return watch (self, error) ? g_steal_pointer (&self) : NULL;
}

LsHelperProcess *
ls_helper_process_attach (int pid, guint64 start_time, const char *program, GError **error)
{
  g_autoptr (LsHelperProcess) self = g_object_new (LS_TYPE_HELPER_PROCESS, NULL);

  self->pid = pid;
  if (pid <= 1 || !watch (self, error))
    {
      if (pid <= 1)
        g_set_error (error, LS_ERROR, LS_ERROR_NOT_FOUND, _ ("The WireGuard program has ended."));
      return NULL;
    }
  /* Checked while the pidfd is held: the number cannot pass on to another process unseen. */
  if (!runs_program (pid, program) || self->start_time == 0
      || (start_time != 0 && start_time != self->start_time))
    {
      g_set_error (error, LS_ERROR, LS_ERROR_NOT_FOUND, _ ("The WireGuard program has ended."));
      return NULL;
    }
  self->is_child = waitpid (pid, NULL, WNOHANG) == 0;
  return g_steal_pointer (&self);
}

int
ls_helper_process_get_pid (LsHelperProcess *self)
{
  return self->pid;
}

guint64
ls_helper_process_get_start_time (LsHelperProcess *self)
{
  return self->start_time;
}

gboolean
ls_helper_process_is_running (LsHelperProcess *self)
{
  return self->watch_id != 0;
}

static void
send_signal (LsHelperProcess *self, int number)
{
  if (syscall (SYS_pidfd_send_signal, self->pidfd, number, NULL, 0) != 0)
    g_debug ("signal %d to %d: %s", number, self->pid, g_strerror (errno));
}

void
ls_helper_process_terminate (LsHelperProcess *self)
{
  if (ls_helper_process_is_running (self))
    send_signal (self, SIGTERM);
}

static gboolean
kill_cb (gpointer user_data)
{
  LsHelperProcess *self = user_data;

  self->kill_id = 0;
  send_signal (self, SIGKILL);
  return G_SOURCE_REMOVE;
}

void
ls_helper_process_stop (LsHelperProcess *self, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, ls_helper_process_stop);
  g_ptr_array_add (self->stops, task);
  if (!ls_helper_process_is_running (self))
    {
      finish_stops (self);
      return;
    }
  send_signal (self, SIGTERM);
  if (self->kill_id == 0)
    self->kill_id = g_timeout_add_seconds (KILL_AFTER_SECONDS, kill_cb, self);
}

gboolean
ls_helper_process_stop_finish (LsHelperProcess *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
ls_helper_process_dispose (GObject *object)
{
  LsHelperProcess *self = LS_HELPER_PROCESS (object);

  g_clear_handle_id (&self->watch_id, g_source_remove);
  g_clear_handle_id (&self->kill_id, g_source_remove);
  g_clear_pointer (&self->stops, g_ptr_array_unref);
  if (self->pidfd >= 0)
    close (self->pidfd);
  self->pidfd = -1;
  G_OBJECT_CLASS (ls_helper_process_parent_class)->dispose (object);
}

static void
ls_helper_process_class_init (LsHelperProcessClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ls_helper_process_dispose;

  signals[EXITED] = g_signal_new ("exited", LS_TYPE_HELPER_PROCESS, G_SIGNAL_RUN_LAST, 0, NULL,
                                  NULL, NULL, G_TYPE_NONE, 0);
}

static void
ls_helper_process_init (LsHelperProcess *self)
{
  self->pidfd = -1;
  self->stops = g_ptr_array_new_with_free_func (g_object_unref);
}
