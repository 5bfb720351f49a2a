/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "ls-ui-network.h"

G_BEGIN_DECLS

/* A network in the sidebar, with its state and its switch. Property "network". */
#define LS_UI_TYPE_NETWORK_ROW (ls_ui_network_row_get_type ())
G_DECLARE_FINAL_TYPE (LsUiNetworkRow, ls_ui_network_row, LS_UI, NETWORK_ROW, GtkBox)

LsUiNetworkRow *ls_ui_network_row_new (void);
void ls_ui_network_row_set_network (LsUiNetworkRow *self, LsUiNetwork *network);

G_END_DECLS
