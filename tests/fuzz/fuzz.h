/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* What libFuzzer calls with every input; each target is one file with one of these. */
int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* In fuzz.c, for all. */
int LLVMFuzzerInitialize (int *argc, char ***argv);

/* What has to hold for every input: ends the run with the input kept. Not g_assert(), so that
 * nothing compiles it away. */
#define FUZZ_CHECK(condition)                                                                      \
  do                                                                                               \
    {                                                                                              \
      if (!(condition))                                                                            \
        __builtin_trap ();                                                                         \
    }                                                                                              \
  while (0)
