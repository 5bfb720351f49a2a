/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The client and servers that answer badly, slowly or not at all. */

#include <string.h>

#include "control-double.h"
#include "ls-error.h"

#define BOMB_SIZE (80 * 1024 * 1024)

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

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/control-client-faults/truncated", test_truncated);
  g_test_add_func ("/control-client-faults/truncated-json", test_truncated_json);
  g_test_add_func ("/control-client-faults/error-texts", test_error_texts);
  g_test_add_func ("/control-client-faults/not-supported", test_not_supported);
  g_test_add_func ("/control-client-faults/redirect", test_redirect);
  g_test_add_func ("/control-client-faults/bomb", test_bomb);
  g_test_add_func ("/control-client-faults/retry-after", test_retry_after);
  g_test_add_func ("/control-client-faults/slow", test_slow);
  g_test_add_func ("/control-client-faults/unreachable", test_unreachable);
  g_test_add_func ("/control-client-faults/empty-answer", test_empty_answer);
  return g_test_run ();
}
