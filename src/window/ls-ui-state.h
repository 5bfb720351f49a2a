/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* The states of a network as the agent names them, and how a person sees each. */
typedef enum
{
  LS_UI_STATE_UNKNOWN, /* a state of a newer agent */
  LS_UI_STATE_NEW,
  LS_UI_STATE_REGISTERING,
  LS_UI_STATE_WAITING_FOR_APPROVAL,
  LS_UI_STATE_READY,
  LS_UI_STATE_CONNECTING,
  LS_UI_STATE_CONNECTED,
  LS_UI_STATE_NEEDS_KEY_ROTATION,
  LS_UI_STATE_REVOKED,
  LS_UI_STATE_DELETED,
  LS_UI_N_STATES
} LsUiState;

#define LS_UI_TYPE_STATE (ls_ui_state_get_type ())
GType ls_ui_state_get_type (void);

/* The state of the D-Bus property State; NULL and unknown words are LS_UI_STATE_UNKNOWN. */
LsUiState ls_ui_state_parse (const char *text);

/* A word or two for people, translated. */
const char *ls_ui_state_get_label (LsUiState state);

/* A symbolic icon: no two states that differ for the user share its shape. */
const char *ls_ui_state_get_icon_name (LsUiState state);

/* A style class that colours the icon: "success", "warning", "error", "accent" or "dim-label". */
const char *ls_ui_state_get_style (LsUiState state);

/* Whether a network may be switched on in @state. */
gboolean ls_ui_state_can_switch (LsUiState state);

G_END_DECLS
