/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "ls-relay-frame.h"

G_BEGIN_DECLS

/* One connection of the stream relay: packets in, and a queue of packets out.
 *
 * Signals: "frame" (LsRelayFrame *, valid during the emission) for each valid packet, and "closed"
 * once when it ended, by whatever side. */

/* Bytes that wait to be written. A node that reads slower loses the oldest packets, like on any
 * other network. */
#define LS_DEMO_STREAM_QUEUE_MAX (1024 * 1024)

#define LS_TYPE_DEMO_STREAM_PEER (ls_demo_stream_peer_get_type ())
G_DECLARE_FINAL_TYPE (LsDemoStreamPeer, ls_demo_stream_peer, LS, DEMO_STREAM_PEER, GObject)

/* Begins to read. */
LsDemoStreamPeer *ls_demo_stream_peer_new (GSocketConnection *connection);

/* The node id that it registered with, or NULL. */
const char *ls_demo_stream_peer_get_id (LsDemoStreamPeer *self);
void ls_demo_stream_peer_set_id (LsDemoStreamPeer *self, const char *id);

/* Queues a packet with its length. */
void ls_demo_stream_peer_send (LsDemoStreamPeer *self, GBytes *packet);
void ls_demo_stream_peer_close (LsDemoStreamPeer *self);

G_END_DECLS
