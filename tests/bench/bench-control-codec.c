/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* How long the decoding of a netmap takes compared with what json-glib alone needs to parse it,
 * measured in turns in one run. */

#include <string.h>

#include "bench-netmap.h"
#include "ls-control-codec.h"

#define N_PEERS 10000
#define ROUNDS 15

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
  g_autofree char *text = bench_netmap_text (N_PEERS, &length);
  gint64 parse = G_MAXINT64;
  gint64 decode = G_MAXINT64;

  for (guint i = 0; i < ROUNDS; i++)
    {
      parse = MIN (parse, bench_time_json_glib (text, length));
      decode = MIN (decode, time_decode (text, length));
    }
  g_print ("netmap of %d peers, %" G_GSIZE_FORMAT " bytes: json-glib %.1f ms, decoded in %.1f ms\n",
           N_PEERS, length, parse / 1000.0, decode / 1000.0);
  g_print ("decode / json-glib alone: %.2f (goal for decode, diff and plan: 3)\n",
           (double)decode / parse);
  return 0;
}
