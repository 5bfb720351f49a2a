/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "ls-ui-device.h"

G_BEGIN_DECLS

/* All about one device, with a header bar that goes back ("page.back"). Property "device". */
#define LS_UI_TYPE_DEVICE_PAGE (ls_ui_device_page_get_type ())
G_DECLARE_FINAL_TYPE (LsUiDevicePage, ls_ui_device_page, LS_UI, DEVICE_PAGE, AdwBin)

void ls_ui_device_page_set_device (LsUiDevicePage *self, LsUiDevice *device);

G_END_DECLS
