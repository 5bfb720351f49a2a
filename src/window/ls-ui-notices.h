/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "ls-ui-networks.h"

G_BEGIN_DECLS

/* What a person should know about the agent itself: a helper that is missing and the agent's
 * notices, a banner each. Takes no room while there are none. Property "networks". */
#define LS_UI_TYPE_NOTICES (ls_ui_notices_get_type ())
G_DECLARE_FINAL_TYPE (LsUiNotices, ls_ui_notices, LS_UI, NOTICES, AdwBin)

void ls_ui_notices_set_networks (LsUiNotices *self, LsUiNetworks *networks);

G_END_DECLS
