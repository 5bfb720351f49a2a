/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include <sodium.h>
#include <stdlib.h>

/* G_DEBUG=fatal-criticals ends in SIGTRAP, for which libFuzzer keeps no input; an abort it does. */
static void
log_cb (const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
  g_printerr ("%s: %s\n", domain != NULL ? domain : "", message);
  if ((level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL)) != 0)
    abort ();
}

int
LLVMFuzzerInitialize (int *argc, char ***argv)
{
  g_log_set_always_fatal (0);
  g_log_set_default_handler (log_cb, NULL);
  return sodium_init () < 0;
}
