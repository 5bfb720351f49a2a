/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ui-notices.h"

#include <glib/gi18n-lib.h>

#include "ls-ui-banner.h"
#include "ls-ui-closures.h"
#include "ls-ui-notice.h"

struct _LsUiNotices
{
  AdwBin parent_instance;

  LsUiNetworks *networks; /* owned */
  GListModel *notices; /* owned */

  GtkBox *box;
  GtkWidget *helper_banner;
};

enum
{
  PROP_0,
  PROP_NETWORKS,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LsUiNotices, ls_ui_notices, ADW_TYPE_BIN)

static GtkWidget *
create_banner (LsUiNotice *notice)
{
  LsUiBanner *banner = ls_ui_banner_new ();
  g_autoptr (GVariant) target
      = g_variant_ref_sink (g_variant_new_string (ls_ui_notice_get_id (notice)));
  g_autofree char *action = g_action_print_detailed_name ("notices.dismiss", target);

  g_object_set (banner, "kind", "warning", "title", ls_ui_notice_get_title (notice), "text",
                ls_ui_notice_get_hint (notice), "details", ls_ui_notice_get_details (notice),
                "close-action", action, NULL);
  return GTK_WIDGET (banner);
}

static void
rebuild (LsUiNotices *self)
{
  GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (self->box));
  guint count = self->notices != NULL ? g_list_model_get_n_items (self->notices) : 0;

  while (child != NULL)
    {
      GtkWidget *next = gtk_widget_get_next_sibling (child);

      if (child != self->helper_banner)
        gtk_box_remove (self->box, child);
      child = next;
    }
  for (guint i = 0; i < count; i++)
    {
      g_autoptr (LsUiNotice) notice = g_list_model_get_item (self->notices, i);
      gtk_box_append (self->box, create_banner (notice));
    }
  gtk_widget_set_visible (GTK_WIDGET (self),
                          count > 0 || gtk_widget_get_visible (self->helper_banner));
}

static void
notices_changed_cb (LsUiNotices *self)
{
  rebuild (self);
}

static void
dismiss (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  LsUiNotices *self = LS_UI_NOTICES (widget);

  if (self->networks != NULL)
    ls_ui_networks_dismiss_notice (self->networks, g_variant_get_string (parameter, NULL));
}

static char *
helper_title (gpointer self, gboolean missing)
{
  return g_strdup (missing ? _ ("The Lightscale helper is missing.") : "");
}

static void
ls_ui_notices_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  g_value_set_object (value, LS_UI_NOTICES (object)->networks);
}

static void
ls_ui_notices_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  ls_ui_notices_set_networks (LS_UI_NOTICES (object), g_value_get_object (value));
}

static void
ls_ui_notices_dispose (GObject *object)
{
  LsUiNotices *self = LS_UI_NOTICES (object);

  if (self->notices != NULL)
    g_signal_handlers_disconnect_by_data (self->notices, self);
  g_clear_object (&self->notices);
  g_clear_object (&self->networks);

  G_OBJECT_CLASS (ls_ui_notices_parent_class)->dispose (object);
}

static void
ls_ui_notices_class_init (LsUiNoticesClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = ls_ui_notices_get_property;
  object_class->set_property = ls_ui_notices_set_property;
  object_class->dispose = ls_ui_notices_dispose;

  properties[PROP_NETWORKS]
      = g_param_spec_object ("networks", NULL, NULL, LS_UI_TYPE_NETWORKS,
                             G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_install_action (widget_class, "notices.dismiss", "s", dismiss);
  g_type_ensure (LS_UI_TYPE_BANNER);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/lightscale/Lightscale/ls-ui-notices.ui");
  gtk_widget_class_bind_template_child (widget_class, LsUiNotices, box);
  gtk_widget_class_bind_template_child (widget_class, LsUiNotices, helper_banner);
  gtk_widget_class_bind_template_callback (widget_class, helper_title);
  ls_ui_closures_bind (widget_class);
}

static void
ls_ui_notices_init (LsUiNotices *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_object (self->helper_banner, "notify::visible", G_CALLBACK (notices_changed_cb),
                           self, G_CONNECT_SWAPPED);
  rebuild (self);
}

void
ls_ui_notices_set_networks (LsUiNotices *self, LsUiNetworks *networks)
{
  if (!g_set_object (&self->networks, networks))
    return;
  if (self->notices != NULL)
    g_signal_handlers_disconnect_by_data (self->notices, self);
  g_clear_object (&self->notices);
  if (networks != NULL)
    {
      g_object_get (networks, "notices", &self->notices, NULL);
      g_signal_connect_swapped (self->notices, "items-changed", G_CALLBACK (notices_changed_cb),
                                self);
    }
  rebuild (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_NETWORKS]);
}
