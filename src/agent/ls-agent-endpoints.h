/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-agent-plan.h"

G_BEGIN_DECLS

/* Which endpoint of each peer is in use: the first usable one, the next in turn while no handshake
 * succeeds. A peer with a fresh handshake is never disturbed: what WireGuard itself uses for it is
 * kept. Pure but for its own memory; times are seconds of any clock that does not go back. */
typedef struct _LsAgentEndpoints LsAgentEndpoints;

#define LS_AGENT_FRESH_SECONDS 180 /* a handshake counts as fresh up to this age */
#define LS_AGENT_ROTATE_SECONDS 10 /* an endpoint's time before the next is tried */
#define LS_AGENT_ROTATE_SECONDS_MAX 120 /* after some rounds without an answer */

LsAgentEndpoints *ls_agent_endpoints_new (void);
void ls_agent_endpoints_free (LsAgentEndpoints *self);

/* Takes over the candidates of @plan, forgets peers that are not in it, and sets each peer's
 * endpoint in the plan's tunnel. A peer whose candidates changed starts with the first of them
 * again, unless its handshake is fresh. */
void ls_agent_endpoints_apply_plan (LsAgentEndpoints *self, LsAgentPlan *plan, gint64 now);

/* Takes in what WireGuard reports (of LsPeerStatistics). @unix_now is the clock of its handshakes.
 */
void ls_agent_endpoints_observe (LsAgentEndpoints *self, const GArray *statistics, gint64 unix_now);

/* One peer that is to be reached elsewhere. */
typedef struct
{
  LsKey public_key;
  LsEndpoint endpoint;
} LsAgentEndpointChange;

/* The peers whose time is up: of LsAgentEndpointChange, empty if there are none. (transfer full) */
GArray *ls_agent_endpoints_rotate (LsAgentEndpoints *self, gint64 now);

/* Whether the last observed handshake of the peer is fresh. */
gboolean ls_agent_endpoints_is_fresh (const LsAgentEndpoints *self, const LsKey *public_key);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsAgentEndpoints, ls_agent_endpoints_free)

G_END_DECLS
