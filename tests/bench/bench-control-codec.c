/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* How long the decoding of a netmap takes compared with what json-glib alone needs to parse it,
 * measured in turns in one run. */

#include <string.h>

#include "ls-control-codec.h"

#define N_PEERS 10000
#define ROUNDS 15

static LsNode *
peer_new (guint number)
{
  LsNode *peer = ls_node_new ();
  g_autofree char *key
      = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (guchar *)&number, sizeof number);

  peer->id = g_strdup_printf ("%.8s-9a0f-4c1e-8c63-%.12s", key, key + 8);
  peer->name = g_strdup_printf ("device-%u", number);
  peer->dns_name = g_strdup_printf ("device-%u.net-7f0c3a51.lightscale", number);
  peer->ipv4 = g_strdup_printf ("100.99.%u.%u", number / 250, number % 250 + 1);
  peer->ipv6 = g_strdup_printf ("fd3a:91c4:7e02::%x", number + 1);
  peer->wg_public_key = g_strndup (key, 44);
  peer->last_seen = 1790000000 + number;
  g_strfreev (peer->endpoints);
  peer->endpoints = g_strsplit ("203.0.113.9:51820 192.168.10.5:51820", " ", 0);
  g_strfreev (peer->tags);
  peer->tags = g_strsplit ("lab", " ", 0);
  if (number % 20 == 0)
    g_ptr_array_add (peer->routes, ls_route_new ("192.168.10.0/24", FALSE, TRUE, NULL));
  return peer;
}

static char *
netmap_text (gsize *out_length)
{
  g_autoptr (LsNetmap) netmap = ls_netmap_new ();
  g_autoptr (JsonNode) node = NULL;
  char *text;

  netmap->network = ls_network_new ();
  netmap->node = peer_new (N_PEERS);
  for (guint i = 0; i < N_PEERS; i++)
    g_ptr_array_add (netmap->peers, peer_new (i));
  node = ls_control_codec_encode_netmap (netmap);
  text = json_to_string (node, FALSE);
  *out_length = strlen (text);
  return text;
}

static gint64
time_json_glib (const char *text, gsize length)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  gint64 start = g_get_monotonic_time ();

  if (!json_parser_load_from_data (parser, text, length, NULL))
    g_error ("json-glib cannot parse the netmap");
  return g_get_monotonic_time () - start;
}

static gint64
time_decode (const char *text, gsize length)
{
  gint64 start = g_get_monotonic_time ();
  g_autoptr (JsonNode) node = ls_control_codec_parse (text, length, NULL);
  g_autoptr (LsNetmap) netmap = ls_control_codec_decode_netmap (node, NULL);

  if (netmap == NULL || netmap->peers->len != N_PEERS)
    g_error ("the codec cannot decode the netmap");
  return g_get_monotonic_time () - start;
}

int
main (void)
{
  gsize length;
  g_autofree char *text = netmap_text (&length);
  gint64 parse = G_MAXINT64;
  gint64 decode = G_MAXINT64;

  for (guint i = 0; i < ROUNDS; i++)
    {
      parse = MIN (parse, time_json_glib (text, length));
      decode = MIN (decode, time_decode (text, length));
    }
  g_print ("netmap of %d peers, %" G_GSIZE_FORMAT " bytes: json-glib %.1f ms, decoded in %.1f ms\n",
           N_PEERS, length, parse / 1000.0, decode / 1000.0);
  g_print ("decode / json-glib alone: %.2f (goal for decode, diff and plan: 3)\n",
           (double)decode / parse);
  return 0;
}
