/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-helper-netlink.h"
#include "ls-helper-route.h"

G_BEGIN_DECLS

/* For the other files of this class. */

/* The socket of requests. */
LsHelperNetlink *ls_helper_route_get_netlink (LsHelperRoute *self);

/* The socket of what the kernel tells, or NULL. */
LsHelperNetlink *ls_helper_route_get_watch (LsHelperRoute *self);
void ls_helper_route_set_watch (LsHelperRoute *self, LsHelperNetlink *watch);

/* The signals. @interface of drift: NULL if it may be any. */
void ls_helper_route_emit_link (LsHelperRoute *self, const char *interface, gboolean exists,
                                gboolean up);
void ls_helper_route_emit_drift (LsHelperRoute *self, const char *interface);

G_END_DECLS
