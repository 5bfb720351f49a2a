/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-endpoint.h"
#include "ls-key.h"
#include "ls-prefix.h"

G_BEGIN_DECLS

/* The desired state of one tunnel: what the agent asks the helper for. The same type on both sides
 * of the bus: the agent builds it, the helper parses it from the GVariant and so validates every
 * value. */

#define LS_TUNNEL_PEERS_MAX 20000
#define LS_TUNNEL_ADDRESSES_MAX 8
#define LS_TUNNEL_ROUTES_MAX 4096
#define LS_TUNNEL_ALLOWED_IPS_MAX 256 /* per peer */
/* Shortest prefixes that count as a network and not as "a part of the internet". */
#define LS_TUNNEL_PREFIX_MIN_V4 8
#define LS_TUNNEL_PREFIX_MIN_V6 16
#define LS_TUNNEL_MTU_MIN 1280
#define LS_TUNNEL_MTU_MAX 9000
#define LS_TUNNEL_MTU_DEFAULT 1280
#define LS_TUNNEL_PORT_DEFAULT 51820

/* GVariant of one peer: a{sv} with public-key ay, allowed-ips as, and optional endpoint s,
 * keepalive q (seconds), preshared-key ay. */
#define LS_TUNNEL_PEER_TYPE "a{sv}"

typedef struct
{
  LsKey public_key;
  LsKey preshared_key; /* valid if has_preshared_key */
  gboolean has_preshared_key;
  LsEndpoint endpoint; /* valid if has_endpoint */
  gboolean has_endpoint;
  guint16 keepalive; /* seconds, 0: off */
  GArray *allowed_ips; /* of LsPrefix, sorted, no duplicate; each within one of the routes */
} LsTunnelPeer;

typedef enum
{
  LS_BACKEND_AUTO,
  LS_BACKEND_NETWORK_MANAGER, /* "networkmanager" */
  LS_BACKEND_KERNEL, /* "kernel" */
  LS_BACKEND_USERSPACE, /* "userspace" */
} LsBackendKind;

typedef struct
{
  LsKey private_key;
  guint16 listen_port; /* never 0 */
  guint16 mtu;
  LsBackendKind backend;
  GArray *addresses; /* of LsPrefix with host bits; own /32 and /128 */
  GArray *routes; /* of LsPrefix: the overlay and accepted subnets, sorted, no duplicate, never a
                     default route */
  GPtrArray *peers; /* of LsTunnelPeer, sorted by public key */
} LsTunnel;

LsTunnelPeer *ls_tunnel_peer_new (const LsKey *public_key);
LsTunnelPeer *ls_tunnel_peer_copy (const LsTunnelPeer *peer);
void ls_tunnel_peer_free (LsTunnelPeer *peer);
gboolean ls_tunnel_peer_equal (const LsTunnelPeer *a, const LsTunnelPeer *b);
void ls_tunnel_peer_set_endpoint (LsTunnelPeer *peer, const LsEndpoint *endpoint);
void ls_tunnel_peer_add_allowed_ip (LsTunnelPeer *peer, const LsPrefix *prefix);
GVariant *ls_tunnel_peer_to_variant (const LsTunnelPeer *peer); /* floating */
LsTunnelPeer *ls_tunnel_peer_from_variant (GVariant *variant, GError **error);

LsTunnel *ls_tunnel_new (void); /* listen port, MTU and backend at their defaults, key zero */
LsTunnel *ls_tunnel_copy (const LsTunnel *tunnel);
void ls_tunnel_free (LsTunnel *tunnel); /* wipes the keys */
gboolean ls_tunnel_equal (const LsTunnel *a, const LsTunnel *b);

/* Whether everything but the peers is equal. */
gboolean ls_tunnel_equal_but_peers (const LsTunnel *a, const LsTunnel *b);
void ls_tunnel_add_address (LsTunnel *tunnel, const LsPrefix *address);
void ls_tunnel_add_route (LsTunnel *tunnel, const LsPrefix *route);

/* Takes @peer; replaces the one with the same key. */
void ls_tunnel_take_peer (LsTunnel *tunnel, LsTunnelPeer *peer);
gboolean ls_tunnel_remove_peer (LsTunnel *tunnel, const LsKey *public_key);
const LsTunnelPeer *ls_tunnel_find_peer (const LsTunnel *tunnel, const LsKey *public_key);

/* a{sv}: private-key ay, listen-port q, mtu q, backend s, addresses as, routes as, peers aa{sv}.
 * from_variant refuses unknown keys, wrong types, counts over the limits, default routes, two peers
 * with one key or one allowed IP, an allowed IP outside of every route, a peer with our own key:
 * LS_ERROR_INVALID_ARGUMENT or LS_ERROR_LIMIT. */
GVariant *ls_tunnel_to_variant (const LsTunnel *tunnel); /* floating */
LsTunnel *ls_tunnel_from_variant (GVariant *variant, GError **error);

const char *ls_backend_kind_to_text (LsBackendKind kind);
gboolean ls_backend_kind_parse (const char *text, LsBackendKind *out_kind, GError **error);

/* What is, peer by peer, as WireGuard counts it. */
typedef struct
{
  LsKey public_key;
  LsEndpoint endpoint; /* valid if has_endpoint */
  gboolean has_endpoint;
  gint64 last_handshake; /* Unix seconds, 0: never */
  guint64 rx_bytes;
  guint64 tx_bytes;
} LsPeerStatistics;

/* a(aysxtt): key, endpoint or "", last handshake, received, sent. */
#define LS_PEER_STATISTICS_TYPE "a(aysxtt)"
GVariant *
ls_peer_statistics_to_variant (const GArray *statistics); /* of LsPeerStatistics; floating */
GArray *ls_peer_statistics_from_variant (GVariant *variant, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsTunnelPeer, ls_tunnel_peer_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsTunnel, ls_tunnel_free)

G_END_DECLS
