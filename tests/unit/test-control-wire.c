/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Every exchange of tests/data/wire: the client would send exactly this request, and reads the
 * answer; where the codec has an encoder, writing the value again gives the same JSON. */

#include <string.h>

#include "ls-control-codec.h"
#include "ls-control-failure.h"
#include "ls-control-request.h"
#include "ls-error.h"

#define NETWORK "7f0c3a51-3a6c-4a52-9d53-6a3f0f0f2a11"
#define LAPTOP "0a5c2f0e-9a0f-4c1e-8c63-2f5f0d1b7a01"
#define AUTH_PATH "/v1/register/approve/" LAPTOP "/vfScPDiCEC_AF_-2YRCMY6g20GWIikCTmUOYzFXC6i8"
#define TOKEN "GnZ0607njffhrEOak8P6jjyUV4TU3sn9jjARc4svHWI"
#define USED_UP "KDu53u8C5oQ6v7U476HspwgBvYpwHD-YGR4SNJYzkkc"
#define REVOKED "xER0A41FnkDkcUr--nv42un5g0si9ejsHdQ07LYrUS4"
#define MACHINE_KEY "9tCOoJxU0xwhaPfcsD8CYxMQjjy48Sw8TAWY3KVd9j0="
#define WG_KEY "4d6GGHFBBUE9f/obBPvBfOXY3W9yNr0/yQv4Wkr2BuY="
#define OTHER_MACHINE_KEY "LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE="
#define OTHER_WG_KEY "ofzkNjhU/4iM/0uOeHXWAMJoI5BBKoz3mzfQsRFIsPo="

typedef LsControlRequest *(*Build) (GError **error);
typedef JsonNode *(*Encode) (gconstpointer answer);

typedef struct
{
  const char *file;
  Build build;
  Encode encode; /* writes what was read, for comparing */
  const char *member; /* the part of the answer that is compared, NULL: all */
  int code; /* of LS_ERROR, where the answer is a failure */
  const char *message; /* part of the failure's */
} Exchange;

static const char *const lab_tags[] = { "lab", NULL };

static LsControlRequest *
build_acl (GError **error)
{
  return ls_control_request_new_get_acl (NETWORK, error);
}

static LsControlRequest *
build_approve (GError **error)
{
  return ls_control_request_new_approve_node (LAPTOP, error);
}

static LsControlRequest *
build_nodes (GError **error)
{
  return ls_control_request_new_list_nodes (NETWORK, error);
}

static LsControlRequest *
build_update (GError **error)
{
  static const char *const tags[] = { "dev", "lab", NULL };

  return ls_control_request_new_update_node (LAPTOP, "laptop2", tags, error);
}

static LsControlRequest *
build_link (GError **error)
{
  return ls_control_request_new_approve_by_link (AUTH_PATH, error);
}

static LsControlRequest *
build_audit (GError **error)
{
  return ls_control_request_new_audit (NETWORK, NULL, 2, error);
}

static LsControlRequest *
build_heartbeat (GError **error)
{
  static const char *const endpoints[] = { "192.168.1.20:51820", NULL };
  g_autoptr (GPtrArray) routes = g_ptr_array_new_with_free_func ((GDestroyNotify)ls_route_free);

  g_ptr_array_add (routes, ls_route_new ("0.0.0.0/0", TRUE, TRUE, NULL));
  g_ptr_array_add (routes, ls_route_new ("::/0", TRUE, TRUE, NULL));
  return ls_control_request_new_heartbeat (LAPTOP, endpoints, 51820, routes, TRUE, error);
}

static LsControlRequest *
build_keys (GError **error)
{
  return ls_control_request_new_key_history (LAPTOP, error);
}

static LsControlRequest *
build_netmap (GError **error)
{
  return ls_control_request_new_netmap (LAPTOP, error);
}

static LsControlRequest *
build_longpoll (GError **error)
{
  return ls_control_request_new_longpoll (LAPTOP, 20, 30, error);
}

static LsControlRequest *
build_register (GError **error)
{
  return ls_control_request_new_register (TOKEN, "laptop", MACHINE_KEY, WG_KEY, error);
}

static LsControlRequest *
build_register_taken (GError **error)
{
  return ls_control_request_new_register (TOKEN, "LAPTOP", OTHER_MACHINE_KEY, OTHER_WG_KEY, error);
}

static LsControlRequest *
build_register_used_up (GError **error)
{
  return ls_control_request_new_register (USED_UP, "p", OTHER_MACHINE_KEY, OTHER_WG_KEY, error);
}

static LsControlRequest *
build_register_url (GError **error)
{
  return ls_control_request_new_register_url (NETWORK, "laptop", MACHINE_KEY, WG_KEY, 600, error);
}

static LsControlRequest *
build_token_create (GError **error)
{
  return ls_control_request_new_create_token (NETWORK, 3600, 1, lab_tags, error);
}

static LsControlRequest *
build_token_revoke (GError **error)
{
  return ls_control_request_new_revoke_token (REVOKED, error);
}

static LsControlRequest *
build_topology (GError **error)
{
  return ls_control_request_new_topology ();
}

/* A list as an array of what @encode makes of its items. */
static JsonNode *
encode_list (const GPtrArray *items, Encode encode)
{
  JsonArray *array = json_array_new ();
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);

  for (guint i = 0; i < items->len; i++)
    json_array_add_element (array, encode (g_ptr_array_index (items, i)));
  json_node_take_array (node, array);
  return node;
}

static JsonNode *
encode_nodes (gconstpointer answer)
{
  return encode_list (answer, (Encode)ls_control_codec_encode_node);
}

static JsonNode *
encode_audit (gconstpointer answer)
{
  return encode_list (answer, (Encode)ls_control_codec_encode_audit_entry);
}

static JsonNode *
encode_keys (gconstpointer answer)
{
  return encode_list (answer, (Encode)ls_control_codec_encode_key_record);
}

static JsonNode *
encode_registration (gconstpointer answer)
{
  const LsRegistration *registration = answer;

  g_assert_cmpstr (registration->node_token, ==, "k3lxRLPTHoiXo5IN3a6WuDJIw-baiW8y6KxOyXv0ZiE");
  return ls_control_codec_encode_netmap (registration->netmap);
}

static JsonNode *
check_approval (gconstpointer answer)
{
  const LsApproval *approval = answer;

  g_assert_cmpstr (approval->node_id, ==, LAPTOP);
  g_assert_true (approval->approved);
  g_assert_cmpint (approval->approved_at, ==, 1790000100);
  return NULL;
}

static JsonNode *
check_pending (gconstpointer answer)
{
  const LsPendingRegistration *pending = answer;

  g_assert_cmpstr (pending->node_id, ==, LAPTOP);
  g_assert_cmpstr (pending->network_id, ==, NETWORK);
  g_assert_cmpstr (pending->ipv4, ==, "100.99.12.10");
  g_assert_cmpstr (pending->ipv6, ==, "fd3a:91c4:7e02::a");
  g_assert_cmpstr (pending->auth_path, ==, AUTH_PATH);
  g_assert_cmpint (pending->expires_at, ==, 1790000600);
  g_assert_cmpstr (pending->node_token, ==, "k3lxRLPTHoiXo5IN3a6WuDJIw-baiW8y6KxOyXv0ZiE");
  return NULL;
}

#define ENCODE(type) (Encode) ls_control_codec_encode_##type

static const Exchange exchanges[] = {
  { "acl", build_acl, ENCODE (acl), NULL, 0, NULL },
  { "admin-approve", build_approve, check_approval, NULL, 0, NULL },
  { "admin-nodes", build_nodes, encode_nodes, "nodes", 0, NULL },
  { "admin-update", build_update, ENCODE (node), "node", 0, NULL },
  { "approve-by-link", build_link, check_approval, NULL, 0, NULL },
  { "approve-expired", build_link, NULL, NULL, LS_ERROR_CONTROL_UNAUTHORIZED, "approval expired" },
  { "audit", build_audit, encode_audit, "entries", 0, NULL },
  { "bad-json", NULL, NULL, NULL, LS_ERROR_CONTROL_INVALID, "EOF while parsing" },
  { "heartbeat", build_heartbeat, ENCODE (netmap), "netmap", 0, NULL },
  { "key-history", build_keys, encode_keys, "keys", 0, NULL },
  { "missing-field", NULL, NULL, NULL, LS_ERROR_CONTROL_INVALID, "missing field" },
  { "netmap-deleted", build_netmap, NULL, NULL, LS_ERROR_CONTROL_NOT_FOUND, "device" },
  { "netmap-no-relay", build_longpoll, ENCODE (netmap), NULL, 0, NULL },
  { "netmap-pending", build_netmap, ENCODE (netmap), NULL, 0, NULL },
  { "netmap-revoked", build_netmap, ENCODE (netmap), NULL, 0, NULL },
  { "netmap-rotation-due", build_netmap, ENCODE (netmap), NULL, 0, NULL },
  { "netmap-wrong-token", build_netmap, NULL, NULL, LS_ERROR_CONTROL_UNAUTHORIZED, "token" },
  { "register", build_register, encode_registration, "netmap", 0, NULL },
  { "register-name-taken", build_register_taken, NULL, NULL, LS_ERROR_CONTROL_CONFLICT, "taken" },
  { "register-token-used-up", build_register_used_up, NULL, NULL, LS_ERROR_CONTROL_UNAUTHORIZED,
    "token not found" },
  { "register-url", build_register_url, check_pending, NULL, 0, NULL },
  { "token-create", build_token_create, ENCODE (token), "token", 0, NULL },
  { "token-revoke", build_token_revoke, ENCODE (token), NULL, 0, NULL },
  { "topology", build_topology, ENCODE (topology), NULL, 0, NULL },
  { "unknown-path", NULL, NULL, NULL, LS_ERROR_CONTROL_PROTOCOL, "no control server" },
};

static JsonObject *
load (const char *file, JsonNode **out_root)
{
  g_autofree char *name = g_strconcat (file, ".json", NULL);
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "wire", name, NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;

  g_file_get_contents (path, &text, &length, &error);
  g_assert_no_error (error);
  *out_root = ls_control_codec_parse (text, length, &error);
  g_assert_no_error (error);
  return json_node_get_object (*out_root);
}

/* Equal, but for the order of "peers", which is random on the wire and sorted by id with us. */
static gboolean
same_json (JsonNode *a, JsonNode *b)
{
  if (JSON_NODE_HOLDS_OBJECT (a) && JSON_NODE_HOLDS_OBJECT (b)
      && json_object_has_member (json_node_get_object (a), "peers"))
    {
      g_autoptr (LsNetmap) netmap = ls_control_codec_decode_netmap (b, NULL);
      g_autoptr (JsonNode) sorted = ls_control_codec_encode_netmap (netmap);
      guint n = json_array_get_length (
          json_object_get_array_member (json_node_get_object (b), "peers"));

      g_assert_cmpuint (netmap->peers->len, ==, n);
      return json_node_equal (a, sorted);
    }
  return json_node_equal (a, b);
}

static void
check_request (const LsControlRequest *request, JsonObject *expected)
{
  static const char *const names[] = { NULL, "node", "admin" };
  JsonNode *body = json_object_get_member (expected, "body");
  JsonNode *authorization = json_object_get_member (expected, "authorization");

  g_assert_cmpstr (request->method, ==, json_object_get_string_member (expected, "method"));
  g_assert_cmpstr (request->path, ==, json_object_get_string_member (expected, "path"));
  g_assert_cmpstr (names[request->auth], ==,
                   JSON_NODE_HOLDS_NULL (authorization) ? NULL
                                                        : json_node_get_string (authorization));
  if (JSON_NODE_HOLDS_NULL (body))
    g_assert_null (request->body);
  else
    {
      g_autoptr (JsonNode) sent = json_from_string (request->body, NULL);
      JsonObject *object = json_node_get_object (sent);
      g_autoptr (GList) members = json_object_get_members (object);

      for (GList *l = members; l != NULL; l = l->next)
        g_assert_true (json_object_has_member (json_node_get_object (body), l->data));
      g_assert_true (json_node_equal (sent, body));
    }
}

static void
check_answer (const Exchange *exchange, const LsControlRequest *request, JsonNode *response)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) again = NULL;
  gpointer answer = request->decode (response, &error);

  g_assert_no_error (error);
  g_assert_nonnull (answer);
  again = exchange->encode (answer);
  if (exchange->member != NULL)
    response = json_object_get_member (json_node_get_object (response), exchange->member);
  if (again != NULL && !same_json (again, response))
    {
      g_autofree char *got = json_to_string (again, TRUE);

      g_test_message ("%s", got);
      g_test_fail ();
    }
  request->free_answer (answer);
}

static void
check_failure (const Exchange *exchange, const LsControlRequest *request, guint status,
               JsonNode *response)
{
  gboolean is_json = JSON_NODE_HOLDS_OBJECT (response);
  g_autofree char *body
      = is_json ? json_to_string (response, FALSE) : json_node_dup_string (response);
  LsControlReply reply = { .status = status,
                           .content_type = is_json ? "application/json" : "text/plain",
                           .body = body,
                           .length = strlen (body) };
  g_autoptr (GError) error = ls_control_failure_from_reply (request, &reply);

  g_test_message ("%s", error->message);
  g_assert_error (error, LS_ERROR, exchange->code);
  g_assert_nonnull (strstr (error->message, exchange->message));
}

static void
test_exchange (gconstpointer data)
{
  const Exchange *exchange = data;
  g_autoptr (JsonNode) root = NULL;
  JsonObject *object = load (exchange->file, &root);
  JsonNode *response = json_object_get_member (object, "response");
  guint status = json_object_get_int_member (object, "status");
  g_autoptr (GError) error = NULL;
  g_autoptr (LsControlRequest) request = NULL;

  request = exchange->build != NULL ? exchange->build (&error) : build_register (&error);
  g_assert_no_error (error);
  if (exchange->build != NULL)
    check_request (request, json_object_get_object_member (object, "request"));
  if (exchange->code == 0)
    check_answer (exchange, request, response);
  else
    check_failure (exchange, request, status, response);
}

/* No file is left out. */
static void
test_complete (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "wire", NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;
  guint n = 0;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, ".json"))
      n++;
  g_assert_cmpuint (n, ==, G_N_ELEMENTS (exchanges));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (exchanges); i++)
    {
      g_autofree char *path = g_strconcat ("/control-wire/", exchanges[i].file, NULL);

      g_test_add_data_func (path, &exchanges[i], test_exchange);
    }
  g_test_add_func ("/control-wire/complete", test_complete);
  return g_test_run ();
}
