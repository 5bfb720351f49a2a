/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Addresses to listen at and the sockets made of them. */

/* "ADDRESS:PORT", an IPv6 address in brackets, "localhost" for 127.0.0.1; port 0 is any. NULL with
 * LS_ERROR_INVALID_ARGUMENT. (transfer full) */
GSocketAddress *ls_demo_listen_parse (const char *text, GError **error);

/* A bound, for TCP listening, socket. NULL with an error of G_IO_ERROR. (transfer full) */
GSocket *ls_demo_listen_bind (GSocketAddress *address, GSocketType type, GError **error);

/* "ADDRESS:PORT" that @socket is bound to. (transfer full), NULL if it cannot be known. */
char *ls_demo_listen_describe (GSocket *socket);

/* Whether @socket listens at every address of the machine, so that its address tells nobody where
 * to connect to. */
gboolean ls_demo_listen_is_wildcard (GSocket *socket);

G_END_DECLS
