/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-control-request-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "ls-control-answers.h"
#include "ls-control-client.h"
#include "ls-control-codec.h"
#include "ls-control-writer.h"
#include "ls-error.h"
#include "ls-ident.h"

LsControlRequest *
ls_control_request_new (const char *method, LsControlAuth auth, LsControlDecode decode,
                        GDestroyNotify free_answer, char *path)
{
  LsControlRequest *request = g_new0 (LsControlRequest, 1);

  request->method = method;
  request->path = path;
  request->auth = auth;
  request->timeout = LS_CONTROL_CALL_TIMEOUT;
  request->secrets = g_ptr_array_new_with_free_func ((GDestroyNotify)ls_control_secret_free);
  request->decode = decode;
  request->free_answer = free_answer;
  return request;
}

void
ls_control_request_free (LsControlRequest *request)
{
  if (request == NULL)
    return;

  ls_control_secret_free (request->path);
  ls_control_secret_free (request->body);
  g_ptr_array_unref (request->secrets);
  g_free (request);
}

void
ls_control_request_take_body (LsControlRequest *request, JsonObject *object)
{
  g_autoptr (JsonNode) node = ls_control_writer_take_object (object);

  request->body = json_to_string (node, FALSE);
}

void
ls_control_request_set_optional (JsonObject *object, const char *name, const char *value)
{
  if (value != NULL)
    json_object_set_string_member (object, name, value);
}

LsControlRequest *
ls_control_request_new_healthz (void)
{
  LsControlRequest *request
      = ls_control_request_new ("GET", LS_CONTROL_AUTH_NONE, NULL, NULL, g_strdup ("/healthz"));

  request->flags = LS_CONTROL_REQUEST_TEXT_OK;
  request->timeout = LS_CONTROL_PROBE_TIMEOUT;
  return request;
}

LsControlRequest *
ls_control_request_new_probe (void)
{
  LsControlRequest *request = ls_control_request_new_healthz ();

  request->flags |= LS_CONTROL_REQUEST_PROBE;
  request->free_answer = (GDestroyNotify)ls_control_probe_free;
  return request;
}

/* The body that both registrations begin with, after @first. */
static JsonObject *
registration_body (const char *first, const char *value, const char *node_name,
                   const char *machine_public_key, const char *wg_public_key)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, first, value);
  json_object_set_string_member (object, "node_name", node_name);
  json_object_set_string_member (object, "machine_public_key", machine_public_key);
  json_object_set_string_member (object, "wg_public_key", wg_public_key);
  return object;
}

LsControlRequest *
ls_control_request_new_register (const char *token, const char *node_name,
                                 const char *machine_public_key, const char *wg_public_key,
                                 GError **error)
{
  LsControlRequest *request;

  if (!ls_token_validate (token, error) || !ls_node_name_validate (node_name, error))
    return NULL;

  request = ls_control_request_new (
      "POST", LS_CONTROL_AUTH_NONE, (LsControlDecode)ls_control_answer_registration,
      (GDestroyNotify)ls_registration_free, g_strdup ("/v1/register"));
  request->flags = LS_CONTROL_REQUEST_ONCE;
  g_ptr_array_add (request->secrets, g_strdup (token));
  ls_control_request_take_body (
      request, registration_body ("token", token, node_name, machine_public_key, wg_public_key));
  return request;
}

LsControlRequest *
ls_control_request_new_register_url (const char *network_id, const char *node_name,
                                     const char *machine_public_key, const char *wg_public_key,
                                     guint64 ttl, GError **error)
{
  LsControlRequest *request;
  JsonObject *body;

  if (!ls_node_id_validate (network_id, error) || !ls_node_name_validate (node_name, error))
    return NULL;

  request = ls_control_request_new (
      "POST", LS_CONTROL_AUTH_NONE, (LsControlDecode)ls_control_codec_decode_pending,
      (GDestroyNotify)ls_pending_registration_free, g_strdup ("/v1/register-url"));
  request->flags = LS_CONTROL_REQUEST_ONCE;
  body = registration_body ("network_id", network_id, node_name, machine_public_key, wg_public_key);
  if (ttl > 0)
    json_object_set_int_member (body, "ttl_seconds", MIN (ttl, G_MAXINT64));
  ls_control_request_take_body (request, body);
  return request;
}

/* SECURITY: the path comes from the server and must not lead anywhere but to that server: only the
 * characters that such paths are made of, no second slash in front, no "..". */
static gboolean
auth_path_is_safe (const char *path)
{
  gsize length = path != NULL ? strlen (path) : 0;

  if (length < 2 || length > LS_CONTROL_STRING_MAX || path[0] != '/' || path[1] == '/')
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (path[i]) && strchr ("/-._~=", path[i]) == NULL)
      return FALSE;
  return strstr (path, "/../") == NULL && !g_str_has_suffix (path, "/..");
}

static gboolean
check_auth_path (const char *path, GError **error)
{
  if (auth_path_is_safe (path))
    return TRUE;
  g_set_error_literal (error, LS_ERROR, LS_ERROR_CONTROL_PROTOCOL,
                       _ ("The control server gave a link for approval that is not valid"));
  return FALSE;
}

char *
ls_control_auth_url (const char *base_url, const char *auth_path, GError **error)
{
  g_autofree char *base = ls_control_url_normalize (base_url, error);

  if (base == NULL || !check_auth_path (auth_path, error))
    return NULL;
  return g_strconcat (base, auth_path, NULL);
}

LsControlRequest *
ls_control_request_new_approve_by_link (const char *auth_path, GError **error)
{
  LsControlRequest *request;

  if (!check_auth_path (auth_path, error))
    return NULL;

  request = ls_control_request_new ("GET", LS_CONTROL_AUTH_NONE,
                                    (LsControlDecode)ls_control_answer_approval,
                                    (GDestroyNotify)ls_approval_free, g_strdup (auth_path));
  g_ptr_array_add (request->secrets, g_strdup (strrchr (auth_path, '/') + 1));
  return request;
}

/* A call about one node, with its own token. */
static LsControlRequest *
new_for_node (const char *method, LsControlDecode decode, GDestroyNotify free_answer, char *path)
{
  LsControlRequest *request
      = ls_control_request_new (method, LS_CONTROL_AUTH_NODE, decode, free_answer, path);

  request->flags = LS_CONTROL_REQUEST_ABOUT_NODE;
  return request;
}

static LsControlRequest *
new_for_netmap (char *path)
{
  return new_for_node ("GET", (LsControlDecode)ls_control_codec_decode_netmap,
                       (GDestroyNotify)ls_netmap_unref, path);
}

LsControlRequest *
ls_control_request_new_heartbeat (const char *node_id, const char *const *endpoints,
                                  guint16 listen_port, const GPtrArray *routes, gboolean probe,
                                  GError **error)
{
  LsControlRequest *request;
  JsonObject *body;
  JsonArray *array;

  if (!ls_node_id_validate (node_id, error))
    return NULL;

  body = json_object_new ();
  json_object_set_string_member (body, "node_id", node_id);
  ls_control_writer_set_strv (body, "endpoints", endpoints);
  if (listen_port != 0)
    json_object_set_int_member (body, "listen_port", listen_port);
  array = json_array_new ();
  for (guint i = 0; routes != NULL && i < routes->len; i++)
    json_array_add_element (array, ls_control_codec_encode_route (g_ptr_array_index (routes, i)));
  json_object_set_array_member (body, "routes", array);
  if (probe)
    json_object_set_boolean_member (body, "probe", TRUE);

  request = new_for_node ("POST", (LsControlDecode)ls_control_answer_heartbeat,
                          (GDestroyNotify)ls_netmap_unref, g_strdup ("/v1/heartbeat"));
  ls_control_request_take_body (request, body);
  return request;
}

LsControlRequest *
ls_control_request_new_netmap (const char *node_id, GError **error)
{
  if (!ls_node_id_validate (node_id, error))
    return NULL;
  return new_for_netmap (g_strdup_printf ("/v1/netmap/%s", node_id));
}

LsControlRequest *
ls_control_request_new_longpoll (const char *node_id, guint64 since, guint hold, GError **error)
{
  LsControlRequest *request;

  if (!ls_node_id_validate (node_id, error))
    return NULL;

  hold = MIN (hold, LS_CONTROL_LONGPOLL_MAX);
  request = new_for_netmap (g_strdup_printf ("/v1/netmap/%s/longpoll?since=%" G_GUINT64_FORMAT
                                             "&timeout_seconds=%u",
                                             node_id, since, hold));
  request->timeout = hold + LS_CONTROL_LONGPOLL_MARGIN;
  return request;
}

LsControlRequest *
ls_control_request_new_rotate_keys (const char *node_id, const char *machine_public_key,
                                    const char *wg_public_key, GError **error)
{
  LsControlRequest *request;
  JsonObject *body;

  if (!ls_node_id_validate (node_id, error))
    return NULL;

  body = json_object_new ();
  ls_control_request_set_optional (body, "machine_public_key", machine_public_key);
  ls_control_request_set_optional (body, "wg_public_key", wg_public_key);
  request = new_for_node ("POST", (LsControlDecode)ls_control_answer_rotated_keys,
                          (GDestroyNotify)ls_rotated_keys_free,
                          g_strdup_printf ("/v1/nodes/%s/rotate-keys", node_id));
  request->flags |= LS_CONTROL_REQUEST_ONCE;
  ls_control_request_take_body (request, body);
  return request;
}

LsControlRequest *
ls_control_request_new_key_history (const char *node_id, GError **error)
{
  if (!ls_node_id_validate (node_id, error))
    return NULL;
  return new_for_node ("GET", (LsControlDecode)ls_control_answer_keys,
                       (GDestroyNotify)g_ptr_array_unref,
                       g_strdup_printf ("/v1/nodes/%s/keys", node_id));
}
