/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* @text made safe for a terminal: as it is if it is visible ASCII (so that a link is never cut),
 * otherwise as ls_text_make_safe() makes it. (transfer full) */
char *ls_ctl_words_dup_safe (const char *text);

/* Words for values. All results are translated; dup: (transfer full). */

/* Of a profile's State, of a peer's path, of Manager.HelperState and Manager.SecretStorage; a word
 * that is not known is returned as it is. */
const char *ls_ctl_words_state (const char *state);
const char *ls_ctl_words_path (const char *path);
const char *ls_ctl_words_helper (const char *state);
const char *ls_ctl_words_secrets (const char *storage);

/* "1.2 MB". */
char *ls_ctl_words_dup_bytes (guint64 bytes);

/* How long ago @then was: "12 s ago", "3 min ago"; "never" if 0; all in Unix seconds. */
char *ls_ctl_words_dup_age (gint64 then, gint64 now);

/* How long until @then: "9 min", "over" once it has passed. */
char *ls_ctl_words_dup_left (gint64 then, gint64 now);

G_END_DECLS
