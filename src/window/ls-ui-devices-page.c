/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ui-devices-page.h"

#include <glib/gi18n-lib.h>

#include "ls-ui-closures.h"
#include "ls-ui-device-list.h"
#include "ls-ui-device-row.h"

/* How often ages ("seen 5 minutes ago") are put right, while the list is shown. */
#define TICK_SECONDS 20

struct _LsUiDevicesPage
{
  AdwBin parent_instance;

  LsUiNetwork *network; /* owned */
  LsUiDeviceList *list;
  GtkSingleSelection *selection;
  char *sort;
  gboolean only_online;
  guint tick_id;

  GtkStack *stack;
  GtkListView *list_view;
  GtkSearchEntry *search_entry;
};

enum
{
  PROP_0,
  PROP_NETWORK,
  PROP_SORT,
  PROP_ONLY_ONLINE,
  N_PROPS
};

enum
{
  SIGNAL_DEVICE_ACTIVATED,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (LsUiDevicesPage, ls_ui_devices_page, ADW_TYPE_BIN)

static void
update_stack (LsUiDevicesPage *self)
{
  gboolean loaded = FALSE;
  guint count = 0;
  const char *child = "list";

  if (self->network != NULL)
    {
      g_object_get (self->network, "devices-loaded", &loaded, NULL);
      count = g_list_model_get_n_items (G_LIST_MODEL (ls_ui_network_get_devices (self->network)));
    }
  if (g_list_model_get_n_items (G_LIST_MODEL (self->selection)) == 0)
    child = count > 0 ? "none-found" : loaded ? "empty" : "loading";
  gtk_stack_set_visible_child_name (self->stack, child);
}

static void
search_changed_cb (LsUiDevicesPage *self)
{
  ls_ui_device_list_set_search (self->list,
                                gtk_editable_get_text (GTK_EDITABLE (self->search_entry)));
}

/* Enter in the search takes the first device. */
static void
search_activate_cb (LsUiDevicesPage *self)
{
  LsUiDevice *device = gtk_single_selection_get_selected_item (self->selection);

  if (device != NULL)
    g_signal_emit (self, signals[SIGNAL_DEVICE_ACTIVATED], 0, device);
}

static void
list_activate_cb (LsUiDevicesPage *self, guint position)
{
  g_autoptr (LsUiDevice) device = g_list_model_get_item (G_LIST_MODEL (self->selection), position);

  if (device != NULL)
    g_signal_emit (self, signals[SIGNAL_DEVICE_ACTIVATED], 0, device);
}

static void
setup_row_cb (GtkSignalListItemFactory *factory, GtkListItem *item, gpointer user_data)
{
  gtk_list_item_set_child (item, GTK_WIDGET (ls_ui_device_row_new ()));
}

static void
bind_row_cb (GtkSignalListItemFactory *factory, GtkListItem *item, gpointer user_data)
{
  ls_ui_device_row_set_device (LS_UI_DEVICE_ROW (gtk_list_item_get_child (item)),
                               gtk_list_item_get_item (item));
}

static void
unbind_row_cb (GtkSignalListItemFactory *factory, GtkListItem *item, gpointer user_data)
{
  ls_ui_device_row_set_device (LS_UI_DEVICE_ROW (gtk_list_item_get_child (item)), NULL);
}

static void
copy (LsUiDevicesPage *self, const char *(*get_text) (LsUiDevice *))
{
  LsUiDevice *device = gtk_single_selection_get_selected_item (self->selection);

  if (device != NULL && *get_text (device) != '\0')
    gtk_widget_activate_action (GTK_WIDGET (self), "app.copy-text", "s", get_text (device));
}

static void
copy_address (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  copy (LS_UI_DEVICES_PAGE (widget), ls_ui_device_get_address);
}

static void
copy_dns_name (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  copy (LS_UI_DEVICES_PAGE (widget), ls_ui_device_get_dns_name);
}

static gboolean
tick_cb (gpointer user_data)
{
  LsUiDevicesPage *self = user_data;

  if (self->network != NULL)
    ls_ui_devices_refresh_ages (ls_ui_network_get_devices (self->network));
  return G_SOURCE_CONTINUE;
}

static void
ls_ui_devices_page_map (GtkWidget *widget)
{
  LsUiDevicesPage *self = LS_UI_DEVICES_PAGE (widget);

  GTK_WIDGET_CLASS (ls_ui_devices_page_parent_class)->map (widget);
  tick_cb (self);
  self->tick_id = g_timeout_add_seconds (TICK_SECONDS, tick_cb, self);
}

static void
ls_ui_devices_page_unmap (GtkWidget *widget)
{
  g_clear_handle_id (&LS_UI_DEVICES_PAGE (widget)->tick_id, g_source_remove);

  GTK_WIDGET_CLASS (ls_ui_devices_page_parent_class)->unmap (widget);
}

static void
ls_ui_devices_page_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  LsUiDevicesPage *self = LS_UI_DEVICES_PAGE (object);

  switch (prop_id)
    {
    case PROP_NETWORK:
      g_value_set_object (value, self->network);
      break;
    case PROP_SORT:
      g_value_set_string (value, self->sort);
      break;
    case PROP_ONLY_ONLINE:
      g_value_set_boolean (value, self->only_online);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
ls_ui_devices_page_set_property (GObject *object, guint prop_id, const GValue *value,
                                 GParamSpec *pspec)
{
  LsUiDevicesPage *self = LS_UI_DEVICES_PAGE (object);

  switch (prop_id)
    {
    case PROP_NETWORK:
      ls_ui_devices_page_set_network (self, g_value_get_object (value));
      break;
    case PROP_SORT:
      g_free (self->sort);
      self->sort = g_value_dup_string (value);
      ls_ui_device_list_set_sort (self->list, self->sort);
      break;
    case PROP_ONLY_ONLINE:
      self->only_online = g_value_get_boolean (value);
      ls_ui_device_list_set_only_online (self->list, self->only_online);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
ls_ui_devices_page_dispose (GObject *object)
{
  LsUiDevicesPage *self = LS_UI_DEVICES_PAGE (object);

  g_clear_handle_id (&self->tick_id, g_source_remove);
  ls_ui_devices_page_set_network (self, NULL);

  G_OBJECT_CLASS (ls_ui_devices_page_parent_class)->dispose (object);
}

static void
ls_ui_devices_page_finalize (GObject *object)
{
  LsUiDevicesPage *self = LS_UI_DEVICES_PAGE (object);

  g_clear_object (&self->list);
  g_clear_object (&self->selection);
  g_free (self->sort);

  G_OBJECT_CLASS (ls_ui_devices_page_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  properties[PROP_NETWORK] = g_param_spec_object ("network", NULL, NULL, LS_UI_TYPE_NETWORK,
                                                  flags | G_PARAM_EXPLICIT_NOTIFY);
  properties[PROP_SORT] = g_param_spec_string ("sort", NULL, NULL, "name", flags);
  properties[PROP_ONLY_ONLINE] = g_param_spec_boolean ("only-online", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  signals[SIGNAL_DEVICE_ACTIVATED]
      = g_signal_new ("device-activated", G_TYPE_FROM_CLASS (object_class), G_SIGNAL_RUN_LAST, 0,
                      NULL, NULL, NULL, G_TYPE_NONE, 1, LS_UI_TYPE_DEVICE);
}

static void
ls_ui_devices_page_class_init (LsUiDevicesPageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = ls_ui_devices_page_get_property;
  object_class->set_property = ls_ui_devices_page_set_property;
  object_class->dispose = ls_ui_devices_page_dispose;
  object_class->finalize = ls_ui_devices_page_finalize;
  widget_class->map = ls_ui_devices_page_map;
  widget_class->unmap = ls_ui_devices_page_unmap;
  install_properties (object_class);

  gtk_widget_class_install_property_action (widget_class, "devices.sort", "sort");
  gtk_widget_class_install_property_action (widget_class, "devices.only-online", "only-online");
  gtk_widget_class_install_action (widget_class, "devices.copy-address", NULL, copy_address);
  gtk_widget_class_install_action (widget_class, "devices.copy-dns-name", NULL, copy_dns_name);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_c, GDK_CONTROL_MASK,
                                       "devices.copy-address", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_c, GDK_CONTROL_MASK | GDK_SHIFT_MASK,
                                       "devices.copy-dns-name", NULL);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/lightscale/Lightscale/ls-ui-devices-page.ui");
  gtk_widget_class_bind_template_child (widget_class, LsUiDevicesPage, stack);
  gtk_widget_class_bind_template_child (widget_class, LsUiDevicesPage, list_view);
  gtk_widget_class_bind_template_child (widget_class, LsUiDevicesPage, search_entry);
  gtk_widget_class_bind_template_callback (widget_class, search_changed_cb);
  gtk_widget_class_bind_template_callback (widget_class, search_activate_cb);
  gtk_widget_class_bind_template_callback (widget_class, list_activate_cb);
  ls_ui_closures_bind (widget_class);
}

static void
ls_ui_devices_page_init (LsUiDevicesPage *self)
{
  g_autoptr (GtkListItemFactory) factory = gtk_signal_list_item_factory_new ();

  self->sort = g_strdup ("name");
  self->list = ls_ui_device_list_new ();
  self->selection
      = gtk_single_selection_new (g_object_ref (ls_ui_device_list_get_model (self->list)));
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect (factory, "setup", G_CALLBACK (setup_row_cb), NULL);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_row_cb), NULL);
  g_signal_connect (factory, "unbind", G_CALLBACK (unbind_row_cb), NULL);
  gtk_list_view_set_factory (self->list_view, factory);
  gtk_list_view_set_model (self->list_view, GTK_SELECTION_MODEL (self->selection));
  g_signal_connect_object (self->selection, "items-changed", G_CALLBACK (update_stack), self,
                           G_CONNECT_SWAPPED);
  gtk_search_entry_set_key_capture_widget (self->search_entry, GTK_WIDGET (self));
}

void
ls_ui_devices_page_set_network (LsUiDevicesPage *self, LsUiNetwork *network)
{
  if (self->network == network)
    return;
  if (self->network != NULL)
    g_signal_handlers_disconnect_by_data (self->network, self);
  g_set_object (&self->network, network);
  ls_ui_device_list_set_devices (self->list,
                                 network != NULL ? ls_ui_network_get_devices (network) : NULL);
  if (network != NULL)
    {
      g_signal_connect_swapped (network, "notify::devices-loaded", G_CALLBACK (update_stack), self);
      gtk_editable_set_text (GTK_EDITABLE (self->search_entry), "");
      update_stack (self);
    }
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_NETWORK]);
}

void
ls_ui_devices_page_focus_search (LsUiDevicesPage *self)
{
  gtk_widget_grab_focus (GTK_WIDGET (self->search_entry));
}
