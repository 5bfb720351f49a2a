/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "ls-ui-network.h"

G_BEGIN_DECLS

/* The devices of a network: search, filter, sort, copy. Property "network". Signal
 * "device-activated" (LsUiDevice). */
#define LS_UI_TYPE_DEVICES_PAGE (ls_ui_devices_page_get_type ())
G_DECLARE_FINAL_TYPE (LsUiDevicesPage, ls_ui_devices_page, LS_UI, DEVICES_PAGE, AdwBin)

void ls_ui_devices_page_set_network (LsUiDevicesPage *self, LsUiNetwork *network);

/* Puts the cursor into the search entry. */
void ls_ui_devices_page_focus_search (LsUiDevicesPage *self);

G_END_DECLS
