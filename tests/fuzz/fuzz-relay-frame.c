/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "ls-relay-frame.h"

#include <string.h>

static void
check_frame (LsRelayKind kind, const guint8 *data, gsize size)
{
  LsRelayFrame frame;
  g_autoptr (GBytes) again = NULL;
  const guint8 *bytes;
  gsize length;

  if (!ls_relay_frame_parse (kind, data, size, &frame, NULL))
    return;
  FUZZ_CHECK (ls_node_id_validate (frame.from, NULL));
  FUZZ_CHECK (frame.payload >= data && frame.payload + frame.payload_length == data + size);

  /* Encoding gives the same packet, in a stream behind its length. */
  again = ls_relay_frame_encode (kind, &frame, NULL);
  FUZZ_CHECK (again != NULL);
  bytes = g_bytes_get_data (again, &length);
  if (kind == LS_RELAY_STREAM)
    {
      gsize packet = 0;

      FUZZ_CHECK (ls_relay_stream_next (bytes, length, &packet) == LS_RELAY_STREAM_PACKET);
      FUZZ_CHECK (packet == length - LS_RELAY_LENGTH_SIZE);
      bytes += LS_RELAY_LENGTH_SIZE;
      length -= LS_RELAY_LENGTH_SIZE;
    }
  FUZZ_CHECK (length == size && memcmp (bytes, data, size) == 0);
}

/* A stream, packet after packet as a relay follows it. */
static void
check_stream (const guint8 *data, gsize size)
{
  gsize length = 0;

  while (ls_relay_stream_next (data, size, &length) == LS_RELAY_STREAM_PACKET)
    {
      FUZZ_CHECK (length > 0 && length <= size - LS_RELAY_LENGTH_SIZE);
      check_frame (LS_RELAY_STREAM, data + LS_RELAY_LENGTH_SIZE, length);
      data += LS_RELAY_LENGTH_SIZE + length;
      size -= LS_RELAY_LENGTH_SIZE + length;
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  check_frame (LS_RELAY_UDP, data, size);
  check_frame (LS_RELAY_STREAM, data, size);
  check_stream (data, size);
  return 0;
}
