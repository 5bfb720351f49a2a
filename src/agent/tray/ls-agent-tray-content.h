/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "ls-agent-tray-summary.h"

G_BEGIN_DECLS

/* Networks in the menu; the others are behind "More…". */
#define LS_AGENT_TRAY_NETWORKS_MAX 5

/* Names of the menu's actions. */
#define LS_AGENT_TRAY_ACTION_OPEN "open"
#define LS_AGENT_TRAY_ACTION_COPY "copy" /* with the text, s */
#define LS_AGENT_TRAY_ACTION_QUIT "quit"

/* The menu of @networks (of LsAgentTrayNetwork) under @state_line. (transfer full) */
GMenu *ls_agent_tray_content_new (const GArray *networks, const char *state_line);

/* The name of the action that switches network @name. (transfer full) */
char *ls_agent_tray_content_dup_action (const char *name);

G_END_DECLS
