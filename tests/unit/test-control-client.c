/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The client against a server double that misbehaves; how it gets on with a real control plane is
 * for the integration tests. */

#include <glib/gstdio.h>
#include <libsoup/soup.h>
#include <string.h>

#include "ls-control-client.h"
#include "ls-error.h"

#define NODE_TOKEN "node-token-canary"
#define PIN "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define ADMIN_TOKEN "admin-token-canary"
#define BOMB_SIZE (80 * 1024 * 1024)
#define NETMAP                                                                                     \
  "{\"network\":{\"id\":\"net\",\"name\":\"lab\",\"overlay_v4\":\"100.64.0.0/24\","                \
  "\"overlay_v6\":\"fd00::/48\",\"dns_domain\":\"lab\"},\"node\":{\"id\":\"n1\",\"name\":\"me\","  \
  "\"dns_name\":\"me.lab\",\"ipv4\":\"100.64.0.1\",\"ipv6\":\"fd00::1\",\"wg_public_key\":\"k\","  \
  "\"machine_public_key\":\"m\",\"endpoints\":[],\"tags\":[],\"routes\":[],\"last_seen\":1},"      \
  "\"peers\":[],\"generated_at\":1,\"revision\":9}"

static char *certificates; /* folder of the test's certificates */

/* What the double does with every request. */
typedef struct
{
  SoupServer *server;
  char *url;
  guint n_requests;
  char *authorization; /* of the last request */
  guint status;
  const char *content_type;
  GBytes *body;
  const char *header; /* and its value: added to the answer */
  const char *value;
  gboolean hang; /* never answer */
} Double;

static void
handle (SoupServer *server, SoupServerMessage *message, const char *path, GHashTable *query,
        gpointer user_data)
{
  Double *self = user_data;
  SoupMessageHeaders *request = soup_server_message_get_request_headers (message);
  SoupMessageHeaders *response = soup_server_message_get_response_headers (message);

  self->n_requests++;
  g_free (self->authorization);
  self->authorization = g_strdup (soup_message_headers_get_one (request, "Authorization"));
  if (self->hang)
    {
      soup_server_message_pause (message);
      return;
    }
  soup_server_message_set_status (message, self->status, NULL);
  if (self->header != NULL)
    soup_message_headers_replace (response, self->header, self->value);
  if (self->content_type != NULL)
    soup_message_headers_set_content_type (response, self->content_type, NULL);
  if (g_bytes_get_size (self->body) > 0)
    soup_message_body_append_bytes (soup_server_message_get_response_body (message), self->body);
}

static void
double_answer (Double *self, guint status, const char *content_type, const char *body)
{
  g_clear_pointer (&self->body, g_bytes_unref);
  self->status = status;
  self->content_type = content_type;
  self->body = g_bytes_new (body, strlen (body));
}

/* @certificate: name of one of make-certificates.sh, or NULL for plain http. */
static Double *
double_new (const char *certificate)
{
  Double *self = g_new0 (Double, 1);
  g_autoptr (GError) error = NULL;
  GSList *uris;

  self->server = soup_server_new (NULL, NULL);
  if (certificate != NULL)
    {
      g_autofree char *name = g_strconcat (certificate, ".pem", NULL);
      g_autofree char *path = g_build_filename (certificates, name, NULL);
      g_autoptr (GTlsCertificate) tls = g_tls_certificate_new_from_file (path, &error);

      g_assert_no_error (error);
      soup_server_set_tls_certificate (self->server, tls);
    }
  soup_server_add_handler (self->server, NULL, handle, self, NULL);
  soup_server_listen_local (
      self->server, 0,
      SOUP_SERVER_LISTEN_IPV4_ONLY | (certificate != NULL ? SOUP_SERVER_LISTEN_HTTPS : 0), &error);
  g_assert_no_error (error);
  uris = soup_server_get_uris (self->server);
  self->url = g_strdup_printf ("%s://127.0.0.1:%d", certificate != NULL ? "https" : "http",
                               g_uri_get_port (uris->data));
  g_slist_free_full (uris, (GDestroyNotify)g_uri_unref);
  double_answer (self, 200, "application/json", NETMAP);
  return self;
}

/* A server with TLS stays until the program ends: libsoup 3.6 crashes when the handshake of a
 * connection ends after its server was disconnected. */
static GSList *retired_servers;

static void
double_free (Double *self)
{
  soup_server_remove_handler (self->server, NULL);
  if (soup_server_is_https (self->server))
    retired_servers = g_slist_prepend (retired_servers, self->server);
  else
    {
      soup_server_disconnect (self->server);
      g_object_unref (self->server);
    }
  g_free (self->url);
  g_free (self->authorization);
  g_bytes_unref (self->body);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Double, double_free)

/* A port on which nothing listens. */
static char *
dead_url (void)
{
  g_autoptr (Double) gone = double_new (NULL);

  return g_strdup (gone->url);
}

static LsControlClient *
client_new_pinned (const char *url1, const char *pin1, const char *url2, const char *pin2)
{
  const char *urls[] = { url1, url2, NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (LsPins) pins = ls_pins_new ();
  LsControlClient *client;

  if (pin1 != NULL)
    g_assert_true (ls_pins_set (pins, url1, pin1, &error));
  if (pin2 != NULL)
    g_assert_true (ls_pins_set (pins, url2, pin2, &error));
  client = ls_control_client_new (urls, pins, &error);

  g_assert_no_error (error);
  g_assert_true (ls_control_client_set_node_token (client, NODE_TOKEN, &error));
  g_assert_true (ls_control_client_set_admin_token (client, ADMIN_TOKEN, &error));
  return client;
}

static LsControlClient *
client_new (const char *url1, const char *url2, const char *pin)
{
  return client_new_pinned (url1, pin, url2, NULL);
}

static void
done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **place = user_data;

  *place = g_object_ref (result);
}

static GAsyncResult *
wait_for (GAsyncResult **place)
{
  while (*place == NULL)
    g_main_context_iteration (NULL, TRUE);
  return *place;
}

static LsNetmap *
get_netmap (LsControlClient *client, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  ls_control_client_netmap_async (client, "n1", NULL, done_cb, &result);
  return ls_control_client_netmap_finish (client, wait_for (&result), error);
}

static LsRegistration *
do_register (LsControlClient *client, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  ls_control_client_register_async (client, "enroll-canary", "laptop", "m", "w", NULL, done_cb,
                                    &result);
  return ls_control_client_register_finish (client, wait_for (&result), error);
}

static LsTopology *
get_topology (LsControlClient *client, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  ls_control_client_topology_async (client, NULL, done_cb, &result);
  return ls_control_client_topology_finish (client, wait_for (&result), error);
}

static LsControlProbe *
probe (LsControlClient *client, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  ls_control_client_probe_async (client, NULL, done_cb, &result);
  return ls_control_client_probe_finish (client, wait_for (&result), error);
}

static void
assert_failure (GError **error, int code, const char *part)
{
  g_test_message ("%s", (*error)->message);
  g_assert_error (*error, LS_ERROR, code);
  g_assert_nonnull (strstr ((*error)->message, part));
  g_assert_null (strstr ((*error)->message, "canary"));
  g_clear_error (error);
}

static void
test_good (void)
{
  g_autoptr (Double) server = double_new (NULL);
  g_autoptr (LsControlClient) client = client_new (server->url, NULL, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (LsNetmap) netmap = get_netmap (client, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (netmap->revision, ==, 9);
  g_assert_cmpstr (server->authorization, ==, "Bearer " NODE_TOKEN);

  g_assert_true (ls_control_client_set_node_token (client, NULL, &error));
  g_clear_pointer (&netmap, ls_netmap_unref);
  netmap = get_netmap (client, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (server->authorization, ==, "Bearer " ADMIN_TOKEN);
}

static void
test_no_token_where_none_belongs (void)
{
  g_autoptr (Double) server = double_new (NULL);
  g_autoptr (LsControlClient) client = client_new (server->url, NULL, NULL);
  g_autoptr (LsControlProbe) seen = NULL;
  g_autoptr (GError) error = NULL;

  double_answer (server, 200, "text/plain", "ok");
  seen = probe (client, &error);
  g_assert_no_error (error);
  g_assert_null (server->authorization);
  g_assert_cmpstr (seen->url, ==, server->url);
  g_assert_false (seen->encrypted);
  g_assert_null (seen->pin);
  g_assert_null (seen->certificate_error);

  g_assert_null (do_register (client, &error));
  g_assert_cmpuint (server->n_requests, ==, 2);
  g_assert_null (server->authorization);
}

static void
count_cb (GObject *object, GParamSpec *pspec, guint *count)
{
  (*count)++;
}

static void
test_failover (void)
{
  g_autoptr (Double) server = double_new (NULL);
  g_autoptr (Double) broken = double_new (NULL);
  g_autofree char *dead = dead_url ();
  const char *urls[] = { dead, broken->url, server->url, NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (LsControlClient) client = ls_control_client_new (urls, NULL, &error);
  g_autoptr (LsNetmap) netmap = NULL;
  guint notified = 0;

  g_assert_no_error (error);
  g_signal_connect (client, "notify::url", G_CALLBACK (count_cb), &notified);
  double_answer (broken, 503, "text/html", "<html><title>Down</title></html>");
  netmap = get_netmap (client, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (ls_control_client_get_url (client), ==, server->url);
  g_assert_cmpuint (notified, ==, 1);
  g_assert_cmpuint (broken->n_requests, ==, 1);

  /* The URL that answered is the new start; once round from there. */
  g_clear_pointer (&netmap, ls_netmap_unref);
  netmap = get_netmap (client, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (broken->n_requests, ==, 1);
  double_answer (server, 500, NULL, "");
  g_assert_null (get_netmap (client, &error));
  assert_failure (&error, LS_ERROR_CONTROL_SERVER, "status 500");
  g_assert_cmpuint (broken->n_requests, ==, 2);
  g_assert_cmpuint (server->n_requests, ==, 3);

  ls_control_client_prefer_url (client, broken->url);
  g_assert_cmpstr (ls_control_client_get_url (client), ==, broken->url);
  ls_control_client_prefer_url (client, "http://unknown.example");
  g_assert_cmpstr (ls_control_client_get_url (client), ==, broken->url);
}

/* Any answer but a 5xx is final. */
static void
test_no_failover_after_answer (void)
{
  g_autoptr (Double) first = double_new (NULL);
  g_autoptr (Double) second = double_new (NULL);
  g_autoptr (LsControlClient) client = client_new (first->url, second->url, NULL);
  g_autoptr (GError) error = NULL;

  double_answer (first, 401, "application/json", "{\"error\":\"node token required\"}");
  g_assert_null (get_netmap (client, &error));
  assert_failure (&error, LS_ERROR_CONTROL_UNAUTHORIZED, "node token required");
  g_assert_cmpuint (second->n_requests, ==, 0);
}

static void
test_registration_once (void)
{
  g_autoptr (Double) first = double_new (NULL);
  g_autoptr (Double) second = double_new (NULL);
  g_autofree char *dead = dead_url ();
  g_autoptr (LsControlClient) client = client_new (first->url, second->url, NULL);
  g_autoptr (LsControlClient) other = client_new (dead, second->url, NULL);
  g_autoptr (LsRegistration) registration = NULL;
  g_autoptr (GError) error = NULL;

  double_answer (first, 500, NULL, "");
  g_assert_null (do_register (client, &error));
  assert_failure (&error, LS_ERROR_CONTROL_SERVER, "500");
  g_assert_cmpuint (second->n_requests, ==, 0);

  /* Nothing was sent to the first: the second may be asked. */
  double_answer (second, 200, "application/json", "{\"node_token\":\"t\",\"netmap\":" NETMAP "}");
  registration = do_register (other, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (registration->node_token, ==, "t");
}

/* A listener that answers every connection with @answer and closes it. */
static gboolean
canned_cb (GThreadedSocketService *service, GSocketConnection *connection, GObject *source,
           gpointer user_data)
{
  const char *answer = user_data;
  char buffer[8192];

  g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (connection)), buffer,
                       sizeof buffer, NULL, NULL);
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)), answer,
                             strlen (answer), NULL, NULL, NULL);
  g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
  return TRUE;
}

static GSocketService *
canned_new (const char *answer, char **out_url)
{
  GSocketService *service = g_threaded_socket_service_new (4);
  guint16 port = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (service), NULL, NULL);

  g_signal_connect (service, "run", G_CALLBACK (canned_cb), (gpointer)answer);
  *out_url = g_strdup_printf ("http://127.0.0.1:%u", port);
  return service;
}

static void
test_truncated (void)
{
  g_autofree char *url = NULL;
  g_autoptr (GSocketService) service G_GNUC_UNUSED
      = canned_new ("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    "Content-Length: 1000\r\n\r\n{\"network\":{",
                    &url);
  g_autoptr (Double) second = double_new (NULL);
  g_autoptr (LsControlClient) alone = client_new (url, NULL, NULL);
  g_autoptr (LsControlClient) client = client_new (url, second->url, NULL);
  g_autoptr (LsNetmap) netmap = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_null (get_netmap (alone, &error));
  assert_failure (&error, LS_ERROR_CONTROL_UNREACHABLE, "broke");
  g_assert_null (do_register (client, &error));
  assert_failure (&error, LS_ERROR_CONTROL_UNREACHABLE, "broke");
  g_assert_cmpuint (second->n_requests, ==, 0);
  netmap = get_netmap (client, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (second->n_requests, ==, 1);
  g_socket_service_stop (service);
}

static void
test_truncated_json (void)
{
  g_autoptr (Double) server = double_new (NULL);
  g_autoptr (LsControlClient) client = client_new (server->url, NULL, NULL);
  g_autoptr (GError) error = NULL;

  double_answer (server, 200, "application/json", "{\"network\":{");
  g_assert_null (get_netmap (client, &error));
  assert_failure (&error, LS_ERROR_CONTROL_PROTOCOL, "cannot be used");
  double_answer (server, 200, "application/json", "");
  g_assert_null (get_netmap (client, &error));
  assert_failure (&error, LS_ERROR_CONTROL_PROTOCOL, "cannot be used");
  double_answer (server, 200, "application/json", "[]");
  g_assert_null (get_netmap (client, &error));
  assert_failure (&error, LS_ERROR_CONTROL_PROTOCOL, "cannot be used");
}

typedef struct
{
  guint status;
  const char *content_type;
  const char *body;
  int code;
  const char *part;
} Answer;

static void
test_error_texts (void)
{
  static const Answer answers[] = {
    { 400, "application/json", "{\"error\":\"invalid request\"}", LS_ERROR_CONTROL_INVALID,
      "invalid request" },
    { 422, "text/plain", "missing field `x`\nat line 1", LS_ERROR_CONTROL_INVALID,
      "missing field `x` at line 1" },
    { 415, NULL, "", LS_ERROR_CONTROL_INVALID, "invalid" },
    { 403, "text/html", "<html><head><title>\n Forbidden <b>by</b> proxy</title>",
      LS_ERROR_CONTROL_UNAUTHORIZED, ": Forbidden by proxy" },
    { 401, "application/json", "{\"error\":\"bad " NODE_TOKEN "\"}", LS_ERROR_CONTROL_UNAUTHORIZED,
      "bad \xe2\x80\xa6" },
    { 404, "application/json", "{\"error\":\"node\"}", LS_ERROR_CONTROL_NOT_FOUND, "device" },
    { 404, "application/json", "{\"error\":\"page\"}", LS_ERROR_CONTROL_PROTOCOL, "page" },
    { 404, NULL, "", LS_ERROR_CONTROL_PROTOCOL, "no control server" },
    { 405, NULL, "", LS_ERROR_CONTROL_PROTOCOL, "405" },
    { 409, "application/json", "{\"error\":\"node name already exists\"}",
      LS_ERROR_CONTROL_CONFLICT, "taken" },
    { 409, "application/json",
      "{\"error\":\"no \xe2\x80\xae"
      "addresses\"}",
      LS_ERROR_CONTROL_CONFLICT,
      "no \xef\xbf\xbd"
      "addresses" },
    { 410, "application/json", "{\"error\":5}", LS_ERROR_CONTROL_PROTOCOL, "410" },
    { 200, "text/html", "<!DOCTYPE html><TITLE>Hotel Wi-Fi</TITLE>", LS_ERROR_CONTROL_PROTOCOL,
      "web page answered instead of a control server: Hotel Wi-Fi" },
    { 200, "application/json", " <html>", LS_ERROR_CONTROL_PROTOCOL, "web page" },
    { 500, "application/json", "{\"error\":\"storage\"}", LS_ERROR_CONTROL_SERVER, "storage" },
    { 502, "text/html", "<title>Bad Gateway", LS_ERROR_CONTROL_SERVER, "502" },
  };
  g_autoptr (Double) server = double_new (NULL);
  g_autoptr (LsControlClient) client = client_new (server->url, NULL, NULL);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      double_answer (server, answers[i].status, answers[i].content_type, answers[i].body);
      g_assert_null (get_netmap (client, &error));
      assert_failure (&error, answers[i].code, answers[i].part);
    }
}

/* Older servers answer 404 or 405 to calls that they do not know. */
static void
test_not_supported (void)
{
  g_autoptr (Double) server = double_new (NULL);
  g_autoptr (LsControlClient) client = client_new (server->url, NULL, NULL);
  g_autoptr (GError) error = NULL;

  double_answer (server, 404, NULL, "");
  g_assert_null (get_topology (client, &error));
  assert_failure (&error, LS_ERROR_NOT_SUPPORTED, "too old");
  double_answer (server, 405, NULL, "");
  g_assert_null (get_topology (client, &error));
  assert_failure (&error, LS_ERROR_NOT_SUPPORTED, "too old");
  double_answer (server, 404, "application/json", "{\"error\":\"network\"}");
  g_assert_null (get_topology (client, &error));
  assert_failure (&error, LS_ERROR_CONTROL_NOT_FOUND, "network");
}

static void
test_redirect (void)
{
  g_autoptr (Double) target = double_new (NULL);
  g_autoptr (Double) server = double_new (NULL);
  g_autoptr (LsControlClient) client = client_new (server->url, NULL, NULL);
  g_autoptr (GError) error = NULL;

  for (guint status = 301; status <= 308; status++)
    {
      double_answer (server, status, NULL, "");
      server->header = "Location";
      server->value = target->url;
      g_assert_null (get_netmap (client, &error));
      assert_failure (&error, LS_ERROR_CONTROL_PROTOCOL, "another address");
    }
  g_assert_cmpuint (target->n_requests, ==, 0);
}

static GBytes *
compress (gsize size)
{
  g_autoptr (GZlibCompressor) zlib = g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP, 1);
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
  g_autoptr (GOutputStream) stream = g_converter_output_stream_new (memory, G_CONVERTER (zlib));
  g_autofree char *spaces = g_strnfill (1024 * 1024, ' ');

  for (gsize i = 0; i < size; i += 1024 * 1024)
    g_output_stream_write_all (stream, spaces, 1024 * 1024, NULL, NULL, NULL);
  g_output_stream_close (stream, NULL, NULL);
  return g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (memory));
}

static void
test_bomb (void)
{
  g_autoptr (Double) server = double_new (NULL);
  g_autoptr (LsControlClient) client = client_new (server->url, NULL, NULL);
  g_autoptr (LsNetmap) netmap = NULL;
  g_autoptr (GError) error = NULL;

  g_clear_pointer (&server->body, g_bytes_unref);
  server->body = compress (BOMB_SIZE);
  server->header = "Content-Encoding";
  server->value = "gzip";
  g_assert_cmpuint (g_bytes_get_size (server->body), <, 1024 * 1024);
  g_assert_null (get_netmap (client, &error));
  assert_failure (&error, LS_ERROR_LIMIT, "64 MiB");

  server->header = NULL;
  double_answer (server, 200, "application/json", NETMAP);
  netmap = get_netmap (client, &error);
  g_assert_no_error (error);
}

static void
test_retry_after (void)
{
  g_autoptr (Double) server = double_new (NULL);
  g_autoptr (LsControlClient) client = client_new (server->url, NULL, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (ls_control_client_get_retry_after (client), ==, 0);
  double_answer (server, 429, NULL, "");
  server->header = "Retry-After";
  server->value = "40";
  g_assert_null (get_netmap (client, &error));
  assert_failure (&error, LS_ERROR_CONTROL_SERVER, "later");
  g_assert_cmpuint (ls_control_client_get_retry_after (client), <=, 40);
  g_assert_cmpuint (ls_control_client_get_retry_after (client), >=, 30);

  double_answer (server, 503, NULL, "");
  server->value = "Fri, 31 Dec 2100 23:59:59 GMT";
  g_assert_null (get_netmap (client, &error));
  assert_failure (&error, LS_ERROR_CONTROL_SERVER, "503");
  g_assert_cmpuint (ls_control_client_get_retry_after (client), <=, LS_CONTROL_RETRY_AFTER_MAX);
  g_assert_cmpuint (ls_control_client_get_retry_after (client), >=,
                    LS_CONTROL_RETRY_AFTER_MAX - 10);

  server->value = "-5";
  g_assert_null (get_netmap (client, &error));
  g_clear_error (&error);
  g_assert_cmpuint (ls_control_client_get_retry_after (client), ==, 0);
}

static gboolean
cancel_cb (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return G_SOURCE_REMOVE;
}

static void
test_cancel (void)
{
  g_autoptr (Double) server = double_new (NULL);
  g_autoptr (Double) second = double_new (NULL);
  g_autoptr (LsControlClient) client = client_new (server->url, second->url, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GAsyncResult) again = NULL;
  g_autoptr (GError) error = NULL;

  server->hang = TRUE;
  ls_control_client_longpoll_async (client, "n1", 5, 300, cancellable, done_cb, &result);
  while (server->n_requests == 0)
    g_main_context_iteration (NULL, TRUE);
  g_timeout_add (10, cancel_cb, cancellable);
  g_assert_null (ls_control_client_longpoll_finish (client, wait_for (&result), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  ls_control_client_netmap_async (client, "n1", cancellable, done_cb, &again);
  g_assert_null (ls_control_client_netmap_finish (client, wait_for (&again), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (second->n_requests, ==, 0);
}

/* Two calls at once on one client: a held long poll keeps nothing waiting. */
static void
test_parallel (void)
{
  g_autoptr (Double) server = double_new (NULL);
  g_autoptr (LsControlClient) client = client_new (server->url, NULL, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GAsyncResult *held[4] = { NULL };
  g_autoptr (LsNetmap) netmap = NULL;
  g_autoptr (GError) error = NULL;

  server->hang = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (held); i++)
    ls_control_client_longpoll_async (client, "n1", 5, 300, cancellable, done_cb, &held[i]);
  while (server->n_requests < G_N_ELEMENTS (held))
    g_main_context_iteration (NULL, TRUE);
  server->hang = FALSE;
  netmap = get_netmap (client, &error);
  g_assert_no_error (error);

  g_cancellable_cancel (cancellable);
  for (guint i = 0; i < G_N_ELEMENTS (held); i++)
    {
      g_assert_null (ls_control_client_longpoll_finish (client, wait_for (&held[i]), NULL));
      g_object_unref (held[i]);
    }
}

/* A server that takes the request and never answers: the next one after the call's own time. */
static void
test_slow (void)
{
  g_autoptr (Double) slow = double_new (NULL);
  g_autoptr (Double) second = double_new (NULL);
  g_autoptr (LsControlClient) alone = client_new (slow->url, NULL, NULL);
  g_autoptr (LsControlClient) client = client_new (slow->url, second->url, NULL);
  g_autoptr (GAsyncResult) first = NULL;
  g_autoptr (GAsyncResult) other = NULL;
  g_autoptr (GError) error = NULL;

  slow->hang = TRUE;
  double_answer (second, 200, "text/plain", "ok\n");
  ls_control_client_healthz_async (alone, NULL, done_cb, &first);
  ls_control_client_healthz_async (client, NULL, done_cb, &other);
  g_assert_false (ls_control_client_healthz_finish (alone, wait_for (&first), &error));
  assert_failure (&error, LS_ERROR_CONTROL_UNREACHABLE, "in time");
  g_assert_true (ls_control_client_healthz_finish (client, wait_for (&other), &error));
  g_assert_no_error (error);
}

static void
test_unreachable (void)
{
  g_autofree char *dead = dead_url ();
  g_autoptr (LsControlClient) client = client_new (dead, NULL, NULL);
  g_autoptr (LsControlClient) nameless = client_new ("http://no-such-host.invalid", NULL, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (get_netmap (client, &error));
  assert_failure (&error, LS_ERROR_CONTROL_UNREACHABLE,
                  "No control server is running at 127.0.0.1:");
  g_assert_null (probe (client, &error));
  assert_failure (&error, LS_ERROR_CONTROL_UNREACHABLE, "127.0.0.1");
  g_assert_null (get_netmap (nameless, &error));
  assert_failure (&error, LS_ERROR_CONTROL_UNREACHABLE, "no-such-host.invalid");
}

static void
test_empty_answer (void)
{
  g_autoptr (Double) server = double_new (NULL);
  g_autoptr (LsControlClient) client = client_new (server->url, NULL, NULL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GAsyncResult) again = NULL;
  g_autoptr (GError) error = NULL;

  double_answer (server, 204, NULL, "");
  ls_control_client_delete_network_async (client, "net", NULL, done_cb, &result);
  g_assert_true (ls_control_client_delete_network_finish (client, wait_for (&result), &error));
  g_assert_no_error (error);
  g_assert_cmpstr (server->authorization, ==, "Bearer " ADMIN_TOKEN);

  double_answer (server, 200, "text/plain", "welcome");
  ls_control_client_delete_network_async (client, "net", NULL, done_cb, &again);
  g_assert_false (ls_control_client_delete_network_finish (client, wait_for (&again), &error));
  assert_failure (&error, LS_ERROR_CONTROL_PROTOCOL, "Something else");
}

static void
test_key_policy (void)
{
  g_autoptr (Double) server = double_new (NULL);
  g_autoptr (LsControlClient) client = client_new (server->url, NULL, NULL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GAsyncResult) again = NULL;
  g_autoptr (GError) error = NULL;
  guint64 max_age = 1;

  double_answer (server, 200, "application/json", "{\"policy\":{}}");
  ls_control_client_get_key_policy_async (client, "net", NULL, done_cb, &result);
  g_assert_true (
      ls_control_client_get_key_policy_finish (client, wait_for (&result), &max_age, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (max_age, ==, 0);

  double_answer (server, 200, "application/json", "{\"policy\":{\"max_age_seconds\":86400}}");
  ls_control_client_put_key_policy_async (client, "net", 86400, NULL, done_cb, &again);
  g_assert_true (
      ls_control_client_put_key_policy_finish (client, wait_for (&again), &max_age, &error));
  g_assert_cmpuint (max_age, ==, 86400);
}

static void
test_bad_arguments (void)
{
  static const char *const bad_ids[] = { "", "..", "a/b", "a?b", "a b", "\xc3\xa9", "%2e" };
  const char *const none[] = { NULL };
  const char *const bad_urls[] = { "ftp://example.com", NULL };
  const char *const urls[] = { "http://example.com", NULL };
  g_autoptr (Double) server = double_new (NULL);
  g_autoptr (LsControlClient) client = client_new (server->url, NULL, NULL);
  g_autoptr (LsPins) pins = ls_pins_new ();
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (bad_ids); i++)
    {
      g_autoptr (GAsyncResult) result = NULL;

      ls_control_client_netmap_async (client, bad_ids[i], NULL, done_cb, &result);
      g_assert_null (ls_control_client_netmap_finish (client, wait_for (&result), &error));
      g_assert_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT);
      g_clear_error (&error);
    }
  g_assert_cmpuint (server->n_requests, ==, 0);

  g_assert_false (ls_control_client_set_node_token (client, "a\r\nX: y", &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (ls_control_client_new (none, NULL, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (ls_control_client_new (bad_urls, NULL, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_true (ls_pins_set (pins, "https://another.example", PIN, NULL));
  g_assert_null (ls_control_client_new (urls, pins, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT);
}

static void
test_auth_url (void)
{
  static const char *const bad[] = {
    "",
    "/",
    "//evil.example/x",
    "http://evil.example/",
    "javascript:x",
    "file:///x",
    "v1/register",
    "/v1/../admin",
    "/v1/..",
    "/a b",
    "/a\r\nb",
    "/a\\b",
    "/a?b",
    "/a#b",
    "/@evil.example/",
    "/a%2fb",
    NULL,
  };
  g_autoptr (GError) error = NULL;
  g_autofree char *url = ls_control_auth_url ("https://vpn.example.com:8080/ls/",
                                              "/v1/register/approve/n/s_-", &error);

  g_assert_no_error (error);
  g_assert_cmpstr (url, ==, "https://vpn.example.com:8080/ls/v1/register/approve/n/s_-");
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_assert_null (ls_control_auth_url ("https://vpn.example.com", bad[i], &error));
      g_assert_error (error, LS_ERROR, LS_ERROR_CONTROL_PROTOCOL);
      g_clear_error (&error);
    }
}

static char *
pin_of (const char *certificate)
{
  g_autofree char *name = g_strconcat (certificate, ".pem", NULL);
  g_autofree char *path = g_build_filename (certificates, name, NULL);
  g_autoptr (GTlsCertificate) tls = g_tls_certificate_new_from_file (path, NULL);
  g_autoptr (GByteArray) der = NULL;

  g_object_get (tls, "certificate", &der, NULL);
  return g_compute_checksum_for_data (G_CHECKSUM_SHA256, der->data, der->len);
}

static void
test_tls_good (void)
{
  g_autoptr (Double) server = double_new ("good");
  g_autofree char *pin = pin_of ("good");
  g_autofree char *upper = g_ascii_strup (pin, -1);
  g_autoptr (LsControlClient) client = client_new (server->url, NULL, NULL);
  g_autoptr (LsControlClient) pinned = client_new (server->url, NULL, upper);
  g_autoptr (LsControlProbe) seen = NULL;
  g_autoptr (LsNetmap) netmap = NULL;
  g_autoptr (LsNetmap) again = NULL;
  g_autoptr (GError) error = NULL;

  netmap = get_netmap (client, &error);
  g_assert_no_error (error);
  again = get_netmap (pinned, &error);
  g_assert_no_error (error);
  g_clear_pointer (&again, ls_netmap_unref);
  again = get_netmap (pinned, &error);
  g_assert_no_error (error);

  double_answer (server, 200, "text/plain", "ok");
  seen = probe (client, &error);
  g_assert_no_error (error);
  g_assert_true (seen->encrypted);
  g_assert_cmpstr (seen->pin, ==, pin);
  g_assert_null (seen->certificate_error);
}

/* The chain is valid, so that only the pin stands between the token and another server. */
static void
test_tls_wrong_pin (void)
{
  g_autoptr (Double) server = double_new ("good");
  g_autofree char *pin = pin_of ("good");
  g_autofree char *other = pin_of ("self-signed");
  g_autoptr (LsControlClient) client = client_new (server->url, NULL, other);
  g_autoptr (LsControlProbe) seen = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 3; i++)
    {
      g_assert_null (get_netmap (client, &error));
      assert_failure (&error, LS_ERROR_CONTROL_TLS, "pinned");
      g_assert_null (do_register (client, &error));
      assert_failure (&error, LS_ERROR_CONTROL_TLS, "pinned");
    }
  seen = probe (client, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (seen->pin, ==, pin);
  g_assert_nonnull (strstr (seen->certificate_error, "pinned"));
  g_assert_cmpuint (server->n_requests, ==, 0);
}

static void
test_tls_refused (void)
{
  static const struct
  {
    const char *certificate;
    const char *part;
  } cases[] = {
    { "expired", "expired" },
    { "future", "not valid yet" },
    { "other-host", "another host" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Double) server = double_new (cases[i].certificate);
      g_autofree char *pin = pin_of (cases[i].certificate);
      g_autoptr (LsControlClient) client = client_new (server->url, NULL, NULL);
      g_autoptr (LsControlClient) pinned = client_new (server->url, NULL, pin);
      g_autoptr (LsControlProbe) seen = NULL;
      g_autoptr (GError) error = NULL;

      g_assert_null (get_netmap (client, &error));
      assert_failure (&error, LS_ERROR_CONTROL_TLS, cases[i].part);
      g_assert_null (get_netmap (pinned, &error));
      assert_failure (&error, LS_ERROR_CONTROL_TLS, cases[i].part);
      seen = probe (client, &error);
      g_assert_no_error (error);
      g_assert_true (seen->encrypted);
      g_assert_cmpstr (seen->url, ==, server->url);
      g_assert_cmpstr (seen->pin, ==, pin);
      g_assert_nonnull (strstr (seen->certificate_error, cases[i].part));
      g_assert_cmpuint (server->n_requests, ==, 0);
    }
}

/* A certificate of the server's own is refused, with what it takes to pin it; pinned it is
 * accepted, and only where it is pinned, whatever this process has accepted before. */
static void
test_tls_self_signed (void)
{
  g_autoptr (Double) server = double_new ("self-signed");
  g_autofree char *pin = pin_of ("self-signed");
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (LsControlClient) client = client_new (server->url, NULL, NULL);
      g_autoptr (LsControlClient) pinned = client_new (server->url, NULL, pin);
      g_autoptr (LsNetmap) netmap = NULL;
      guint n = server->n_requests;

      g_assert_null (get_netmap (client, &error));
      g_assert_nonnull (strstr (error->message, pin));
      assert_failure (&error, LS_ERROR_CONTROL_TLS, "authority");
      g_assert_cmpuint (server->n_requests, ==, n);
      netmap = get_netmap (pinned, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (server->n_requests, ==, n + 1);
    }
}

/* Each URL has its own certificate, and the next one is not believed for the pin of the first. */
static void
test_tls_pins_per_url (void)
{
  g_autoptr (Double) first = double_new ("good");
  g_autoptr (Double) second = double_new ("self-signed");
  g_autofree char *good = pin_of ("good");
  g_autofree char *self_signed = pin_of ("self-signed");
  g_autoptr (LsControlClient) client
      = client_new_pinned (first->url, good, second->url, self_signed);
  g_autoptr (LsControlClient) swapped
      = client_new_pinned (first->url, self_signed, second->url, good);
  g_autoptr (LsControlClient) half = client_new_pinned (first->url, good, second->url, NULL);
  g_autoptr (LsNetmap) netmap = NULL;
  g_autoptr (GError) error = NULL;

  double_answer (first, 503, NULL, "");
  netmap = get_netmap (client, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (ls_control_client_get_url (client), ==, second->url);
  g_assert_cmpuint (first->n_requests, ==, 1);
  g_assert_cmpuint (second->n_requests, ==, 1);

  g_assert_null (get_netmap (swapped, &error));
  assert_failure (&error, LS_ERROR_CONTROL_TLS, "pinned");
  g_assert_cmpuint (first->n_requests, ==, 1);
  g_assert_null (get_netmap (half, &error));
  assert_failure (&error, LS_ERROR_CONTROL_TLS, "authority");
  g_assert_cmpuint (second->n_requests, ==, 1);
}

static gboolean
accept_all_cb (SoupMessage *message, GTlsCertificate *certificate, GTlsCertificateFlags flags,
               gpointer user_data)
{
  return TRUE;
}

/* Somebody else in the process accepted the certificate: TLS sessions that are resumed report no
 * failure of their own, and still nothing may be sent. */
static void
test_tls_accepted_elsewhere (void)
{
  g_autoptr (Double) server = double_new ("self-signed");
  g_autoptr (SoupSession) session = soup_session_new ();
  g_autoptr (GError) error = NULL;
  guint n;

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (SoupMessage) message = soup_message_new ("GET", server->url);
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GBytes) body = NULL;

      g_signal_connect (message, "accept-certificate", G_CALLBACK (accept_all_cb), NULL);
      soup_session_send_and_read_async (session, message, G_PRIORITY_DEFAULT, NULL, done_cb,
                                        &result);
      body = soup_session_send_and_read_finish (session, wait_for (&result), &error);
      g_assert_no_error (error);
    }
  n = server->n_requests;
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (LsControlClient) client = client_new (server->url, NULL, NULL);

      g_assert_null (get_netmap (client, &error));
      assert_failure (&error, LS_ERROR_CONTROL_TLS, "authority");
    }
  g_assert_cmpuint (server->n_requests, ==, n);
}

static void
test_no_downgrade (void)
{
  g_autoptr (Double) secure = double_new ("self-signed");
  g_autoptr (Double) plain = double_new (NULL);
  g_autofree char *pin = pin_of ("good");
  g_autofree char *dead = dead_url ();
  g_autofree char *dead_secure = g_strconcat ("https", strchr (dead, ':'), NULL);
  g_autoptr (LsControlClient) client = client_new (secure->url, plain->url, NULL);
  g_autoptr (LsControlClient) unreachable = client_new (dead_secure, plain->url, NULL);
  g_autoptr (LsControlClient) pinned = client_new_pinned (plain->url, NULL, dead_secure, pin);
  g_autoptr (GError) error = NULL;

  g_assert_null (get_netmap (client, &error));
  assert_failure (&error, LS_ERROR_CONTROL_TLS, "authority");
  g_assert_null (get_netmap (unreachable, &error));
  assert_failure (&error, LS_ERROR_CONTROL_UNREACHABLE, "No control server");
  g_assert_null (get_netmap (pinned, &error));
  assert_failure (&error, LS_ERROR_CONTROL_TLS, "not encrypted");
  g_assert_cmpuint (plain->n_requests, ==, 0);
}

static void
test_not_tls (void)
{
  g_autofree char *plain = NULL;
  g_autoptr (GSocketService) service G_GNUC_UNUSED
      = canned_new ("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", &plain);
  g_autofree char *url = g_strconcat ("https", strchr (plain, ':'), NULL);
  g_autoptr (LsControlClient) client = client_new (url, NULL, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (get_netmap (client, &error));
  assert_failure (&error, LS_ERROR_CONTROL_TLS, "encrypted");
  g_socket_service_stop (service);
}

static void
make_certificates (void)
{
  g_autofree char *script
      = g_test_build_filename (G_TEST_DIST, "data", "make-certificates.sh", NULL);
  g_autofree char *output = NULL;
  g_autofree char *authority = NULL;
  g_autoptr (GTlsDatabase) database = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  certificates = g_dir_make_tmp ("lightscale-XXXXXX", &error);
  g_assert_no_error (error);
  g_spawn_sync (NULL, (char *[]){ script, certificates, NULL }, NULL, G_SPAWN_DEFAULT, NULL, NULL,
                NULL, &output, &status, &error);
  g_assert_no_error (error);
  if (!g_spawn_check_wait_status (status, &error))
    g_test_message ("%s", output);
  g_assert_no_error (error);

  authority = g_build_filename (certificates, "ca.pem", NULL);
  database = g_tls_file_database_new (authority, &error);
  g_assert_no_error (error);
  g_tls_backend_set_default_database (g_tls_backend_get_default (), database);
}

static void
remove_certificates (void)
{
  g_autoptr (GDir) dir = g_dir_open (certificates, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (certificates, name, NULL);

      g_unlink (path);
    }
  g_rmdir (certificates);
  g_free (certificates);
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  make_certificates ();
  g_test_add_func ("/control-client/good", test_good);
  g_test_add_func ("/control-client/no-token-where-none-belongs", test_no_token_where_none_belongs);
  g_test_add_func ("/control-client/failover", test_failover);
  g_test_add_func ("/control-client/no-failover-after-answer", test_no_failover_after_answer);
  g_test_add_func ("/control-client/registration-once", test_registration_once);
  g_test_add_func ("/control-client/truncated", test_truncated);
  g_test_add_func ("/control-client/truncated-json", test_truncated_json);
  g_test_add_func ("/control-client/error-texts", test_error_texts);
  g_test_add_func ("/control-client/not-supported", test_not_supported);
  g_test_add_func ("/control-client/redirect", test_redirect);
  g_test_add_func ("/control-client/bomb", test_bomb);
  g_test_add_func ("/control-client/retry-after", test_retry_after);
  g_test_add_func ("/control-client/cancel", test_cancel);
  g_test_add_func ("/control-client/parallel", test_parallel);
  g_test_add_func ("/control-client/slow", test_slow);
  g_test_add_func ("/control-client/unreachable", test_unreachable);
  g_test_add_func ("/control-client/empty-answer", test_empty_answer);
  g_test_add_func ("/control-client/key-policy", test_key_policy);
  g_test_add_func ("/control-client/bad-arguments", test_bad_arguments);
  g_test_add_func ("/control-client/auth-url", test_auth_url);
  g_test_add_func ("/control-client/tls-good", test_tls_good);
  g_test_add_func ("/control-client/tls-wrong-pin", test_tls_wrong_pin);
  g_test_add_func ("/control-client/tls-self-signed", test_tls_self_signed);
  g_test_add_func ("/control-client/tls-pins-per-url", test_tls_pins_per_url);
  g_test_add_func ("/control-client/tls-refused", test_tls_refused);
  g_test_add_func ("/control-client/tls-accepted-elsewhere", test_tls_accepted_elsewhere);
  g_test_add_func ("/control-client/no-downgrade", test_no_downgrade);
  g_test_add_func ("/control-client/not-tls", test_not_tls);
  status = g_test_run ();
  remove_certificates ();
  return status;
}
