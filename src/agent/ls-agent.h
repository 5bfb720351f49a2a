/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-agent-profile.h"

G_BEGIN_DECLS

/* The application: a GListModel of LsAgentProfile, sorted by name. The tray holds one reference and
 * uses the list and the functions below; everything runs on the main loop.
 *
 * Signal "quit" (void): the agent has taken its tunnels down, the program is to end. Whoever shows
 * something of it goes away then. */
#define LS_TYPE_AGENT (ls_agent_get_type ())
G_DECLARE_FINAL_TYPE (LsAgent, ls_agent, LS, AGENT, GObject)

/* Takes all tunnels down, then emits "quit"; a tunnel that cannot be taken down (no helper) does
 * not hold it up. What was on is remembered and comes back at the next start. A second call changes
 * nothing. */
void ls_agent_quit (LsAgent *self);

G_END_DECLS
