/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ui-network-page.h"

#include "ls-ui-closures.h"
#include "ls-ui-device-page.h"
#include "ls-ui-devices-page.h"
#include "ls-ui-network-actions.h"
#include "ls-ui-notices.h"
#include "ls-ui-overview.h"

struct _LsUiNetworkPage
{
  AdwBin parent_instance;

  LsUiNetworks *networks; /* owned */
  LsUiNetwork *network; /* owned */
  gboolean folded;

  AdwLeaflet *leaflet;
  GtkWidget *network_box;
  AdwViewStack *view_stack;
  LsUiDevicesPage *devices_page;
  LsUiDevicePage *device_page;
};

enum
{
  PROP_0,
  PROP_NETWORKS,
  PROP_NETWORK,
  PROP_FOLDED,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LsUiNetworkPage, ls_ui_network_page, ADW_TYPE_BIN)

static void
device_activated_cb (LsUiNetworkPage *self, LsUiDevice *device)
{
  ls_ui_device_page_set_device (self->device_page, device);
  adw_leaflet_navigate (self->leaflet, ADW_NAVIGATION_DIRECTION_FORWARD);
}

static void
back (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  ls_ui_network_page_back (LS_UI_NETWORK_PAGE (widget));
}

static void
ls_ui_network_page_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  LsUiNetworkPage *self = LS_UI_NETWORK_PAGE (object);

  switch (prop_id)
    {
    case PROP_NETWORKS:
      g_value_set_object (value, self->networks);
      break;
    case PROP_NETWORK:
      g_value_set_object (value, self->network);
      break;
    case PROP_FOLDED:
      g_value_set_boolean (value, self->folded);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
ls_ui_network_page_set_property (GObject *object, guint prop_id, const GValue *value,
                                 GParamSpec *pspec)
{
  LsUiNetworkPage *self = LS_UI_NETWORK_PAGE (object);

  switch (prop_id)
    {
    case PROP_NETWORKS:
      g_set_object (&self->networks, g_value_get_object (value));
      break;
    case PROP_NETWORK:
      ls_ui_network_page_set_network (self, g_value_get_object (value));
      break;
    case PROP_FOLDED:
      self->folded = g_value_get_boolean (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
ls_ui_network_page_dispose (GObject *object)
{
  LsUiNetworkPage *self = LS_UI_NETWORK_PAGE (object);

  g_clear_object (&self->network);
  g_clear_object (&self->networks);

  G_OBJECT_CLASS (ls_ui_network_page_parent_class)->dispose (object);
}

static void
install_properties (GObjectClass *object_class)
{
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  properties[PROP_NETWORKS]
      = g_param_spec_object ("networks", NULL, NULL, LS_UI_TYPE_NETWORKS, flags);
  properties[PROP_NETWORK] = g_param_spec_object ("network", NULL, NULL, LS_UI_TYPE_NETWORK,
                                                  flags | G_PARAM_EXPLICIT_NOTIFY);
  properties[PROP_FOLDED] = g_param_spec_boolean ("folded", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
ls_ui_network_page_class_init (LsUiNetworkPageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = ls_ui_network_page_get_property;
  object_class->set_property = ls_ui_network_page_set_property;
  object_class->dispose = ls_ui_network_page_dispose;
  install_properties (object_class);

  gtk_widget_class_install_action (widget_class, "page.back", NULL, back);
  g_type_ensure (LS_UI_TYPE_DEVICE_PAGE);
  g_type_ensure (LS_UI_TYPE_DEVICES_PAGE);
  g_type_ensure (LS_UI_TYPE_NOTICES);
  g_type_ensure (LS_UI_TYPE_OVERVIEW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/lightscale/Lightscale/ls-ui-network-page.ui");
  gtk_widget_class_bind_template_child (widget_class, LsUiNetworkPage, leaflet);
  gtk_widget_class_bind_template_child (widget_class, LsUiNetworkPage, network_box);
  gtk_widget_class_bind_template_child (widget_class, LsUiNetworkPage, view_stack);
  gtk_widget_class_bind_template_child (widget_class, LsUiNetworkPage, devices_page);
  gtk_widget_class_bind_template_child (widget_class, LsUiNetworkPage, device_page);
  gtk_widget_class_bind_template_callback (widget_class, device_activated_cb);
  ls_ui_closures_bind (widget_class);
}

static void
ls_ui_network_page_init (LsUiNetworkPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
ls_ui_network_page_set_network (LsUiNetworkPage *self, LsUiNetwork *network)
{
  g_autoptr (GSimpleActionGroup) actions = NULL;

  if (!g_set_object (&self->network, network))
    return;
  adw_leaflet_set_visible_child (self->leaflet, self->network_box);
  ls_ui_device_page_set_device (self->device_page, NULL);
  if (network != NULL)
    actions = ls_ui_network_actions_new (network);
  gtk_widget_insert_action_group (GTK_WIDGET (self), "network",
                                  actions != NULL ? G_ACTION_GROUP (actions) : NULL);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_NETWORK]);
}

void
ls_ui_network_page_search (LsUiNetworkPage *self)
{
  adw_leaflet_set_visible_child (self->leaflet, self->network_box);
  adw_view_stack_set_visible_child_name (self->view_stack, "devices");
  ls_ui_devices_page_focus_search (self->devices_page);
}

gboolean
ls_ui_network_page_back (LsUiNetworkPage *self)
{
  if (adw_leaflet_get_visible_child (self->leaflet) == self->network_box)
    return FALSE;
  adw_leaflet_set_visible_child (self->leaflet, self->network_box);
  return TRUE;
}
