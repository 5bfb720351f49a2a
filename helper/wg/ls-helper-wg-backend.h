/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-helper-backend.h"
#include "ls-helper-wg.h"

G_BEGIN_DECLS

/* What the backends on the kernel's WireGuard have in common: peers, endpoints and statistics go by
 * generic netlink, whoever made the interface. */
#define LS_TYPE_HELPER_WG_BACKEND (ls_helper_wg_backend_get_type ())
G_DECLARE_DERIVABLE_TYPE (LsHelperWgBackend, ls_helper_wg_backend, LS, HELPER_WG_BACKEND,
                          LsHelperBackend)

struct _LsHelperWgBackendClass
{
  LsHelperBackendClass parent_class;
};

/* For implementations. Construct property "wg" (LsHelperWg). */
LsHelperWg *ls_helper_wg_backend_get_wg (LsHelperWgBackend *self);

G_END_DECLS
