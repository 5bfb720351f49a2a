/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "ls-tunnel.h"

G_BEGIN_DECLS

/* The client of the helper. SECURITY: it talks only to the connection that owns the helper's name
 * and belongs to root, by its unique name; anybody else would get the private key.
 *
 * Property "state" s: "unknown", "available" or "missing", as HelperState of the D-Bus API.
 * Signal "owner-changed" (void): the helper came, went or was restarted: what was applied may be
 * gone.
 * Signal "tunnel-changed" (name s, state s, reason s): as TunnelChanged of org.lightscale.Helper1.
 *
 * Calls fail with the helper's own LS_ERROR, or with LS_ERROR_HELPER_UNAVAILABLE if there is no
 * helper. */
#define LS_TYPE_AGENT_HELPER (ls_agent_helper_get_type ())
G_DECLARE_FINAL_TYPE (LsAgentHelper, ls_agent_helper, LS, AGENT_HELPER, GObject)

LsAgentHelper *ls_agent_helper_new (void);
const char *ls_agent_helper_get_state (LsAgentHelper *self);

/* What was behind the last LS_ERROR_HELPER_UNAVAILABLE, as D-Bus said it; "" if there was none. */
const char *ls_agent_helper_get_details (LsAgentHelper *self);

/* Finds out whether there is a helper, starting it if it can be started. */
void ls_agent_helper_probe (LsAgentHelper *self);

/* What ApplyTunnel answered. */
typedef struct
{
  char *interface;
  char *backend;
  guint16 listen_port;
} LsAgentApplied;
void ls_agent_applied_free (LsAgentApplied *applied);

/* @interactive: the user asked for it just now, so polkit may ask for a password. */
void ls_agent_helper_apply_async (LsAgentHelper *self, const char *name, const LsTunnel *tunnel,
                                  gboolean interactive, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer user_data);
LsAgentApplied *
ls_agent_helper_apply_finish (LsAgentHelper *self, GAsyncResult *result, GError **error);

/* @changed: of LsTunnelPeer; @removed: of LsKey. */
void
ls_agent_helper_update_peers_async (LsAgentHelper *self, const char *name, const GPtrArray *changed,
                                    const GArray *removed, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer user_data);

/* @peers: of LsTunnelPeer that have an endpoint. */
void ls_agent_helper_set_endpoints_async (LsAgentHelper *self, const char *name,
                                          const GPtrArray *peers, GCancellable *cancellable,
                                          GAsyncReadyCallback callback, gpointer user_data);
void ls_agent_helper_remove_async (LsAgentHelper *self, const char *name, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer user_data);
void ls_agent_helper_restore_async (LsAgentHelper *self, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer user_data);

/* Ends the four calls above. */
gboolean ls_agent_helper_call_finish (LsAgentHelper *self, GAsyncResult *result, GError **error);

/* The tunnel's state ("up" or "down") and statistics, of LsPeerStatistics. */
void ls_agent_helper_status_async (LsAgentHelper *self, const char *name, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer user_data);
GArray *ls_agent_helper_status_finish (LsAgentHelper *self, GAsyncResult *result, char **out_state,
                                       GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsAgentApplied, ls_agent_applied_free)

G_END_DECLS
