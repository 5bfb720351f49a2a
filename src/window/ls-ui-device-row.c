/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ui-device-row.h"

#include "ls-ui-closures.h"

struct _LsUiDeviceRow
{
  GtkBox parent_instance;

  LsUiDevice *device; /* owned */
};

enum
{
  PROP_0,
  PROP_DEVICE,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LsUiDeviceRow, ls_ui_device_row, GTK_TYPE_BOX)

/* The list's own widget around this row is what a screen reader stops at. */
static void
name_cb (LsUiDeviceRow *self)
{
  GtkWidget *parent = gtk_widget_get_parent (GTK_WIDGET (self));
  g_autofree char *name = NULL;

  if (parent == NULL)
    return;
  g_object_get (self->device, "name", &name, NULL);
  gtk_accessible_update_property (GTK_ACCESSIBLE (parent), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

static void
drop_device (LsUiDeviceRow *self)
{
  if (self->device != NULL)
    g_signal_handlers_disconnect_by_data (self->device, self);
  g_clear_object (&self->device);
}

static void
ls_ui_device_row_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  g_value_set_object (value, LS_UI_DEVICE_ROW (object)->device);
}

static void
ls_ui_device_row_set_property (GObject *object, guint prop_id, const GValue *value,
                               GParamSpec *pspec)
{
  ls_ui_device_row_set_device (LS_UI_DEVICE_ROW (object), g_value_get_object (value));
}

static void
ls_ui_device_row_dispose (GObject *object)
{
  drop_device (LS_UI_DEVICE_ROW (object));

  G_OBJECT_CLASS (ls_ui_device_row_parent_class)->dispose (object);
}

static void
ls_ui_device_row_class_init (LsUiDeviceRowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = ls_ui_device_row_get_property;
  object_class->set_property = ls_ui_device_row_set_property;
  object_class->dispose = ls_ui_device_row_dispose;

  properties[PROP_DEVICE]
      = g_param_spec_object ("device", NULL, NULL, LS_UI_TYPE_DEVICE,
                             G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/lightscale/Lightscale/ls-ui-device-row.ui");
  ls_ui_closures_bind (widget_class);
}

static void
ls_ui_device_row_init (LsUiDeviceRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

LsUiDeviceRow *
ls_ui_device_row_new (void)
{
  return g_object_new (LS_UI_TYPE_DEVICE_ROW, NULL);
}

void
ls_ui_device_row_set_device (LsUiDeviceRow *self, LsUiDevice *device)
{
  if (self->device == device)
    return;
  drop_device (self);
  if (device != NULL)
    {
      self->device = g_object_ref (device);
      g_signal_connect_swapped (device, "notify::name", G_CALLBACK (name_cb), self);
      name_cb (self);
    }
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DEVICE]);
}
