/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-state.h"

static const GEnumValue state_values[] = {
  { LS_AGENT_STATE_NEW, "LS_AGENT_STATE_NEW", "new" },
  { LS_AGENT_STATE_REGISTERING, "LS_AGENT_STATE_REGISTERING", "registering" },
  { LS_AGENT_STATE_WAITING_FOR_APPROVAL, "LS_AGENT_STATE_WAITING_FOR_APPROVAL",
    "waiting-for-approval" },
  { LS_AGENT_STATE_READY, "LS_AGENT_STATE_READY", "ready" },
  { LS_AGENT_STATE_CONNECTING, "LS_AGENT_STATE_CONNECTING", "connecting" },
  { LS_AGENT_STATE_CONNECTED, "LS_AGENT_STATE_CONNECTED", "connected" },
  { LS_AGENT_STATE_NEEDS_KEY_ROTATION, "LS_AGENT_STATE_NEEDS_KEY_ROTATION", "needs-key-rotation" },
  { LS_AGENT_STATE_REVOKED, "LS_AGENT_STATE_REVOKED", "revoked" },
  { LS_AGENT_STATE_DELETED, "LS_AGENT_STATE_DELETED", "deleted" },
  { 0, NULL, NULL },
};

GType
ls_agent_state_get_type (void)
{
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("LsAgentState", state_values));
  return type;
}

const char *
ls_agent_state_to_text (LsAgentState state)
{
  g_return_val_if_fail (state < LS_AGENT_N_STATES, NULL);

  return state_values[state].value_nick;
}

gboolean
ls_agent_state_is_up (LsAgentState state)
{
  return state == LS_AGENT_STATE_CONNECTING || state == LS_AGENT_STATE_CONNECTED;
}

/* A device that is approved again is off until somebody, or the remembered switch, connects it. */
static LsAgentState
next_when_approved (LsAgentState state)
{
  return ls_agent_state_is_up (state) ? state : LS_AGENT_STATE_READY;
}

gboolean
ls_agent_state_next (LsAgentState state, LsAgentEvent event, LsAgentState *out_state)
{
  gboolean up = ls_agent_state_is_up (state);
  gboolean ready = state == LS_AGENT_STATE_READY;

  switch (event)
    {
    case LS_AGENT_EVENT_REGISTER:
      if (up || ready || state == LS_AGENT_STATE_REGISTERING
          || state == LS_AGENT_STATE_NEEDS_KEY_ROTATION)
        return FALSE;
      *out_state = LS_AGENT_STATE_REGISTERING;
      return TRUE;
    case LS_AGENT_EVENT_REGISTER_FAILED:
      if (state != LS_AGENT_STATE_REGISTERING)
        return FALSE;
      *out_state = LS_AGENT_STATE_NEW;
      return TRUE;
    case LS_AGENT_EVENT_KEYS_LOST:
      if (state == LS_AGENT_STATE_REGISTERING)
        return FALSE;
      *out_state = LS_AGENT_STATE_NEW;
      return TRUE;
    case LS_AGENT_EVENT_FACT_PENDING:
      *out_state = LS_AGENT_STATE_WAITING_FOR_APPROVAL;
      return TRUE;
    case LS_AGENT_EVENT_FACT_APPROVED:
      *out_state = next_when_approved (state);
      return TRUE;
    case LS_AGENT_EVENT_FACT_ROTATION_DUE:
      *out_state = LS_AGENT_STATE_NEEDS_KEY_ROTATION;
      return TRUE;
    case LS_AGENT_EVENT_FACT_REVOKED:
      *out_state = LS_AGENT_STATE_REVOKED;
      return TRUE;
    case LS_AGENT_EVENT_FACT_GONE:
      *out_state = LS_AGENT_STATE_DELETED;
      return TRUE;
    case LS_AGENT_EVENT_CONNECT:
      if (!ready && !up)
        return FALSE;
      *out_state = ready ? LS_AGENT_STATE_CONNECTING : state;
      return TRUE;
    case LS_AGENT_EVENT_DISCONNECT:
      *out_state = up ? LS_AGENT_STATE_READY : state;
      return TRUE;
    case LS_AGENT_EVENT_ALIVE:
    case LS_AGENT_EVENT_SILENT:
      if (!up)
        return FALSE;
      *out_state
          = event == LS_AGENT_EVENT_ALIVE ? LS_AGENT_STATE_CONNECTED : LS_AGENT_STATE_CONNECTING;
      return TRUE;
    case LS_AGENT_N_EVENTS:
    default:
      return FALSE;
    }
}
