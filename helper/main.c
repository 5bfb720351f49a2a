/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>
#include <locale.h>

#include "ls-helper-main.h"

static char *runtime_dir;
static gboolean restore;
static gboolean exit_idle;
static gboolean version;

static const GOptionEntry options[] = {
  { "runtime-dir", 0, 0, G_OPTION_ARG_FILENAME, &runtime_dir,
    N_ ("Where the journal lies (default: " LS_HELPER_RUNTIME_DIR ")"), N_ ("FOLDER") },
  { "restore", 0, 0, G_OPTION_ARG_NONE, &restore,
    N_ ("Undo everything that was made on this machine, and end"), NULL },
  { "exit-idle", 0, 0, G_OPTION_ARG_NONE, &exit_idle, N_ ("End when there is nothing to do"),
    NULL },
  { "version", 0, 0, G_OPTION_ARG_NONE, &version, N_ ("Show the version"), NULL },
  { NULL },
};

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LS_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);

  g_option_context_add_main_entries (context, options, GETTEXT_PACKAGE);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("%s\n", error->message);
      return 2;
    }
  if (version)
    {
      g_print ("%s\n", LS_VERSION);
      return 0;
    }
  if (runtime_dir == NULL)
    runtime_dir = g_strdup (LS_HELPER_RUNTIME_DIR);
  return restore ? ls_helper_main_restore (runtime_dir)
                 : ls_helper_main_serve (runtime_dir, exit_idle);
}
