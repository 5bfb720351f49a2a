/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Reaches the window's application over D-Bus (org.freedesktop.Application); where the bus cannot
 * start it, its program is started and then called. */
#define LS_TYPE_AGENT_TRAY_LAUNCHER (ls_agent_tray_launcher_get_type ())
G_DECLARE_FINAL_TYPE (LsAgentTrayLauncher, ls_agent_tray_launcher, LS, AGENT_TRAY_LAUNCHER, GObject)

LsAgentTrayLauncher *ls_agent_tray_launcher_new (GDBusConnection *connection);

/* Shows the window if @action is NULL, otherwise activates that action of the application with
 * @parameter (floating is sunk; may be NULL). @token: the activation token of the click, or NULL.
 * Fails with LS_ERROR_NOT_FOUND if there is no window to start, or G_IO_ERROR_CANCELLED. */
void ls_agent_tray_launcher_activate_async (LsAgentTrayLauncher *self, const char *action,
                                            GVariant *parameter, const char *token,
                                            GCancellable *cancellable, GAsyncReadyCallback callback,
                                            gpointer user_data);
gboolean ls_agent_tray_launcher_activate_finish (LsAgentTrayLauncher *self, GAsyncResult *result,
                                                 GError **error);

G_END_DECLS
