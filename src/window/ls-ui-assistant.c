/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ui-assistant-private.h"

#include <glib/gi18n-lib.h>

#include "ls-ui-approval.h"
#include "ls-ui-closures.h"

enum
{
  PROP_0,
  PROP_NETWORK,
  PROP_BUSY,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LsUiAssistant, ls_ui_assistant, ADW_TYPE_WINDOW)

void
ls_ui_assistant_set_busy (LsUiAssistant *self, gboolean busy)
{
  self->busy = busy;
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "assistant.check", !busy);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "assistant.go-to", !busy);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "assistant.join", !busy);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "assistant.trust", !busy);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BUSY]);
}

void
ls_ui_assistant_show_page (LsUiAssistant *self, const char *name)
{
  ls_ui_banner_show_error (self->banner, NULL);
  gtk_stack_set_visible_child_name (self->pages, name);
}

const char *
ls_ui_assistant_get_page (LsUiAssistant *self)
{
  return gtk_stack_get_visible_child_name (self->pages);
}

gboolean
ls_ui_assistant_is_change (LsUiAssistant *self)
{
  gboolean can_join = TRUE;

  if (self->network != NULL && !self->created)
    g_object_get (self->network, "can-join", &can_join, NULL);
  return !can_join;
}

static char *
page_title (LsUiAssistant *self, const char *page, LsUiNetwork *network)
{
  if (g_strcmp0 (page, "certificate") == 0)
    return g_strdup (_ ("Server Certificate"));
  if (g_strcmp0 (page, "method") == 0)
    return g_strdup (_ ("How to Join"));
  if (g_strcmp0 (page, "token") == 0)
    return g_strdup (_ ("Join with a Token"));
  if (g_strcmp0 (page, "approval") == 0)
    return g_strdup (_ ("Ask for Approval"));
  if (g_strcmp0 (page, "waiting") == 0)
    return g_strdup (_ ("Waiting for Approval"));
  if (g_strcmp0 (page, "done") == 0)
    return g_strdup (_ ("Joined"));
  return g_strdup (ls_ui_assistant_is_change (self) ? _ ("Change Server") : _ ("Add Network"));
}

static gboolean
can_go_back (gpointer self, const char *page, gboolean busy)
{
  return !busy
         && (g_strcmp0 (page, "certificate") == 0 || g_strcmp0 (page, "method") == 0
             || g_strcmp0 (page, "token") == 0 || g_strcmp0 (page, "approval") == 0);
}

static char *
close_label (gpointer self, const char *page)
{
  if (g_strcmp0 (page, "waiting") == 0 || g_strcmp0 (page, "done") == 0)
    return g_strdup (_ ("_Close"));
  return g_strdup (_ ("_Cancel"));
}

static gboolean
is_joined (LsUiState state)
{
  return state == LS_UI_STATE_READY || state == LS_UI_STATE_CONNECTING
         || state == LS_UI_STATE_CONNECTED;
}

static void
state_cb (LsUiAssistant *self)
{
  if (g_str_equal (ls_ui_assistant_get_page (self), "waiting")
      && is_joined (ls_ui_network_get_state (self->network)))
    ls_ui_assistant_show_page (self, "done");
}

void
ls_ui_assistant_show_waiting (LsUiAssistant *self)
{
  ls_ui_assistant_show_page (self, "waiting");
  state_cb (self);
}

void
ls_ui_assistant_take_network (LsUiAssistant *self, LsUiNetwork *network)
{
  g_set_object (&self->network, network);
  g_signal_connect_object (network, "notify::state", G_CALLBACK (state_cb), self,
                           G_CONNECT_SWAPPED);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_NETWORK]);
}

static void
check_action (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  ls_ui_assistant_check (LS_UI_ASSISTANT (widget));
}

static void
trust_action (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  ls_ui_assistant_trust (LS_UI_ASSISTANT (widget));
}

static void
join_action (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  ls_ui_assistant_join (LS_UI_ASSISTANT (widget));
}

static void
go_to (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  LsUiAssistant *self = LS_UI_ASSISTANT (widget);
  const char *page = g_variant_get_string (parameter, NULL);

  ls_ui_assistant_show_page (self, page);
  if (g_str_equal (page, "token"))
    gtk_widget_grab_focus (GTK_WIDGET (self->token_row));
  else if (g_str_equal (page, "approval"))
    gtk_widget_grab_focus (GTK_WIDGET (self->network_row));
}

static void
back (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  LsUiAssistant *self = LS_UI_ASSISTANT (widget);

  if (g_str_equal (ls_ui_assistant_get_page (self), "method")
      || g_str_equal (ls_ui_assistant_get_page (self), "certificate"))
    ls_ui_assistant_show_page (self, "server");
  else if (can_go_back (self, ls_ui_assistant_get_page (self), self->busy))
    ls_ui_assistant_show_page (self, "method");
}

static void
withdraw (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  LsUiAssistant *self = LS_UI_ASSISTANT (widget);

  if (self->network != NULL)
    ls_ui_network_remove (self->network);
  self->created = FALSE;
  gtk_window_close (GTK_WINDOW (self));
}

/* Cancelled before anything was asked for: the network that this assistant added goes again. */
static gboolean
ls_ui_assistant_close_request (GtkWindow *window)
{
  LsUiAssistant *self = LS_UI_ASSISTANT (window);

  g_cancellable_cancel (self->cancellable);
  if (self->created && !g_str_equal (ls_ui_assistant_get_page (self), "waiting")
      && !g_str_equal (ls_ui_assistant_get_page (self), "done"))
    ls_ui_network_remove (self->network);
  self->created = FALSE;
  return GTK_WINDOW_CLASS (ls_ui_assistant_parent_class)->close_request (window);
}

static void
ls_ui_assistant_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  LsUiAssistant *self = LS_UI_ASSISTANT (object);

  switch (prop_id)
    {
    case PROP_NETWORK:
      g_value_set_object (value, self->network);
      break;
    case PROP_BUSY:
      g_value_set_boolean (value, self->busy);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
ls_ui_assistant_dispose (GObject *object)
{
  LsUiAssistant *self = LS_UI_ASSISTANT (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->network);
  g_clear_object (&self->networks);
  g_clear_pointer (&self->server, ls_ui_server_free);
  g_clear_pointer (&self->urls, g_strfreev);
  g_clear_pointer (&self->pins, g_hash_table_unref);

  G_OBJECT_CLASS (ls_ui_assistant_parent_class)->dispose (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  g_type_ensure (LS_UI_TYPE_APPROVAL);
  g_type_ensure (LS_UI_TYPE_BANNER);
  g_type_ensure (LS_UI_TYPE_COPY_ROW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/lightscale/Lightscale/ls-ui-assistant.ui");
  gtk_widget_class_bind_template_child (widget_class, LsUiAssistant, toasts);
  gtk_widget_class_bind_template_child (widget_class, LsUiAssistant, pages);
  gtk_widget_class_bind_template_child (widget_class, LsUiAssistant, banner);
  gtk_widget_class_bind_template_child (widget_class, LsUiAssistant, server_row);
  gtk_widget_class_bind_template_child (widget_class, LsUiAssistant, certificate_banner);
  gtk_widget_class_bind_template_child (widget_class, LsUiAssistant, certificate_row);
  gtk_widget_class_bind_template_child (widget_class, LsUiAssistant, found_row);
  gtk_widget_class_bind_template_child (widget_class, LsUiAssistant, plain_banner);
  gtk_widget_class_bind_template_child (widget_class, LsUiAssistant, pin_row);
  gtk_widget_class_bind_template_child (widget_class, LsUiAssistant, pin_switch);
  gtk_widget_class_bind_template_child (widget_class, LsUiAssistant, token_row);
  gtk_widget_class_bind_template_child (widget_class, LsUiAssistant, token_name_row);
  gtk_widget_class_bind_template_child (widget_class, LsUiAssistant, network_row);
  gtk_widget_class_bind_template_child (widget_class, LsUiAssistant, approval_name_row);
  gtk_widget_class_bind_template_callback (widget_class, page_title);
  gtk_widget_class_bind_template_callback (widget_class, can_go_back);
  gtk_widget_class_bind_template_callback (widget_class, close_label);
  gtk_widget_class_bind_template_callback (widget_class, ls_ui_assistant_check);
  gtk_widget_class_bind_template_callback (widget_class, ls_ui_assistant_join);
  ls_ui_closures_bind (widget_class);
}

static void
ls_ui_assistant_class_init (LsUiAssistantClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = ls_ui_assistant_get_property;
  object_class->dispose = ls_ui_assistant_dispose;
  GTK_WINDOW_CLASS (klass)->close_request = ls_ui_assistant_close_request;

  properties[PROP_NETWORK] = g_param_spec_object ("network", NULL, NULL, LS_UI_TYPE_NETWORK, flags);
  properties[PROP_BUSY] = g_param_spec_boolean ("busy", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_install_action (widget_class, "assistant.check", NULL, check_action);
  gtk_widget_class_install_action (widget_class, "assistant.go-to", "s", go_to);
  gtk_widget_class_install_action (widget_class, "assistant.join", NULL, join_action);
  gtk_widget_class_install_action (widget_class, "assistant.trust", NULL, trust_action);
  gtk_widget_class_install_action (widget_class, "assistant.back", NULL, back);
  gtk_widget_class_install_action (widget_class, "assistant.withdraw", NULL, withdraw);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Left, GDK_ALT_MASK, "assistant.back",
                                       NULL);
  bind_template (widget_class);
}

static void
ls_ui_assistant_init (LsUiAssistant *self)
{
  g_auto (GStrv) host = g_strsplit (g_get_host_name (), ".", 2);

  self->pins = ls_pins_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_editable_set_text (self->token_name_row, host[0]);
  g_object_bind_property (self->token_name_row, "text", self->approval_name_row, "text",
                          G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
}

LsUiAssistant *
ls_ui_assistant_new (GtkWindow *parent, LsUiNetworks *networks, LsUiNetwork *network)
{
  LsUiAssistant *self = g_object_new (LS_UI_TYPE_ASSISTANT, "transient-for", parent, "application",
                                      gtk_window_get_application (parent), NULL);
  g_autofree char *servers = NULL;

  self->networks = g_object_ref (networks);
  gtk_widget_grab_focus (GTK_WIDGET (self->server_row));
  if (network == NULL)
    return self;
  ls_ui_assistant_take_network (self, network);
  g_hash_table_unref (self->pins);
  self->pins = ls_ui_network_dup_pins (network);
  g_object_get (network, "servers", &servers, NULL);
  gtk_editable_set_text (self->server_row, g_strdelimit (servers, "\n", ' '));
  if (!ls_ui_assistant_is_change (self))
    ls_ui_assistant_check (self);
  return self;
}

void
ls_ui_assistant_toast (LsUiAssistant *self, const char *text)
{
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  adw_toast_overlay_add_toast (self->toasts, adw_toast_new (escaped));
}
