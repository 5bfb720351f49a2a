/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <gio/gio.h>

#include "ls-agent-tray-item.h"
#include "ls-agent-tray-menu.h"

#define MENU_PATH "/test/menu"
#define ITEM_PATH "/StatusNotifierItem"
#define MENU "com.canonical.dbusmenu"
#define ITEM "org.kde.StatusNotifierItem"
#define WATCHER "org.kde.StatusNotifierWatcher"

/* What a panel is: a connection of its own, and what it has heard. */
typedef struct
{
  GTestDBus *bus;
  GDBusConnection *agent;
  GDBusConnection *panel;
  GString *heard; /* signals in order, "Name(arguments) " */
  GString *done; /* actions in order */
} Fixture;

static GDBusConnection *
connection_new (GTestDBus *bus)
{
  return g_dbus_connection_new_for_address_sync (
      g_test_dbus_get_bus_address (bus),
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
          | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, NULL, NULL);
}

static void
heard_cb (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
          const char *name, GVariant *arguments, gpointer user_data)
{
  g_autofree char *text = g_variant_print (arguments, FALSE);

  g_string_append_printf (((Fixture *)user_data)->heard, "%s%s ", name, text);
}

static void
set_up (Fixture *fixture, gconstpointer unused)
{
  fixture->bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (fixture->bus);
  fixture->agent = connection_new (fixture->bus);
  fixture->panel = connection_new (fixture->bus);
  g_assert_nonnull (fixture->agent);
  g_assert_nonnull (fixture->panel);
  fixture->heard = g_string_new (NULL);
  fixture->done = g_string_new (NULL);
  g_dbus_connection_signal_subscribe (
      fixture->panel, g_dbus_connection_get_unique_name (fixture->agent), MENU, NULL, NULL, NULL,
      G_DBUS_SIGNAL_FLAGS_NONE, heard_cb, fixture, NULL);
  g_dbus_connection_signal_subscribe (
      fixture->panel, g_dbus_connection_get_unique_name (fixture->agent), ITEM, NULL, NULL, NULL,
      G_DBUS_SIGNAL_FLAGS_NONE, heard_cb, fixture, NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer unused)
{
  g_dbus_connection_close_sync (fixture->panel, NULL, NULL);
  g_dbus_connection_close_sync (fixture->agent, NULL, NULL);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_object_unref (fixture->panel);
  g_object_unref (fixture->agent);
  g_test_dbus_down (fixture->bus);
  g_object_unref (fixture->bus);
  g_string_free (fixture->heard, TRUE);
  g_string_free (fixture->done, TRUE);
}

static void
result_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **)user_data = g_object_ref (result);
}

/* What the panel gets for a call, as text; an error as its D-Bus name. */
static char *
call (Fixture *fixture, const char *path, const char *interface, const char *method,
      const char *arguments)
{
  g_autoptr (GVariant) parameters = g_variant_parse (NULL, arguments, NULL, NULL, NULL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;

  g_assert_nonnull (parameters);
  g_dbus_connection_call (fixture->panel, g_dbus_connection_get_unique_name (fixture->agent), path,
                          interface, method, parameters, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL,
                          result_cb, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  reply = g_dbus_connection_call_finish (fixture->panel, result, &error);
  return reply != NULL ? g_variant_print (reply, FALSE) : g_dbus_error_get_remote_error (error);
}

static void
assert_call (Fixture *fixture, const char *path, const char *interface, const char *method,
             const char *arguments, const char *expected)
{
  g_autofree char *text = call (fixture, path, interface, method, arguments);

  g_assert_cmpstr (text, ==, expected);
}

/* A call and its answer after the signals: they have all arrived then. */
static void
assert_heard (Fixture *fixture, const char *expected)
{
  g_autofree char *pong = call (fixture, ITEM_PATH, "org.freedesktop.DBus.Peer", "Ping", "()");

  g_assert_cmpstr (fixture->heard->str, ==, expected);
  g_string_truncate (fixture->heard, 0);
}

static void
activate_cb (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  g_string_append_printf (((Fixture *)user_data)->done, "%s ",
                          parameter != NULL ? g_variant_get_string (parameter, NULL)
                                            : g_action_get_name (G_ACTION (action)));
}

static GMenu *
menu_new (const char *line, gboolean more)
{
  GMenu *menu = g_menu_new ();
  g_autoptr (GMenu) submenu = g_menu_new ();

  g_menu_append (menu, line, NULL);
  g_menu_append (menu, "Open", "open");
  g_menu_append (submenu, "Copy", "copy::text");
  if (more)
    g_menu_append (submenu, "Copy more", "copy::more");
  g_menu_append_submenu (menu, "Device", G_MENU_MODEL (submenu));
  return menu;
}

static void
show (LsAgentTrayMenu *menu, const char *line, gboolean more)
{
  g_autoptr (GMenu) model = menu_new (line, more);

  ls_agent_tray_menu_update (menu, G_MENU_MODEL (model));
}

static LsAgentTrayMenu *
export_menu (Fixture *fixture)
{
  const GActionEntry entries[] = { { "open", activate_cb, NULL, NULL, NULL, { 0 } },
                                   { "copy", activate_cb, "s", NULL, NULL, { 0 } } };
  g_autoptr (GSimpleActionGroup) actions = g_simple_action_group_new ();
  LsAgentTrayMenu *menu;
  g_autoptr (GError) error = NULL;

  g_action_map_add_action_entries (G_ACTION_MAP (actions), entries, G_N_ELEMENTS (entries),
                                   fixture);
  menu = ls_agent_tray_menu_new (G_ACTION_GROUP (actions));
  ls_agent_tray_menu_export (menu, fixture->agent, MENU_PATH, &error);
  g_assert_no_error (error);
  show (menu, "Off", FALSE);
  return menu;
}

#define INVALID "org.freedesktop.DBus.Error.InvalidArgs"

static void
test_menu_calls (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (LsAgentTrayMenu) menu = export_menu (fixture);

  assert_heard (fixture, "LayoutUpdated(1, 0) ");
  assert_call (fixture, MENU_PATH, MENU, "GetLayout", "(0, 1, ['label'])",
               "(1, (0, {}, [<(1, {'label': <'Off'>}, @av [])>, <(2, {'label': <'Open'>}, @av "
               "[])>, <(3, {'label': <'Device'>}, @av [])>]))");
  assert_call (fixture, MENU_PATH, MENU, "GetLayout", "(9, -1, @as [])", INVALID);
  assert_call (fixture, MENU_PATH, MENU, "GetGroupProperties", "([2, 77], @as [])",
               "([(2, {'label': <'Open'>})],)");
  assert_call (fixture, MENU_PATH, MENU, "GetProperty", "(2, 'enabled')", "(<true>,)");
  assert_call (fixture, MENU_PATH, MENU, "GetProperty", "(2, 'colour')", INVALID);
  assert_call (fixture, MENU_PATH, MENU, "GetProperty", "(77, 'label')", INVALID);
  assert_call (fixture, MENU_PATH, MENU, "AboutToShow", "(3,)", "(false,)");
  assert_call (fixture, MENU_PATH, MENU, "AboutToShow", "(77,)", INVALID);
  assert_call (fixture, MENU_PATH, MENU, "AboutToShowGroup", "([0, 77, 3],)", "([], [77])");
  assert_call (fixture, MENU_PATH, "org.freedesktop.DBus.Properties", "Get",
               "('" MENU "', 'Version')", "(<uint32 3>,)");
}

/* Hosts put anything into the data of an event. */
static void
test_menu_events (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (LsAgentTrayMenu) menu = export_menu (fixture);

  assert_call (fixture, MENU_PATH, MENU, "Event", "(2, 'clicked', <''>, uint32 0)", "()");
  assert_call (fixture, MENU_PATH, MENU, "Event", "(4, 'clicked', <0>, uint32 7)", "()");
  assert_call (fixture, MENU_PATH, MENU, "Event", "(2, 'hovered', <@av []>, uint32 0)", "()");
  assert_call (fixture, MENU_PATH, MENU, "Event", "(0, 'opened', <0>, uint32 0)", "()");
  assert_call (fixture, MENU_PATH, MENU, "Event", "(1, 'clicked', <0>, uint32 0)", "()");
  assert_call (fixture, MENU_PATH, MENU, "Event", "(77, 'clicked', <0>, uint32 0)", INVALID);
  assert_call (fixture, MENU_PATH, MENU, "EventGroup",
               "([(2, 'clicked', <0>, uint32 0), (88, 'clicked', <0>, 0), (3, 'closed', <0>, 0)],)",
               "([88],)");
  g_assert_cmpstr (fixture->done->str, ==, "open text open ");
}

static void
test_menu_changes (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (LsAgentTrayMenu) menu = export_menu (fixture);

  assert_heard (fixture, "LayoutUpdated(1, 0) ");
  show (menu, "Off", FALSE);
  assert_heard (fixture, "");
  show (menu, "On", FALSE);
  assert_heard (fixture, "ItemsPropertiesUpdated([(1, {'label': <'On'>})], []) ");
  show (menu, "On", TRUE);
  assert_heard (fixture, "LayoutUpdated(2, 0) ");
  assert_call (fixture, MENU_PATH, MENU, "Event", "(4, 'clicked', <0>, uint32 0)", INVALID);
  ls_agent_tray_menu_unexport (menu);
  assert_call (fixture, MENU_PATH, MENU, "AboutToShow", "(0,)",
               "org.freedesktop.DBus.Error.UnknownMethod");
}

static void
activated_cb (LsAgentTrayItem *item, const char *token, Fixture *fixture)
{
  g_string_append_printf (fixture->done, "activate<%s> ", token);
}

static void
secondary_cb (LsAgentTrayItem *item, Fixture *fixture)
{
  g_string_append (fixture->done, "secondary ");
}

static LsAgentTrayItem *
export_item (Fixture *fixture)
{
  LsAgentTrayItem *item = ls_agent_tray_item_new (MENU_PATH, "/icons");
  g_autoptr (GError) error = NULL;

  ls_agent_tray_item_export (item, fixture->agent, &error);
  g_assert_no_error (error);
  g_signal_connect (item, "activate", G_CALLBACK (activated_cb), fixture);
  g_signal_connect (item, "secondary-activate", G_CALLBACK (secondary_cb), fixture);
  return item;
}

static void
test_item_changes (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (LsAgentTrayItem) item = export_item (fixture);

  ls_agent_tray_item_set (item, "on", FALSE, "a < b");
  assert_heard (fixture, "NewIcon() NewAttentionIcon() NewToolTip() ");
  ls_agent_tray_item_set (item, "on", FALSE, "a < b");
  assert_heard (fixture, "");
  ls_agent_tray_item_set (item, "bad", TRUE, "a < b");
  assert_heard (fixture, "NewIcon() NewAttentionIcon() NewStatus('NeedsAttention',) NewToolTip() ");
  assert_call (fixture, ITEM_PATH, "org.freedesktop.DBus.Properties", "Get",
               "('" ITEM "', 'ToolTip')", "(<('bad', @a(iiay) [], 'Lightscale', 'a &lt; b')>,)");
  assert_call (fixture, ITEM_PATH, "org.freedesktop.DBus.Properties", "Get", "('" ITEM "', 'Menu')",
               "(<objectpath '" MENU_PATH "'>,)");
  assert_call (fixture, ITEM_PATH, "org.freedesktop.DBus.Properties", "Get",
               "('" ITEM "', 'IconThemePath')", "(<'/icons'>,)");
}

static void
test_item_clicks (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (LsAgentTrayItem) item = export_item (fixture);

  assert_call (fixture, ITEM_PATH, ITEM, "ProvideXdgActivationToken", "('token',)", "()");
  assert_call (fixture, ITEM_PATH, ITEM, "Activate", "(1, 2)", "()");
  assert_call (fixture, ITEM_PATH, ITEM, "Activate", "(1, 2)", "()");
  assert_call (fixture, ITEM_PATH, ITEM, "SecondaryActivate", "(1, 2)", "()");
  assert_call (fixture, ITEM_PATH, ITEM, "ContextMenu", "(1, 2)", "()");
  assert_call (fixture, ITEM_PATH, ITEM, "Scroll", "(1, 'vertical')", "()");
  g_assert_cmpstr (fixture->done->str, ==, "activate<token> activate<> secondary ");
}

static void
watcher_call_cb (GDBusConnection *connection, const char *sender, const char *path,
                 const char *interface, const char *method, GVariant *parameters,
                 GDBusMethodInvocation *invocation, gpointer user_data)
{
  const char *service;

  g_variant_get (parameters, "(&s)", &service);
  g_assert_cmpstr (service, ==, sender);
  g_string_append (((Fixture *)user_data)->done, "registered ");
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static guint
export_watcher (Fixture *fixture)
{
  static const GDBusInterfaceVTable vtable = { .method_call = watcher_call_cb };
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (
      "<node><interface name='" WATCHER "'><method name='RegisterStatusNotifierItem'>"
      "<arg type='s' direction='in'/></method></interface></node>",
      NULL);

  return g_dbus_connection_register_object (fixture->panel, "/StatusNotifierWatcher",
                                            node->interfaces[0], &vtable, fixture, NULL, NULL);
}

static void
wait_done (Fixture *fixture, const char *expected)
{
  gint64 deadline = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;

  while (!g_str_equal (fixture->done->str, expected) && g_get_monotonic_time () < deadline)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
  g_assert_cmpstr (fixture->done->str, ==, expected);
}

/* The panel is not there yet, comes, goes, and comes again. */
static void
test_item_registers (Fixture *fixture, gconstpointer unused)
{
  g_autoptr (LsAgentTrayItem) item = export_item (fixture);
  guint object = export_watcher (fixture);
  guint name;

  assert_heard (fixture, "");
  g_assert_cmpstr (fixture->done->str, ==, "");
  name = g_bus_own_name_on_connection (fixture->panel, WATCHER, G_BUS_NAME_OWNER_FLAGS_NONE, NULL,
                                       NULL, NULL, NULL);
  wait_done (fixture, "registered ");
  g_bus_unown_name (name);
  assert_heard (fixture, "");
  name = g_bus_own_name_on_connection (fixture->panel, WATCHER, G_BUS_NAME_OWNER_FLAGS_NONE, NULL,
                                       NULL, NULL, NULL);
  wait_done (fixture, "registered registered ");
  g_bus_unown_name (name);
  g_dbus_connection_unregister_object (fixture->panel, object);
}

#define ADD(path, function) g_test_add (path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/tray/menu/calls", test_menu_calls);
  ADD ("/tray/menu/events", test_menu_events);
  ADD ("/tray/menu/changes", test_menu_changes);
  ADD ("/tray/item/changes", test_item_changes);
  ADD ("/tray/item/clicks", test_item_clicks);
  ADD ("/tray/item/registers", test_item_registers);
  return g_test_run ();
}
