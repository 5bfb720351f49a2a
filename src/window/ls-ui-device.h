/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* Another device of a network, as the agent last told.
 *
 * Readable properties, all with notify: "id", "name", "dns-name", "ipv4", "ipv6", "address" (IPv4,
 * else IPv6), "subtitle" (addresses and name in one line), "public-key", "tags" (as strv),
 * "tags-text", "endpoints" (strv), "routes" (strv, a line each), "online", "status" ("Online",
 * "Seen 5 minutes ago"), "path-text", "icon-name", "style", "endpoint" (in use), "handshake",
 * "received", "sent" (texts). Strings are never NULL. */
#define LS_UI_TYPE_DEVICE (ls_ui_device_get_type ())
G_DECLARE_FINAL_TYPE (LsUiDevice, ls_ui_device, LS_UI, DEVICE, GObject)

/* @peer: a{sv} of ListPeers; keys that are missing or of another type are empty. */
LsUiDevice *ls_ui_device_new (GVariant *peer);

/* Takes over @peer and notifies what changed. Whether something changed that devices are sorted or
 * filtered by. */
gboolean ls_ui_device_update (LsUiDevice *self, GVariant *peer);

/* Notifies the texts that grow old by themselves. */
void ls_ui_device_refresh_ages (LsUiDevice *self);

const char *ls_ui_device_get_id (LsUiDevice *self);
const char *ls_ui_device_get_name (LsUiDevice *self);
const char *ls_ui_device_get_address (LsUiDevice *self);
const char *ls_ui_device_get_dns_name (LsUiDevice *self);
gboolean ls_ui_device_get_online (LsUiDevice *self);
gint64 ls_ui_device_get_last_seen (LsUiDevice *self);

/* Names compared as people sort them, without regard to case. */
int ls_ui_device_compare_names (LsUiDevice *a, LsUiDevice *b);

/* Whether every word of @words (case-folded) occurs in the name, an address, the DNS name or a tag.
 */
gboolean ls_ui_device_matches (LsUiDevice *self, const char *const *words);

G_END_DECLS
