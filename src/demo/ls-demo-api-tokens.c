/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-call.h"

#include "ls-control-codec.h"
#include "ls-control-writer.h"

/* An administrator's calls about enrollment tokens. */

JsonNode *
ls_demo_api_list_tokens (LsDemoCall *call, GError **error)
{
  LsDemoNetwork *network = ls_demo_store_get_network (call->store, call->captures[0], error);
  g_autoptr (GPtrArray) tokens = NULL;
  JsonObject *object;

  if (network == NULL)
    return NULL;

  tokens = ls_demo_store_list_tokens (call->store, network);
  object = json_object_new ();
  ls_control_writer_set_list (object, "tokens", tokens,
                              (LsControlEncode)ls_control_codec_encode_token);
  return ls_control_writer_take_object (object);
}

typedef struct
{
  GStrv tags;
  char *owner_user_id;
  char *owner_email;
  LsDemoTokenDraft draft;
} TokenRequest;

static void
token_request_clear (TokenRequest *request)
{
  g_strfreev (request->tags);
  g_free (request->owner_user_id);
  g_free (request->owner_email);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TokenRequest, token_request_clear)

static gboolean
read_token (LsDemoCall *call, TokenRequest *request, GError **error)
{
  const char *required[] = { "ttl_seconds", "uses", NULL };
  LsControlReader reader;
  g_autoptr (JsonNode) body
      = ls_demo_call_read_body (call, &reader, "CreateToken", required, error);
  LsDemoTokenDraft *draft = &request->draft;

  if (body == NULL)
    return FALSE;

  draft->ttl = (guint64)ls_control_reader_get_int (&reader, "ttl_seconds", 0, G_MAXINT64);
  draft->uses = (guint32)ls_control_reader_get_int (&reader, "uses", 0, G_MAXUINT32);
  request->tags = ls_control_reader_dup_optional_strv (&reader, "tags", LS_CONTROL_LIST_MAX);
  request->owner_user_id = ls_control_reader_dup_optional_string (&reader, "owner_user_id");
  request->owner_email = ls_control_reader_dup_optional_string (&reader, "owner_email");
  draft->owner_is_admin = ls_control_reader_get_optional_boolean (&reader, "owner_is_admin", TRUE);
  draft->tags = (const char *const *)request->tags;
  draft->owner_user_id = request->owner_user_id;
  draft->owner_email = request->owner_email;
  return ls_demo_call_finish_body (&reader, error);
}

JsonNode *
ls_demo_api_create_token (LsDemoCall *call, GError **error)
{
  LsDemoNetwork *network = ls_demo_store_get_network (call->store, call->captures[0], error);
  g_auto (TokenRequest) request = { 0 };
  const LsEnrollmentToken *token;
  JsonObject *object;

  if (network == NULL || !read_token (call, &request, error))
    return NULL;
  token = ls_demo_store_create_token (call->store, network, &request.draft, error);
  if (token == NULL)
    return NULL;

  object = json_object_new ();
  json_object_set_member (object, "token", ls_control_codec_encode_token (token));
  return ls_control_writer_take_object (object);
}

JsonNode *
ls_demo_api_revoke_token (LsDemoCall *call, GError **error)
{
  const LsEnrollmentToken *token
      = ls_demo_store_revoke_token (call->store, call->captures[0], error);

  return token != NULL ? ls_control_codec_encode_token (token) : NULL;
}
