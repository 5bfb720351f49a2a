/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-helper-route.h"

G_BEGIN_DECLS

/* Undoes everything of ours without any caller or bus: what the journal tells of, links that carry
 * our mark, our routes and rules. Goes on after errors; the first one is the result. */
void ls_helper_restore (LsHelperRoute *route, GPtrArray *backends, const char *runtime_dir,
                        GAsyncReadyCallback callback, gpointer user_data);
gboolean ls_helper_restore_finish (GAsyncResult *result, GError **error);

G_END_DECLS
