/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "config.h"

#include <string.h>

#include "ls-tunnel.h"

static int
compare_prefixes (gconstpointer a, gconstpointer b)
{
  return ls_prefix_compare (a, b);
}

/* Adds @prefix at its place in the sorted @array unless it is there. */
static void
add_sorted (GArray *array, const LsPrefix *prefix)
{
  guint low = 0;
  guint high = array->len;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      int order = compare_prefixes (&g_array_index (array, LsPrefix, middle), prefix);

      if (order == 0)
        return;
      if (order < 0)
        low = middle + 1;
      else
        high = middle;
    }
  g_array_insert_val (array, low, *prefix);
}

static gboolean
prefix_arrays_equal (const GArray *a, const GArray *b)
{
  if (a->len != b->len)
    return FALSE;
  for (guint i = 0; i < a->len; i++)
    if (!ls_prefix_equal (&g_array_index (a, LsPrefix, i), &g_array_index (b, LsPrefix, i)))
      return FALSE;
  return TRUE;
}

LsTunnelPeer *
ls_tunnel_peer_new (const LsKey *public_key)
{
  LsTunnelPeer *peer = g_new0 (LsTunnelPeer, 1);

  peer->public_key = *public_key;
  peer->allowed_ips = g_array_new (FALSE, FALSE, sizeof (LsPrefix));
  return peer;
}

LsTunnelPeer *
ls_tunnel_peer_copy (const LsTunnelPeer *peer)
{
  LsTunnelPeer *copy = g_memdup2 (peer, sizeof *peer);

  copy->allowed_ips = g_array_copy (peer->allowed_ips);
  return copy;
}

void
ls_tunnel_peer_free (LsTunnelPeer *peer)
{
  ls_key_clear (&peer->preshared_key);
  g_array_unref (peer->allowed_ips);
  g_free (peer);
}

gboolean
ls_tunnel_peer_equal (const LsTunnelPeer *a, const LsTunnelPeer *b)
{
  return ls_key_equal (&a->public_key, &b->public_key)
         && a->has_preshared_key == b->has_preshared_key
         && (!a->has_preshared_key || ls_key_equal (&a->preshared_key, &b->preshared_key))
         && a->has_endpoint == b->has_endpoint
         && (!a->has_endpoint || ls_endpoint_equal (&a->endpoint, &b->endpoint))
         && a->keepalive == b->keepalive && prefix_arrays_equal (a->allowed_ips, b->allowed_ips);
}

void
ls_tunnel_peer_set_endpoint (LsTunnelPeer *peer, const LsEndpoint *endpoint)
{
  peer->endpoint = *endpoint;
  peer->has_endpoint = TRUE;
}

void
ls_tunnel_peer_add_allowed_ip (LsTunnelPeer *peer, const LsPrefix *prefix)
{
  add_sorted (peer->allowed_ips, prefix);
}

LsTunnel *
ls_tunnel_new (void)
{
  LsTunnel *tunnel = g_new0 (LsTunnel, 1);

  tunnel->listen_port = LS_TUNNEL_PORT_DEFAULT;
  tunnel->mtu = LS_TUNNEL_MTU_DEFAULT;
  tunnel->addresses = g_array_new (FALSE, FALSE, sizeof (LsPrefix));
  tunnel->routes = g_array_new (FALSE, FALSE, sizeof (LsPrefix));
  tunnel->peers = g_ptr_array_new_with_free_func ((GDestroyNotify)ls_tunnel_peer_free);
  return tunnel;
}

LsTunnel *
ls_tunnel_copy (const LsTunnel *tunnel)
{
  LsTunnel *copy = g_memdup2 (tunnel, sizeof *tunnel);

  copy->addresses = g_array_copy (tunnel->addresses);
  copy->routes = g_array_copy (tunnel->routes);
  copy->peers = g_ptr_array_new_full (tunnel->peers->len, (GDestroyNotify)ls_tunnel_peer_free);
  for (guint i = 0; i < tunnel->peers->len; i++)
    g_ptr_array_add (copy->peers, ls_tunnel_peer_copy (tunnel->peers->pdata[i]));
  return copy;
}

void
ls_tunnel_free (LsTunnel *tunnel)
{
  ls_key_clear (&tunnel->private_key);
  g_array_unref (tunnel->addresses);
  g_array_unref (tunnel->routes);
  g_ptr_array_unref (tunnel->peers);
  g_free (tunnel);
}

gboolean
ls_tunnel_equal_but_peers (const LsTunnel *a, const LsTunnel *b)
{
  return ls_key_equal (&a->private_key, &b->private_key) && a->listen_port == b->listen_port
         && a->mtu == b->mtu && a->backend == b->backend
         && prefix_arrays_equal (a->addresses, b->addresses)
         && prefix_arrays_equal (a->routes, b->routes);
}

gboolean
ls_tunnel_equal (const LsTunnel *a, const LsTunnel *b)
{
  if (!ls_tunnel_equal_but_peers (a, b) || a->peers->len != b->peers->len)
    return FALSE;
  for (guint i = 0; i < a->peers->len; i++)
    if (!ls_tunnel_peer_equal (a->peers->pdata[i], b->peers->pdata[i]))
      return FALSE;
  return TRUE;
}

void
ls_tunnel_add_address (LsTunnel *tunnel, const LsPrefix *address)
{
  add_sorted (tunnel->addresses, address);
}

void
ls_tunnel_add_route (LsTunnel *tunnel, const LsPrefix *route)
{
  add_sorted (tunnel->routes, route);
}

/* The index of the peer with @key, or where it belongs. */
static guint
peer_index (const LsTunnel *tunnel, const LsKey *key, gboolean *out_found)
{
  guint low = 0;
  guint high = tunnel->peers->len;

  *out_found = FALSE;
  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      const LsTunnelPeer *peer = tunnel->peers->pdata[middle];
      int order = memcmp (peer->public_key.bytes, key->bytes, LS_KEY_SIZE);

      if (order == 0)
        {
          *out_found = TRUE;
          return middle;
        }
      if (order < 0)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

void
ls_tunnel_take_peer (LsTunnel *tunnel, LsTunnelPeer *peer)
{
  gboolean found;
  guint index = peer_index (tunnel, &peer->public_key, &found);

  if (found)
    g_ptr_array_remove_index (tunnel->peers, index);
  g_ptr_array_insert (tunnel->peers, index, peer);
}

gboolean
ls_tunnel_remove_peer (LsTunnel *tunnel, const LsKey *public_key)
{
  gboolean found;
  guint index = peer_index (tunnel, public_key, &found);

  if (found)
    g_ptr_array_remove_index (tunnel->peers, index);
  return found;
}

const LsTunnelPeer *
ls_tunnel_find_peer (const LsTunnel *tunnel, const LsKey *public_key)
{
  gboolean found;
  guint index = peer_index (tunnel, public_key, &found);

  return found ? tunnel->peers->pdata[index] : NULL;
}
