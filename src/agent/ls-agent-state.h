/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* The states of a profile. Their nicks (ls_agent_state_to_text()) are the strings of the D-Bus
 * property State. */
typedef enum
{
  LS_AGENT_STATE_NEW, /* "new": no device of a network yet */
  LS_AGENT_STATE_REGISTERING, /* "registering" */
  LS_AGENT_STATE_WAITING_FOR_APPROVAL, /* "waiting-for-approval" */
  LS_AGENT_STATE_READY, /* "ready": may connect; off */
  LS_AGENT_STATE_CONNECTING, /* "connecting": on, no handshake that counts yet */
  LS_AGENT_STATE_CONNECTED, /* "connected" */
  LS_AGENT_STATE_NEEDS_KEY_ROTATION, /* "needs-key-rotation" */
  LS_AGENT_STATE_REVOKED, /* "revoked" */
  LS_AGENT_STATE_DELETED, /* "deleted": the server knows this device no more */
  LS_AGENT_N_STATES
} LsAgentState;

/* What happens to a profile. The facts are what the control plane says of this device. */
typedef enum
{
  LS_AGENT_EVENT_REGISTER, /* a registration starts */
  LS_AGENT_EVENT_REGISTER_FAILED, /* the server, or the user, ended it */
  LS_AGENT_EVENT_KEYS_LOST, /* nothing can be done as this device any more */
  LS_AGENT_EVENT_FACT_PENDING,
  LS_AGENT_EVENT_FACT_APPROVED,
  LS_AGENT_EVENT_FACT_ROTATION_DUE,
  LS_AGENT_EVENT_FACT_REVOKED,
  LS_AGENT_EVENT_FACT_GONE,
  LS_AGENT_EVENT_CONNECT, /* the tunnel is asked for */
  LS_AGENT_EVENT_DISCONNECT, /* the tunnel is gone, or was never made */
  LS_AGENT_EVENT_ALIVE, /* a fresh handshake, or nobody is there to answer */
  LS_AGENT_EVENT_SILENT, /* somebody should answer and nobody does */
  LS_AGENT_N_EVENTS
} LsAgentEvent;

#define LS_TYPE_AGENT_STATE (ls_agent_state_get_type ())
GType ls_agent_state_get_type (void);

/* The D-Bus word of @state. */
const char *ls_agent_state_to_text (LsAgentState state);

/* The one transition function: whether @event may happen in @state, and where it leads. @out_state
 * is untouched if it may not. */
gboolean ls_agent_state_next (LsAgentState state, LsAgentEvent event, LsAgentState *out_state);

/* Whether a tunnel belongs to @state: connecting or connected. */
gboolean ls_agent_state_is_up (LsAgentState state);

G_END_DECLS
