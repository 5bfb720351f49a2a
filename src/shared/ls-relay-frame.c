/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-relay-frame.h"

#include "ls-error.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAGIC_SIZE 4

static const char *
magic_of (LsRelayKind kind)
{
  return kind == LS_RELAY_UDP ? "LSR1" : "LSR2";
}

static gsize
max_of (LsRelayKind kind)
{
  return kind == LS_RELAY_UDP ? LS_RELAY_UDP_MAX : LS_RELAY_STREAM_MAX;
}

/* Copies an id of @length bytes into @out_id, whose size is LS_NODE_ID_MAX + 1. */
static gboolean
take_id (const guint8 *data, gsize length, char *out_id)
{
  if (length > LS_NODE_ID_MAX || memchr (data, '\0', length) != NULL)
    return FALSE;
  memcpy (out_id, data, length);
  out_id[length] = '\0';
  return ls_node_id_validate (out_id, NULL);
}

static gboolean
parse (LsRelayKind kind, const guint8 *data, gsize length, LsRelayFrame *frame)
{
  gsize from_length, to_length;

  if (length < LS_RELAY_HEADER_SIZE || length > max_of (kind)
      || memcmp (data, magic_of (kind), MAGIC_SIZE) != 0 || data[7] != 0)
    return FALSE;
  if (data[4] < LS_RELAY_REGISTER || data[4] > LS_RELAY_DELIVER)
    return FALSE;

  frame->type = data[4];
  from_length = data[5];
  to_length = data[6];
  data += LS_RELAY_HEADER_SIZE;
  length -= LS_RELAY_HEADER_SIZE;
  if (from_length + to_length > length || !take_id (data, from_length, frame->from))
    return FALSE;
  if ((frame->type == LS_RELAY_SEND) != (to_length > 0))
    return FALSE;
  if (to_length > 0 && !take_id (data + from_length, to_length, frame->to))
    return FALSE;

  frame->payload = data + from_length + to_length;
  frame->payload_length = length - from_length - to_length;
  return frame->type != LS_RELAY_REGISTER || frame->payload_length == 0;
}

gboolean
ls_relay_frame_parse (LsRelayKind kind, const guint8 *data, gsize length, LsRelayFrame *out_frame,
                      GError **error)
{
  LsRelayFrame frame = { 0 };

  if (!parse (kind, data, length, &frame))
    {
      g_set_error_literal (error, LS_ERROR, LS_ERROR_CONTROL_PROTOCOL,
                           _ ("The relay sent a packet that is not valid"));
      return FALSE;
    }
  *out_frame = frame;
  return TRUE;
}

static gboolean
check (LsRelayKind kind, const LsRelayFrame *frame, gsize length, GError **error)
{
  if (!ls_node_id_validate (frame->from, error))
    return FALSE;
  if (frame->type == LS_RELAY_SEND && !ls_node_id_validate (frame->to, error))
    return FALSE;
  if (length <= max_of (kind))
    return TRUE;
  g_set_error_literal (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT,
                       _ ("The packet is too long for the relay"));
  return FALSE;
}

GBytes *
ls_relay_frame_encode (LsRelayKind kind, const LsRelayFrame *frame, GError **error)
{
  gboolean send = frame->type == LS_RELAY_SEND;
  gsize from_length = strlen (frame->from);
  gsize to_length = send ? strlen (frame->to) : 0;
  gsize payload_length = frame->type == LS_RELAY_REGISTER ? 0 : frame->payload_length;
  gsize length = LS_RELAY_HEADER_SIZE + from_length + to_length + payload_length;
  guint8 header[LS_RELAY_HEADER_SIZE] = { 0 };
  GByteArray *bytes;

  if (!check (kind, frame, length, error))
    return NULL;

  bytes = g_byte_array_sized_new ((guint)length + LS_RELAY_LENGTH_SIZE);
  if (kind == LS_RELAY_STREAM)
    {
      guint32 prefix = GUINT32_TO_BE ((guint32)length);

      g_byte_array_append (bytes, (const guint8 *)&prefix, sizeof prefix);
    }
  memcpy (header, magic_of (kind), MAGIC_SIZE);
  header[4] = frame->type;
  header[5] = (guint8)from_length;
  header[6] = (guint8)to_length;
  g_byte_array_append (bytes, header, sizeof header);
  g_byte_array_append (bytes, (const guint8 *)frame->from, (guint)from_length);
  if (to_length > 0)
    g_byte_array_append (bytes, (const guint8 *)frame->to, (guint)to_length);
  if (payload_length > 0)
    g_byte_array_append (bytes, frame->payload, (guint)payload_length);
  return g_byte_array_free_to_bytes (bytes);
}

LsRelayStreamState
ls_relay_stream_next (const guint8 *data, gsize length, gsize *out_length)
{
  guint32 prefix;

  if (length < LS_RELAY_LENGTH_SIZE)
    return LS_RELAY_STREAM_MORE;

  memcpy (&prefix, data, sizeof prefix);
  prefix = GUINT32_FROM_BE (prefix);
  if (prefix == 0 || prefix > LS_RELAY_STREAM_MAX)
    return LS_RELAY_STREAM_BROKEN;
  if (length - LS_RELAY_LENGTH_SIZE < prefix)
    return LS_RELAY_STREAM_MORE;
  *out_length = prefix;
  return LS_RELAY_STREAM_PACKET;
}
