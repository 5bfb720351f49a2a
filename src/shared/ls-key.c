/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <sodium.h>
#include <string.h>

#include "ls-error.h"
#include "ls-key.h"

G_STATIC_ASSERT (LS_KEY_SIZE == crypto_scalarmult_BYTES);
G_STATIC_ASSERT (LS_KEY_SIZE == crypto_sign_SEEDBYTES);

#define FINGERPRINT_CHARS 16
#define FINGERPRINT_GROUP 4

static void
ensure_sodium (void)
{
  static gsize ready = 0;

  if (g_once_init_enter (&ready))
    {
      if (sodium_init () < 0)
        g_critical ("libsodium did not initialise");
      g_once_init_leave (&ready, 1);
    }
}

gboolean
ls_key_parse (const char *text, LsKey *out_key, GError **error)
{
  char again[LS_KEY_TEXT_SIZE + 1];
  gsize length = 0;
  LsKey key;
  gboolean ok;

  ensure_sodium ();
  ok = text != NULL && strlen (text) == LS_KEY_TEXT_SIZE
       && sodium_base642bin (key.bytes, sizeof key.bytes, text, LS_KEY_TEXT_SIZE, NULL, &length,
                             NULL, sodium_base64_VARIANT_ORIGINAL)
              == 0
       && length == LS_KEY_SIZE;
  if (ok)
    {
      sodium_bin2base64 (again, sizeof again, key.bytes, LS_KEY_SIZE,
                         sodium_base64_VARIANT_ORIGINAL);
      ok = strcmp (again, text) == 0;
      sodium_memzero (again, sizeof again);
    }
  if (ok)
    *out_key = key;
  else
    g_set_error_literal (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT,
                         _ ("A key must be 32 bytes in base64, 44 characters"));
  ls_key_clear (&key);
  return ok;
}

/* The points of Curve25519 whose order divides 8, canonical and not: 0, 1, the two of order 8, p -
 * 1, p, p + 1 (little-endian). X25519 gives zero for them with every scalar. A list, because a
 * scalar multiplication for each device of a large network takes seconds. */
static const LsKey low_order[] = {
  { { 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
      0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
      0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00 } },
  { { 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
      0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
      0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00 } },
  { { 0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
      0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
      0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00 } },
  { { 0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1,
      0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c,
      0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57 } },
  { { 0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f } },
  { { 0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f } },
  { { 0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f } },
};

gboolean
ls_key_is_valid_public (const LsKey *key)
{
  LsKey point = *key;

  point.bytes[LS_KEY_SIZE - 1] &= 0x7f; /* X25519 ignores this bit */
  for (guint i = 0; i < G_N_ELEMENTS (low_order); i++)
    if (memcmp (point.bytes, low_order[i].bytes, LS_KEY_SIZE) == 0)
      return FALSE;
  return TRUE;
}

gboolean
ls_key_parse_public (const char *text, LsKey *out_key, GError **error)
{
  LsKey key;

  if (!ls_key_parse (text, &key, error))
    return FALSE;
  if (!ls_key_is_valid_public (&key))
    {
      g_set_error_literal (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT,
                           _ ("The public key is one that gives no secrecy"));
      return FALSE;
    }
  *out_key = key;
  return TRUE;
}

char *
ls_key_to_text (const LsKey *key)
{
  char *text = g_malloc (LS_KEY_TEXT_SIZE + 1);

  ensure_sodium ();
  sodium_bin2base64 (text, LS_KEY_TEXT_SIZE + 1, key->bytes, LS_KEY_SIZE,
                     sodium_base64_VARIANT_ORIGINAL);
  return text;
}

void
ls_key_text_free (char *text)
{
  if (text == NULL)
    return;
  sodium_memzero (text, strlen (text));
  g_free (text);
}

gboolean
ls_key_equal (gconstpointer a, gconstpointer b)
{
  return sodium_memcmp (((const LsKey *)a)->bytes, ((const LsKey *)b)->bytes, LS_KEY_SIZE) == 0;
}

guint
ls_key_hash (gconstpointer key)
{
  /* SECURITY: keys of peers come from the network: with a hash that can be foreseen a hostile
   * netmap could put 20,000 of them into one bucket. */
  static guint8 secret[crypto_shorthash_KEYBYTES];
  static gsize once = 0;
  guint8 bytes[crypto_shorthash_BYTES];
  guint hash;

  if (g_once_init_enter (&once))
    {
      randombytes_buf (secret, sizeof secret);
      g_once_init_leave (&once, 1);
    }
  crypto_shorthash (bytes, ((const LsKey *)key)->bytes, LS_KEY_SIZE, secret);
  memcpy (&hash, bytes, sizeof hash);
  return hash;
}

void
ls_key_clear (LsKey *key)
{
  sodium_memzero (key, sizeof *key);
}

void
ls_key_generate_wireguard (LsKey *out_private, LsKey *out_public)
{
  ensure_sodium ();
  randombytes_buf (out_private->bytes, LS_KEY_SIZE);
  out_private->bytes[0] &= 248;
  out_private->bytes[31] = (out_private->bytes[31] & 127) | 64;
  ls_key_wireguard_public (out_private, out_public);
}

void
ls_key_generate_machine (LsKey *out_seed, LsKey *out_public)
{
  ensure_sodium ();
  randombytes_buf (out_seed->bytes, LS_KEY_SIZE);
  ls_key_machine_public (out_seed, out_public);
}

void
ls_key_wireguard_public (const LsKey *private_key, LsKey *out_public)
{
  ensure_sodium ();
  crypto_scalarmult_base (out_public->bytes, private_key->bytes);
}

void
ls_key_machine_public (const LsKey *seed, LsKey *out_public)
{
  guint8 secret[crypto_sign_SECRETKEYBYTES];

  ensure_sodium ();
  crypto_sign_seed_keypair (out_public->bytes, secret, seed->bytes);
  sodium_memzero (secret, sizeof secret);
}

char *
ls_key_dup_fingerprint (const LsKey *key)
{
  g_autofree char *text = ls_key_to_text (key);
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < FINGERPRINT_CHARS; i++)
    {
      if (i > 0 && i % FINGERPRINT_GROUP == 0)
        g_string_append_c (out, ' ');
      g_string_append_c (out, text[i]);
    }
  return g_string_free (out, FALSE);
}
