/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "ls-ui-networks.h"

G_BEGIN_DECLS

/* One network: overview and devices behind a view switcher, and the page of a device. Properties
 * "networks", "network", and "folded": whether the sidebar is hidden behind it. */
#define LS_UI_TYPE_NETWORK_PAGE (ls_ui_network_page_get_type ())
G_DECLARE_FINAL_TYPE (LsUiNetworkPage, ls_ui_network_page, LS_UI, NETWORK_PAGE, AdwBin)

void ls_ui_network_page_set_network (LsUiNetworkPage *self, LsUiNetwork *network);
void ls_ui_network_page_search (LsUiNetworkPage *self);

/* One step back inside the page; whether there was one. */
gboolean ls_ui_network_page_back (LsUiNetworkPage *self);

G_END_DECLS
