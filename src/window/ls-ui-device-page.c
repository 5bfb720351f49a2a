/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ui-device-page.h"

#include <glib/gi18n-lib.h>

#include "ls-ui-closures.h"
#include "ls-ui-copy-row.h"

struct _LsUiDevicePage
{
  AdwBin parent_instance;

  LsUiDevice *device; /* owned */
  GtkStringList *endpoints;
  GtkStringList *routes;
  guint tick_id; /* while mapped: ages grow */

  GtkListBox *endpoint_list;
  GtkListBox *route_list;
};

enum
{
  PROP_0,
  PROP_DEVICE,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LsUiDevicePage, ls_ui_device_page, ADW_TYPE_BIN)

static GtkWidget *
create_endpoint_row (gpointer item, gpointer user_data)
{
  return GTK_WIDGET (
      ls_ui_copy_row_new (_ ("Endpoint"), gtk_string_object_get_string (GTK_STRING_OBJECT (item))));
}

static GtkWidget *
create_route_row (gpointer item, gpointer user_data)
{
  return GTK_WIDGET (
      ls_ui_copy_row_new (_ ("Route"), gtk_string_object_get_string (GTK_STRING_OBJECT (item))));
}

static gboolean
has_items (gpointer self, const char *const *items)
{
  return items != NULL && items[0] != NULL;
}

static void
fill (GtkStringList *list, LsUiDevice *device, const char *property)
{
  g_auto (GStrv) texts = NULL;

  if (device != NULL)
    g_object_get (device, property, &texts, NULL);
  gtk_string_list_splice (list, 0, g_list_model_get_n_items (G_LIST_MODEL (list)),
                          (const char *const *)texts);
}

static void
endpoints_cb (LsUiDevicePage *self)
{
  fill (self->endpoints, self->device, "endpoints");
}

static void
routes_cb (LsUiDevicePage *self)
{
  fill (self->routes, self->device, "routes");
}

static gboolean
tick_cb (gpointer user_data)
{
  LsUiDevicePage *self = user_data;

  if (self->device != NULL)
    ls_ui_device_refresh_ages (self->device);
  return G_SOURCE_CONTINUE;
}

static void
ls_ui_device_page_map (GtkWidget *widget)
{
  LsUiDevicePage *self = LS_UI_DEVICE_PAGE (widget);

  GTK_WIDGET_CLASS (ls_ui_device_page_parent_class)->map (widget);
  self->tick_id = g_timeout_add_seconds (1, tick_cb, self);
}

static void
ls_ui_device_page_unmap (GtkWidget *widget)
{
  g_clear_handle_id (&LS_UI_DEVICE_PAGE (widget)->tick_id, g_source_remove);

  GTK_WIDGET_CLASS (ls_ui_device_page_parent_class)->unmap (widget);
}

static void
ls_ui_device_page_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  g_value_set_object (value, LS_UI_DEVICE_PAGE (object)->device);
}

static void
ls_ui_device_page_set_property (GObject *object, guint prop_id, const GValue *value,
                                GParamSpec *pspec)
{
  ls_ui_device_page_set_device (LS_UI_DEVICE_PAGE (object), g_value_get_object (value));
}

static void
ls_ui_device_page_dispose (GObject *object)
{
  LsUiDevicePage *self = LS_UI_DEVICE_PAGE (object);

  g_clear_handle_id (&self->tick_id, g_source_remove);
  if (self->device != NULL)
    g_signal_handlers_disconnect_by_data (self->device, self);
  g_clear_object (&self->device);
  g_clear_object (&self->endpoints);
  g_clear_object (&self->routes);

  G_OBJECT_CLASS (ls_ui_device_page_parent_class)->dispose (object);
}

static void
ls_ui_device_page_class_init (LsUiDevicePageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = ls_ui_device_page_get_property;
  object_class->set_property = ls_ui_device_page_set_property;
  object_class->dispose = ls_ui_device_page_dispose;
  widget_class->map = ls_ui_device_page_map;
  widget_class->unmap = ls_ui_device_page_unmap;

  properties[PROP_DEVICE]
      = g_param_spec_object ("device", NULL, NULL, LS_UI_TYPE_DEVICE,
                             G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  g_type_ensure (LS_UI_TYPE_COPY_ROW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/lightscale/Lightscale/ls-ui-device-page.ui");
  gtk_widget_class_bind_template_child (widget_class, LsUiDevicePage, endpoint_list);
  gtk_widget_class_bind_template_child (widget_class, LsUiDevicePage, route_list);
  gtk_widget_class_bind_template_callback (widget_class, has_items);
  ls_ui_closures_bind (widget_class);
}

static void
ls_ui_device_page_init (LsUiDevicePage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  self->endpoints = gtk_string_list_new (NULL);
  self->routes = gtk_string_list_new (NULL);
  gtk_list_box_bind_model (self->endpoint_list, G_LIST_MODEL (self->endpoints), create_endpoint_row,
                           NULL, NULL);
  gtk_list_box_bind_model (self->route_list, G_LIST_MODEL (self->routes), create_route_row, NULL,
                           NULL);
}

void
ls_ui_device_page_set_device (LsUiDevicePage *self, LsUiDevice *device)
{
  if (self->device == device)
    return;
  if (self->device != NULL)
    g_signal_handlers_disconnect_by_data (self->device, self);
  g_set_object (&self->device, device);
  if (device != NULL)
    {
      g_signal_connect_swapped (device, "notify::endpoints", G_CALLBACK (endpoints_cb), self);
      g_signal_connect_swapped (device, "notify::routes", G_CALLBACK (routes_cb), self);
    }
  endpoints_cb (self);
  routes_cb (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DEVICE]);
}
