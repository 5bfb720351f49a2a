/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-store-private.h"

#include "ls-demo-address.h"
#include "ls-control-writer.h"
#include "ls-demo-secret.h"
#include "ls-error.h"

static char *
make_dns_name (const LsDemoNode *node)
{
  return g_strdup_printf ("%s.%s", node->info->name, node->network->info->dns_domain);
}

/* The name as it is stored, or NULL. */
static char *
normalize_name (const char *name, GError **error)
{
  g_autofree char *trimmed = g_strstrip (g_strdup (name));

  if (*trimmed != '\0')
    return g_steal_pointer (&trimmed);
  g_set_error_literal (error, LS_ERROR, LS_ERROR_CONTROL_INVALID, "node name must be non-empty");
  return NULL;
}

static gboolean
check_name_free (LsDemoNetwork *network, const char *name, const LsDemoNode *except, GError **error)
{
  g_autofree char *folded = g_utf8_casefold (name, -1);
  GHashTableIter iter;
  LsDemoNode *node;

  g_hash_table_iter_init (&iter, network->nodes);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *)&node))
    {
      g_autofree char *other = NULL;

      if (node == except || node->revoked_at != 0)
        continue;
      other = g_utf8_casefold (node->info->name, -1);
      if (!g_str_equal (folded, other))
        continue;

      g_set_error_literal (error, LS_ERROR, LS_ERROR_CONTROL_CONFLICT, "node name already exists");
      return FALSE;
    }
  return TRUE;
}

static gboolean
allocate_addresses (LsDemoNode *node, GError **error)
{
  LsDemoNetwork *network = node->network;
  const char *wrong = NULL;
  guint64 next_v4, next_v6;

  if (g_hash_table_size (network->nodes) >= LS_DEMO_NODES_MAX)
    wrong = "network is full";
  else if (!ls_demo_address_allocate (&network->overlay_v4, network->next_v4, network->addresses,
                                      &node->info->ipv4, &next_v4))
    wrong = "ipv4 address space exhausted";
  else if (!ls_demo_address_allocate (&network->overlay_v6, network->next_v6, network->addresses,
                                      &node->info->ipv6, &next_v6))
    wrong = "ipv6 address space exhausted";

  if (wrong != NULL)
    {
      g_set_error_literal (error, LS_ERROR, LS_ERROR_CONTROL_CONFLICT, wrong);
      return FALSE;
    }
  network->next_v4 = next_v4;
  network->next_v6 = next_v6;
  return TRUE;
}

/* A node with name, keys and addresses, not yet in the store; @out_token: its node token. */
static LsDemoNode *
make_node (LsDemoStore *self, LsDemoNetwork *network, const LsDemoJoin *join, char **out_token,
           GError **error)
{
  g_autoptr (LsDemoNode) node = ls_demo_node_new ();
  gint64 now = ls_demo_store_now (self);

  node->network = network;
  node->info->name = normalize_name (join->name, error);
  if (node->info->name == NULL || !check_name_free (network, node->info->name, NULL, error)
      || !allocate_addresses (node, error))
    return NULL;

  node->info->id = g_uuid_string_random ();
  node->info->dns_name = make_dns_name (node);
  node->info->machine_public_key = g_strdup (join->machine_public_key);
  node->info->wg_public_key = g_strdup (join->wg_public_key);
  node->info->owner_is_admin = TRUE;
  node->info->last_seen = now;
  node->created_at = now;
  ls_demo_node_add_key (node, FALSE, join->machine_public_key, now);
  ls_demo_node_add_key (node, TRUE, join->wg_public_key, now);
  *out_token = ls_demo_secret_new ();
  node->token_hash = ls_demo_secret_hash (*out_token);
  return g_steal_pointer (&node);
}

static JsonNode *
register_detail (const LsDemoNode *node)
{
  JsonObject *object = json_object_new ();

  json_object_set_boolean_member (object, "approved", node->approved_at != 0);
  ls_control_writer_set_text (object, "owner_user_id", node->info->owner_user_id);
  ls_control_writer_set_text (object, "owner_email", node->info->owner_email);
  json_object_set_boolean_member (object, "owner_is_admin", node->info->owner_is_admin);
  return ls_control_writer_take_object (object);
}

LsDemoNode *
ls_demo_store_register (LsDemoStore *self, const char *token_text, const LsDemoJoin *join,
                        char **out_node_token, GError **error)
{
  LsDemoToken *token = ls_demo_store_find_usable_token (self, token_text, error);
  LsDemoNetwork *network;
  LsDemoNode *node;

  if (token == NULL)
    return NULL;
  network = g_hash_table_lookup (self->networks, token->network_id);
  node = make_node (self, network, join, out_node_token, error);
  if (node == NULL)
    return NULL;

  g_strfreev (node->info->tags);
  node->info->tags = g_strdupv (token->info->tags);
  node->info->owner_user_id = g_strdup (token->info->owner_user_id);
  node->info->owner_email = g_strdup (token->info->owner_email);
  node->info->owner_is_admin = token->info->owner_is_admin;
  node->approved_at = network->info->requires_approval ? 0 : node->created_at;
  ls_demo_store_add_node (self, node);
  ls_demo_store_use_token (self, token);
  ls_demo_store_audit (self, "node.register", network->info->id, node->info->id,
                       register_detail (node));
  ls_demo_store_changed (self, TRUE);
  return node;
}

static LsPendingRegistration *
make_link (LsDemoNode *node, guint64 ttl)
{
  LsPendingRegistration *pending = g_new0 (LsPendingRegistration, 1);
  char *secret = ls_demo_secret_new ();

  node->link_hash = ls_demo_secret_hash (secret);
  node->link_expires_at = node->created_at + (gint64)MIN (ttl, LS_DEMO_TTL_MAX);

  pending->node_id = g_strdup (node->info->id);
  pending->network_id = g_strdup (node->network->info->id);
  pending->ipv4 = g_strdup (node->info->ipv4);
  pending->ipv6 = g_strdup (node->info->ipv6);
  pending->auth_path = g_strdup_printf ("/v1/register/approve/%s/%s", node->info->id, secret);
  pending->expires_at = node->link_expires_at;
  ls_control_secret_free (secret);
  return pending;
}

LsDemoNode *
ls_demo_store_register_url (LsDemoStore *self, const char *network_id, const LsDemoJoin *join,
                            guint64 ttl, LsPendingRegistration **out_pending, GError **error)
{
  LsDemoNetwork *network = ls_demo_store_get_network (self, network_id, error);
  char *token = NULL;
  JsonObject *detail;
  LsDemoNode *node;

  if (network == NULL)
    return NULL;
  if (ttl == 0)
    {
      g_set_error_literal (error, LS_ERROR, LS_ERROR_CONTROL_INVALID, "ttl_seconds must be > 0");
      return NULL;
    }
  node = make_node (self, network, join, &token, error);
  if (node == NULL)
    return NULL;

  *out_pending = make_link (node, ttl);
  (*out_pending)->node_token = token;
  ls_demo_store_add_node (self, node);
  detail = json_object_new ();
  json_object_set_int_member (detail, "expires_at", node->link_expires_at);
  ls_demo_store_audit (self, "node.register_url", network->info->id, node->info->id,
                       ls_control_writer_take_object (detail));
  ls_demo_store_changed (self, TRUE);
  return node;
}

static void
approve (LsDemoStore *self, LsDemoNode *node, const char *via)
{
  JsonObject *detail = json_object_new ();

  node->approved_at = ls_demo_store_now (self);
  g_clear_pointer (&node->link_hash, g_free);
  node->link_expires_at = 0;
  json_object_set_int_member (detail, "approved_at", node->approved_at);
  json_object_set_string_member (detail, "via", via);
  ls_demo_store_audit (self, "node.approve", node->network->info->id, node->info->id,
                       ls_control_writer_take_object (detail));
  ls_demo_store_changed (self, TRUE);
}

LsDemoNode *
ls_demo_store_approve_by_link (LsDemoStore *self, const char *node_id, const char *secret,
                               GError **error)
{
  LsDemoNode *node = ls_demo_store_get_node (self, node_id, error);
  const char *wrong = NULL;

  if (node == NULL || node->approved_at != 0)
    return node;

  if (node->link_hash == NULL)
    wrong = "approval not allowed";
  else if (!ls_demo_secret_matches (node->link_hash, secret))
    wrong = "invalid approval secret";
  else if (node->link_expires_at <= ls_demo_store_now (self))
    wrong = "approval expired";

  if (wrong != NULL)
    {
      g_set_error_literal (error, LS_ERROR, LS_ERROR_CONTROL_UNAUTHORIZED, wrong);
      return NULL;
    }
  approve (self, node, "auth_url");
  return node;
}

LsDemoNode *
ls_demo_store_approve (LsDemoStore *self, const char *node_id, GError **error)
{
  LsDemoNode *node = ls_demo_store_get_node (self, node_id, error);

  if (node != NULL && node->approved_at == 0)
    approve (self, node, "admin");
  return node;
}

/* @tags trimmed, without empty and repeated ones. */
static GStrv
normalize_tags (const char *const *tags)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (; *tags != NULL; tags++)
    {
      char *tag = g_strstrip (g_strdup (*tags));

      if (*tag != '\0' && !g_hash_table_contains (seen, tag))
        g_strv_builder_add (builder, tag);
      g_hash_table_add (seen, tag);
    }
  return g_strv_builder_end (builder);
}

static void
rename_node (LsDemoNode *node, const char *name, JsonObject *detail)
{
  g_free (node->info->name);
  g_free (node->info->dns_name);
  node->info->name = g_strdup (name);
  node->info->dns_name = make_dns_name (node);
  ls_demo_node_touch (node);
  json_object_set_string_member (detail, "name", name);
}

static void
retag_node (LsDemoNode *node, const char *const *tags, JsonObject *detail)
{
  g_strfreev (node->info->tags);
  node->info->tags = g_strdupv ((GStrv)tags);
  ls_demo_node_touch (node);
  ls_control_writer_set_strv (detail, "tags", tags);
}

gboolean
ls_demo_store_update_node (LsDemoStore *self, LsDemoNode *node, const char *name,
                           const char *const *tags, GError **error)
{
  g_autofree char *new_name = name != NULL ? normalize_name (name, error) : NULL;
  g_auto (GStrv) new_tags = tags != NULL ? normalize_tags (tags) : NULL;
  g_autoptr (JsonObject) detail = json_object_new ();

  if (name != NULL && new_name == NULL)
    return FALSE;
  if (name == NULL && tags == NULL)
    {
      g_set_error_literal (error, LS_ERROR, LS_ERROR_CONTROL_INVALID, "no fields to update");
      return FALSE;
    }
  if (new_name != NULL && !g_str_equal (new_name, node->info->name))
    {
      if (!check_name_free (node->network, new_name, node, error))
        return FALSE;
      rename_node (node, new_name, detail);
    }
  if (new_tags != NULL
      && !g_strv_equal ((const char *const *)new_tags, (const char *const *)node->info->tags))
    retag_node (node, (const char *const *)new_tags, detail);

  if (json_object_get_size (detail) > 0)
    ls_demo_store_audit (self, "node.update", node->network->info->id, node->info->id,
                         ls_control_writer_take_object (g_steal_pointer (&detail)));
  ls_demo_store_changed (self, TRUE);
  return TRUE;
}

static GStrv
merge_endpoints (const char *observed, const char *const *sent)
{
  g_autoptr (GPtrArray) merged = g_ptr_array_new ();

  if (observed != NULL)
    g_ptr_array_add (merged, g_strdup (observed));
  for (; *sent != NULL; sent++)
    if (!g_ptr_array_find_with_equal_func (merged, *sent, g_str_equal, NULL))
      g_ptr_array_add (merged, g_strdup (*sent));
  g_ptr_array_add (merged, NULL);
  return (GStrv)g_ptr_array_free (g_steal_pointer (&merged), FALSE);
}

static gboolean
routes_equal (const GPtrArray *a, const GPtrArray *b)
{
  if (a->len != b->len)
    return FALSE;
  for (guint i = 0; i < a->len; i++)
    {
      const LsRoute *x = g_ptr_array_index (a, i);
      const LsRoute *y = g_ptr_array_index (b, i);

      if (!g_str_equal (x->prefix, y->prefix) || x->exit != y->exit || x->enabled != y->enabled
          || g_strcmp0 (x->mapped_prefix, y->mapped_prefix) != 0)
        return FALSE;
    }
  return TRUE;
}

void
ls_demo_store_heartbeat (LsDemoStore *self, LsDemoNode *node, const char *observed,
                         const char *const *endpoints, const GPtrArray *routes, gboolean probe)
{
  g_auto (GStrv) merged = merge_endpoints (observed, endpoints);
  LsNode *info = node->info;
  gboolean durable
      = !g_strv_equal ((const char *const *)merged, (const char *const *)info->endpoints)
        || !routes_equal (info->routes, routes);

  ls_demo_node_touch (node);
  info->last_seen = ls_demo_store_now (self);
  if (probe)
    node->probe_requested_at = info->last_seen;
  if (durable)
    {
      g_strfreev (info->endpoints);
      info->endpoints = g_steal_pointer (&merged);
      g_ptr_array_unref (info->routes);
      info->routes = g_ptr_array_copy ((GPtrArray *)routes, (GCopyFunc)ls_route_copy, NULL);
      g_ptr_array_set_free_func (info->routes, (GDestroyNotify)ls_route_free);
    }
  ls_demo_store_changed (self, durable);
}

void
ls_demo_store_delete_node (LsDemoStore *self, LsDemoNode *node)
{
  JsonObject *detail = json_object_new ();

  json_object_set_string_member (detail, "name", node->info->name);
  json_object_set_string_member (detail, "ipv4", node->info->ipv4);
  json_object_set_string_member (detail, "ipv6", node->info->ipv6);
  ls_demo_store_audit (self, "node.delete", node->network->info->id, node->info->id,
                       ls_control_writer_take_object (detail));

  g_hash_table_remove (node->network->nodes, node->info->id);
  g_hash_table_remove (node->network->addresses, node->info->ipv4);
  g_hash_table_remove (node->network->addresses, node->info->ipv6);
  g_hash_table_remove (self->nodes, node->info->id);
  ls_demo_store_changed (self, TRUE);
}
