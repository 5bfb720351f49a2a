/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-agent-ipc.h"
#include "ls-agent.h"

G_BEGIN_DECLS

/* The interface org.lightscale.Agent1.Profile of @profile, which is one of @agent's: properties by
 * binding, methods by action. (transfer full) */
LsAgentIpcProfile *ls_agent_service_profile_new (LsAgent *agent, LsAgentProfile *profile);

/* Ends @invocation with @error, which is taken: always one of LS_ERROR, so that callers know its
 * code. */
void ls_agent_service_return_error (GDBusMethodInvocation *invocation, GError *error);

G_END_DECLS
