/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-tray.h"

#include <glib/gi18n-lib.h>

#include "ls-agent-tray-content.h"
#include "ls-agent-tray-item.h"
#include "ls-agent-tray-launcher.h"
#include "ls-agent-tray-menu.h"
#include "ls-agent-tray-summary.h"
#include "ls-error.h"

#define MENU_PATH "/StatusNotifierItem/Menu"
#define COPY_ACTION "copy-text"

struct _LsAgentTray
{
  GObject parent_instance;
  LsAgent *agent;
  GPtrArray *profiles; /* of LsAgentProfile, as in the agent's list */
  GSimpleActionGroup *actions;
  LsAgentTrayItem *item;
  LsAgentTrayMenu *menu;
  LsAgentTrayLauncher *launcher;
  GCancellable *cancellable;
  guint update_id;
  char *problem; /* the tray's own: the window does not open; or NULL */
  char *last_toggled; /* name of the profile that was switched last, or NULL */
};

G_DEFINE_FINAL_TYPE (LsAgentTray, ls_agent_tray, G_TYPE_OBJECT)

/* What the icon and the menu are made of; other properties change every second. */
static const char *const shown_properties[]
    = { "state", "want-up", "problem", "network-name", "node-name", "dns-name", "ipv4", "ipv6" };

static void queue_update (LsAgentTray *self);

static const char *
first_text (const char *a, const char *b)
{
  return a[0] != '\0' ? a : b;
}

static GArray *
list_networks (LsAgentTray *self)
{
  GArray *networks = g_array_new (FALSE, TRUE, sizeof (LsAgentTrayNetwork));

  for (guint i = 0; i < self->profiles->len; i++)
    {
      LsAgentProfile *profile = self->profiles->pdata[i];
      const char *name = ls_agent_profile_get_name (profile);
      const LsAgentTrayNetwork network = {
        .name = name,
        .title = first_text (ls_agent_profile_get_network_name (profile), name),
        .state = ls_agent_profile_get_state (profile),
        .want_up = ls_agent_profile_get_want_up (profile),
        .problem = ls_agent_profile_get_problem (profile),
        .address
        = first_text (ls_agent_profile_get_ipv4 (profile), ls_agent_profile_get_ipv6 (profile)),
        .device = first_text (ls_agent_profile_get_dns_name (profile),
                              ls_agent_profile_get_node_name (profile)),
      };

      g_array_append_val (networks, network);
    }
  return networks;
}

static LsAgentProfile *
find_profile (LsAgentTray *self, const char *name)
{
  for (guint i = 0; i < self->profiles->len; i++)
    if (g_strcmp0 (ls_agent_profile_get_name (self->profiles->pdata[i]), name) == 0)
      return self->profiles->pdata[i];
  return NULL;
}

static void
set_problem (LsAgentTray *self, const char *problem)
{
  if (g_strcmp0 (self->problem, problem) == 0)
    return;
  g_free (self->problem);
  self->problem = g_strdup (problem);
  queue_update (self);
}

static void
launched_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  LsAgentTray *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *message = NULL;

  if (ls_agent_tray_launcher_activate_finish (LS_AGENT_TRAY_LAUNCHER (source), result, &error))
    {
      set_problem (self, NULL);
      return;
    }
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  message = ls_error_dup_message (error);
  set_problem (self, message);
}

static void
open_window (LsAgentTray *self, const char *token)
{
  ls_agent_tray_launcher_activate_async (self->launcher, NULL, NULL, token, self->cancellable,
                                         launched_cb, self);
}

static void
open_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  LsAgentTray *self = user_data;
  g_autofree char *token = ls_agent_tray_item_steal_token (self->item);

  open_window (self, token);
}

/* Only a window has a clipboard. */
static void
copy_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  LsAgentTray *self = user_data;
  g_autofree char *token = ls_agent_tray_item_steal_token (self->item);

  ls_agent_tray_launcher_activate_async (self->launcher, COPY_ACTION, parameter, token,
                                         self->cancellable, launched_cb, self);
}

static void
quit_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  ls_agent_quit (LS_AGENT_TRAY (user_data)->agent);
}

/* The profile shows its problem itself, here and in the window; the window opens where a person has
 * to do something that a menu has no room for. */
static void
connected_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsAgentTray) self = user_data;
  g_autoptr (GError) error = NULL;

  if (ls_agent_profile_connect_finish (LS_AGENT_PROFILE (source), result, &error)
      || g_cancellable_is_cancelled (self->cancellable))
    return;
  if (g_error_matches (error, LS_ERROR, LS_ERROR_NOT_AUTHORIZED)
      || g_error_matches (error, LS_ERROR, LS_ERROR_NO_POLKIT_AGENT))
    open_window (self, NULL);
}

static void
disconnected_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsAgentTray) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!ls_agent_profile_disconnect_finish (LS_AGENT_PROFILE (source), result, &error)
      && !g_cancellable_is_cancelled (self->cancellable))
    open_window (self, NULL);
}

static void
toggle (LsAgentTray *self, LsAgentProfile *profile)
{
  if (!ls_agent_tray_state_can_toggle (ls_agent_profile_get_state (profile)))
    {
      g_autofree char *token = ls_agent_tray_item_steal_token (self->item);

      open_window (self, token);
    }
  else if (ls_agent_profile_get_want_up (profile))
    ls_agent_profile_disconnect_async (profile, NULL, disconnected_cb, g_object_ref (self));
  else
    ls_agent_profile_connect_async (profile, NULL, connected_cb, g_object_ref (self));
}

static void
network_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  LsAgentTray *self = user_data;
  LsAgentProfile *profile = find_profile (self, g_object_get_data (G_OBJECT (action), "profile"));

  if (profile != NULL)
    toggle (self, profile);
}

/* The default network is the one that was switched last, or the first one. */
static void
secondary_activate_cb (LsAgentTrayItem *item, gpointer user_data)
{
  LsAgentTray *self = user_data;
  LsAgentProfile *profile = find_profile (self, self->last_toggled);

  if (profile == NULL && self->profiles->len > 0)
    profile = self->profiles->pdata[0];
  if (profile != NULL)
    toggle (self, profile);
  else
    open_window (self, NULL);
}

static void
activate_cb (LsAgentTrayItem *item, const char *token, gpointer user_data)
{
  open_window (user_data, token);
}

static void
update_action (LsAgentTray *self, const LsAgentTrayNetwork *network)
{
  g_autofree char *name = ls_agent_tray_content_dup_action (network->name);
  GAction *known = g_action_map_lookup_action (G_ACTION_MAP (self->actions), name);
  g_autoptr (GVariant) state = g_variant_ref_sink (g_variant_new_boolean (network->want_up));
  g_autoptr (GSimpleAction) action = NULL;

  if (known != NULL)
    {
      g_simple_action_set_state (G_SIMPLE_ACTION (known), state);
      return;
    }
  action = g_simple_action_new_stateful (name, NULL, state);
  g_object_set_data_full (G_OBJECT (action), "profile", g_strdup (network->name), g_free);
  g_signal_connect (action, "activate", G_CALLBACK (network_cb), self);
  g_action_map_add_action (G_ACTION_MAP (self->actions), G_ACTION (action));
}

static void
update (LsAgentTray *self)
{
  g_autoptr (GArray) networks = list_networks (self);
  g_autofree char *text = self->problem != NULL ? g_strdup (self->problem)
                                                : ls_agent_tray_summary_dup_text (networks);
  LsAgentTrayLook look = self->problem != NULL ? LS_AGENT_TRAY_LOOK_ATTENTION
                                               : ls_agent_tray_summary_get_look (networks);
  g_autoptr (GMenu) content = ls_agent_tray_content_new (networks, text);

  for (guint i = 0; i < networks->len; i++)
    update_action (self, &g_array_index (networks, LsAgentTrayNetwork, i));
  ls_agent_tray_menu_update (self->menu, G_MENU_MODEL (content));
  ls_agent_tray_item_set (self->item, ls_agent_tray_look_get_icon_name (look),
                          look == LS_AGENT_TRAY_LOOK_ATTENTION, text);
}

static gboolean
update_cb (gpointer user_data)
{
  LsAgentTray *self = user_data;

  self->update_id = 0;
  update (self);
  return G_SOURCE_REMOVE;
}

/* Several properties change at once: the panel is told once. */
static void
queue_update (LsAgentTray *self)
{
  if (self->update_id == 0)
    self->update_id = g_idle_add (update_cb, self);
}

static void
want_up_cb (LsAgentProfile *profile, GParamSpec *pspec, gpointer user_data)
{
  LsAgentTray *self = user_data;

  g_free (self->last_toggled);
  self->last_toggled = g_strdup (ls_agent_profile_get_name (profile));
}

static void
watch_profile (LsAgentTray *self, LsAgentProfile *profile)
{
  g_ptr_array_add (self->profiles, g_object_ref (profile));
  g_signal_connect (profile, "notify::want-up", G_CALLBACK (want_up_cb), self);
  for (guint i = 0; i < G_N_ELEMENTS (shown_properties); i++)
    {
      g_autofree char *detailed = g_strconcat ("notify::", shown_properties[i], NULL);

      g_signal_connect_swapped (profile, detailed, G_CALLBACK (queue_update), self);
    }
}

static void
unwatch_profiles (LsAgentTray *self)
{
  for (guint i = 0; i < self->profiles->len; i++)
    g_signal_handlers_disconnect_by_data (self->profiles->pdata[i], self);
  g_ptr_array_set_size (self->profiles, 0);
}

static void
items_changed_cb (GListModel *list, guint position, guint removed, guint added, gpointer user_data)
{
  LsAgentTray *self = user_data;

  unwatch_profiles (self);
  for (guint i = 0; i < g_list_model_get_n_items (list); i++)
    {
      g_autoptr (LsAgentProfile) profile = g_list_model_get_item (list, i);

      watch_profile (self, profile);
    }
  queue_update (self);
}

static void
quit_signal_cb (LsAgent *agent, gpointer user_data)
{
  LsAgentTray *self = user_data;

  g_cancellable_cancel (self->cancellable);
  ls_agent_tray_item_unexport (self->item);
  ls_agent_tray_menu_unexport (self->menu);
}

static void
ls_agent_tray_dispose (GObject *object)
{
  LsAgentTray *self = LS_AGENT_TRAY (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->update_id, g_source_remove);
  unwatch_profiles (self);
  if (self->agent != NULL)
    g_signal_handlers_disconnect_by_data (self->agent, self);
  if (self->item != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->item, self);
      ls_agent_tray_item_unexport (self->item);
    }
  if (self->menu != NULL)
    ls_agent_tray_menu_unexport (self->menu);
  g_clear_object (&self->agent);
  g_clear_object (&self->item);
  g_clear_object (&self->menu);
  g_clear_object (&self->launcher);
  G_OBJECT_CLASS (ls_agent_tray_parent_class)->dispose (object);
}

static void
ls_agent_tray_finalize (GObject *object)
{
  LsAgentTray *self = LS_AGENT_TRAY (object);

  g_ptr_array_unref (self->profiles);
  g_object_unref (self->actions);
  g_object_unref (self->cancellable);
  g_free (self->problem);
  g_free (self->last_toggled);
  G_OBJECT_CLASS (ls_agent_tray_parent_class)->finalize (object);
}

static void
ls_agent_tray_class_init (LsAgentTrayClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ls_agent_tray_dispose;
  G_OBJECT_CLASS (klass)->finalize = ls_agent_tray_finalize;
}

static void
ls_agent_tray_init (LsAgentTray *self)
{
  static const GActionEntry entries[] = {
    { LS_AGENT_TRAY_ACTION_OPEN, open_cb, NULL, NULL, NULL, { 0 } },
    { LS_AGENT_TRAY_ACTION_COPY, copy_cb, "s", NULL, NULL, { 0 } },
    { LS_AGENT_TRAY_ACTION_QUIT, quit_cb, NULL, NULL, NULL, { 0 } },
  };

  self->profiles = g_ptr_array_new_with_free_func (g_object_unref);
  self->cancellable = g_cancellable_new ();
  self->actions = g_simple_action_group_new ();
  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), entries, G_N_ELEMENTS (entries),
                                   self);
}

/* The icons of this program: nothing to say where the icon theme has them; the folder where it was
 * installed elsewhere, or in the build. */
static char *
find_icon_theme_path (void)
{
  g_autofree char *file
      = g_strconcat ("hicolor/symbolic/apps/",
                     ls_agent_tray_look_get_icon_name (LS_AGENT_TRAY_LOOK_OFF), ".svg", NULL);
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = program != NULL ? g_path_get_dirname (program) : g_strdup ("/");
  g_autofree char *build = g_build_filename (folder, "..", "..", "data", "icons", NULL);
  g_autofree char *build_file = g_build_filename (build, file, NULL);
  g_autofree char *installed = g_build_filename (LS_DATADIR, "icons", NULL);
  g_autofree char *installed_file = g_build_filename (installed, file, NULL);

  if (g_file_test (build_file, G_FILE_TEST_IS_REGULAR))
    return g_canonicalize_filename (build, NULL);
  if (g_strv_contains (g_get_system_data_dirs (), LS_DATADIR)
      || !g_file_test (installed_file, G_FILE_TEST_IS_REGULAR))
    return g_strdup ("");
  return g_steal_pointer (&installed);
}

LsAgentTray *
ls_agent_tray_new (LsAgent *agent, GDBusConnection *connection, GError **error)
{
  g_autoptr (LsAgentTray) self = g_object_new (LS_TYPE_AGENT_TRAY, NULL);
  g_autofree char *icon_theme_path = find_icon_theme_path ();

  self->agent = g_object_ref (agent);
  self->launcher = ls_agent_tray_launcher_new (connection);
  self->menu = ls_agent_tray_menu_new (G_ACTION_GROUP (self->actions));
  self->item = ls_agent_tray_item_new (MENU_PATH, icon_theme_path);
  g_signal_connect (self->item, "activate", G_CALLBACK (activate_cb), self);
  g_signal_connect (self->item, "secondary-activate", G_CALLBACK (secondary_activate_cb), self);
  g_signal_connect (agent, "items-changed", G_CALLBACK (items_changed_cb), self);
  g_signal_connect (agent, "quit", G_CALLBACK (quit_signal_cb), self);
  items_changed_cb (G_LIST_MODEL (agent), 0, 0, 0, self);
  update (self);
  if (!ls_agent_tray_menu_export (self->menu, connection, MENU_PATH, error)
      || !ls_agent_tray_item_export (self->item, connection, error))
    return NULL;
  return g_steal_pointer (&self);
}
