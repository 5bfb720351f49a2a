/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-control-types.h"

G_BEGIN_DECLS

/* What of two netmaps of one node differs and matters: not the revision, the time, last_seen or the
 * order of anything. */
typedef struct
{
  gboolean network; /* the network's own values */
  gboolean node; /* this device: name, addresses, approval, tags… */
  GPtrArray *online; /* ids of peers that only went online or offline; borrowed from the newer */
  GPtrArray *changed; /* ids of peers that came or changed; borrowed from the newer netmap */
  GPtrArray *removed; /* ids of peers that went; borrowed from the older one */
} LsAgentDiff;

/* @older NULL: everything is new. Both netmaps must outlive the result. */
LsAgentDiff *ls_agent_diff_new (const LsNetmap *older, const LsNetmap *newer);
void ls_agent_diff_free (LsAgentDiff *diff);

/* Whether anything material differs; a peer that went online does not. */
gboolean ls_agent_diff_is_material (const LsAgentDiff *diff);

/* Seconds for which a node counts as online after the server heard from it. */
#define LS_AGENT_ONLINE_SECONDS 120

/* Whether @peer is online by what the server of @netmap says. */
gboolean ls_agent_peer_is_online (const LsNetmap *netmap, const LsNode *peer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsAgentDiff, ls_agent_diff_free)

G_END_DECLS
