/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-helper-wg-backend.h"

G_BEGIN_DECLS

/* Tunnels on the kernel's WireGuard without a network manager: the link, addresses, routes and
 * rules by rtnetlink, the rest by generic netlink. */
#define LS_TYPE_HELPER_KERNEL_BACKEND (ls_helper_kernel_backend_get_type ())
G_DECLARE_FINAL_TYPE (LsHelperKernelBackend, ls_helper_kernel_backend, LS, HELPER_KERNEL_BACKEND,
                      LsHelperWgBackend)

/* @route watches links (ls_helper_route_watch_links()) for tunnels that go away to be told. */
LsHelperBackend *ls_helper_kernel_backend_new (LsHelperRoute *route, LsHelperWg *wg);

G_END_DECLS
