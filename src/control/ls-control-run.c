/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-control-client-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "ls-control-certificate.h"
#include "ls-control-codec.h"
#include "ls-control-failure.h"
#include "ls-error.h"

#define CHUNK 65536 /* bytes read at a time */

/* One call, over as many attempts as there are URLs. Owned by its task. */
typedef struct
{
  LsControlRequest *request;
  guint first; /* URL of the first attempt */
  guint n_tried;
  gboolean was_encrypted; /* some attempt went over https */
  GError *failure; /* the most telling one so far */
  LsControlProbe *refused; /* what a probe saw of a server whose certificate was refused */
  gulong cancelled_handler;

  /* of the attempt under way */
  SoupMessage *message;
  GCancellable *cancellable;
  guint timer;
  gboolean timed_out;
  gboolean sent; /* something of the request went out */
  GError *certificate_failure;
  GByteArray *body;
} Run;

static void next_attempt (GTask *task);

static void
end_attempt (GTask *task)
{
  Run *run = g_task_get_task_data (task);

  g_clear_handle_id (&run->timer, g_source_remove);
  if (run->message != NULL)
    g_signal_handlers_disconnect_by_data (run->message, task);
  g_clear_object (&run->message);
  g_clear_object (&run->cancellable);
  g_clear_error (&run->certificate_failure);
  g_clear_pointer (&run->body, g_byte_array_unref);
  run->timed_out = FALSE;
}

static void
run_free (Run *run)
{
  ls_control_request_free (run->request);
  g_clear_error (&run->failure);
  ls_control_probe_free (run->refused);
  g_free (run);
}

static const char *
attempt_url (GTask *task)
{
  LsControlClient *self = g_task_get_source_object (task);
  Run *run = g_task_get_task_data (task);

  return self->urls[(run->first + run->n_tried) % g_strv_length (self->urls)];
}

static void
finish (GTask *task, gpointer result, GError *error)
{
  Run *run = g_task_get_task_data (task);

  g_cancellable_disconnect (g_task_get_cancellable (task), run->cancelled_handler);
  end_attempt (task);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, result, run->request->free_answer);
  g_object_unref (task);
}

/* All URLs were tried, or no other may be. */
static void
give_up (GTask *task)
{
  Run *run = g_task_get_task_data (task);

  if (run->refused != NULL)
    finish (task, g_steal_pointer (&run->refused), NULL);
  else
    finish (task, NULL, g_steal_pointer (&run->failure));
}

/* Ends this attempt with @error (taken) and makes the next where that is allowed. */
static void
fail_attempt (GTask *task, GError *error)
{
  Run *run = g_task_get_task_data (task);
  gboolean final = run->sent && (run->request->flags & LS_CONTROL_REQUEST_ONCE) != 0;

  end_attempt (task);
  run->failure = ls_control_failure_choose (run->failure, error);
  run->n_tried++;
  if (final)
    give_up (task);
  else
    next_attempt (task);
}

/* The connection failed, was cancelled by us, or by the caller. */
static void
fail_connection (GTask *task, const GError *reason)
{
  Run *run = g_task_get_task_data (task);
  g_autoptr (GError) timeout = NULL;

  if (g_cancellable_is_cancelled (g_task_get_cancellable (task)))
    {
      finish (task, NULL, g_error_copy (reason));
      return;
    }
  if (run->certificate_failure != NULL)
    {
      fail_attempt (task, g_steal_pointer (&run->certificate_failure));
      return;
    }
  if (run->timed_out)
    {
      timeout = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "");
      reason = timeout;
    }
  fail_attempt (task, ls_control_failure_from_connection (attempt_url (task), reason));
}

static gpointer
read_answer (const LsControlRequest *request, const LsControlReply *reply, GError **error)
{
  g_autoptr (JsonNode) node = NULL;
  gpointer answer = NULL;

  if (request->decode == NULL)
    {
      g_autofree char *text = g_strstrip (g_strndup (reply->body, MIN (reply->length, 16)));

      if (g_str_equal (text, (request->flags & LS_CONTROL_REQUEST_TEXT_OK) != 0 ? "ok" : ""))
        return GINT_TO_POINTER (TRUE);
      g_set_error_literal (error, LS_ERROR, LS_ERROR_CONTROL_PROTOCOL,
                           _ ("Something else than a control server answers at this address"));
      return NULL;
    }
  node = ls_control_codec_parse (reply->body, reply->length, error);
  if (node != NULL)
    answer = request->decode (node, error);
  if (answer == NULL)
    g_prefix_error (error, "%s: ", _ ("The control server's answer cannot be used"));
  return answer;
}

static LsControlProbe *
probe_new (GTask *task, GTlsCertificate *certificate, const GError *error)
{
  LsControlProbe *probe = g_new0 (LsControlProbe, 1);

  probe->url = g_strdup (attempt_url (task));
  probe->encrypted = g_str_has_prefix (probe->url, "https:");
  if (certificate != NULL)
    probe->pin = ls_control_certificate_dup_pin (certificate);
  if (error != NULL)
    probe->certificate_error = g_strdup (error->message);
  return probe;
}

/* An answer that is final, good or bad. */
static void
take_reply (GTask *task, const LsControlReply *reply)
{
  LsControlClient *self = g_task_get_source_object (task);
  Run *run = g_task_get_task_data (task);
  GError *error = NULL;
  gpointer answer = NULL;

  ls_control_client_remember (self, (run->first + run->n_tried) % g_strv_length (self->urls));
  if (reply->status < 200 || reply->status >= 300 || ls_control_reply_is_html (reply))
    error = ls_control_failure_from_reply (run->request, reply);
  else
    answer = read_answer (run->request, reply, &error);
  if (answer != NULL && (run->request->flags & LS_CONTROL_REQUEST_PROBE) != 0)
    answer = probe_new (task, soup_message_get_tls_peer_certificate (run->message), NULL);
  finish (task, answer, error);
}

/* Retry-After in seconds, whether a number or a date; 0 if there is none. */
static guint
retry_after (SoupMessage *message)
{
  const char *text
      = soup_message_headers_get_one (soup_message_get_response_headers (message), "Retry-After");
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr (GDateTime) date = NULL;
  guint64 seconds = 0;

  if (text == NULL)
    return 0;
  if (!g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT, &seconds, NULL))
    {
      date = soup_date_time_new_from_http_string (text);
      if (date != NULL)
        seconds = MAX (g_date_time_difference (date, now), 0) / G_TIME_SPAN_SECOND;
    }
  return MIN (seconds, LS_CONTROL_RETRY_AFTER_MAX);
}

static void
take_body (GTask *task)
{
  LsControlClient *self = g_task_get_source_object (task);
  Run *run = g_task_get_task_data (task);
  SoupMessageHeaders *headers = soup_message_get_response_headers (run->message);
  LsControlReply reply = {
    .status = soup_message_get_status (run->message),
    .content_type = soup_message_headers_get_content_type (headers, NULL),
    .body = (const char *)run->body->data,
    .length = run->body->len,
    .retry_after = retry_after (run->message),
  };

  if (reply.body == NULL)
    reply.body = "";
  if (reply.status == 429 || reply.status == 503)
    ls_control_client_set_retry_after (self, reply.retry_after);
  if (reply.status >= 500)
    fail_attempt (task, ls_control_failure_from_reply (run->request, &reply));
  else
    take_reply (task, &reply);
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Run *run = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes
      = g_input_stream_read_bytes_finish (G_INPUT_STREAM (source), result, &error);
  gsize size = bytes != NULL ? g_bytes_get_size (bytes) : 0;

  if (bytes == NULL)
    {
      fail_connection (task, error);
      return;
    }
  if (size == 0)
    {
      take_body (task);
      return;
    }
  /* SECURITY: counted after decompression: a small answer can unpack to any size. */
  if (run->body->len + size > LS_CONTROL_BODY_MAX)
    {
      finish (task, NULL,
              g_error_new_literal (LS_ERROR, LS_ERROR_LIMIT,
                                   _ ("The control server's answer is larger than 64 MiB")));
      return;
    }
  g_byte_array_append (run->body, g_bytes_get_data (bytes, NULL), size);
  g_input_stream_read_bytes_async (G_INPUT_STREAM (source), CHUNK, G_PRIORITY_DEFAULT,
                                   run->cancellable, read_cb, task);
}

static void
send_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GTask *task = user_data;
  Run *run = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (GInputStream) stream
      = soup_session_send_finish (SOUP_SESSION (source), result, &error);

  if (stream == NULL)
    {
      fail_connection (task, error);
      return;
    }
  run->body = g_byte_array_new ();
  g_input_stream_read_bytes_async (stream, CHUNK, G_PRIORITY_DEFAULT, run->cancellable, read_cb,
                                   task);
}

static gboolean
timeout_cb (gpointer user_data)
{
  Run *run = user_data;

  run->timer = 0;
  run->timed_out = TRUE;
  g_cancellable_cancel (run->cancellable);
  return G_SOURCE_REMOVE;
}

static void
set_timer (Run *run, guint seconds)
{
  g_clear_handle_id (&run->timer, g_source_remove);
  run->timer = g_timeout_add_seconds (seconds, timeout_cb, run);
}

/* SECURITY: what the server showed must be valid and, where its URL has a pin, the pinned one,
 * before anything is sent: for each attempt anew, so that failover skips nothing. Not only in
 * "accept-certificate", which is not emitted for valid chains; errors are looked at again since a
 * resumed TLS session of this process may have been accepted by somebody else. */
static gboolean
check_certificate (GTask *task, GTlsCertificate *certificate, GTlsCertificateFlags flags)
{
  LsControlClient *self = g_task_get_source_object (task);
  Run *run = g_task_get_task_data (task);
  const char *url = attempt_url (task);
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);

  if (run->certificate_failure != NULL)
    return FALSE;
  if (ls_control_certificate_check (certificate, flags, ls_pins_get (self->pins, url),
                                    g_uri_get_host (uri), &run->certificate_failure))
    return TRUE;
  if ((run->request->flags & LS_CONTROL_REQUEST_PROBE) != 0 && run->refused == NULL)
    run->refused = probe_new (task, certificate, run->certificate_failure);
  g_cancellable_cancel (run->cancellable);
  return FALSE;
}

static void
network_event_cb (SoupMessage *message, GSocketClientEvent event, GIOStream *stream, GTask *task)
{
  if (event != G_SOCKET_CLIENT_TLS_HANDSHAKED || !G_IS_TLS_CONNECTION (stream))
    return;
  check_certificate (task, g_tls_connection_get_peer_certificate (G_TLS_CONNECTION (stream)),
                     g_tls_connection_get_peer_certificate_errors (G_TLS_CONNECTION (stream)));
}

/* Emitted for certificates that normal validation refuses. */
static gboolean
accept_certificate_cb (SoupMessage *message, GTlsCertificate *certificate,
                       GTlsCertificateFlags flags, GTask *task)
{
  return check_certificate (task, certificate, flags);
}

/* The connection stands, also one that was used before, and the request is about to be sent. */
static void
starting_cb (SoupMessage *message, GTask *task)
{
  Run *run = g_task_get_task_data (task);

  if (g_str_equal (g_uri_get_scheme (soup_message_get_uri (message)), "https"))
    check_certificate (task, soup_message_get_tls_peer_certificate (message),
                       soup_message_get_tls_peer_certificate_errors (message));
  if (run->certificate_failure != NULL)
    return;
  run->sent = TRUE;
  set_timer (run, run->request->timeout);
}

static const char *
token_for (LsControlClient *self, LsControlAuth auth)
{
  switch (auth)
    {
    case LS_CONTROL_AUTH_NODE:
      return self->node_token != NULL ? self->node_token : self->admin_token;
    case LS_CONTROL_AUTH_ADMIN:
      return self->admin_token;
    default:
      return NULL;
    }
}

static void
add_authorization (LsControlClient *self, Run *run)
{
  const char *token = token_for (self, run->request->auth);
  char *value;

  if (token == NULL)
    return;
  value = g_strconcat ("Bearer ", token, NULL);
  soup_message_headers_replace (soup_message_get_request_headers (run->message), "Authorization",
                                value);
  ls_control_secret_free (value);
}

static SoupMessage *
message_new (const LsControlRequest *request, const char *base, GError **error)
{
  g_autofree char *text = g_strconcat (base, request->path, NULL);
  g_autoptr (GUri) uri = g_uri_parse (text, SOUP_HTTP_URI_FLAGS, NULL);
  SoupMessage *message;
  SoupMessageFlags flags = SOUP_MESSAGE_NO_REDIRECT | SOUP_MESSAGE_DO_NOT_USE_AUTH_CACHE;

  if (uri == NULL)
    {
      g_set_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT, _ ("%s is not an address"), base);
      return NULL;
    }
  message = soup_message_new_from_uri (request->method, uri);
  /* On a connection that was used before, libsoup itself may send a request twice. */
  if ((request->flags & LS_CONTROL_REQUEST_ONCE) != 0)
    flags |= SOUP_MESSAGE_NEW_CONNECTION;
  soup_message_set_flags (message, flags);
  if (request->body != NULL)
    {
      g_autoptr (GBytes) body = g_bytes_new (request->body, strlen (request->body));

      soup_message_set_request_body_from_bytes (message, "application/json", body);
    }
  return message;
}

static void
attempt (GTask *task)
{
  LsControlClient *self = g_task_get_source_object (task);
  Run *run = g_task_get_task_data (task);

  run->sent = FALSE;
  run->cancellable = g_cancellable_new ();
  add_authorization (self, run);
  g_signal_connect (run->message, "network-event", G_CALLBACK (network_event_cb), task);
  g_signal_connect (run->message, "accept-certificate", G_CALLBACK (accept_certificate_cb), task);
  g_signal_connect (run->message, "starting", G_CALLBACK (starting_cb), task);
  set_timer (run, LS_CONTROL_CONNECT_TIMEOUT);
  soup_session_send_async (self->session, run->message, G_PRIORITY_DEFAULT, run->cancellable,
                           send_cb, task);
}

/* SECURITY: no call goes from https on to plain http, where a token could be read by those who made
 * https fail; and what has a pin is not asked where the pin cannot be checked. */
static gboolean
may_use (GTask *task, const char *url, GError **error)
{
  LsControlClient *self = g_task_get_source_object (task);
  Run *run = g_task_get_task_data (task);

  if (g_str_has_prefix (url, "https:"))
    {
      run->was_encrypted = TRUE;
      return TRUE;
    }
  if (!run->was_encrypted && g_hash_table_size (self->pins) == 0)
    return TRUE;
  g_set_error (error, LS_ERROR, LS_ERROR_CONTROL_TLS,
               _ ("The address %s is not encrypted and was not used in place of an encrypted one"),
               url);
  return FALSE;
}

static void
next_attempt (GTask *task)
{
  LsControlClient *self = g_task_get_source_object (task);
  Run *run = g_task_get_task_data (task);
  guint n_urls = g_strv_length (self->urls);

  for (; run->n_tried < n_urls; run->n_tried++)
    {
      const char *url = attempt_url (task);
      GError *error = NULL;

      if (may_use (task, url, &error))
        run->message = message_new (run->request, url, &error);
      if (run->message != NULL)
        {
          attempt (task);
          return;
        }
      if (run->failure == NULL)
        run->failure = g_steal_pointer (&error);
      g_clear_error (&error);
    }
  give_up (task);
}

static void
cancelled_cb (GCancellable *cancellable, GTask *task)
{
  Run *run = g_task_get_task_data (task);

  if (run->cancellable != NULL)
    g_cancellable_cancel (run->cancellable);
}

void
ls_control_run_async (LsControlClient *self, LsControlRequest *request, GError *error,
                      GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task;
  Run *run;

  g_return_if_fail (LS_IS_CONTROL_CLIENT (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, ls_control_run_async);
  if (request == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  if (token_for (self, request->auth) != NULL)
    g_ptr_array_add (request->secrets, g_strdup (token_for (self, request->auth)));
  run = g_new0 (Run, 1);
  run->request = request;
  run->first = self->current;
  g_task_set_task_data (task, run, (GDestroyNotify)run_free);
  if (g_task_return_error_if_cancelled (task))
    {
      g_object_unref (task);
      return;
    }
  if (cancellable != NULL)
    run->cancelled_handler
        = g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb), task, NULL);
  next_attempt (task);
}
