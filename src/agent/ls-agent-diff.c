/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-diff.h"

gboolean
ls_agent_peer_is_online (const LsNetmap *netmap, const LsNode *peer)
{
  /* A last_seen in the future counts as now. */
  return peer->last_seen > 0
         && (peer->last_seen >= netmap->generated_at
             || netmap->generated_at - peer->last_seen <= LS_AGENT_ONLINE_SECONDS);
}

static gboolean
networks_equal (const LsNetwork *a, const LsNetwork *b)
{
  return g_strcmp0 (a->id, b->id) == 0 && g_strcmp0 (a->name, b->name) == 0
         && g_strcmp0 (a->overlay_v4, b->overlay_v4) == 0
         && g_strcmp0 (a->overlay_v6, b->overlay_v6) == 0
         && g_strcmp0 (a->dns_domain, b->dns_domain) == 0
         && a->requires_approval == b->requires_approval
         && a->key_rotation_max_age == b->key_rotation_max_age;
}

static void
compare_peer (LsAgentDiff *diff, const LsNetmap *older, const LsNode *a, const LsNetmap *newer,
              const LsNode *b)
{
  if (!ls_node_equal_material (a, b))
    g_ptr_array_add (diff->changed, b->id);
  else if (ls_agent_peer_is_online (older, a) != ls_agent_peer_is_online (newer, b))
    g_ptr_array_add (diff->online, b->id);
}

/* Both lists are sorted by id: one walk over the two. */
static void
compare_peers (LsAgentDiff *diff, const LsNetmap *older, const LsNetmap *newer)
{
  guint i = 0;
  guint j = 0;

  while (i < older->peers->len || j < newer->peers->len)
    {
      const LsNode *a = i < older->peers->len ? g_ptr_array_index (older->peers, i) : NULL;
      const LsNode *b = j < newer->peers->len ? g_ptr_array_index (newer->peers, j) : NULL;
      int order = a == NULL ? 1 : b == NULL ? -1 : strcmp (a->id, b->id);

      if (order < 0)
        g_ptr_array_add (diff->removed, a->id);
      else if (order > 0)
        g_ptr_array_add (diff->changed, b->id);
      else
        compare_peer (diff, older, a, newer, b);
      i += order <= 0;
      j += order >= 0;
    }
}

LsAgentDiff *
ls_agent_diff_new (const LsNetmap *older, const LsNetmap *newer)
{
  LsAgentDiff *diff = g_new0 (LsAgentDiff, 1);

  diff->online = g_ptr_array_new ();
  diff->changed = g_ptr_array_new ();
  diff->removed = g_ptr_array_new ();
  if (older != NULL)
    {
      diff->network = !networks_equal (older->network, newer->network);
      diff->node = !ls_node_equal_material (older->node, newer->node);
      compare_peers (diff, older, newer);
      return diff;
    }
  diff->network = diff->node = TRUE;
  for (guint i = 0; i < newer->peers->len; i++)
    g_ptr_array_add (diff->changed, ((LsNode *)g_ptr_array_index (newer->peers, i))->id);
  return diff;
}

void
ls_agent_diff_free (LsAgentDiff *diff)
{
  g_ptr_array_unref (diff->online);
  g_ptr_array_unref (diff->changed);
  g_ptr_array_unref (diff->removed);
  g_free (diff);
}

gboolean
ls_agent_diff_is_material (const LsAgentDiff *diff)
{
  return diff->network || diff->node || diff->changed->len > 0 || diff->removed->len > 0;
}
