/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ui-network-actions.h"

static void
change_enabled_cb (GSimpleAction *action, GVariant *value, gpointer user_data)
{
  /* The state follows the agent's WantUp, not the click. */
  ls_ui_network_set_enabled (user_data, g_variant_get_boolean (value));
}

static void
approve_now_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  ls_ui_network_approve_now (user_data);
}

static void
refresh_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  ls_ui_network_refresh (user_data);
}

static void
dismiss_failure_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  ls_ui_network_dismiss_failure (user_data);
}

static void
want_up_cb (LsUiNetwork *network, GParamSpec *pspec, gpointer user_data)
{
  g_simple_action_set_state (user_data,
                             g_variant_new_boolean (ls_ui_network_get_want_up (network)));
}

static void
can_switch_cb (LsUiNetwork *network, GParamSpec *pspec, gpointer user_data)
{
  g_simple_action_set_enabled (user_data, ls_ui_network_can_switch (network));
}

static void
follow_switch (LsUiNetwork *network, GActionMap *group)
{
  GSimpleAction *action = G_SIMPLE_ACTION (g_action_map_lookup_action (group, "enabled"));

  g_signal_connect_object (network, "notify::want-up", G_CALLBACK (want_up_cb), action, 0);
  g_signal_connect_object (network, "notify::can-switch", G_CALLBACK (can_switch_cb), action, 0);
  want_up_cb (network, NULL, action);
  can_switch_cb (network, NULL, action);
}

GSimpleActionGroup *
ls_ui_network_actions_new (LsUiNetwork *network)
{
  static const GActionEntry entries[] = {
    { .name = "enabled", .state = "false", .change_state = change_enabled_cb },
    { .name = "approve-now", .activate = approve_now_cb },
    { .name = "refresh", .activate = refresh_cb },
    { .name = "dismiss-failure", .activate = dismiss_failure_cb },
  };
  GSimpleActionGroup *group = g_simple_action_group_new ();

  g_action_map_add_action_entries (G_ACTION_MAP (group), entries, G_N_ELEMENTS (entries), network);
  /* The actions call the network: it lives as long as they do. */
  g_object_set_data_full (G_OBJECT (group), "network", g_object_ref (network), g_object_unref);
  follow_switch (network, G_ACTION_MAP (group));
  return group;
}
