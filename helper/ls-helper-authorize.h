/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-helper-request.h"

G_BEGIN_DECLS

/* What authorisation has to know of the tunnel that a call is about. */
typedef struct
{
  gboolean exists;
  guint32 uid; /* of its owner */
  gboolean owned_by_caller; /* by this very connection */
  const LsTunnel *granted; /* as it was last applied; NULL if it does not exist */
} LsHelperTunnelFacts;

/* The polkit actions that the caller of @method with @uid needs, by effect: a NULL-terminated array
 * of action ids, empty if the call is free. NULL with LS_ERROR_NOT_AUTHORIZED for a method that has
 * no entry here. Pure. */
char **ls_helper_required_actions (LsHelperMethod method, const LsHelperRequest *request,
                                   const LsHelperTunnelFacts *facts, guint32 uid, GError **error);

G_END_DECLS
