/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "ls-ui-network.h"

G_BEGIN_DECLS

/* The state of a network, its switch, what asks for action, and this device. Property "network". */
#define LS_UI_TYPE_OVERVIEW (ls_ui_overview_get_type ())
G_DECLARE_FINAL_TYPE (LsUiOverview, ls_ui_overview, LS_UI, OVERVIEW, AdwBin)

void ls_ui_overview_set_network (LsUiOverview *self, LsUiNetwork *network);

G_END_DECLS
