/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ui-banner.h"

#include <glib/gi18n-lib.h>

#include "ls-error.h"

#include "ls-ui-closures.h"

struct _LsUiBanner
{
  AdwBin parent_instance;

  char *texts[7]; /* in the order of the properties */

  GtkButton *button;
  GtkButton *close_button;
};

enum
{
  PROP_0,
  PROP_TITLE,
  PROP_TEXT,
  PROP_DETAILS,
  PROP_KIND,
  PROP_BUTTON_LABEL,
  PROP_BUTTON_ACTION,
  PROP_CLOSE_ACTION,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LsUiBanner, ls_ui_banner, ADW_TYPE_BIN)

static char **
banner_classes (gpointer self, const char *kind)
{
  const char *const classes[] = { "ls-banner", kind != NULL ? kind : "info", NULL };

  return g_strdupv ((char **)classes);
}

static char *
banner_icon (gpointer self, const char *kind)
{
  if (g_strcmp0 (kind, "error") == 0)
    return g_strdup ("dialog-error-symbolic");
  if (g_strcmp0 (kind, "warning") == 0)
    return g_strdup ("ls-state-attention-symbolic");
  return g_strdup ("dialog-information-symbolic");
}

static void
ls_ui_banner_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  g_value_set_string (value, LS_UI_BANNER (object)->texts[prop_id - PROP_TITLE]);
}

static void
ls_ui_banner_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  LsUiBanner *self = LS_UI_BANNER (object);
  char **text = &self->texts[prop_id - PROP_TITLE];

  if (g_strcmp0 (*text, g_value_get_string (value)) == 0)
    return;
  g_free (*text);
  *text = g_value_dup_string (value);
  if (prop_id == PROP_BUTTON_ACTION)
    gtk_actionable_set_detailed_action_name (GTK_ACTIONABLE (self->button), *text);
  else if (prop_id == PROP_CLOSE_ACTION)
    gtk_actionable_set_detailed_action_name (GTK_ACTIONABLE (self->close_button), *text);
  g_object_notify_by_pspec (object, pspec);
}

static void
ls_ui_banner_finalize (GObject *object)
{
  LsUiBanner *self = LS_UI_BANNER (object);

  for (guint i = 0; i < G_N_ELEMENTS (self->texts); i++)
    g_free (self->texts[i]);

  G_OBJECT_CLASS (ls_ui_banner_parent_class)->finalize (object);
}

static void
ls_ui_banner_class_init (LsUiBannerClass *klass)
{
  static const char *const names[N_PROPS] = {
    NULL, "title", "text", "details", "kind", "button-label", "button-action", "close-action"
  };
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = ls_ui_banner_get_property;
  object_class->set_property = ls_ui_banner_set_property;
  object_class->finalize = ls_ui_banner_finalize;

  for (guint i = PROP_TITLE; i < N_PROPS; i++)
    properties[i] = g_param_spec_string (names[i], NULL, NULL, NULL,
                                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY
                                             | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/lightscale/Lightscale/ls-ui-banner.ui");
  gtk_widget_class_bind_template_child (widget_class, LsUiBanner, button);
  gtk_widget_class_bind_template_child (widget_class, LsUiBanner, close_button);
  gtk_widget_class_bind_template_callback (widget_class, banner_classes);
  gtk_widget_class_bind_template_callback (widget_class, banner_icon);
  ls_ui_closures_bind (widget_class);
}

static void
ls_ui_banner_init (LsUiBanner *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

LsUiBanner *
ls_ui_banner_new (void)
{
  return g_object_new (LS_UI_TYPE_BANNER, NULL);
}

void
ls_ui_banner_show_error (LsUiBanner *self, const GError *error)
{
  g_autofree char *title = error != NULL ? ls_error_dup_message (error) : NULL;

  g_object_set (self, "title", title, "text", error != NULL ? ls_error_get_hint (error) : NULL,
                "details", error != NULL ? error->message : NULL, NULL);
}
