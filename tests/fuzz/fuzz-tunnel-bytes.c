/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "fuzz-tunnel.h"

/* The bytes of a GVariant, of each of the types that are read: any bytes are a value, though
 * perhaps not in normal form. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static const char *const types[] = { "a{sv}", LS_PEER_STATISTICS_TYPE };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autoptr (GBytes) bytes = g_bytes_new (data, size);
      g_autoptr (GVariant) variant
          = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE (types[i]), bytes, FALSE));

      fuzz_tunnel_check (variant);
    }
  return 0;
}
