/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-app.h"

#include <glib-unix.h>
#include <locale.h>
#include <stdio.h>
#include <sys/resource.h>

#define DESCRIPTORS_MAX 65536

static gboolean
quit_cb (gpointer user_data)
{
  g_main_loop_quit (user_data);
  return G_SOURCE_CONTINUE;
}

static int
fail (const GError *error)
{
  g_printerr ("lightscale-control: %s\n", error->message);
  return 1;
}

/* Each device of a network holds a connection or two; the usual limit of open files is that of
 * programs that use select(), which this one does not. */
static void
allow_connections (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= DESCRIPTORS_MAX)
    return;
  limit.rlim_cur = MIN (limit.rlim_max, DESCRIPTORS_MAX);
  setrlimit (RLIMIT_NOFILE, &limit);
}

int
main (int argc, char **argv)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (LsDemoApp) app = ls_demo_app_new ();
  g_autoptr (LsDemoOptions) options = NULL;
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  options = ls_demo_options_parse (&argc, &argv, &error);
  if (options == NULL)
    return fail (error);
  if (options->version)
    {
      g_print ("lightscale-control %s\n", LS_VERSION);
      return 0;
    }

  allow_connections ();
  g_unix_signal_add (SIGTERM, quit_cb, loop);
  g_unix_signal_add (SIGINT, quit_cb, loop);
  if (!ls_demo_app_start (app, options, &error))
    return fail (error);
  fflush (stdout);
  g_main_loop_run (loop);
  return ls_demo_app_stop (app, &error) ? 0 : fail (error);
}
