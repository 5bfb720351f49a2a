/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-state.h"

#include "ls-control-codec.h"
#include "ls-control-reader.h"
#include "ls-control-writer.h"
#include "ls-demo-store-private.h"
#include "ls-error.h"

static JsonNode *
encode_network (const LsDemoNetwork *network)
{
  JsonObject *object = json_object_new ();

  json_object_set_member (object, "network", ls_control_codec_encode_network (network->info));
  json_object_set_member (object, "acl", ls_control_codec_encode_acl (network->acl));
  json_object_set_int_member (object, "created_at", network->created_at);
  json_object_set_int_member (object, "next_v4", (gint64)network->next_v4);
  json_object_set_int_member (object, "next_v6", (gint64)network->next_v6);
  return ls_control_writer_take_object (object);
}

static JsonNode *
encode_node (const LsDemoNode *node)
{
  JsonObject *object = json_object_new ();

  json_object_set_member (object, "node", ls_control_codec_encode_node (node->info));
  json_object_set_string_member (object, "network_id", node->network->info->id);
  json_object_set_string_member (object, "token_hash", node->token_hash);
  ls_control_writer_set_text (object, "link_hash", node->link_hash);
  ls_control_writer_set_number (object, "link_expires_at", node->link_expires_at);
  json_object_set_int_member (object, "created_at", node->created_at);
  ls_control_writer_set_number (object, "approved_at", node->approved_at);
  ls_control_writer_set_number (object, "revoked_at", node->revoked_at);
  ls_control_writer_set_list (object, "keys", node->keys,
                              (LsControlEncode)ls_control_codec_encode_key_record);
  return ls_control_writer_take_object (object);
}

static JsonNode *
encode_token (const LsDemoToken *token)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "network_id", token->network_id);
  json_object_set_member (object, "token", ls_control_codec_encode_token (token->info));
  return ls_control_writer_take_object (object);
}

static JsonArray *
encode_table (GHashTable *table, LsControlEncode encode)
{
  JsonArray *array = json_array_sized_new (g_hash_table_size (table));
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    json_array_add_element (array, encode (value));
  return array;
}

JsonNode *
ls_demo_state_encode (LsDemoStore *store)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "version", LS_DEMO_STATE_VERSION);
  json_object_set_int_member (object, "revision", (gint64)store->revision);
  json_object_set_array_member (object, "networks",
                                encode_table (store->networks, (LsControlEncode)encode_network));
  json_object_set_array_member (object, "nodes",
                                encode_table (store->nodes, (LsControlEncode)encode_node));
  json_object_set_array_member (object, "tokens",
                                encode_table (store->tokens, (LsControlEncode)encode_token));
  ls_control_writer_set_list (object, "audit", store->audit,
                              (LsControlEncode)ls_control_codec_encode_audit_entry);
  return ls_control_writer_take_object (object);
}

static gint64
get_number (LsControlReader *reader, const char *name)
{
  return ls_control_reader_get_optional_int (reader, name, 0, G_MAXINT64, 0);
}

static gboolean
decode_network (LsDemoStore *store, JsonNode *json, GError **error)
{
  g_autoptr (LsDemoNetwork) network = ls_demo_network_new ();
  guint64 next_v4, next_v6;
  LsControlReader reader;

  g_clear_pointer (&network->info, ls_network_free);
  g_clear_pointer (&network->acl, ls_acl_policy_free);
  ls_control_reader_init (&reader, json, "state network");
  network->info = ls_control_reader_get_object (&reader, "network",
                                                (LsControlDecode)ls_control_codec_decode_network);
  network->acl
      = ls_control_reader_get_object (&reader, "acl", (LsControlDecode)ls_control_codec_decode_acl);
  network->created_at = get_number (&reader, "created_at");
  next_v4 = (guint64)get_number (&reader, "next_v4");
  next_v6 = (guint64)get_number (&reader, "next_v6");
  if (network->info != NULL && g_hash_table_contains (store->networks, network->info->id))
    ls_control_reader_refuse (&reader, "network");
  if (!ls_control_reader_finish (&reader, error)
      || !ls_demo_network_parse_overlays (network, error))
    return FALSE;

  network->next_v4 = next_v4;
  network->next_v6 = next_v6;
  g_hash_table_insert (store->networks, network->info->id, network);
  g_steal_pointer (&network);
  return TRUE;
}

static gboolean
decode_node (LsDemoStore *store, JsonNode *json, GError **error)
{
  g_autoptr (LsDemoNode) node = ls_demo_node_new ();
  g_autofree char *network_id = NULL;
  LsControlReader reader;

  g_clear_pointer (&node->info, ls_node_free);
  g_clear_pointer (&node->keys, g_ptr_array_unref);
  ls_control_reader_init (&reader, json, "state node");
  node->info = ls_control_reader_get_object (&reader, "node",
                                             (LsControlDecode)ls_control_codec_decode_node);
  network_id = ls_control_reader_dup_string (&reader, "network_id");
  node->token_hash = ls_control_reader_dup_string (&reader, "token_hash");
  node->link_hash = ls_control_reader_dup_optional_string (&reader, "link_hash");
  node->link_expires_at = get_number (&reader, "link_expires_at");
  node->created_at = get_number (&reader, "created_at");
  node->approved_at = get_number (&reader, "approved_at");
  node->revoked_at = get_number (&reader, "revoked_at");
  node->keys = ls_control_reader_get_list (&reader, "keys", LS_CONTROL_LIST_MAX,
                                           (LsControlDecode)ls_control_codec_decode_key_record,
                                           (GDestroyNotify)ls_key_record_free);
  if (network_id != NULL)
    node->network = g_hash_table_lookup (store->networks, network_id);
  if (node->network == NULL)
    ls_control_reader_refuse (&reader, "network_id");
  if (node->info == NULL || node->info->machine_public_key == NULL
      || g_hash_table_contains (store->nodes, node->info->id))
    ls_control_reader_refuse (&reader, "node");
  if (!ls_control_reader_finish (&reader, error))
    return FALSE;

  ls_demo_store_add_node (store, g_steal_pointer (&node));
  return TRUE;
}

static gboolean
decode_token (LsDemoStore *store, JsonNode *json, GError **error)
{
  g_autoptr (LsDemoToken) token = g_new0 (LsDemoToken, 1);
  LsControlReader reader;

  ls_control_reader_init (&reader, json, "state token");
  token->network_id = ls_control_reader_dup_string (&reader, "network_id");
  token->info = ls_control_reader_get_object (&reader, "token",
                                              (LsControlDecode)ls_control_codec_decode_token);
  if (token->network_id != NULL && !g_hash_table_contains (store->networks, token->network_id))
    ls_control_reader_refuse (&reader, "network_id");
  if (token->info != NULL
      && (token->info->uses_left == 0 || g_hash_table_contains (store->tokens, token->info->token)))
    ls_control_reader_refuse (&reader, "token");
  if (!ls_control_reader_finish (&reader, error))
    return FALSE;

  g_hash_table_insert (store->tokens, token->info->token, token);
  g_steal_pointer (&token);
  return TRUE;
}

static gboolean
decode_audit_entry (LsDemoStore *store, JsonNode *json, GError **error)
{
  LsAuditEntry *entry = ls_control_codec_decode_audit_entry (json, error);

  if (entry != NULL)
    g_ptr_array_add (store->audit, entry);
  return entry != NULL;
}

typedef gboolean (*DecodeInto) (LsDemoStore *store, JsonNode *json, GError **error);

static gboolean
decode_list (LsDemoStore *store, JsonNode *node, DecodeInto decode, GError **error)
{
  JsonArray *array;
  guint n;

  if (node == NULL || !JSON_NODE_HOLDS_ARRAY (node))
    {
      g_set_error_literal (error, LS_ERROR, LS_ERROR_CONTROL_PROTOCOL, "a list is missing");
      return FALSE;
    }

  array = json_node_get_array (node);
  n = json_array_get_length (array);
  for (guint i = 0; i < n; i++)
    if (!decode (store, json_array_get_element (array, i), error))
      return FALSE;
  return TRUE;
}

static gboolean
decode_state (LsDemoStore *store, JsonNode *root, GError **error)
{
  LsControlReader reader;
  gint64 revision;

  ls_control_reader_init (&reader, root, "state");
  ls_control_reader_get_int (&reader, "version", LS_DEMO_STATE_VERSION, LS_DEMO_STATE_VERSION);
  revision
      = ls_control_reader_get_int (&reader, "revision", 0, G_MAXINT64 - LS_DEMO_STATE_REVISION_GAP);
  if (!ls_control_reader_finish (&reader, error))
    return FALSE;

  store->revision = (guint64)revision + LS_DEMO_STATE_REVISION_GAP;
  return decode_list (store, ls_control_reader_get (&reader, "networks"), decode_network, error)
         && decode_list (store, ls_control_reader_get (&reader, "nodes"), decode_node, error)
         && decode_list (store, ls_control_reader_get (&reader, "tokens"), decode_token, error)
         && decode_list (store, ls_control_reader_get (&reader, "audit"), decode_audit_entry,
                         error);
}

gboolean
ls_demo_state_decode (LsDemoStore *store, const char *data, gsize length, GError **error)
{
  g_autoptr (GError) fault = NULL;
  g_autoptr (JsonNode) root = ls_control_codec_parse (data, length, &fault);

  if (root != NULL && decode_state (store, root, &fault))
    return TRUE;
  g_set_error_literal (error, LS_ERROR, LS_ERROR_STORAGE, fault->message);
  return FALSE;
}
