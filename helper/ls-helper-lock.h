/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One helper for each runtime folder: whoever changes the network holds its lock until it ends. */

/* LS_ERROR_BUSY if another process holds it, *@out_holder is its id then. */
gboolean ls_helper_lock_take (const char *runtime_dir, int *out_holder, GError **error);

G_END_DECLS
