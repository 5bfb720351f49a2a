/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ui-assistant.h"

#include <glib/gi18n-lib.h>

#include "ls-error.h"
#include "ls-ident.h"

#include "ls-ui-approval.h"
#include "ls-ui-banner.h"
#include "ls-ui-closures.h"

struct _LsUiAssistant
{
  AdwWindow parent_instance;

  LsUiNetworks *networks; /* owned */
  LsUiNetwork *network; /* owned; NULL until it is added */
  gboolean created; /* network was added by this assistant */
  LsUiServer *server; /* the last answer; NULL before */
  char **urls; /* what @server was asked at */
  GCancellable *cancellable; /* of the step under way */
  gboolean busy;

  AdwToastOverlay *toasts;
  GtkStack *pages;
  LsUiBanner *banner;
  GtkEditable *server_row;
  AdwActionRow *found_row;
  LsUiBanner *plain_banner;
  AdwActionRow *pin_row;
  GtkSwitch *pin_switch;
  GtkEditable *token_row;
  GtkEditable *token_name_row;
  GtkEditable *network_row;
  GtkEditable *approval_name_row;
};

enum
{
  PROP_0,
  PROP_NETWORK,
  PROP_BUSY,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LsUiAssistant, ls_ui_assistant, ADW_TYPE_WINDOW)

static void
set_busy (LsUiAssistant *self, gboolean busy)
{
  self->busy = busy;
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "assistant.check", !busy);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "assistant.go-to", !busy);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "assistant.join", !busy);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BUSY]);
}

static void
show_page (LsUiAssistant *self, const char *name)
{
  ls_ui_banner_show_error (self->banner, NULL);
  gtk_stack_set_visible_child_name (self->pages, name);
}

static const char *
get_page (LsUiAssistant *self)
{
  return gtk_stack_get_visible_child_name (self->pages);
}

/* Starts a step: what it is called with is cancelled when the window closes. */
static void
begin_step (LsUiAssistant *self)
{
  ls_ui_banner_show_error (self->banner, NULL);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  set_busy (self, TRUE);
}

/* Ends a step that failed; everything typed stays. Takes @error. */
static void
fail_step (LsUiAssistant *self, GError *error)
{
  set_busy (self, FALSE);
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    ls_ui_banner_show_error (self->banner, error);
  g_error_free (error);
}

static char *
page_title (gpointer self, const char *page)
{
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
  return g_strdup (_ ("Add Network"));
}

static gboolean
can_go_back (gpointer self, const char *page, gboolean busy)
{
  return !busy
         && (g_strcmp0 (page, "method") == 0 || g_strcmp0 (page, "token") == 0
             || g_strcmp0 (page, "approval") == 0);
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
  if (g_str_equal (get_page (self), "waiting")
      && is_joined (ls_ui_network_get_state (self->network)))
    show_page (self, "done");
}

static void
take_network (LsUiAssistant *self, LsUiNetwork *network)
{
  g_set_object (&self->network, network);
  g_signal_connect_object (network, "notify::state", G_CALLBACK (state_cb), self,
                           G_CONNECT_SWAPPED);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_NETWORK]);
}

/* The addresses that were typed, separated by spaces or commas; https is meant where nothing is
 * said. */
static char **
parse_urls (const char *text, GError **error)
{
  g_auto (GStrv) words = g_strsplit_set (text, " ,;\t\n", -1);
  g_autoptr (GStrvBuilder) urls = g_strv_builder_new ();
  guint count = 0;

  for (guint i = 0; words[i] != NULL; i++)
    {
      g_autofree char *full = NULL;
      g_autofree char *url = NULL;

      if (*words[i] == '\0')
        continue;
      full = strstr (words[i], "://") != NULL ? g_strdup (words[i])
                                              : g_strconcat ("https://", words[i], NULL);
      url = ls_control_url_normalize (full, error);
      if (url == NULL)
        return NULL;
      g_strv_builder_add (urls, url);
      count++;
    }
  if (count > 0)
    return g_strv_builder_end (urls);
  g_set_error_literal (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT,
                       _ ("The server’s address is missing."));
  return NULL;
}

static void
show_refused_certificate (LsUiAssistant *self)
{
  g_autofree char *details
      = g_strdup_printf (_ ("%s\n%s\nSHA-256 fingerprint: %s"), self->server->url,
                         self->server->certificate_error, self->server->pin);

  g_object_set (self->banner, "title", _ ("The server cannot prove who it is."), "text",
                _ ("Check the address. If it is right, ask who runs the server for a valid "
                   "certificate, or install the certificate authority on this computer."),
                "details", details, NULL);
}

static void
show_found_server (LsUiAssistant *self)
{
  gboolean encrypted = self->server->encrypted;

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->found_row), self->server->url);
  adw_action_row_set_subtitle (self->found_row,
                               encrypted ? _ ("Reachable, encrypted, certificate verified")
                                         : _ ("Reachable, not encrypted"));
  g_object_set (self->plain_banner, "title",
                encrypted ? NULL : _ ("The connection to this server is not encrypted."), NULL);
  adw_action_row_set_subtitle (self->pin_row, self->server->pin);
  gtk_widget_set_visible (GTK_WIDGET (self->pin_row), encrypted && *self->server->pin != '\0');
  show_page (self, "method");
}

static void
checked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsUiAssistant) self = user_data;
  g_autoptr (GError) error = NULL;
  LsUiServer *server = ls_ui_networks_check_server_finish (LS_UI_NETWORKS (source), result, &error);

  if (server == NULL)
    {
      fail_step (self, g_steal_pointer (&error));
      return;
    }
  set_busy (self, FALSE);
  g_clear_pointer (&self->server, ls_ui_server_free);
  self->server = server;
  if (*server->certificate_error != '\0')
    show_refused_certificate (self);
  else
    show_found_server (self);
}

static void
check (LsUiAssistant *self)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) urls = NULL;

  if (self->busy)
    return;
  begin_step (self);
  urls = parse_urls (gtk_editable_get_text (self->server_row), &error);
  if (urls == NULL)
    {
      fail_step (self, g_steal_pointer (&error));
      return;
    }
  g_strfreev (self->urls);
  self->urls = g_steal_pointer (&urls);
  ls_ui_networks_check_server_async (self->networks, (const char *const *)self->urls,
                                     self->cancellable, checked_cb, g_object_ref (self));
}

static void
joined_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsUiAssistant) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!ls_ui_network_join_with_token_finish (LS_UI_NETWORK (source), result, &error))
    {
      fail_step (self, g_steal_pointer (&error));
      return;
    }
  set_busy (self, FALSE);
  gtk_editable_set_text (self->token_row, "");
  /* A network may want every device approved, also one with a token. */
  show_page (self, ls_ui_network_get_state (self->network) == LS_UI_STATE_WAITING_FOR_APPROVAL
                       ? "waiting"
                       : "done");
}

static void
asked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsUiAssistant) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!ls_ui_network_ask_approval_finish (LS_UI_NETWORK (source), result, &error))
    {
      fail_step (self, g_steal_pointer (&error));
      return;
    }
  set_busy (self, FALSE);
  show_page (self, "waiting");
  state_cb (self);
}

static char *
dup_stripped (GtkEditable *row)
{
  return g_strstrip (g_strdup (gtk_editable_get_text (row)));
}

/* The network is there and set up: joins it the way that the page in front asks for. */
static void
register_device (LsUiAssistant *self)
{
  gboolean with_token = g_str_equal (get_page (self), "token");
  g_autofree char *secret = dup_stripped (with_token ? self->token_row : self->network_row);
  g_autofree char *name
      = dup_stripped (with_token ? self->token_name_row : self->approval_name_row);

  if (with_token)
    ls_ui_network_join_with_token_async (self->network, secret, name, self->cancellable, joined_cb,
                                         g_object_ref (self));
  else
    ls_ui_network_ask_approval_async (self->network, secret, name, self->cancellable, asked_cb,
                                      g_object_ref (self));
}

static void
updated_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsUiAssistant) self = user_data;
  g_autoptr (GError) error = NULL;

  if (ls_ui_network_update_finish (LS_UI_NETWORK (source), result, &error))
    register_device (self);
  else
    fail_step (self, g_steal_pointer (&error));
}

static void
added_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsUiAssistant) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (LsUiNetwork) network
      = ls_ui_networks_add_finish (LS_UI_NETWORKS (source), result, &error);

  if (network == NULL)
    {
      fail_step (self, g_steal_pointer (&error));
      return;
    }
  self->created = TRUE;
  take_network (self, network);
  register_device (self);
}

/* Looks at what was typed before anybody is asked. */
static gboolean
validate (LsUiAssistant *self, GError **error)
{
  gboolean with_token = g_str_equal (get_page (self), "token");
  g_autofree char *secret = dup_stripped (with_token ? self->token_row : self->network_row);
  g_autofree char *name
      = dup_stripped (with_token ? self->token_name_row : self->approval_name_row);

  if (with_token ? !ls_token_validate (secret, error) : !ls_node_id_validate (secret, error))
    return FALSE;
  return ls_node_name_validate (name, error);
}

static void
join (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  LsUiAssistant *self = LS_UI_ASSISTANT (widget);
  gboolean pinned = gtk_widget_get_visible (GTK_WIDGET (self->pin_row))
                    && gtk_switch_get_active (self->pin_switch);
  g_autoptr (LsPins) pins = ls_pins_new ();
  const char *const *urls = (const char *const *)self->urls;
  g_autoptr (GError) error = NULL;

  if (self->busy)
    return;
  begin_step (self);
  if ((pinned && !ls_pins_set (pins, self->server->url, self->server->pin, &error))
      || !validate (self, &error))
    fail_step (self, g_steal_pointer (&error));
  else if (self->network == NULL)
    ls_ui_networks_add_async (self->networks, urls, pins, self->cancellable, added_cb,
                              g_object_ref (self));
  else
    ls_ui_network_update_async (self->network, urls, pins, self->cancellable, updated_cb,
                                g_object_ref (self));
}

static void
join_cb (LsUiAssistant *self)
{
  join (GTK_WIDGET (self), NULL, NULL);
}

static void
check_action (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  check (LS_UI_ASSISTANT (widget));
}

static void
go_to (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  LsUiAssistant *self = LS_UI_ASSISTANT (widget);
  const char *page = g_variant_get_string (parameter, NULL);

  show_page (self, page);
  if (g_str_equal (page, "token"))
    gtk_widget_grab_focus (GTK_WIDGET (self->token_row));
  else if (g_str_equal (page, "approval"))
    gtk_widget_grab_focus (GTK_WIDGET (self->network_row));
}

static void
back (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  LsUiAssistant *self = LS_UI_ASSISTANT (widget);

  if (g_str_equal (get_page (self), "method"))
    show_page (self, "server");
  else if (can_go_back (self, get_page (self), self->busy))
    show_page (self, "method");
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
  if (self->created && !g_str_equal (get_page (self), "waiting")
      && !g_str_equal (get_page (self), "done"))
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

  G_OBJECT_CLASS (ls_ui_assistant_parent_class)->dispose (object);
}

static void
bind_template (GtkWidgetClass *widget_class)
{
  g_type_ensure (LS_UI_TYPE_APPROVAL);
  g_type_ensure (LS_UI_TYPE_BANNER);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/lightscale/Lightscale/ls-ui-assistant.ui");
  gtk_widget_class_bind_template_child (widget_class, LsUiAssistant, toasts);
  gtk_widget_class_bind_template_child (widget_class, LsUiAssistant, pages);
  gtk_widget_class_bind_template_child (widget_class, LsUiAssistant, banner);
  gtk_widget_class_bind_template_child (widget_class, LsUiAssistant, server_row);
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
  gtk_widget_class_bind_template_callback (widget_class, check);
  gtk_widget_class_bind_template_callback (widget_class, join_cb);
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
  gtk_widget_class_install_action (widget_class, "assistant.join", NULL, join);
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

  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_editable_set_text (self->token_name_row, host[0]);
  gtk_editable_set_text (self->approval_name_row, host[0]);
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
  take_network (self, network);
  g_object_get (network, "servers", &servers, NULL);
  gtk_editable_set_text (self->server_row, g_strdelimit (servers, "\n", ' '));
  check (self);
  return self;
}

void
ls_ui_assistant_toast (LsUiAssistant *self, const char *text)
{
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  adw_toast_overlay_add_toast (self->toasts, adw_toast_new (escaped));
}
