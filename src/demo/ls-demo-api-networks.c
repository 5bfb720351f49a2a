/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-call.h"

#include "ls-control-codec.h"
#include "ls-control-writer.h"

/* An administrator's calls about networks: creation, access rules, key policy. */

/* A network as it is asked for, owning what LsNetworkDraft borrows. */
typedef struct
{
  char *name;
  char *overlay_v4;
  char *overlay_v6;
  char *dns_domain;
  GStrv tags;
  LsNetworkDraft draft;
} NetworkRequest;

static void
network_request_clear (NetworkRequest *request)
{
  g_free (request->name);
  g_free (request->overlay_v4);
  g_free (request->overlay_v6);
  g_free (request->dns_domain);
  g_strfreev (request->tags);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (NetworkRequest, network_request_clear)

static void
fill_draft (NetworkRequest *request)
{
  request->draft.name = request->name;
  request->draft.overlay_v4 = request->overlay_v4;
  request->draft.overlay_v6 = request->overlay_v6;
  request->draft.dns_domain = request->dns_domain;
  request->draft.bootstrap_token_tags = (const char *const *)request->tags;
}

static gboolean
read_network (LsDemoCall *call, NetworkRequest *request, GError **error)
{
  const char *required[] = { "name", NULL };
  LsControlReader reader;
  g_autoptr (JsonNode) body
      = ls_demo_call_read_body (call, &reader, "CreateNetwork", required, error);
  LsNetworkDraft *draft = &request->draft;

  if (body == NULL)
    return FALSE;

  request->name = ls_control_reader_dup_string (&reader, "name");
  request->overlay_v4 = ls_control_reader_dup_optional_string (&reader, "overlay_v4");
  request->overlay_v6 = ls_control_reader_dup_optional_string (&reader, "overlay_v6");
  request->dns_domain = ls_control_reader_dup_optional_string (&reader, "dns_domain");
  request->tags
      = ls_control_reader_dup_optional_strv (&reader, "bootstrap_token_tags", LS_CONTROL_LIST_MAX);
  draft->requires_approval
      = ls_control_reader_get_optional_boolean (&reader, "requires_approval", FALSE);
  draft->key_rotation_max_age = (guint64)ls_control_reader_get_optional_int (
      &reader, "key_rotation_max_age_seconds", 0, G_MAXINT64, 0);
  draft->bootstrap_token_ttl = (guint64)ls_control_reader_get_optional_int (
      &reader, "bootstrap_token_ttl_seconds", 0, G_MAXINT64, 0);
  draft->bootstrap_token_uses = (guint32)ls_control_reader_get_optional_int (
      &reader, "bootstrap_token_uses", 1, G_MAXUINT32, 1);
  fill_draft (request);
  return ls_demo_call_finish_body (&reader, error);
}

JsonNode *
ls_demo_api_create_network (LsDemoCall *call, GError **error)
{
  g_auto (NetworkRequest) request = { 0 };
  const LsEnrollmentToken *token;
  LsDemoNetwork *network;
  JsonObject *object;

  if (!read_network (call, &request, error))
    return NULL;
  network = ls_demo_store_create_network (call->store, &request.draft, &token, error);
  if (network == NULL)
    return NULL;

  object = json_object_new ();
  json_object_set_member (object, "network",
                          ls_control_codec_encode_network (ls_demo_network_get_info (network)));
  if (token != NULL)
    json_object_set_member (object, "bootstrap_token", ls_control_codec_encode_token (token));
  else
    json_object_set_null_member (object, "bootstrap_token");
  return ls_control_writer_take_object (object);
}

JsonNode *
ls_demo_api_delete_network (LsDemoCall *call, GError **error)
{
  ls_demo_store_delete_network (call->store, call->captures[0], error);
  return NULL;
}

JsonNode *
ls_demo_api_get_acl (LsDemoCall *call, GError **error)
{
  LsDemoNetwork *network = ls_demo_store_get_network (call->store, call->captures[0], error);

  if (network == NULL)
    return NULL;
  return ls_control_codec_encode_acl (ls_demo_network_get_acl (network));
}

JsonNode *
ls_demo_api_put_acl (LsDemoCall *call, GError **error)
{
  LsDemoNetwork *network = ls_demo_store_get_network (call->store, call->captures[0], error);
  g_autoptr (LsAclPolicy) policy = NULL;
  g_autoptr (JsonNode) body = NULL;
  const char *required[] = { "policy", NULL };
  LsControlReader reader;
  JsonObject *object;

  if (network == NULL
      || (body = ls_demo_call_read_body (call, &reader, "UpdateAcl", required, error)) == NULL)
    return NULL;
  policy = ls_control_reader_get_object (&reader, "policy",
                                         (LsControlDecode)ls_control_codec_decode_acl);
  if (!ls_demo_call_finish_body (&reader, error))
    return NULL;

  ls_demo_store_set_acl (call->store, network, g_steal_pointer (&policy));
  object = json_object_new ();
  json_object_set_member (object, "policy",
                          ls_control_codec_encode_acl (ls_demo_network_get_acl (network)));
  return ls_control_writer_take_object (object);
}

static JsonNode *
encode_key_policy (LsDemoNetwork *network)
{
  JsonObject *object = json_object_new ();
  JsonObject *policy = json_object_new ();

  ls_control_writer_set_number (policy, "max_age_seconds",
                                (gint64)ls_demo_network_get_info (network)->key_rotation_max_age);
  json_object_set_object_member (object, "policy", policy);
  return ls_control_writer_take_object (object);
}

JsonNode *
ls_demo_api_get_key_policy (LsDemoCall *call, GError **error)
{
  LsDemoNetwork *network = ls_demo_store_get_network (call->store, call->captures[0], error);

  return network != NULL ? encode_key_policy (network) : NULL;
}

JsonNode *
ls_demo_api_put_key_policy (LsDemoCall *call, GError **error)
{
  LsDemoNetwork *network = ls_demo_store_get_network (call->store, call->captures[0], error);
  g_autoptr (JsonNode) body = NULL;
  LsControlReader reader;
  guint64 max_age;

  if (network == NULL
      || (body = ls_demo_call_read_body (call, &reader, "KeyPolicy", NULL, error)) == NULL)
    return NULL;
  max_age
      = (guint64)ls_control_reader_get_optional_int (&reader, "max_age_seconds", 0, G_MAXINT64, 0);
  if (!ls_demo_call_finish_body (&reader, error))
    return NULL;

  ls_demo_store_set_key_policy (call->store, network, max_age);
  return encode_key_policy (network);
}
