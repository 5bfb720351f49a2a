/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "ls-ui-device.h"

G_BEGIN_DECLS

/* The other devices of one network: a GListModel of LsUiDevice in no order of meaning, kept by id.
 *
 * "keys-changed" is emitted once after a batch of changes that devices are sorted or filtered by.
 */
#define LS_UI_TYPE_DEVICES (ls_ui_devices_get_type ())
G_DECLARE_FINAL_TYPE (LsUiDevices, ls_ui_devices, LS_UI, DEVICES, GObject)

LsUiDevices *ls_ui_devices_new (void);

/* Makes the list be @peers (aa{sv}): what is known by its id is updated, the rest added or removed.
 */
void ls_ui_devices_set (LsUiDevices *self, GVariant *peers);

/* Updates or adds each of @changed (aa{sv}) and takes away the ids of @removed. */
void ls_ui_devices_change (LsUiDevices *self, GVariant *changed, const char *const *removed);

/* The device @id, or NULL. */
LsUiDevice *ls_ui_devices_find (LsUiDevices *self, const char *id);

/* Notifies the texts that grow old by themselves. */
void ls_ui_devices_refresh_ages (LsUiDevices *self);

G_END_DECLS
