/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-stream-peer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#define READ_SIZE 65536
#define VECTORS_MAX 64
#define USER_TIMEOUT 60000 /* milliseconds without an acknowledgement (RFC 5482) */

enum
{
  SIGNAL_FRAME,
  SIGNAL_CLOSED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

struct _LsDemoStreamPeer
{
  GObject parent_instance;

  GSocketConnection *connection;
  GCancellable *cancellable; /* cancelled once closed */
  char *id;
  guint8 *buffer; /* READ_SIZE bytes */
  GByteArray *received; /* not yet a whole packet */
  GQueue queue; /* of GBytes, waiting */
  gsize queued; /* bytes in it */
  GPtrArray *written; /* of GBytes, being written; NULL: none */
  GOutputVector vectors[VECTORS_MAX]; /* into them */
};

G_DEFINE_FINAL_TYPE (LsDemoStreamPeer, ls_demo_stream_peer, G_TYPE_OBJECT)

static void read_more (LsDemoStreamPeer *self);
static void write_more (LsDemoStreamPeer *self);

/* Hands out the whole packets. FALSE if the stream cannot be followed. */
static gboolean
take_packets (LsDemoStreamPeer *self)
{
  gsize taken = 0;

  while (!g_cancellable_is_cancelled (self->cancellable))
    {
      const guint8 *data = self->received->data + taken;
      LsRelayFrame frame;
      gsize length;
      LsRelayStreamState state = ls_relay_stream_next (data, self->received->len - taken, &length);

      if (state == LS_RELAY_STREAM_BROKEN)
        return FALSE;
      if (state == LS_RELAY_STREAM_MORE)
        break;
      taken += LS_RELAY_LENGTH_SIZE + length;
      if (ls_relay_frame_parse (LS_RELAY_STREAM, data + LS_RELAY_LENGTH_SIZE, length, &frame, NULL))
        g_signal_emit (self, signals[SIGNAL_FRAME], 0, &frame);
    }
  g_byte_array_remove_range (self->received, 0, (guint)taken);
  return TRUE;
}

static void
read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsDemoStreamPeer) self = user_data;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source), result, NULL);

  if (g_cancellable_is_cancelled (self->cancellable))
    return;
  if (n > 0)
    {
      g_byte_array_append (self->received, self->buffer, (guint)n);
      if (take_packets (self))
        {
          read_more (self);
          return;
        }
    }
  ls_demo_stream_peer_close (self);
}

static void
read_more (LsDemoStreamPeer *self)
{
  GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (self->connection));

  if (!g_cancellable_is_cancelled (self->cancellable))
    g_input_stream_read_async (input, self->buffer, READ_SIZE, G_PRIORITY_DEFAULT,
                               self->cancellable, read_cb, g_object_ref (self));
}

static void
written_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsDemoStreamPeer) self = user_data;
  gboolean done = g_output_stream_writev_all_finish (G_OUTPUT_STREAM (source), result, NULL, NULL);

  g_clear_pointer (&self->written, g_ptr_array_unref);
  if (!done)
    ls_demo_stream_peer_close (self);
  else
    write_more (self);
}

static void
write_more (LsDemoStreamPeer *self)
{
  GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (self->connection));
  guint n = MIN (self->queue.length, VECTORS_MAX);

  if (n == 0 || self->written != NULL || g_cancellable_is_cancelled (self->cancellable))
    return;

  self->written = g_ptr_array_new_full (n + 1, (GDestroyNotify)g_bytes_unref);
  for (guint i = 0; i < n; i++)
    {
      GBytes *packet = g_queue_pop_head (&self->queue);

      self->vectors[i].buffer = g_bytes_get_data (packet, &self->vectors[i].size);
      self->queued -= g_bytes_get_size (packet);
      g_ptr_array_add (self->written, packet);
    }
  g_output_stream_writev_all_async (output, self->vectors, n, G_PRIORITY_DEFAULT, self->cancellable,
                                    written_cb, g_object_ref (self));
}

void
ls_demo_stream_peer_send (LsDemoStreamPeer *self, GBytes *packet)
{
  if (g_cancellable_is_cancelled (self->cancellable))
    return;

  g_queue_push_tail (&self->queue, g_bytes_ref (packet));
  self->queued += g_bytes_get_size (packet);
  while (self->queued > LS_DEMO_STREAM_QUEUE_MAX)
    {
      g_autoptr (GBytes) oldest = g_queue_pop_head (&self->queue);

      self->queued -= g_bytes_get_size (oldest);
    }
  write_more (self);
}

void
ls_demo_stream_peer_close (LsDemoStreamPeer *self)
{
  if (g_cancellable_is_cancelled (self->cancellable))
    return;

  g_cancellable_cancel (self->cancellable);
  g_io_stream_close_async (G_IO_STREAM (self->connection), G_PRIORITY_DEFAULT, NULL, NULL, NULL);
  g_signal_emit (self, signals[SIGNAL_CLOSED], 0);
}

const char *
ls_demo_stream_peer_get_id (LsDemoStreamPeer *self)
{
  return self->id;
}

void
ls_demo_stream_peer_set_id (LsDemoStreamPeer *self, const char *id)
{
  g_free (self->id);
  self->id = g_strdup (id);
}

static void
ls_demo_stream_peer_finalize (GObject *object)
{
  LsDemoStreamPeer *self = LS_DEMO_STREAM_PEER (object);

  g_clear_object (&self->connection);
  g_clear_object (&self->cancellable);
  g_free (self->id);
  g_free (self->buffer);
  g_clear_pointer (&self->received, g_byte_array_unref);
  g_queue_clear_full (&self->queue, (GDestroyNotify)g_bytes_unref);
  g_clear_pointer (&self->written, g_ptr_array_unref);

  G_OBJECT_CLASS (ls_demo_stream_peer_parent_class)->finalize (object);
}

static void
ls_demo_stream_peer_class_init (LsDemoStreamPeerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ls_demo_stream_peer_finalize;

  signals[SIGNAL_FRAME] = g_signal_new ("frame", LS_TYPE_DEMO_STREAM_PEER, G_SIGNAL_RUN_LAST, 0,
                                        NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
  signals[SIGNAL_CLOSED] = g_signal_new ("closed", LS_TYPE_DEMO_STREAM_PEER, G_SIGNAL_RUN_LAST, 0,
                                         NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
ls_demo_stream_peer_init (LsDemoStreamPeer *self)
{
  self->cancellable = g_cancellable_new ();
  self->buffer = g_malloc (READ_SIZE);
  self->received = g_byte_array_new ();
  g_queue_init (&self->queue);
}

LsDemoStreamPeer *
ls_demo_stream_peer_new (GSocketConnection *connection)
{
  LsDemoStreamPeer *self = g_object_new (LS_TYPE_DEMO_STREAM_PEER, NULL);
  GSocket *socket = g_socket_connection_get_socket (connection);

  self->connection = g_object_ref (connection);
  g_socket_set_keepalive (socket, TRUE);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT, NULL);
  read_more (self);
  return self;
}
