/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include <sodium.h>
#include <string.h>
#include <sys/socket.h>

#include "ls-endpoint.h"
#include "ls-error.h"
#include "ls-ident.h"
#include "ls-key.h"
#include "ls-pins.h"
#include "ls-names.h"
#include "ls-prefix.h"
#include "ls-text.h"

#define GOOD_KEY "4d6GGHFBBUE9f/obBPvBfOXY3W9yNr0/yQv4Wkr2BuY="

/* The list of points that are refused, against what libsodium says of each and of its neighbours.
 */
static void
test_key_low_order (void)
{
  static const guint8 scalar[LS_KEY_SIZE] = { 8, [31] = 64 };
  static const char *const points[] = {
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "4Ot6fDtBuK4WVuP68Z/EatoJjeucMrH9hmIFFl9JuAA=", "X5yVvKNQjCSx0LFVnIPvWwREXMRYHI6G2CJO3dCfEVc=",
    "7P///////////////////////////////////////38=", "7f///////////////////////////////////////38=",
    "7v///////////////////////////////////////38=",
  };
  guint refused = 0;

  for (guint i = 0; i < G_N_ELEMENTS (points); i++)
    for (int change = -2; change <= 2; change++)
      for (guint bit = 0; bit < 2; bit++)
        {
          guint8 shared[LS_KEY_SIZE];
          LsKey key;

          g_assert_true (ls_key_parse (points[i], &key, NULL));
          key.bytes[0] += change;
          key.bytes[LS_KEY_SIZE - 1] ^= bit << 7;
          g_assert_cmpint (ls_key_is_valid_public (&key), ==,
                           crypto_scalarmult (shared, scalar, key.bytes) == 0);
          refused += !ls_key_is_valid_public (&key);
        }
  g_assert_cmpuint (refused, >=, 2 * G_N_ELEMENTS (points));
}

static void
test_key_good (void)
{
  LsKey key;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_autofree char *fingerprint = NULL;

  g_assert_true (ls_key_parse_public (GOOD_KEY, &key, &error));
  g_assert_no_error (error);
  text = ls_key_to_text (&key);
  g_assert_cmpstr (text, ==, GOOD_KEY);
  fingerprint = ls_key_dup_fingerprint (&key);
  g_assert_cmpstr (fingerprint, ==, "4d6G GHFB BUE9 f/ob");
}

static void
test_key_bad (void)
{
  static const char *const bad[] = {
    "",
    "4d6GGHFBBUE9f/obBPvBfOXY3W9yNr0/yQv4Wkr2BuY", /* 43 */
    "4d6GGHFBBUE9f/obBPvBfOXY3W9yNr0/yQv4Wkr2BuY==", /* 45 */
    "4d6GGHFBBUE9f/obBPvBfOXY3W9yNr0/yQv4Wkr2BuY=\n",
    "4d6GGHFBBUE9f_obBPvBfOXY3W9yNr0_yQv4Wkr2BuY=", /* base64url */
    "4d6GGHFBBUE9f/obBPvBfOXY3W9yNr0/yQv4Wkr2BuZ=", /* not canonical */
    "4d6GGHFBBUE9f/obBPvBf XY3W9yNr0/yQv4Wkr2BuY=",
  };
  static const char *const weak[] = {
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "7P///////////////////////////////////////38=", /* p - 1 */
    "4Ot6fDtBuK4WVuP68Z/EatoJjeucMrH9hmIFFl9JuAA=", /* order 8 */
  };
  LsKey key;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (ls_key_parse (bad[i], &key, &error));
      g_assert_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT);
    }
  g_assert_false (ls_key_parse (NULL, &key, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (weak); i++)
    {
      g_assert_true (ls_key_parse (weak[i], &key, NULL));
      g_assert_false (ls_key_parse_public (weak[i], &key, NULL));
    }
}

static void
test_key_pairs (void)
{
  /* RFC 7748 section 6.1, Alice; RFC 8032 section 7.1, test 1. */
  static const LsKey alice = { { 0x77, 0x07, 0x6d, 0x0a, 0x73, 0x18, 0xa5, 0x7d, 0x3c, 0x16, 0xc1,
                                 0x72, 0x51, 0xb2, 0x66, 0x45, 0xdf, 0x4c, 0x2f, 0x87, 0xeb, 0xc0,
                                 0x99, 0x2a, 0xb1, 0x77, 0xfb, 0xa5, 0x1d, 0xb9, 0x2c, 0x2a } };
  static const LsKey alice_public
      = { { 0x85, 0x20, 0xf0, 0x09, 0x89, 0x30, 0xa7, 0x54, 0x74, 0x8b, 0x7d,
            0xdc, 0xb4, 0x3e, 0xf7, 0x5a, 0x0d, 0xbf, 0x3a, 0x0d, 0x26, 0x38,
            0x1a, 0xf4, 0xeb, 0xa4, 0xa9, 0x8e, 0xaa, 0x9b, 0x4e, 0x6a } };
  static const LsKey seed = { { 0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a,
                                0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32,
                                0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60 } };
  static const LsKey seed_public
      = { { 0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe,
            0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6,
            0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a } };
  LsKey private_key, public_key, again;

  ls_key_wireguard_public (&alice, &public_key);
  g_assert_true (ls_key_equal (&public_key, &alice_public));
  ls_key_machine_public (&seed, &public_key);
  g_assert_true (ls_key_equal (&public_key, &seed_public));
  ls_key_generate_wireguard (&private_key, &public_key);
  ls_key_wireguard_public (&private_key, &again);
  g_assert_true (ls_key_equal (&public_key, &again));
  g_assert_cmpuint (private_key.bytes[0] & 7, ==, 0);
  g_assert_cmpuint (private_key.bytes[31] & 0xc0, ==, 0x40);
}

static void
test_prefix_good (void)
{
  static const char *const good[]
      = { "0.0.0.0/0",   "100.64.0.0/10", "10.1.2.3/32", "::/0",
          "fd00:1::/48", "fd00::1/128",   "10.0.0.0/8",  "128.0.0.0/1" };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *text = NULL;
      LsPrefix prefix;

      g_assert_true (ls_prefix_parse (good[i], &prefix, &error));
      g_assert_no_error (error);
      text = ls_prefix_to_text (&prefix);
      g_assert_cmpstr (text, ==, good[i]);
    }
}

static void
test_prefix_bad (void)
{
  static const char *const bad[] = {
    "",           "/",           "10.0.0.0",      "10.0.0.0/",    "10.0.0.0/33",  "10.0.0.1/8",
    "10.0/8",     "10.0.0.0/ 8", " 10.0.0.0/8",   "10.0.0.0/+8",  "10.0.0.0/08",  "0x0a.0.0.0/8",
    "fd00::/129", "fd00::1/64",  "::ffff:0:0/96", "fe80::%lo/64", "10.0.0.0/8\n", "256.0.0.0/8"
  };
  LsPrefix prefix;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (ls_prefix_parse (bad[i], &prefix, &error));
      g_assert_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT);
    }
  g_assert_false (ls_prefix_parse (NULL, &prefix, NULL));
  g_assert_true (ls_prefix_parse_interface ("10.0.0.1/8", &prefix, NULL));
}

static LsPrefix
prefix (const char *text)
{
  LsPrefix p;

  g_assert_true (ls_prefix_parse (text, &p, NULL));
  return p;
}

static void
assert_overlap (const char *a, const char *b, gboolean expected)
{
  LsPrefix pa = prefix (a);
  LsPrefix pb = prefix (b);

  g_assert_cmpint (ls_prefix_overlaps (&pa, &pb), ==, expected);
  g_assert_cmpint (ls_prefix_overlaps (&pb, &pa), ==, expected);
}

static void
test_prefix_relations (void)
{
  LsPrefix overlay = prefix ("100.99.12.0/23");
  LsAddress address;

  g_assert_true (ls_address_parse ("100.99.13.255", &address, NULL));
  g_assert_true (ls_prefix_contains (&overlay, &address));
  g_assert_true (ls_address_parse ("100.99.14.0", &address, NULL));
  g_assert_false (ls_prefix_contains (&overlay, &address));
  g_assert_true (ls_address_parse ("::ffff:100.99.12.1", &address, NULL));
  g_assert_cmpint (address.family, ==, AF_INET);
  g_assert_true (ls_prefix_contains (&overlay, &address));
  assert_overlap ("10.0.0.0/8", "10.1.0.0/16", TRUE);
  assert_overlap ("0.0.0.0/0", "10.1.0.0/16", TRUE);
  assert_overlap ("10.0.0.0/16", "10.1.0.0/16", FALSE);
  assert_overlap ("0.0.0.0/0", "::/0", FALSE);
}

static void
test_endpoint (void)
{
  static const char *const good[] = { "192.0.2.1:51820", "[2001:db8::1]:1", "10.0.0.1:65535" };
  static const char *const bad[] = { "",
                                     "10.0.0.1",
                                     "10.0.0.1:",
                                     "10.0.0.1:0",
                                     "10.0.0.1:65536",
                                     ":51820",
                                     "10.0.0.1:51820 ",
                                     " 10.0.0.1:1",
                                     "10.9.258:1",
                                     "0x0a.9.1.2:1",
                                     "fd00::1:51820",
                                     "[10.0.0.1]:1",
                                     "[fe80::1%eth0]:51820",
                                     "example.com:1",
                                     "[::1]51820",
                                     "[::1:5",
                                     "10.0.0.1:+1",
                                     "10.0.0.1:051820",
                                     "10.0.0.1:1\n",
                                     "[]:1" };
  static const char *const unusable[]
      = { "127.0.0.1:1",   "0.0.0.0:1", "0.1.2.3:1",           "255.255.255.255:1",
          "224.0.0.1:1",   "[::1]:1",   "[ff02::1]:1",         "[fe80::1]:1",
          "169.254.1.1:1", "[::]:1",    "[::ffff:127.0.0.1]:1" };
  LsEndpoint endpoint;

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *text = NULL;

      g_assert_true (ls_endpoint_parse (good[i], &endpoint, NULL));
      g_assert_true (ls_endpoint_is_usable (&endpoint));
      text = ls_endpoint_to_text (&endpoint);
      g_assert_cmpstr (text, ==, good[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (ls_endpoint_parse (bad[i], &endpoint, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (unusable); i++)
    {
      g_assert_true (ls_endpoint_parse (unusable[i], &endpoint, NULL));
      g_assert_false (ls_endpoint_is_usable (&endpoint));
    }
}

static void
test_names (void)
{
  g_autofree char *shortest = ls_interface_name_for_profile ("lab");
  g_autofree char *long_a = ls_interface_name_for_profile ("production-network-a");
  g_autofree char *long_b = ls_interface_name_for_profile ("production-network-b");
  /* The short name that a long one is cut to must not share its interface. */
  g_autofree char *like_hashed
      = ls_interface_name_for_profile (long_a + strlen (LS_INTERFACE_PREFIX));
  g_autofree char *not_hex = ls_interface_name_for_profile ("abcde-1a2b3g");
  g_autofree char *no_hyphen = ls_interface_name_for_profile ("abcdef1a2b3c");
  g_autofree char *path = ls_profile_object_path ("a-b");

  g_assert_cmpstr (shortest, ==, "ls-lab");
  g_assert_true (ls_interface_name_validate (long_a, NULL));
  g_assert_cmpstr (long_a, !=, long_b);
  g_assert_false (g_str_equal (like_hashed, long_a));
  g_assert_cmpstr (not_hex, ==, "ls-abcde-1a2b3g");
  g_assert_cmpstr (no_hyphen, ==, "ls-abcdef1a2b3c");
  g_assert_null (ls_interface_name_for_profile ("../x"));
  g_assert_false (ls_profile_name_validate ("-rf", NULL));
  g_assert_false (ls_profile_name_validate ("Lab", NULL));
  g_assert_false (ls_profile_name_validate ("", NULL));
  g_assert_false (ls_interface_name_validate ("all", NULL));
  g_assert_false (ls_interface_name_validate ("a/b", NULL));
  g_assert_false (ls_interface_name_validate ("0123456789abcdef", NULL));
  g_assert_false (ls_node_id_validate ("..", NULL));
  g_assert_false (ls_node_id_validate ("a/b", NULL));
  g_assert_true (ls_node_id_validate ("7f0c3a51-3a6c-4a52-9d53-6a3f0f0f2a11", NULL));
  g_assert_true (ls_node_name_validate ("Zoë’s laptop", NULL));
  g_assert_false (ls_node_name_validate ("  ", NULL));
  g_assert_false (ls_node_name_validate ("a\nb", NULL));
  g_assert_false (ls_token_validate ("a b", NULL));
  g_assert_true (g_variant_is_object_path (path));
}

static void
assert_url (const char *text, const char *expected)
{
  g_autofree char *url = ls_control_url_normalize (text, NULL);

  g_assert_cmpstr (url, ==, expected);
}

static void
test_urls (void)
{
  assert_url ("https://vpn.example.com:8080/", "https://vpn.example.com:8080");
  assert_url (" http://127.0.0.1:8080 ", "http://127.0.0.1:8080");
  assert_url ("http://[fd00::1]:8080", "http://[fd00::1]:8080");
  assert_url ("https://example.com/vpn//", "https://example.com/vpn");
  assert_url ("vpn.example.com", NULL);
  assert_url ("ftp://example.com", NULL);
  assert_url ("http://", NULL);
  assert_url ("http://user@example.com", NULL);
  assert_url ("http://example.com/?a=b", NULL);
  assert_url ("http://example.com/#x", NULL);
  assert_url ("http://example.com:0", NULL);
  assert_url ("http://example.com:99999", NULL);
  assert_url ("javascript:alert(1)", NULL);
  assert_url ("http://exa mple.com", NULL);
}

static void
test_pin (void)
{
  g_autofree char *good = ls_pin_normalize (
      "AA:bb cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:"
      "88:99",
      NULL);

  g_assert_cmpstr (good, ==, "aabbccddeeff00112233445566778899aabbccddeeff00112233445566778899");
  g_assert_null (ls_pin_normalize ("aabb", NULL));
  g_assert_null (ls_pin_normalize (NULL, NULL));
  g_assert_null (ls_pin_normalize ("zz", NULL));
}

static void
test_text (void)
{
  g_autofree char *controls = ls_text_sanitize ("a\033[31m\r\nb\xe2\x80\xae");
  g_autofree char *invalid = ls_text_sanitize ("x\xff");
  g_autofree char *flood = g_strnfill (10000, 'x');
  g_autofree char *cut = ls_text_sanitize (flood);
  g_autofree char *whole = NULL;
  g_autofree char *escaped = NULL;

  g_assert_cmpstr (controls, ==, "a�[31m��b�");
  g_assert_cmpstr (invalid, ==, "x�");
  g_assert_cmpint (g_utf8_strlen (cut, -1), ==, LS_TEXT_SHOWN_MAX + 1);
  whole = ls_text_make_safe (flood);
  g_assert_cmpstr (whole, ==, flood);
  escaped = ls_text_make_safe ("a\033[31m\r\nb\xe2\x80\xae");
  g_assert_cmpstr (escaped, ==, controls);
}

static void
test_pins (void)
{
  static const char *const urls[] = { "https://a.example", "https://b.example", NULL };
  const char *pin = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
  g_autoptr (LsPins) pins = ls_pins_new ();
  g_autoptr (LsPins) copy = NULL;
  g_autoptr (GVariant) variant = NULL;
  g_autoptr (GVariant) flood = NULL;
  g_autoptr (GError) error = NULL;
  GVariantBuilder builder;

  g_assert_true (ls_pins_set (pins, "https://b.example/", pin, &error));
  g_assert_true (ls_pins_set (pins, "https://c.example", pin, &error));
  g_assert_false (ls_pins_check_urls (pins, urls, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  ls_pins_keep (pins, urls);
  g_assert_true (ls_pins_check_urls (pins, urls, &error));
  g_assert_cmpstr (ls_pins_get (pins, "https://b.example"), ==, pin);
  g_assert_null (ls_pins_get (pins, "https://a.example"));

  variant = g_variant_ref_sink (ls_pins_to_variant (pins));
  copy = ls_pins_from_variant (variant, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_hash_table_size (copy), ==, 1);

  g_assert_false (ls_pins_set (pins, "http://a.example", pin, NULL));
  g_assert_false (ls_pins_set (pins, "https://a.example", "00", NULL));
  g_assert_true (ls_pins_set (pins, "https://b.example", "", &error));
  g_assert_cmpuint (g_hash_table_size (pins), ==, 0);

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{ss}"));
  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char *url = g_strdup_printf ("https://%u.example", i);

      g_variant_builder_add (&builder, "{ss}", url, pin);
    }
  flood = g_variant_ref_sink (g_variant_builder_end (&builder));
  g_assert_null (ls_pins_from_variant (flood, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT);
}

static void
test_error_texts (void)
{
  for (int code = 0; code < LS_N_ERRORS; code++)
    {
      g_autoptr (GError) error = g_error_new_literal (LS_ERROR, code, "What happened");
      g_autofree char *message = ls_error_dup_message (error);
      const char *hint = ls_error_get_hint (error);

      g_assert_cmpstr (message, ==, "What happened");
      g_assert_true (hint == NULL || g_str_has_suffix (hint, "."));
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/values/key/good", test_key_good);
  g_test_add_func ("/values/key/low-order", test_key_low_order);
  g_test_add_func ("/values/key/bad", test_key_bad);
  g_test_add_func ("/values/key/pairs", test_key_pairs);
  g_test_add_func ("/values/prefix/good", test_prefix_good);
  g_test_add_func ("/values/prefix/bad", test_prefix_bad);
  g_test_add_func ("/values/prefix/relations", test_prefix_relations);
  g_test_add_func ("/values/endpoint", test_endpoint);
  g_test_add_func ("/values/names", test_names);
  g_test_add_func ("/values/urls", test_urls);
  g_test_add_func ("/values/pin", test_pin);
  g_test_add_func ("/values/text", test_text);
  g_test_add_func ("/values/pins", test_pins);
  g_test_add_func ("/values/error-texts", test_error_texts);
  return g_test_run ();
}
