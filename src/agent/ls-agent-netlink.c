/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-netlink.h"

#include <errno.h>
#include <gio/gio.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER_SIZE 65536

typedef void (*MessageFunc) (struct nlmsghdr *message, GArray *items);

static int
fail (int fd, GError **error)
{
  int saved = errno;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved), "netlink: %s", g_strerror (saved));
  if (fd >= 0)
    close (fd);
  return -1;
}

static int
open_socket (guint32 groups, int flags, GError **error)
{
  struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = groups };
  int fd = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | flags, NETLINK_ROUTE);

  if (fd < 0 || bind (fd, (struct sockaddr *)&address, sizeof address) != 0)
    return fail (fd, error);
  return fd;
}

static gboolean
send_dump (int fd, guint16 type)
{
  struct
  {
    struct nlmsghdr header;
    struct rtgenmsg body;
  } request = {
    .header = { .nlmsg_len = sizeof request,
                .nlmsg_type = type,
                .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                .nlmsg_seq = 1 },
    .body = { .rtgen_family = AF_UNSPEC },
  };
  struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

  return sendto (fd, &request, sizeof request, 0, (struct sockaddr *)&kernel, sizeof kernel) >= 0;
}

/* Whether the dump goes on after this datagram. */
static gboolean
parse_datagram (struct nlmsghdr *message, int length, MessageFunc func, GArray *items)
{
  for (; length > 0 && NLMSG_OK (message, (guint)length); message = NLMSG_NEXT (message, length))
    {
      if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR)
        return FALSE;
      if (items->len < LS_AGENT_NETLINK_ITEMS_MAX)
        func (message, items);
    }
  return TRUE;
}

static gboolean
receive_dump (int fd, MessageFunc func, GArray *items)
{
  g_autofree char *buffer = g_malloc (BUFFER_SIZE);

  while (TRUE)
    {
      struct sockaddr_nl sender = { 0 };
      socklen_t size = sizeof sender;
      gssize length = recvfrom (fd, buffer, BUFFER_SIZE, 0, (struct sockaddr *)&sender, &size);

      if (length < 0 && errno == EINTR)
        continue;
      if (length <= 0)
        return FALSE;
      /* SECURITY: any process may send to a netlink socket; only the kernel is port 0. */
      if (sender.nl_pid == 0 && !parse_datagram ((struct nlmsghdr *)buffer, length, func, items))
        return TRUE;
    }
}

static GArray *
dump (guint16 type, MessageFunc func, gsize item_size, GError **error)
{
  g_autoptr (GArray) items = g_array_new (FALSE, TRUE, item_size);
  int fd = open_socket (0, 0, error);

  if (fd < 0)
    return NULL;
  if (!send_dump (fd, type) || !receive_dump (fd, func, items))
    {
      fail (fd, error);
      return NULL;
    }
  close (fd);
  return g_steal_pointer (&items);
}

static gboolean
read_address (guint8 family, struct rtattr *attribute, LsAddress *out_address)
{
  gsize size = family == AF_INET ? 4 : 16;

  if ((family != AF_INET && family != AF_INET6) || RTA_PAYLOAD (attribute) != size)
    return FALSE;
  out_address->family = family;
  memcpy (out_address->bytes, RTA_DATA (attribute), size);
  return TRUE;
}

static void
parse_address (struct nlmsghdr *message, GArray *items)
{
  struct ifaddrmsg *body = NLMSG_DATA (message);
  LsAgentNetlinkAddress item;
  int length = IFA_PAYLOAD (message);
  gboolean local = FALSE;

  memset (&item, 0, sizeof item); /* items are compared as bytes */
  item.interface = body->ifa_index;
  item.scope = body->ifa_scope;
  item.flags = body->ifa_flags;
  item.prefix.length = body->ifa_prefixlen;
  if (message->nlmsg_type != RTM_NEWADDR)
    return;
  /* IFA_LOCAL is this end of a point-to-point link, IFA_ADDRESS then the other. */
  for (struct rtattr *a = IFA_RTA (body); RTA_OK (a, length); a = RTA_NEXT (a, length))
    if (a->rta_type == IFA_LOCAL)
      local = read_address (body->ifa_family, a, &item.prefix.address);
    else if (a->rta_type == IFA_ADDRESS && !local)
      read_address (body->ifa_family, a, &item.prefix.address);
    else if (a->rta_type == IFA_FLAGS && RTA_PAYLOAD (a) == sizeof item.flags)
      memcpy (&item.flags, RTA_DATA (a), sizeof item.flags);
  if (item.prefix.address.family != 0
      && item.prefix.length <= ls_address_bits (&item.prefix.address))
    g_array_append_val (items, item);
}

static void
parse_route (struct nlmsghdr *message, GArray *items)
{
  struct rtmsg *body = NLMSG_DATA (message);
  LsAgentNetlinkRoute item;
  int length = RTM_PAYLOAD (message);
  guint32 table = body->rtm_table;

  memset (&item, 0, sizeof item);
  item.prefix.address.family = body->rtm_family;
  item.prefix.length = body->rtm_dst_len;
  if (message->nlmsg_type != RTM_NEWROUTE || body->rtm_type != RTN_UNICAST
      || (body->rtm_family != AF_INET && body->rtm_family != AF_INET6))
    return;
  for (struct rtattr *a = RTM_RTA (body); RTA_OK (a, length); a = RTA_NEXT (a, length))
    if (a->rta_type == RTA_DST)
      read_address (body->rtm_family, a, &item.prefix.address);
    else if (a->rta_type == RTA_GATEWAY)
      read_address (body->rtm_family, a, &item.gateway);
    else if (a->rta_type == RTA_TABLE && RTA_PAYLOAD (a) == sizeof table)
      memcpy (&table, RTA_DATA (a), sizeof table);
    else if (a->rta_type == RTA_OIF && RTA_PAYLOAD (a) == sizeof item.interface)
      memcpy (&item.interface, RTA_DATA (a), sizeof item.interface);
  if (table == RT_TABLE_MAIN && item.prefix.length <= ls_address_bits (&item.prefix.address))
    g_array_append_val (items, item);
}

GArray *
ls_agent_netlink_dump_addresses (GError **error)
{
  return dump (RTM_GETADDR, parse_address, sizeof (LsAgentNetlinkAddress), error);
}

GArray *
ls_agent_netlink_dump_routes (GError **error)
{
  return dump (RTM_GETROUTE, parse_route, sizeof (LsAgentNetlinkRoute), error);
}

int
ls_agent_netlink_open_monitor (GError **error)
{
  return open_socket (RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE
                          | RTMGRP_IPV6_ROUTE,
                      SOCK_NONBLOCK, error);
}

void
ls_agent_netlink_drain_monitor (int fd)
{
  char buffer[8192];

  /* ENOBUFS only says that messages were lost: everything is read anew anyway. */
  while (recv (fd, buffer, sizeof buffer, 0) > 0 || errno == ENOBUFS || errno == EINTR)
    ;
}
