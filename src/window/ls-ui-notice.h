/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* Something the agent wants a person to know. Properties "id", "title", "hint", "details" (plain
 * text, set at construction). */
#define LS_UI_TYPE_NOTICE (ls_ui_notice_get_type ())
G_DECLARE_FINAL_TYPE (LsUiNotice, ls_ui_notice, LS_UI, NOTICE, GObject)

const char *ls_ui_notice_get_id (LsUiNotice *self);
const char *ls_ui_notice_get_title (LsUiNotice *self);
const char *ls_ui_notice_get_hint (LsUiNotice *self);
const char *ls_ui_notice_get_details (LsUiNotice *self);

G_END_DECLS
