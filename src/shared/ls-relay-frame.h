/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "ls-ident.h"

G_BEGIN_DECLS

/* The packets of the relays (protocol section 5), pure. Layout, the same for both kinds:
 *
 *   magic(4) type(1) from_len(1) to_len(1) reserved(1)=0 from to payload
 *
 * The UDP relay has one packet a datagram. In the stream relay each packet follows its length, four
 * bytes in big-endian order. */

#define LS_RELAY_HEADER_SIZE 8
#define LS_RELAY_UDP_MAX 2048 /* bytes of a datagram */
#define LS_RELAY_STREAM_MAX 65536 /* bytes of a packet in a stream, without its length */
#define LS_RELAY_LENGTH_SIZE 4

typedef enum
{
  LS_RELAY_UDP, /* magic "LSR1" */
  LS_RELAY_STREAM, /* magic "LSR2" */
} LsRelayKind;

typedef enum
{
  LS_RELAY_REGISTER = 1, /* from only */
  LS_RELAY_SEND = 2, /* from, to, payload */
  LS_RELAY_DELIVER = 3, /* from, payload */
} LsRelayType;

typedef struct
{
  LsRelayType type;
  char from[LS_NODE_ID_MAX + 1];
  char to[LS_NODE_ID_MAX + 1]; /* empty unless a send */
  const guint8 *payload; /* borrowed */
  gsize payload_length;
} LsRelayFrame;

/* Reads one whole packet. @out_frame's payload points into @data. LS_ERROR_CONTROL_PROTOCOL for
 * anything but a packet of @kind with ids that are node ids. */
gboolean ls_relay_frame_parse (LsRelayKind kind, const guint8 *data, gsize length,
                               LsRelayFrame *out_frame, GError **error);

/* The packet, in a stream with its length before it. (transfer full); NULL with
 * LS_ERROR_INVALID_ARGUMENT if an id is none or the packet would be too long. */
GBytes *ls_relay_frame_encode (LsRelayKind kind, const LsRelayFrame *frame, GError **error);

typedef enum
{
  LS_RELAY_STREAM_MORE, /* the packet is not whole yet */
  LS_RELAY_STREAM_PACKET, /* a packet lies behind the length */
  LS_RELAY_STREAM_BROKEN, /* a length of 0 or above the limit: the stream cannot be followed */
} LsRelayStreamState;

/* Looks for a packet at the start of what was received. With LS_RELAY_STREAM_PACKET it is
 * @out_length bytes at @data + LS_RELAY_LENGTH_SIZE. */
LsRelayStreamState ls_relay_stream_next (const guint8 *data, gsize length, gsize *out_length);

G_END_DECLS
