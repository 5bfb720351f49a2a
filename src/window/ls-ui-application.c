/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ui-application.h"

#include <glib/gi18n-lib.h>

#include "ls-names.h"

#include "ls-ui-assistant.h"
#include "ls-ui-networks.h"
#include "ls-ui-window.h"

struct _LsUiApplication
{
  AdwApplication parent_instance;

  GBusType bus_type;
  LsUiNetworks *networks;
};

G_DEFINE_FINAL_TYPE (LsUiApplication, ls_ui_application, ADW_TYPE_APPLICATION)

/* The main window, made when it is wanted first. */
static LsUiWindow *
ensure_window (LsUiApplication *self)
{
  LsUiWindow *window;

  for (GList *l = gtk_application_get_windows (GTK_APPLICATION (self)); l != NULL; l = l->next)
    if (LS_UI_IS_WINDOW (l->data))
      return l->data;
  window = ls_ui_window_new (GTK_APPLICATION (self), self->networks);
  gtk_window_present (GTK_WINDOW (window));
  return window;
}

static void
copy_text (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  LsUiWindow *window = ensure_window (user_data);
  GtkWindow *active = gtk_application_get_active_window (user_data);

  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (window)),
                          g_variant_get_string (parameter, NULL));
  if (LS_UI_IS_ASSISTANT (active))
    ls_ui_assistant_toast (LS_UI_ASSISTANT (active), _ ("Copied to the clipboard"));
  else
    ls_ui_window_toast (window, _ ("Copied to the clipboard"));
}

static void
about (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  adw_show_about_window (GTK_WINDOW (ensure_window (user_data)), "application-name",
                         _ ("Lightscale"), "application-icon", LS_APP_ID, "version", LS_VERSION,
                         "developer-name", _ ("The Lightscale developers"), "license-type",
                         GTK_LICENSE_GPL_3_0, "comments",
                         _ ("Reach your devices over a private network, wherever they are."),
                         "translator-credits", _ ("translator-credits"), NULL);
}

static void
quit_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GApplication) application = user_data;
  g_autoptr (GError) error = NULL;

  if (!ls_ui_networks_quit_finish (LS_UI_NETWORKS (source), result, &error))
    g_debug ("Ending the agent: %s", error->message);
  g_application_quit (application);
}

static void
quit (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  LsUiApplication *self = user_data;

  /* The agent of the system belongs to the machine, not to who looks at it. */
  if (self->bus_type == G_BUS_TYPE_SYSTEM
      || ls_ui_networks_get_status (self->networks) != LS_UI_NETWORKS_READY)
    g_application_quit (G_APPLICATION (self));
  else
    ls_ui_networks_quit_async (self->networks, NULL, quit_cb, g_object_ref (self));
}

static void
install_actions (LsUiApplication *self)
{
  static const GActionEntry entries[] = {
    { .name = "copy-text", .activate = copy_text, .parameter_type = "s" },
    { .name = "about", .activate = about },
    { .name = "quit", .activate = quit },
  };
  static const struct
  {
    const char *action;
    const char *accels[3];
  } accels[] = {
    { "app.quit", { "<Control>q" } },        { "window.close", { "<Control>w" } },
    { "win.add-network", { "<Control>n" } }, { "win.search", { "<Control>f" } },
    { "win.back", { "<Alt>Left" } },         { "win.show-help-overlay", { "<Control>question" } },
  };

  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
  for (guint i = 0; i < G_N_ELEMENTS (accels); i++)
    gtk_application_set_accels_for_action (GTK_APPLICATION (self), accels[i].action,
                                           accels[i].accels);
}

static void
ls_ui_application_startup (GApplication *application)
{
  LsUiApplication *self = LS_UI_APPLICATION (application);

  G_APPLICATION_CLASS (ls_ui_application_parent_class)->startup (application);
  gtk_window_set_default_icon_name (LS_APP_ID);
  install_actions (self);
  self->networks = ls_ui_networks_new (self->bus_type);
  ls_ui_networks_start (self->networks);
}

static void
ls_ui_application_activate (GApplication *application)
{
  gtk_window_present (GTK_WINDOW (ensure_window (LS_UI_APPLICATION (application))));
}

static void
ls_ui_application_dispose (GObject *object)
{
  g_clear_object (&LS_UI_APPLICATION (object)->networks);

  G_OBJECT_CLASS (ls_ui_application_parent_class)->dispose (object);
}

static void
ls_ui_application_class_init (LsUiApplicationClass *klass)
{
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = ls_ui_application_dispose;
  application_class->startup = ls_ui_application_startup;
  application_class->activate = ls_ui_application_activate;
}

static void
ls_ui_application_init (LsUiApplication *self)
{
}

LsUiApplication *
ls_ui_application_new (GBusType bus_type)
{
  LsUiApplication *self = g_object_new (
      LS_UI_TYPE_APPLICATION, "application-id",
      bus_type == G_BUS_TYPE_SYSTEM ? LS_APP_ID ".System" : LS_APP_ID, "resource-base-path",
      "/org/lightscale/Lightscale", "flags", G_APPLICATION_DEFAULT_FLAGS, NULL);

  self->bus_type = bus_type;
  return self;
}
