/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ui-network-private.h"

#include <glib/gi18n-lib.h>

#include "ls-error.h"

#include "ls-ui-format.h"

static gint64
now_seconds (void)
{
  return g_get_real_time () / G_USEC_PER_SEC;
}

static const char *
or_empty (const char *text)
{
  return text != NULL ? text : "";
}

const char *
ls_ui_network_get_title (LsUiNetwork *self)
{
  const char *title = or_empty (ls_agent_ipc_profile_get_network_name (self->proxy));

  return *title != '\0' ? title : or_empty (ls_agent_ipc_profile_get_name (self->proxy));
}

char *
ls_ui_network_dup_subtitle (LsUiNetwork *self)
{
  const char *node_name = or_empty (ls_agent_ipc_profile_get_node_name (self->proxy));
  const char *label = ls_ui_state_get_label (ls_ui_network_get_state (self));

  if (*node_name == '\0')
    return g_strdup (label);
  return g_strdup_printf ("%s · %s", label, node_name);
}

char *
ls_ui_network_dup_summary (LsUiNetwork *self)
{
  switch (ls_ui_network_get_state (self))
    {
    case LS_UI_STATE_NEW:
      return g_strdup (_ ("This device has not joined the network."));
    case LS_UI_STATE_REGISTERING:
      return g_strdup (_ ("Asking the server…"));
    case LS_UI_STATE_WAITING_FOR_APPROVAL:
      return g_strdup (_ ("Somebody must let this device in."));
    case LS_UI_STATE_NEEDS_KEY_ROTATION:
      return g_strdup (_ ("The keys of this device are too old for the network."));
    case LS_UI_STATE_REVOKED:
      return g_strdup (_ ("An administrator has shut this device out."));
    case LS_UI_STATE_DELETED:
      return g_strdup (_ ("The server does not know this device."));
    case LS_UI_STATE_UNKNOWN:
    case LS_UI_STATE_READY:
    case LS_UI_STATE_CONNECTING:
    case LS_UI_STATE_CONNECTED:
    case LS_UI_N_STATES:
    default:
      return ls_ui_format_devices (ls_agent_ipc_profile_get_peer_count (self->proxy),
                                   ls_agent_ipc_profile_get_peers_online (self->proxy));
    }
}

char *
ls_ui_network_dup_servers (LsUiNetwork *self)
{
  const char *const *urls = ls_agent_ipc_profile_get_control_urls (self->proxy);

  return urls != NULL ? g_strjoinv ("\n", (char **)urls) : g_strdup ("");
}

gboolean
ls_ui_network_is_waiting (LsUiNetwork *self)
{
  return ls_ui_network_get_state (self) == LS_UI_STATE_WAITING_FOR_APPROVAL;
}

gboolean
ls_ui_network_is_link_expired (LsUiNetwork *self)
{
  gint64 expires = ls_agent_ipc_profile_get_auth_expires (self->proxy);

  return ls_ui_network_is_waiting (self) && expires > 0 && expires <= now_seconds ();
}

char *
ls_ui_network_dup_unreachable (LsUiNetwork *self)
{
  gint64 since = ls_agent_ipc_profile_get_control_since (self->proxy);
  g_autofree char *clock = NULL;

  if (since <= 0 || ls_agent_ipc_profile_get_control_reachable (self->proxy)
      || ls_ui_network_get_state (self) == LS_UI_STATE_NEW)
    return g_strdup ("");
  clock = ls_ui_format_clock (since, now_seconds ());
  return g_strdup_printf (_ ("Control server unreachable since %s"), clock);
}

char *
ls_ui_network_dup_problem (LsUiNetwork *self, guint index)
{
  GVariant *problem = ls_agent_ipc_profile_get_problem (self->proxy);
  char *text = NULL;

  if (problem == NULL || !g_variant_is_of_type (problem, G_VARIANT_TYPE ("(sss)")))
    return g_strdup ("");
  g_variant_get_child (problem, index, "s", &text);
  return text;
}

/* The failure of a verb, unless the agent says the same. */
char *
ls_ui_network_dup_failure_title (LsUiNetwork *self)
{
  g_autofree char *title = NULL;
  g_autofree char *problem = NULL;

  if (self->failure == NULL)
    return g_strdup ("");
  title = ls_error_dup_message (self->failure);
  problem = ls_ui_network_dup_problem (self, 0);
  return g_str_equal (title, problem) ? g_strdup ("") : g_steal_pointer (&title);
}

char *
ls_ui_network_dup_left_out_title (LsUiNetwork *self)
{
  GVariant *left_out = ls_agent_ipc_profile_get_left_out (self->proxy);
  gulong count = left_out != NULL ? g_variant_n_children (left_out) : 0;

  if (count == 0)
    return g_strdup ("");
  return g_strdup_printf (ngettext ("%lu part of this network is not used",
                                    "%lu parts of this network are not used", count),
                          count);
}

char *
ls_ui_network_dup_left_out (LsUiNetwork *self)
{
  GVariant *left_out = ls_agent_ipc_profile_get_left_out (self->proxy);
  g_autoptr (GString) lines = g_string_new (NULL);
  const char *subject;
  const char *reason;
  GVariantIter iter;

  if (left_out == NULL)
    return g_strdup ("");
  g_variant_iter_init (&iter, left_out);
  while (g_variant_iter_next (&iter, "(&s&s)", &subject, &reason))
    g_string_append_printf (lines, "%s%s: %s", lines->len > 0 ? "\n" : "", subject, reason);
  return g_string_free (g_steal_pointer (&lines), FALSE);
}

char *
ls_ui_network_dup_time_left (LsUiNetwork *self)
{
  gint64 expires = ls_agent_ipc_profile_get_auth_expires (self->proxy);

  return ls_ui_format_time_left (ls_ui_network_is_waiting (self) ? expires : 0, now_seconds ());
}
