/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-control-types.h"

G_BEGIN_DECLS

/* Whether @policy lets @src see @dst: the first rule that matches wins, else the default action.
 * Pure. */
gboolean ls_demo_acl_allows (const LsAclPolicy *policy, const LsNode *src, const LsNode *dst);

G_END_DECLS
