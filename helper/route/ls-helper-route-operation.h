/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-helper-route-plan.h"

G_BEGIN_DECLS

/* The way from what is to what is wanted, message by message: dumps, a plan, its writes, and the
 * same once more until nothing is left to write. Without any I/O. */

typedef enum
{
  LS_HELPER_ROUTE_OPERATION_APPLY, /* all as wanted */
  LS_HELPER_ROUTE_OPERATION_MEND, /* what is missing is added, if the link is up and ours */
  LS_HELPER_ROUTE_OPERATION_CHECK, /* whether something is missing; nothing is written */
  LS_HELPER_ROUTE_OPERATION_REMOVE, /* all that is ours goes */
  LS_HELPER_ROUTE_OPERATION_RULES, /* the rules alone */
} LsHelperRouteOperationKind;

typedef struct _LsHelperRouteOperation LsHelperRouteOperation;

/* @interface: NULL for LS_HELPER_ROUTE_OPERATION_RULES. @flag: of REMOVE, to delete the link; of
 * RULES, that they are wanted. */
LsHelperRouteOperation *ls_helper_route_operation_new (LsHelperRouteOperationKind kind,
                                                       const char *interface, gboolean flag);
void ls_helper_route_operation_free (LsHelperRouteOperation *operation);

/* What the link is to have; both arrays of LsPrefix, copied. */
void ls_helper_route_operation_want (LsHelperRouteOperation *operation, guint mtu,
                                     const GArray *addresses, const GArray *routes);

/* The message to be sent next, which lives until the next call; NULL if the operation has ended,
 * with an error if in vain. */
const struct nlmsghdr *
ls_helper_route_operation_next (LsHelperRouteOperation *operation, GError **error);

/* Takes what came of that message: its answers, or NULL and the @failure. FALSE if it ends the
 * operation. */
gboolean ls_helper_route_operation_take (LsHelperRouteOperation *operation, GPtrArray *answers,
                                         const GError *failure, GError **error);

/* Whether anything was written; of CHECK: whether nothing is missing. */
gboolean ls_helper_route_operation_has_changed (const LsHelperRouteOperation *operation);
gboolean ls_helper_route_operation_is_complete (const LsHelperRouteOperation *operation);

G_END_DECLS
