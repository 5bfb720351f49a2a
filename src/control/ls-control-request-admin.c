/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-control-request-private.h"

#include "ls-control-answers.h"
#include "ls-control-codec.h"
#include "ls-control-writer.h"
#include "ls-ident.h"

/* A call of an administrator on what @id names: the path is @before, the id, @after. */
static LsControlRequest *
new_admin (const char *method, const char *before, const char *id, const char *after,
           LsControlDecode decode, GDestroyNotify free_answer, GError **error)
{
  if (!ls_node_id_validate (id, error))
    return NULL;
  return ls_control_request_new (method, LS_CONTROL_AUTH_ADMIN, decode, free_answer,
                                 g_strconcat (before, id, after, NULL));
}

LsControlRequest *
ls_control_request_new_revoke_node (const char *node_id, GError **error)
{
  return new_admin ("POST", "/v1/nodes/", node_id, "/revoke",
                    (LsControlDecode)ls_control_answer_revoked_at, g_free, error);
}

LsControlRequest *
ls_control_request_new_delete_node (const char *node_id, GError **error)
{
  LsControlRequest *request = new_admin ("DELETE", "/v1/nodes/", node_id, "",
                                         (LsControlDecode)ls_control_answer_node_id, g_free, error);

  if (request != NULL)
    request->flags = LS_CONTROL_REQUEST_OPTIONAL;
  return request;
}

LsControlRequest *
ls_control_request_new_list_nodes (const char *network_id, GError **error)
{
  return new_admin ("GET", "/v1/admin/networks/", network_id, "/nodes",
                    (LsControlDecode)ls_control_answer_nodes, (GDestroyNotify)g_ptr_array_unref,
                    error);
}

LsControlRequest *
ls_control_request_new_approve_node (const char *node_id, GError **error)
{
  return new_admin ("POST", "/v1/admin/nodes/", node_id, "/approve",
                    (LsControlDecode)ls_control_answer_approval, (GDestroyNotify)ls_approval_free,
                    error);
}

LsControlRequest *
ls_control_request_new_update_node (const char *node_id, const char *name, const char *const *tags,
                                    GError **error)
{
  LsControlRequest *request;
  JsonObject *body;

  if (name != NULL && !ls_node_name_validate (name, error))
    return NULL;
  request
      = new_admin ("PUT", "/v1/admin/nodes/", node_id, "", (LsControlDecode)ls_control_answer_node,
                   (GDestroyNotify)ls_node_free, error);
  if (request == NULL)
    return NULL;

  body = json_object_new ();
  ls_control_request_set_optional (body, "name", name);
  if (tags != NULL)
    ls_control_writer_set_strv (body, "tags", tags);
  ls_control_request_take_body (request, body);
  return request;
}

static JsonObject *
network_body (const LsNetworkDraft *draft)
{
  JsonObject *body = json_object_new ();

  json_object_set_string_member (body, "name", draft->name);
  ls_control_request_set_optional (body, "overlay_v4", draft->overlay_v4);
  ls_control_request_set_optional (body, "overlay_v6", draft->overlay_v6);
  ls_control_request_set_optional (body, "dns_domain", draft->dns_domain);
  if (draft->requires_approval)
    json_object_set_boolean_member (body, "requires_approval", TRUE);
  if (draft->key_rotation_max_age > 0)
    json_object_set_int_member (body, "key_rotation_max_age_seconds", draft->key_rotation_max_age);
  if (draft->bootstrap_token_uses > 0)
    {
      json_object_set_int_member (body, "bootstrap_token_uses", draft->bootstrap_token_uses);
      if (draft->bootstrap_token_ttl > 0)
        json_object_set_int_member (body, "bootstrap_token_ttl_seconds",
                                    draft->bootstrap_token_ttl);
      ls_control_writer_set_strv (body, "bootstrap_token_tags", draft->bootstrap_token_tags);
    }
  return body;
}

LsControlRequest *
ls_control_request_new_create_network (const LsNetworkDraft *draft, GError **error)
{
  LsControlRequest *request;

  if (!ls_node_name_validate (draft->name, error))
    return NULL;

  request = ls_control_request_new (
      "POST", LS_CONTROL_AUTH_ADMIN, (LsControlDecode)ls_control_answer_created_network,
      (GDestroyNotify)ls_created_network_free, g_strdup ("/v1/networks"));
  request->flags = LS_CONTROL_REQUEST_ONCE;
  ls_control_request_take_body (request, network_body (draft));
  return request;
}

LsControlRequest *
ls_control_request_new_delete_network (const char *network_id, GError **error)
{
  LsControlRequest *request
      = new_admin ("DELETE", "/v1/networks/", network_id, "", NULL, NULL, error);

  if (request != NULL)
    request->flags = LS_CONTROL_REQUEST_OPTIONAL;
  return request;
}

LsControlRequest *
ls_control_request_new_list_tokens (const char *network_id, GError **error)
{
  LsControlRequest *request = new_admin ("GET", "/v1/networks/", network_id, "/tokens",
                                         (LsControlDecode)ls_control_answer_tokens,
                                         (GDestroyNotify)g_ptr_array_unref, error);

  if (request != NULL)
    request->flags = LS_CONTROL_REQUEST_OPTIONAL;
  return request;
}

LsControlRequest *
ls_control_request_new_create_token (const char *network_id, guint64 ttl, guint32 uses,
                                     const char *const *tags, GError **error)
{
  LsControlRequest *request = new_admin ("POST", "/v1/networks/", network_id, "/tokens",
                                         (LsControlDecode)ls_control_answer_token,
                                         (GDestroyNotify)ls_enrollment_token_free, error);
  JsonObject *body;

  if (request == NULL)
    return NULL;

  request->flags = LS_CONTROL_REQUEST_ONCE;
  body = json_object_new ();
  json_object_set_int_member (body, "ttl_seconds", MIN (ttl, G_MAXINT64));
  json_object_set_int_member (body, "uses", uses);
  ls_control_writer_set_strv (body, "tags", tags);
  ls_control_request_take_body (request, body);
  return request;
}

LsControlRequest *
ls_control_request_new_revoke_token (const char *token, GError **error)
{
  LsControlRequest *request;
  g_autofree char *segment = NULL;

  if (!ls_token_validate (token, error))
    return NULL;

  segment = g_uri_escape_string (token, NULL, FALSE);
  request = ls_control_request_new ("POST", LS_CONTROL_AUTH_ADMIN,
                                    (LsControlDecode)ls_control_codec_decode_token,
                                    (GDestroyNotify)ls_enrollment_token_free,
                                    g_strconcat ("/v1/tokens/", segment, "/revoke", NULL));
  g_ptr_array_add (request->secrets, g_strdup (token));
  g_ptr_array_add (request->secrets, g_steal_pointer (&segment));
  return request;
}

LsControlRequest *
ls_control_request_new_get_acl (const char *network_id, GError **error)
{
  return new_admin ("GET", "/v1/networks/", network_id, "/acl",
                    (LsControlDecode)ls_control_codec_decode_acl,
                    (GDestroyNotify)ls_acl_policy_free, error);
}

LsControlRequest *
ls_control_request_new_put_acl (const char *network_id, const LsAclPolicy *policy, GError **error)
{
  LsControlRequest *request = new_admin ("PUT", "/v1/networks/", network_id, "/acl",
                                         (LsControlDecode)ls_control_answer_acl,
                                         (GDestroyNotify)ls_acl_policy_free, error);
  JsonObject *body;

  if (request == NULL)
    return NULL;

  body = json_object_new ();
  json_object_set_member (body, "policy", ls_control_codec_encode_acl (policy));
  ls_control_request_take_body (request, body);
  return request;
}

LsControlRequest *
ls_control_request_new_get_key_policy (const char *network_id, GError **error)
{
  return new_admin ("GET", "/v1/networks/", network_id, "/key-policy",
                    (LsControlDecode)ls_control_answer_max_age, g_free, error);
}

LsControlRequest *
ls_control_request_new_put_key_policy (const char *network_id, guint64 max_age, GError **error)
{
  LsControlRequest *request = new_admin ("PUT", "/v1/networks/", network_id, "/key-policy",
                                         (LsControlDecode)ls_control_answer_max_age, g_free, error);
  JsonObject *body;

  if (request == NULL)
    return NULL;

  body = json_object_new ();
  if (max_age > 0)
    json_object_set_int_member (body, "max_age_seconds", MIN (max_age, G_MAXINT64));
  else
    json_object_set_null_member (body, "max_age_seconds");
  ls_control_request_take_body (request, body);
  return request;
}

LsControlRequest *
ls_control_request_new_audit (const char *network_id, const char *node_id, guint limit,
                              GError **error)
{
  GString *query;

  if ((network_id != NULL && !ls_node_id_validate (network_id, error))
      || (node_id != NULL && !ls_node_id_validate (node_id, error)))
    return NULL;

  query = g_string_new (NULL);
  if (network_id != NULL)
    g_string_append_printf (query, "&network_id=%s", network_id);
  if (node_id != NULL)
    g_string_append_printf (query, "&node_id=%s", node_id);
  if (limit > 0)
    g_string_append_printf (query, "&limit=%u", limit);
  if (query->len > 0)
    query->str[0] = '?';
  g_string_prepend (query, "/v1/audit");
  return ls_control_request_new ("GET", LS_CONTROL_AUTH_ADMIN,
                                 (LsControlDecode)ls_control_answer_audit,
                                 (GDestroyNotify)g_ptr_array_unref, g_string_free (query, FALSE));
}

LsControlRequest *
ls_control_request_new_topology (void)
{
  LsControlRequest *request = ls_control_request_new (
      "GET", LS_CONTROL_AUTH_ADMIN, (LsControlDecode)ls_control_codec_decode_topology,
      (GDestroyNotify)ls_topology_free, g_strdup ("/v1/admin/topology"));

  request->flags = LS_CONTROL_REQUEST_OPTIONAL;
  return request;
}
