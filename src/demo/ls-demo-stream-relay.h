/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A stream relay (protocol section 5) over TCP: passes packets on between nodes that registered;
 * every connection of a node gets each delivery. */

#define LS_DEMO_STREAM_CONNECTIONS_MAX 4096
#define LS_DEMO_STREAM_PER_NODE_MAX 16 /* then the oldest is closed */
#define LS_DEMO_STREAM_REGISTER_TIMEOUT 10 /* seconds until the first packet */

#define LS_TYPE_DEMO_STREAM_RELAY (ls_demo_stream_relay_get_type ())
G_DECLARE_FINAL_TYPE (LsDemoStreamRelay, ls_demo_stream_relay, LS, DEMO_STREAM_RELAY, GObject)

/* Serves on the listening @socket until it is disposed. NULL with an error of G_IO_ERROR. */
LsDemoStreamRelay *ls_demo_stream_relay_new (GSocket *socket, GError **error);

G_END_DECLS
