/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-control-types.h"

#include <sodium.h>
#include <string.h>

void
ls_control_secret_free (char *secret)
{
  if (secret == NULL)
    return;

  sodium_memzero (secret, strlen (secret));
  g_free (secret);
}

LsRoute *
ls_route_new (const char *prefix, gboolean exit, gboolean enabled, const char *mapped_prefix)
{
  LsRoute *route = g_new0 (LsRoute, 1);

  route->prefix = g_strdup (prefix);
  route->exit = exit;
  route->enabled = enabled;
  route->mapped_prefix = g_strdup (mapped_prefix);
  return route;
}

LsRoute *
ls_route_copy (const LsRoute *route)
{
  return ls_route_new (route->prefix, route->exit, route->enabled, route->mapped_prefix);
}

void
ls_route_free (LsRoute *route)
{
  if (route == NULL)
    return;

  g_free (route->prefix);
  g_free (route->mapped_prefix);
  g_free (route);
}

LsNetwork *
ls_network_new (void)
{
  return g_new0 (LsNetwork, 1);
}

LsNetwork *
ls_network_copy (const LsNetwork *network)
{
  LsNetwork *copy = g_memdup2 (network, sizeof *network);

  copy->id = g_strdup (network->id);
  copy->name = g_strdup (network->name);
  copy->overlay_v4 = g_strdup (network->overlay_v4);
  copy->overlay_v6 = g_strdup (network->overlay_v6);
  copy->dns_domain = g_strdup (network->dns_domain);
  return copy;
}

void
ls_network_free (LsNetwork *network)
{
  if (network == NULL)
    return;

  g_free (network->id);
  g_free (network->name);
  g_free (network->overlay_v4);
  g_free (network->overlay_v6);
  g_free (network->dns_domain);
  g_free (network);
}

static GStrv
empty_strv (void)
{
  return g_new0 (char *, 1);
}

LsNode *
ls_node_new (void)
{
  LsNode *node = g_new0 (LsNode, 1);

  node->endpoints = empty_strv ();
  node->tags = empty_strv ();
  node->routes = g_ptr_array_new_with_free_func ((GDestroyNotify)ls_route_free);
  return node;
}

LsNode *
ls_node_copy (const LsNode *node)
{
  LsNode *copy = g_memdup2 (node, sizeof *node);

  copy->id = g_strdup (node->id);
  copy->name = g_strdup (node->name);
  copy->dns_name = g_strdup (node->dns_name);
  copy->ipv4 = g_strdup (node->ipv4);
  copy->ipv6 = g_strdup (node->ipv6);
  copy->wg_public_key = g_strdup (node->wg_public_key);
  copy->machine_public_key = g_strdup (node->machine_public_key);
  copy->endpoints = g_strdupv (node->endpoints);
  copy->tags = g_strdupv (node->tags);
  copy->routes = g_ptr_array_copy (node->routes, (GCopyFunc)ls_route_copy, NULL);
  copy->owner_user_id = g_strdup (node->owner_user_id);
  copy->owner_email = g_strdup (node->owner_email);
  return copy;
}

void
ls_node_free (LsNode *node)
{
  if (node == NULL)
    return;

  g_free (node->id);
  g_free (node->name);
  g_free (node->dns_name);
  g_free (node->ipv4);
  g_free (node->ipv6);
  g_free (node->wg_public_key);
  g_free (node->machine_public_key);
  g_strfreev (node->endpoints);
  g_strfreev (node->tags);
  g_clear_pointer (&node->routes, g_ptr_array_unref);
  g_free (node->owner_user_id);
  g_free (node->owner_email);
  g_free (node);
}

LsRelayInfo *
ls_relay_info_new (void)
{
  LsRelayInfo *relay = g_new0 (LsRelayInfo, 1);

  relay->stun_servers = empty_strv ();
  relay->turn_servers = empty_strv ();
  relay->stream_relay_servers = empty_strv ();
  relay->udp_relay_servers = empty_strv ();
  relay->dns_servers = empty_strv ();
  return relay;
}

void
ls_relay_info_free (LsRelayInfo *relay)
{
  if (relay == NULL)
    return;

  g_strfreev (relay->stun_servers);
  g_strfreev (relay->turn_servers);
  g_strfreev (relay->stream_relay_servers);
  g_strfreev (relay->udp_relay_servers);
  g_strfreev (relay->dns_servers);
  g_free (relay);
}

void
ls_probe_request_free (LsProbeRequest *request)
{
  if (request == NULL)
    return;

  g_free (request->peer_id);
  g_strfreev (request->endpoints);
  g_free (request->ipv4);
  g_free (request->ipv6);
  g_free (request);
}

LsNetmap *
ls_netmap_new (void)
{
  LsNetmap *netmap = g_atomic_rc_box_new0 (LsNetmap);

  netmap->peers = g_ptr_array_new_with_free_func ((GDestroyNotify)ls_node_free);
  netmap->probe_requests = g_ptr_array_new_with_free_func ((GDestroyNotify)ls_probe_request_free);
  return netmap;
}

LsNetmap *
ls_netmap_ref (LsNetmap *netmap)
{
  return g_atomic_rc_box_acquire (netmap);
}

static void
netmap_clear (LsNetmap *netmap)
{
  ls_network_free (netmap->network);
  ls_node_free (netmap->node);
  g_clear_pointer (&netmap->peers, g_ptr_array_unref);
  ls_relay_info_free (netmap->relay);
  g_clear_pointer (&netmap->probe_requests, g_ptr_array_unref);
}

void
ls_netmap_unref (LsNetmap *netmap)
{
  if (netmap != NULL)
    g_atomic_rc_box_release_full (netmap, (GDestroyNotify)netmap_clear);
}

const LsNode *
ls_netmap_find_peer (const LsNetmap *netmap, const char *id)
{
  guint low = 0;
  guint high = netmap->peers->len;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      const LsNode *peer = g_ptr_array_index (netmap->peers, middle);
      int order = strcmp (id, peer->id);

      if (order == 0)
        return peer;
      if (order < 0)
        high = middle;
      else
        low = middle + 1;
    }
  return NULL;
}

static int
compare_strings (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

/* Whether two lists hold the same strings, in whatever order. */
static gboolean
strv_equal_unordered (const char *const *a, const char *const *b)
{
  guint n = g_strv_length ((GStrv)a);
  g_autofree const char **sorted_a = NULL;
  g_autofree const char **sorted_b = NULL;

  if (g_strv_equal (a, b))
    return TRUE;
  if (n != g_strv_length ((GStrv)b))
    return FALSE;

  sorted_a = g_memdup2 (a, n * sizeof *a);
  sorted_b = g_memdup2 (b, n * sizeof *b);
  qsort (sorted_a, n, sizeof *sorted_a, compare_strings);
  qsort (sorted_b, n, sizeof *sorted_b, compare_strings);
  for (guint i = 0; i < n; i++)
    if (!g_str_equal (sorted_a[i], sorted_b[i]))
      return FALSE;
  return TRUE;
}

static int
compare_routes (gconstpointer a, gconstpointer b)
{
  const LsRoute *x = *(const LsRoute *const *)a;
  const LsRoute *y = *(const LsRoute *const *)b;
  int order = g_strcmp0 (x->prefix, y->prefix);

  if (order == 0)
    order = g_strcmp0 (x->mapped_prefix, y->mapped_prefix);
  if (order == 0)
    order = !!x->exit - !!y->exit;
  if (order == 0)
    order = !!x->enabled - !!y->enabled;
  return order;
}

static gboolean
routes_equal_unordered (const GPtrArray *a, const GPtrArray *b)
{
  g_autofree gconstpointer *sorted_a = NULL;
  g_autofree gconstpointer *sorted_b = NULL;

  if (a->len != b->len)
    return FALSE;
  if (a->len == 0)
    return TRUE;

  sorted_a = g_memdup2 (a->pdata, a->len * sizeof *a->pdata);
  sorted_b = g_memdup2 (b->pdata, b->len * sizeof *b->pdata);
  qsort (sorted_a, a->len, sizeof *sorted_a, compare_routes);
  qsort (sorted_b, b->len, sizeof *sorted_b, compare_routes);
  for (guint i = 0; i < a->len; i++)
    if (compare_routes (&sorted_a[i], &sorted_b[i]) != 0)
      return FALSE;
  return TRUE;
}

gboolean
ls_node_equal_material (const LsNode *a, const LsNode *b)
{
  return g_strcmp0 (a->id, b->id) == 0 && g_strcmp0 (a->name, b->name) == 0
         && g_strcmp0 (a->dns_name, b->dns_name) == 0 && g_strcmp0 (a->ipv4, b->ipv4) == 0
         && g_strcmp0 (a->ipv6, b->ipv6) == 0 && g_strcmp0 (a->wg_public_key, b->wg_public_key) == 0
         && g_strcmp0 (a->machine_public_key, b->machine_public_key) == 0
         && !a->approved == !b->approved && !a->key_rotation_required == !b->key_rotation_required
         && !a->revoked == !b->revoked && !a->owner_is_admin == !b->owner_is_admin
         && g_strcmp0 (a->owner_user_id, b->owner_user_id) == 0
         && g_strcmp0 (a->owner_email, b->owner_email) == 0
         && strv_equal_unordered ((const char *const *)a->endpoints,
                                  (const char *const *)b->endpoints)
         && strv_equal_unordered ((const char *const *)a->tags, (const char *const *)b->tags)
         && routes_equal_unordered (a->routes, b->routes);
}

void
ls_enrollment_token_free (LsEnrollmentToken *token)
{
  if (token == NULL)
    return;

  ls_control_secret_free (token->token);
  g_strfreev (token->tags);
  g_free (token->owner_user_id);
  g_free (token->owner_email);
  g_free (token);
}

void
ls_key_record_free (LsKeyRecord *record)
{
  if (record == NULL)
    return;

  g_free (record->public_key);
  g_free (record);
}

LsAclSelector *
ls_acl_selector_new (void)
{
  LsAclSelector *selector = g_new0 (LsAclSelector, 1);

  selector->tags = empty_strv ();
  selector->node_ids = empty_strv ();
  selector->names = empty_strv ();
  return selector;
}

void
ls_acl_selector_free (LsAclSelector *selector)
{
  if (selector == NULL)
    return;

  g_strfreev (selector->tags);
  g_strfreev (selector->node_ids);
  g_strfreev (selector->names);
  g_free (selector);
}

LsAclRule *
ls_acl_rule_new (void)
{
  LsAclRule *rule = g_new0 (LsAclRule, 1);

  rule->src = ls_acl_selector_new ();
  rule->dst = ls_acl_selector_new ();
  return rule;
}

void
ls_acl_rule_free (LsAclRule *rule)
{
  if (rule == NULL)
    return;

  ls_acl_selector_free (rule->src);
  ls_acl_selector_free (rule->dst);
  g_free (rule);
}

LsAclPolicy *
ls_acl_policy_new (void)
{
  LsAclPolicy *policy = g_new0 (LsAclPolicy, 1);

  policy->rules = g_ptr_array_new_with_free_func ((GDestroyNotify)ls_acl_rule_free);
  return policy;
}

void
ls_acl_policy_free (LsAclPolicy *policy)
{
  if (policy == NULL)
    return;

  g_clear_pointer (&policy->rules, g_ptr_array_unref);
  g_free (policy);
}

void
ls_audit_entry_free (LsAuditEntry *entry)
{
  if (entry == NULL)
    return;

  g_free (entry->id);
  g_free (entry->network_id);
  g_free (entry->node_id);
  g_free (entry->action);
  g_free (entry->detail);
  g_free (entry);
}

void
ls_topology_free (LsTopology *topology)
{
  if (topology == NULL)
    return;

  g_strfreev (topology->control_urls);
  g_free (topology->mesh_server_id);
  g_clear_pointer (&topology->mesh_peer_ids, g_ptr_array_unref);
  g_clear_pointer (&topology->mesh_peer_addresses, g_ptr_array_unref);
  g_free (topology);
}

void
ls_pending_registration_free (LsPendingRegistration *pending)
{
  if (pending == NULL)
    return;

  g_free (pending->node_id);
  g_free (pending->network_id);
  g_free (pending->ipv4);
  g_free (pending->ipv6);
  ls_control_secret_free (pending->auth_path);
  ls_control_secret_free (pending->node_token);
  g_free (pending);
}

void
ls_registration_free (LsRegistration *registration)
{
  if (registration == NULL)
    return;

  ls_control_secret_free (registration->node_token);
  ls_netmap_unref (registration->netmap);
  g_free (registration);
}

void
ls_approval_free (LsApproval *approval)
{
  if (approval == NULL)
    return;

  g_free (approval->node_id);
  g_free (approval);
}

void
ls_rotated_keys_free (LsRotatedKeys *keys)
{
  if (keys == NULL)
    return;

  g_free (keys->node_id);
  g_free (keys->machine_public_key);
  g_free (keys->wg_public_key);
  g_free (keys);
}

void
ls_created_network_free (LsCreatedNetwork *created)
{
  if (created == NULL)
    return;

  ls_network_free (created->network);
  ls_enrollment_token_free (created->bootstrap_token);
  g_free (created);
}
