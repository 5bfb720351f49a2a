/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define LS_ADDRESS_SIZE 16

/* A numeric IP address, by value. */
typedef struct
{
  guint8 family; /* AF_INET or AF_INET6; 0: none */
  guint8 bytes[LS_ADDRESS_SIZE]; /* network order; IPv4 uses the first four */
} LsAddress;

/* An address prefix, by value. */
typedef struct
{
  LsAddress address;
  guint8 length; /* 0 to 32 or 128 */
} LsPrefix;

/* Strict numeric forms only (inet_pton), no zone, no surrounding space; ::ffff:a.b.c.d becomes
 * IPv4. */
gboolean ls_address_parse (const char *text, LsAddress *out_address, GError **error);
char *ls_address_to_text (const LsAddress *address);
gboolean ls_address_equal (const LsAddress *a, const LsAddress *b);
int ls_address_compare (const LsAddress *a, const LsAddress *b);
guint ls_address_hash (gconstpointer address);
guint ls_address_bits (const LsAddress *address); /* 32 or 128 */

/* Kinds of address that have no place as a peer's address or endpoint. */
gboolean ls_address_is_loopback (const LsAddress *address);
gboolean ls_address_is_multicast (const LsAddress *address);
gboolean ls_address_is_unspecified (const LsAddress *address);
gboolean ls_address_is_broadcast (const LsAddress *address);
gboolean ls_address_is_link_local (const LsAddress *address);

/* "ADDRESS/LENGTH"; the bits beyond the length must be zero. */
gboolean ls_prefix_parse (const char *text, LsPrefix *out_prefix, GError **error);

/* "ADDRESS/LENGTH" of an interface: host bits may be set and are kept. */
gboolean ls_prefix_parse_interface (const char *text, LsPrefix *out_prefix, GError **error);
void ls_prefix_init_host (LsPrefix *prefix, const LsAddress *address);
char *ls_prefix_to_text (const LsPrefix *prefix);
gboolean ls_prefix_equal (const LsPrefix *a, const LsPrefix *b);
int ls_prefix_compare (const LsPrefix *a, const LsPrefix *b);
gboolean ls_prefix_contains (const LsPrefix *prefix, const LsAddress *address);
gboolean ls_prefix_contains_prefix (const LsPrefix *outer, const LsPrefix *inner);
gboolean ls_prefix_overlaps (const LsPrefix *a, const LsPrefix *b);

/* Whether some of @prefix never belongs to a network: "this network", loopback, link-local,
 * multicast and reserved addresses, and IPv4 ones mapped into IPv6. */
gboolean ls_prefix_is_reserved (const LsPrefix *prefix);

G_END_DECLS
