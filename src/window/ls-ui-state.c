/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ui-state.h"

#include <glib/gi18n-lib.h>

typedef struct
{
  const char *text;
  const char *label;
  const char *icon_name;
  const char *style;
  gboolean can_switch;
} StateFace;

static const StateFace faces[LS_UI_N_STATES] = {
  [LS_UI_STATE_UNKNOWN]
  = { "unknown", N_ ("Unknown"), "ls-state-off-symbolic", "dim-label", FALSE },
  [LS_UI_STATE_NEW] = { "new", N_ ("Not joined yet"), "ls-state-off-symbolic", "dim-label", FALSE },
  [LS_UI_STATE_REGISTERING]
  = { "registering", N_ ("Joining…"), "ls-state-connecting-symbolic", "accent", FALSE },
  [LS_UI_STATE_WAITING_FOR_APPROVAL] = { "waiting-for-approval", N_ ("Waiting for approval"),
                                         "ls-state-waiting-symbolic", "warning", FALSE },
  [LS_UI_STATE_READY] = { "ready", N_ ("Off"), "ls-state-off-symbolic", "dim-label", TRUE },
  [LS_UI_STATE_CONNECTING]
  = { "connecting", N_ ("Connecting…"), "ls-state-connecting-symbolic", "accent", TRUE },
  [LS_UI_STATE_CONNECTED]
  = { "connected", N_ ("Connected"), "ls-state-connected-symbolic", "success", TRUE },
  [LS_UI_STATE_NEEDS_KEY_ROTATION]
  = { "needs-key-rotation", N_ ("New keys needed"), "ls-state-key-symbolic", "warning", FALSE },
  [LS_UI_STATE_REVOKED]
  = { "revoked", N_ ("Access revoked"), "ls-state-revoked-symbolic", "error", FALSE },
  [LS_UI_STATE_DELETED]
  = { "deleted", N_ ("Not in the network"), "ls-state-attention-symbolic", "error", FALSE },
};

G_DEFINE_ENUM_TYPE (LsUiState, ls_ui_state, G_DEFINE_ENUM_VALUE (LS_UI_STATE_UNKNOWN, "unknown"),
                    G_DEFINE_ENUM_VALUE (LS_UI_STATE_NEW, "new"),
                    G_DEFINE_ENUM_VALUE (LS_UI_STATE_REGISTERING, "registering"),
                    G_DEFINE_ENUM_VALUE (LS_UI_STATE_WAITING_FOR_APPROVAL, "waiting-for-approval"),
                    G_DEFINE_ENUM_VALUE (LS_UI_STATE_READY, "ready"),
                    G_DEFINE_ENUM_VALUE (LS_UI_STATE_CONNECTING, "connecting"),
                    G_DEFINE_ENUM_VALUE (LS_UI_STATE_CONNECTED, "connected"),
                    G_DEFINE_ENUM_VALUE (LS_UI_STATE_NEEDS_KEY_ROTATION, "needs-key-rotation"),
                    G_DEFINE_ENUM_VALUE (LS_UI_STATE_REVOKED, "revoked"),
                    G_DEFINE_ENUM_VALUE (LS_UI_STATE_DELETED, "deleted"))

LsUiState
ls_ui_state_parse (const char *text)
{
  for (int i = 0; text != NULL && i < LS_UI_N_STATES; i++)
    if (g_str_equal (faces[i].text, text))
      return i;
  return LS_UI_STATE_UNKNOWN;
}

static const StateFace *
get_face (LsUiState state)
{
  return &faces[(guint)state < LS_UI_N_STATES ? state : LS_UI_STATE_UNKNOWN];
}

const char *
ls_ui_state_get_label (LsUiState state)
{
  return _ (get_face (state)->label);
}

const char *
ls_ui_state_get_icon_name (LsUiState state)
{
  return get_face (state)->icon_name;
}

const char *
ls_ui_state_get_style (LsUiState state)
{
  return get_face (state)->style;
}

gboolean
ls_ui_state_can_switch (LsUiState state)
{
  return get_face (state)->can_switch;
}
