/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-ui-network.h"

G_BEGIN_DECLS

/* The verbs of @network as actions, for widgets to insert under "network": "enabled" (boolean
 * state, the switch), "approve-now", "refresh", "dismiss-failure". (transfer full) */
GSimpleActionGroup *ls_ui_network_actions_new (LsUiNetwork *network);

G_END_DECLS
