/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench-netmap.h"

#include <string.h>

#include "ls-control-codec.h"
#include "ls-key.h"

static LsNode *
peer_new (guint number)
{
  LsNode *peer = ls_node_new ();
  LsKey key;
  g_autofree char *hash
      = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (guchar *)&number, sizeof number);

  memcpy (key.bytes, hash, LS_KEY_SIZE);
  g_free (peer->id);
  peer->id = g_strdup_printf ("%.8s-9a0f-4c1e-8c63-%.12s", hash, hash + 8);
  g_free (peer->name);
  peer->name = g_strdup_printf ("device-%u", number);
  g_free (peer->dns_name);
  peer->dns_name = g_strdup_printf ("device-%u.net-7f0c3a51.lightscale", number);
  g_free (peer->ipv4);
  peer->ipv4 = g_strdup_printf ("100.99.%u.%u", number / 250, number % 250 + 1);
  g_free (peer->ipv6);
  peer->ipv6 = g_strdup_printf ("fd3a:91c4:7e02::%x", number + 1);
  g_free (peer->wg_public_key);
  peer->wg_public_key = ls_key_to_text (&key);
  peer->last_seen = 1790000000 + number;
  g_strfreev (peer->endpoints);
  peer->endpoints = g_strsplit ("203.0.113.9:51820 192.168.10.5:51820", " ", 0);
  if (number % 20 == 0)
    {
      g_autofree char *prefix = g_strdup_printf ("10.%u.%u.0/24", number / 5000, number / 20 % 250);

      g_ptr_array_add (peer->routes, ls_route_new (prefix, FALSE, TRUE, NULL));
    }
  return peer;
}

char *
bench_netmap_text (guint n_peers, gsize *out_length)
{
  g_autoptr (LsNetmap) netmap = ls_netmap_new ();
  g_autoptr (JsonNode) node = NULL;
  char *text;

  netmap->network = ls_network_new ();
  g_free (netmap->network->overlay_v4);
  netmap->network->overlay_v4 = g_strdup ("100.99.0.0/16");
  g_free (netmap->network->overlay_v6);
  netmap->network->overlay_v6 = g_strdup ("fd3a:91c4:7e02::/48");
  netmap->node = peer_new (n_peers);
  for (guint i = 0; i < n_peers; i++)
    g_ptr_array_add (netmap->peers, peer_new (i));
  node = ls_control_codec_encode_netmap (netmap);
  text = json_to_string (node, FALSE);
  *out_length = strlen (text);
  return text;
}

gint64
bench_time_json_glib (const char *text, gsize length)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  gint64 start = g_get_monotonic_time ();

  if (!json_parser_load_from_data (parser, text, length, NULL))
    g_error ("the netmap is not JSON");
  return g_get_monotonic_time () - start;
}
