/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-helper-wg-backend.h"

G_BEGIN_DECLS

/* Tunnels whose interface, addresses, routes and rules NetworkManager makes from an in-memory
 * profile, while their peers are written by generic netlink. What others do to them through
 * NetworkManager is followed: switched off is "down", activated again or changed is mended. */
#define LS_TYPE_HELPER_NM_BACKEND (ls_helper_nm_backend_get_type ())
G_DECLARE_FINAL_TYPE (LsHelperNmBackend, ls_helper_nm_backend, LS, HELPER_NM_BACKEND,
                      LsHelperWgBackend)

/* NetworkManager is looked for on the system bus when first needed. */
LsHelperBackend *ls_helper_nm_backend_new (LsHelperRoute *route, LsHelperWg *wg);

G_END_DECLS
