/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ls-helper-route-message.h"

#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#define MESSAGE_SIZE 1024

/* Highest attribute that is looked at in any of these messages. */
#define ATTRIBUTES_MAX 64

G_STATIC_ASSERT (IFLA_LINKINFO < ATTRIBUTES_MAX && RTA_TABLE < ATTRIBUTES_MAX
                 && FRA_PROTOCOL < ATTRIBUTES_MAX && IFA_FLAGS < ATTRIBUTES_MAX);

static struct nlmsghdr *
message_new (guint16 type, guint16 flags)
{
  struct nlmsghdr *header = mnl_nlmsg_put_header (g_malloc0 (MESSAGE_SIZE));

  header->nlmsg_type = type;
  header->nlmsg_flags = NLM_F_REQUEST | flags;
  return header;
}

static gsize
address_size (guint8 family)
{
  return family == AF_INET ? 4 : 16;
}

static struct ifinfomsg *
put_link (struct nlmsghdr *header, int index)
{
  struct ifinfomsg *body = mnl_nlmsg_put_extra_header (header, sizeof *body);

  body->ifi_family = AF_UNSPEC;
  body->ifi_index = index;
  return body;
}

struct nlmsghdr *
ls_helper_route_message_get_link (const char *interface)
{
  struct nlmsghdr *header = message_new (RTM_GETLINK, 0);

  put_link (header, 0);
  mnl_attr_put_strz (header, IFLA_IFNAME, interface);
  return header;
}

struct nlmsghdr *
ls_helper_route_message_dump_links (void)
{
  struct nlmsghdr *header = message_new (RTM_GETLINK, NLM_F_DUMP);

  put_link (header, 0);
  return header;
}

struct nlmsghdr *
ls_helper_route_message_add_link (const char *interface, const char *kind)
{
  struct nlmsghdr *header = message_new (RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);

  put_link (header, 0);
  mnl_attr_put_strz (header, IFLA_IFNAME, interface);
  struct nlattr *info = mnl_attr_nest_start (header, IFLA_LINKINFO);
  mnl_attr_put_strz (header, IFLA_INFO_KIND, kind);
  mnl_attr_nest_end (header, info);
  return header;
}

struct nlmsghdr *
ls_helper_route_message_delete_link (int index)
{
  struct nlmsghdr *header = message_new (RTM_DELLINK, 0);

  put_link (header, index);
  return header;
}

struct nlmsghdr *
ls_helper_route_message_set_mtu (int index, guint mtu)
{
  struct nlmsghdr *header = message_new (RTM_NEWLINK, 0);

  put_link (header, index);
  mnl_attr_put_u32 (header, IFLA_MTU, mtu);
  return header;
}

struct nlmsghdr *
ls_helper_route_message_set_up (int index)
{
  struct nlmsghdr *header = message_new (RTM_NEWLINK, 0);
  struct ifinfomsg *body = put_link (header, index);

  body->ifi_flags = IFF_UP;
  body->ifi_change = IFF_UP;
  return header;
}

struct nlmsghdr *
ls_helper_route_message_set_alias (int index, const char *alias)
{
  struct nlmsghdr *header = message_new (RTM_NEWLINK, 0);

  put_link (header, index);
  mnl_attr_put_str (header, IFLA_IFALIAS, alias);
  return header;
}

static struct ifaddrmsg *
put_address (struct nlmsghdr *header, int index, const LsPrefix *address)
{
  struct ifaddrmsg *body = mnl_nlmsg_put_extra_header (header, sizeof *body);

  body->ifa_index = index;
  if (address == NULL)
    return body;
  body->ifa_family = address->address.family;
  body->ifa_prefixlen = address->length;
  body->ifa_scope = RT_SCOPE_UNIVERSE;
  mnl_attr_put (header, IFA_LOCAL, address_size (address->address.family), address->address.bytes);
  mnl_attr_put (header, IFA_ADDRESS, address_size (address->address.family),
                address->address.bytes);
  return body;
}

struct nlmsghdr *
ls_helper_route_message_dump_addresses (int index)
{
  struct nlmsghdr *header = message_new (RTM_GETADDR, NLM_F_DUMP);

  put_address (header, index, NULL);
  return header;
}

/* No prefix route: all routes lie in our table. No duplicate address detection: a WireGuard link
 * has no neighbours to ask, and the address could not be used while it lasts. */
struct nlmsghdr *
ls_helper_route_message_add_address (int index, const LsPrefix *address)
{
  struct nlmsghdr *header = message_new (RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);

  put_address (header, index, address);
  mnl_attr_put_u32 (header, IFA_FLAGS, IFA_F_NOPREFIXROUTE | IFA_F_NODAD);
  return header;
}

struct nlmsghdr *
ls_helper_route_message_delete_address (int index, const LsPrefix *address)
{
  struct nlmsghdr *header = message_new (RTM_DELADDR, 0);

  put_address (header, index, address);
  return header;
}

struct nlmsghdr *
ls_helper_route_message_dump_routes (int family)
{
  struct nlmsghdr *header = message_new (RTM_GETROUTE, NLM_F_DUMP);
  struct rtmsg *body = mnl_nlmsg_put_extra_header (header, sizeof *body);

  body->rtm_family = family;
  mnl_attr_put_u32 (header, RTA_TABLE, LS_HELPER_ROUTE_TABLE);
  return header;
}

static struct nlmsghdr *
route_message (guint16 type, guint16 flags, int index, const LsPrefix *route)
{
  struct nlmsghdr *header = message_new (type, flags);
  struct rtmsg *body = mnl_nlmsg_put_extra_header (header, sizeof *body);

  body->rtm_family = route->address.family;
  body->rtm_dst_len = route->length;
  body->rtm_table = RT_TABLE_UNSPEC; /* the number does not fit: RTA_TABLE has it */
  body->rtm_protocol = LS_HELPER_ROUTE_PROTOCOL;
  body->rtm_scope = route->address.family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  body->rtm_type = RTN_UNICAST;
  mnl_attr_put (header, RTA_DST, address_size (route->address.family), route->address.bytes);
  mnl_attr_put_u32 (header, RTA_OIF, index);
  mnl_attr_put_u32 (header, RTA_TABLE, LS_HELPER_ROUTE_TABLE);
  return header;
}

struct nlmsghdr *
ls_helper_route_message_add_route (int index, const LsPrefix *route)
{
  return route_message (RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, index, route);
}

struct nlmsghdr *
ls_helper_route_message_delete_route (int index, const LsPrefix *route)
{
  return route_message (RTM_DELROUTE, 0, index, route);
}

struct nlmsghdr *
ls_helper_route_message_dump_rules (int family)
{
  struct nlmsghdr *header = message_new (RTM_GETRULE, NLM_F_DUMP);
  struct fib_rule_hdr *body = mnl_nlmsg_put_extra_header (header, sizeof *body);

  body->family = family;
  return header;
}

static struct nlmsghdr *
rule_message (guint16 type, guint16 flags, int family, guint8 protocol)
{
  struct nlmsghdr *header = message_new (type, flags);
  struct fib_rule_hdr *body = mnl_nlmsg_put_extra_header (header, sizeof *body);

  body->family = family;
  body->action = FR_ACT_TO_TBL;
  mnl_attr_put_u32 (header, FRA_PRIORITY, LS_HELPER_ROUTE_RULE_PRIORITY);
  mnl_attr_put_u32 (header, FRA_TABLE, LS_HELPER_ROUTE_TABLE);
  mnl_attr_put_u8 (header, FRA_PROTOCOL, protocol);
  return header;
}

struct nlmsghdr *
ls_helper_route_message_add_rule (int family)
{
  return rule_message (RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, family, LS_HELPER_ROUTE_PROTOCOL);
}

struct nlmsghdr *
ls_helper_route_message_delete_rule (int family, guint8 protocol)
{
  return rule_message (RTM_DELRULE, 0, family, protocol);
}

static int
collect_cb (const struct nlattr *attr, void *user_data)
{
  const struct nlattr **attributes = user_data;

  if (mnl_attr_get_type (attr) < ATTRIBUTES_MAX)
    attributes[mnl_attr_get_type (attr)] = attr;
  return MNL_CB_OK;
}

/* The fixed part of a message of @type, and its attributes by number; NULL if it is none. */
static const void *
open_message (const struct nlmsghdr *header, guint16 type, guint16 delete_type, gsize body_size,
              const struct nlattr **attributes)
{
  if ((header->nlmsg_type != type && header->nlmsg_type != delete_type)
      || mnl_nlmsg_get_payload_len (header) < body_size)
    return NULL;
  mnl_attr_parse (header, body_size, collect_cb, attributes);
  return mnl_nlmsg_get_payload (header);
}

static const char *
attribute_text (const struct nlattr *attr)
{
  if (attr == NULL || mnl_attr_validate (attr, MNL_TYPE_NUL_STRING) < 0)
    return "";
  return mnl_attr_get_str (attr);
}

static guint32
attribute_u32 (const struct nlattr *attr, guint32 fallback)
{
  if (attr == NULL || mnl_attr_validate (attr, MNL_TYPE_U32) < 0)
    return fallback;
  return mnl_attr_get_u32 (attr);
}

static gboolean
attribute_address (const struct nlattr *attr, guint8 family, LsAddress *out_address)
{
  *out_address = (LsAddress){ .family = family };
  if (family != AF_INET && family != AF_INET6)
    return FALSE;
  if (attr == NULL || mnl_attr_get_payload_len (attr) != address_size (family))
    return FALSE;
  memcpy (out_address->bytes, mnl_attr_get_payload (attr), address_size (family));
  return TRUE;
}

static const char *
link_kind (const struct nlattr *info)
{
  const struct nlattr *nested[ATTRIBUTES_MAX] = { NULL };

  if (info == NULL)
    return "";
  mnl_attr_parse_nested (info, collect_cb, nested);
  return attribute_text (nested[IFLA_INFO_KIND]);
}

LsHelperLink *
ls_helper_route_message_parse_link (const struct nlmsghdr *header)
{
  const struct nlattr *attributes[ATTRIBUTES_MAX] = { NULL };
  const struct ifinfomsg *body
      = open_message (header, RTM_NEWLINK, RTM_DELLINK, sizeof *body, attributes);

  if (body == NULL || attributes[IFLA_IFNAME] == NULL)
    return NULL;
  LsHelperLink *link = g_new0 (LsHelperLink, 1);
  link->index = body->ifi_index;
  link->up = (body->ifi_flags & IFF_UP) != 0;
  link->name = g_strdup (attribute_text (attributes[IFLA_IFNAME]));
  link->alias = g_strdup (attribute_text (attributes[IFLA_IFALIAS]));
  link->kind = g_strdup (link_kind (attributes[IFLA_LINKINFO]));
  link->mtu = attribute_u32 (attributes[IFLA_MTU], 0);
  return link;
}

gboolean
ls_helper_route_message_parse_address (const struct nlmsghdr *header, LsHelperAddress *out_address)
{
  const struct nlattr *attributes[ATTRIBUTES_MAX] = { NULL };
  const struct ifaddrmsg *body
      = open_message (header, RTM_NEWADDR, RTM_DELADDR, sizeof *body, attributes);

  if (body == NULL)
    return FALSE;
  /* IPv6 names its address IFA_ADDRESS unless there is a far end. */
  const struct nlattr *own
      = attributes[IFA_LOCAL] != NULL ? attributes[IFA_LOCAL] : attributes[IFA_ADDRESS];
  if (!attribute_address (own, body->ifa_family, &out_address->address.address))
    return FALSE;
  out_address->index = body->ifa_index;
  out_address->address.length = body->ifa_prefixlen;
  out_address->link_local = ls_address_is_link_local (&out_address->address.address);
  return TRUE;
}

gboolean
ls_helper_route_message_parse_route (const struct nlmsghdr *header, LsHelperTableRoute *out_route)
{
  const struct nlattr *attributes[ATTRIBUTES_MAX] = { NULL };
  const struct rtmsg *body
      = open_message (header, RTM_NEWROUTE, RTM_DELROUTE, sizeof *body, attributes);

  if (body == NULL || (body->rtm_flags & RTM_F_CLONED)
      || attribute_u32 (attributes[RTA_TABLE], body->rtm_table) != LS_HELPER_ROUTE_TABLE)
    return FALSE;
  *out_route = (LsHelperTableRoute){
    .destination.length = body->rtm_dst_len,
    .index = (int)attribute_u32 (attributes[RTA_OIF], 0),
    .protocol = body->rtm_protocol,
  };
  if (body->rtm_dst_len > (body->rtm_family == AF_INET ? 32 : 128))
    return FALSE;
  if (attributes[RTA_DST] == NULL)
    out_route->destination.address.family = body->rtm_family;
  else if (!attribute_address (attributes[RTA_DST], body->rtm_family,
                               &out_route->destination.address))
    return FALSE;
  return body->rtm_family == AF_INET || body->rtm_family == AF_INET6;
}

LsHelperRuleKind
ls_helper_route_message_parse_rule (const struct nlmsghdr *header, int family)
{
  const struct nlattr *attributes[ATTRIBUTES_MAX] = { NULL };
  const struct fib_rule_hdr *body
      = open_message (header, RTM_NEWRULE, RTM_DELRULE, sizeof *body, attributes);

  if (body == NULL || body->family != family
      || attribute_u32 (attributes[FRA_PRIORITY], 0) != LS_HELPER_ROUTE_RULE_PRIORITY)
    return LS_HELPER_RULE_OTHER;
  if (attribute_u32 (attributes[FRA_TABLE], body->table) != LS_HELPER_ROUTE_TABLE)
    return LS_HELPER_RULE_IN_THE_WAY;
  if (body->action != FR_ACT_TO_TBL || body->src_len != 0 || body->dst_len != 0
      || (body->flags & FIB_RULE_INVERT) || attributes[FRA_IIFNAME] != NULL
      || attributes[FRA_OIFNAME] != NULL || attribute_u32 (attributes[FRA_FWMARK], 0) != 0)
    return LS_HELPER_RULE_OTHER;
  const struct nlattr *protocol = attributes[FRA_PROTOCOL];
  if (protocol != NULL && mnl_attr_get_payload_len (protocol) == 1
      && mnl_attr_get_u8 (protocol) == LS_HELPER_ROUTE_PROTOCOL)
    return LS_HELPER_RULE_OURS;
  return LS_HELPER_RULE_EQUAL;
}
