/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-route-check.h"

#include <glib/gi18n-lib.h>
#include <sys/socket.h>

#include "ls-tunnel.h"

#define SHARE_LENGTH_V4 4
#define SHARE_LENGTH_V6 12

const char *
ls_agent_route_check (const LsPrefix *prefix)
{
  guint shortest
      = prefix->address.family == AF_INET ? LS_TUNNEL_PREFIX_MIN_V4 : LS_TUNNEL_PREFIX_MIN_V6;

  if (prefix->length < shortest)
    return _ ("It takes so much of the internet that it is an exit route, and no exit node is "
              "chosen.");
  if (ls_prefix_is_reserved (prefix))
    return _ ("These addresses are reserved and never belong to a network.");
  return NULL;
}

double
ls_agent_route_share (const LsPrefix *prefix)
{
  int budget = prefix->address.family == AF_INET ? SHARE_LENGTH_V4 : SHARE_LENGTH_V6;
  double share = LS_AGENT_ROUTE_SHARE_MAX;

  for (int length = budget; length < prefix->length; length++)
    share /= 2;
  for (int length = prefix->length; length < budget; length++)
    share *= 2;
  return share;
}
