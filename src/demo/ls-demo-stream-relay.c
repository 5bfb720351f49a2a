/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-stream-relay.h"

#include "ls-demo-stream-peer.h"

struct _LsDemoStreamRelay
{
  GObject parent_instance;

  GSocketService *service;
  GPtrArray *peers; /* of LsDemoStreamPeer */
  GHashTable *nodes; /* id → GPtrArray of LsDemoStreamPeer, oldest first, borrowed */
  GHashTable *unregistered; /* LsDemoStreamPeer → id of its timeout */
};

G_DEFINE_FINAL_TYPE (LsDemoStreamRelay, ls_demo_stream_relay, G_TYPE_OBJECT)

static gboolean
register_timeout_cb (gpointer user_data)
{
  LsDemoStreamPeer *peer = user_data;

  /* "closed" removes the timeout, so that it is not to be removed again here. */
  ls_demo_stream_peer_close (peer);
  return G_SOURCE_CONTINUE;
}

static void
stop_waiting (LsDemoStreamRelay *self, LsDemoStreamPeer *peer)
{
  guint id = GPOINTER_TO_UINT (g_hash_table_lookup (self->unregistered, peer));

  if (id != 0)
    g_source_remove (id);
  g_hash_table_remove (self->unregistered, peer);
}

static void
register_peer (LsDemoStreamRelay *self, LsDemoStreamPeer *peer, const char *id)
{
  GPtrArray *connections = g_hash_table_lookup (self->nodes, id);

  stop_waiting (self, peer);
  ls_demo_stream_peer_set_id (peer, id);
  if (connections != NULL && connections->len >= LS_DEMO_STREAM_PER_NODE_MAX)
    ls_demo_stream_peer_close (g_ptr_array_index (connections, 0));
  if (connections == NULL)
    {
      connections = g_ptr_array_new ();
      g_hash_table_insert (self->nodes, g_strdup (id), connections);
    }
  g_ptr_array_add (connections, peer);
}

static void
deliver (LsDemoStreamRelay *self, const LsRelayFrame *sent)
{
  GPtrArray *connections = g_hash_table_lookup (self->nodes, sent->to);
  LsRelayFrame frame = *sent;
  g_autoptr (GBytes) packet = NULL;

  if (connections == NULL)
    return;

  frame.type = LS_RELAY_DELIVER;
  packet = ls_relay_frame_encode (LS_RELAY_STREAM, &frame, NULL);
  for (guint i = 0; packet != NULL && i < connections->len; i++)
    ls_demo_stream_peer_send (g_ptr_array_index (connections, i), packet);
}

static void
frame_cb (LsDemoStreamPeer *peer, const LsRelayFrame *frame, LsDemoStreamRelay *self)
{
  const char *id = ls_demo_stream_peer_get_id (peer);

  if (id == NULL)
    {
      if (frame->type == LS_RELAY_REGISTER)
        register_peer (self, peer, frame->from);
      else
        ls_demo_stream_peer_close (peer);
    }
  else if (frame->type == LS_RELAY_SEND && g_str_equal (frame->from, id))
    deliver (self, frame);
}

static void
closed_cb (LsDemoStreamPeer *peer, LsDemoStreamRelay *self)
{
  const char *id = ls_demo_stream_peer_get_id (peer);
  GPtrArray *connections = id != NULL ? g_hash_table_lookup (self->nodes, id) : NULL;

  stop_waiting (self, peer);
  if (connections != NULL)
    {
      g_ptr_array_remove (connections, peer);
      if (connections->len == 0)
        g_hash_table_remove (self->nodes, id);
    }
  g_signal_handlers_disconnect_by_data (peer, self);
  g_ptr_array_remove_fast (self->peers, peer);
}

static gboolean
incoming_cb (GSocketService *service, GSocketConnection *connection, GObject *source,
             LsDemoStreamRelay *self)
{
  LsDemoStreamPeer *peer;
  guint timeout_id;

  if (self->peers->len >= LS_DEMO_STREAM_CONNECTIONS_MAX)
    return TRUE;

  peer = ls_demo_stream_peer_new (connection);
  g_ptr_array_add (self->peers, peer);
  g_signal_connect (peer, "frame", G_CALLBACK (frame_cb), self);
  g_signal_connect (peer, "closed", G_CALLBACK (closed_cb), self);
  timeout_id = g_timeout_add_seconds (LS_DEMO_STREAM_REGISTER_TIMEOUT, register_timeout_cb, peer);
  g_hash_table_insert (self->unregistered, peer, GUINT_TO_POINTER (timeout_id));
  return TRUE;
}

static void
ls_demo_stream_relay_dispose (GObject *object)
{
  LsDemoStreamRelay *self = LS_DEMO_STREAM_RELAY (object);

  if (self->service != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->service, self);
      g_socket_service_stop (self->service);
      g_socket_listener_close (G_SOCKET_LISTENER (self->service));
      while (self->peers->len > 0)
        ls_demo_stream_peer_close (g_ptr_array_index (self->peers, 0));
    }
  g_clear_object (&self->service);
  g_clear_pointer (&self->peers, g_ptr_array_unref);
  g_clear_pointer (&self->nodes, g_hash_table_unref);
  g_clear_pointer (&self->unregistered, g_hash_table_unref);

  G_OBJECT_CLASS (ls_demo_stream_relay_parent_class)->dispose (object);
}

static void
ls_demo_stream_relay_class_init (LsDemoStreamRelayClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ls_demo_stream_relay_dispose;
}

static void
ls_demo_stream_relay_init (LsDemoStreamRelay *self)
{
  self->service = g_socket_service_new ();
  self->peers = g_ptr_array_new_with_free_func (g_object_unref);
  self->nodes
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
  self->unregistered = g_hash_table_new (NULL, NULL);
  g_signal_connect (self->service, "incoming", G_CALLBACK (incoming_cb), self);
}

LsDemoStreamRelay *
ls_demo_stream_relay_new (GSocket *socket, GError **error)
{
  g_autoptr (LsDemoStreamRelay) self = g_object_new (LS_TYPE_DEMO_STREAM_RELAY, NULL);

  if (!g_socket_listener_add_socket (G_SOCKET_LISTENER (self->service), socket, NULL, error))
    return NULL;
  return g_steal_pointer (&self);
}
