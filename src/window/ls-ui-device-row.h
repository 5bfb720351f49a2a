/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "ls-ui-device.h"

G_BEGIN_DECLS

/* A device in the list. Property "device". */
#define LS_UI_TYPE_DEVICE_ROW (ls_ui_device_row_get_type ())
G_DECLARE_FINAL_TYPE (LsUiDeviceRow, ls_ui_device_row, LS_UI, DEVICE_ROW, GtkBox)

LsUiDeviceRow *ls_ui_device_row_new (void);
void ls_ui_device_row_set_device (LsUiDeviceRow *self, LsUiDevice *device);

G_END_DECLS
