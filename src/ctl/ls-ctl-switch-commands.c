/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "ls-ctl-agent.h"
#include "ls-ctl-commands.h"
#include "ls-ctl-profile.h"

#define DEFAULT_SECONDS 60

static struct
{
  gboolean wait;
  int seconds;
} options = { FALSE, DEFAULT_SECONDS };

static const GOptionEntry up_entries[] = {
  { "wait", 'w', 0, G_OPTION_ARG_NONE, &options.wait, N_ ("Wait until another device answers"),
    NULL },
  { "timeout", 't', 0, G_OPTION_ARG_INT, &options.seconds,
    N_ ("Wait at most that long (60 seconds; 0: for ever)"), N_ ("SECONDS") },
  G_OPTION_ENTRY_NULL,
};

static gboolean
call_disconnect (LsCtl *ctl, LsAgentIpcProfile *profile, GError **error)
{
  return ls_ctl_call (ctl, profile, ls_agent_ipc_profile_call_disconnect,
                      ls_agent_ipc_profile_call_disconnect_finish, error);
}

static gboolean
is_connected (gpointer profile)
{
  return g_strcmp0 (ls_agent_ipc_profile_get_state (profile), "connected") == 0;
}

static gboolean
wait_connected (LsCtl *ctl, LsAgentIpcProfile *profile, GError **error)
{
  if (ls_ctl_wait_until (ctl, is_connected, profile, (guint)options.seconds))
    return TRUE;
  if (g_cancellable_set_error_if_cancelled (ctl->cancellable, error))
    return FALSE;
  if (ls_ctl_profile_get_next (profile) != NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                 _ ("%s was not approved in %d s; it connects by itself once it is."),
                 ls_agent_ipc_profile_get_name (profile), options.seconds);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                 _ ("%s is on, but no device has answered in %d s."),
                 ls_agent_ipc_profile_get_name (profile), options.seconds);
  return FALSE;
}

static gboolean
connect_and_wait (LsCtl *ctl, LsAgentIpcProfile *profile, GError **error)
{
  const char *next;

  if (!ls_ctl_call_connect (ctl, profile, error))
    return FALSE;
  if (options.wait)
    return wait_connected (ctl, profile, error);
  next = ls_ctl_profile_get_next (profile);
  if (next != NULL && !ctl->json)
    g_printerr ("%s\n", next);
  return TRUE;
}

/* Switches each of the networks, or the only one. */
static LsCtlStatus
switch_all (LsCtl *ctl, char **names, const char *done,
            gboolean (*call) (LsCtl *ctl, LsAgentIpcProfile *profile, GError **error))
{
  guint count = MAX (1, g_strv_length (names));

  for (guint i = 0; i < count; i++)
    {
      LsCtlStatus status = LS_CTL_OK;
      g_autoptr (GError) error = NULL;
      g_autoptr (LsAgentIpcProfile) profile = ls_ctl_open_profile (ctl, names[i], &status);

      if (profile == NULL)
        return status;
      if (!call (ctl, profile, &error))
        return ls_ctl_fail (ctl, g_steal_pointer (&error));
      if (ctl->json)
        ls_ctl_print_json (g_variant_new_parsed ("{'profile': <%s>, 'state': <%s>}",
                                                 ls_agent_ipc_profile_get_name (profile),
                                                 ls_agent_ipc_profile_get_state (profile)));
      else
        ls_ctl_print ("%s: %s", ls_agent_ipc_profile_get_name (profile), done);
    }
  return LS_CTL_OK;
}

static LsCtlStatus
up (LsCtl *ctl, char **names)
{
  if (options.seconds < 0)
    return ls_ctl_fail_usage (ctl, _ ("--timeout must not be negative."));
  return switch_all (ctl, names, options.wait ? _ ("connected") : _ ("switched on"),
                     connect_and_wait);
}

static LsCtlStatus
down (LsCtl *ctl, char **names)
{
  return switch_all (ctl, names, _ ("switched off"), call_disconnect);
}

const LsCtlCommand ls_ctl_switch_commands[] = {
  { "up", "[NETWORK…]", N_ ("Connect"), up_entries, 0, G_MAXUINT, up },
  { "down", "[NETWORK…]", N_ ("Disconnect"), NULL, 0, G_MAXUINT, down },
  { NULL },
};
