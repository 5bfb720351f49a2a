/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-prefix.h"

G_BEGIN_DECLS

/* Why @prefix can never be a route of a tunnel, whatever this machine's networks are: too wide
 * (a default route in disguise), or reserved addresses. NULL if it can. Translated. */
const char *ls_agent_route_check (const LsPrefix *prefix);

/* How much of its family @prefix takes, in 1/65536 of what all routes together may take; those
 * together may take one sixteenth of IPv4, resp. a /12 of IPv6. */
#define LS_AGENT_ROUTE_SHARE_MAX 65536
double ls_agent_route_share (const LsPrefix *prefix);

G_END_DECLS
