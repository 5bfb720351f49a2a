/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <glib/gstdio.h>
#include <unistd.h>

#include "ls-error.h"
#include "ls-helper-process.h"
#include "ls-helper-unit.h"

static char *log_path;

static LsHelperProcess *
spawn (const char *const *argv)
{
  static const char *const environment[] = { "LS_TEST=1", NULL };
  g_autoptr (GError) error = NULL;
  LsHelperProcess *process = ls_helper_process_spawn (argv, environment, log_path, &error);

  g_assert_no_error (error);
  return process;
}

static void
stopped_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_assert_true (ls_helper_process_stop_finish (LS_HELPER_PROCESS (source), result, NULL));
  (*(int *)user_data)++;
}

static void
stop (LsHelperProcess *process)
{
  int stopped = 0;

  ls_helper_process_stop (process, stopped_cb, &stopped);
  while (stopped == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (ls_helper_process_is_running (process));
}

static void
test_start_time (void)
{
  g_assert_cmpuint (ls_helper_process_parse_start_time (
                        "1 (a) b) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987 1 2"),
                    ==, 987);
  g_assert_cmpuint (ls_helper_process_parse_start_time (""), ==, 0);
  g_assert_cmpuint (ls_helper_process_parse_start_time ("1 (x) S 0 1"), ==, 0);
  g_assert_cmpuint (ls_helper_process_parse_start_time ("1 (x"), ==, 0);
}

static void
test_spawn_attach_stop (void)
{
  g_autoptr (LsHelperProcess) process = spawn ((const char *const[]){ "/bin/sleep", "1000", NULL });
  int pid = ls_helper_process_get_pid (process);
  guint64 start_time = ls_helper_process_get_start_time (process);
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (start_time, !=, 0);
  g_assert_cmpint (getsid (pid), ==, pid);
  g_assert_null (ls_helper_process_attach (pid, start_time + 1, "/bin/sleep", &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (ls_helper_process_attach (pid, start_time, "/bin/true", &error));
  g_clear_error (&error);
  g_assert_null (ls_helper_process_attach (0, 0, "/bin/sleep", &error));
  g_clear_error (&error);

  g_autoptr (LsHelperProcess) again
      = ls_helper_process_attach (pid, start_time, "/bin/sleep", &error);
  if (geteuid () == 0)
    g_assert_no_error (error);
  stop (process);
  g_assert_null (ls_helper_process_attach (pid, start_time, "/bin/sleep", &error));
}

/* One that does not heed SIGTERM is killed. */
static void
test_stubborn (void)
{
  g_autoptr (LsHelperProcess) process = spawn ((const char *const[]){
      "/bin/sh", "-c", "trap '' TERM; echo $LS_TEST$HOME; while :; do sleep 1; done", NULL });
  g_autofree char *text = NULL;

  while (text == NULL || *text == '\0')
    {
      g_clear_pointer (&text, g_free);
      g_usleep (20000);
      g_assert_true (g_file_get_contents (log_path, &text, NULL, NULL));
    }
  g_assert_cmpstr (text, ==, "1\n");
  stop (process);
}

static void
exited_cb (LsHelperProcess *process, gpointer user_data)
{
  (*(int *)user_data)++;
}

static void
test_ends_by_itself (void)
{
  g_autoptr (LsHelperProcess) process = spawn ((const char *const[]){ "/bin/true", NULL });
  int exited = 0;

  g_signal_connect (process, "exited", G_CALLBACK (exited_cb), &exited);
  while (exited == 0)
    g_main_context_iteration (NULL, TRUE);
  stop (process);
  g_assert_cmpint (exited, ==, 1);
}

static void
test_not_there (void)
{
  static const char *const argv[] = { "/nonexistent/program", NULL };
  g_autoptr (GError) error = NULL;

  g_assert_null (ls_helper_process_spawn (argv, argv + 1, log_path, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_BACKEND);
}

static void
test_unit (void)
{
  static const char *const argv[] = { "/usr/bin/wireguard-go", "-f", "ls-home", NULL };
  static const char *const environment[] = { "LOG_LEVEL=error", NULL };
  g_autofree char *name = ls_helper_unit_name ("ls-home");
  g_autoptr (GVariant) call = g_variant_ref_sink (ls_helper_unit_build (name, argv, environment));
  g_autofree char *text = g_variant_print (call, FALSE);

  g_assert_cmpstr (name, ==, "lightscale-wireguard-ls-home.service");
  g_assert_cmpstr (g_variant_get_type_string (call), ==, "(ssa(sv)a(sa(sv)))");
  g_assert_nonnull (strstr (text, "[('/usr/bin/wireguard-go', ['/usr/bin/wireguard-go', '-f', "
                                  "'ls-home'], false)]"));
  g_assert_nonnull (strstr (text, "('NoNewPrivileges', <true>)"));
  g_assert_false (ls_helper_unit_has_process (name, getpid ()));
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("ls-process-XXXXXX", &error);

  g_assert_no_error (error);
  log_path = g_build_filename (folder, "log", NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/helper-process/start-time", test_start_time);
  g_test_add_func ("/helper-process/spawn-attach-stop", test_spawn_attach_stop);
  g_test_add_func ("/helper-process/stubborn", test_stubborn);
  g_test_add_func ("/helper-process/ends-by-itself", test_ends_by_itself);
  g_test_add_func ("/helper-process/not-there", test_not_there);
  g_test_add_func ("/helper-process/unit", test_unit);
  int status = g_test_run ();
  g_unlink (log_path);
  g_rmdir (folder);
  g_free (log_path);
  return status;
}
