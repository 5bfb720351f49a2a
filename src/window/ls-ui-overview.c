/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ui-overview.h"

#include <glib/gi18n-lib.h>

#include "ls-ui-approval.h"
#include "ls-ui-banner.h"
#include "ls-ui-closures.h"
#include "ls-ui-copy-row.h"

struct _LsUiOverview
{
  AdwBin parent_instance;

  LsUiNetwork *network; /* owned */
};

enum
{
  PROP_0,
  PROP_NETWORK,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LsUiOverview, ls_ui_overview, ADW_TYPE_BIN)

static char *
backend_label (gpointer self, const char *backend, const char *interface)
{
  const char *label = backend;

  if (backend == NULL || *backend == '\0')
    return g_strdup ("");
  if (g_str_equal (backend, "networkmanager"))
    label = _ ("NetworkManager and the kernel");
  else if (g_str_equal (backend, "kernel"))
    label = _ ("The kernel");
  else if (g_str_equal (backend, "userspace"))
    label = _ ("A program of its own (userspace)");
  if (interface == NULL || *interface == '\0')
    return g_strdup (label);
  return g_strdup_printf ("%s · %s", label, interface);
}

static char *
state_title (gpointer self, LsUiState state)
{
  return g_strdup (state == LS_UI_STATE_READY ? _ ("Not connected")
                                              : ls_ui_state_get_label (state));
}

/* What has happened and what to do, in the states that need the person. */
static const struct
{
  const char *title;
  const char *text;
} advice[LS_UI_N_STATES] = {
  [LS_UI_STATE_NEW] = { N_ ("This device has not joined the network yet."),
                        N_ ("Join with a token, or ask for approval.") },
  [LS_UI_STATE_REVOKED] = { N_ ("An administrator has revoked this device."),
                            N_ ("Ask an administrator of the network to let it in again.") },
  [LS_UI_STATE_NEEDS_KEY_ROTATION]
  = { N_ ("The network asks for new keys."),
      N_ ("Its keys are older than the network allows. Remove the network here and join it again, "
          "or ask an administrator.") },
  [LS_UI_STATE_DELETED]
  = { N_ ("The server does not know this device any more."),
      N_ ("Join again, or remove the network here. Your keys are kept until then.") },
};

static char *
dup_advice (const char *text)
{
  return g_strdup (text != NULL ? _ (text) : "");
}

static char *
state_advice_title (gpointer self, LsUiState state)
{
  return dup_advice ((guint)state < LS_UI_N_STATES ? advice[state].title : NULL);
}

static char *
state_advice_text (gpointer self, LsUiState state)
{
  return dup_advice ((guint)state < LS_UI_N_STATES ? advice[state].text : NULL);
}

static char *
join_label (gpointer self, gboolean can_join)
{
  return g_strdup (can_join ? _ ("Join…") : "");
}

/* A problem while the server does not answer may be its address or its certificate. */
static char *
server_label (gpointer self, const char *unreachable)
{
  return g_strdup (unreachable != NULL && *unreachable != '\0' ? _ ("Check the Server…") : "");
}

static void
ls_ui_overview_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  g_value_set_object (value, LS_UI_OVERVIEW (object)->network);
}

static void
ls_ui_overview_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  ls_ui_overview_set_network (LS_UI_OVERVIEW (object), g_value_get_object (value));
}

static void
ls_ui_overview_dispose (GObject *object)
{
  g_clear_object (&LS_UI_OVERVIEW (object)->network);

  G_OBJECT_CLASS (ls_ui_overview_parent_class)->dispose (object);
}

static void
ls_ui_overview_class_init (LsUiOverviewClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = ls_ui_overview_get_property;
  object_class->set_property = ls_ui_overview_set_property;
  object_class->dispose = ls_ui_overview_dispose;

  properties[PROP_NETWORK]
      = g_param_spec_object ("network", NULL, NULL, LS_UI_TYPE_NETWORK,
                             G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  g_type_ensure (LS_UI_TYPE_APPROVAL);
  g_type_ensure (LS_UI_TYPE_BANNER);
  g_type_ensure (LS_UI_TYPE_COPY_ROW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/lightscale/Lightscale/ls-ui-overview.ui");
  gtk_widget_class_bind_template_callback (widget_class, backend_label);
  gtk_widget_class_bind_template_callback (widget_class, state_title);
  gtk_widget_class_bind_template_callback (widget_class, state_advice_title);
  gtk_widget_class_bind_template_callback (widget_class, state_advice_text);
  gtk_widget_class_bind_template_callback (widget_class, join_label);
  gtk_widget_class_bind_template_callback (widget_class, server_label);
  ls_ui_closures_bind (widget_class);
}

static void
ls_ui_overview_init (LsUiOverview *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
ls_ui_overview_set_network (LsUiOverview *self, LsUiNetwork *network)
{
  if (g_set_object (&self->network, network))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_NETWORK]);
}
