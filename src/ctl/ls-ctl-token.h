/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* An enrollment token as --token and --token-file say: @token as it is, a line of standard input if
 * it is "-", the first line of the file @path, or if both are NULL what a person types unseen at
 * @prompt. Fails with LS_ERROR_INVALID_ARGUMENT or the file's error; no message holds it.
 * (transfer full): to be freed with ls_ctl_token_free(). */
char *ls_ctl_token_read (const char *token, const char *path, const char *prompt, GError **error);

/* Wipes and frees. */
void ls_ctl_token_free (char *token);

G_END_DECLS
