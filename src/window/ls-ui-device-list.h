/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "ls-ui-devices.h"

G_BEGIN_DECLS

/* The devices of a network as they are shown: searched, filtered, sorted. A pure pipeline of list
 * models without a widget. */
#define LS_UI_TYPE_DEVICE_LIST (ls_ui_device_list_get_type ())
G_DECLARE_FINAL_TYPE (LsUiDeviceList, ls_ui_device_list, LS_UI, DEVICE_LIST, GObject)

LsUiDeviceList *ls_ui_device_list_new (void);
void ls_ui_device_list_set_devices (LsUiDeviceList *self, LsUiDevices *devices);

/* Words, all of which must match a device; the case does not matter. */
void ls_ui_device_list_set_search (LsUiDeviceList *self, const char *search);
void ls_ui_device_list_set_only_online (LsUiDeviceList *self, gboolean only_online);

/* @sort: "name", "online", "last-seen" or "address". */
void ls_ui_device_list_set_sort (LsUiDeviceList *self, const char *sort);

/* Of LsUiDevice. (transfer none) */
GListModel *ls_ui_device_list_get_model (LsUiDeviceList *self);

G_END_DECLS
