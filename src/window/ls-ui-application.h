/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* The application: one window, the actions that do not belong to a widget.
 *
 * Actions, callable over org.freedesktop.Application too: "copy-text" (s: puts it on the clipboard
 * and says so), "about", "quit" (takes the tunnels down and ends the agent as well). */
#define LS_UI_TYPE_APPLICATION (ls_ui_application_get_type ())
G_DECLARE_FINAL_TYPE (LsUiApplication, ls_ui_application, LS_UI, APPLICATION, AdwApplication)

/* @bus_type: the bus of the agent, session or system. */
LsUiApplication *ls_ui_application_new (GBusType bus_type);

G_END_DECLS
