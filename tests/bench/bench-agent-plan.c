/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* How long it takes from the bytes of a netmap to a tunnel (decode, compare with the one before,
 * plan), compared with what json-glib alone needs to parse it, measured in turns in one run. */

#include <string.h>

#include "ls-agent-diff.h"
#include "ls-agent-plan.h"
#include "ls-control-codec.h"
#include "bench-netmap.h"

#define N_PEERS 10000
#define ROUNDS 9

static LsNetmap *
decode (const char *text, gsize length)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = ls_control_codec_parse (text, length, &error);
  LsNetmap *netmap = node != NULL ? ls_control_codec_decode_netmap (node, &error) : NULL;

  if (netmap == NULL)
    g_error ("the netmap is refused: %s", error->message);
  return netmap;
}

static gint64
time_plan (const char *text, gsize length, const LsNetmap *before, const LsKey *key)
{
  gint64 start = g_get_monotonic_time ();
  g_autoptr (LsNetmap) netmap = decode (text, length);
  g_autoptr (LsAgentDiff) diff = ls_agent_diff_new (before, netmap);
  g_autoptr (LsAgentPrefixSet) none = ls_agent_prefix_set_new ();
  LsAgentPlanInput input = { .netmap = netmap,
                             .private_key = key,
                             .listen_port = 51820,
                             .backend = LS_BACKEND_AUTO,
                             .keep_out = none,
                             .own_addresses = none };
  g_autoptr (LsAgentPlan) plan = ls_agent_plan_new (&input, NULL);

  if (plan == NULL || plan->peers->len != N_PEERS)
    g_error ("the plan has %u peers", plan != NULL ? plan->peers->len : 0);
  return g_get_monotonic_time () - start;
}

int
main (void)
{
  gsize length;
  g_autofree char *text = bench_netmap_text (N_PEERS, &length);
  g_autoptr (LsNetmap) before = decode (text, length);
  LsKey private_key;
  LsKey public_key;
  gint64 json = G_MAXINT64;
  gint64 ours = G_MAXINT64;

  ls_key_generate_wireguard (&private_key, &public_key);
  for (guint i = 0; i < ROUNDS; i++)
    {
      json = MIN (json, bench_time_json_glib (text, length));
      ours = MIN (ours, time_plan (text, length, before, &private_key));
    }
  g_print (
      "netmap of %d peers, decode + diff + plan: %.2f times json-glib alone (%.1f ms to %.1f)\n",
      N_PEERS, (double)ours / json, ours / 1000.0, json / 1000.0);
  return 0;
}
