/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ctl-commands.h"

#include <glib/gi18n-lib.h>

#include "ls-ctl-table.h"

static const LsCtlCommand *const groups[] = {
  ls_ctl_join_commands,  ls_ctl_switch_commands,  ls_ctl_status_commands,
  ls_ctl_watch_commands, ls_ctl_network_commands, ls_ctl_system_commands,
};

const LsCtlCommand *
ls_ctl_commands_find (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    for (const LsCtlCommand *command = groups[i]; command->name != NULL; command++)
      if (g_str_equal (command->name, name))
        return command;
  return NULL;
}

char *
ls_ctl_commands_to_text (void)
{
  g_autoptr (LsCtlTable) table = ls_ctl_table_new (2, 2);

  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    for (const LsCtlCommand *command = groups[i]; command->name != NULL; command++)
      {
        g_autofree char *usage = g_strjoin (" ", command->name, command->operands, NULL);

        ls_ctl_table_add (table, usage, _ (command->summary));
      }
  return ls_ctl_table_to_text (table);
}
