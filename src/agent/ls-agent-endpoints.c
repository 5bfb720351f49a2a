/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-endpoints.h"

typedef struct
{
  GArray *candidates; /* of LsEndpoint */
  LsEndpoint current;
  gboolean has_current;
  guint index; /* of the candidate in use */
  guint turns; /* without a handshake */
  gint64 since; /* when the current one was set */
  gboolean fresh;
  gboolean planned; /* mark of the last plan */
} Path;

struct _LsAgentEndpoints
{
  GHashTable *paths; /* LsKey to Path */
};

static void
path_free (Path *path)
{
  g_array_unref (path->candidates);
  g_free (path);
}

LsAgentEndpoints *
ls_agent_endpoints_new (void)
{
  LsAgentEndpoints *self = g_new0 (LsAgentEndpoints, 1);

  self->paths
      = g_hash_table_new_full (ls_key_hash, ls_key_equal, g_free, (GDestroyNotify)path_free);
  return self;
}

void
ls_agent_endpoints_free (LsAgentEndpoints *self)
{
  g_hash_table_unref (self->paths);
  g_free (self);
}

static gboolean
candidates_equal (const GArray *a, const GArray *b)
{
  if (a->len != b->len)
    return FALSE;
  for (guint i = 0; i < a->len; i++)
    if (!ls_endpoint_equal (&g_array_index (a, LsEndpoint, i), &g_array_index (b, LsEndpoint, i)))
      return FALSE;
  return TRUE;
}

static Path *
ensure_path (LsAgentEndpoints *self, const LsKey *key)
{
  Path *path = g_hash_table_lookup (self->paths, key);

  if (path != NULL)
    return path;
  path = g_new0 (Path, 1);
  path->candidates = g_array_new (FALSE, FALSE, sizeof (LsEndpoint));
  g_hash_table_insert (self->paths, g_memdup2 (key, sizeof *key), path);
  return path;
}

static void
use_candidate (Path *path, guint index, gint64 now)
{
  path->index = index;
  path->since = now;
  path->has_current = path->candidates->len > 0;
  if (path->has_current)
    path->current = g_array_index (path->candidates, LsEndpoint, index);
}

static void
apply_peer (LsAgentEndpoints *self, const LsAgentPlanPeer *peer, gint64 now)
{
  Path *path = ensure_path (self, &peer->entry->public_key);

  path->planned = TRUE;
  if (!candidates_equal (path->candidates, peer->endpoints))
    {
      g_array_unref (path->candidates);
      path->candidates = g_array_ref (peer->endpoints);
      path->turns = 0;
      if (!path->fresh)
        use_candidate (path, 0, now);
    }
  if (path->has_current)
    ls_tunnel_peer_set_endpoint (peer->entry, &path->current);
}

static gboolean
drop_unplanned (gpointer key, gpointer value, gpointer user_data)
{
  Path *path = value;
  gboolean drop = !path->planned;

  path->planned = FALSE;
  return drop;
}

void
ls_agent_endpoints_apply_plan (LsAgentEndpoints *self, LsAgentPlan *plan, gint64 now)
{
  for (guint i = 0; i < plan->peers->len; i++)
    apply_peer (self, g_ptr_array_index (plan->peers, i), now);
  g_hash_table_foreach_remove (self->paths, drop_unplanned, NULL);
}

void
ls_agent_endpoints_observe (LsAgentEndpoints *self, const GArray *statistics, gint64 unix_now)
{
  for (guint i = 0; i < statistics->len; i++)
    {
      const LsPeerStatistics *peer = &g_array_index (statistics, LsPeerStatistics, i);
      Path *path = g_hash_table_lookup (self->paths, &peer->public_key);

      if (path == NULL)
        continue;
      /* A handshake of the future (the clock was set back) is not known to be old. */
      path->fresh
          = peer->last_handshake > 0 && unix_now - peer->last_handshake <= LS_AGENT_FRESH_SECONDS;
      if (!path->fresh || !peer->has_endpoint)
        continue;
      path->turns = 0;
      path->current = peer->endpoint;
      path->has_current = TRUE;
    }
}

/* Longer turns after every full round: somebody who is away is not worth many calls. */
static gint64
turn_seconds (const Path *path)
{
  guint rounds = path->turns / path->candidates->len;

  return MIN ((gint64)LS_AGENT_ROTATE_SECONDS << MIN (rounds, 10), LS_AGENT_ROTATE_SECONDS_MAX);
}

GArray *
ls_agent_endpoints_rotate (LsAgentEndpoints *self, gint64 now)
{
  GArray *changes = g_array_new (FALSE, FALSE, sizeof (LsAgentEndpointChange));
  GHashTableIter iter;
  gpointer key;
  gpointer value;

  g_hash_table_iter_init (&iter, self->paths);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      Path *path = value;
      LsAgentEndpointChange change;

      if (path->fresh || path->candidates->len < 2 || now - path->since < turn_seconds (path))
        continue;
      path->turns++;
      use_candidate (path, (path->index + 1) % path->candidates->len, now);
      change.public_key = *(const LsKey *)key;
      change.endpoint = path->current;
      g_array_append_val (changes, change);
    }
  return changes;
}

gboolean
ls_agent_endpoints_is_fresh (const LsAgentEndpoints *self, const LsKey *public_key)
{
  const Path *path = g_hash_table_lookup (self->paths, public_key);

  return path != NULL && path->fresh;
}
