/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Whether a program could receive UDP at @port now, over IPv4 and IPv6. */
gboolean ls_agent_port_is_free (guint16 port);

/* The first free port from @first on that is not in @taken (of guint16); 0 if a hundred were not.
 */
guint16 ls_agent_port_choose (guint16 first, const GArray *taken);

G_END_DECLS
