/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The connection to the helper: the system bus, the name's owner, and that the owner is root.
 * Property "state" s and signals "owner-changed" and "tunnel-changed" as in LsAgentHelper. */
#define LS_TYPE_AGENT_HELPER_LINK (ls_agent_helper_link_get_type ())
G_DECLARE_FINAL_TYPE (LsAgentHelperLink, ls_agent_helper_link, LS, AGENT_HELPER_LINK, GObject)

LsAgentHelperLink *ls_agent_helper_link_new (void);
const char *ls_agent_helper_link_get_state (LsAgentHelperLink *self);

/* What D-Bus said when the helper could not be reached the last time; "" if it always could. */
const char *ls_agent_helper_link_get_details (LsAgentHelperLink *self);

/* Calls @method with @parameters (floating is fine) once the helper is found, starting it if need
 * be. @timeout: milliseconds as in g_dbus_connection_call(). */
void
ls_agent_helper_link_call_async (LsAgentHelperLink *self, const char *method, GVariant *parameters,
                                 gboolean interactive, int timeout, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data);
GVariant *
ls_agent_helper_link_call_finish (LsAgentHelperLink *self, GAsyncResult *result, GError **error);

/* Finds the helper without calling anything. */
void ls_agent_helper_link_probe (LsAgentHelperLink *self);

G_END_DECLS
