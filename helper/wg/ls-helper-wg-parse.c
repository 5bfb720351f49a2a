/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/time_types.h>
#include <linux/wireguard.h>
#include <netinet/in.h>
#include <string.h>

#include "ls-error.h"
#include "ls-helper-wg-message.h"

/* The first attribute of each type up to @max of a message or nest, else NULL. */
static void
index_attributes (const void *start, gsize size, const struct nlattr **table, guint max)
{
  const struct nlattr *attr = start;

  memset (table, 0, (max + 1) * sizeof *table);
  for (; mnl_attr_ok (attr, size); attr = mnl_attr_next (attr))
    {
      guint type = mnl_attr_get_type (attr);
      gsize taken = MNL_ALIGN (attr->nla_len);

      if (type <= max && table[type] == NULL)
        table[type] = attr;
      if (taken >= size)
        return;
      size -= taken;
    }
}

static void
index_nest (const struct nlattr *nest, const struct nlattr **table, guint max)
{
  index_attributes (mnl_attr_get_payload (nest), mnl_attr_get_payload_len (nest), table, max);
}

/* Copies the value of @attr if it has exactly @size bytes. */
static gboolean
get_value (const struct nlattr *attr, void *value, gsize size)
{
  if (attr == NULL || mnl_attr_get_payload_len (attr) != size)
    return FALSE;
  memcpy (value, mnl_attr_get_payload (attr), size);
  return TRUE;
}

/* The payload after the generic header, or NULL if @bytes is not a whole generic message. */
static const void *
get_attributes (GBytes *bytes, guint8 *out_command, gsize *out_size)
{
  gsize size;
  const struct nlmsghdr *header = g_bytes_get_data (bytes, &size);
  const gsize start = NLMSG_HDRLEN + GENL_HDRLEN;
  struct genlmsghdr generic;

  if (size < start || header->nlmsg_len < start || header->nlmsg_len > size)
    return NULL;
  memcpy (&generic, (const guint8 *)header + NLMSG_HDRLEN, sizeof generic);
  *out_command = generic.cmd;
  *out_size = header->nlmsg_len - start;
  return (const guint8 *)header + start;
}

guint16
ls_helper_wg_message_parse_family (GBytes *bytes)
{
  const struct nlattr *table[CTRL_ATTR_FAMILY_NAME + 1];
  guint8 command;
  gsize size;
  guint16 family;
  const void *start = get_attributes (bytes, &command, &size);

  if (start == NULL || command != CTRL_CMD_NEWFAMILY)
    return 0;
  index_attributes (start, size, table, CTRL_ATTR_FAMILY_NAME);
  return get_value (table[CTRL_ATTR_FAMILY_ID], &family, sizeof family) ? family : 0;
}

static void
parse_endpoint (const struct nlattr *attr, LsTunnelPeer *peer)
{
  LsEndpoint endpoint = { 0 };
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;

  if (get_value (attr, &v4, sizeof v4) && v4.sin_family == AF_INET)
    {
      endpoint.port = ntohs (v4.sin_port);
      memcpy (endpoint.address.bytes, &v4.sin_addr, sizeof v4.sin_addr);
      endpoint.address.family = AF_INET;
    }
  else if (get_value (attr, &v6, sizeof v6) && v6.sin6_family == AF_INET6)
    {
      endpoint.port = ntohs (v6.sin6_port);
      memcpy (endpoint.address.bytes, &v6.sin6_addr, sizeof v6.sin6_addr);
      endpoint.address.family = AF_INET6;
    }
  if (endpoint.address.family != 0 && endpoint.port != 0)
    ls_tunnel_peer_set_endpoint (peer, &endpoint);
}

static void
parse_preshared_key (const struct nlattr *attr, LsTunnelPeer *peer)
{
  static const LsKey none = { { 0 } };

  peer->has_preshared_key = get_value (attr, peer->preshared_key.bytes, LS_KEY_SIZE)
                            && !ls_key_equal (&peer->preshared_key, &none);
}

static gboolean
parse_allowed_ip (const struct nlattr *nest, LsPrefix *out_prefix)
{
  const struct nlattr *table[WGALLOWEDIP_A_MAX + 1];
  guint16 family;
  guint8 length;
  gsize size;

  index_nest (nest, table, WGALLOWEDIP_A_MAX);
  if (!get_value (table[WGALLOWEDIP_A_FAMILY], &family, sizeof family)
      || !get_value (table[WGALLOWEDIP_A_CIDR_MASK], &length, sizeof length)
      || (family != AF_INET && family != AF_INET6))
    return FALSE;
  size = family == AF_INET ? 4 : 16;
  memset (out_prefix, 0, sizeof *out_prefix);
  out_prefix->address.family = family;
  out_prefix->length = length;
  return length <= size * 8
         && get_value (table[WGALLOWEDIP_A_IPADDR], out_prefix->address.bytes, size);
}

static gboolean
parse_allowed_ips (const struct nlattr *list, LsTunnelPeer *peer)
{
  const struct nlattr *nest;

  if (list == NULL)
    return TRUE;
  mnl_attr_for_each_nested (nest, list)
  {
    LsPrefix prefix;

    if (!parse_allowed_ip (nest, &prefix))
      return FALSE;
    ls_tunnel_peer_add_allowed_ip (peer, &prefix);
  }
  return TRUE;
}

/* The kernel continues a peer whose allowed IPs did not fit in the next message, by its key. */
static LsTunnelPeer *
find_continued (const LsHelperWgDevice *device, const LsKey *public_key)
{
  const LsHelperWgPeer *last
      = device->peers->len > 0 ? device->peers->pdata[device->peers->len - 1] : NULL;

  return last != NULL && ls_key_equal (&last->peer->public_key, public_key) ? last->peer : NULL;
}

static LsTunnelPeer *
parse_new_peer (const struct nlattr **table, const LsKey *public_key, LsHelperWgDevice *device)
{
  LsTunnelPeer *peer = ls_tunnel_peer_new (public_key);
  LsHelperWgPeer *added = ls_helper_wg_device_take_peer (device, peer);
  struct __kernel_timespec handshake;

  parse_preshared_key (table[WGPEER_A_PRESHARED_KEY], peer);
  parse_endpoint (table[WGPEER_A_ENDPOINT], peer);
  (void)get_value (table[WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL], &peer->keepalive,
                   sizeof peer->keepalive);
  if (get_value (table[WGPEER_A_LAST_HANDSHAKE_TIME], &handshake, sizeof handshake))
    added->last_handshake = MAX (0, handshake.tv_sec);
  (void)get_value (table[WGPEER_A_RX_BYTES], &added->rx_bytes, sizeof added->rx_bytes);
  (void)get_value (table[WGPEER_A_TX_BYTES], &added->tx_bytes, sizeof added->tx_bytes);
  return peer;
}

static gboolean
parse_peer (const struct nlattr *nest, LsHelperWgDevice *device)
{
  const struct nlattr *table[WGPEER_A_MAX + 1];
  LsTunnelPeer *peer;
  LsKey public_key;

  index_nest (nest, table, WGPEER_A_MAX);
  if (!get_value (table[WGPEER_A_PUBLIC_KEY], public_key.bytes, LS_KEY_SIZE))
    return FALSE;
  peer = find_continued (device, &public_key);
  if (peer == NULL)
    peer = parse_new_peer (table, &public_key, device);
  return parse_allowed_ips (table[WGPEER_A_ALLOWEDIPS], peer);
}

static gboolean
parse_peers (const struct nlattr *list, LsHelperWgDevice *device)
{
  const struct nlattr *nest;

  if (list == NULL)
    return TRUE;
  mnl_attr_for_each_nested (nest, list)
  {
    if (!parse_peer (nest, device))
      return FALSE;
  }
  return TRUE;
}

gboolean
ls_helper_wg_message_parse_device (GBytes *bytes, LsHelperWgDevice *device, GError **error)
{
  const struct nlattr *table[WGDEVICE_A_MAX + 1];
  guint8 command = 0;
  gsize size = 0;
  const void *start = get_attributes (bytes, &command, &size);

  if (start != NULL && command == WG_CMD_GET_DEVICE)
    {
      index_attributes (start, size, table, WGDEVICE_A_MAX);
      (void)get_value (table[WGDEVICE_A_PRIVATE_KEY], device->private_key.bytes, LS_KEY_SIZE);
      (void)get_value (table[WGDEVICE_A_LISTEN_PORT], &device->listen_port,
                       sizeof device->listen_port);
      if (parse_peers (table[WGDEVICE_A_PEERS], device))
        return TRUE;
    }
  g_set_error_literal (error, LS_ERROR, LS_ERROR_BACKEND,
                       "The kernel's WireGuard gave an answer that makes no sense.");
  return FALSE;
}
