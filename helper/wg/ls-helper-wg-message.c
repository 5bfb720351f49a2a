/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ls-helper-wg-message.h"

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <netinet/in.h>
#include <string.h>

/* More than a peer without its allowed IPs, and more than one allowed IP, takes with its nests. */
#define PEER_ROOM 256
#define ALLOWED_IP_ROOM 64

G_STATIC_ASSERT (WG_KEY_LEN == LS_KEY_SIZE);

void
ls_helper_wg_message_free (struct nlmsghdr *message)
{
  explicit_bzero (message, message->nlmsg_len);
  g_free (message);
}

static struct nlmsghdr *
new_message (guint16 type, guint16 flags, guint8 command, guint8 version)
{
  struct nlmsghdr *message = mnl_nlmsg_put_header (g_malloc0 (LS_HELPER_WG_MESSAGE_MAX));
  struct genlmsghdr *generic = mnl_nlmsg_put_extra_header (message, sizeof *generic);

  message->nlmsg_type = type;
  message->nlmsg_flags = NLM_F_REQUEST | flags;
  generic->cmd = command;
  generic->version = version;
  return message;
}

struct nlmsghdr *
ls_helper_wg_message_get_family (void)
{
  struct nlmsghdr *message = new_message (GENL_ID_CTRL, 0, CTRL_CMD_GETFAMILY, 1);

  mnl_attr_put_strz (message, CTRL_ATTR_FAMILY_NAME, WG_GENL_NAME);
  return message;
}

struct nlmsghdr *
ls_helper_wg_message_get_device (const char *interface)
{
  struct nlmsghdr *message = new_message (0, NLM_F_DUMP, WG_CMD_GET_DEVICE, WG_GENL_VERSION);

  mnl_attr_put_strz (message, WGDEVICE_A_IFNAME, interface);
  return message;
}

/* The messages under construction: the last one has the nest of peers open. */
typedef struct
{
  const char *interface;
  GPtrArray *messages;
  struct nlmsghdr *message;
  struct nlattr *peers;
} Writer;

static void
writer_end_message (Writer *writer)
{
  if (writer->peers != NULL)
    mnl_attr_nest_end (writer->message, writer->peers);
  writer->peers = NULL;
  writer->message = NULL;
}

static void
writer_begin_message (Writer *writer)
{
  writer_end_message (writer);
  writer->message = new_message (0, 0, WG_CMD_SET_DEVICE, WG_GENL_VERSION);
  mnl_attr_put_strz (writer->message, WGDEVICE_A_IFNAME, writer->interface);
  g_ptr_array_add (writer->messages, writer->message);
}

static gboolean
writer_has_room (const Writer *writer, gsize size)
{
  return writer->message->nlmsg_len + size <= LS_HELPER_WG_MESSAGE_MAX;
}

/* Begins a peer where there is room for it. */
static struct nlattr *
writer_begin_peer (Writer *writer, const LsKey *public_key, guint32 flags)
{
  struct nlattr *nest;

  if (!writer_has_room (writer, PEER_ROOM + ALLOWED_IP_ROOM))
    writer_begin_message (writer);
  if (writer->peers == NULL)
    writer->peers = mnl_attr_nest_start (writer->message, WGDEVICE_A_PEERS);
  nest = mnl_attr_nest_start (writer->message, 0);
  mnl_attr_put (writer->message, WGPEER_A_PUBLIC_KEY, LS_KEY_SIZE, public_key->bytes);
  if (flags != 0)
    mnl_attr_put_u32 (writer->message, WGPEER_A_FLAGS, flags);
  return nest;
}

static void
put_endpoint (struct nlmsghdr *message, const LsEndpoint *endpoint)
{
  if (endpoint->address.family == AF_INET)
    {
      struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons (endpoint->port) };
      memcpy (&address.sin_addr, endpoint->address.bytes, sizeof address.sin_addr);
      mnl_attr_put (message, WGPEER_A_ENDPOINT, sizeof address, &address);
    }
  else
    {
      struct sockaddr_in6 address
          = { .sin6_family = AF_INET6, .sin6_port = htons (endpoint->port) };
      memcpy (&address.sin6_addr, endpoint->address.bytes, sizeof address.sin6_addr);
      mnl_attr_put (message, WGPEER_A_ENDPOINT, sizeof address, &address);
    }
}

static void
put_allowed_ip (struct nlmsghdr *message, const LsPrefix *prefix)
{
  struct nlattr *nest = mnl_attr_nest_start (message, 0);
  guint family = prefix->address.family;

  mnl_attr_put_u16 (message, WGALLOWEDIP_A_FAMILY, family);
  mnl_attr_put (message, WGALLOWEDIP_A_IPADDR, family == AF_INET ? 4 : 16, prefix->address.bytes);
  mnl_attr_put_u8 (message, WGALLOWEDIP_A_CIDR_MASK, prefix->length);
  mnl_attr_nest_end (message, nest);
}

/* Writes the allowed IPs into the open nest *@peer. When a message is full the peer is continued in
 * the next one, by its key alone. */
static void
writer_put_allowed_ips (Writer *writer, const LsTunnelPeer *peer, struct nlattr **nest)
{
  struct nlattr *list = mnl_attr_nest_start (writer->message, WGPEER_A_ALLOWEDIPS);

  for (guint i = 0; i < peer->allowed_ips->len; i++)
    {
      if (!writer_has_room (writer, ALLOWED_IP_ROOM))
        {
          mnl_attr_nest_end (writer->message, list);
          mnl_attr_nest_end (writer->message, *nest);
          writer_begin_message (writer);
          *nest = writer_begin_peer (writer, &peer->public_key, WGPEER_F_UPDATE_ONLY);
          list = mnl_attr_nest_start (writer->message, WGPEER_A_ALLOWEDIPS);
        }
      put_allowed_ip (writer->message, &g_array_index (peer->allowed_ips, LsPrefix, i));
    }
  mnl_attr_nest_end (writer->message, list);
}

static guint32
flags_for_parts (LsHelperWgParts parts)
{
  guint32 flags = 0;

  if (parts & LS_HELPER_WG_REMOVE)
    flags |= WGPEER_F_REMOVE_ME;
  if (parts & LS_HELPER_WG_UPDATE_ONLY)
    flags |= WGPEER_F_UPDATE_ONLY;
  if (parts & LS_HELPER_WG_ALLOWED_IPS)
    flags |= WGPEER_F_REPLACE_ALLOWEDIPS;
  return flags;
}

static void
writer_put_peer (Writer *writer, const LsHelperWgPeerChange *change)
{
  static const LsKey none = { { 0 } };
  const LsTunnelPeer *peer = change->peer;
  struct nlattr *nest
      = writer_begin_peer (writer, &change->public_key, flags_for_parts (change->parts));

  if (change->parts & LS_HELPER_WG_PRESHARED_KEY)
    mnl_attr_put (writer->message, WGPEER_A_PRESHARED_KEY, LS_KEY_SIZE,
                  peer->has_preshared_key ? peer->preshared_key.bytes : none.bytes);
  if (change->parts & LS_HELPER_WG_ENDPOINT)
    put_endpoint (writer->message, &peer->endpoint);
  if (change->parts & LS_HELPER_WG_KEEPALIVE)
    mnl_attr_put_u16 (writer->message, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, peer->keepalive);
  if (change->parts & LS_HELPER_WG_ALLOWED_IPS)
    writer_put_allowed_ips (writer, peer, &nest);
  mnl_attr_nest_end (writer->message, nest);
}

GPtrArray *
ls_helper_wg_message_set_device (const char *interface, const LsHelperWgChange *change)
{
  Writer writer = { .interface = interface };

  writer.messages = g_ptr_array_new_with_free_func ((GDestroyNotify)ls_helper_wg_message_free);
  if (ls_helper_wg_change_is_empty (change))
    return writer.messages;
  writer_begin_message (&writer);
  if (change->set_private_key)
    mnl_attr_put (writer.message, WGDEVICE_A_PRIVATE_KEY, LS_KEY_SIZE, change->private_key.bytes);
  if (change->set_listen_port)
    mnl_attr_put_u16 (writer.message, WGDEVICE_A_LISTEN_PORT, change->listen_port);
  for (guint i = 0; i < change->peers->len; i++)
    writer_put_peer (&writer, change->peers->pdata[i]);
  writer_end_message (&writer);
  return writer.messages;
}
