/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-helper-process.h"
#include "ls-helper-route.h"

G_BEGIN_DECLS

/* From "nothing of that name" to a running WireGuard program whose socket answers and whose
 * interface is marked as ours. LS_ERROR_CONFLICT if interface or socket are somebody else's. The
 * process is reported as soon as it is known by @started_cb (the journal has to know it). */
typedef void (*LsHelperUserspaceStartedCallback) (const char *interface, LsHelperProcess *process,
                                                  gpointer started_data);

void
ls_helper_userspace_start (LsHelperRoute *route, const char *name, const char *interface,
                           const char *runtime_dir, LsHelperUserspaceStartedCallback started_cb,
                           gpointer started_data, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data);
gboolean ls_helper_userspace_start_finish (GAsyncResult *result, GError **error);

/* The file of the program's output. (transfer full) */
char *ls_helper_userspace_log_path (const char *runtime_dir, const char *interface);

/* Removes the socket of a program that has ended; leaves anything else. */
void ls_helper_userspace_remove_socket (const char *interface);

G_END_DECLS
