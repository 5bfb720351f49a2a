/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-helper-route.h"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include "ls-helper-route-message.h"
#include "ls-helper-route-private.h"

/* What the kernel tells of the network without being asked. */

static int
message_family (const struct nlmsghdr *message)
{
  return *(const unsigned char *)NLMSG_DATA (message);
}

static void
tell_link (LsHelperRoute *self, const struct nlmsghdr *header)
{
  g_autoptr (LsHelperLink) link = ls_helper_route_message_parse_link (header);

  if (link != NULL && message_family (header) == AF_UNSPEC)
    ls_helper_route_emit_link (self, link->name, header->nlmsg_type != RTM_DELLINK, link->up);
}

/* With its link an address or route goes too: that is told as a link that went. */
static void
tell_drift_of (LsHelperRoute *self, int index)
{
  char name[IF_NAMESIZE];

  if (if_indextoname (index, name) != NULL)
    ls_helper_route_emit_drift (self, name);
}

static void
tell_address (LsHelperRoute *self, const struct nlmsghdr *header)
{
  LsHelperAddress address;

  if (ls_helper_route_message_parse_address (header, &address) && !address.link_local)
    tell_drift_of (self, address.index);
}

/* In our table NetworkManager's routes for our links are as good as ours. */
static void
tell_route (LsHelperRoute *self, const struct nlmsghdr *header)
{
  LsHelperTableRoute route;

  if (ls_helper_route_message_parse_route (header, &route))
    tell_drift_of (self, route.index);
}

static void
tell_rule (LsHelperRoute *self, const struct nlmsghdr *header)
{
  LsHelperRuleKind kind = ls_helper_route_message_parse_rule (header, message_family (header));

  if (kind == LS_HELPER_RULE_OURS || kind == LS_HELPER_RULE_EQUAL)
    ls_helper_route_emit_drift (self, NULL);
}

static void
message_cb (LsHelperRoute *self, GBytes *bytes)
{
  const struct nlmsghdr *header = g_bytes_get_data (bytes, NULL);

  if (mnl_nlmsg_get_payload_len (header) < 1)
    return;
  switch (header->nlmsg_type)
    {
    case RTM_DELADDR:
      tell_address (self, header);
      break;
    case RTM_DELROUTE:
      tell_route (self, header);
      break;
    case RTM_DELRULE:
      tell_rule (self, header);
      break;
    case RTM_NEWLINK:
    case RTM_DELLINK:
      tell_link (self, header);
      break;
    default:
      break;
    }
}

static void
overrun_cb (LsHelperRoute *self)
{
  ls_helper_route_emit_drift (self, NULL);
}

gboolean
ls_helper_route_watch_links (LsHelperRoute *self, GError **error)
{
  static const guint groups[]
      = { RTNLGRP_LINK,       RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
          RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE,   RTNLGRP_IPV6_RULE };

  if (ls_helper_route_get_watch (self) != NULL)
    return TRUE;
  g_autoptr (LsHelperNetlink) watch = ls_helper_netlink_new (NETLINK_ROUTE, error);
  if (watch == NULL)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    if (!ls_helper_netlink_join (watch, groups[i], error))
      return FALSE;
  ls_helper_route_set_watch (self, watch);
  g_signal_connect_swapped (watch, "message", G_CALLBACK (message_cb), self);
  g_signal_connect_swapped (watch, "overrun", G_CALLBACK (overrun_cb), self);
  return TRUE;
}
