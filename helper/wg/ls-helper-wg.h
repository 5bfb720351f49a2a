/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "ls-helper-wg-device.h"

G_BEGIN_DECLS

/* The kernel's WireGuard over generic netlink, on the main loop. Interfaces are named by the
 * caller, who has made sure that they are ours. Errors: LS_ERROR_NOT_SUPPORTED (no WireGuard in
 * this kernel), LS_ERROR_NOT_FOUND (no such interface), LS_ERROR_CONFLICT (not a WireGuard
 * interface, or the port is in use), LS_ERROR_BACKEND, G_IO_ERROR_CANCELLED. */
#define LS_TYPE_HELPER_WG (ls_helper_wg_get_type ())
G_DECLARE_FINAL_TYPE (LsHelperWg, ls_helper_wg, LS, HELPER_WG, GObject)

LsHelperWg *ls_helper_wg_new (GError **error);

/* Whether the kernel has WireGuard; it loads its module for the question. */
void ls_helper_wg_check (LsHelperWg *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                         gpointer user_data);
gboolean ls_helper_wg_check_finish (LsHelperWg *self, GAsyncResult *result, GError **error);

void ls_helper_wg_get_device (LsHelperWg *self, const char *interface, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data);
LsHelperWgDevice *
ls_helper_wg_get_device_finish (LsHelperWg *self, GAsyncResult *result, GError **error);

/* Writes @change and nothing else. */
void
ls_helper_wg_write (LsHelperWg *self, const char *interface, const LsHelperWgChange *change,
                    GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
gboolean ls_helper_wg_write_finish (LsHelperWg *self, GAsyncResult *result, GError **error);

/* Reads the device and writes what differs from @desired (ls_helper_wg_device_diff()).
 * *@out_changed: whether anything was written. */
void ls_helper_wg_apply (LsHelperWg *self, const char *interface, const LsTunnel *desired,
                         const LsTunnel *previous, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer user_data);
gboolean ls_helper_wg_apply_finish (LsHelperWg *self, GAsyncResult *result, gboolean *out_changed,
                                    GError **error);

G_END_DECLS
