/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ui-assistant-private.h"

#include <glib/gi18n-lib.h>

#include "ls-error.h"
#include "ls-ident.h"

/* Starts a step: what it is called with is cancelled when the window closes. */
static void
begin_step (LsUiAssistant *self)
{
  ls_ui_banner_show_error (self->banner, NULL);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  ls_ui_assistant_set_busy (self, TRUE);
}

/* Ends a step that failed; everything typed stays. Takes @error. */
static void
fail_step (LsUiAssistant *self, GError *error)
{
  ls_ui_assistant_set_busy (self, FALSE);
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    ls_ui_banner_show_error (self->banner, error);
  g_error_free (error);
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

/* Nothing that the person could trust helps: it has expired, or belongs to another host. */
static void
show_useless_certificate (LsUiAssistant *self)
{
  g_object_set (self->banner, "title", self->server->certificate_error, "text",
                _ ("Trusting it is not enough. Ask who runs the server for a valid certificate."),
                "details", self->server->url, NULL);
}

static void
show_refused_certificate (LsUiAssistant *self)
{
  ls_ui_assistant_show_page (self, "certificate");
  g_object_set (self->certificate_banner, "text", self->server->certificate_error, NULL);
  g_object_set (self->certificate_row, "value", self->server->pin, NULL);
  gtk_widget_grab_focus (GTK_WIDGET (self->certificate_row));
}

static const char *
describe_found (LsUiAssistant *self)
{
  if (!self->server->encrypted)
    return _ ("Reachable, not encrypted");
  if (ls_pins_get (self->pins, self->server->url) != NULL)
    return _ ("Reachable, encrypted, with the certificate that you trust");
  return _ ("Reachable, encrypted, certificate verified");
}

static void
show_found_server (LsUiAssistant *self)
{
  gboolean encrypted = self->server->encrypted;
  gboolean pinned = ls_pins_get (self->pins, self->server->url) != NULL;

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->found_row), self->server->url);
  adw_action_row_set_subtitle (self->found_row, describe_found (self));
  g_object_set (self->plain_banner, "title",
                encrypted ? NULL : _ ("The connection to this server is not encrypted."), NULL);
  adw_action_row_set_subtitle (self->pin_row, self->server->pin);
  gtk_widget_set_visible (GTK_WIDGET (self->pin_row),
                          encrypted && !pinned && *self->server->pin != '\0');
  ls_ui_assistant_show_page (self, "method");
}

static void
changed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsUiAssistant) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!ls_ui_network_update_finish (LS_UI_NETWORK (source), result, &error))
    {
      fail_step (self, g_steal_pointer (&error));
      return;
    }
  ls_ui_assistant_set_busy (self, FALSE);
  ls_ui_network_refresh (LS_UI_NETWORK (source));
  gtk_window_close (GTK_WINDOW (self));
}

/* Whether a network that was reached encrypted would not be any more. */
static gboolean
is_downgrade (LsUiAssistant *self)
{
  g_autofree char *servers = NULL;

  g_object_get (self->network, "servers", &servers, NULL);
  if (strstr (servers, "http://") != NULL)
    return FALSE;
  for (guint i = 0; self->urls[i] != NULL; i++)
    if (g_str_has_prefix (self->urls[i], "http://"))
      return TRUE;
  return FALSE;
}

static void
change_server (LsUiAssistant *self)
{
  begin_step (self);
  /* SECURITY: this device's token would go out in the clear. */
  if (is_downgrade (self))
    fail_step (self, g_error_new_literal (LS_ERROR, LS_ERROR_INVALID_ARGUMENT,
                                          _ ("A network that is reached encrypted is not changed "
                                             "to plain http: remove it and join again.")));
  else
    ls_ui_network_update_async (self->network, (const char *const *)self->urls, self->pins,
                                self->cancellable, changed_cb, g_object_ref (self));
}

static void
take_answer (LsUiAssistant *self)
{
  const char *pin = ls_pins_get (self->pins, self->server->url);

  if (*self->server->certificate_error == '\0' && ls_ui_assistant_is_change (self))
    change_server (self);
  else if (*self->server->certificate_error == '\0')
    show_found_server (self);
  else if (pin != NULL && g_str_equal (pin, self->server->pin))
    show_useless_certificate (self);
  else
    show_refused_certificate (self);
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
  ls_ui_assistant_set_busy (self, FALSE);
  g_clear_pointer (&self->server, ls_ui_server_free);
  self->server = server;
  take_answer (self);
}

void
ls_ui_assistant_check (LsUiAssistant *self)
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
  ls_pins_keep (self->pins, (const char *const *)self->urls);
  ls_ui_networks_check_server_async (self->networks, (const char *const *)self->urls, self->pins,
                                     self->cancellable, checked_cb, g_object_ref (self));
}

/* SECURITY: the person was shown the fingerprint and says that it is the server's. What is sent
 * from here on goes only to who has the key of this very certificate. */
void
ls_ui_assistant_trust (LsUiAssistant *self)
{
  g_autoptr (GError) error = NULL;

  if (self->busy || self->server == NULL)
    return;
  if (ls_pins_set (self->pins, self->server->url, self->server->pin, &error))
    {
      ls_ui_assistant_check (self);
      return;
    }
  begin_step (self);
  fail_step (self, g_steal_pointer (&error));
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
  ls_ui_assistant_set_busy (self, FALSE);
  gtk_editable_set_text (self->token_row, "");
  /* A network may want every device approved, also one with a token. */
  ls_ui_assistant_show_page (
      self, ls_ui_network_get_state (self->network) == LS_UI_STATE_WAITING_FOR_APPROVAL ? "waiting"
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
  ls_ui_assistant_set_busy (self, FALSE);
  ls_ui_assistant_show_waiting (self);
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
  gboolean with_token = g_str_equal (ls_ui_assistant_get_page (self), "token");
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
  ls_ui_assistant_take_network (self, network);
  register_device (self);
}

/* Looks at what was typed before anybody is asked. */
static gboolean
validate (LsUiAssistant *self, GError **error)
{
  gboolean with_token = g_str_equal (ls_ui_assistant_get_page (self), "token");
  g_autofree char *secret = dup_stripped (with_token ? self->token_row : self->network_row);
  g_autofree char *name
      = dup_stripped (with_token ? self->token_name_row : self->approval_name_row);

  if (with_token ? !ls_token_validate (secret, error) : !ls_node_id_validate (secret, error))
    return FALSE;
  return ls_node_name_validate (name, error);
}

void
ls_ui_assistant_join (LsUiAssistant *self)
{
  gboolean pinned = gtk_widget_get_visible (GTK_WIDGET (self->pin_row))
                    && gtk_switch_get_active (self->pin_switch);
  g_autoptr (LsPins) pins = ls_pins_copy (self->pins);
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
