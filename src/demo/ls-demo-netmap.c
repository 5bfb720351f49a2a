/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-store-private.h"

#include "ls-demo-acl.h"

static LsRelayInfo *
copy_relay (const LsRelayInfo *relay)
{
  LsRelayInfo *copy;

  if (relay == NULL)
    return NULL;

  copy = g_memdup2 (relay, sizeof *relay);
  copy->stun_servers = g_strdupv (relay->stun_servers);
  copy->turn_servers = g_strdupv (relay->turn_servers);
  copy->stream_relay_servers = g_strdupv (relay->stream_relay_servers);
  copy->udp_relay_servers = g_strdupv (relay->udp_relay_servers);
  copy->dns_servers = g_strdupv (relay->dns_servers);
  return copy;
}

static LsProbeRequest *
make_probe_request (const LsDemoNode *peer)
{
  LsProbeRequest *request = g_new0 (LsProbeRequest, 1);

  request->peer_id = g_strdup (peer->info->id);
  request->endpoints = g_strdupv (peer->info->endpoints);
  request->ipv4 = g_strdup (peer->info->ipv4);
  request->ipv6 = g_strdup (peer->info->ipv6);
  request->requested_at = peer->probe_requested_at;
  return request;
}

static void
add_peers (LsNetmap *netmap, LsDemoNode *node, gint64 now)
{
  GHashTableIter iter;
  LsDemoNode *peer;

  g_hash_table_iter_init (&iter, node->network->nodes);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *)&peer))
    {
      if (peer == node)
        continue;
      ls_demo_node_refresh (peer, now);
      if (!peer->info->approved || !ls_demo_acl_allows (node->network->acl, node->info, peer->info))
        continue;

      g_ptr_array_add (netmap->peers, ls_node_copy (peer->info));
      if (peer->probe_requested_at != 0 && now - peer->probe_requested_at <= LS_DEMO_PROBE_TTL)
        g_ptr_array_add (netmap->probe_requests, make_probe_request (peer));
    }
}

/* Existing servers answer in another order each time, and so do we: clients must not lean on it. */
static void
shuffle (GPtrArray *array)
{
  for (guint i = array->len; i > 1; i--)
    {
      guint j = g_random_int_range (0, i);
      gpointer swapped = array->pdata[i - 1];

      array->pdata[i - 1] = array->pdata[j];
      array->pdata[j] = swapped;
    }
}

LsNetmap *
ls_demo_store_build_netmap (LsDemoStore *self, LsDemoNode *node)
{
  LsNetmap *netmap = ls_netmap_new ();
  gint64 now = ls_demo_store_now (self);

  ls_demo_node_refresh (node, now);
  netmap->network = ls_network_copy (node->network->info);
  netmap->node = ls_node_copy (node->info);
  netmap->relay = copy_relay (self->relay);
  netmap->generated_at = now;
  netmap->revision = self->revision;
  if (node->info->approved)
    add_peers (netmap, node, now);
  shuffle (netmap->peers);
  return netmap;
}
