/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-helper-netlink.h"
#include "ls-helper-route.h"

G_BEGIN_DECLS

/* The socket, for the other file of this class. */
LsHelperNetlink *ls_helper_route_get_netlink (LsHelperRoute *self);

G_END_DECLS
