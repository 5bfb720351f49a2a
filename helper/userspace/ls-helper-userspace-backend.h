/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-helper-backend.h"
#include "ls-helper-route.h"

G_BEGIN_DECLS

/* WireGuard in a program (LS_WIREGUARD_GO), one process for each interface. */
#define LS_TYPE_HELPER_USERSPACE_BACKEND (ls_helper_userspace_backend_get_type ())
G_DECLARE_FINAL_TYPE (LsHelperUserspaceBackend, ls_helper_userspace_backend, LS,
                      HELPER_USERSPACE_BACKEND, LsHelperBackend)

/* @runtime_dir: where the programs' output goes. */
LsHelperBackend *ls_helper_userspace_backend_new (LsHelperRoute *route, const char *runtime_dir);

G_END_DECLS
