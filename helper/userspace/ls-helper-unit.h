/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A transient systemd unit for the WireGuard program of one interface, so that it lives on when
 * the helper's own unit stops, and in a sandbox of its own. */

/* Whether systemd runs this machine (sd_booted(3)). */
gboolean ls_helper_unit_is_possible (void);

/* "lightscale-wireguard-IFACE.service". (transfer full) */
char *ls_helper_unit_name (const char *interface);

/* Whether process @pid belongs to the unit @name. */
gboolean ls_helper_unit_has_process (const char *name, int pid);

/* Starts @argv with @environment in the unit @name. The arguments of the D-Bus call are built by
 * ls_helper_unit_build(), floating. LS_ERROR_BACKEND. */
GVariant *
ls_helper_unit_build (const char *name, const char *const *argv, const char *const *environment);
void
ls_helper_unit_start (const char *name, const char *const *argv, const char *const *environment,
                      GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
gboolean ls_helper_unit_start_finish (GAsyncResult *result, GError **error);

/* Ends the unit @name. LS_ERROR_BACKEND, also if there is none. */
void ls_helper_unit_stop (const char *name, GAsyncReadyCallback callback, gpointer user_data);
gboolean ls_helper_unit_stop_finish (GAsyncResult *result, GError **error);

G_END_DECLS
