/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A UDP relay (protocol section 5): passes packets on between nodes that registered. What it does
 * not know it drops without an answer. */

#define LS_DEMO_UDP_RELAY_MEMORY 300 /* seconds that a node's address is remembered */
#define LS_DEMO_UDP_RELAY_NODES_MAX 65536

#define LS_TYPE_DEMO_UDP_RELAY (ls_demo_udp_relay_get_type ())
G_DECLARE_FINAL_TYPE (LsDemoUdpRelay, ls_demo_udp_relay, LS, DEMO_UDP_RELAY, GObject)

/* Serves on the bound, non-blocking @socket until it is disposed. */
LsDemoUdpRelay *ls_demo_udp_relay_new (GSocket *socket);

G_END_DECLS
