/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-control-codec.h"
#include "ls-control-reader.h"
#include "ls-ident.h"

LsEnrollmentToken *
ls_control_codec_decode_token (JsonNode *node, GError **error)
{
  g_autoptr (LsEnrollmentToken) token = g_new0 (LsEnrollmentToken, 1);
  LsControlReader reader;

  ls_control_reader_init (&reader, node, "EnrollmentToken");
  token->token = ls_control_reader_dup_string (&reader, "token");
  if (token->token != NULL && !ls_token_validate (token->token, NULL))
    ls_control_reader_refuse (&reader, "token");
  token->expires_at = ls_control_reader_get_int (&reader, "expires_at", G_MININT64, G_MAXINT64);
  token->uses_left = ls_control_reader_get_int (&reader, "uses_left", 0, G_MAXUINT32);
  token->tags = ls_control_reader_dup_strv (&reader, "tags", LS_CONTROL_LIST_MAX);
  token->revoked_at
      = ls_control_reader_get_optional_int (&reader, "revoked_at", G_MININT64, G_MAXINT64, 0);
  token->owner_user_id = ls_control_reader_dup_optional_string (&reader, "owner_user_id");
  token->owner_email = ls_control_reader_dup_optional_string (&reader, "owner_email");
  token->owner_is_admin = ls_control_reader_get_optional_boolean (&reader, "owner_is_admin", FALSE);
  return ls_control_reader_finish (&reader, error) ? g_steal_pointer (&token) : NULL;
}

LsKeyRecord *
ls_control_codec_decode_key_record (JsonNode *node, GError **error)
{
  g_autoptr (LsKeyRecord) record = g_new0 (LsKeyRecord, 1);
  LsControlReader reader;

  ls_control_reader_init (&reader, node, "KeyRecord");
  record->wireguard = ls_control_reader_get_choice (&reader, "key_type", "wire_guard", "machine");
  record->public_key = ls_control_reader_dup_string (&reader, "public_key");
  record->created_at = ls_control_reader_get_int (&reader, "created_at", G_MININT64, G_MAXINT64);
  record->revoked_at
      = ls_control_reader_get_optional_int (&reader, "revoked_at", G_MININT64, G_MAXINT64, 0);
  return ls_control_reader_finish (&reader, error) ? g_steal_pointer (&record) : NULL;
}

static LsAclSelector *
decode_selector (JsonNode *node, GError **error)
{
  g_autoptr (LsAclSelector) selector = g_new0 (LsAclSelector, 1);
  LsControlReader reader;

  ls_control_reader_init (&reader, node, "Selector");
  selector->any = ls_control_reader_get_optional_boolean (&reader, "any", FALSE);
  selector->tags = ls_control_reader_dup_optional_strv (&reader, "tags", LS_CONTROL_ROWS_MAX);
  selector->node_ids
      = ls_control_reader_dup_optional_strv (&reader, "node_ids", LS_CONTROL_ROWS_MAX);
  selector->names = ls_control_reader_dup_optional_strv (&reader, "names", LS_CONTROL_ROWS_MAX);
  return ls_control_reader_finish (&reader, error) ? g_steal_pointer (&selector) : NULL;
}

static LsAclRule *
decode_rule (JsonNode *node, GError **error)
{
  g_autoptr (LsAclRule) rule = g_new0 (LsAclRule, 1);
  LsControlReader reader;

  ls_control_reader_init (&reader, node, "AclRule");
  rule->allow = ls_control_reader_get_choice (&reader, "action", "allow", "deny");
  rule->src = ls_control_reader_get_object (&reader, "src", (LsControlDecode)decode_selector);
  rule->dst = ls_control_reader_get_object (&reader, "dst", (LsControlDecode)decode_selector);
  return ls_control_reader_finish (&reader, error) ? g_steal_pointer (&rule) : NULL;
}

LsAclPolicy *
ls_control_codec_decode_acl (JsonNode *node, GError **error)
{
  g_autoptr (LsAclPolicy) policy = g_new0 (LsAclPolicy, 1);
  LsControlReader reader;

  ls_control_reader_init (&reader, node, "AclPolicy");
  policy->default_allow = ls_control_reader_get_choice (&reader, "default_action", "allow", "deny");
  policy->rules
      = ls_control_reader_get_list (&reader, "rules", LS_CONTROL_ROWS_MAX,
                                    (LsControlDecode)decode_rule, (GDestroyNotify)ls_acl_rule_free);
  return ls_control_reader_finish (&reader, error) ? g_steal_pointer (&policy) : NULL;
}

LsAuditEntry *
ls_control_codec_decode_audit_entry (JsonNode *node, GError **error)
{
  g_autoptr (LsAuditEntry) entry = g_new0 (LsAuditEntry, 1);
  LsControlReader reader;
  JsonNode *detail;

  ls_control_reader_init (&reader, node, "AuditEntry");
  reader.cut = TRUE;
  entry->id = ls_control_reader_dup_string (&reader, "id");
  entry->timestamp = ls_control_reader_get_int (&reader, "timestamp", G_MININT64, G_MAXINT64);
  entry->network_id = ls_control_reader_dup_optional_string (&reader, "network_id");
  entry->node_id = ls_control_reader_dup_optional_string (&reader, "node_id");
  entry->action = ls_control_reader_dup_string (&reader, "action");
  detail = ls_control_reader_get (&reader, "detail");
  if (detail != NULL)
    entry->detail = json_to_string (detail, FALSE);
  return ls_control_reader_finish (&reader, error) ? g_steal_pointer (&entry) : NULL;
}

/* The two halves of mesh_peers, in parallel. */
static char *
decode_mesh_peer_member (JsonNode *node, const char *name, GError **error)
{
  g_autofree char *text = NULL;
  LsControlReader reader;

  ls_control_reader_init (&reader, node, "MeshPeer");
  text = ls_control_reader_dup_string (&reader, name);
  return ls_control_reader_finish (&reader, error) ? g_steal_pointer (&text) : NULL;
}

static char *
decode_mesh_peer_id (JsonNode *node, GError **error)
{
  return decode_mesh_peer_member (node, "id", error);
}

static char *
decode_mesh_peer_address (JsonNode *node, GError **error)
{
  return decode_mesh_peer_member (node, "addr", error);
}

LsTopology *
ls_control_codec_decode_topology (JsonNode *node, GError **error)
{
  g_autoptr (LsTopology) topology = g_new0 (LsTopology, 1);
  LsControlReader reader;

  ls_control_reader_init (&reader, node, "Topology");
  topology->control_urls
      = ls_control_reader_dup_strv (&reader, "control_urls", LS_CONTROL_LIST_MAX);
  topology->mesh_server_id = ls_control_reader_dup_optional_string (&reader, "mesh_server_id");
  topology->mesh_peer_ids = ls_control_reader_get_list (
      &reader, "mesh_peers", LS_CONTROL_LIST_MAX, (LsControlDecode)decode_mesh_peer_id, g_free);
  topology->mesh_peer_addresses
      = ls_control_reader_get_list (&reader, "mesh_peers", LS_CONTROL_LIST_MAX,
                                    (LsControlDecode)decode_mesh_peer_address, g_free);
  topology->generated_at
      = ls_control_reader_get_int (&reader, "generated_at", G_MININT64, G_MAXINT64);
  return ls_control_reader_finish (&reader, error) ? g_steal_pointer (&topology) : NULL;
}

LsPendingRegistration *
ls_control_codec_decode_pending (JsonNode *node, GError **error)
{
  g_autoptr (LsPendingRegistration) pending = g_new0 (LsPendingRegistration, 1);
  LsControlReader reader;

  ls_control_reader_init (&reader, node, "RegisterUrlResponse");
  pending->node_id = ls_control_reader_dup_string (&reader, "node_id");
  pending->network_id = ls_control_reader_dup_string (&reader, "network_id");
  pending->ipv4 = ls_control_reader_dup_string (&reader, "ipv4");
  pending->ipv6 = ls_control_reader_dup_string (&reader, "ipv6");
  pending->auth_path = ls_control_reader_dup_string (&reader, "auth_path");
  pending->expires_at = ls_control_reader_get_int (&reader, "expires_at", G_MININT64, G_MAXINT64);
  pending->node_token = ls_control_reader_dup_string (&reader, "node_token");
  if (pending->node_token != NULL && !ls_token_validate (pending->node_token, NULL))
    ls_control_reader_refuse (&reader, "node_token");
  return ls_control_reader_finish (&reader, error) ? g_steal_pointer (&pending) : NULL;
}
