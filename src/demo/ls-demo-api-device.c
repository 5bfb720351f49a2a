/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-call.h"

#include "ls-control-codec.h"
#include "ls-control-writer.h"

/* Calls of a device: registration, heartbeat, netmap, keys. */

typedef struct
{
  char *token;
  char *network_id;
  char *node_name;
  char *machine_public_key;
  char *wg_public_key;
  guint64 ttl;
} JoinRequest;

static void
join_request_clear (JoinRequest *request)
{
  ls_control_secret_free (request->token);
  g_free (request->network_id);
  g_free (request->node_name);
  g_free (request->machine_public_key);
  g_free (request->wg_public_key);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (JoinRequest, join_request_clear)

/* @by_url: a registration with a link, else with a token. */
static gboolean
read_join (LsDemoCall *call, gboolean by_url, JoinRequest *request, GError **error)
{
  const char *required[] = { by_url ? "network_id" : "token", "node_name", "machine_public_key",
                             "wg_public_key", NULL };
  LsControlReader reader;
  g_autoptr (JsonNode) body = ls_demo_call_read_body (
      call, &reader, by_url ? "RegisterUrl" : "Register", required, error);

  if (body == NULL)
    return FALSE;

  if (by_url)
    request->network_id = ls_control_reader_dup_string (&reader, "network_id");
  else
    request->token = ls_control_reader_dup_string (&reader, "token");
  request->node_name = ls_control_reader_dup_string (&reader, "node_name");
  request->machine_public_key = ls_control_reader_dup_string (&reader, "machine_public_key");
  request->wg_public_key = ls_control_reader_dup_string (&reader, "wg_public_key");
  request->ttl = (guint64)ls_control_reader_get_optional_int (&reader, "ttl_seconds", 0, G_MAXINT64,
                                                              LS_DEMO_LINK_TTL);
  return ls_demo_call_finish_body (&reader, error);
}

/* Answers with the netmap of @node between @before and @after, all of it JSON. */
static JsonNode *
answer_netmap (LsDemoCall *call, LsDemoNode *node, const char *before, const char *after)
{
  g_autofree char *netmap = ls_demo_store_build_netmap_text (call->store, node);

  if (*before == '\0')
    ls_demo_reply_text (call->message, g_steal_pointer (&netmap));
  else
    ls_demo_reply_text (call->message, g_strconcat (before, netmap, after, NULL));
  call->answers_itself = TRUE;
  return NULL;
}

JsonNode *
ls_demo_api_register (LsDemoCall *call, GError **error)
{
  g_auto (JoinRequest) request = { 0 };
  LsDemoJoin join;
  g_autofree char *before = NULL;
  char *node_token = NULL;
  LsDemoNode *node;

  if (!read_join (call, FALSE, &request, error))
    return NULL;
  join = (LsDemoJoin){ request.node_name, request.machine_public_key, request.wg_public_key };
  node = ls_demo_store_register (call->store, request.token, &join, &node_token, error);
  if (node == NULL)
    return NULL;

  /* The token is URL-safe base64: nothing in it needs escaping. */
  before = g_strdup_printf ("{\"node_token\":\"%s\",\"netmap\":", node_token);
  ls_control_secret_free (node_token);
  return answer_netmap (call, node, before, "}");
}

JsonNode *
ls_demo_api_register_url (LsDemoCall *call, GError **error)
{
  g_auto (JoinRequest) request = { 0 };
  g_autoptr (LsPendingRegistration) pending = NULL;
  LsDemoJoin join;

  if (!read_join (call, TRUE, &request, error))
    return NULL;
  join = (LsDemoJoin){ request.node_name, request.machine_public_key, request.wg_public_key };
  if (ls_demo_store_register_url (call->store, request.network_id, &join, request.ttl, &pending,
                                  error)
      == NULL)
    return NULL;
  return ls_control_codec_encode_pending (pending);
}

static JsonNode *
encode_approval (LsDemoNode *node, const char *id)
{
  JsonObject *object = json_object_new ();
  gint64 approved_at = ls_demo_node_get_approved_at (node);

  json_object_set_string_member (object, "node_id", id);
  json_object_set_boolean_member (object, "approved", approved_at != 0);
  ls_control_writer_set_number (object, "approved_at", approved_at);
  return ls_control_writer_take_object (object);
}

JsonNode *
ls_demo_api_approve_by_link (LsDemoCall *call, GError **error)
{
  const char *id = call->captures[0];
  LsDemoNode *node = ls_demo_store_approve_by_link (call->store, id, call->captures[1], error);

  return node != NULL ? encode_approval (node, id) : NULL;
}

JsonNode *
ls_demo_api_approve (LsDemoCall *call, GError **error)
{
  const char *id = call->captures[0];
  LsDemoNode *node = ls_demo_store_approve (call->store, id, error);

  return node != NULL ? encode_approval (node, id) : NULL;
}

typedef struct
{
  char *node_id;
  GStrv endpoints;
  GPtrArray *routes;
  guint16 listen_port;
  gboolean probe;
} HeartbeatRequest;

static void
heartbeat_request_clear (HeartbeatRequest *request)
{
  g_free (request->node_id);
  g_strfreev (request->endpoints);
  g_clear_pointer (&request->routes, g_ptr_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (HeartbeatRequest, heartbeat_request_clear)

static gboolean
read_heartbeat (LsDemoCall *call, HeartbeatRequest *request, GError **error)
{
  const char *required[] = { "node_id", NULL };
  LsControlReader reader;
  g_autoptr (JsonNode) body = ls_demo_call_read_body (call, &reader, "Heartbeat", required, error);

  if (body == NULL)
    return FALSE;

  request->node_id = ls_control_reader_dup_string (&reader, "node_id");
  request->endpoints
      = ls_control_reader_dup_optional_strv (&reader, "endpoints", LS_CONTROL_LIST_MAX - 1);
  request->routes = ls_control_reader_get_optional_list (
      &reader, "routes", LS_CONTROL_LIST_MAX, (LsControlDecode)ls_control_codec_decode_route,
      (GDestroyNotify)ls_route_free);
  request->listen_port
      = (guint16)ls_control_reader_get_optional_int (&reader, "listen_port", 0, G_MAXUINT16, 0);
  request->probe = ls_control_reader_get_optional_boolean (&reader, "probe", FALSE);
  return ls_demo_call_finish_body (&reader, error);
}

JsonNode *
ls_demo_api_heartbeat (LsDemoCall *call, GError **error)
{
  g_auto (HeartbeatRequest) request = { 0 };
  g_autofree char *observed = NULL;
  LsDemoNode *node;

  if (!read_heartbeat (call, &request, error))
    return NULL;
  node = ls_demo_call_require_node (call, request.node_id, error);
  if (node == NULL)
    return NULL;

  observed = ls_demo_observed_endpoint (soup_server_message_get_remote_address (call->message),
                                        request.listen_port);
  ls_demo_store_heartbeat (call->store, node, observed, (const char *const *)request.endpoints,
                           request.routes, request.probe);
  return answer_netmap (call, node, "{\"netmap\":", "}");
}

JsonNode *
ls_demo_api_netmap (LsDemoCall *call, GError **error)
{
  LsDemoNode *node = ls_demo_call_require_node (call, call->captures[0], error);

  return node != NULL ? answer_netmap (call, node, "", "") : NULL;
}

JsonNode *
ls_demo_api_longpoll (LsDemoCall *call, GError **error)
{
  LsDemoNode *node = ls_demo_call_require_node (call, call->captures[0], error);
  guint64 since, seconds;

  if (node == NULL || !ls_demo_call_get_number (call, "since", 0, &since, error)
      || !ls_demo_call_get_number (call, "timeout_seconds", LS_DEMO_LONGPOLL_DEFAULT, &seconds,
                                   error))
    return NULL;
  if (seconds == 0 || ls_demo_store_get_revision (call->store) > since)
    return answer_netmap (call, node, "", "");

  ls_demo_longpoll_hold (call->longpoll, call->message, call->captures[0], since,
                         (guint)MIN (seconds, LS_DEMO_LONGPOLL_MAX));
  call->answers_itself = TRUE;
  return NULL;
}

JsonNode *
ls_demo_api_rotate_keys (LsDemoCall *call, GError **error)
{
  LsDemoNode *node = ls_demo_call_require_node (call, call->captures[0], error);
  g_autofree char *machine = NULL;
  g_autofree char *wireguard = NULL;
  g_autoptr (JsonNode) body = NULL;
  const LsNode *info;
  LsControlReader reader;
  JsonObject *object;

  if (node == NULL
      || (body = ls_demo_call_read_body (call, &reader, "RotateKeys", NULL, error)) == NULL)
    return NULL;
  machine = ls_control_reader_dup_optional_string (&reader, "machine_public_key");
  wireguard = ls_control_reader_dup_optional_string (&reader, "wg_public_key");
  if (!ls_demo_call_finish_body (&reader, error)
      || !ls_demo_store_rotate_keys (call->store, node, machine, wireguard, error))
    return NULL;

  info = ls_demo_store_get_node_info (call->store, node);
  object = json_object_new ();
  json_object_set_string_member (object, "node_id", info->id);
  json_object_set_string_member (object, "machine_public_key", info->machine_public_key);
  json_object_set_string_member (object, "wg_public_key", info->wg_public_key);
  return ls_control_writer_take_object (object);
}

JsonNode *
ls_demo_api_keys (LsDemoCall *call, GError **error)
{
  LsDemoNode *node = ls_demo_call_require_node (call, call->captures[0], error);
  JsonObject *object;

  if (node == NULL)
    return NULL;

  object = json_object_new ();
  json_object_set_string_member (object, "node_id", call->captures[0]);
  ls_control_writer_set_list (object, "keys", ls_demo_node_get_keys (node),
                              (LsControlEncode)ls_control_codec_encode_key_record);
  return ls_control_writer_take_object (object);
}
