/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "ls-agent-prefix-set.h"

G_BEGIN_DECLS

/* What this machine's networks are, read from rtnetlink without privilege and followed by its
 * signals: addresses, routes and gateways that are not of our tunnels, and the resolvers.
 * "changed" is emitted, once per burst, when any of it became different. */
#define LS_TYPE_AGENT_LOCAL (ls_agent_local_get_type ())
G_DECLARE_FINAL_TYPE (LsAgentLocal, ls_agent_local, LS, AGENT_LOCAL, GObject)

LsAgentLocal *ls_agent_local_new (void);

/* Adds the local networks, gateways and resolvers to @set, with labels for people. */
void ls_agent_local_add_networks (LsAgentLocal *self, LsAgentPrefixSet *set);

/* Adds the machine's own addresses to @set. */
void ls_agent_local_add_addresses (LsAgentLocal *self, LsAgentPrefixSet *set);

/* The addresses at which others may reach this machine, as "ADDRESS:PORT" texts: global and
 * private ones, no temporary IPv6 ones, at most 16. (transfer full) */
GStrv ls_agent_local_dup_endpoints (LsAgentLocal *self, guint16 port);

G_END_DECLS
