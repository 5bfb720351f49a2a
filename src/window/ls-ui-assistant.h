/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "ls-ui-networks.h"

G_BEGIN_DECLS

/* Adds a network step by step: the server, its certificate, a token or an approval, the device's
 * name, the wait. Or changes the server of a network. */
#define LS_UI_TYPE_ASSISTANT (ls_ui_assistant_get_type ())
G_DECLARE_FINAL_TYPE (LsUiAssistant, ls_ui_assistant, LS_UI, ASSISTANT, AdwWindow)

/* @network: to join it or, if it is joined, to change its server; NULL to add a new one. */
LsUiAssistant *
ls_ui_assistant_new (GtkWindow *parent, LsUiNetworks *networks, LsUiNetwork *network);

/* Says @text (plain) for some seconds. */
void ls_ui_assistant_toast (LsUiAssistant *self, const char *text);

G_END_DECLS
