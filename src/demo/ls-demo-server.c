/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-server.h"

#include "ls-demo-listen.h"
#include "ls-demo-longpoll.h"
#include "ls-demo-route.h"
#include "ls-demo-secret.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#define USER_TIMEOUT 60000 /* milliseconds without an acknowledgement (RFC 5482) */

struct _LsDemoServer
{
  GObject parent_instance;

  LsDemoStore *store;
  LsDemoLongpoll *longpoll;
  SoupServer *soup;
  char *admin_hash;
  GPtrArray *control_urls; /* of char*, always ends with NULL */
};

G_DEFINE_FINAL_TYPE (LsDemoServer, ls_demo_server, G_TYPE_OBJECT)

static void
answer (LsDemoCall *call, const LsDemoRoute *route)
{
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (GError) error = NULL;

  /* SECURITY: the one place where an administrator's call is let through. */
  if (route->auth == LS_DEMO_AUTH_ADMIN && !ls_demo_call_require_admin (call, &error))
    {
      ls_demo_reply_error (call->message, error);
      return;
    }

  node = route->handler (call, &error);
  if (call->answers_itself)
    return;
  if (error != NULL)
    ls_demo_reply_error (call->message, error);
  else
    ls_demo_reply_json (call->message, node);
}

static void
request_cb (SoupServer *soup, SoupServerMessage *message, const char *path, GHashTable *query,
            gpointer user_data)
{
  LsDemoServer *self = user_data;
  char *captures[LS_DEMO_CAPTURES_MAX];
  gboolean path_known;
  const LsDemoRoute *route
      = ls_demo_route_find (soup_server_message_get_method (message), path, &path_known, captures);
  LsDemoCall call = { .store = self->store,
                      .longpoll = self->longpoll,
                      .admin_hash = self->admin_hash,
                      .control_urls = (const char *const *)self->control_urls->pdata,
                      .message = message,
                      .query = query };

  if (soup_server_message_get_status (message) == SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE)
    ;
  else if (route == NULL)
    soup_server_message_set_status (
        message, path_known ? SOUP_STATUS_METHOD_NOT_ALLOWED : SOUP_STATUS_NOT_FOUND, NULL);
  else
    {
      for (guint i = 0; i < LS_DEMO_CAPTURES_MAX; i++)
        call.captures[i] = captures[i];
      answer (&call, route);
    }

  for (guint i = 0; i < LS_DEMO_CAPTURES_MAX; i++)
    g_free (captures[i]);
}

static void
chunk_cb (SoupServerMessage *message, GBytes *chunk, gsize *received)
{
  *received += g_bytes_get_size (chunk);
  if (*received <= LS_DEMO_BODY_MAX)
    return;
  soup_message_body_set_accumulate (soup_server_message_get_request_body (message), FALSE);
  soup_server_message_set_status (message, SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE, NULL);
}

/* Headers are there: a body that is too large is not kept. */
static void
early_cb (SoupServer *soup, SoupServerMessage *message, const char *path, GHashTable *query,
          gpointer user_data)
{
  SoupMessageHeaders *headers = soup_server_message_get_request_headers (message);

  if (soup_message_headers_get_content_length (headers) > LS_DEMO_BODY_MAX)
    soup_server_message_set_status (message, SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE, NULL);
  else
    g_signal_connect_data (message, "got-chunk", G_CALLBACK (chunk_cb), g_new0 (gsize, 1),
                           (GClosureNotify)(GCallback)g_free, 0);
}

/* A fresh connection must bring a whole request in time. Later ones have no limit: libsoup 3.2 does
 * not close a connection that times out while it waits for its next request, but forgets it. */
static void
started_cb (SoupServer *soup, SoupServerMessage *message, gpointer user_data)
{
  GSocket *socket = soup_server_message_get_socket (message);

  if (socket == NULL || g_object_get_data (G_OBJECT (socket), "ls-demo-known") != NULL)
    return;
  g_object_set_data (G_OBJECT (socket), "ls-demo-known", GINT_TO_POINTER (TRUE));
  g_socket_set_timeout (socket, LS_DEMO_STALL_TIMEOUT);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT, NULL);
}

static void
read_cb (SoupServer *soup, SoupServerMessage *message, gpointer user_data)
{
  GSocket *socket = soup_server_message_get_socket (message);

  if (socket != NULL)
    g_socket_set_timeout (socket, 0);
}

static void
ls_demo_server_dispose (GObject *object)
{
  LsDemoServer *self = LS_DEMO_SERVER (object);

  if (self->soup != NULL)
    ls_demo_server_stop (self);
  g_clear_object (&self->soup);
  g_clear_object (&self->longpoll);
  g_clear_object (&self->store);

  G_OBJECT_CLASS (ls_demo_server_parent_class)->dispose (object);
}

static void
ls_demo_server_finalize (GObject *object)
{
  LsDemoServer *self = LS_DEMO_SERVER (object);

  g_free (self->admin_hash);
  g_clear_pointer (&self->control_urls, g_ptr_array_unref);

  G_OBJECT_CLASS (ls_demo_server_parent_class)->finalize (object);
}

static void
ls_demo_server_class_init (LsDemoServerClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ls_demo_server_dispose;
  G_OBJECT_CLASS (klass)->finalize = ls_demo_server_finalize;
}

static void
ls_demo_server_init (LsDemoServer *self)
{
  self->control_urls = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->control_urls, NULL);
}

LsDemoServer *
ls_demo_server_new (LsDemoStore *store, const char *admin_token)
{
  LsDemoServer *self = g_object_new (LS_TYPE_DEMO_SERVER, NULL);

  self->store = g_object_ref (store);
  self->longpoll = ls_demo_longpoll_new (store);
  if (admin_token != NULL)
    self->admin_hash = ls_demo_secret_hash (admin_token);

  self->soup = g_object_new (SOUP_TYPE_SERVER, "raw-paths", TRUE, NULL);
  g_signal_connect (self->soup, "request-started", G_CALLBACK (started_cb), NULL);
  g_signal_connect (self->soup, "request-read", G_CALLBACK (read_cb), NULL);
  soup_server_add_early_handler (self->soup, NULL, early_cb, self, NULL);
  soup_server_add_handler (self->soup, NULL, request_cb, self, NULL);
  return self;
}

void
ls_demo_server_set_certificate (LsDemoServer *self, GTlsCertificate *certificate)
{
  soup_server_set_tls_certificate (self->soup, certificate);
}

void
ls_demo_server_add_control_url (LsDemoServer *self, const char *url)
{
  g_ptr_array_insert (self->control_urls, (int)self->control_urls->len - 1, g_strdup (url));
}

gboolean
ls_demo_server_listen (LsDemoServer *self, GSocketAddress *address, char **out_url, GError **error)
{
  g_autoptr (GSocket) socket = ls_demo_listen_bind (address, G_SOCKET_TYPE_STREAM, error);
  gboolean https = soup_server_get_tls_certificate (self->soup) != NULL;
  g_autofree char *where = NULL;

  if (socket == NULL
      || !soup_server_listen_socket (self->soup, socket, https ? SOUP_SERVER_LISTEN_HTTPS : 0,
                                     error))
    return FALSE;

  where = ls_demo_listen_describe (socket);
  *out_url = g_strdup_printf ("%s://%s", https ? "https" : "http", where);
  if (!ls_demo_listen_is_wildcard (socket))
    ls_demo_server_add_control_url (self, *out_url);
  return TRUE;
}

void
ls_demo_server_stop (LsDemoServer *self)
{
  ls_demo_longpoll_forget (self->longpoll);
  soup_server_disconnect (self->soup);
}
