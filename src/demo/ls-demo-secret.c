/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-secret.h"

#include <sodium.h>
#include <string.h>

#define SECRET_SIZE 32
#define HASH_SIZE crypto_generichash_BYTES

char *
ls_demo_secret_new (void)
{
  guint8 bytes[SECRET_SIZE];
  gsize size = sodium_base64_encoded_len (sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  char *text = g_malloc (size);

  randombytes_buf (bytes, sizeof bytes);
  sodium_bin2base64 (text, size, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  sodium_memzero (bytes, sizeof bytes);
  return text;
}

char *
ls_demo_secret_hash (const char *secret)
{
  guint8 hash[HASH_SIZE];
  char *text = g_malloc (2 * HASH_SIZE + 1);

  crypto_generichash (hash, sizeof hash, (const guint8 *)secret, strlen (secret), NULL, 0);
  return sodium_bin2hex (text, 2 * HASH_SIZE + 1, hash, sizeof hash);
}

gboolean
ls_demo_secret_matches (const char *hash, const char *secret)
{
  g_autofree char *other = NULL;

  if (hash == NULL || secret == NULL || strlen (hash) != 2 * HASH_SIZE)
    return FALSE;

  /* SECURITY: hashes of equal length are compared, so that neither time nor length tells. */
  other = ls_demo_secret_hash (secret);
  return sodium_memcmp (hash, other, 2 * HASH_SIZE) == 0;
}
