/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "ls-helper-uapi"

#include "config.h"

#include "ls-helper-uapi-client.h"

#include <gio/gunixcredentialsmessage.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/socket.h>

#include "ls-error.h"

#define STEP_TIMEOUT_SECONDS 3
#define READ_CHUNK_BYTES 65536

/* Task data of one question. */
typedef struct
{
  char *interface;
  int pid;
  char *request;
  GByteArray *answer;
  gsize room; /* what the answer may grow to without being moved */
  guint8 *chunk;
  GSocketConnection *connection;
} Question;

static void read_more (GTask *task);

static void
secret_bytes_free (gpointer data)
{
  GByteArray *array = data;

  if (array->len > 0)
    explicit_bzero (array->data, array->len);
  g_byte_array_unref (array);
}

static void
question_free (Question *question)
{
  ls_helper_uapi_request_free (question->request);
  g_clear_pointer (&question->answer, secret_bytes_free);
  if (question->chunk != NULL)
    explicit_bzero (question->chunk, READ_CHUNK_BYTES);
  g_free (question->chunk);
  g_clear_object (&question->connection);
  g_free (question->interface);
  g_free (question);
}

char *
ls_helper_uapi_socket_path (const char *interface)
{
  return g_strconcat (LS_HELPER_UAPI_DIRECTORY "/", interface, ".sock", NULL);
}

/* GSocket's errors in our words. */
static void
return_error (GTask *task, const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_task_return_error (task, g_error_copy (error));
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND)
           || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_NOT_FOUND,
                             _ ("The WireGuard program is not running."));
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_BACKEND,
                             _ ("The WireGuard program does not answer."));
  else
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_BACKEND,
                             _ ("The WireGuard program cannot be reached: %s"), error->message);
}

/* SECURITY: an array that grows by itself leaves what it held behind, keys among it. */
static void
append_chunk (Question *question, gsize size)
{
  GByteArray *answer = question->answer;

  if (answer->len + size > question->room)
    {
      question->room = 2 * (answer->len + size);
      question->answer = g_byte_array_sized_new (question->room);
      g_byte_array_append (question->answer, answer->data, answer->len);
      secret_bytes_free (answer);
    }
  g_byte_array_append (question->answer, question->chunk, size);
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Question *question = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  gssize size = g_input_stream_read_finish (G_INPUT_STREAM (source), result, &error);

  if (size < 0)
    {
      return_error (task, error);
      return;
    }
  if (size == 0 || question->answer->len + size > LS_HELPER_UAPI_ANSWER_MAX)
    {
      g_task_return_new_error (task, LS_ERROR, LS_ERROR_BACKEND,
                               _ ("The WireGuard program gave an answer that makes no sense."));
      return;
    }
  append_chunk (question, size);
  if (!ls_helper_uapi_answer_is_complete ((const char *)question->answer->data,
                                          question->answer->len))
    {
      read_more (g_steal_pointer (&task));
      return;
    }
  GByteArray *answer = g_steal_pointer (&question->answer);
  g_task_return_pointer (
      task, g_bytes_new_with_free_func (answer->data, answer->len, secret_bytes_free, answer),
      (GDestroyNotify)g_bytes_unref);
}

/* Takes @task. */
static void
read_more (GTask *task)
{
  Question *question = g_task_get_task_data (task);

  g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (question->connection)),
                             question->chunk, READ_CHUNK_BYTES, G_PRIORITY_DEFAULT,
                             g_task_get_cancellable (task), read_cb, task);
}

static void
written_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;

  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (source), result, NULL, &error))
    read_more (g_steal_pointer (&task));
  else
    return_error (task, error);
}

/* SECURITY: keys are told only to the process that we started (or, to find out which one that is,
 * to nobody but root): the directory may hold sockets of others. */
static gboolean
check_far_end (Question *question, GError **error)
{
  GSocket *socket = g_socket_connection_get_socket (question->connection);
  struct ucred credentials = { .pid = 0, .uid = (uid_t)-1 };
  socklen_t size = sizeof credentials;

  if (getsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0
      && credentials.uid == 0 && (question->pid == 0 || question->pid == credentials.pid))
    {
      question->pid = credentials.pid;
      return TRUE;
    }
  g_set_error (error, LS_ERROR, LS_ERROR_CONFLICT, _ ("Another program serves the interface %s."),
               question->interface);
  return FALSE;
}

static void
connected_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Question *question = g_task_get_task_data (task);
  GError *error = NULL;

  question->connection = g_socket_client_connect_finish (G_SOCKET_CLIENT (source), result, &error);
  if (question->connection == NULL)
    {
      return_error (task, error);
      g_error_free (error);
      return;
    }
  if (!check_far_end (question, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (question->connection));
  GCancellable *cancellable = g_task_get_cancellable (task);
  g_output_stream_write_all_async (output, question->request, strlen (question->request),
                                   G_PRIORITY_DEFAULT, cancellable, written_cb,
                                   g_steal_pointer (&task));
}

void
ls_helper_uapi_ask (const char *interface, int pid, const char *request, GCancellable *cancellable,
                    GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  Question *question = g_new0 (Question, 1);
  g_autofree char *path = ls_helper_uapi_socket_path (interface);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GSocketClient) client = g_socket_client_new ();

  g_task_set_source_tag (task, ls_helper_uapi_ask);
  question->interface = g_strdup (interface);
  question->pid = pid;
  question->request = g_strdup (request);
  question->room = READ_CHUNK_BYTES;
  question->answer = g_byte_array_sized_new (READ_CHUNK_BYTES);
  question->chunk = g_malloc (READ_CHUNK_BYTES);
  g_task_set_task_data (task, question, (GDestroyNotify)question_free);
  g_socket_client_set_enable_proxy (client, FALSE);
  g_socket_client_set_timeout (client, STEP_TIMEOUT_SECONDS);
  g_socket_client_connect_async (client, G_SOCKET_CONNECTABLE (address), cancellable, connected_cb,
                                 task);
}

GBytes *
ls_helper_uapi_ask_finish (GAsyncResult *result, int *out_pid, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  const Question *question = g_task_get_task_data (G_TASK (result));
  if (out_pid != NULL)
    *out_pid = question->pid;
  return g_task_propagate_pointer (G_TASK (result), error);
}
