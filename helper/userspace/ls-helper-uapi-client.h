/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "ls-helper-uapi.h"

G_BEGIN_DECLS

/* Where userspace WireGuards have their sockets; the programs have it built in. */
#define LS_HELPER_UAPI_DIRECTORY "/run/wireguard"

/* The path of @interface's socket. (transfer full) */
char *ls_helper_uapi_socket_path (const char *interface);

/* Asks @interface's WireGuard once and closes the connection. The socket has to belong to the
 * process @pid of root; 0: any process of root, and *@out_pid of the finish function tells which.
 * @request is copied (and the copy wiped). Each step of the conversation may take 3 seconds.
 * LS_ERROR_BACKEND, LS_ERROR_CONFLICT (the socket is somebody else's), LS_ERROR_NOT_FOUND (nothing
 * listens). */
void
ls_helper_uapi_ask (const char *interface, int pid, const char *request, GCancellable *cancellable,
                    GAsyncReadyCallback callback, gpointer user_data);

/* The answer, wiped when it is freed. */
GBytes *ls_helper_uapi_ask_finish (GAsyncResult *result, int *out_pid, GError **error);

G_END_DECLS
