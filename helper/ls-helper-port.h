/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The first UDP port from @wanted on that nobody uses, over both families; 0 if none of the next
 * LS_HELPER_PORT_TRIES is free. Binds and closes sockets. */
#define LS_HELPER_PORT_TRIES 64
guint16 ls_helper_port_find_free (guint16 wanted);

G_END_DECLS
