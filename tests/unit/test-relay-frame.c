/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ls-error.h"
#include "ls-relay-frame.h"

#include <string.h>

#define ID_64 "0123456789012345678901234567890123456789012345678901234567890123"

static LsRelayFrame
make_frame (LsRelayType type, const char *from, const char *to, const char *payload)
{
  LsRelayFrame frame = { .type = type };

  g_strlcpy (frame.from, from, sizeof frame.from);
  g_strlcpy (frame.to, to, sizeof frame.to);
  frame.payload = (const guint8 *)payload;
  frame.payload_length = strlen (payload);
  return frame;
}

static void
check_round_trip (LsRelayKind kind, LsRelayType type, const char *from, const char *to,
                  const char *payload)
{
  LsRelayFrame frame = make_frame (type, from, to, payload);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = ls_relay_frame_encode (kind, &frame, &error);
  const guint8 *data;
  gsize length, packet_length;
  LsRelayFrame parsed;

  g_assert_no_error (error);
  data = g_bytes_get_data (bytes, &length);
  if (kind == LS_RELAY_STREAM)
    {
      g_assert_cmpint (ls_relay_stream_next (data, length, &packet_length), ==,
                       LS_RELAY_STREAM_PACKET);
      g_assert_cmpuint (packet_length, ==, length - LS_RELAY_LENGTH_SIZE);
      data += LS_RELAY_LENGTH_SIZE;
      length = packet_length;
    }
  g_assert_true (ls_relay_frame_parse (kind, data, length, &parsed, &error));
  g_assert_cmpint (parsed.type, ==, type);
  g_assert_cmpstr (parsed.from, ==, from);
  g_assert_cmpstr (parsed.to, ==, to);
  g_assert_cmpmem (parsed.payload, parsed.payload_length, payload, strlen (payload));
}

static void
test_round_trip (void)
{
  for (LsRelayKind kind = LS_RELAY_UDP; kind <= LS_RELAY_STREAM; kind++)
    {
      check_round_trip (kind, LS_RELAY_REGISTER, "a", "", "");
      check_round_trip (kind, LS_RELAY_REGISTER, ID_64, "", "");
      check_round_trip (kind, LS_RELAY_SEND, "a", "b", "");
      check_round_trip (kind, LS_RELAY_SEND, ID_64, ID_64, "LSDPpayload");
      check_round_trip (kind, LS_RELAY_DELIVER, "a", "", "payload");
    }
}

/* The bytes themselves, so that both ends cannot be wrong together. */
static void
test_layout (void)
{
  LsRelayFrame frame = make_frame (LS_RELAY_SEND, "ab", "c", "xyz");
  g_autoptr (GBytes) udp = ls_relay_frame_encode (LS_RELAY_UDP, &frame, NULL);
  g_autoptr (GBytes) stream = ls_relay_frame_encode (LS_RELAY_STREAM, &frame, NULL);
  static const char udp_bytes[] = "LSR1\2\2\1\0abcxyz";
  static const char stream_bytes[] = "\0\0\0\16LSR2\2\2\1\0abcxyz";

  g_assert_cmpmem (g_bytes_get_data (udp, NULL), g_bytes_get_size (udp), udp_bytes,
                   sizeof udp_bytes - 1);
  g_assert_cmpmem (g_bytes_get_data (stream, NULL), g_bytes_get_size (stream), stream_bytes,
                   sizeof stream_bytes - 1);
}

static void
test_refused (void)
{
  static const struct
  {
    const char *data;
    gsize length;
  } packets[] = {
    { "", 0 },
    { "LSR1\1\1\0", 7 }, /* cut in the header */
    { "LSR2\1\1\0\0a", 9 }, /* magic of the other kind */
    { "LSR1\0\1\0\0a", 9 }, /* types that there are not */
    { "LSR1\4\1\0\0a", 9 },
    { "LSR1\1\1\0\1a", 9 }, /* reserved */
    { "LSR1\1\0\0\0", 8 }, /* no from */
    { "LSR1\1\2\0\0a", 9 }, /* from beyond the end */
    { "LSR1\1\1\0\0ax", 10 }, /* register with a payload */
    { "LSR1\1\1\1\0ab", 10 }, /* register with a to */
    { "LSR1\2\1\0\0a", 9 }, /* send without a to */
    { "LSR1\2\1\377\0ab", 10 }, /* to beyond the end */
    { "LSR1\3\1\1\0ab", 10 }, /* deliver with a to */
    { "LSR1\1\1\0\0/", 9 }, /* not ids */
    { "LSR1\1\2\0\0a\0", 10 },
    { "LSR1\1\1\0\0\377", 9 },
    { "LSR1\2\1\2\0a..", 11 },
    { "LSR1\1\101\0\0" ID_64 "4", 73 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (packets); i++)
    {
      g_autoptr (GError) error = NULL;
      LsRelayFrame frame;

      g_test_message ("packet %u", i);
      g_assert_false (ls_relay_frame_parse (LS_RELAY_UDP, (const guint8 *)packets[i].data,
                                            packets[i].length, &frame, &error));
      g_assert_error (error, LS_ERROR, LS_ERROR_CONTROL_PROTOCOL);
    }
}

static void
test_limits (void)
{
  g_autofree char *payload = g_strnfill (LS_RELAY_STREAM_MAX, 'x');
  LsRelayFrame frame = make_frame (LS_RELAY_SEND, "a", "b", payload);
  g_autoptr (GBytes) udp = NULL;
  g_autoptr (GBytes) stream = NULL;
  g_autoptr (GError) error = NULL;

  frame.payload_length = LS_RELAY_UDP_MAX - LS_RELAY_HEADER_SIZE - 2;
  udp = ls_relay_frame_encode (LS_RELAY_UDP, &frame, NULL);
  g_assert_cmpuint (g_bytes_get_size (udp), ==, LS_RELAY_UDP_MAX);
  frame.payload_length++;
  g_assert_null (ls_relay_frame_encode (LS_RELAY_UDP, &frame, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT);

  frame.payload_length = LS_RELAY_STREAM_MAX - LS_RELAY_HEADER_SIZE - 2;
  stream = ls_relay_frame_encode (LS_RELAY_STREAM, &frame, NULL);
  g_assert_cmpuint (g_bytes_get_size (stream), ==, LS_RELAY_STREAM_MAX + LS_RELAY_LENGTH_SIZE);
  frame.payload_length++;
  g_assert_null (ls_relay_frame_encode (LS_RELAY_STREAM, &frame, NULL));
}

static void
test_bad_ids (void)
{
  LsRelayFrame no_from = make_frame (LS_RELAY_REGISTER, "", "", "");
  LsRelayFrame no_to = make_frame (LS_RELAY_SEND, "a", "", "");
  LsRelayFrame bad_to = make_frame (LS_RELAY_SEND, "a", "b c", "");

  g_assert_null (ls_relay_frame_encode (LS_RELAY_UDP, &no_from, NULL));
  g_assert_null (ls_relay_frame_encode (LS_RELAY_UDP, &no_to, NULL));
  g_assert_null (ls_relay_frame_encode (LS_RELAY_STREAM, &bad_to, NULL));
}

static void
test_stream (void)
{
  static const guint8 zero[] = { 0, 0, 0, 0 };
  static const guint8 long_one[] = { 0, 1, 0, 1 };
  static const guint8 whole[] = { 0, 0, 0, 2, 'a', 'b', 'c' };
  gsize length = 0;

  g_assert_cmpint (ls_relay_stream_next (zero, sizeof zero, &length), ==, LS_RELAY_STREAM_BROKEN);
  g_assert_cmpint (ls_relay_stream_next (long_one, sizeof long_one, &length), ==,
                   LS_RELAY_STREAM_BROKEN);
  for (gsize n = 0; n < 6; n++)
    g_assert_cmpint (ls_relay_stream_next (whole, n, &length), ==, LS_RELAY_STREAM_MORE);
  g_assert_cmpint (ls_relay_stream_next (whole, 6, &length), ==, LS_RELAY_STREAM_PACKET);
  g_assert_cmpuint (length, ==, 2);
  g_assert_cmpint (ls_relay_stream_next (whole, 7, &length), ==, LS_RELAY_STREAM_PACKET);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/relay-frame/round-trip", test_round_trip);
  g_test_add_func ("/relay-frame/layout", test_layout);
  g_test_add_func ("/relay-frame/refused", test_refused);
  g_test_add_func ("/relay-frame/limits", test_limits);
  g_test_add_func ("/relay-frame/bad-ids", test_bad_ids);
  g_test_add_func ("/relay-frame/stream", test_stream);
  return g_test_run ();
}
