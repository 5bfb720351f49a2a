/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-tray-content.h"

#include <glib/gi18n-lib.h>

/* Characters of the state line in the menu; the tooltip has it whole. */
#define STATE_LINE_MAX 80

char *
ls_agent_tray_content_dup_action (const char *name)
{
  return g_strconcat ("network-", name, NULL);
}

/* Text that is not ours: an underscore is no mnemonic there. */
static char *
escape_label (const char *text)
{
  g_autoptr (GString) label = g_string_new (text);

  g_string_replace (label, "_", "__", 0);
  return g_string_free (g_steal_pointer (&label), FALSE);
}

static void
append (GMenu *menu, const char *text, const char *action, GVariant *target)
{
  g_autofree char *label = escape_label (text);
  g_autoptr (GMenuItem) item = g_menu_item_new (label, NULL);

  if (action != NULL)
    g_menu_item_set_action_and_target_value (item, action, target);
  g_menu_append_item (menu, item);
}

static void
append_section (GMenu *menu, GMenu *section)
{
  g_menu_append_section (menu, NULL, G_MENU_MODEL (section));
}

static char *
shorten (const char *text)
{
  g_autofree char *start = NULL;

  if (g_utf8_strlen (text, -1) <= STATE_LINE_MAX)
    return g_strdup (text);
  start = g_utf8_substring (text, 0, STATE_LINE_MAX - 1);
  return g_strconcat (start, "…", NULL);
}

static GMenu *
state_section (const char *state_line)
{
  g_autoptr (GMenu) section = g_menu_new ();
  g_autofree char *line = shorten (state_line);

  append (section, line, NULL, NULL);
  return g_steal_pointer (&section);
}

static const char *
state_words (const LsAgentTrayNetwork *network)
{
  switch (ls_agent_tray_network_get_look (network))
    {
    case LS_AGENT_TRAY_LOOK_ATTENTION:
      return _ ("needs attention");
    case LS_AGENT_TRAY_LOOK_CONNECTING:
      return _ ("connecting");
    default:
      break;
    }
  switch (network->state)
    {
    case LS_AGENT_STATE_NEW:
      return _ ("not joined");
    case LS_AGENT_STATE_REGISTERING:
      return _ ("joining");
    case LS_AGENT_STATE_WAITING_FOR_APPROVAL:
      return _ ("waiting for approval");
    default:
      return NULL;
    }
}

static void
append_network (GMenu *section, const LsAgentTrayNetwork *network)
{
  const char *words = state_words (network);
  g_autofree char *action = ls_agent_tray_content_dup_action (network->name);
  /* TRANSLATORS: a network and its state, as in "home (connecting)" */
  g_autofree char *text = words != NULL ? g_strdup_printf (_ ("%s (%s)"), network->title, words)
                                        : g_strdup (network->title);

  append (section, text, action, NULL);
}

static GMenu *
networks_section (const GArray *networks)
{
  g_autoptr (GMenu) section = g_menu_new ();

  for (guint i = 0; i < MIN (networks->len, LS_AGENT_TRAY_NETWORKS_MAX); i++)
    append_network (section, &g_array_index (networks, LsAgentTrayNetwork, i));
  if (networks->len == 0)
    append (section, _ ("Add a network…"), LS_AGENT_TRAY_ACTION_OPEN, NULL);
  if (networks->len > LS_AGENT_TRAY_NETWORKS_MAX)
    append (section, _ ("More…"), LS_AGENT_TRAY_ACTION_OPEN, NULL);
  return g_steal_pointer (&section);
}

static void
append_copy (GMenu *menu, const char *words, const char *text)
{
  g_autofree char *label = NULL;

  if (text[0] == '\0')
    return;
  /* TRANSLATORS: as in "Copy address: 100.64.0.1" */
  label = g_strdup_printf (_ ("%s: %s"), words, text);
  append (menu, label, LS_AGENT_TRAY_ACTION_COPY, g_variant_new_string (text));
}

/* One level of submenus only: with several networks their items follow each other, in order. */
static GMenu *
device_menu (const GArray *networks)
{
  g_autoptr (GMenu) menu = g_menu_new ();

  for (guint i = 0; i < MIN (networks->len, LS_AGENT_TRAY_NETWORKS_MAX); i++)
    {
      const LsAgentTrayNetwork *network = &g_array_index (networks, LsAgentTrayNetwork, i);
      g_autoptr (GMenu) section = g_menu_new ();

      append_copy (section, _ ("Copy address"), network->address);
      append_copy (section, _ ("Copy name"), network->device);
      append_section (menu, section);
    }
  return g_steal_pointer (&menu);
}

static gboolean
have_device (const GArray *networks)
{
  for (guint i = 0; i < MIN (networks->len, LS_AGENT_TRAY_NETWORKS_MAX); i++)
    {
      const LsAgentTrayNetwork *network = &g_array_index (networks, LsAgentTrayNetwork, i);

      if (network->address[0] != '\0' || network->device[0] != '\0')
        return TRUE;
    }
  return FALSE;
}

GMenu *
ls_agent_tray_content_new (const GArray *networks, const char *state_line)
{
  g_autoptr (GMenu) menu = g_menu_new ();
  g_autoptr (GMenu) state = state_section (state_line);
  g_autoptr (GMenu) switches = networks_section (networks);
  g_autoptr (GMenu) device = device_menu (networks);
  g_autoptr (GMenu) device_section = g_menu_new ();
  g_autoptr (GMenu) rest = g_menu_new ();

  append_section (menu, state);
  append_section (menu, switches);
  if (have_device (networks))
    g_menu_append_submenu (device_section, _ ("This device"), G_MENU_MODEL (device));
  append_section (menu, device_section);
  append (rest, _ ("Open Lightscale"), LS_AGENT_TRAY_ACTION_OPEN, NULL);
  append (rest, _ ("Quit"), LS_AGENT_TRAY_ACTION_QUIT, NULL);
  append_section (menu, rest);
  return g_steal_pointer (&menu);
}
