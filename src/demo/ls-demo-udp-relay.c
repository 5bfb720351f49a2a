/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-udp-relay.h"

#include "ls-relay-frame.h"

#include <string.h>

#define SWEEP_INTERVAL 60 /* seconds */
#define PACKETS_PER_TURN 64 /* then others have their turn on the main loop */

typedef struct
{
  GSocketAddress *address;
  gint64 seen_at; /* monotonic, seconds */
} Node;

struct _LsDemoUdpRelay
{
  GObject parent_instance;

  GSocket *socket;
  GSource *source;
  GHashTable *nodes; /* id → Node */
  guint sweep_id; /* 0 while nobody is remembered */
};

G_DEFINE_FINAL_TYPE (LsDemoUdpRelay, ls_demo_udp_relay, G_TYPE_OBJECT)

static void
node_free (Node *node)
{
  g_object_unref (node->address);
  g_free (node);
}

static gint64
now_seconds (void)
{
  return g_get_monotonic_time () / G_USEC_PER_SEC;
}

static gboolean
is_forgotten (gpointer key, gpointer value, gpointer user_data)
{
  const Node *node = value;

  return now_seconds () - node->seen_at > LS_DEMO_UDP_RELAY_MEMORY;
}

static gboolean
sweep_cb (gpointer user_data)
{
  LsDemoUdpRelay *self = user_data;

  g_hash_table_foreach_remove (self->nodes, is_forgotten, NULL);
  if (g_hash_table_size (self->nodes) > 0)
    return G_SOURCE_CONTINUE;
  self->sweep_id = 0;
  return G_SOURCE_REMOVE;
}

static void
remember (LsDemoUdpRelay *self, const char *id, GSocketAddress *address)
{
  Node *node = g_hash_table_lookup (self->nodes, id);

  if (node == NULL)
    {
      if (g_hash_table_size (self->nodes) >= LS_DEMO_UDP_RELAY_NODES_MAX)
        return;
      node = g_new0 (Node, 1);
      g_hash_table_insert (self->nodes, g_strdup (id), node);
    }
  g_set_object (&node->address, address);
  node->seen_at = now_seconds ();
  if (self->sweep_id == 0)
    self->sweep_id = g_timeout_add_seconds (SWEEP_INTERVAL, sweep_cb, self);
}

static void
deliver (LsDemoUdpRelay *self, const LsRelayFrame *sent)
{
  const Node *node = g_hash_table_lookup (self->nodes, sent->to);
  LsRelayFrame frame = *sent;
  g_autoptr (GBytes) packet = NULL;

  if (node == NULL || is_forgotten (NULL, (gpointer)node, NULL))
    return;

  frame.type = LS_RELAY_DELIVER;
  packet = ls_relay_frame_encode (LS_RELAY_UDP, &frame, NULL);
  if (packet != NULL)
    g_socket_send_to (self->socket, node->address, g_bytes_get_data (packet, NULL),
                      g_bytes_get_size (packet), NULL, NULL);
}

static void
handle (LsDemoUdpRelay *self, const guint8 *data, gsize length, GSocketAddress *source)
{
  LsRelayFrame frame;

  if (!ls_relay_frame_parse (LS_RELAY_UDP, data, length, &frame, NULL)
      || frame.type == LS_RELAY_DELIVER)
    return;

  remember (self, frame.from, source);
  if (frame.type == LS_RELAY_SEND)
    deliver (self, &frame);
}

static gboolean
readable_cb (GSocket *socket, GIOCondition condition, gpointer user_data)
{
  LsDemoUdpRelay *self = user_data;

  for (guint i = 0; i < PACKETS_PER_TURN; i++)
    {
      guint8 data[LS_RELAY_UDP_MAX + 1];
      g_autoptr (GSocketAddress) source = NULL;
      gssize length
          = g_socket_receive_from (socket, &source, (char *)data, sizeof data, NULL, NULL);

      if (length < 0)
        break;
      handle (self, data, (gsize)length, source);
    }
  return G_SOURCE_CONTINUE;
}

static void
ls_demo_udp_relay_dispose (GObject *object)
{
  LsDemoUdpRelay *self = LS_DEMO_UDP_RELAY (object);

  g_clear_handle_id (&self->sweep_id, g_source_remove);
  if (self->source != NULL)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  g_clear_object (&self->socket);
  g_clear_pointer (&self->nodes, g_hash_table_unref);

  G_OBJECT_CLASS (ls_demo_udp_relay_parent_class)->dispose (object);
}

static void
ls_demo_udp_relay_class_init (LsDemoUdpRelayClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ls_demo_udp_relay_dispose;
}

static void
ls_demo_udp_relay_init (LsDemoUdpRelay *self)
{
  self->nodes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)node_free);
}

LsDemoUdpRelay *
ls_demo_udp_relay_new (GSocket *socket)
{
  LsDemoUdpRelay *self = g_object_new (LS_TYPE_DEMO_UDP_RELAY, NULL);

  self->socket = g_object_ref (socket);
  self->source = g_socket_create_source (socket, G_IO_IN, NULL);
  g_source_set_callback (self->source, G_SOURCE_FUNC (readable_cb), self, NULL);
  g_source_attach (self->source, NULL);
  return self;
}
