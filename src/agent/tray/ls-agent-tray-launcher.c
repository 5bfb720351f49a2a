/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-tray-launcher.h"

#include <glib/gi18n-lib.h>

#include "ls-error.h"
#include "ls-names.h"

#define APPLICATION_INTERFACE "org.freedesktop.Application"
#define START_SECONDS 20
#define PROGRAM "lightscale"

struct _LsAgentTrayLauncher
{
  GObject parent_instance;
  GDBusConnection *connection;
};

typedef struct
{
  char *action; /* NULL: show the window */
  GVariant *parameter; /* or NULL */
  char *token; /* or NULL */
  gboolean started; /* the program was started by us */
  guint watch_id;
  guint timeout_id;
} Activation;

G_DEFINE_FINAL_TYPE (LsAgentTrayLauncher, ls_agent_tray_launcher, G_TYPE_OBJECT)

static void
activation_stop_waiting (Activation *activation)
{
  g_clear_handle_id (&activation->watch_id, g_bus_unwatch_name);
  g_clear_handle_id (&activation->timeout_id, g_source_remove);
}

static void
activation_free (Activation *activation)
{
  activation_stop_waiting (activation);
  g_free (activation->action);
  g_clear_pointer (&activation->parameter, g_variant_unref);
  g_free (activation->token);
  g_free (activation);
}

/* GTK 3 and 4 read one key each; both hold the same token. */
static GVariant *
platform_data (const Activation *activation)
{
  GVariantBuilder data = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  if (activation->token != NULL && activation->token[0] != '\0')
    {
      g_variant_builder_add (&data, "{sv}", "desktop-startup-id",
                             g_variant_new_string (activation->token));
      g_variant_builder_add (&data, "{sv}", "activation-token",
                             g_variant_new_string (activation->token));
    }
  return g_variant_builder_end (&data);
}

static GVariant *
arguments (const Activation *activation)
{
  GVariantBuilder parameters = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("av"));

  if (activation->action == NULL)
    return g_variant_new ("(@a{sv})", platform_data (activation));
  if (activation->parameter != NULL)
    g_variant_builder_add (&parameters, "v", activation->parameter);
  return g_variant_new ("(sav@a{sv})", activation->action, &parameters, platform_data (activation));
}

/* Beside this program: in the folder it is installed in, or in the build. */
static char *
find_program (void)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = self != NULL ? g_path_get_dirname (self) : g_strdup ("/");
  g_auto (GStrv) candidates = g_new0 (char *, 4);

  candidates[0] = g_build_filename (folder, PROGRAM, NULL);
  candidates[1] = g_build_filename (folder, "..", "window", PROGRAM, NULL);
  candidates[2] = g_build_filename (LS_BINDIR, PROGRAM, NULL);
  for (guint i = 0; candidates[i] != NULL; i++)
    if (g_file_test (candidates[i], G_FILE_TEST_IS_EXECUTABLE)
        && !g_file_test (candidates[i], G_FILE_TEST_IS_DIR))
      return g_strdup (candidates[i]);
  return NULL;
}

static void call (GTask *task);

static void
appeared_cb (GDBusConnection *connection, const char *name, const char *owner, gpointer user_data)
{
  GTask *task = g_object_ref (user_data);

  activation_stop_waiting (g_task_get_task_data (task));
  call (task);
}

static gboolean
start_timeout_cb (gpointer user_data)
{
  g_autoptr (GTask) task = g_object_ref (user_data);
  Activation *activation = g_task_get_task_data (task);

  activation->timeout_id = 0;
  activation_stop_waiting (activation);
  g_task_return_new_error (task, LS_ERROR, LS_ERROR_NOT_FOUND,
                           _ ("The window was started but does not answer"));
  return G_SOURCE_REMOVE;
}

/* Starts the program as a service: the call that follows shows what is to be shown. */
static gboolean
start (GTask *task, GError **error)
{
  LsAgentTrayLauncher *self = g_task_get_source_object (task);
  Activation *activation = g_task_get_task_data (task);
  g_autofree char *program = find_program ();
  g_autoptr (GSubprocess) process = NULL;

  if (program == NULL)
    {
      g_set_error_literal (error, LS_ERROR, LS_ERROR_NOT_FOUND,
                           _ ("The Lightscale window is not installed"));
      return FALSE;
    }
  process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_INHERIT, error, program,
                              "--gapplication-service", NULL);
  if (process == NULL)
    return FALSE;
  activation->started = TRUE;
  activation->timeout_id = g_timeout_add_seconds (START_SECONDS, start_timeout_cb, task);
  activation->watch_id
      = g_bus_watch_name_on_connection (self->connection, LS_APP_ID, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                        appeared_cb, NULL, g_object_ref (task), g_object_unref);
  return TRUE;
}

static gboolean
is_absent (const GError *error)
{
  return g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SPAWN_EXEC_FAILED)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SPAWN_FILE_INVALID);
}

static void
called_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Activation *activation = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (reply != NULL)
    g_task_return_boolean (task, TRUE);
  else if (activation->started || !is_absent (error))
    g_task_return_error (task, g_steal_pointer (&error));
  else
    {
      g_clear_error (&error);
      if (!start (task, &error))
        g_task_return_error (task, g_steal_pointer (&error));
    }
}

/* (transfer full): takes @task. */
static void
call (GTask *task)
{
  LsAgentTrayLauncher *self = g_task_get_source_object (task);
  Activation *activation = g_task_get_task_data (task);
  g_autofree char *path = g_strconcat ("/", LS_APP_ID, NULL);

  g_strdelimit (path, ".", '/');
  g_dbus_connection_call (self->connection, LS_APP_ID, path, APPLICATION_INTERFACE,
                          activation->action != NULL ? "ActivateAction" : "Activate",
                          arguments (activation), NULL, G_DBUS_CALL_FLAGS_NONE, -1,
                          g_task_get_cancellable (task), called_cb, task);
}

void
ls_agent_tray_launcher_activate_async (LsAgentTrayLauncher *self, const char *action,
                                       GVariant *parameter, const char *token,
                                       GCancellable *cancellable, GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Activation *activation = g_new0 (Activation, 1);

  g_task_set_source_tag (task, ls_agent_tray_launcher_activate_async);
  activation->action = g_strdup (action);
  activation->parameter = parameter != NULL ? g_variant_ref_sink (parameter) : NULL;
  activation->token = g_strdup (token);
  g_task_set_task_data (task, activation, (GDestroyNotify)activation_free);
  call (task);
}

gboolean
ls_agent_tray_launcher_activate_finish (LsAgentTrayLauncher *self, GAsyncResult *result,
                                        GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
ls_agent_tray_launcher_dispose (GObject *object)
{
  g_clear_object (&LS_AGENT_TRAY_LAUNCHER (object)->connection);
  G_OBJECT_CLASS (ls_agent_tray_launcher_parent_class)->dispose (object);
}

static void
ls_agent_tray_launcher_class_init (LsAgentTrayLauncherClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ls_agent_tray_launcher_dispose;
}

static void
ls_agent_tray_launcher_init (LsAgentTrayLauncher *self)
{
}

LsAgentTrayLauncher *
ls_agent_tray_launcher_new (GDBusConnection *connection)
{
  LsAgentTrayLauncher *self = g_object_new (LS_TYPE_AGENT_TRAY_LAUNCHER, NULL);

  self->connection = g_object_ref (connection);
  return self;
}
