/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Longest text of foreign origin that is shown or logged, in characters. */
#define LS_TEXT_SHOWN_MAX 200

/* Foreign text (a device's name, a server's error) made safe to show and to log: valid UTF-8,
 * control and bidirectional formatting characters replaced by U+FFFD, cut to LS_TEXT_SHOWN_MAX
 * characters. Not markup-escaped. (transfer full) */
char *ls_text_sanitize (const char *text);

/* The same without the cut: for sentences of our own that hold foreign text already cut. */
char *ls_text_make_safe (const char *text);

G_END_DECLS
