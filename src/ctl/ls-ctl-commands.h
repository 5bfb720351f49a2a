/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-ctl.h"

G_BEGIN_DECLS

/* The groups of commands, each ended by one without a name. */
extern const LsCtlCommand ls_ctl_network_commands[]; /* profiles, add, set, remove */
extern const LsCtlCommand ls_ctl_join_commands[]; /* join, approve */
extern const LsCtlCommand ls_ctl_switch_commands[]; /* up, down */
extern const LsCtlCommand ls_ctl_status_commands[]; /* status, peers, refresh */
extern const LsCtlCommand ls_ctl_watch_commands[]; /* watch */
extern const LsCtlCommand
    ls_ctl_system_commands[]; /* check-server, notices, restore-network, quit */

/* The command @name, or NULL. */
const LsCtlCommand *ls_ctl_commands_find (const char *name);

/* A line for each command, for the help. (transfer full) */
char *ls_ctl_commands_to_text (void);

G_END_DECLS
