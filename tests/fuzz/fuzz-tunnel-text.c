/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "fuzz-tunnel.h"

/* The same parsers, fed with GVariant's text form: mutations of it are values of other shapes
 * rather than broken ones. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GVariant) variant = NULL;

  if (g_utf8_validate_len ((const char *)data, size, NULL))
    variant = g_variant_parse (NULL, (const char *)data, (const char *)data + size, NULL, NULL);
  if (variant != NULL)
    fuzz_tunnel_check (variant);
  return 0;
}
