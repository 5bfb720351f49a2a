/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-ctl.h"

G_BEGIN_DECLS

/* Finds the agent: on the bus that was asked for, otherwise on the session bus if it runs there,
 * otherwise on the system bus if it runs there, otherwise it is started on the first of these that
 * can. Sets what LsCtl says; does nothing the second time. */
gboolean ls_ctl_open_agent (LsCtl *ctl, GError **error);

/* Networks, sorted by name. (transfer full); of LsAgentIpcProfile */
GPtrArray *ls_ctl_list_profiles (LsCtl *ctl);

/* The network @name, or the only one there is if @name is NULL. Fails with LS_ERROR_NOT_FOUND, or
 * LS_ERROR_INVALID_ARGUMENT if several could be meant. (transfer full) */
LsAgentIpcProfile *ls_ctl_find_profile (LsCtl *ctl, const char *name, GError **error);

/* The two together, for a command with an optional operand: opens, finds, tells what failed. NULL
 * after a failure, whose status is in @out_status. (transfer full) */
LsAgentIpcProfile *ls_ctl_open_profile (LsCtl *ctl, const char *name, LsCtlStatus *out_status);

/* A method of a profile without arguments and result, as generated: one pair of them. */
typedef void (*LsCtlVerb) (LsAgentIpcProfile *profile, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data);
typedef gboolean (*LsCtlVerbFinish) (LsAgentIpcProfile *profile, GAsyncResult *result,
                                     GError **error);

/* Calls @verb and waits for its answer. */
gboolean ls_ctl_call (LsCtl *ctl, LsAgentIpcProfile *profile, LsCtlVerb verb,
                      LsCtlVerbFinish finish, GError **error);

/* Connect of the agent. */
gboolean ls_ctl_call_connect (LsCtl *ctl, LsAgentIpcProfile *profile, GError **error);

G_END_DECLS
