/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-helper-route.h"

G_BEGIN_DECLS

/* All backends that were built in, of LsHelperBackend, in the order in which "auto" tries them. */
GPtrArray *ls_helper_backends_new (LsHelperRoute *route, const char *runtime_dir);

G_END_DECLS
