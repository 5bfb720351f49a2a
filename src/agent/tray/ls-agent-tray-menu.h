/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Exports a menu as com.canonical.dbusmenu and activates the actions of the items that are clicked
 * in a panel. */
#define LS_TYPE_AGENT_TRAY_MENU (ls_agent_tray_menu_get_type ())
G_DECLARE_FINAL_TYPE (LsAgentTrayMenu, ls_agent_tray_menu, LS, AGENT_TRAY_MENU, GObject)

/* An empty menu of @actions. */
LsAgentTrayMenu *ls_agent_tray_menu_new (GActionGroup *actions);

/* Shows @model as it and the actions are now: what differs from before is told to the panel. To be
 * called again whenever the model or a state has changed; costs nothing on the bus if nothing has.
 */
void ls_agent_tray_menu_update (LsAgentTrayMenu *self, GMenuModel *model);

/* Puts the menu on the bus at @path, until the object is gone or unexported. */
gboolean ls_agent_tray_menu_export (LsAgentTrayMenu *self, GDBusConnection *connection,
                                    const char *path, GError **error);
void ls_agent_tray_menu_unexport (LsAgentTrayMenu *self);

G_END_DECLS
