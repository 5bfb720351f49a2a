/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-tunnel.h"

G_BEGIN_DECLS

/* A peer as the kernel has it. */
typedef struct
{
  LsTunnelPeer *peer;
  gint64 last_handshake; /* Unix seconds, 0: never */
  guint64 rx_bytes;
  guint64 tx_bytes;
} LsHelperWgPeer;

/* A WireGuard device as the kernel has it. */
typedef struct
{
  LsKey private_key; /* zero: none */
  guint16 listen_port; /* 0: none chosen yet */
  GPtrArray *peers; /* of LsHelperWgPeer, in the kernel's order */
} LsHelperWgDevice;

LsHelperWgDevice *ls_helper_wg_device_new (void);
void ls_helper_wg_device_free (LsHelperWgDevice *device); /* wipes the keys */

/* Takes @peer. */
LsHelperWgPeer *ls_helper_wg_device_take_peer (LsHelperWgDevice *device, LsTunnelPeer *peer);

/* Of LsPeerStatistics. (transfer full) */
GArray *ls_helper_wg_device_dup_statistics (const LsHelperWgDevice *device);

/* Which parts of a peer are to be written. */
typedef enum
{
  LS_HELPER_WG_REMOVE = 1 << 0, /* nothing else then */
  LS_HELPER_WG_UPDATE_ONLY = 1 << 1, /* a peer that is not there is not added */
  LS_HELPER_WG_ENDPOINT = 1 << 2,
  LS_HELPER_WG_KEEPALIVE = 1 << 3,
  LS_HELPER_WG_PRESHARED_KEY = 1 << 4, /* also that there is none */
  LS_HELPER_WG_ALLOWED_IPS = 1 << 5, /* these and no others */
} LsHelperWgParts;

typedef struct
{
  LsKey public_key;
  LsHelperWgParts parts;
  LsTunnelPeer *peer; /* owned; NULL when removed */
} LsHelperWgPeerChange;

/* What is to be written to a device; whatever is not named stays as it is. */
typedef struct
{
  gboolean set_private_key;
  LsKey private_key;
  gboolean set_listen_port;
  guint16 listen_port;
  GPtrArray *peers; /* of LsHelperWgPeerChange, in the order in which they are written */
} LsHelperWgChange;

LsHelperWgChange *ls_helper_wg_change_new (void);
void ls_helper_wg_change_free (LsHelperWgChange *change); /* wipes the keys */
gboolean ls_helper_wg_change_is_empty (const LsHelperWgChange *change);
void ls_helper_wg_change_remove_peer (LsHelperWgChange *change, const LsKey *public_key);

/* Copies @peer. */
void ls_helper_wg_change_write_peer (LsHelperWgChange *change, const LsTunnelPeer *peer,
                                     LsHelperWgParts parts);

/* What a backend of the kernel's WireGuard does for LsHelperBackend's update_peers and
 * set_endpoints. (transfer full) */
LsHelperWgChange *ls_helper_wg_change_for_update (const GPtrArray *changed, const GArray *removed);
LsHelperWgChange *ls_helper_wg_change_for_endpoints (const GPtrArray *peers);

/* The fewest writes that make @device be as @desired. @previous is what was asked for last, or
 * NULL: a peer whose endpoint is not the asked one, but was asked for already, has roamed and is
 * left where it is. (transfer full) */
LsHelperWgChange *ls_helper_wg_device_diff (const LsHelperWgDevice *device, const LsTunnel *desired,
                                            const LsTunnel *previous);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsHelperWgDevice, ls_helper_wg_device_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsHelperWgChange, ls_helper_wg_change_free)

G_END_DECLS
