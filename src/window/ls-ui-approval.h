/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "ls-ui-network.h"

G_BEGIN_DECLS

/* The link that lets this device in: as text, to open, to copy, as a QR code, with the time left.
 * Property "network". */
#define LS_UI_TYPE_APPROVAL (ls_ui_approval_get_type ())
G_DECLARE_FINAL_TYPE (LsUiApproval, ls_ui_approval, LS_UI, APPROVAL, AdwBin)

void ls_ui_approval_set_network (LsUiApproval *self, LsUiNetwork *network);

G_END_DECLS
