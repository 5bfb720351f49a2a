/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "ls-agent-state.h"

G_BEGIN_DECLS

/* One network. What the tray may use is this header and ls-agent.h, no other of this folder.
 *
 * All properties are readable and change with notify, on the main loop; strings are never NULL
 * ("" for what is not known), and those that come from a server are sanitised
 * (ls_text_sanitize()), not escaped for markup or mnemonics:
 *   "name" s                 the profile's name, unique; never changes
 *   "state" LsAgentState
 *   "want-up" b              what the user's switch says
 *   "problem" s              what happened, one sentence; "" when all is well
 *   "problem-hint" s         what to do about it
 *   "problem-details" s
 *   "control-urls" GStrv, "options" GVariant a{sv}
 *   "control-reachable" b, "control-since" int64 (Unix seconds)
 *   "network-id" s, "network-name" s ("" until the network is known), "dns-domain" s
 *   "node-id" s, "node-name" s, "dns-name" s, "ipv4" s, "ipv6" s, "public-key" s
 *   "auth-url" s, "auth-expires" int64
 *   "interface" s, "backend" s
 *   "peer-count" u, "peers-online" u, "rx-bytes" uint64, "tx-bytes" uint64
 *   "left-out" GVariant a(ss)
 *
 * A profile is always owned by its LsAgent; it ends when it is removed from the list. */
#define LS_TYPE_AGENT_PROFILE (ls_agent_profile_get_type ())
G_DECLARE_FINAL_TYPE (LsAgentProfile, ls_agent_profile, LS, AGENT_PROFILE, GObject)

/* Borrowed values of the properties. */
const char *ls_agent_profile_get_name (LsAgentProfile *self);
LsAgentState ls_agent_profile_get_state (LsAgentProfile *self);
gboolean ls_agent_profile_get_want_up (LsAgentProfile *self);
const char *ls_agent_profile_get_network_name (LsAgentProfile *self);
const char *ls_agent_profile_get_node_name (LsAgentProfile *self);
const char *ls_agent_profile_get_dns_name (LsAgentProfile *self);
const char *ls_agent_profile_get_ipv4 (LsAgentProfile *self);
const char *ls_agent_profile_get_ipv6 (LsAgentProfile *self);
const char *ls_agent_profile_get_problem (LsAgentProfile *self);
const char *ls_agent_profile_get_problem_hint (LsAgentProfile *self);
guint ls_agent_profile_get_peer_count (LsAgentProfile *self);
guint ls_agent_profile_get_peers_online (LsAgentProfile *self);

/* Switches on, as the user's own act (polkit may ask for a password); ends when the helper has made
 * the tunnel. On failure the switch is off again and the problem is shown in the properties too, so
 * a caller without a place for errors may ignore it. Fails with LS_ERROR_WRONG_STATE if this device
 * cannot connect now, with the helper's error, or with G_IO_ERROR_CANCELLED after
 * ls_agent_profile_disconnect_async(). */
void ls_agent_profile_connect_async (LsAgentProfile *self, GCancellable *cancellable,
                                     GAsyncReadyCallback callback, gpointer user_data);
gboolean
ls_agent_profile_connect_finish (LsAgentProfile *self, GAsyncResult *result, GError **error);

/* Switches off; ends when the tunnel is gone. */
void ls_agent_profile_disconnect_async (LsAgentProfile *self, GCancellable *cancellable,
                                        GAsyncReadyCallback callback, gpointer user_data);
gboolean
ls_agent_profile_disconnect_finish (LsAgentProfile *self, GAsyncResult *result, GError **error);

G_END_DECLS
