/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-store-private.h"

#include "ls-control-codec.h"
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

/* The peers that @node may see, of LsDemoNode, in random order. */
static GPtrArray *
collect_peers (LsDemoNode *node, gint64 now)
{
  GPtrArray *peers = g_ptr_array_new ();
  GHashTableIter iter;
  LsDemoNode *peer;

  g_hash_table_iter_init (&iter, node->network->nodes);
  while (node->info->approved && g_hash_table_iter_next (&iter, NULL, (gpointer *)&peer))
    {
      if (peer == node)
        continue;
      ls_demo_node_refresh (peer, now);
      if (peer->info->approved && ls_demo_acl_allows (node->network->acl, node->info, peer->info))
        g_ptr_array_add (peers, peer);
    }
  shuffle (peers);
  return peers;
}

/* All of the netmap but its peers; @out_peers: those, of LsDemoNode. */
static LsNetmap *
build_frame (LsDemoStore *self, LsDemoNode *node, GPtrArray **out_peers)
{
  LsNetmap *netmap = ls_netmap_new ();
  gint64 now = ls_demo_store_now (self);

  ls_demo_node_refresh (node, now);
  netmap->network = ls_network_copy (node->network->info);
  netmap->node = ls_node_copy (node->info);
  netmap->relay = copy_relay (self->relay);
  netmap->generated_at = now;
  netmap->revision = self->revision;

  *out_peers = collect_peers (node, now);
  for (guint i = 0; i < (*out_peers)->len; i++)
    {
      const LsDemoNode *peer = g_ptr_array_index (*out_peers, i);

      if (peer->probe_requested_at != 0 && now - peer->probe_requested_at <= LS_DEMO_PROBE_TTL)
        g_ptr_array_add (netmap->probe_requests, make_probe_request (peer));
    }
  return netmap;
}

LsNetmap *
ls_demo_store_build_netmap (LsDemoStore *self, LsDemoNode *node)
{
  g_autoptr (GPtrArray) peers = NULL;
  LsNetmap *netmap = build_frame (self, node, &peers);

  for (guint i = 0; i < peers->len; i++)
    {
      const LsDemoNode *peer = g_ptr_array_index (peers, i);

      g_ptr_array_add (netmap->peers, ls_node_copy (peer->info));
    }
  return netmap;
}

static const char *
get_peer_text (LsDemoNode *peer)
{
  if (peer->peer_text == NULL)
    {
      g_autoptr (JsonNode) json = ls_control_codec_encode_peer (peer->info);

      peer->peer_text = json_to_string (json, FALSE);
    }
  return peer->peer_text;
}

static void
append_peers (GString *text, GPtrArray *peers)
{
  g_string_append_c (text, '[');
  for (guint i = 0; i < peers->len; i++)
    {
      if (i > 0)
        g_string_append_c (text, ',');
      g_string_append (text, get_peer_text (g_ptr_array_index (peers, i)));
    }
  g_string_append_c (text, ']');
}

/* The object without peers is encoded as ever; then its members are written one by one. */
char *
ls_demo_store_build_netmap_text (LsDemoStore *self, LsDemoNode *node)
{
  g_autoptr (GPtrArray) peers = NULL;
  g_autoptr (LsNetmap) netmap = build_frame (self, node, &peers);
  g_autoptr (JsonNode) json = ls_control_codec_encode_netmap (netmap);
  GString *text = g_string_new ("{");
  JsonObjectIter iter;
  const char *name;
  JsonNode *member;

  json_object_iter_init_ordered (&iter, json_node_get_object (json));
  while (json_object_iter_next_ordered (&iter, &name, &member))
    {
      g_string_append_printf (text, "%s\"%s\":", text->len > 1 ? "," : "", name);
      if (g_str_equal (name, "peers"))
        append_peers (text, peers);
      else
        {
          g_autofree char *written = json_to_string (member, FALSE);

          g_string_append (text, written);
        }
    }
  g_string_append_c (text, '}');
  return g_string_free (text, FALSE);
}
