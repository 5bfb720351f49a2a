/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-agent-prefix-set.h"
#include "ls-control-types.h"
#include "ls-tunnel.h"

G_BEGIN_DECLS

/* SECURITY: a netmap comes from a server, and through it from every device of the network; any of
 * them may be hostile. This is the one place where it becomes addresses, routes and peers. Nothing
 * in it can take the default route, the local networks, the gateway, the resolver, the control
 * plane or another network of ours. Pure: no I/O, the same input gives the same plan. */

#define LS_AGENT_PLAN_ENDPOINTS_MAX 16 /* per peer */
#define LS_AGENT_PLAN_LEFT_OUT_MAX 200 /* items that are told; the last one counts the rest */

typedef struct
{
  const LsNetmap *netmap;
  const LsKey *private_key;
  guint16 listen_port;
  guint16 mtu; /* 0: the default */
  LsBackendKind backend;
  /* What must stay reachable outside of the tunnel, by prefix: the machine's networks, gateway and
   * resolvers, the control plane's addresses, the other networks. The labels say what each is. */
  const LsAgentPrefixSet *keep_out;
  const LsAgentPrefixSet *own_addresses; /* of this machine, outside of our tunnels */
} LsAgentPlanInput;

/* A peer that is part of the tunnel. */
typedef struct
{
  const LsNode *node; /* borrowed from the netmap */
  LsTunnelPeer *entry; /* borrowed from the tunnel */
  GArray *endpoints; /* of LsEndpoint, usable ones, in the netmap's order */
} LsAgentPlanPeer;

/* Something of the netmap that is not used, in words for people. */
typedef struct
{
  char *subject;
  char *reason;
} LsAgentLeftOut;

typedef struct
{
  LsNetmap *netmap; /* keeps the nodes alive */
  LsTunnel *tunnel; /* peers have the first of their endpoints */
  GPtrArray *peers; /* of LsAgentPlanPeer, in the netmap's order (by id) */
  GPtrArray *left_out; /* of LsAgentLeftOut */
} LsAgentPlan;

/* An address family whose addresses this machine's networks use already is left out. Fails with
 * LS_ERROR_CONFLICT if no family is left for that reason, with LS_ERROR_CONTROL_PROTOCOL if the
 * server gave no usable address. */
LsAgentPlan *ls_agent_plan_new (const LsAgentPlanInput *input, GError **error);
void ls_agent_plan_free (LsAgentPlan *plan);

/* The left-out items as a(ss), floating. */
GVariant *ls_agent_plan_left_out_to_variant (const LsAgentPlan *plan);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsAgentPlan, ls_agent_plan_free)

G_END_DECLS
