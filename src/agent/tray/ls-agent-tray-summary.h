/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "../ls-agent-state.h"

G_BEGIN_DECLS

/* One network as the tray sees it; the strings are borrowed, never NULL and sanitised. */
typedef struct
{
  const char *name; /* the profile's */
  const char *title; /* for people */
  LsAgentState state;
  gboolean want_up;
  const char *problem; /* "" when all is well */
  const char *address; /* this device's, "" if unknown */
  const char *device; /* this device's name in the network, "" if unknown */
} LsAgentTrayNetwork;

/* The icons, each with a shape of its own, in order of importance. */
typedef enum
{
  LS_AGENT_TRAY_LOOK_OFF,
  LS_AGENT_TRAY_LOOK_CONNECTED,
  LS_AGENT_TRAY_LOOK_CONNECTING,
  LS_AGENT_TRAY_LOOK_ATTENTION,
} LsAgentTrayLook;

/* The look of one network, and of all @networks (of LsAgentTrayNetwork) together. */
LsAgentTrayLook ls_agent_tray_network_get_look (const LsAgentTrayNetwork *network);
LsAgentTrayLook ls_agent_tray_summary_get_look (const GArray *networks);

const char *ls_agent_tray_look_get_icon_name (LsAgentTrayLook look);

/* One line on how all @networks are; what needs attention comes first. (transfer full) */
char *ls_agent_tray_summary_dup_text (const GArray *networks);

/* Whether a switch makes sense in @state: this device may connect or is connected. */
gboolean ls_agent_tray_state_can_toggle (LsAgentState state);

G_END_DECLS
