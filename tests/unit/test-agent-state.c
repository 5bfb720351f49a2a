/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-control-loop.h"
#include "ls-agent-state.h"

/* Every state by every event: where it leads, "-" where it may not happen. In the order of the
 * enums. */
static const char *const table[LS_AGENT_N_STATES][LS_AGENT_N_EVENTS] = {
  /* register, failed, lost, pending, approved, rotation, revoked, gone, connect, disconnect, alive,
     silent */
  { "registering", "-", "new", "waiting-for-approval", "ready", "needs-key-rotation", "revoked",
    "deleted", "-", "new", "-", "-" },
  { "-", "new", "-", "waiting-for-approval", "ready", "needs-key-rotation", "revoked", "deleted",
    "-", "registering", "-", "-" },
  { "registering", "-", "new", "waiting-for-approval", "ready", "needs-key-rotation", "revoked",
    "deleted", "-", "waiting-for-approval", "-", "-" },
  { "-", "-", "new", "waiting-for-approval", "ready", "needs-key-rotation", "revoked", "deleted",
    "connecting", "ready", "-", "-" },
  { "-", "-", "new", "waiting-for-approval", "connecting", "needs-key-rotation", "revoked",
    "deleted", "connecting", "ready", "connected", "connecting" },
  { "-", "-", "new", "waiting-for-approval", "connected", "needs-key-rotation", "revoked",
    "deleted", "connected", "ready", "connected", "connecting" },
  { "-", "-", "new", "waiting-for-approval", "ready", "needs-key-rotation", "revoked", "deleted",
    "-", "needs-key-rotation", "-", "-" },
  { "registering", "-", "new", "waiting-for-approval", "ready", "needs-key-rotation", "revoked",
    "deleted", "-", "revoked", "-", "-" },
  { "registering", "-", "new", "waiting-for-approval", "ready", "needs-key-rotation", "revoked",
    "deleted", "-", "deleted", "-", "-" },
};

static void
test_table (void)
{
  for (guint state = 0; state < LS_AGENT_N_STATES; state++)
    for (guint event = 0; event < LS_AGENT_N_EVENTS; event++)
      {
        LsAgentState next = LS_AGENT_N_STATES;
        gboolean allowed = ls_agent_state_next (state, event, &next);

        g_assert_cmpstr (allowed ? ls_agent_state_to_text (next) : "-", ==, table[state][event]);
        if (!allowed)
          g_assert_cmpint (next, ==, LS_AGENT_N_STATES);
      }
}

static void
test_up (void)
{
  for (guint state = 0; state < LS_AGENT_N_STATES; state++)
    g_assert_cmpint (ls_agent_state_is_up (state), ==,
                     state == LS_AGENT_STATE_CONNECTING || state == LS_AGENT_STATE_CONNECTED);
}

static void
test_backoff (void)
{
  g_assert_cmpfloat (ls_agent_control_backoff (1, 0.5), ==, 1);
  g_assert_cmpfloat (ls_agent_control_backoff (2, 0.5), ==, 2);
  g_assert_cmpfloat (ls_agent_control_backoff (5, 0.5), ==, 16);
  g_assert_cmpfloat (ls_agent_control_backoff (100, 0.5), ==, 120);
  g_assert_cmpfloat (ls_agent_control_backoff (G_MAXUINT, 1), ==, 150);
  g_assert_cmpfloat (ls_agent_control_backoff (G_MAXUINT, 0), ==, 90);
  g_assert_cmpfloat (ls_agent_control_backoff (0, 0.5), ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/agent/state/table", test_table);
  g_test_add_func ("/agent/state/up", test_up);
  g_test_add_func ("/agent/control/backoff", test_backoff);
  return g_test_run ();
}
