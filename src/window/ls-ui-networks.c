/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ui-networks-private.h"

#include <glib/gi18n-lib.h>

#include "ls-error.h"
#include "ls-names.h"

#include "ls-ui-network-private.h"
#include "ls-ui-notice.h"

enum
{
  PROP_0,
  PROP_STATUS,
  PROP_PROBLEM_TITLE,
  PROP_PROBLEM_HINT,
  PROP_PROBLEM_DETAILS,
  PROP_HELPER_MISSING,
  PROP_NOTICES,
  PROP_COUNT,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void ls_ui_networks_list_model_init (GListModelInterface *iface);

G_DEFINE_ENUM_TYPE (LsUiNetworksStatus, ls_ui_networks_status,
                    G_DEFINE_ENUM_VALUE (LS_UI_NETWORKS_LOADING, "loading"),
                    G_DEFINE_ENUM_VALUE (LS_UI_NETWORKS_READY, "ready"),
                    G_DEFINE_ENUM_VALUE (LS_UI_NETWORKS_FAILED, "failed"))

G_DEFINE_FINAL_TYPE_WITH_CODE (LsUiNetworks, ls_ui_networks, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL,
                                                      ls_ui_networks_list_model_init))

static GType
ls_ui_networks_get_item_type (GListModel *model)
{
  return LS_UI_TYPE_NETWORK;
}

static guint
ls_ui_networks_get_n_items (GListModel *model)
{
  return LS_UI_NETWORKS (model)->items->len;
}

static gpointer
ls_ui_networks_get_item (GListModel *model, guint position)
{
  LsUiNetworks *self = LS_UI_NETWORKS (model);

  return position < self->items->len ? g_object_ref (self->items->pdata[position]) : NULL;
}

static void
ls_ui_networks_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = ls_ui_networks_get_item_type;
  iface->get_n_items = ls_ui_networks_get_n_items;
  iface->get_item = ls_ui_networks_get_item;
}

static void
announce (LsUiNetworks *self, guint position, guint removed, guint added)
{
  g_list_model_items_changed (G_LIST_MODEL (self), position, removed, added);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_COUNT]);
}

static void
notify_state (LsUiNetworks *self)
{
  for (guint i = PROP_STATUS; i <= PROP_HELPER_MISSING; i++)
    g_object_notify_by_pspec (G_OBJECT (self), properties[i]);
}

/* Puts a new network in its place without telling; whether it is one. */
static gboolean
insert_object (LsUiNetworks *self, GDBusObject *object, guint *out_position)
{
  g_autoptr (LsAgentIpcProfile) proxy
      = ls_agent_ipc_object_get_profile (LS_AGENT_IPC_OBJECT (object));
  LsUiNetwork *network;
  guint position = 0;

  if (proxy == NULL || ls_ui_networks_find (self, g_dbus_object_get_object_path (object)) != NULL)
    return FALSE;
  network = ls_ui_network_new (proxy);
  while (position < self->items->len
         && g_utf8_collate (ls_ui_network_get_name (self->items->pdata[position]),
                            ls_ui_network_get_name (network))
                <= 0)
    position++;
  g_ptr_array_insert (self->items, position, network);
  *out_position = position;
  return TRUE;
}

static void
remove_object (LsUiNetworks *self, GDBusObject *object)
{
  LsUiNetwork *network = ls_ui_networks_find (self, g_dbus_object_get_object_path (object));
  guint position;

  if (network == NULL || !g_ptr_array_find (self->items, network, &position))
    return;
  g_object_run_dispose (G_OBJECT (network));
  g_ptr_array_remove_index (self->items, position);
  announce (self, position, 1, 0);
}

static void
object_added_cb (GDBusObjectManager *objects, GDBusObject *object, gpointer user_data)
{
  LsUiNetworks *self = user_data;
  guint position;

  if (insert_object (self, object, &position))
    announce (self, position, 0, 1);
}

static void
object_removed_cb (GDBusObjectManager *objects, GDBusObject *object, gpointer user_data)
{
  remove_object (user_data, object);
}

static void
take_notices (LsUiNetworks *self)
{
  GVariant *notices = ls_agent_ipc_manager_get_notices (self->manager);
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_object_unref);
  const char *id;
  const char *title;
  const char *hint;
  const char *details;
  GVariantIter iter;

  if (notices != NULL)
    {
      g_variant_iter_init (&iter, notices);
      while (g_variant_iter_next (&iter, "(&s&s&s&s)", &id, &title, &hint, &details))
        g_ptr_array_add (items, g_object_new (LS_UI_TYPE_NOTICE, "id", id, "title", title, "hint",
                                              hint, "details", details, NULL));
    }
  g_list_store_splice (self->notices, 0, g_list_model_get_n_items (G_LIST_MODEL (self->notices)),
                       items->pdata, items->len);
}

static void
notices_cb (LsUiNetworks *self)
{
  take_notices (self);
}

static void
helper_state_cb (LsUiNetworks *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HELPER_MISSING]);
}

static void
clear_connection (LsUiNetworks *self)
{
  guint count = self->items->len;

  if (self->objects != NULL)
    g_signal_handlers_disconnect_by_data (self->objects, self);
  if (self->manager != NULL)
    g_signal_handlers_disconnect_by_data (self->manager, self);
  g_clear_object (&self->objects);
  g_clear_object (&self->manager);
  for (guint i = 0; i < count; i++)
    g_object_run_dispose (self->items->pdata[i]);
  g_ptr_array_set_size (self->items, 0);
  g_list_store_remove_all (self->notices);
  if (count > 0)
    announce (self, 0, count, 0);
}

static void
fail (LsUiNetworks *self, GError *error)
{
  clear_connection (self);
  g_clear_error (&self->problem);
  self->problem = error;
  self->status = LS_UI_NETWORKS_FAILED;
  notify_state (self);
}

static void
name_owner_cb (LsUiNetworks *self)
{
  g_autofree char *owner = g_dbus_proxy_get_name_owner (G_DBUS_PROXY (self->manager));

  if (owner == NULL)
    fail (self, g_error_new_literal (LS_ERROR, LS_ERROR_NOT_FOUND,
                                     _ ("The Lightscale agent has ended.")));
}

static void
become_ready (LsUiNetworks *self)
{
  g_autolist (GDBusObject) found = g_dbus_object_manager_get_objects (self->objects);
  guint position;

  g_signal_connect (self->objects, "object-added", G_CALLBACK (object_added_cb), self);
  g_signal_connect (self->objects, "object-removed", G_CALLBACK (object_removed_cb), self);
  g_signal_connect_swapped (self->manager, "notify::notices", G_CALLBACK (notices_cb), self);
  g_signal_connect_swapped (self->manager, "notify::helper-state", G_CALLBACK (helper_state_cb),
                            self);
  g_signal_connect_swapped (self->manager, "notify::g-name-owner", G_CALLBACK (name_owner_cb),
                            self);
  for (GList *l = found; l != NULL; l = l->next)
    insert_object (self, l->data, &position);
  announce (self, 0, 0, self->items->len);
  take_notices (self);
  self->status = LS_UI_NETWORKS_READY;
  notify_state (self);
  name_owner_cb (self);
}

static void
end_start (LsUiNetworks *self, GError *error)
{
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    fail (self, error);
  else
    g_error_free (error);
}

static void
objects_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsUiNetworks) self = user_data;
  g_autoptr (GError) error = NULL;

  self->objects = ls_agent_ipc_object_manager_client_new_finish (result, &error);
  if (self->objects == NULL)
    end_start (self, g_steal_pointer (&error));
  else
    become_ready (self);
}

static void
manager_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsUiNetworks) self = user_data;
  g_autoptr (GError) error = NULL;

  self->manager = ls_agent_ipc_manager_proxy_new_finish (result, &error);
  if (self->manager == NULL)
    {
      end_start (self, g_steal_pointer (&error));
      return;
    }
  g_dbus_proxy_set_default_timeout (G_DBUS_PROXY (self->manager), G_MAXINT);
  ls_agent_ipc_object_manager_client_new (
      self->connection, G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_DO_NOT_AUTO_START, LS_AGENT_BUS_NAME,
      LS_AGENT_ROOT_PATH, self->cancellable, objects_cb, g_object_ref (self));
}

static void
connect_agent (LsUiNetworks *self)
{
  ls_agent_ipc_manager_proxy_new (self->connection, G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START,
                                  LS_AGENT_BUS_NAME, LS_AGENT_ROOT_PATH, self->cancellable,
                                  manager_cb, g_object_ref (self));
}

static void
call_bus (LsUiNetworks *self, const char *method, GVariant *arguments, const char *reply_type,
          GAsyncReadyCallback callback)
{
  g_dbus_connection_call (self->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                          "org.freedesktop.DBus", method, arguments, G_VARIANT_TYPE (reply_type),
                          G_DBUS_CALL_FLAGS_NONE, -1, self->cancellable, callback,
                          g_object_ref (self));
}

static void
started_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsUiNetworks) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (reply == NULL)
    end_start (self, g_steal_pointer (&error));
  else
    connect_agent (self);
}

/* A call would start the agent too, but says too little when that fails; and an agent that was
 * started by hand has no service file. */
static void
has_owner_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsUiNetworks) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  gboolean has_owner = FALSE;

  if (reply == NULL)
    {
      end_start (self, g_steal_pointer (&error));
      return;
    }
  g_variant_get (reply, "(b)", &has_owner);
  if (has_owner)
    connect_agent (self);
  else
    call_bus (self, "StartServiceByName", g_variant_new ("(su)", LS_AGENT_BUS_NAME, 0), "(u)",
              started_cb);
}

static void
name_appeared_cb (GDBusConnection *connection, const char *name, const char *owner,
                  gpointer user_data)
{
  /* Somebody else started the agent: the tray's autostart, or lightscalectl. */
  ls_ui_networks_start (user_data);
}

static void
bus_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsUiNetworks) self = user_data;
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection = g_bus_get_finish (result, &error);

  if (connection == NULL)
    {
      end_start (self, g_steal_pointer (&error));
      return;
    }
  if (self->watch_id == 0)
    self->watch_id = g_bus_watch_name_on_connection (connection, LS_AGENT_BUS_NAME,
                                                     G_BUS_NAME_WATCHER_FLAGS_NONE,
                                                     name_appeared_cb, NULL, self, NULL);
  g_clear_object (&self->connection);
  self->connection = connection;
  call_bus (self, "NameHasOwner", g_variant_new ("(s)", LS_AGENT_BUS_NAME), "(b)", has_owner_cb);
}

static char *
dup_problem_title (LsUiNetworks *self)
{
  if (self->problem == NULL)
    return g_strdup ("");
  if (self->problem->domain == LS_ERROR)
    return ls_error_dup_message (self->problem);
  return g_strdup (_ ("The Lightscale agent cannot be started."));
}

static const char *
get_problem_hint (LsUiNetworks *self)
{
  if (self->problem == NULL)
    return "";
  if (self->bus_type == G_BUS_TYPE_SYSTEM)
    return _ ("Start it with “systemctl start lightscale-agent” and try again. Only root and the "
              "group lightscale may talk to it.");
  if (self->problem->domain == LS_ERROR)
    return _ ("Start it again to see and switch your networks.");
  return _ ("Check that lightscale-agent is installed, then try again.");
}

static void
ls_ui_networks_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  LsUiNetworks *self = LS_UI_NETWORKS (object);

  switch (prop_id)
    {
    case PROP_STATUS:
      g_value_set_enum (value, self->status);
      break;
    case PROP_PROBLEM_TITLE:
      g_value_take_string (value, dup_problem_title (self));
      break;
    case PROP_PROBLEM_HINT:
      g_value_set_string (value, get_problem_hint (self));
      break;
    case PROP_PROBLEM_DETAILS:
      g_value_set_string (value, self->problem != NULL ? self->problem->message : "");
      break;
    case PROP_HELPER_MISSING:
      g_value_set_boolean (
          value,
          self->manager != NULL
              && g_strcmp0 (ls_agent_ipc_manager_get_helper_state (self->manager), "missing") == 0);
      break;
    case PROP_NOTICES:
      g_value_set_object (value, self->notices);
      break;
    case PROP_COUNT:
      g_value_set_uint (value, self->items->len);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
ls_ui_networks_dispose (GObject *object)
{
  LsUiNetworks *self = LS_UI_NETWORKS (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->watch_id, g_bus_unwatch_name);
  clear_connection (self);
  g_clear_object (&self->connection);

  G_OBJECT_CLASS (ls_ui_networks_parent_class)->dispose (object);
}

static void
ls_ui_networks_finalize (GObject *object)
{
  LsUiNetworks *self = LS_UI_NETWORKS (object);

  g_clear_object (&self->cancellable);
  g_clear_object (&self->notices);
  g_clear_error (&self->problem);
  g_ptr_array_unref (self->items);

  G_OBJECT_CLASS (ls_ui_networks_parent_class)->finalize (object);
}

static void
ls_ui_networks_class_init (LsUiNetworksClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = ls_ui_networks_get_property;
  object_class->dispose = ls_ui_networks_dispose;
  object_class->finalize = ls_ui_networks_finalize;

  properties[PROP_STATUS] = g_param_spec_enum ("status", NULL, NULL, LS_UI_TYPE_NETWORKS_STATUS,
                                               LS_UI_NETWORKS_LOADING, flags);
  properties[PROP_PROBLEM_TITLE] = g_param_spec_string ("problem-title", NULL, NULL, "", flags);
  properties[PROP_PROBLEM_HINT] = g_param_spec_string ("problem-hint", NULL, NULL, "", flags);
  properties[PROP_PROBLEM_DETAILS] = g_param_spec_string ("problem-details", NULL, NULL, "", flags);
  properties[PROP_HELPER_MISSING]
      = g_param_spec_boolean ("helper-missing", NULL, NULL, FALSE, flags);
  properties[PROP_NOTICES] = g_param_spec_object ("notices", NULL, NULL, G_TYPE_LIST_MODEL, flags);
  properties[PROP_COUNT] = g_param_spec_uint ("count", NULL, NULL, 0, G_MAXUINT, 0, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
ls_ui_networks_init (LsUiNetworks *self)
{
  self->items = g_ptr_array_new_with_free_func (g_object_unref);
  self->notices = g_list_store_new (LS_UI_TYPE_NOTICE);
  self->status = LS_UI_NETWORKS_FAILED;
}

LsUiNetworks *
ls_ui_networks_new (GBusType bus_type)
{
  LsUiNetworks *self = g_object_new (LS_UI_TYPE_NETWORKS, NULL);

  self->bus_type = bus_type;
  return self;
}

void
ls_ui_networks_start (LsUiNetworks *self)
{
  if (self->status != LS_UI_NETWORKS_FAILED)
    return;
  g_clear_error (&self->problem);
  self->status = LS_UI_NETWORKS_LOADING;
  notify_state (self);
  g_set_object (&self->cancellable, NULL);
  self->cancellable = g_cancellable_new ();
  g_bus_get (self->bus_type, self->cancellable, bus_cb, g_object_ref (self));
}

LsUiNetworksStatus
ls_ui_networks_get_status (LsUiNetworks *self)
{
  return self->status;
}

GBusType
ls_ui_networks_get_bus_type (LsUiNetworks *self)
{
  return self->bus_type;
}

LsUiNetwork *
ls_ui_networks_find (LsUiNetworks *self, const char *path)
{
  for (guint i = 0; i < self->items->len; i++)
    if (g_strcmp0 (ls_ui_network_get_path (self->items->pdata[i]), path) == 0)
      return self->items->pdata[i];
  return NULL;
}
