/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ui-approval.h"

#include <glib/gi18n-lib.h>

#include "ls-ui-closures.h"
#include "ls-ui-network-actions.h"
#include "ls-ui-qr.h"

struct _LsUiApproval
{
  AdwBin parent_instance;

  LsUiNetwork *network; /* owned */
  guint tick_id; /* while mapped: the time left runs */
};

enum
{
  PROP_0,
  PROP_NETWORK,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LsUiApproval, ls_ui_approval, ADW_TYPE_BIN)

static char *
time_left_label (gpointer self, const char *time_left, gboolean expired)
{
  if (expired)
    return g_strdup (_ ("The link has expired. An administrator can still let this device in."));
  if (time_left == NULL || *time_left == '\0')
    return g_strdup (_ ("Waiting…"));
  return g_strdup_printf (_ ("Waiting… %s left"), time_left);
}

static char *
advice (gpointer self, const char *url)
{
  if (url == NULL || *url == '\0')
    return g_strdup (_ ("An administrator of the network has to let it in."));
  return g_strdup (_ ("Whoever opens this link lets the device in. Send it to an administrator of "
                      "the network, or open it yourself if you may."));
}

static void
open_link (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  LsUiApproval *self = LS_UI_APPROVAL (widget);
  GtkRoot *root = gtk_widget_get_root (widget);
  g_autofree char *url = NULL;

  if (self->network == NULL)
    return;
  g_object_get (self->network, "auth-url", &url, NULL);
  /* SECURITY: the link comes from the server; nothing but a web page is opened. */
  if (g_str_has_prefix (url, "https://") || g_str_has_prefix (url, "http://"))
    gtk_show_uri (GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL, url, GDK_CURRENT_TIME);
}

static gboolean
tick_cb (gpointer user_data)
{
  LsUiApproval *self = user_data;

  if (self->network != NULL)
    ls_ui_network_refresh_ages (self->network);
  return G_SOURCE_CONTINUE;
}

static void
ls_ui_approval_map (GtkWidget *widget)
{
  LsUiApproval *self = LS_UI_APPROVAL (widget);

  GTK_WIDGET_CLASS (ls_ui_approval_parent_class)->map (widget);
  self->tick_id = g_timeout_add_seconds (1, tick_cb, self);
}

static void
ls_ui_approval_unmap (GtkWidget *widget)
{
  g_clear_handle_id (&LS_UI_APPROVAL (widget)->tick_id, g_source_remove);

  GTK_WIDGET_CLASS (ls_ui_approval_parent_class)->unmap (widget);
}

static void
ls_ui_approval_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  g_value_set_object (value, LS_UI_APPROVAL (object)->network);
}

static void
ls_ui_approval_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  ls_ui_approval_set_network (LS_UI_APPROVAL (object), g_value_get_object (value));
}

static void
ls_ui_approval_dispose (GObject *object)
{
  LsUiApproval *self = LS_UI_APPROVAL (object);

  g_clear_handle_id (&self->tick_id, g_source_remove);
  g_clear_object (&self->network);

  G_OBJECT_CLASS (ls_ui_approval_parent_class)->dispose (object);
}

static void
ls_ui_approval_class_init (LsUiApprovalClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = ls_ui_approval_get_property;
  object_class->set_property = ls_ui_approval_set_property;
  object_class->dispose = ls_ui_approval_dispose;
  widget_class->map = ls_ui_approval_map;
  widget_class->unmap = ls_ui_approval_unmap;

  properties[PROP_NETWORK]
      = g_param_spec_object ("network", NULL, NULL, LS_UI_TYPE_NETWORK,
                             G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_install_action (widget_class, "approval.open", NULL, open_link);
  g_type_ensure (LS_UI_TYPE_QR);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/lightscale/Lightscale/ls-ui-approval.ui");
  gtk_widget_class_bind_template_callback (widget_class, time_left_label);
  gtk_widget_class_bind_template_callback (widget_class, advice);
  ls_ui_closures_bind (widget_class);
}

static void
ls_ui_approval_init (LsUiApproval *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
ls_ui_approval_set_network (LsUiApproval *self, LsUiNetwork *network)
{
  g_autoptr (GSimpleActionGroup) actions = NULL;

  if (!g_set_object (&self->network, network))
    return;
  if (network != NULL)
    actions = ls_ui_network_actions_new (network);
  gtk_widget_insert_action_group (GTK_WIDGET (self), "network",
                                  actions != NULL ? G_ACTION_GROUP (actions) : NULL);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_NETWORK]);
}
