/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../ls-agent.h"

G_BEGIN_DECLS

/* The tray icon of an agent: shows how its networks are, switches them, opens the window. It
 * follows the agent's list by itself and goes away at the agent's "quit". */
#define LS_TYPE_AGENT_TRAY (ls_agent_tray_get_type ())
G_DECLARE_FINAL_TYPE (LsAgentTray, ls_agent_tray, LS, AGENT_TRAY, GObject)

/* Shows @agent on the session bus @connection, in whatever tray there is, now or later, until the
 * object is gone. NULL with the error of GDBus if the objects cannot be exported (there is a tray
 * on this connection already). */
LsAgentTray *ls_agent_tray_new (LsAgent *agent, GDBusConnection *connection, GError **error);

G_END_DECLS
