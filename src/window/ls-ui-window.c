/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ui-window.h"

#include <glib/gi18n-lib.h>

#include "ls-error.h"
#include "ls-names.h"

#include "ls-ui-assistant.h"
#include "ls-ui-banner.h"
#include "ls-ui-closures.h"
#include "ls-ui-network-page.h"
#include "ls-ui-network-row.h"
#include "ls-ui-notices.h"

struct _LsUiWindow
{
  AdwApplicationWindow parent_instance;

  LsUiNetworks *networks; /* owned */
  GSettings *settings; /* NULL if the schema is not installed */

  AdwToastOverlay *toasts;
  AdwLeaflet *leaflet;
  GtkWidget *sidebar;
  GtkListView *network_list;
  GtkSingleSelection *selection;
  LsUiNetworkPage *network_page;
};

enum
{
  PROP_0,
  PROP_NETWORKS,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LsUiWindow, ls_ui_window, ADW_TYPE_APPLICATION_WINDOW)

static char *
page_name (gpointer self, LsUiNetworksStatus status, guint count)
{
  switch (status)
    {
    case LS_UI_NETWORKS_LOADING:
      return g_strdup ("loading");
    case LS_UI_NETWORKS_READY:
      return g_strdup (count > 0 ? "networks" : "empty");
    case LS_UI_NETWORKS_FAILED:
    default:
      return g_strdup ("failed");
    }
}

static LsUiNetwork *
get_selected (LsUiWindow *self)
{
  return gtk_single_selection_get_selected_item (self->selection);
}

static void
selected_cb (LsUiWindow *self)
{
  LsUiNetwork *network = get_selected (self);

  ls_ui_network_page_set_network (self->network_page, network);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.remove-network", network != NULL);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.set-up-network", network != NULL);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "win.search", network != NULL);
}

static void
network_activate_cb (LsUiWindow *self, guint position)
{
  adw_leaflet_navigate (self->leaflet, ADW_NAVIGATION_DIRECTION_FORWARD);
}

static void
setup_row_cb (GtkSignalListItemFactory *factory, GtkListItem *item, gpointer user_data)
{
  gtk_list_item_set_child (item, GTK_WIDGET (ls_ui_network_row_new ()));
}

static void
bind_row_cb (GtkSignalListItemFactory *factory, GtkListItem *item, gpointer user_data)
{
  ls_ui_network_row_set_network (LS_UI_NETWORK_ROW (gtk_list_item_get_child (item)),
                                 gtk_list_item_get_item (item));
}

static void
unbind_row_cb (GtkSignalListItemFactory *factory, GtkListItem *item, gpointer user_data)
{
  ls_ui_network_row_set_network (LS_UI_NETWORK_ROW (gtk_list_item_get_child (item)), NULL);
}

static void
select_network (LsUiWindow *self, LsUiNetwork *network)
{
  GListModel *networks = G_LIST_MODEL (self->selection);

  for (guint i = 0; i < g_list_model_get_n_items (networks); i++)
    {
      g_autoptr (LsUiNetwork) item = g_list_model_get_item (networks, i);

      if (item == network)
        gtk_single_selection_set_selected (self->selection, i);
    }
}

/* The network that is being added is the one to look at afterwards. */
static void
network_added_cb (LsUiWindow *self, GParamSpec *pspec, LsUiAssistant *assistant)
{
  g_autoptr (LsUiNetwork) network = NULL;

  g_object_get (assistant, "network", &network, NULL);
  select_network (self, network);
  adw_leaflet_set_visible_child (self->leaflet, GTK_WIDGET (self->network_page));
}

static void
show_assistant (LsUiWindow *self, LsUiNetwork *network)
{
  LsUiAssistant *assistant = ls_ui_assistant_new (GTK_WINDOW (self), self->networks, network);

  g_signal_connect_object (assistant, "notify::network", G_CALLBACK (network_added_cb), self,
                           G_CONNECT_SWAPPED);
  gtk_window_present (GTK_WINDOW (assistant));
}

static void
add_network (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  show_assistant (LS_UI_WINDOW (widget), NULL);
}

/* Joins a network that is not joined; of one that is, changes the server. */
static void
set_up_network (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  LsUiWindow *self = LS_UI_WINDOW (widget);

  if (get_selected (self) != NULL)
    show_assistant (self, get_selected (self));
}

static void
remove_response_cb (AdwMessageDialog *dialog, const char *response, gpointer user_data)
{
  if (g_str_equal (response, "remove"))
    ls_ui_network_remove (user_data);
}

static void
free_network (gpointer data, GClosure *closure)
{
  g_object_unref (data);
}

static void
remove_network (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  LsUiNetwork *network = get_selected (LS_UI_WINDOW (widget));
  g_autofree char *title = NULL;
  g_autofree char *heading = NULL;
  GtkWidget *dialog;

  if (network == NULL)
    return;
  g_object_get (network, "title", &title, NULL);
  heading = g_strdup_printf (_ ("Remove “%s”?"), title);
  dialog = adw_message_dialog_new (
      GTK_WINDOW (widget), heading,
      _ ("This device disconnects and its keys for this network are deleted. To come back it has "
         "to join again."));
  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "cancel", _ ("_Cancel"), "remove",
                                    _ ("_Remove"), NULL);
  adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "remove",
                                              ADW_RESPONSE_DESTRUCTIVE);
  g_signal_connect_data (dialog, "response", G_CALLBACK (remove_response_cb),
                         g_object_ref (network), free_network, 0);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
search (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  LsUiWindow *self = LS_UI_WINDOW (widget);

  adw_leaflet_set_visible_child (self->leaflet, GTK_WIDGET (self->network_page));
  ls_ui_network_page_search (self->network_page);
}

static void
back (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  LsUiWindow *self = LS_UI_WINDOW (widget);

  if (!ls_ui_network_page_back (self->network_page))
    adw_leaflet_navigate (self->leaflet, ADW_NAVIGATION_DIRECTION_BACK);
}

static void
start_agent (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  ls_ui_networks_start (LS_UI_WINDOW (widget)->networks);
}

/* It stays until it was read: what somebody does about it may be urgent. */
static void
show_restore_failure (LsUiWindow *self, const GError *error)
{
  g_autofree char *message = ls_error_dup_message (error);
  const char *hint = ls_error_get_hint (error);
  g_autofree char *last = g_strdup_printf (_ ("As root, “%s” undoes everything in any case."),
                                           LS_LIBEXECDIR "/lightscale-helper --restore");
  g_autofree char *body = hint != NULL ? g_strdup_printf ("%s\n\n%s\n\n%s", message, hint, last)
                                       : g_strdup_printf ("%s\n\n%s", message, last);
  GtkWidget *dialog
      = adw_message_dialog_new (GTK_WINDOW (self), _ ("The network could not be restored"), body);

  adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (dialog), "close", _ ("_Close"));
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
restored_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsUiWindow) self = user_data;
  g_autoptr (GError) error = NULL;

  if (ls_ui_networks_restore_finish (LS_UI_NETWORKS (source), result, &error))
    ls_ui_window_toast (self, _ ("This computer’s network is as it was before"));
  else
    show_restore_failure (self, error);
}

static void
restore_response_cb (AdwMessageDialog *dialog, const char *response, LsUiWindow *self)
{
  if (g_str_equal (response, "restore"))
    ls_ui_networks_restore_async (self->networks, NULL, restored_cb, g_object_ref (self));
}

static void
restore_network (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  GtkWidget *dialog = adw_message_dialog_new (
      GTK_WINDOW (widget), _ ("Restore your network?"),
      _ ("All networks are disconnected and everything that Lightscale changed on this computer’s "
         "network is undone. Your networks stay in the list."));

  adw_message_dialog_add_responses (ADW_MESSAGE_DIALOG (dialog), "cancel", _ ("_Cancel"), "restore",
                                    _ ("_Restore"), NULL);
  adw_message_dialog_set_response_appearance (ADW_MESSAGE_DIALOG (dialog), "restore",
                                              ADW_RESPONSE_DESTRUCTIVE);
  g_signal_connect_object (dialog, "response", G_CALLBACK (restore_response_cb), widget, 0);
  gtk_window_present (GTK_WINDOW (dialog));
}

/* A build that is run in place has no schema installed: then sizes are just not remembered. */
static void
bind_settings (LsUiWindow *self)
{
  GSettingsSchemaSource *source = g_settings_schema_source_get_default ();
  g_autoptr (GSettingsSchema) schema
      = source != NULL ? g_settings_schema_source_lookup (source, LS_APP_ID, TRUE) : NULL;

  if (schema == NULL)
    return;
  self->settings = g_settings_new (LS_APP_ID);
  g_settings_bind (self->settings, "window-width", self, "default-width", G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (self->settings, "window-height", self, "default-height",
                   G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (self->settings, "window-maximized", self, "maximized", G_SETTINGS_BIND_DEFAULT);
}

static void
ls_ui_window_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  g_value_set_object (value, LS_UI_WINDOW (object)->networks);
}

static void
ls_ui_window_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  g_set_object (&LS_UI_WINDOW (object)->networks, g_value_get_object (value));
}

static void
ls_ui_window_dispose (GObject *object)
{
  LsUiWindow *self = LS_UI_WINDOW (object);

  g_clear_object (&self->settings);
  g_clear_object (&self->networks);

  G_OBJECT_CLASS (ls_ui_window_parent_class)->dispose (object);
}

static void
install_actions (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "win.add-network", NULL, add_network);
  gtk_widget_class_install_action (widget_class, "win.set-up-network", NULL, set_up_network);
  gtk_widget_class_install_action (widget_class, "win.remove-network", NULL, remove_network);
  gtk_widget_class_install_action (widget_class, "win.search", NULL, search);
  gtk_widget_class_install_action (widget_class, "win.back", NULL, back);
  gtk_widget_class_install_action (widget_class, "win.start-agent", NULL, start_agent);
  gtk_widget_class_install_action (widget_class, "win.restore-network", NULL, restore_network);
}

static void
ls_ui_window_class_init (LsUiWindowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = ls_ui_window_get_property;
  object_class->set_property = ls_ui_window_set_property;
  object_class->dispose = ls_ui_window_dispose;

  properties[PROP_NETWORKS]
      = g_param_spec_object ("networks", NULL, NULL, LS_UI_TYPE_NETWORKS,
                             G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  install_actions (widget_class);
  g_type_ensure (LS_UI_TYPE_BANNER);
  g_type_ensure (LS_UI_TYPE_NETWORK_PAGE);
  g_type_ensure (LS_UI_TYPE_NOTICES);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/lightscale/Lightscale/ls-ui-window.ui");
  gtk_widget_class_bind_template_child (widget_class, LsUiWindow, toasts);
  gtk_widget_class_bind_template_child (widget_class, LsUiWindow, leaflet);
  gtk_widget_class_bind_template_child (widget_class, LsUiWindow, sidebar);
  gtk_widget_class_bind_template_child (widget_class, LsUiWindow, network_list);
  gtk_widget_class_bind_template_child (widget_class, LsUiWindow, selection);
  gtk_widget_class_bind_template_child (widget_class, LsUiWindow, network_page);
  gtk_widget_class_bind_template_callback (widget_class, page_name);
  gtk_widget_class_bind_template_callback (widget_class, selected_cb);
  gtk_widget_class_bind_template_callback (widget_class, network_activate_cb);
  ls_ui_closures_bind (widget_class);
}

static void
ls_ui_window_init (LsUiWindow *self)
{
  g_autoptr (GtkListItemFactory) factory = gtk_signal_list_item_factory_new ();

  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect (factory, "setup", G_CALLBACK (setup_row_cb), NULL);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_row_cb), NULL);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind_row_cb), NULL);
  gtk_list_view_set_factory (self->network_list, factory);
  selected_cb (self);
  bind_settings (self);
}

LsUiWindow *
ls_ui_window_new (GtkApplication *application, LsUiNetworks *networks)
{
  return g_object_new (LS_UI_TYPE_WINDOW, "application", application, "networks", networks, NULL);
}

void
ls_ui_window_toast (LsUiWindow *self, const char *text)
{
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  adw_toast_overlay_add_toast (self->toasts, adw_toast_new (escaped));
}
