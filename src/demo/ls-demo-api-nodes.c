/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-call.h"

#include "ls-control-codec.h"
#include "ls-control-writer.h"

/* An administrator's calls about nodes. */

JsonNode *
ls_demo_api_list_nodes (LsDemoCall *call, GError **error)
{
  LsDemoNetwork *network = ls_demo_store_get_network (call->store, call->captures[0], error);
  g_autoptr (GPtrArray) nodes = NULL;
  JsonObject *object;

  if (network == NULL)
    return NULL;

  nodes = ls_demo_store_list_nodes (call->store, network);
  object = json_object_new ();
  ls_control_writer_set_list (object, "nodes", nodes,
                              (LsControlEncode)ls_control_codec_encode_node);
  return ls_control_writer_take_object (object);
}

JsonNode *
ls_demo_api_update_node (LsDemoCall *call, GError **error)
{
  LsDemoNode *node = ls_demo_store_get_node (call->store, call->captures[0], error);
  g_autofree char *name = NULL;
  g_auto (GStrv) tags = NULL;
  g_autoptr (JsonNode) body = NULL;
  LsControlReader reader;
  JsonObject *object;

  if (node == NULL
      || (body = ls_demo_call_read_body (call, &reader, "UpdateNode", NULL, error)) == NULL)
    return NULL;
  name = ls_control_reader_dup_optional_string (&reader, "name");
  if (ls_control_reader_get (&reader, "tags") != NULL)
    tags = ls_control_reader_dup_strv (&reader, "tags", LS_CONTROL_LIST_MAX);
  if (!ls_demo_call_finish_body (&reader, error)
      || !ls_demo_store_update_node (call->store, node, name, (const char *const *)tags, error))
    return NULL;

  object = json_object_new ();
  json_object_set_member (
      object, "node",
      ls_control_codec_encode_node (ls_demo_store_get_node_info (call->store, node)));
  return ls_control_writer_take_object (object);
}

JsonNode *
ls_demo_api_revoke_node (LsDemoCall *call, GError **error)
{
  LsDemoNode *node = ls_demo_store_get_node (call->store, call->captures[0], error);
  JsonObject *object;

  if (node == NULL)
    return NULL;

  ls_demo_store_revoke_node (call->store, node);
  object = json_object_new ();
  json_object_set_string_member (object, "node_id", call->captures[0]);
  json_object_set_int_member (object, "revoked_at", ls_demo_node_get_revoked_at (node));
  return ls_control_writer_take_object (object);
}

JsonNode *
ls_demo_api_delete_node (LsDemoCall *call, GError **error)
{
  LsDemoNode *node = ls_demo_store_get_node (call->store, call->captures[0], error);
  JsonObject *object;

  if (node == NULL)
    return NULL;

  ls_demo_store_delete_node (call->store, node);
  object = json_object_new ();
  json_object_set_string_member (object, "node_id", call->captures[0]);
  return ls_control_writer_take_object (object);
}
