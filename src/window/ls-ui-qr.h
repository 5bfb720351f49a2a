/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* A text as a QR code, black on white whatever the theme is. Property "text"; nothing is drawn for
 * an empty text or one that is too long for a code. */
#define LS_UI_TYPE_QR (ls_ui_qr_get_type ())
G_DECLARE_FINAL_TYPE (LsUiQr, ls_ui_qr, LS_UI, QR, GtkWidget)

void ls_ui_qr_set_text (LsUiQr *self, const char *text);

G_END_DECLS
