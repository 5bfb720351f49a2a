/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>
#include <locale.h>

#include "ls-error.h"
#include "ls-names.h"

#include "ls-ui-application.h"

/* The bus decides which application this is, so it is looked for before GApplication reads options.
 */
static gboolean
take_system_option (int *argc, char ***argv)
{
  gboolean use_system = FALSE;
  const GOptionEntry entries[] = {
    { "system", 0, 0, G_OPTION_ARG_NONE, &use_system, "", NULL },
    { NULL, 0, 0, 0, NULL, NULL, NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_ignore_unknown_options (context, TRUE);
  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_parse (context, argc, argv, NULL);
  return use_system;
}

static int
local_options_cb (GApplication *application, GVariantDict *options, gpointer user_data)
{
  if (!g_variant_dict_contains (options, "version"))
    return -1;
  g_print ("lightscale %s\n", LS_VERSION);
  return 0;
}

int
main (int argc, char **argv)
{
  g_autoptr (LsUiApplication) application = NULL;
  gboolean use_system;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LS_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  g_set_prgname (LS_APP_ID);
  g_set_application_name (_ ("Lightscale"));
  (void)ls_error_quark (); /* so that errors of the agent arrive with their codes */

  use_system = take_system_option (&argc, &argv);
  application = ls_ui_application_new (use_system ? G_BUS_TYPE_SYSTEM : G_BUS_TYPE_SESSION);
  g_application_add_main_option (G_APPLICATION (application), "system", 0, G_OPTION_FLAG_NONE,
                                 G_OPTION_ARG_NONE, _ ("Show the agent of the system"), NULL);
  g_application_add_main_option (G_APPLICATION (application), "version", 0, G_OPTION_FLAG_NONE,
                                 G_OPTION_ARG_NONE, _ ("Show the version"), NULL);
  g_signal_connect (application, "handle-local-options", G_CALLBACK (local_options_cb), NULL);
  return g_application_run (G_APPLICATION (application), argc, argv);
}
