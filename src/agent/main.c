/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <locale.h>
#include <malloc.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "ls-agent-private.h"
#include "ls-agent-service.h"
#include "ls-names.h"
#include "tray/ls-agent-tray.h"

/* The command line, and what the program holds. */
typedef struct
{
  gboolean system;
  gboolean no_tray;
  gboolean version;
  char *state_folder;
  char *secrets;

  GMainLoop *loop;
  LsAgent *agent;
  LsAgentService *service;
  LsAgentTray *tray;
  gboolean acquired;
  int status;
} Program;

static gboolean
parse_arguments (Program *program, int *argc, char ***argv)
{
  const GOptionEntry entries[] = {
    { "system", 0, 0, G_OPTION_ARG_NONE, &program->system,
      N_ ("Serve on the system bus (headless machines)"), NULL },
    { "state-dir", 0, 0, G_OPTION_ARG_FILENAME, &program->state_folder,
      N_ ("Keep the state in this folder"), N_ ("FOLDER") },
    { "secrets", 0, 0, G_OPTION_ARG_STRING, &program->secrets,
      N_ ("Where keys are kept: keyring, file or memory"), N_ ("WHERE") },
    { "no-tray", 0, 0, G_OPTION_ARG_NONE, &program->no_tray, N_ ("Show no tray icon"), NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &program->version, N_ ("Print the version"), NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (g_option_context_parse (context, argc, argv, &error) && *argc == 1)
    return TRUE;
  g_printerr ("lightscale-agent: %s\n",
              error != NULL ? error->message : _ ("no arguments are expected"));
  return FALSE;
}

static gboolean
parse_secrets (const Program *program, LsAgentSecretsMode *out_mode)
{
  static const char *const words[] = { "keyring", "file", "memory" };

  *out_mode = program->system ? LS_AGENT_SECRETS_FILE : LS_AGENT_SECRETS_KEYRING;
  if (program->secrets == NULL)
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (g_str_equal (words[i], program->secrets))
      {
        *out_mode = (LsAgentSecretsMode)i;
        return TRUE;
      }
  g_printerr ("lightscale-agent: %s\n", _ ("--secrets takes keyring, file or memory"));
  return FALSE;
}

/* systemd may name several folders; the first is ours. */
static char *
choose_folder (const Program *program)
{
  const char *given = g_getenv ("STATE_DIRECTORY");

  if (program->state_folder != NULL)
    return g_strdup (program->state_folder);
  if (!program->system)
    return g_build_filename (g_get_user_config_dir (), "lightscale", NULL);
  if (given != NULL && *given != '\0')
    return g_strndup (given, strcspn (given, ":"));
  g_printerr ("lightscale-agent: %s\n", _ ("--system needs --state-dir or STATE_DIRECTORY"));
  return NULL;
}

static gboolean
signal_cb (gpointer user_data)
{
  Program *program = user_data;

  if (program->acquired)
    ls_agent_quit (program->agent);
  else
    g_main_loop_quit (program->loop);
  return G_SOURCE_CONTINUE;
}

static void
quit_cb (Program *program)
{
  g_main_loop_quit (program->loop);
}

static void
bus_acquired_cb (GDBusConnection *bus, const char *name, gpointer user_data)
{
  Program *program = user_data;
  g_autoptr (GError) error = NULL;

  program->service = ls_agent_service_new (program->agent, bus, &error);
  if (program->service != NULL)
    return;
  g_printerr ("lightscale-agent: %s\n", error->message);
  program->status = EXIT_FAILURE;
  g_main_loop_quit (program->loop);
}

static void
name_acquired_cb (GDBusConnection *bus, const char *name, gpointer user_data)
{
  Program *program = user_data;
  g_autoptr (GError) error = NULL;

  if (program->acquired)
    return;
  program->acquired = TRUE;
  ls_agent_start (program->agent);
  if (program->system || program->no_tray)
    return;
  program->tray = ls_agent_tray_new (program->agent, bus, &error);
  if (program->tray == NULL)
    g_warning ("No tray icon: %s", error->message);
}

static void
name_lost_cb (GDBusConnection *bus, const char *name, gpointer user_data)
{
  Program *program = user_data;

  program->status = EXIT_FAILURE;
  if (program->acquired)
    {
      ls_agent_quit (program->agent);
      return;
    }
  g_printerr ("lightscale-agent: %s\n", bus == NULL ? _ ("the message bus cannot be reached")
                                                    : _ ("another agent is running already"));
  g_main_loop_quit (program->loop);
}

static void
run (Program *program, const char *folder, LsAgentSecretsMode secrets)
{
  guint name;
  guint sources[2];

  program->loop = g_main_loop_new (NULL, FALSE);
  program->agent = ls_agent_new (folder, secrets);
  g_signal_connect_swapped (program->agent, "quit", G_CALLBACK (quit_cb), program);
  sources[0] = g_unix_signal_add (SIGTERM, signal_cb, program);
  sources[1] = g_unix_signal_add (SIGINT, signal_cb, program);
  name = g_bus_own_name (program->system ? G_BUS_TYPE_SYSTEM : G_BUS_TYPE_SESSION,
                         LS_AGENT_BUS_NAME, G_BUS_NAME_OWNER_FLAGS_DO_NOT_QUEUE, bus_acquired_cb,
                         name_acquired_cb, name_lost_cb, program, NULL);
  g_main_loop_run (program->loop);
  g_source_remove (sources[0]);
  g_source_remove (sources[1]);
  g_bus_unown_name (name);
  g_clear_object (&program->tray);
  g_clear_object (&program->service);
  g_clear_object (&program->agent);
  g_main_loop_unref (program->loop);
}

/* SECURITY: keys are in this process's memory: no core file, and files only for the user. */
static void
protect_process (void)
{
  const struct rlimit none = { 0, 0 };

  setrlimit (RLIMIT_CORE, &none);
  umask (0077);
}

int
main (int argc, char **argv)
{
  Program program = { .status = EXIT_SUCCESS };
  g_autofree char *folder = NULL;
  LsAgentSecretsMode secrets;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LS_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  /* One heap: a program that sleeps all day needs no heap per thread. */
  mallopt (M_ARENA_MAX, 1);
  g_setenv ("GIO_USE_VFS", "local", TRUE);
  protect_process ();
  g_set_prgname ("lightscale-agent");
  if (sodium_init () < 0 || !parse_arguments (&program, &argc, &argv)
      || !parse_secrets (&program, &secrets))
    return EXIT_FAILURE;
  if (program.version)
    {
      g_print ("lightscale-agent %s\n", LS_VERSION);
      return EXIT_SUCCESS;
    }
  folder = choose_folder (&program);
  if (folder == NULL)
    return EXIT_FAILURE;
  run (&program, folder, secrets);
  g_free (program.state_folder);
  g_free (program.secrets);
  return program.status;
}
