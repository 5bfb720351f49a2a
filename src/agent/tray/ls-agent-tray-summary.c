/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-tray-summary.h"

#include <glib/gi18n-lib.h>

#include "ls-names.h"

LsAgentTrayLook
ls_agent_tray_network_get_look (const LsAgentTrayNetwork *network)
{
  if (network->problem[0] != '\0')
    return LS_AGENT_TRAY_LOOK_ATTENTION;
  switch (network->state)
    {
    case LS_AGENT_STATE_REVOKED:
    case LS_AGENT_STATE_DELETED:
    case LS_AGENT_STATE_NEEDS_KEY_ROTATION:
      return LS_AGENT_TRAY_LOOK_ATTENTION;
    case LS_AGENT_STATE_CONNECTING:
      return LS_AGENT_TRAY_LOOK_CONNECTING;
    case LS_AGENT_STATE_CONNECTED:
      return LS_AGENT_TRAY_LOOK_CONNECTED;
    case LS_AGENT_STATE_READY:
      return network->want_up ? LS_AGENT_TRAY_LOOK_CONNECTING : LS_AGENT_TRAY_LOOK_OFF;
    default:
      return LS_AGENT_TRAY_LOOK_OFF;
    }
}

LsAgentTrayLook
ls_agent_tray_summary_get_look (const GArray *networks)
{
  LsAgentTrayLook look = LS_AGENT_TRAY_LOOK_OFF;

  for (guint i = 0; i < networks->len; i++)
    look = MAX (look,
                ls_agent_tray_network_get_look (&g_array_index (networks, LsAgentTrayNetwork, i)));
  return look;
}

const char *
ls_agent_tray_look_get_icon_name (LsAgentTrayLook look)
{
  static const char *const names[] = {
    [LS_AGENT_TRAY_LOOK_OFF] = LS_APP_ID "-off-symbolic",
    [LS_AGENT_TRAY_LOOK_CONNECTED] = LS_APP_ID "-connected-symbolic",
    [LS_AGENT_TRAY_LOOK_CONNECTING] = LS_APP_ID "-connecting-symbolic",
    [LS_AGENT_TRAY_LOOK_ATTENTION] = LS_APP_ID "-attention-symbolic",
  };

  return names[look];
}

static char *
attention_text (const LsAgentTrayNetwork *network)
{
  if (network->problem[0] != '\0')
    return g_strdup_printf (_ ("%s: %s"), network->title, network->problem);
  switch (network->state)
    {
    case LS_AGENT_STATE_REVOKED:
      return g_strdup_printf (_ ("%s: this device was revoked"), network->title);
    case LS_AGENT_STATE_DELETED:
      return g_strdup_printf (_ ("%s: the server does not know this device any more"),
                              network->title);
    default:
      return g_strdup_printf (_ ("%s: the keys of this device must be renewed"), network->title);
    }
}

static char *
connected_text (const LsAgentTrayNetwork *network, guint count)
{
  if (count == 1)
    return g_strdup_printf (_ ("Connected to %s"), network->title);
  return g_strdup_printf (
      g_dngettext (GETTEXT_PACKAGE, "Connected to %u network", "Connected to %u networks", count),
      count);
}

static char *
off_text (const LsAgentTrayNetwork *network)
{
  switch (network->state)
    {
    case LS_AGENT_STATE_WAITING_FOR_APPROVAL:
      return g_strdup_printf (_ ("%s: waiting for approval"), network->title);
    case LS_AGENT_STATE_REGISTERING:
      return g_strdup_printf (_ ("%s: joining…"), network->title);
    default:
      return g_strdup (_ ("Not connected"));
    }
}

/* Of the networks that look off, one that is about to join says more than one that is. */
static gboolean
says_more (const LsAgentTrayNetwork *network, const LsAgentTrayNetwork *than)
{
  return than == NULL || than->state == LS_AGENT_STATE_NEW || than->state == LS_AGENT_STATE_READY;
}

char *
ls_agent_tray_summary_dup_text (const GArray *networks)
{
  LsAgentTrayLook look = ls_agent_tray_summary_get_look (networks);
  const LsAgentTrayNetwork *first = NULL;
  guint count = 0;

  for (guint i = 0; i < networks->len; i++)
    {
      const LsAgentTrayNetwork *network = &g_array_index (networks, LsAgentTrayNetwork, i);

      if (ls_agent_tray_network_get_look (network) != look)
        continue;
      count++;
      if (first == NULL || (look == LS_AGENT_TRAY_LOOK_OFF && says_more (network, first)))
        first = network;
    }
  if (first == NULL)
    return g_strdup (_ ("No network yet"));
  switch (look)
    {
    case LS_AGENT_TRAY_LOOK_ATTENTION:
      return attention_text (first);
    case LS_AGENT_TRAY_LOOK_CONNECTING:
      return g_strdup_printf (_ ("Connecting to %s…"), first->title);
    case LS_AGENT_TRAY_LOOK_CONNECTED:
      return connected_text (first, count);
    default:
      return off_text (first);
    }
}

gboolean
ls_agent_tray_state_can_toggle (LsAgentState state)
{
  return state == LS_AGENT_STATE_READY || state == LS_AGENT_STATE_CONNECTING
         || state == LS_AGENT_STATE_CONNECTED;
}
