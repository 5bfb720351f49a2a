/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "ls-pins.h"
#include "ls-ui-devices.h"
#include "ls-ui-state.h"

G_BEGIN_DECLS

/* One network as the window shows it: what the agent says of a profile, put into words.
 *
 * Readable properties, all with notify; strings are never NULL and are plain text:
 *   "name"            the profile's name
 *   "title"           the network's name, or the profile's while it is not known
 *   "subtitle"        state and own device name, for a list
 *   "state" LsUiState, "state-label", "state-icon", "state-style"
 *   "summary"         "12 devices, 9 online", or what the state means
 *   "want-up" b, "can-switch" b, "can-join" b
 *   "network-id", "node-name", "dns-name", "ipv4", "ipv6", "public-key", "interface", "backend",
 *   "servers", "auth-url"
 *   "time-left"       of the approval link
 *   "waiting" b       for approval
 *   "link-expired" b
 *   "problem-title", "problem-hint", "problem-details": what the agent calls a problem
 *   "failure-title", "failure-hint", "failure-details": what a verb of this window met with
 *   "unreachable"     since when the control server is, or ""
 *   "left-out-title", "left-out" (a line each)
 *   "received", "sent" (texts)
 *   "devices" LsUiDevices, asked for when it is read first; "devices-loaded" b */
#define LS_UI_TYPE_NETWORK (ls_ui_network_get_type ())
G_DECLARE_FINAL_TYPE (LsUiNetwork, ls_ui_network, LS_UI, NETWORK, GObject)

const char *ls_ui_network_get_name (LsUiNetwork *self);
LsUiState ls_ui_network_get_state (LsUiNetwork *self);
gboolean ls_ui_network_get_want_up (LsUiNetwork *self);

/* Whether the switch may be used: to switch on what can connect, to switch off what is on. */
gboolean ls_ui_network_can_switch (LsUiNetwork *self);
LsUiDevices *ls_ui_network_get_devices (LsUiNetwork *self);

/* The object path, which tells networks of one agent apart. */
const char *ls_ui_network_get_path (LsUiNetwork *self);

/* Notifies the texts that grow old by themselves. */
void ls_ui_network_refresh_ages (LsUiNetwork *self);

/* Verbs without an answer: what they fail with appears in the failure properties. */
void ls_ui_network_set_enabled (LsUiNetwork *self, gboolean enabled);

void ls_ui_network_approve_now (LsUiNetwork *self);
void ls_ui_network_remove (LsUiNetwork *self);
void ls_ui_network_refresh (LsUiNetwork *self);
void ls_ui_network_dismiss_failure (LsUiNetwork *self);

/* The certificates that its servers must show. (transfer full) */
LsPins *ls_ui_network_dup_pins (LsUiNetwork *self);

/* Changes the control URLs and the pins. */
void ls_ui_network_update_async (LsUiNetwork *self, const char *const *urls, LsPins *pins,
                                 GCancellable *cancellable, GAsyncReadyCallback callback,
                                 gpointer user_data);
gboolean ls_ui_network_update_finish (LsUiNetwork *self, GAsyncResult *result, GError **error);

/* Joins with an enrollment token. Ends when the server has answered. */
void ls_ui_network_join_with_token_async (LsUiNetwork *self, const char *token,
                                          const char *node_name, GCancellable *cancellable,
                                          GAsyncReadyCallback callback, gpointer user_data);
gboolean
ls_ui_network_join_with_token_finish (LsUiNetwork *self, GAsyncResult *result, GError **error);

/* Asks to join @network_id; connects by itself once approved. "auth-url" is set when it ends. */
void ls_ui_network_ask_approval_async (LsUiNetwork *self, const char *network_id,
                                       const char *node_name, GCancellable *cancellable,
                                       GAsyncReadyCallback callback, gpointer user_data);
gboolean
ls_ui_network_ask_approval_finish (LsUiNetwork *self, GAsyncResult *result, GError **error);

G_END_DECLS
