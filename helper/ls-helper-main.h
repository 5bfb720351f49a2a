/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define LS_HELPER_RUNTIME_DIR "/run/lightscale"

/* With nothing to do for this long the helper ends, if it was asked to. */
#define LS_HELPER_IDLE_SECONDS 60

/* How long a change that is under way at SIGTERM may still take. */
#define LS_HELPER_STOP_SECONDS 5

/* Both run a main loop until all is done and return the exit status. */
int ls_helper_main_serve (const char *runtime_dir, gboolean exit_idle);
int ls_helper_main_restore (const char *runtime_dir);

G_END_DECLS
