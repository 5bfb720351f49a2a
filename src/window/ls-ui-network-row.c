/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ui-network-row.h"

#include "ls-ui-closures.h"
#include "ls-ui-network-actions.h"

struct _LsUiNetworkRow
{
  GtkBox parent_instance;

  LsUiNetwork *network; /* owned */
};

enum
{
  PROP_0,
  PROP_NETWORK,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LsUiNetworkRow, ls_ui_network_row, GTK_TYPE_BOX)

/* The list's own widget around this row is what a screen reader stops at. */
static void
name_cb (LsUiNetworkRow *self)
{
  GtkWidget *parent = gtk_widget_get_parent (GTK_WIDGET (self));
  g_autofree char *name = NULL;

  if (parent == NULL)
    return;
  g_object_get (self->network, "title", &name, NULL);
  gtk_accessible_update_property (GTK_ACCESSIBLE (parent), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
}

static void
drop_network (LsUiNetworkRow *self)
{
  if (self->network != NULL)
    g_signal_handlers_disconnect_by_data (self->network, self);
  g_clear_object (&self->network);
}

static void
ls_ui_network_row_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  g_value_set_object (value, LS_UI_NETWORK_ROW (object)->network);
}

static void
ls_ui_network_row_set_property (GObject *object, guint prop_id, const GValue *value,
                                GParamSpec *pspec)
{
  ls_ui_network_row_set_network (LS_UI_NETWORK_ROW (object), g_value_get_object (value));
}

static void
ls_ui_network_row_dispose (GObject *object)
{
  drop_network (LS_UI_NETWORK_ROW (object));

  G_OBJECT_CLASS (ls_ui_network_row_parent_class)->dispose (object);
}

static void
ls_ui_network_row_class_init (LsUiNetworkRowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = ls_ui_network_row_get_property;
  object_class->set_property = ls_ui_network_row_set_property;
  object_class->dispose = ls_ui_network_row_dispose;

  properties[PROP_NETWORK]
      = g_param_spec_object ("network", NULL, NULL, LS_UI_TYPE_NETWORK,
                             G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/lightscale/Lightscale/ls-ui-network-row.ui");
  ls_ui_closures_bind (widget_class);
}

static void
ls_ui_network_row_init (LsUiNetworkRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

LsUiNetworkRow *
ls_ui_network_row_new (void)
{
  return g_object_new (LS_UI_TYPE_NETWORK_ROW, NULL);
}

void
ls_ui_network_row_set_network (LsUiNetworkRow *self, LsUiNetwork *network)
{
  g_autoptr (GSimpleActionGroup) actions = NULL;

  if (self->network == network)
    return;
  drop_network (self);
  if (network != NULL)
    {
      self->network = g_object_ref (network);
      g_signal_connect_swapped (network, "notify::title", G_CALLBACK (name_cb), self);
      name_cb (self);
      actions = ls_ui_network_actions_new (network);
    }
  gtk_widget_insert_action_group (GTK_WIDGET (self), "network",
                                  actions != NULL ? G_ACTION_GROUP (actions) : NULL);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_NETWORK]);
}
