/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-prefix.h"

G_BEGIN_DECLS

/* A numeric IP address and UDP port, "192.0.2.1:51820" or "[2001:db8::1]:51820". */
typedef struct
{
  LsAddress address;
  guint16 port; /* 1 to 65535 */
} LsEndpoint;

/* Numeric only, port 1 to 65535, no zone; a mapped IPv4 address is unmapped. */
gboolean ls_endpoint_parse (const char *text, LsEndpoint *out_endpoint, GError **error);

/* Whether a peer may be reached there: not unspecified, loopback, multicast, broadcast or
 * link-local. */
gboolean ls_endpoint_is_usable (const LsEndpoint *endpoint);
char *ls_endpoint_to_text (const LsEndpoint *endpoint);
gboolean ls_endpoint_equal (const LsEndpoint *a, const LsEndpoint *b);

G_END_DECLS
