/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-control-answers.h"

#include "ls-control-codec.h"
#include "ls-control-reader.h"
#include "ls-ident.h"

LsRegistration *
ls_control_answer_registration (JsonNode *node, GError **error)
{
  g_autoptr (LsRegistration) registration = g_new0 (LsRegistration, 1);
  LsControlReader reader;

  ls_control_reader_init (&reader, node, "RegisterResponse");
  registration->node_token = ls_control_reader_dup_string (&reader, "node_token");
  if (registration->node_token != NULL && !ls_token_validate (registration->node_token, NULL))
    ls_control_reader_refuse (&reader, "node_token");
  registration->netmap = ls_control_reader_get_object (
      &reader, "netmap", (LsControlDecode)ls_control_codec_decode_netmap);
  return ls_control_reader_finish (&reader, error) ? g_steal_pointer (&registration) : NULL;
}

/* The only member of an answer, an object. */
static gpointer
unwrap (JsonNode *node, const char *what, const char *name, LsControlDecode decode,
        GDestroyNotify free_value, GError **error)
{
  LsControlReader reader;
  gpointer value;

  ls_control_reader_init (&reader, node, what);
  value = ls_control_reader_get_object (&reader, name, decode);
  if (ls_control_reader_finish (&reader, error))
    return value;
  g_clear_pointer (&value, free_value);
  return NULL;
}

static GPtrArray *
unwrap_list (JsonNode *node, const char *what, const char *name, LsControlDecode decode,
             GDestroyNotify free_item, GError **error)
{
  g_autoptr (GPtrArray) items = NULL;
  LsControlReader reader;

  ls_control_reader_init (&reader, node, what);
  items = ls_control_reader_get_list (&reader, name, LS_CONTROL_ROWS_MAX, decode, free_item);
  return ls_control_reader_finish (&reader, error) ? g_steal_pointer (&items) : NULL;
}

LsNetmap *
ls_control_answer_heartbeat (JsonNode *node, GError **error)
{
  return unwrap (node, "HeartbeatResponse", "netmap",
                 (LsControlDecode)ls_control_codec_decode_netmap, (GDestroyNotify)ls_netmap_unref,
                 error);
}

LsApproval *
ls_control_answer_approval (JsonNode *node, GError **error)
{
  g_autoptr (LsApproval) approval = g_new0 (LsApproval, 1);
  LsControlReader reader;

  ls_control_reader_init (&reader, node, "ApproveResponse");
  approval->node_id = ls_control_reader_dup_string (&reader, "node_id");
  approval->approved = ls_control_reader_get_boolean (&reader, "approved");
  approval->approved_at
      = ls_control_reader_get_optional_int (&reader, "approved_at", G_MININT64, G_MAXINT64, 0);
  return ls_control_reader_finish (&reader, error) ? g_steal_pointer (&approval) : NULL;
}

LsRotatedKeys *
ls_control_answer_rotated_keys (JsonNode *node, GError **error)
{
  g_autoptr (LsRotatedKeys) keys = g_new0 (LsRotatedKeys, 1);
  LsControlReader reader;

  ls_control_reader_init (&reader, node, "RotateKeysResponse");
  keys->node_id = ls_control_reader_dup_string (&reader, "node_id");
  keys->machine_public_key = ls_control_reader_dup_string (&reader, "machine_public_key");
  keys->wg_public_key = ls_control_reader_dup_string (&reader, "wg_public_key");
  return ls_control_reader_finish (&reader, error) ? g_steal_pointer (&keys) : NULL;
}

GPtrArray *
ls_control_answer_keys (JsonNode *node, GError **error)
{
  return unwrap_list (node, "KeysResponse", "keys",
                      (LsControlDecode)ls_control_codec_decode_key_record,
                      (GDestroyNotify)ls_key_record_free, error);
}

gint64 *
ls_control_answer_revoked_at (JsonNode *node, GError **error)
{
  LsControlReader reader;
  gint64 revoked_at;

  ls_control_reader_init (&reader, node, "RevokeResponse");
  revoked_at = ls_control_reader_get_int (&reader, "revoked_at", G_MININT64, G_MAXINT64);
  return ls_control_reader_finish (&reader, error) ? g_memdup2 (&revoked_at, sizeof revoked_at)
                                                   : NULL;
}

char *
ls_control_answer_node_id (JsonNode *node, GError **error)
{
  g_autofree char *id = NULL;
  LsControlReader reader;

  ls_control_reader_init (&reader, node, "NodeIdResponse");
  id = ls_control_reader_dup_string (&reader, "node_id");
  return ls_control_reader_finish (&reader, error) ? g_steal_pointer (&id) : NULL;
}

GPtrArray *
ls_control_answer_nodes (JsonNode *node, GError **error)
{
  return unwrap_list (node, "NodesResponse", "nodes", (LsControlDecode)ls_control_codec_decode_node,
                      (GDestroyNotify)ls_node_free, error);
}

LsNode *
ls_control_answer_node (JsonNode *node, GError **error)
{
  return unwrap (node, "UpdateNodeResponse", "node", (LsControlDecode)ls_control_codec_decode_node,
                 (GDestroyNotify)ls_node_free, error);
}

LsCreatedNetwork *
ls_control_answer_created_network (JsonNode *node, GError **error)
{
  g_autoptr (LsCreatedNetwork) created = g_new0 (LsCreatedNetwork, 1);
  LsControlReader reader;
  JsonNode *token;

  ls_control_reader_init (&reader, node, "CreateNetworkResponse");
  created->network = ls_control_reader_get_object (
      &reader, "network", (LsControlDecode)ls_control_codec_decode_network);
  token = ls_control_reader_get (&reader, "bootstrap_token");
  if (token != NULL)
    created->bootstrap_token = ls_control_codec_decode_token (token, &reader.error);
  return ls_control_reader_finish (&reader, error) ? g_steal_pointer (&created) : NULL;
}

GPtrArray *
ls_control_answer_tokens (JsonNode *node, GError **error)
{
  return unwrap_list (node, "TokensResponse", "tokens",
                      (LsControlDecode)ls_control_codec_decode_token,
                      (GDestroyNotify)ls_enrollment_token_free, error);
}

LsEnrollmentToken *
ls_control_answer_token (JsonNode *node, GError **error)
{
  return unwrap (node, "CreateTokenResponse", "token",
                 (LsControlDecode)ls_control_codec_decode_token,
                 (GDestroyNotify)ls_enrollment_token_free, error);
}

LsAclPolicy *
ls_control_answer_acl (JsonNode *node, GError **error)
{
  return unwrap (node, "AclResponse", "policy", (LsControlDecode)ls_control_codec_decode_acl,
                 (GDestroyNotify)ls_acl_policy_free, error);
}

static gint64 *
decode_max_age (JsonNode *node, GError **error)
{
  LsControlReader reader;
  gint64 max_age;

  ls_control_reader_init (&reader, node, "KeyPolicy");
  max_age = ls_control_reader_get_optional_int (&reader, "max_age_seconds", 0, G_MAXINT64, 0);
  return ls_control_reader_finish (&reader, error) ? g_memdup2 (&max_age, sizeof max_age) : NULL;
}

gint64 *
ls_control_answer_max_age (JsonNode *node, GError **error)
{
  return unwrap (node, "KeyPolicyResponse", "policy", (LsControlDecode)decode_max_age, g_free,
                 error);
}

GPtrArray *
ls_control_answer_audit (JsonNode *node, GError **error)
{
  return unwrap_list (node, "AuditResponse", "entries",
                      (LsControlDecode)ls_control_codec_decode_audit_entry,
                      (GDestroyNotify)ls_audit_entry_free, error);
}

char *
ls_control_answer_error_text (const char *body, gsize length)
{
  g_autoptr (JsonNode) node = ls_control_codec_parse (body, length, NULL);
  g_autofree char *text = NULL;
  LsControlReader reader;

  if (node == NULL)
    return NULL;
  ls_control_reader_init (&reader, node, "Error");
  reader.cut = TRUE;
  text = ls_control_reader_dup_string (&reader, "error");
  return ls_control_reader_finish (&reader, NULL) ? g_steal_pointer (&text) : NULL;
}
