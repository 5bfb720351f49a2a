/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "ls-demo-store.h"

G_BEGIN_DECLS

/* The control plane over HTTP. */

#define LS_DEMO_BODY_MAX (4 * 1024 * 1024) /* bytes of a request's body */

/* Seconds without a byte after which a connection is closed that has not brought a request. */
#define LS_DEMO_STALL_TIMEOUT 60

#define LS_TYPE_DEMO_SERVER (ls_demo_server_get_type ())
G_DECLARE_FINAL_TYPE (LsDemoServer, ls_demo_server, LS, DEMO_SERVER, GObject)

/* @admin_token: NULL lets anybody administer the server. Only its hash is kept. */
LsDemoServer *ls_demo_server_new (LsDemoStore *store, const char *admin_token);

/* Serves https with this certificate; before ls_demo_server_listen(). */
void ls_demo_server_set_certificate (LsDemoServer *self, GTlsCertificate *certificate);

/* Says that the server is also reached at @url. */
void ls_demo_server_add_control_url (LsDemoServer *self, const char *url);

/* Begins to serve at @address. @out_url: (transfer full), where. */
gboolean
ls_demo_server_listen (LsDemoServer *self, GSocketAddress *address, char **out_url, GError **error);

/* Closes every connection. */
void ls_demo_server_stop (LsDemoServer *self);

G_END_DECLS
