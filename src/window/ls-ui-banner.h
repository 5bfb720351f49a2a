/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* What happened, what to do, details to unfold and copy, and at most one button and a close button.
 * Shown while it has a title. All texts are plain text.
 *
 * Properties: "title", "text", "details", "kind" ("info", "warning" or "error"), "button-label",
 * "button-action" (a detailed action name), "close-action". */
#define LS_UI_TYPE_BANNER (ls_ui_banner_get_type ())
G_DECLARE_FINAL_TYPE (LsUiBanner, ls_ui_banner, LS_UI, BANNER, AdwBin)

LsUiBanner *ls_ui_banner_new (void);

/* Shows @error with its hint and details, or nothing for NULL. */
void ls_ui_banner_show_error (LsUiBanner *self, const GError *error);

G_END_DECLS
