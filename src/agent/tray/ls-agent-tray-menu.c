/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ls-agent-tray-menu.h"

#include "ls-agent-tray-ipc.h"
#include "ls-agent-tray-tree.h"

#define DBUSMENU_VERSION 3

struct _LsAgentTrayMenu
{
  GObject parent_instance;
  GActionGroup *actions;
  LsTrayIpcMenu *skeleton;
  LsAgentTrayTree *tree;
  guint revision;
};

G_DEFINE_FINAL_TYPE (LsAgentTrayMenu, ls_agent_tray_menu, G_TYPE_OBJECT)

static gboolean
refuse_unknown (GDBusMethodInvocation *invocation, gint32 id)
{
  g_dbus_method_invocation_return_error (invocation, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS,
                                         "There is no menu item %d", id);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
get_layout_cb (LsTrayIpcMenu *skeleton, GDBusMethodInvocation *invocation, gint32 parent,
               gint32 depth, const char *const *names, LsAgentTrayMenu *self)
{
  GVariant *layout = ls_agent_tray_tree_get_layout (self->tree, parent, depth, names);

  if (layout == NULL)
    return refuse_unknown (invocation, parent);
  ls_tray_ipc_menu_complete_get_layout (skeleton, invocation, self->revision, layout);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
get_group_properties_cb (LsTrayIpcMenu *skeleton, GDBusMethodInvocation *invocation, GVariant *ids,
                         const char *const *names, LsAgentTrayMenu *self)
{
  gsize n_ids = 0;
  const gint32 *fixed = g_variant_get_fixed_array (ids, &n_ids, sizeof (gint32));

  ls_tray_ipc_menu_complete_get_group_properties (
      skeleton, invocation, ls_agent_tray_tree_get_group (self->tree, fixed, n_ids, names));
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
get_property_cb (LsTrayIpcMenu *skeleton, GDBusMethodInvocation *invocation, gint32 id,
                 const char *name, LsAgentTrayMenu *self)
{
  g_autoptr (GVariant) value = ls_agent_tray_tree_dup_property (self->tree, id, name);

  if (value == NULL && !ls_agent_tray_tree_has (self->tree, id))
    return refuse_unknown (invocation, id);
  if (value == NULL)
    g_dbus_method_invocation_return_error (invocation, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS,
                                           "Menu items have no such property");
  else
    ls_tray_ipc_menu_complete_get_property (skeleton, invocation, g_variant_new_variant (value));
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

/* The action may change the menu and so free the tree that its name is in. */
static gboolean
handle_event (LsAgentTrayMenu *self, gint32 id, const char *event)
{
  const char *action = NULL;
  GVariant *target = NULL;

  if (!ls_agent_tray_tree_has (self->tree, id))
    return FALSE;
  if (g_str_equal (event, "clicked")
      && ls_agent_tray_tree_get_action (self->tree, id, &action, &target))
    {
      g_autofree char *name = g_strdup (action);
      g_autoptr (GVariant) parameter = target != NULL ? g_variant_ref (target) : NULL;

      g_action_group_activate_action (self->actions, name, parameter);
    }
  return TRUE;
}

static gboolean
event_cb (LsTrayIpcMenu *skeleton, GDBusMethodInvocation *invocation, gint32 id, const char *event,
          GVariant *data, guint timestamp, LsAgentTrayMenu *self)
{
  if (!handle_event (self, id, event))
    return refuse_unknown (invocation, id);
  ls_tray_ipc_menu_complete_event (skeleton, invocation);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
event_group_cb (LsTrayIpcMenu *skeleton, GDBusMethodInvocation *invocation, GVariant *events,
                LsAgentTrayMenu *self)
{
  GVariantBuilder unknown = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("ai"));
  g_autoptr (LsAgentTrayMenu) keep = g_object_ref (self);
  GVariantIter iter;
  const char *event;
  gint32 id;

  g_variant_iter_init (&iter, events);
  while (g_variant_iter_next (&iter, "(i&svu)", &id, &event, NULL, NULL))
    if (!handle_event (keep, id, event))
      g_variant_builder_add (&unknown, "i", id);
  ls_tray_ipc_menu_complete_event_group (skeleton, invocation, g_variant_builder_end (&unknown));
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

/* Menus are always up to date: nothing has to be made when one is opened. */
static gboolean
about_to_show_cb (LsTrayIpcMenu *skeleton, GDBusMethodInvocation *invocation, gint32 id,
                  LsAgentTrayMenu *self)
{
  if (!ls_agent_tray_tree_has (self->tree, id))
    return refuse_unknown (invocation, id);
  ls_tray_ipc_menu_complete_about_to_show (skeleton, invocation, FALSE);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
about_to_show_group_cb (LsTrayIpcMenu *skeleton, GDBusMethodInvocation *invocation, GVariant *ids,
                        LsAgentTrayMenu *self)
{
  GVariantBuilder unknown = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("ai"));
  gsize n_ids = 0;
  const gint32 *fixed = g_variant_get_fixed_array (ids, &n_ids, sizeof (gint32));

  for (gsize i = 0; i < n_ids; i++)
    if (!ls_agent_tray_tree_has (self->tree, fixed[i]))
      g_variant_builder_add (&unknown, "i", fixed[i]);
  ls_tray_ipc_menu_complete_about_to_show_group (
      skeleton, invocation, g_variant_new_array (G_VARIANT_TYPE_INT32, NULL, 0),
      g_variant_builder_end (&unknown));
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static void
tell_layout (LsAgentTrayMenu *self)
{
  self->revision++;
  ls_tray_ipc_menu_emit_layout_updated (self->skeleton, self->revision, 0);
}

static void
tell_properties (LsAgentTrayMenu *self, GVariant *changes)
{
  g_autoptr (GVariant) updated = g_variant_get_child_value (changes, 0);
  g_autoptr (GVariant) removed = g_variant_get_child_value (changes, 1);

  ls_tray_ipc_menu_emit_items_properties_updated (self->skeleton, updated, removed);
}

void
ls_agent_tray_menu_update (LsAgentTrayMenu *self, GMenuModel *model)
{
  g_autoptr (LsAgentTrayTree) before = g_steal_pointer (&self->tree);
  g_autoptr (GVariant) changes = NULL;

  self->tree = ls_agent_tray_tree_new (model, self->actions);
  if (ls_agent_tray_tree_adopt_ids (self->tree, before))
    {
      tell_layout (self);
      return;
    }
  changes = ls_agent_tray_tree_diff (before, self->tree);
  if (changes != NULL)
    tell_properties (self, g_variant_ref_sink (changes));
}

gboolean
ls_agent_tray_menu_export (LsAgentTrayMenu *self, GDBusConnection *connection, const char *path,
                           GError **error)
{
  return g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (self->skeleton), connection,
                                           path, error);
}

void
ls_agent_tray_menu_unexport (LsAgentTrayMenu *self)
{
  GDBusInterfaceSkeleton *skeleton = G_DBUS_INTERFACE_SKELETON (self->skeleton);

  if (g_dbus_interface_skeleton_get_connection (skeleton) != NULL)
    g_dbus_interface_skeleton_unexport (skeleton);
}

static void
ls_agent_tray_menu_dispose (GObject *object)
{
  LsAgentTrayMenu *self = LS_AGENT_TRAY_MENU (object);

  if (self->skeleton != NULL)
    {
      ls_agent_tray_menu_unexport (self);
      g_signal_handlers_disconnect_by_data (self->skeleton, self);
    }
  g_clear_object (&self->skeleton);
  g_clear_object (&self->actions);
  G_OBJECT_CLASS (ls_agent_tray_menu_parent_class)->dispose (object);
}

static void
ls_agent_tray_menu_finalize (GObject *object)
{
  ls_agent_tray_tree_free (LS_AGENT_TRAY_MENU (object)->tree);
  G_OBJECT_CLASS (ls_agent_tray_menu_parent_class)->finalize (object);
}

static void
ls_agent_tray_menu_class_init (LsAgentTrayMenuClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ls_agent_tray_menu_dispose;
  G_OBJECT_CLASS (klass)->finalize = ls_agent_tray_menu_finalize;
}

static void
ls_agent_tray_menu_init (LsAgentTrayMenu *self)
{
  g_autoptr (GMenu) empty = g_menu_new ();

  self->tree = ls_agent_tray_tree_new (G_MENU_MODEL (empty), NULL);
  self->skeleton = ls_tray_ipc_menu_skeleton_new ();
  ls_tray_ipc_menu_set_version (self->skeleton, DBUSMENU_VERSION);
  ls_tray_ipc_menu_set_status (self->skeleton, "normal");
  ls_tray_ipc_menu_set_text_direction (self->skeleton, "ltr");
  ls_tray_ipc_menu_set_icon_theme_path (self->skeleton, (const char *const[]){ NULL });
  g_object_connect (self->skeleton, "signal::handle-get-layout", get_layout_cb, self,
                    "signal::handle-get-group-properties", get_group_properties_cb, self,
                    "signal::handle-get-property", get_property_cb, self, "signal::handle-event",
                    event_cb, self, "signal::handle-event-group", event_group_cb, self,
                    "signal::handle-about-to-show", about_to_show_cb, self,
                    "signal::handle-about-to-show-group", about_to_show_group_cb, self, NULL);
}

LsAgentTrayMenu *
ls_agent_tray_menu_new (GActionGroup *actions)
{
  LsAgentTrayMenu *self = g_object_new (LS_TYPE_AGENT_TRAY_MENU, NULL);

  self->actions = g_object_ref (actions);
  return self;
}
