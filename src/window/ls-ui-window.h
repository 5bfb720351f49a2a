/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "ls-ui-networks.h"

G_BEGIN_DECLS

/* The main window. Property "networks". */
#define LS_UI_TYPE_WINDOW (ls_ui_window_get_type ())
G_DECLARE_FINAL_TYPE (LsUiWindow, ls_ui_window, LS_UI, WINDOW, AdwApplicationWindow)

LsUiWindow *ls_ui_window_new (GtkApplication *application, LsUiNetworks *networks);

/* Says @text (plain) for some seconds. */
void ls_ui_window_toast (LsUiWindow *self, const char *text);

G_END_DECLS
