/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "ls-ctl-commands.h"
#include "ls-ctl-agent.h"
#include "ls-ctl-network.h"
#include "ls-ctl-table.h"
#include "ls-ident.h"

static struct
{
  GStrv pins;
  char *dismiss;
} options;

static const GOptionEntry check_entries[] = { { "pin", 0, 0, G_OPTION_ARG_STRING_ARRAY,
                                                &options.pins, LS_CTL_PIN_HELP, LS_CTL_PIN_VALUE },
                                              G_OPTION_ENTRY_NULL };

static const GOptionEntry notices_entries[]
    = { { "dismiss", 0, 0, G_OPTION_ARG_STRING, &options.dismiss, N_ ("Take this one away"),
          N_ ("ID") },
        G_OPTION_ENTRY_NULL };

static GVariant *
call_check (LsCtl *ctl, const char *const *urls, GVariant *values, GError **error)
{
  LsCtlAwait await = { NULL };
  g_autoptr (GAsyncResult) result = NULL;
  GVariant *answer = NULL;

  ls_agent_ipc_manager_call_check_server (ctl->manager, urls, values, ctl->cancellable,
                                          ls_ctl_await_cb, &await);
  result = ls_ctl_await (&await);
  ls_agent_ipc_manager_call_check_server_finish (ctl->manager, &answer, result, error);
  return answer;
}

static void
print_check (GVariant *answer)
{
  const char *url = "";
  const char *refused = "";
  const char *pin = "";
  gboolean encrypted = FALSE;
  g_autoptr (LsCtlTable) table = ls_ctl_table_new (2, 0);
  g_autofree char *text = NULL;

  g_variant_lookup (answer, "url", "&s", &url);
  g_variant_lookup (answer, "certificate-error", "&s", &refused);
  g_variant_lookup (answer, "pin", "&s", &pin);
  g_variant_lookup (answer, "encrypted", "b", &encrypted);
  ls_ctl_table_add (table, _ ("Server"), url);
  ls_ctl_table_add (table, _ ("Encrypted"),
                    encrypted ? _ ("yes") : _ ("no: others on the way can read and change it"));
  if (refused[0] != '\0')
    ls_ctl_table_add (table, _ ("Certificate"), refused);
  if (pin[0] != '\0')
    ls_ctl_table_add (table, _ ("Its SHA-256"), pin);
  text = ls_ctl_table_to_text (table);
  g_print ("%s", text);
}

/* A certificate that is refused is an answer, but not that of a server that works. */
static LsCtlStatus
check_server (LsCtl *ctl, char **operands)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) urls = ls_ctl_urls_normalize ((const char *const *)operands, &error);
  const char *const *list = (const char *const *)urls;
  g_autoptr (LsPins) pins = ls_pins_new ();
  g_autoptr (GVariant) answer = NULL;
  const char *refused = "";

  if (urls != NULL && ls_ctl_pins_parse (pins, (const char *const *)options.pins, list, &error)
      && ls_ctl_open_agent (ctl, &error))
    answer = call_check (ctl, list, ls_ctl_options_new (pins, -1, -1, NULL, NULL, NULL), &error);
  if (answer == NULL)
    return ls_ctl_fail (ctl, g_steal_pointer (&error));
  if (ctl->json)
    ls_ctl_print_json (answer);
  else
    print_check (answer);
  g_variant_lookup (answer, "certificate-error", "&s", &refused);
  return refused[0] == '\0' ? LS_CTL_OK : LS_CTL_CONTROL;
}

static GVariant *
notices_to_variant (GVariant *list)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{ss}"));
  const char *id;
  const char *what;
  const char *hint;
  const char *details;
  GVariantIter iter;

  g_variant_iter_init (&iter, list);
  while (g_variant_iter_next (&iter, "(&s&s&s&s)", &id, &what, &hint, &details))
    {
      g_variant_builder_open (&builder, G_VARIANT_TYPE ("a{ss}"));
      g_variant_builder_add (&builder, "{ss}", "id", id);
      g_variant_builder_add (&builder, "{ss}", "message", what);
      g_variant_builder_add (&builder, "{ss}", "hint", hint);
      g_variant_builder_add (&builder, "{ss}", "details", details);
      g_variant_builder_close (&builder);
    }
  return g_variant_builder_end (&builder);
}

static void
print_notices (GVariant *list)
{
  const char *parts[4];
  GVariantIter iter;

  g_variant_iter_init (&iter, list);
  while (g_variant_iter_next (&iter, "(&s&s&s&s)", &parts[0], &parts[1], &parts[2], &parts[3]))
    {
      ls_ctl_print ("%s: %s", parts[0], parts[1]);
      for (guint i = 2; i < G_N_ELEMENTS (parts); i++)
        if (parts[i][0] != '\0')
          ls_ctl_print ("  %s", parts[i]);
    }
}

static gboolean
call_dismiss (LsCtl *ctl, const char *id, GError **error)
{
  LsCtlAwait await = { NULL };
  g_autoptr (GAsyncResult) result = NULL;

  ls_agent_ipc_manager_call_dismiss_notice (ctl->manager, id, ctl->cancellable, ls_ctl_await_cb,
                                            &await);
  result = ls_ctl_await (&await);
  return ls_agent_ipc_manager_call_dismiss_notice_finish (ctl->manager, result, error);
}

static LsCtlStatus
notices (LsCtl *ctl, char **operands)
{
  g_autoptr (GError) error = NULL;
  GVariant *list;

  if (!ls_ctl_open_agent (ctl, &error)
      || (options.dismiss != NULL && !call_dismiss (ctl, options.dismiss, &error)))
    return ls_ctl_fail (ctl, g_steal_pointer (&error));
  if (options.dismiss != NULL)
    return LS_CTL_OK;
  list = ls_agent_ipc_manager_get_notices (ctl->manager);
  if (list == NULL)
    return LS_CTL_OK;
  if (ctl->json)
    ls_ctl_print_json (notices_to_variant (list));
  else
    print_notices (list);
  return LS_CTL_OK;
}

static LsCtlStatus
restore_network (LsCtl *ctl, char **operands)
{
  LsCtlAwait await = { NULL };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  if (!ls_ctl_open_agent (ctl, &error))
    return ls_ctl_fail (ctl, g_steal_pointer (&error));
  ls_agent_ipc_manager_call_restore_network (ctl->manager, ctl->cancellable, ls_ctl_await_cb,
                                             &await);
  result = ls_ctl_await (&await);
  if (!ls_agent_ipc_manager_call_restore_network_finish (ctl->manager, result, &error))
    return ls_ctl_fail (ctl, g_steal_pointer (&error));
  return LS_CTL_OK;
}

static LsCtlStatus
quit (LsCtl *ctl, char **operands)
{
  LsCtlAwait await = { NULL };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  ctl->running_only = TRUE;
  if (!ls_ctl_open_agent (ctl, &error)
      && g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN))
    return LS_CTL_OK;
  if (error != NULL)
    return ls_ctl_fail (ctl, g_steal_pointer (&error));
  ls_agent_ipc_manager_call_quit (ctl->manager, ctl->cancellable, ls_ctl_await_cb, &await);
  result = ls_ctl_await (&await);
  if (!ls_agent_ipc_manager_call_quit_finish (ctl->manager, result, &error))
    return ls_ctl_fail (ctl, g_steal_pointer (&error));
  return LS_CTL_OK;
}

const LsCtlCommand ls_ctl_system_commands[] = {
  { "check-server", "URL…", N_ ("See whether a control server answers"), check_entries, 1,
    G_MAXUINT, check_server },
  { "notices", NULL, N_ ("Show what the agent has to say"), notices_entries, 0, 0, notices },
  { "restore-network", NULL, N_ ("Disconnect all and undo what was changed here"), NULL, 0, 0,
    restore_network },
  { "quit", NULL, N_ ("Disconnect all and end the agent"), NULL, 0, 0, quit },
  { NULL },
};
