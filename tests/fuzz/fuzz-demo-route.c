/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "ls-demo-route.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static const char *const methods[] = { "GET", "POST", "PUT", "DELETE" };
  g_autofree char *path = g_strndup ((const char *)data, size);

  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      char *captures[LS_DEMO_CAPTURES_MAX];
      gboolean known;
      const LsDemoRoute *route = ls_demo_route_find (methods[i], path, &known, captures);

      for (guint j = 0; j < LS_DEMO_CAPTURES_MAX; j++)
        {
          FUZZ_CHECK (captures[j] == NULL
                      || (route != NULL && g_utf8_validate (captures[j], -1, NULL)));
          g_free (captures[j]);
        }
    }
  return 0;
}
