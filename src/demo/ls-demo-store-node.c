/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-store-private.h"

#include "ls-control-writer.h"
#include "ls-demo-secret.h"
#include "ls-error.h"

/* One node: its record, its keys and the approval that is in effect. */

LsDemoNode *
ls_demo_node_new (void)
{
  LsDemoNode *node = g_new0 (LsDemoNode, 1);

  node->info = ls_node_new ();
  node->keys = g_ptr_array_new_with_free_func ((GDestroyNotify)ls_key_record_free);
  return node;
}

void
ls_demo_node_free (LsDemoNode *node)
{
  if (node == NULL)
    return;

  ls_node_free (node->info);
  g_free (node->token_hash);
  g_free (node->link_hash);
  g_clear_pointer (&node->keys, g_ptr_array_unref);
  g_free (node->peer_text);
  g_free (node);
}

void
ls_demo_node_touch (LsDemoNode *node)
{
  g_clear_pointer (&node->peer_text, g_free);
}

void
ls_demo_store_add_node (LsDemoStore *self, LsDemoNode *node)
{
  g_hash_table_insert (self->nodes, node->info->id, node);
  g_hash_table_insert (node->network->nodes, node->info->id, node);
  g_hash_table_add (node->network->addresses, g_strdup (node->info->ipv4));
  g_hash_table_add (node->network->addresses, g_strdup (node->info->ipv6));
}

LsDemoNode *
ls_demo_store_get_node (LsDemoStore *self, const char *id, GError **error)
{
  LsDemoNode *node = g_hash_table_lookup (self->nodes, id);

  if (node == NULL)
    g_set_error_literal (error, LS_ERROR, LS_ERROR_CONTROL_NOT_FOUND, "node");
  return node;
}

/* Whether the current key of that kind is older than @max_age seconds. */
static gboolean
key_is_overdue (const LsDemoNode *node, gboolean wireguard, gint64 max_age, gint64 now)
{
  const char *current = wireguard ? node->info->wg_public_key : node->info->machine_public_key;

  for (guint i = 0; i < node->keys->len; i++)
    {
      const LsKeyRecord *record = g_ptr_array_index (node->keys, i);

      if (!record->wireguard == !wireguard && record->revoked_at == 0
          && g_str_equal (record->public_key, current))
        return now - record->created_at > max_age;
    }
  return FALSE;
}

void
ls_demo_node_refresh (LsDemoNode *node, gint64 now)
{
  gint64 max_age = (gint64)MIN (node->network->info->key_rotation_max_age, LS_DEMO_TTL_MAX);

  node->info->key_rotation_required = max_age > 0
                                      && (key_is_overdue (node, FALSE, max_age, now)
                                          || key_is_overdue (node, TRUE, max_age, now));
  node->info->revoked = node->revoked_at != 0;
  node->info->approved
      = node->approved_at != 0 && !node->info->revoked && !node->info->key_rotation_required;
}

const LsNode *
ls_demo_store_get_node_info (LsDemoStore *self, LsDemoNode *node)
{
  ls_demo_node_refresh (node, ls_demo_store_now (self));
  return node->info;
}

gint64
ls_demo_node_get_approved_at (const LsDemoNode *node)
{
  return node->approved_at;
}

gint64
ls_demo_node_get_revoked_at (const LsDemoNode *node)
{
  return node->revoked_at;
}

GPtrArray *
ls_demo_node_get_keys (const LsDemoNode *node)
{
  return node->keys;
}

gboolean
ls_demo_node_token_matches (const LsDemoNode *node, const char *token)
{
  return ls_demo_secret_matches (node->token_hash, token);
}

static void
revoke_key (LsDemoNode *node, gboolean wireguard, gint64 now)
{
  const char *current = wireguard ? node->info->wg_public_key : node->info->machine_public_key;

  for (guint i = 0; i < node->keys->len; i++)
    {
      LsKeyRecord *record = g_ptr_array_index (node->keys, i);

      if (!record->wireguard == !wireguard && g_str_equal (record->public_key, current))
        record->revoked_at = now;
    }
}

void
ls_demo_node_add_key (LsDemoNode *node, gboolean wireguard, const char *public_key, gint64 now)
{
  LsKeyRecord *record = g_new0 (LsKeyRecord, 1);

  record->wireguard = wireguard;
  record->public_key = g_strdup (public_key);
  record->created_at = now;
  g_ptr_array_add (node->keys, record);
  if (node->keys->len > LS_CONTROL_LIST_MAX)
    g_ptr_array_remove_index (node->keys, 0);
}

static void
replace_key (LsDemoNode *node, gboolean wireguard, const char *public_key, gint64 now)
{
  char **current = wireguard ? &node->info->wg_public_key : &node->info->machine_public_key;

  revoke_key (node, wireguard, now);
  g_free (*current);
  *current = g_strdup (public_key);
  ls_demo_node_touch (node);
  ls_demo_node_add_key (node, wireguard, public_key, now);
}

gboolean
ls_demo_store_rotate_keys (LsDemoStore *self, LsDemoNode *node, const char *machine_public_key,
                           const char *wg_public_key, GError **error)
{
  gint64 now = ls_demo_store_now (self);
  JsonObject *detail;
  const char *wrong = NULL;

  if (machine_public_key == NULL && wg_public_key == NULL)
    wrong = "no keys provided";
  else if (g_strcmp0 (machine_public_key, node->info->machine_public_key) == 0)
    wrong = "machine_public_key unchanged";
  else if (g_strcmp0 (wg_public_key, node->info->wg_public_key) == 0)
    wrong = "wg_public_key unchanged";
  if (wrong != NULL)
    {
      g_set_error_literal (error, LS_ERROR, LS_ERROR_CONTROL_INVALID, wrong);
      return FALSE;
    }

  if (machine_public_key != NULL)
    replace_key (node, FALSE, machine_public_key, now);
  if (wg_public_key != NULL)
    replace_key (node, TRUE, wg_public_key, now);
  node->revoked_at = 0;

  detail = json_object_new ();
  if (machine_public_key != NULL)
    json_object_set_string_member (detail, "machine", machine_public_key);
  if (wg_public_key != NULL)
    json_object_set_string_member (detail, "wireguard", wg_public_key);
  ls_demo_store_audit (self, "keys.rotate", node->network->info->id, node->info->id,
                       ls_control_writer_take_object (detail));
  ls_demo_store_changed (self, TRUE);
  return TRUE;
}

void
ls_demo_store_revoke_node (LsDemoStore *self, LsDemoNode *node)
{
  JsonObject *detail = json_object_new ();

  node->revoked_at = ls_demo_store_now (self);
  revoke_key (node, FALSE, node->revoked_at);
  revoke_key (node, TRUE, node->revoked_at);
  json_object_set_int_member (detail, "revoked_at", node->revoked_at);
  ls_demo_store_audit (self, "keys.revoke", node->network->info->id, node->info->id,
                       ls_control_writer_take_object (detail));
  ls_demo_store_changed (self, TRUE);
}
