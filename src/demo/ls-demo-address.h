/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-prefix.h"

G_BEGIN_DECLS

/* Addresses out of a network's overlay, pure. An offset is the distance from the overlay's first
 * address. */

/* Offset of a network's first device: 10 where the overlay has room for it, else 1; in an overlay
 * of one IPv6 address 0. */
guint64 ls_demo_address_first_offset (const LsPrefix *overlay);

/* The largest offset that may be given to a device: without the broadcast address of IPv4; 0 for
 * IPv4 prefixes without room. */
guint64 ls_demo_address_last_offset (const LsPrefix *overlay);

/* The address at @offset of @overlay, which is at most ls_demo_address_last_offset(). */
void ls_demo_address_at (const LsPrefix *overlay, guint64 offset, LsAddress *out_address);

/* The free address at @cursor or the first free one behind it, once round. @used: set of addresses
 * as text. FALSE if all are in use. @out_next: the cursor for the next one. (transfer full)
 * @out_text. */
gboolean ls_demo_address_allocate (const LsPrefix *overlay, guint64 cursor, GHashTable *used,
                                   char **out_text, guint64 *out_next);

/* A random default overlay: a /24 of 100.64.0.0/10, a unique local /48 (RFC 4193). */
void ls_demo_address_random_overlay_v4 (LsPrefix *out_prefix);
void ls_demo_address_random_overlay_v6 (LsPrefix *out_prefix);

G_END_DECLS
