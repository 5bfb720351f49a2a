/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A process that outlives the helper: started detached, or taken up again by its id after a
 * restart; watched through a pidfd, so that its number can never mean another process. */
#define LS_TYPE_HELPER_PROCESS (ls_helper_process_get_type ())
G_DECLARE_FINAL_TYPE (LsHelperProcess, ls_helper_process, LS, HELPER_PROCESS, GObject)

/* Starts the absolute path @argv[0] with no environment but @envp, in a session of its own, its
 * output in the file @log_path (made anew, mode 0600). LS_ERROR_BACKEND. */
LsHelperProcess *ls_helper_process_spawn (const char *const *argv, const char *const *envp,
                                          const char *log_path, GError **error);

/* The running process @pid, if it is root's, runs @program and began at @start_time (as
 * get_start_time() told; 0: whenever). LS_ERROR_NOT_FOUND if not. */
LsHelperProcess *
ls_helper_process_attach (int pid, guint64 start_time, const char *program, GError **error);

int ls_helper_process_get_pid (LsHelperProcess *self);

/* Clock ticks since boot: tells apart processes that had the same number. */
guint64 ls_helper_process_get_start_time (LsHelperProcess *self);
gboolean ls_helper_process_is_running (LsHelperProcess *self);

/* Asks it to end, and waits for nothing. */
void ls_helper_process_terminate (LsHelperProcess *self);

/* Ends it: SIGTERM, two seconds later SIGKILL; done when it has ended. */
void
ls_helper_process_stop (LsHelperProcess *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean
ls_helper_process_stop_finish (LsHelperProcess *self, GAsyncResult *result, GError **error);

/* Field 22 of /proc/PID/stat, whose second field may hold anything; 0 if @stat makes no sense.
 * (proc(5)) */
guint64 ls_helper_process_parse_start_time (const char *stat);

/* Signal "exited" (): it has ended, by itself or by stop(). */

G_END_DECLS
