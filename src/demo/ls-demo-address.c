/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-address.h"

#include <sodium.h>
#include <string.h>
#include <sys/socket.h>

#define USUAL_FIRST_OFFSET 10
/* No network has more devices than this; larger overlays are used up to here. */
#define HOST_BITS_MAX 32

static guint
host_bits (const LsPrefix *overlay)
{
  return MIN (ls_address_bits (&overlay->address) - overlay->length, HOST_BITS_MAX);
}

guint64
ls_demo_address_last_offset (const LsPrefix *overlay)
{
  guint64 size = G_GUINT64_CONSTANT (1) << host_bits (overlay);

  if (overlay->address.family == AF_INET6)
    return size - 1;
  return size > 2 ? size - 2 : 0;
}

guint64
ls_demo_address_first_offset (const LsPrefix *overlay)
{
  guint64 last = ls_demo_address_last_offset (overlay);

  return last >= USUAL_FIRST_OFFSET ? USUAL_FIRST_OFFSET : MIN (last, 1);
}

void
ls_demo_address_at (const LsPrefix *overlay, guint64 offset, LsAddress *out_address)
{
  int last = ls_address_bits (&overlay->address) / 8 - 1;

  *out_address = overlay->address;
  for (int i = last; i >= 0 && offset > 0; i--)
    {
      offset += out_address->bytes[i];
      out_address->bytes[i] = offset & 0xff;
      offset >>= 8;
    }
}

gboolean
ls_demo_address_allocate (const LsPrefix *overlay, guint64 cursor, GHashTable *used,
                          char **out_text, guint64 *out_next)
{
  guint64 first = ls_demo_address_first_offset (overlay);
  guint64 last = ls_demo_address_last_offset (overlay);
  guint64 tries = MIN (last - first, g_hash_table_size (used)) + 1;

  if (last == 0 && overlay->address.family == AF_INET)
    return FALSE;

  for (guint64 offset = cursor; tries > 0; tries--, offset++)
    {
      g_autofree char *text = NULL;
      LsAddress address;

      if (offset < first || offset > last)
        offset = first;
      ls_demo_address_at (overlay, offset, &address);
      text = ls_address_to_text (&address);
      if (g_hash_table_contains (used, text))
        continue;

      *out_text = g_steal_pointer (&text);
      *out_next = offset + 1;
      return TRUE;
    }
  return FALSE;
}

void
ls_demo_address_random_overlay_v4 (LsPrefix *out_prefix)
{
  guint8 random[2];

  randombytes_buf (random, sizeof random);
  memset (out_prefix, 0, sizeof *out_prefix);
  out_prefix->address.family = AF_INET;
  out_prefix->address.bytes[0] = 100;
  out_prefix->address.bytes[1] = 64 | (random[0] & 63);
  out_prefix->address.bytes[2] = random[1];
  out_prefix->length = 24;
}

void
ls_demo_address_random_overlay_v6 (LsPrefix *out_prefix)
{
  memset (out_prefix, 0, sizeof *out_prefix);
  out_prefix->address.family = AF_INET6;
  out_prefix->address.bytes[0] = 0xfd;
  randombytes_buf (out_prefix->address.bytes + 1, 5);
  out_prefix->length = 48;
}
