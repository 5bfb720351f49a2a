/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-call.h"

#include "ls-control-codec.h"
#include "ls-demo-secret.h"
#include "ls-endpoint.h"
#include "ls-error.h"

#include <string.h>

G_DEFINE_QUARK (ls_demo_refused_quark, ls_demo_refused)

static const char *
get_header (LsDemoCall *call, const char *name)
{
  return soup_message_headers_get_one (soup_server_message_get_request_headers (call->message),
                                       name);
}

/* The token of the request, or NULL. (transfer full), free with ls_control_secret_free(). */
static char *
dup_bearer_token (LsDemoCall *call)
{
  const char *header = get_header (call, "Authorization");

  if (header == NULL || g_ascii_strncasecmp (header, "Bearer ", 7) != 0)
    return NULL;
  return g_strstrip (g_strdup (header + 7));
}

/* SECURITY: without an administrator's token the server lets anybody administer it, as existing
 * servers do; main() says so at start. */
static gboolean
token_is_admin (LsDemoCall *call, const char *token)
{
  return call->admin_hash == NULL || ls_demo_secret_matches (call->admin_hash, token);
}

gboolean
ls_demo_call_require_admin (LsDemoCall *call, GError **error)
{
  char *token = dup_bearer_token (call);
  gboolean granted = token_is_admin (call, token);

  ls_control_secret_free (token);
  if (!granted)
    g_set_error_literal (error, LS_ERROR, LS_ERROR_CONTROL_UNAUTHORIZED, "admin token required");
  return granted;
}

LsDemoNode *
ls_demo_call_require_node (LsDemoCall *call, const char *id, GError **error)
{
  LsDemoNode *node = ls_demo_store_get_node (call->store, id, error);
  char *token;
  gboolean granted;

  if (node == NULL)
    return NULL;

  token = dup_bearer_token (call);
  granted = ls_demo_node_token_matches (node, token)
            || (call->admin_hash != NULL && token_is_admin (call, token));
  ls_control_secret_free (token);
  if (granted)
    return node;
  g_set_error_literal (error, LS_ERROR, LS_ERROR_CONTROL_UNAUTHORIZED, "node token required");
  return NULL;
}

static gboolean
has_json_type (LsDemoCall *call)
{
  const char *type = get_header (call, "Content-Type");

  return type != NULL
         && (g_ascii_strncasecmp (type, "application/json", 16) == 0 || strstr (type, "+json"));
}

static gboolean
check_required (JsonNode *node, const char *const *required, GError **error)
{
  JsonObject *object = json_node_get_object (node);

  for (; required != NULL && *required != NULL; required++)
    if (!json_object_has_member (object, *required))
      {
        g_set_error (error, LS_DEMO_REFUSED, SOUP_STATUS_UNPROCESSABLE_ENTITY,
                     "Failed to deserialize the JSON body into the target type: missing field `%s`",
                     *required);
        return FALSE;
      }
  return TRUE;
}

JsonNode *
ls_demo_call_read_body (LsDemoCall *call, LsControlReader *reader, const char *what,
                        const char *const *required, GError **error)
{
  SoupMessageBody *body = soup_server_message_get_request_body (call->message);
  g_autoptr (GBytes) bytes = soup_message_body_flatten (body);
  g_autoptr (GError) fault = NULL;
  g_autoptr (JsonNode) node = NULL;

  if (!has_json_type (call))
    {
      g_set_error_literal (error, LS_DEMO_REFUSED, SOUP_STATUS_UNSUPPORTED_MEDIA_TYPE,
                           "Expected request with `Content-Type: application/json`");
      return NULL;
    }

  node = ls_control_codec_parse (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), &fault);
  if (node == NULL)
    {
      g_set_error (error, LS_DEMO_REFUSED, SOUP_STATUS_BAD_REQUEST,
                   "Failed to parse the request body as JSON: %s", fault->message);
      return NULL;
    }
  if (!check_required (node, required, error))
    return NULL;

  ls_control_reader_init (reader, node, what);
  return g_steal_pointer (&node);
}

gboolean
ls_demo_call_finish_body (LsControlReader *reader, GError **error)
{
  g_autoptr (GError) fault = NULL;

  if (ls_control_reader_finish (reader, &fault))
    return TRUE;
  g_set_error (error, LS_DEMO_REFUSED, SOUP_STATUS_UNPROCESSABLE_ENTITY,
               "Failed to deserialize the JSON body into the target type: %s", fault->message);
  return FALSE;
}

const char *
ls_demo_call_get_query (LsDemoCall *call, const char *name)
{
  return call->query != NULL ? g_hash_table_lookup (call->query, name) : NULL;
}

gboolean
ls_demo_call_get_number (LsDemoCall *call, const char *name, guint64 fallback, guint64 *out_number,
                         GError **error)
{
  const char *text = ls_demo_call_get_query (call, name);

  *out_number = fallback;
  if (text == NULL || g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64, out_number, NULL))
    return TRUE;
  g_set_error (error, LS_DEMO_REFUSED, SOUP_STATUS_BAD_REQUEST,
               "Failed to deserialize query string: %s: invalid digit found in string", name);
  return FALSE;
}

void
ls_demo_reply_text (SoupServerMessage *message, char *text)
{
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_server_message_set_response (message, "application/json", SOUP_MEMORY_TAKE, text,
                                    strlen (text));
}

void
ls_demo_reply_json (SoupServerMessage *message, JsonNode *node)
{
  if (node != NULL)
    ls_demo_reply_text (message, json_to_string (node, FALSE));
  else
    soup_server_message_set_status (message, SOUP_STATUS_NO_CONTENT, NULL);
}

static guint
status_of_error (const GError *error)
{
  switch ((LsError)error->code)
    {
    case LS_ERROR_CONTROL_INVALID:
      return SOUP_STATUS_BAD_REQUEST;
    case LS_ERROR_CONTROL_UNAUTHORIZED:
      return SOUP_STATUS_UNAUTHORIZED;
    case LS_ERROR_CONTROL_NOT_FOUND:
      return SOUP_STATUS_NOT_FOUND;
    case LS_ERROR_CONTROL_CONFLICT:
      return SOUP_STATUS_CONFLICT;
    default:
      return SOUP_STATUS_INTERNAL_SERVER_ERROR;
    }
}

void
ls_demo_reply_error (SoupServerMessage *message, const GError *error)
{
  g_autoptr (JsonNode) node = NULL;
  JsonObject *object;

  if (error->domain == LS_DEMO_REFUSED)
    {
      soup_server_message_set_status (message, error->code, NULL);
      soup_server_message_set_response (message, "text/plain; charset=utf-8", SOUP_MEMORY_COPY,
                                        error->message, strlen (error->message));
      return;
    }

  object = json_object_new ();
  json_object_set_string_member (object, "error", error->message);
  node = json_node_new (JSON_NODE_OBJECT);
  json_node_take_object (node, object);
  ls_demo_reply_json (message, node);
  soup_server_message_set_status (message, status_of_error (error), NULL);
}

char *
ls_demo_observed_endpoint (GSocketAddress *source, guint16 port)
{
  g_autofree char *host = NULL;
  LsEndpoint endpoint = { .port = port };

  if (!G_IS_INET_SOCKET_ADDRESS (source) || port == 0)
    return NULL;

  host = g_inet_address_to_string (
      g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (source)));
  if (!ls_address_parse (host, &endpoint.address, NULL) || !ls_endpoint_is_usable (&endpoint))
    return NULL;
  return ls_endpoint_to_text (&endpoint);
}
