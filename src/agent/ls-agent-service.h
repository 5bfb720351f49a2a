/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-agent.h"

G_BEGIN_DECLS

/* The D-Bus API org.lightscale.Agent1 of an agent: the manager and one object per profile. Who may
 * call is the bus's business: the user's own session, resp. root and the group lightscale. */
#define LS_TYPE_AGENT_SERVICE (ls_agent_service_get_type ())
G_DECLARE_FINAL_TYPE (LsAgentService, ls_agent_service, LS, AGENT_SERVICE, GObject)

/* Exports @agent on @bus until the object is gone. NULL with the error of GDBus if that path is in
 * use. */
LsAgentService *ls_agent_service_new (LsAgent *agent, GDBusConnection *bus, GError **error);

G_END_DECLS
