/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-store-private.h"

#include "ls-demo-address.h"
#include "ls-control-writer.h"
#include "ls-error.h"

#include <sys/socket.h>

/* A random default overlay is tried this often before an overlap is reported. */
#define OVERLAY_TRIES 64

LsDemoNetwork *
ls_demo_network_new (void)
{
  LsDemoNetwork *network = g_new0 (LsDemoNetwork, 1);

  network->info = ls_network_new ();
  network->acl = ls_acl_policy_new ();
  network->acl->default_allow = TRUE;
  network->nodes = g_hash_table_new (g_str_hash, g_str_equal);
  network->addresses = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return network;
}

void
ls_demo_network_free (LsDemoNetwork *network)
{
  if (network == NULL)
    return;

  ls_network_free (network->info);
  ls_acl_policy_free (network->acl);
  g_clear_pointer (&network->nodes, g_hash_table_unref);
  g_clear_pointer (&network->addresses, g_hash_table_unref);
  g_free (network);
}

static gboolean
parse_overlay (const char *text, int family, LsPrefix *out_prefix)
{
  return ls_prefix_parse_interface (text, out_prefix, NULL) && out_prefix->address.family == family;
}

gboolean
ls_demo_network_parse_overlays (LsDemoNetwork *network, GError **error)
{
  const char *wrong = NULL;

  if (!parse_overlay (network->info->overlay_v4, AF_INET, &network->overlay_v4))
    wrong = "invalid overlay_v4 cidr";
  else if (!parse_overlay (network->info->overlay_v6, AF_INET6, &network->overlay_v6))
    wrong = "invalid overlay_v6 cidr";
  else if (!ls_prefix_parse (network->info->overlay_v4, &network->overlay_v4, NULL))
    wrong = "overlay_v4 has bits behind its prefix length";
  else if (!ls_prefix_parse (network->info->overlay_v6, &network->overlay_v6, NULL))
    wrong = "overlay_v6 has bits behind its prefix length";
  else if (ls_demo_address_last_offset (&network->overlay_v4) == 0)
    wrong = "overlay_v4 must provide usable host addresses";

  if (wrong != NULL)
    {
      g_set_error_literal (error, LS_ERROR, LS_ERROR_CONTROL_INVALID, wrong);
      return FALSE;
    }

  network->next_v4 = ls_demo_address_first_offset (&network->overlay_v4);
  network->next_v6 = ls_demo_address_first_offset (&network->overlay_v6);
  return TRUE;
}

static gboolean
check_overlap (LsDemoStore *self, const LsDemoNetwork *network, GError **error)
{
  GHashTableIter iter;
  LsDemoNetwork *other;

  g_hash_table_iter_init (&iter, self->networks);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *)&other))
    {
      gboolean v4 = ls_prefix_overlaps (&network->overlay_v4, &other->overlay_v4);

      if (!v4 && !ls_prefix_overlaps (&network->overlay_v6, &other->overlay_v6))
        continue;

      g_set_error (error, LS_ERROR, LS_ERROR_CONTROL_CONFLICT,
                   "overlay_v%d overlaps existing network", v4 ? 4 : 6);
      return FALSE;
    }
  return TRUE;
}

static char *
random_overlay (void (*make) (LsPrefix *))
{
  LsPrefix prefix;

  make (&prefix);
  return ls_prefix_to_text (&prefix);
}

/* Fills in the overlays; those that were not asked for are drawn until they overlap nothing. */
static gboolean
choose_overlays (LsDemoStore *self, LsDemoNetwork *network, const LsNetworkDraft *draft,
                 GError **error)
{
  gboolean chosen = draft->overlay_v4 != NULL && draft->overlay_v6 != NULL;

  for (guint tries = chosen ? 1 : OVERLAY_TRIES; tries > 0; tries--)
    {
      LsNetwork *info = network->info;

      g_free (info->overlay_v4);
      g_free (info->overlay_v6);
      info->overlay_v4 = draft->overlay_v4 != NULL
                             ? g_strdup (draft->overlay_v4)
                             : random_overlay (ls_demo_address_random_overlay_v4);
      info->overlay_v6 = draft->overlay_v6 != NULL
                             ? g_strdup (draft->overlay_v6)
                             : random_overlay (ls_demo_address_random_overlay_v6);
      if (!ls_demo_network_parse_overlays (network, error))
        return FALSE;
      if (check_overlap (self, network, tries == 1 ? error : NULL))
        return TRUE;
    }
  return FALSE;
}

static JsonNode *
network_detail (const LsNetwork *info)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "name", info->name);
  json_object_set_boolean_member (object, "requires_approval", info->requires_approval);
  ls_control_writer_set_number (object, "key_rotation_max_age_seconds",
                                (gint64)info->key_rotation_max_age);
  return ls_control_writer_take_object (object);
}

static const LsEnrollmentToken *
create_bootstrap_token (LsDemoStore *self, LsDemoNetwork *network, const LsNetworkDraft *draft)
{
  LsDemoTokenDraft token = { .ttl = draft->bootstrap_token_ttl,
                             .uses = MAX (draft->bootstrap_token_uses, 1),
                             .tags = draft->bootstrap_token_tags,
                             .owner_is_admin = TRUE };

  return token.ttl > 0 ? ls_demo_store_create_token (self, network, &token, NULL) : NULL;
}

LsDemoNetwork *
ls_demo_store_create_network (LsDemoStore *self, const LsNetworkDraft *draft,
                              const LsEnrollmentToken **out_token, GError **error)
{
  g_autoptr (LsDemoNetwork) network = ls_demo_network_new ();
  LsNetwork *info = network->info;
  LsDemoNetwork *result = network;

  *out_token = NULL;
  if (!choose_overlays (self, network, draft, error))
    return NULL;

  info->id = g_uuid_string_random ();
  info->name = g_strdup (draft->name);
  info->dns_domain = draft->dns_domain != NULL ? g_strdup (draft->dns_domain)
                                               : g_strdup_printf ("net-%.8s.lightscale", info->id);
  info->requires_approval = draft->requires_approval;
  info->key_rotation_max_age = draft->key_rotation_max_age;
  network->created_at = ls_demo_store_now (self);
  g_hash_table_insert (self->networks, info->id, g_steal_pointer (&network));
  ls_demo_store_audit (self, "network.create", info->id, NULL, network_detail (info));

  *out_token = create_bootstrap_token (self, result, draft);
  ls_demo_store_changed (self, TRUE);
  return result;
}

static gboolean
token_is_of_network (gpointer key, gpointer value, gpointer user_data)
{
  const LsDemoToken *token = value;

  return g_str_equal (token->network_id, user_data);
}

gboolean
ls_demo_store_delete_network (LsDemoStore *self, const char *id, GError **error)
{
  LsDemoNetwork *network = ls_demo_store_get_network (self, id, error);
  g_autofree char *kept_id = g_strdup (id);

  if (network == NULL)
    return FALSE;
  if (g_hash_table_size (network->nodes) > 0)
    {
      g_set_error_literal (error, LS_ERROR, LS_ERROR_CONTROL_CONFLICT,
                           "network still has nodes; delete them first");
      return FALSE;
    }

  g_hash_table_foreach_remove (self->tokens, token_is_of_network, kept_id);
  g_hash_table_remove (self->networks, kept_id);
  ls_demo_store_audit (self, "network.delete", kept_id, NULL, NULL);
  ls_demo_store_changed (self, TRUE);
  return TRUE;
}

LsDemoNetwork *
ls_demo_store_get_network (LsDemoStore *self, const char *id, GError **error)
{
  LsDemoNetwork *network = g_hash_table_lookup (self->networks, id);

  if (network == NULL)
    g_set_error_literal (error, LS_ERROR, LS_ERROR_CONTROL_NOT_FOUND, "network");
  return network;
}

LsDemoNetwork *
ls_demo_store_find_network_by_name (LsDemoStore *self, const char *name)
{
  GHashTableIter iter;
  LsDemoNetwork *network;

  g_hash_table_iter_init (&iter, self->networks);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *)&network))
    if (g_str_equal (network->info->name, name))
      return network;
  return NULL;
}

const LsNetwork *
ls_demo_network_get_info (const LsDemoNetwork *network)
{
  return network->info;
}

const LsAclPolicy *
ls_demo_network_get_acl (const LsDemoNetwork *network)
{
  return network->acl;
}

void
ls_demo_store_set_acl (LsDemoStore *self, LsDemoNetwork *network, LsAclPolicy *policy)
{
  ls_acl_policy_free (network->acl);
  network->acl = policy;
  ls_demo_store_audit (self, "acl.update", network->info->id, NULL, NULL);
  ls_demo_store_changed (self, TRUE);
}

void
ls_demo_store_set_key_policy (LsDemoStore *self, LsDemoNetwork *network, guint64 max_age)
{
  JsonObject *detail = json_object_new ();

  network->info->key_rotation_max_age = max_age;
  ls_control_writer_set_number (detail, "max_age_seconds", (gint64)max_age);
  ls_demo_store_audit (self, "key_policy.update", network->info->id, NULL,
                       ls_control_writer_take_object (detail));
  ls_demo_store_changed (self, TRUE);
}

GPtrArray *
ls_demo_store_list_nodes (LsDemoStore *self, LsDemoNetwork *network)
{
  GPtrArray *nodes = g_ptr_array_new ();
  gint64 now = ls_demo_store_now (self);
  GHashTableIter iter;
  LsDemoNode *node;

  g_hash_table_iter_init (&iter, network->nodes);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *)&node))
    {
      ls_demo_node_refresh (node, now);
      g_ptr_array_add (nodes, node->info);
    }
  return nodes;
}
