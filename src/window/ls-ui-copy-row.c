/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ui-copy-row.h"

#include <glib/gi18n-lib.h>

#include "ls-ui-closures.h"

struct _LsUiCopyRow
{
  AdwActionRow parent_instance;

  char *value;

  GtkWidget *copy_button;
};

enum
{
  PROP_0,
  PROP_VALUE,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LsUiCopyRow, ls_ui_copy_row, ADW_TYPE_ACTION_ROW)

static void
title_cb (LsUiCopyRow *self)
{
  const char *title = adw_preferences_row_get_title (ADW_PREFERENCES_ROW (self));
  /* Translators: a button next to a value, e.g. "Copy IPv4 Address" */
  g_autofree char *label = g_strdup_printf (_ ("Copy %s"), title);

  gtk_widget_set_tooltip_text (self->copy_button, label);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->copy_button), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  label, -1);
}

/* A hyphen at the end of a line would look like a part of a key or an address. */
static void
forbid_hyphens (GtkWidget *widget)
{
  if (GTK_IS_LABEL (widget) && gtk_widget_has_css_class (widget, "subtitle"))
    {
      g_autoptr (PangoAttrList) attributes = pango_attr_list_new ();

      pango_attr_list_insert (attributes, pango_attr_insert_hyphens_new (FALSE));
      gtk_label_set_attributes (GTK_LABEL (widget), attributes);
    }
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    forbid_hyphens (child);
}

static void
ls_ui_copy_row_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  g_value_set_string (value, LS_UI_COPY_ROW (object)->value);
}

static void
ls_ui_copy_row_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  LsUiCopyRow *self = LS_UI_COPY_ROW (object);

  if (g_strcmp0 (self->value, g_value_get_string (value)) == 0)
    return;
  g_free (self->value);
  self->value = g_value_dup_string (value);
  g_object_notify_by_pspec (object, properties[PROP_VALUE]);
}

static void
ls_ui_copy_row_finalize (GObject *object)
{
  g_free (LS_UI_COPY_ROW (object)->value);

  G_OBJECT_CLASS (ls_ui_copy_row_parent_class)->finalize (object);
}

static void
ls_ui_copy_row_class_init (LsUiCopyRowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = ls_ui_copy_row_get_property;
  object_class->set_property = ls_ui_copy_row_set_property;
  object_class->finalize = ls_ui_copy_row_finalize;

  properties[PROP_VALUE]
      = g_param_spec_string ("value", NULL, NULL, NULL,
                             G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/lightscale/Lightscale/ls-ui-copy-row.ui");
  gtk_widget_class_bind_template_child (widget_class, LsUiCopyRow, copy_button);
  ls_ui_closures_bind (widget_class);
}

static void
ls_ui_copy_row_init (LsUiCopyRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  forbid_hyphens (GTK_WIDGET (self));
  g_signal_connect (self, "notify::title", G_CALLBACK (title_cb), NULL);
}

LsUiCopyRow *
ls_ui_copy_row_new (const char *title, const char *value)
{
  return g_object_new (LS_UI_TYPE_COPY_ROW, "title", title, "value", value, NULL);
}
