/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ui-closures.h"

static gboolean
is_set (gpointer self, const char *text)
{
  return text != NULL && *text != '\0';
}

static gboolean
negate (gpointer self, gboolean value)
{
  return !value;
}

static gboolean
both (gpointer self, gboolean a, gboolean b)
{
  return a && b;
}

static char **
state_classes (gpointer self, const char *style)
{
  const char *const classes[] = { style, NULL };

  return g_strdupv ((char **)classes);
}

static GVariant *
text_target (gpointer self, const char *text)
{
  return g_variant_ref_sink (g_variant_new_string (text != NULL ? text : ""));
}

void
ls_ui_closures_bind (GtkWidgetClass *widget_class)
{
  gtk_widget_class_bind_template_callback_full (widget_class, "ls_ui_is_set", G_CALLBACK (is_set));
  gtk_widget_class_bind_template_callback_full (widget_class, "ls_ui_not", G_CALLBACK (negate));
  gtk_widget_class_bind_template_callback_full (widget_class, "ls_ui_and", G_CALLBACK (both));
  gtk_widget_class_bind_template_callback_full (widget_class, "ls_ui_state_classes",
                                                G_CALLBACK (state_classes));
  gtk_widget_class_bind_template_callback_full (widget_class, "ls_ui_text_target",
                                                G_CALLBACK (text_target));
}
