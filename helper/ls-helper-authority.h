/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Asks polkit. The subject is always the caller's unique bus name, never a process id; every answer
 * but a plain yes is a refusal. */
#define LS_TYPE_HELPER_AUTHORITY (ls_helper_authority_get_type ())
G_DECLARE_FINAL_TYPE (LsHelperAuthority, ls_helper_authority, LS, HELPER_AUTHORITY, GObject)

LsHelperAuthority *ls_helper_authority_new (void);

/* Asks for each of @actions (polkit action ids, may be empty) in turn and stops at the first
 * refusal. @sender: the caller's unique bus name. @interactive: whether the caller's message
 * allowed a password dialog. Cancelling @cancellable closes an open dialog. */
void ls_helper_authority_check_async (LsHelperAuthority *self, const char *sender,
                                      const char *const *actions, gboolean interactive,
                                      GCancellable *cancellable, GAsyncReadyCallback callback,
                                      gpointer user_data);

/* FALSE with LS_ERROR_NOT_AUTHORIZED (refused, or the dialog was dismissed),
 * LS_ERROR_NO_POLKIT_AGENT (a password would be needed and nothing can ask for it),
 * LS_ERROR_POLKIT_UNAVAILABLE (polkit did not answer) or G_IO_ERROR_CANCELLED. */
gboolean
ls_helper_authority_check_finish (LsHelperAuthority *self, GAsyncResult *result, GError **error);

G_END_DECLS
