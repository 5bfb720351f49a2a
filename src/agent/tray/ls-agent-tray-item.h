/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The icon in the tray: an org.kde.StatusNotifierItem at /StatusNotifierItem, registered with the
 * watcher by the connection's unique name whenever a watcher is there. Without a watcher there is
 * no tray, and that is no error.
 *
 * Signal "activate" (const char *token): a left click; @token is the activation token of the click
 * for the window that opens, "" if there is none.
 * Signal "secondary-activate" (void): a middle click. */
#define LS_TYPE_AGENT_TRAY_ITEM (ls_agent_tray_item_get_type ())
G_DECLARE_FINAL_TYPE (LsAgentTrayItem, ls_agent_tray_item, LS, AGENT_TRAY_ITEM, GObject)

/* @menu_path: where the dbusmenu is. @icon_theme_path: a folder to look for icons in besides the
 * usual ones, "" for none. */
LsAgentTrayItem *ls_agent_tray_item_new (const char *menu_path, const char *icon_theme_path);

/* What is shown: the icon's name, whether it asks for attention, and the tooltip's text, which is
 * plain. The panel is told what is new. */
void ls_agent_tray_item_set (LsAgentTrayItem *self, const char *icon_name, gboolean attention,
                             const char *text);

/* Puts the item on the bus and begins to watch for the watcher. */
gboolean
ls_agent_tray_item_export (LsAgentTrayItem *self, GDBusConnection *connection, GError **error);
void ls_agent_tray_item_unexport (LsAgentTrayItem *self);

/* The activation token of the last click that brought one, once; NULL if there is none. (transfer
 * full) */
char *ls_agent_tray_item_steal_token (LsAgentTrayItem *self);

G_END_DECLS
