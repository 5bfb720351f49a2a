/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ctl.h"

#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <signal.h>
#include <stdio.h>

#include "ls-ctl-commands.h"
#include "ls-ctl-json.h"
#include "ls-ctl-words.h"
#include "ls-error.h"

#define PROGRAM "lightscalectl"

void
ls_ctl_await_cb (GObject *source, GAsyncResult *result, gpointer await)
{
  ((LsCtlAwait *)await)->result = g_object_ref (result);
}

GAsyncResult *
ls_ctl_await (LsCtlAwait *await)
{
  while (await->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return g_steal_pointer (&await->result);
}

static gboolean
time_over_cb (gpointer over)
{
  *(gboolean *)over = TRUE;
  return G_SOURCE_CONTINUE;
}

gboolean
ls_ctl_wait_until (LsCtl *ctl, gboolean (*is_done) (gpointer user_data), gpointer user_data,
                   guint seconds)
{
  gboolean over = FALSE;
  gboolean done;
  guint timeout = seconds > 0 ? g_timeout_add_seconds (seconds, time_over_cb, &over) : 0;

  while (!(done = is_done (user_data)) && !over && !g_cancellable_is_cancelled (ctl->cancellable))
    g_main_context_iteration (NULL, TRUE);
  g_clear_handle_id (&timeout, g_source_remove);
  return done;
}

void
ls_ctl_print_json (GVariant *value)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (value);
  g_autofree char *text = ls_ctl_json_from_variant (owned);

  g_print ("%s\n", text);
  fflush (stdout);
}

void
ls_ctl_print (const char *format, ...)
{
  g_autofree char *text = NULL;
  g_autofree char *safe = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  safe = ls_ctl_words_dup_safe (text);
  g_print ("%s\n", safe);
  fflush (stdout);
}

static LsCtlStatus
status_for_own (const GError *error)
{
  switch ((LsError)error->code)
    {
    case LS_ERROR_INVALID_ARGUMENT:
      return LS_CTL_USAGE;
    case LS_ERROR_NOT_FOUND:
      return LS_CTL_NOT_FOUND;
    case LS_ERROR_NOT_AUTHORIZED:
    case LS_ERROR_NO_POLKIT_AGENT:
      return LS_CTL_NOT_AUTHORIZED;
    case LS_ERROR_CONTROL_UNREACHABLE:
    case LS_ERROR_CONTROL_TLS:
    case LS_ERROR_CONTROL_PROTOCOL:
    case LS_ERROR_CONTROL_INVALID:
    case LS_ERROR_CONTROL_UNAUTHORIZED:
    case LS_ERROR_CONTROL_NOT_FOUND:
    case LS_ERROR_CONTROL_CONFLICT:
    case LS_ERROR_CONTROL_SERVER:
      return LS_CTL_CONTROL;
    default:
      return LS_CTL_FAILED;
    }
}

static LsCtlStatus
status_for (const GError *error)
{
  if (error->domain == LS_ERROR)
    return status_for_own (error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return LS_CTL_INTERRUPTED;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return LS_CTL_TIMEOUT;
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED))
    return LS_CTL_NOT_AUTHORIZED;
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN)
      || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER)
      || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY))
    return LS_CTL_NO_AGENT;
  return LS_CTL_FAILED;
}

static const char *
hint_for (const GError *error)
{
  const char *hint = ls_error_get_hint (error);

  if (hint != NULL)
    return hint;
  switch (status_for (error))
    {
    case LS_CTL_NO_AGENT:
      return _ ("Start it with \"systemctl --user start lightscale-agent\", or on a machine "
                "without a desktop as root with \"systemctl start lightscale-agent\".");
    case LS_CTL_NOT_AUTHORIZED:
      return _ ("Run this as root, or as a member of the group lightscale.");
    default:
      return "";
    }
}

/* For programs: the error's name is that of D-Bus. */
static void
print_error_json (const GError *error, const char *message, LsCtlStatus status)
{
  g_autofree char *name = g_dbus_error_encode_gerror (error);
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) value = NULL;
  g_autofree char *text = NULL;

  g_variant_builder_add (&builder, "{sv}", "error", g_variant_new_string (name));
  g_variant_builder_add (&builder, "{sv}", "message", g_variant_new_string (message));
  g_variant_builder_add (&builder, "{sv}", "hint", g_variant_new_string (hint_for (error)));
  g_variant_builder_add (&builder, "{sv}", "status", g_variant_new_int32 ((int)status));
  value = g_variant_ref_sink (g_variant_builder_end (&builder));
  text = ls_ctl_json_from_variant (value);
  g_printerr ("%s\n", text);
}

LsCtlStatus
ls_ctl_fail (LsCtl *ctl, GError *error)
{
  g_autoptr (GError) owned = error;
  g_autofree char *raw = ls_error_dup_message (owned);
  g_autofree char *message = ls_ctl_words_dup_safe (raw);
  LsCtlStatus status = status_for (owned);

  if (status == LS_CTL_INTERRUPTED)
    return status;
  if (ctl->json)
    print_error_json (owned, message, status);
  else
    g_printerr ("%s: %s\n", PROGRAM, message);
  if (!ctl->json && hint_for (owned)[0] != '\0')
    g_printerr ("%s\n", hint_for (owned));
  return status;
}

LsCtlStatus
ls_ctl_fail_usage (LsCtl *ctl, const char *message)
{
  return ls_ctl_fail (ctl, g_error_new_literal (LS_ERROR, LS_ERROR_INVALID_ARGUMENT, message));
}

static GOptionContext *
context_new (LsCtl *ctl, const char *usage, const GOptionEntry *entries)
{
  const GOptionEntry common[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &ctl->json, N_ ("Print JSON"), NULL },
    { "session", 0, 0, G_OPTION_ARG_NONE, &ctl->use_session, N_ ("Use this user's agent"), NULL },
    { "system", 0, 0, G_OPTION_ARG_NONE, &ctl->use_system, N_ ("Use the machine's agent"), NULL },
    { "help", 'h', 0, G_OPTION_ARG_NONE, &ctl->show_help, N_ ("Show this help"), NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &ctl->show_version, N_ ("Show the version"), NULL },
    G_OPTION_ENTRY_NULL,
  };
  GOptionContext *context = g_option_context_new (usage);

  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  if (entries != NULL)
    g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  g_option_context_add_main_entries (context, common, GETTEXT_PACKAGE);
  return context;
}

/* Whether the command line ends here, with @out_status. */
static gboolean
parse (LsCtl *ctl, GOptionContext *context, char ***arguments, LsCtlStatus *out_status)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *help = NULL;

  if (!g_option_context_parse_strv (context, arguments, &error))
    {
      *out_status = ls_ctl_fail_usage (ctl, error->message);
      return TRUE;
    }
  if (ctl->use_session && ctl->use_system)
    {
      *out_status = ls_ctl_fail_usage (ctl, _ ("--session and --system exclude each other."));
      return TRUE;
    }
  *out_status = LS_CTL_OK;
  if (ctl->show_version)
    g_print ("%s %s\n", PROGRAM, LS_VERSION);
  else if (ctl->show_help)
    {
      help = g_option_context_get_help (context, TRUE, NULL);
      g_print ("%s", help);
    }
  return ctl->show_version || ctl->show_help;
}

static LsCtlStatus
run_command (LsCtl *ctl, char **arguments)
{
  const LsCtlCommand *command = ls_ctl_commands_find (arguments[1]);
  g_autofree char *usage = NULL;
  g_autofree char *message = NULL;
  g_autoptr (GOptionContext) context = NULL;
  g_auto (GStrv) rest = NULL;
  LsCtlStatus status;
  guint count;

  if (command == NULL)
    {
      message = g_strdup_printf (_ ("There is no command \"%s\"; see %s --help."), arguments[1],
                                 PROGRAM);
      return ls_ctl_fail_usage (ctl, message);
    }
  usage = g_strjoin (" ", command->name, command->operands, NULL);
  context = context_new (ctl, usage, command->entries);
  g_option_context_set_summary (context, _ (command->summary));
  rest = g_strdupv (arguments + 1);
  if (parse (ctl, context, &rest, &status))
    return status;
  count = g_strv_length (rest) - 1;
  if (count >= command->min && count <= command->max)
    return command->run (ctl, rest + 1);
  message = g_strdup_printf (_ ("Usage: %s %s [OPTION…]"), PROGRAM, usage);
  return ls_ctl_fail_usage (ctl, message);
}

static LsCtlStatus
run_arguments (LsCtl *ctl, char **arguments)
{
  g_autoptr (GOptionContext) context = context_new (ctl, _ ("COMMAND [OPERAND…]"), NULL);
  g_autofree char *commands = ls_ctl_commands_to_text ();
  g_autofree char *summary = g_strconcat (_ ("Commands:"), "\n", commands, NULL);
  g_auto (GStrv) rest = g_strdupv (arguments);
  LsCtlStatus status;

  g_option_context_set_strict_posix (context, TRUE);
  g_option_context_set_summary (context, summary);
  if (parse (ctl, context, &rest, &status))
    return status;
  if (rest[0] == NULL || rest[1] == NULL)
    return ls_ctl_fail_usage (ctl, _ ("Name a command; see lightscalectl --help."));
  return run_command (ctl, rest);
}

static gboolean
interrupted_cb (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return G_SOURCE_CONTINUE;
}

LsCtlStatus
ls_ctl_run (char **arguments)
{
  LsCtl ctl = { .cancellable = g_cancellable_new () };
  guint interrupt = g_unix_signal_add (SIGINT, interrupted_cb, ctl.cancellable);
  guint terminate = g_unix_signal_add (SIGTERM, interrupted_cb, ctl.cancellable);
  LsCtlStatus status;

  (void)ls_error_quark ();
  status = run_arguments (&ctl, arguments);
  g_source_remove (interrupt);
  g_source_remove (terminate);
  g_clear_object (&ctl.objects);
  g_clear_object (&ctl.manager);
  g_clear_object (&ctl.connection);
  g_clear_object (&ctl.cancellable);
  return status;
}
