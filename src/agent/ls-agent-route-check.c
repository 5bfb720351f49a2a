/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-route-check.h"

#include <glib/gi18n-lib.h>
#include <sys/socket.h>

#define SHARE_LENGTH_V4 4
#define SHARE_LENGTH_V6 12

/* RFC 6890: "this network", loopback, link-local, multicast, reserved; never behind a tunnel. */
static const char *const reserved[] = {
  "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4",
  "::/128",    "::1/128",     "fe80::/10",      "ff00::/8",
};

/* A prefix that holds all mapped IPv4 addresses or lies among them; the parser unmaps single
 * addresses, not prefixes. */
static gboolean
overlaps_mapped (const LsPrefix *prefix)
{
  LsPrefix mapped = { .address = { .family = AF_INET6 }, .length = 96 };

  mapped.address.bytes[10] = mapped.address.bytes[11] = 0xff;
  return ls_prefix_overlaps (prefix, &mapped);
}

const char *
ls_agent_route_check (const LsPrefix *prefix)
{
  guint shortest
      = prefix->address.family == AF_INET ? LS_AGENT_ROUTE_MIN_V4 : LS_AGENT_ROUTE_MIN_V6;

  if (prefix->length < shortest)
    return _ ("It takes so much of the internet that it is an exit route, and no exit node is "
              "chosen.");
  for (guint i = 0; i < G_N_ELEMENTS (reserved); i++)
    {
      LsPrefix other;

      if (ls_prefix_parse (reserved[i], &other, NULL) && ls_prefix_overlaps (prefix, &other))
        return _ ("These addresses are reserved and never belong to a network.");
    }
  if (prefix->address.family == AF_INET6 && overlaps_mapped (prefix))
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
