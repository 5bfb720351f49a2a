/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-secret.h"

#include <string.h>

typedef struct
{
  gpointer data;
  gsize size;
} Secret;

static void
secret_free (gpointer user_data)
{
  Secret *secret = user_data;

  if (secret->size > 0)
    explicit_bzero (secret->data, secret->size);
  g_free (secret->data);
  g_free (secret);
}

GBytes *
ls_secret_bytes_new_take (gpointer data, gsize size)
{
  Secret *secret = g_new (Secret, 1);

  secret->data = data;
  secret->size = size;
  return g_bytes_new_with_free_func (data, size, secret_free, secret);
}

GBytes *
ls_secret_bytes_new_from_variant (GVariant *variant)
{
  gsize size = g_variant_get_size (variant);
  gpointer data = g_malloc (size);

  g_variant_store (variant, data);
  return ls_secret_bytes_new_take (data, size);
}

GVariant *
ls_secret_variant_new (gconstpointer data, gsize size)
{
  g_autoptr (GBytes) bytes = ls_secret_bytes_new_take (g_memdup2 (data, size), size);

  return g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE);
}
