/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <linux/netlink.h>

#include "ls-helper-route.h"
#include "ls-prefix.h"

G_BEGIN_DECLS

/* rtnetlink messages (rtnetlink(7)), built and read without any I/O. Builders return a message to
 * be freed with g_free(); the sender sets sequence number and NLM_F_ACK. */

struct nlmsghdr *ls_helper_route_message_get_link (const char *interface);
struct nlmsghdr *ls_helper_route_message_dump_links (void);
struct nlmsghdr *ls_helper_route_message_add_link (const char *interface, const char *kind);
struct nlmsghdr *ls_helper_route_message_delete_link (int index);
struct nlmsghdr *ls_helper_route_message_set_mtu (int index, guint mtu);
struct nlmsghdr *ls_helper_route_message_set_up (int index);
struct nlmsghdr *ls_helper_route_message_set_alias (int index, const char *alias);

struct nlmsghdr *ls_helper_route_message_dump_addresses (int index);
struct nlmsghdr *ls_helper_route_message_add_address (int index, const LsPrefix *address);
struct nlmsghdr *ls_helper_route_message_delete_address (int index, const LsPrefix *address);

/* Routes of our table; @family AF_INET or AF_INET6. */
struct nlmsghdr *ls_helper_route_message_dump_routes (int family);
struct nlmsghdr *ls_helper_route_message_add_route (int index, const LsPrefix *route);
struct nlmsghdr *ls_helper_route_message_delete_route (int index, const LsPrefix *route);

struct nlmsghdr *ls_helper_route_message_dump_rules (int family);
struct nlmsghdr *ls_helper_route_message_add_rule (int family);
struct nlmsghdr *ls_helper_route_message_delete_rule (int family, guint8 protocol);

/* An IP address of a link. */
typedef struct
{
  int index;
  LsPrefix address;
  gboolean link_local; /* made by the kernel: not ours */
} LsHelperAddress;

/* A route of our table. */
typedef struct
{
  LsPrefix destination;
  int index; /* of its link; 0 if it has none or several */
  guint8 protocol;
} LsHelperTableRoute;

typedef enum
{
  LS_HELPER_RULE_OTHER, /* none of our business */
  LS_HELPER_RULE_EQUAL, /* does what ours does, but somebody else made it */
  LS_HELPER_RULE_OURS,
  LS_HELPER_RULE_IN_THE_WAY, /* has our priority and looks up another table */
} LsHelperRuleKind;

/* FALSE (link: NULL) if the message is not of that kind or makes no sense. @family AF_INET or
 * AF_INET6. parse_route: FALSE for a route of another table or with a prefix that we never make. */
LsHelperLink *ls_helper_route_message_parse_link (const struct nlmsghdr *header);
gboolean
ls_helper_route_message_parse_address (const struct nlmsghdr *header, LsHelperAddress *out_address);
gboolean
ls_helper_route_message_parse_route (const struct nlmsghdr *header, LsHelperTableRoute *out_route);
LsHelperRuleKind ls_helper_route_message_parse_rule (const struct nlmsghdr *header, int family);

G_END_DECLS
