/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "control-double.h"

#include <string.h>

#include "ls-error.h"

const char *control_double_certificates;

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

void
double_answer (Double *self, guint status, const char *content_type, const char *body)
{
  g_clear_pointer (&self->body, g_bytes_unref);
  self->status = status;
  self->content_type = content_type;
  self->body = g_bytes_new (body, strlen (body));
}

/* @certificate: name of one of make-certificates.sh, or NULL for plain http. */
Double *
double_new (const char *certificate)
{
  Double *self = g_new0 (Double, 1);
  g_autoptr (GError) error = NULL;
  GSList *uris;

  self->server = soup_server_new (NULL, NULL);
  if (certificate != NULL)
    {
      g_autofree char *name = g_strconcat (certificate, ".pem", NULL);
      g_autofree char *path = g_build_filename (control_double_certificates, name, NULL);
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

void
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

/* A port on which nothing listens. */
char *
dead_url (void)
{
  g_autoptr (Double) gone = double_new (NULL);

  return g_strdup (gone->url);
}

LsControlClient *
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

LsControlClient *
client_new (const char *url1, const char *url2, const char *pin)
{
  return client_new_pinned (url1, pin, url2, NULL);
}

void
done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **place = user_data;

  *place = g_object_ref (result);
}

GAsyncResult *
wait_for (GAsyncResult **place)
{
  while (*place == NULL)
    g_main_context_iteration (NULL, TRUE);
  return *place;
}

LsNetmap *
get_netmap (LsControlClient *client, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  ls_control_client_netmap_async (client, "n1", NULL, done_cb, &result);
  return ls_control_client_netmap_finish (client, wait_for (&result), error);
}

LsRegistration *
do_register (LsControlClient *client, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  ls_control_client_register_async (client, "enroll-canary", "laptop", "m", "w", NULL, done_cb,
                                    &result);
  return ls_control_client_register_finish (client, wait_for (&result), error);
}

LsTopology *
get_topology (LsControlClient *client, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  ls_control_client_topology_async (client, NULL, done_cb, &result);
  return ls_control_client_topology_finish (client, wait_for (&result), error);
}

LsControlProbe *
probe (LsControlClient *client, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  ls_control_client_probe_async (client, NULL, done_cb, &result);
  return ls_control_client_probe_finish (client, wait_for (&result), error);
}

void
assert_failure (GError **error, int code, const char *part)
{
  g_test_message ("%s", (*error)->message);
  g_assert_error (*error, LS_ERROR, code);
  g_assert_nonnull (strstr ((*error)->message, part));
  g_assert_null (strstr ((*error)->message, "canary"));
  g_clear_error (error);
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

GSocketService *
canned_new (const char *answer, char **out_url)
{
  GSocketService *service = g_threaded_socket_service_new (4);
  guint16 port = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (service), NULL, NULL);

  g_signal_connect (service, "run", G_CALLBACK (canned_cb), (gpointer)answer);
  *out_url = g_strdup_printf ("http://127.0.0.1:%u", port);
  return service;
}
