/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-control-client.h"

G_BEGIN_DECLS

/* Keeps in touch with the control plane for one node: a long poll of the netmap, and while the
 * tunnel is up a heartbeat every 30 s. After a failure it tries again, ever more rarely, with
 * jitter; nothing else wakes it. What answers a question of an earlier run is dropped.
 *
 * Signals:
 *   "netmap" (LsNetmap*, as pointer)   an answer; often nothing in it has changed
 *   "failed" (GError*)                 the control plane did not answer, or refused
 */
#define LS_TYPE_AGENT_CONTROL_LOOP (ls_agent_control_loop_get_type ())
G_DECLARE_FINAL_TYPE (LsAgentControlLoop, ls_agent_control_loop, LS, AGENT_CONTROL_LOOP, GObject)

/* How much there is to say. */
typedef enum
{
  LS_AGENT_CONTROL_OFF,
  LS_AGENT_CONTROL_WATCH, /* the tunnel is down: follow what the network says of this device */
  LS_AGENT_CONTROL_WAIT, /* waiting for approval: follow it closely */
  LS_AGENT_CONTROL_ACTIVE, /* the tunnel is up: say so, and follow it closely */
} LsAgentControlMode;

LsAgentControlLoop *ls_agent_control_loop_new (void);

/* Starts again with @client and @node_id; NULL for both: there is nobody to talk to. */
void ls_agent_control_loop_set_node (LsAgentControlLoop *self, LsControlClient *client,
                                     const char *node_id);
void ls_agent_control_loop_set_mode (LsAgentControlLoop *self, LsAgentControlMode mode);

/* What the next heartbeats say. @endpoints: "ADDRESS:PORT" texts. A change is told at once. */
void ls_agent_control_loop_set_endpoints (LsAgentControlLoop *self, const char *const *endpoints,
                                          guint16 listen_port);

/* Asks at once: the network changed, or somebody wants to know. */
void ls_agent_control_loop_kick (LsAgentControlLoop *self);

/* Seconds to wait after @failures failures in a row: doubling from 1 to 120, then a random quarter
 * more or less; @random is 0 to 1. Pure. */
double ls_agent_control_backoff (guint failures, double random);

G_END_DECLS
