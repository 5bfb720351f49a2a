/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-agent-helper.h"

G_BEGIN_DECLS

/* One tunnel as the agent wants it, kept so at the helper with the fewest calls: the whole of it
 * when it is new or the helper was restarted, only the peers or only the endpoints that changed
 * otherwise, and nothing when nothing changed. One call at a time; the last wish wins.
 *
 * Signals:
 *   "applied" (interface s, backend s, port u)  the helper has made it
 *   "failed" (GError*)    the last wish could not be carried out; it is tried again, ever more
 *                         rarely, unless it was a refusal
 *   "lost" (void)         somebody else took it down; it is not wanted any more
 *   "statistics" (void)   they were read again
 *
 * Statistics are read every second while bytes move or somebody looks, every 5 s while it is idle,
 * never while it is down. */
#define LS_TYPE_AGENT_TUNNEL (ls_agent_tunnel_get_type ())
G_DECLARE_FINAL_TYPE (LsAgentTunnel, ls_agent_tunnel, LS, AGENT_TUNNEL, GObject)

LsAgentTunnel *ls_agent_tunnel_new (LsAgentHelper *helper, const char *name);

/* Wants @tunnel (copied). @interactive: see ls_agent_helper_apply_async(). */
void ls_agent_tunnel_want (LsAgentTunnel *self, const LsTunnel *tunnel, gboolean interactive);

/* Wants no tunnel; ends when there is none. LS_ERROR of the helper if it could not be removed. */
void ls_agent_tunnel_remove_async (LsAgentTunnel *self, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer user_data);
gboolean ls_agent_tunnel_remove_finish (LsAgentTunnel *self, GAsyncResult *result, GError **error);

/* Whether the helper has made what is wanted. */
gboolean ls_agent_tunnel_is_applied (LsAgentTunnel *self);

/* The tunnel that is wanted, or NULL. (transfer none) */
const LsTunnel *ls_agent_tunnel_get_wanted (LsAgentTunnel *self);

/* What WireGuard counted last: of LsPeerStatistics, or NULL. (transfer none) */
const GArray *ls_agent_tunnel_get_statistics (LsAgentTunnel *self);

/* Somebody looks at the statistics, or waits for a handshake. */
void ls_agent_tunnel_set_watched (LsAgentTunnel *self, gboolean watched);

G_END_DECLS
