/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-helper-route-message.h"

G_BEGIN_DECLS

/* What is (from dumps) and what is wanted, and the fewest messages from one to the other. Pure. */

/* Index of a family in arrays of two. */
#define LS_HELPER_FAMILY_INDEX(family) ((family) == AF_INET6 ? 1 : 0)

typedef struct
{
  LsHelperLink *link; /* NULL: there is none */
  GArray *addresses; /* of LsHelperAddress, those of the link */
  GArray *routes; /* of LsHelperTableRoute, the whole table */
  LsHelperRuleKind rules[2]; /* by family; LS_HELPER_RULE_OTHER: none */
  gboolean no_ipv6; /* this machine or link has no IPv6 */
} LsHelperRouteState;

void ls_helper_route_state_init (LsHelperRouteState *state);
void ls_helper_route_state_clear (LsHelperRouteState *state);

/* Keeps what says most about our rule: ours, then an equal one, then one in the way. */
void ls_helper_route_state_add_rule (LsHelperRouteState *state, int family, LsHelperRuleKind kind);

/* Whether the link is there, up and ours. */
gboolean ls_helper_route_state_can_be_mended (const LsHelperRouteState *state);

/* Whether the link has these addresses and routes, whoever made them; also if it is not one to be
 * mended. */
gboolean ls_helper_route_state_has (const LsHelperRouteState *state, const GArray *addresses,
                                    const GArray *routes);

/* Arrays of messages (struct nlmsghdr, freed with the array), in the order to be sent; empty if
 * all is as wanted. */
GPtrArray *ls_helper_route_plan_apply (const LsHelperRouteState *state, guint mtu,
                                       const GArray *addresses, const GArray *routes);
GPtrArray *ls_helper_route_plan_mend (const LsHelperRouteState *state, const GArray *addresses,
                                      const GArray *routes);
GPtrArray *ls_helper_route_plan_remove (const LsHelperRouteState *state, gboolean delete_link);
GPtrArray *ls_helper_route_plan_rules (const LsHelperRouteState *state, gboolean wanted);

G_END_DECLS
