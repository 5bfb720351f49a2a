/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-tray-item.h"

#include <glib/gi18n-lib.h>

#include "ls-agent-tray-ipc.h"

#define ITEM_PATH "/StatusNotifierItem"
#define WATCHER_NAME "org.kde.StatusNotifierWatcher"
#define WATCHER_PATH "/StatusNotifierWatcher"
#define WATCHER_INTERFACE "org.kde.StatusNotifierWatcher"

struct _LsAgentTrayItem
{
  GObject parent_instance;
  LsTrayIpcItem *skeleton;
  GCancellable *cancellable;
  guint watch_id;
  char *token;
};

enum
{
  SIGNAL_ACTIVATE,
  SIGNAL_SECONDARY_ACTIVATE,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (LsAgentTrayItem, ls_agent_tray_item, G_TYPE_OBJECT)

char *
ls_agent_tray_item_steal_token (LsAgentTrayItem *self)
{
  return g_steal_pointer (&self->token);
}

static gboolean
activate_cb (LsTrayIpcItem *skeleton, GDBusMethodInvocation *invocation, int x, int y,
             LsAgentTrayItem *self)
{
  g_autofree char *token = ls_agent_tray_item_steal_token (self);

  ls_tray_ipc_item_complete_activate (skeleton, invocation);
  g_signal_emit (self, signals[SIGNAL_ACTIVATE], 0, token != NULL ? token : "");
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
secondary_activate_cb (LsTrayIpcItem *skeleton, GDBusMethodInvocation *invocation, int x, int y,
                       LsAgentTrayItem *self)
{
  ls_tray_ipc_item_complete_secondary_activate (skeleton, invocation);
  g_signal_emit (self, signals[SIGNAL_SECONDARY_ACTIVATE], 0);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

/* The panel draws the menu; it asks here only if it cannot. */
static gboolean
context_menu_cb (LsTrayIpcItem *skeleton, GDBusMethodInvocation *invocation, int x, int y,
                 LsAgentTrayItem *self)
{
  ls_tray_ipc_item_complete_context_menu (skeleton, invocation);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
scroll_cb (LsTrayIpcItem *skeleton, GDBusMethodInvocation *invocation, int delta,
           const char *orientation, LsAgentTrayItem *self)
{
  ls_tray_ipc_item_complete_scroll (skeleton, invocation);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
provide_token_cb (LsTrayIpcItem *skeleton, GDBusMethodInvocation *invocation, const char *token,
                  LsAgentTrayItem *self)
{
  g_free (self->token);
  self->token = g_strdup (token);
  ls_tray_ipc_item_complete_provide_xdg_activation_token (skeleton, invocation);
  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static GVariant *
no_pixmaps (void)
{
  return g_variant_new_array (G_VARIANT_TYPE ("(iiay)"), NULL, 0);
}

/* Hosts take the tooltip's text for markup. */
static GVariant *
tooltip_new (const char *icon_name, const char *text)
{
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  return g_variant_new ("(s@a(iiay)ss)", icon_name, no_pixmaps (), _ ("Lightscale"), escaped);
}

/* Hosts do not listen to PropertiesChanged but to these signals. */
void
ls_agent_tray_item_set (LsAgentTrayItem *self, const char *icon_name, gboolean attention,
                        const char *text)
{
  const char *status = attention ? "NeedsAttention" : "Active";
  g_autoptr (GVariant) tooltip = g_variant_ref_sink (tooltip_new (icon_name, text));
  gboolean new_icon = g_strcmp0 (ls_tray_ipc_item_get_icon_name (self->skeleton), icon_name) != 0;
  gboolean new_status = g_strcmp0 (ls_tray_ipc_item_get_status (self->skeleton), status) != 0;
  gboolean new_tooltip = !g_variant_equal (ls_tray_ipc_item_get_tool_tip (self->skeleton), tooltip);

  ls_tray_ipc_item_set_icon_name (self->skeleton, icon_name);
  ls_tray_ipc_item_set_attention_icon_name (self->skeleton, icon_name);
  ls_tray_ipc_item_set_status (self->skeleton, status);
  ls_tray_ipc_item_set_tool_tip (self->skeleton, tooltip);
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (self->skeleton));
  if (new_icon)
    {
      ls_tray_ipc_item_emit_new_icon (self->skeleton);
      ls_tray_ipc_item_emit_new_attention_icon (self->skeleton);
    }
  if (new_status)
    ls_tray_ipc_item_emit_new_status (self->skeleton, status);
  if (new_tooltip)
    ls_tray_ipc_item_emit_new_tool_tip (self->skeleton);
}

static void
registered_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (reply == NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_message ("The tray did not take the icon: %s", error->message);
}

/* The unique name needs no name of ours on the bus, and works in a sandbox. */
static void
watcher_appeared_cb (GDBusConnection *connection, const char *name, const char *owner,
                     gpointer user_data)
{
  LsAgentTrayItem *self = user_data;

  g_dbus_connection_call (
      connection, owner, WATCHER_PATH, WATCHER_INTERFACE, "RegisterStatusNotifierItem",
      g_variant_new ("(s)", g_dbus_connection_get_unique_name (connection)), NULL,
      G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, self->cancellable, registered_cb, NULL);
}

gboolean
ls_agent_tray_item_export (LsAgentTrayItem *self, GDBusConnection *connection, GError **error)
{
  if (!g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (self->skeleton), connection,
                                         ITEM_PATH, error))
    return FALSE;
  self->watch_id
      = g_bus_watch_name_on_connection (connection, WATCHER_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                        watcher_appeared_cb, NULL, self, NULL);
  return TRUE;
}

void
ls_agent_tray_item_unexport (LsAgentTrayItem *self)
{
  GDBusInterfaceSkeleton *skeleton = G_DBUS_INTERFACE_SKELETON (self->skeleton);

  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->watch_id, g_bus_unwatch_name);
  if (g_dbus_interface_skeleton_get_connection (skeleton) != NULL)
    g_dbus_interface_skeleton_unexport (skeleton);
}

static void
ls_agent_tray_item_dispose (GObject *object)
{
  LsAgentTrayItem *self = LS_AGENT_TRAY_ITEM (object);

  if (self->skeleton != NULL)
    {
      ls_agent_tray_item_unexport (self);
      g_signal_handlers_disconnect_by_data (self->skeleton, self);
    }
  g_clear_object (&self->skeleton);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->token, g_free);
  G_OBJECT_CLASS (ls_agent_tray_item_parent_class)->dispose (object);
}

static void
ls_agent_tray_item_class_init (LsAgentTrayItemClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ls_agent_tray_item_dispose;

  signals[SIGNAL_ACTIVATE] = g_signal_new ("activate", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST,
                                           0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[SIGNAL_SECONDARY_ACTIVATE]
      = g_signal_new ("secondary-activate", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                      NULL, NULL, G_TYPE_NONE, 0);
}

static void
ls_agent_tray_item_init (LsAgentTrayItem *self)
{
  LsTrayIpcItem *skeleton = ls_tray_ipc_item_skeleton_new ();

  self->skeleton = skeleton;
  self->cancellable = g_cancellable_new ();
  g_object_set (skeleton, "category", "SystemServices", "id", "lightscale", "title",
                _ ("Lightscale"), "status", "Active", "icon-pixmap", no_pixmaps (), "icon-name", "",
                "overlay-icon-name", "", "overlay-icon-pixmap", no_pixmaps (),
                "attention-icon-name", "", "attention-icon-pixmap", no_pixmaps (),
                "attention-movie-name", "", "tool-tip", tooltip_new ("", ""), NULL);
  g_object_connect (skeleton, "signal::handle-activate", activate_cb, self,
                    "signal::handle-secondary-activate", secondary_activate_cb, self,
                    "signal::handle-context-menu", context_menu_cb, self, "signal::handle-scroll",
                    scroll_cb, self, "signal::handle-provide-xdg-activation-token",
                    provide_token_cb, self, NULL);
}

LsAgentTrayItem *
ls_agent_tray_item_new (const char *menu_path, const char *icon_theme_path)
{
  LsAgentTrayItem *self = g_object_new (LS_TYPE_AGENT_TRAY_ITEM, NULL);

  g_object_set (self->skeleton, "menu", menu_path, "icon-theme-path", icon_theme_path, NULL);
  return self;
}
