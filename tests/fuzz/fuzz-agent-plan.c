/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "ls-agent-diff.h"
#include "ls-agent-plan.h"
#include "ls-control-codec.h"

/* Hostile netmaps. Whatever the plan leaves in: the helper takes it, it leaves alone what has to
 * stay reachable outside of the tunnel, and it is never a default route. */
static const struct
{
  const char *prefix;
  const char *label;
} outside[] = {
  { "192.168.1.0/24", "the local network" },  { "192.168.1.1/32", "the gateway" },
  { "203.0.113.5/32", "the control server" }, { "100.64.7.0/24", "another network" },
  { "2001:db8:1::/64", "the local network" },
};

static LsAgentPrefixSet *
keep_out_new (void)
{
  LsAgentPrefixSet *set = ls_agent_prefix_set_new ();

  for (guint i = 0; i < G_N_ELEMENTS (outside); i++)
    {
      LsPrefix prefix;

      FUZZ_CHECK (ls_prefix_parse (outside[i].prefix, &prefix, NULL));
      ls_agent_prefix_set_add (set, &prefix, outside[i].label);
    }
  return set;
}

static void
check_prefixes (const GArray *prefixes, const LsAgentPrefixSet *keep_out)
{
  for (guint i = 0; i < prefixes->len; i++)
    {
      const LsPrefix *prefix = &g_array_index (prefixes, LsPrefix, i);

      FUZZ_CHECK (prefix->length > 0);
      FUZZ_CHECK (ls_agent_prefix_set_find_overlap (keep_out, prefix) == NULL);
    }
}

static void
check_plan (const LsAgentPlan *plan, const LsAgentPrefixSet *keep_out)
{
  g_autoptr (GVariant) variant = g_variant_ref_sink (ls_tunnel_to_variant (plan->tunnel));
  g_autoptr (GVariant) left_out = g_variant_ref_sink (ls_agent_plan_left_out_to_variant (plan));
  g_autoptr (LsTunnel) taken = ls_tunnel_from_variant (variant, NULL);

  FUZZ_CHECK (taken != NULL && ls_tunnel_equal (plan->tunnel, taken));
  FUZZ_CHECK (plan->peers->len == plan->tunnel->peers->len);
  FUZZ_CHECK (g_variant_n_children (left_out) <= LS_AGENT_PLAN_LEFT_OUT_MAX);
  check_prefixes (plan->tunnel->routes, keep_out);
  for (guint i = 0; i < plan->peers->len; i++)
    {
      const LsAgentPlanPeer *peer = plan->peers->pdata[i];

      check_prefixes (peer->entry->allowed_ips, keep_out);
      FUZZ_CHECK (peer->endpoints->len <= LS_AGENT_PLAN_ENDPOINTS_MAX);
      for (guint j = 0; j < peer->endpoints->len; j++)
        FUZZ_CHECK (ls_endpoint_is_usable (&g_array_index (peer->endpoints, LsEndpoint, j)));
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static const LsKey private_key = { { 8, 1, 2, 3, [31] = 64 } };
  g_autoptr (JsonNode) root = ls_control_codec_parse ((const char *)data, size, NULL);
  g_autoptr (LsNetmap) netmap = NULL;
  g_autoptr (LsAgentPrefixSet) keep_out = keep_out_new ();
  g_autoptr (LsAgentPrefixSet) own = ls_agent_prefix_set_new ();
  g_autoptr (LsAgentDiff) diff = NULL;
  g_autoptr (LsAgentPlan) plan = NULL;
  g_autoptr (GError) error = NULL;
  LsAgentPlanInput input = {
    .private_key = &private_key, .listen_port = 51820, .keep_out = keep_out, .own_addresses = own
  };

  if (root != NULL)
    netmap = ls_control_codec_decode_netmap (root, NULL);
  if (netmap == NULL)
    return 0;
  diff = ls_agent_diff_new (netmap, netmap);
  FUZZ_CHECK (!ls_agent_diff_is_material (diff));

  input.netmap = netmap;
  plan = ls_agent_plan_new (&input, &error);
  FUZZ_CHECK ((plan == NULL) == (error != NULL));
  if (plan != NULL)
    check_plan (plan, keep_out);
  return 0;
}
