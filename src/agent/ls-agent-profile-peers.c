/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-profile-private.h"

#include <string.h>

#include "ls-agent-diff.h"
#include "ls-text.h"

static GVariant *
texts_to_variant (char **texts)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("as"));
  for (guint i = 0; texts[i] != NULL; i++)
    {
      g_autofree char *shown = ls_text_sanitize (texts[i]);

      g_variant_builder_add (&builder, "s", shown);
    }
  return g_variant_builder_end (&builder);
}

static GVariant *
routes_to_variant (const GPtrArray *routes)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(ssbs)"));
  for (guint i = 0; i < routes->len; i++)
    {
      const LsRoute *route = g_ptr_array_index (routes, i);
      g_autofree char *prefix = ls_text_sanitize (route->prefix);
      g_autofree char *mapped
          = ls_text_sanitize (route->mapped_prefix != NULL ? route->mapped_prefix : "");

      g_variant_builder_add (&builder, "(ssbs)", prefix, route->exit ? "exit" : "subnet",
                             route->enabled, mapped);
    }
  return g_variant_builder_end (&builder);
}

static void
add_text (GVariantBuilder *builder, const char *key, const char *text)
{
  g_autofree char *shown = ls_text_sanitize (text != NULL ? text : "");

  g_variant_builder_add (builder, "{sv}", key, g_variant_new_string (shown));
}

static const char *
path_text (LsAgentProfile *self, gboolean fresh)
{
  if (!ls_agent_state_is_up (self->state))
    return "off";
  return fresh ? "direct" : "none";
}

static void
add_statistics (LsAgentProfile *self, GVariantBuilder *builder, const LsNode *node,
                const LsPeerStatistics *statistics)
{
  gboolean fresh = statistics != NULL
                   && ls_agent_endpoints_is_fresh (self->endpoints, &statistics->public_key);
  g_autofree char *endpoint = statistics != NULL && statistics->has_endpoint
                                  ? ls_endpoint_to_text (&statistics->endpoint)
                                  : g_strdup ("");

  g_variant_builder_add (
      builder, "{sv}", "online",
      g_variant_new_boolean (fresh || ls_agent_peer_is_online (self->netmap, node)));
  g_variant_builder_add (builder, "{sv}", "path", g_variant_new_string (path_text (self, fresh)));
  g_variant_builder_add (builder, "{sv}", "endpoint", g_variant_new_string (endpoint));
  g_variant_builder_add (builder, "{sv}", "last-handshake",
                         g_variant_new_int64 (statistics != NULL ? statistics->last_handshake : 0));
  g_variant_builder_add (builder, "{sv}", "rx-bytes",
                         g_variant_new_uint64 (statistics != NULL ? statistics->rx_bytes : 0));
  g_variant_builder_add (builder, "{sv}", "tx-bytes",
                         g_variant_new_uint64 (statistics != NULL ? statistics->tx_bytes : 0));
}

static GVariant *
peer_to_variant (LsAgentProfile *self, const LsNode *node, const LsPeerStatistics *statistics)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  add_text (&builder, "id", node->id);
  add_text (&builder, "name", node->name);
  add_text (&builder, "dns-name", node->dns_name);
  add_text (&builder, "ipv4", node->ipv4);
  add_text (&builder, "ipv6", node->ipv6);
  add_text (&builder, "public-key", node->wg_public_key);
  g_variant_builder_add (&builder, "{sv}", "tags", texts_to_variant (node->tags));
  g_variant_builder_add (&builder, "{sv}", "endpoints", texts_to_variant (node->endpoints));
  g_variant_builder_add (&builder, "{sv}", "routes", routes_to_variant (node->routes));
  g_variant_builder_add (&builder, "{sv}", "last-seen", g_variant_new_int64 (node->last_seen));
  add_statistics (self, &builder, node, statistics);
  return g_variant_builder_end (&builder);
}

/* Only peers of the plan are in the tunnel: another one with the same key has no statistics. */
static GHashTable *
index_statistics (LsAgentProfile *self)
{
  const GArray *statistics = ls_agent_tunnel_get_statistics (self->tunnel);
  GHashTable *by_id = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) by_key = g_hash_table_new (ls_key_hash, ls_key_equal);

  if (self->plan == NULL || statistics == NULL)
    return by_id;
  for (guint i = 0; i < statistics->len; i++)
    {
      LsPeerStatistics *peer = &g_array_index (statistics, LsPeerStatistics, i);

      g_hash_table_insert (by_key, &peer->public_key, peer);
    }
  for (guint i = 0; i < self->plan->peers->len; i++)
    {
      const LsAgentPlanPeer *peer = g_ptr_array_index (self->plan->peers, i);
      gpointer found = g_hash_table_lookup (by_key, &peer->entry->public_key);

      if (found != NULL)
        g_hash_table_insert (by_id, peer->node->id, found);
    }
  return by_id;
}

GVariant *
ls_agent_profile_list_peers (LsAgentProfile *self)
{
  g_autoptr (GHashTable) statistics = index_statistics (self);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; self->netmap != NULL && i < self->netmap->peers->len; i++)
    {
      const LsNode *node = g_ptr_array_index (self->netmap->peers, i);

      g_variant_builder_add_value (
          &builder, peer_to_variant (self, node, g_hash_table_lookup (statistics, node->id)));
    }
  return g_variant_builder_end (&builder);
}

static void
emit_changed (LsAgentProfile *self, GVariant *changed, const GPtrArray *removed)
{
  GVariantBuilder ids;

  g_variant_builder_init (&ids, G_VARIANT_TYPE ("as"));
  for (guint i = 0; removed != NULL && i < removed->len; i++)
    g_variant_builder_add (&ids, "s", g_ptr_array_index (removed, i));
  g_signal_emit_by_name (self, "peers-changed", changed, g_variant_builder_end (&ids));
}

void
ls_agent_profile_tell_peers (LsAgentProfile *self, const GPtrArray *changed,
                             const GPtrArray *removed)
{
  g_autoptr (GHashTable) statistics = NULL;
  GVariantBuilder builder;

  if (changed->len == 0 && removed->len == 0)
    return;
  statistics = index_statistics (self);
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < changed->len; i++)
    {
      const char *id = g_ptr_array_index (changed, i);
      const LsNode *node = ls_netmap_find_peer (self->netmap, id);

      g_variant_builder_add_value (
          &builder, peer_to_variant (self, node, g_hash_table_lookup (statistics, id)));
    }
  emit_changed (self, g_variant_builder_end (&builder), removed);
}

void
ls_agent_profile_tell_all_peers (LsAgentProfile *self)
{
  if (self->netmap != NULL && self->netmap->peers->len > 0)
    emit_changed (self, ls_agent_profile_list_peers (self), NULL);
}

static gboolean
statistics_equal (const LsPeerStatistics *a, const LsPeerStatistics *b)
{
  return a->last_handshake == b->last_handshake && a->rx_bytes == b->rx_bytes
         && a->tx_bytes == b->tx_bytes && a->has_endpoint == b->has_endpoint
         && (!a->has_endpoint || ls_endpoint_equal (&a->endpoint, &b->endpoint));
}

/* What was told of a peer. */
typedef struct
{
  LsPeerStatistics statistics;
  gboolean fresh;
} Told;

/* Whether what was told of the peer is not true any more; remembers what is told now. */
static gboolean
note_told (LsAgentProfile *self, const LsPeerStatistics *now)
{
  gboolean fresh = ls_agent_endpoints_is_fresh (self->endpoints, &now->public_key);
  Told *told = g_hash_table_lookup (self->told, &now->public_key);

  if (told != NULL && told->fresh == fresh && statistics_equal (&told->statistics, now))
    return FALSE;
  told = g_new0 (Told, 1);
  told->statistics = *now;
  told->fresh = fresh;
  g_hash_table_replace (self->told, &told->statistics.public_key, told);
  return TRUE;
}

void
ls_agent_profile_tell_statistics (LsAgentProfile *self)
{
  g_autoptr (GHashTable) statistics = index_statistics (self);
  g_autoptr (GPtrArray) changed = g_ptr_array_new ();
  g_autoptr (GPtrArray) removed = g_ptr_array_new ();

  for (guint i = 0; i < self->plan->peers->len; i++)
    {
      const LsAgentPlanPeer *peer = g_ptr_array_index (self->plan->peers, i);
      const LsPeerStatistics *now = g_hash_table_lookup (statistics, peer->node->id);

      if (now != NULL && note_told (self, now)
          && ls_netmap_find_peer (self->netmap, peer->node->id) != NULL)
        g_ptr_array_add (changed, peer->node->id);
    }
  ls_agent_profile_tell_peers (self, changed, removed);
}

void
ls_agent_profile_count_peers (LsAgentProfile *self)
{
  g_autoptr (GHashTable) statistics = index_statistics (self);
  guint online = 0;

  for (guint i = 0; self->netmap != NULL && i < self->netmap->peers->len; i++)
    {
      const LsNode *node = g_ptr_array_index (self->netmap->peers, i);
      const LsPeerStatistics *peer = g_hash_table_lookup (statistics, node->id);

      online
          += ls_agent_peer_is_online (self->netmap, node)
             || (peer != NULL && ls_agent_endpoints_is_fresh (self->endpoints, &peer->public_key));
    }
  if (online == self->peers_online)
    return;
  self->peers_online = online;
  ls_agent_profile_notify (self, "peers-online");
}

gboolean
ls_agent_profile_add_watcher (LsAgentProfile *self, const char *sender)
{
  gboolean is_new = g_hash_table_add (self->watchers, g_strdup (sender));

  ls_agent_tunnel_set_watched (self->tunnel, TRUE);
  return is_new;
}

void
ls_agent_profile_remove_watcher (LsAgentProfile *self, const char *sender)
{
  g_hash_table_remove (self->watchers, sender);
  ls_agent_profile_update_alive (self);
}
