/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* A row with a name ("title") and a "value" (plain text) that a button copies; hidden while the
 * value is empty. */
#define LS_UI_TYPE_COPY_ROW (ls_ui_copy_row_get_type ())
G_DECLARE_FINAL_TYPE (LsUiCopyRow, ls_ui_copy_row, LS_UI, COPY_ROW, AdwActionRow)

LsUiCopyRow *ls_ui_copy_row_new (const char *title, const char *value);

G_END_DECLS
