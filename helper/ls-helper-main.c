/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "ls-helper"

#include "config.h"

#include "ls-helper-main.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ls-error.h"
#include "ls-helper-backends.h"
#include "ls-helper-journal.h"
#include "ls-helper-lock.h"
#include "ls-helper-process.h"
#include "ls-helper-restore.h"
#include "ls-helper-service.h"
#include "ls-names.h"

/* How long --restore waits for a running helper to end, and how often it looks. */
#define RESTORE_WAIT_SECONDS 10
#define RESTORE_TRY_MS 50

typedef struct
{
  GMainLoop *loop;
  const char *runtime_dir;
  gboolean exit_idle;
  int status;

  GDBusConnection *bus;
  LsHelperRoute *route;
  GPtrArray *backends;
  LsHelperEngine *engine;
  LsHelperService *service;
  guint name_id;
  guint idle_id;
  guint stop_id;
  gboolean stopping;
  gboolean flushing;
  gint64 deadline; /* --restore: of waiting for the lock */
} App;

static void
quit (App *app, int status)
{
  app->status = status;
  g_main_loop_quit (app->loop);
}

static void
die (App *app, const GError *error)
{
  g_printerr ("lightscale-helper: %s\n", error->message);
  quit (app, 1);
}

static void
app_clear (App *app)
{
  g_clear_handle_id (&app->idle_id, g_source_remove);
  g_clear_handle_id (&app->stop_id, g_source_remove);
  g_clear_handle_id (&app->name_id, g_bus_unown_name);
  if (app->engine != NULL)
    ls_helper_engine_flush (app->engine);
  g_clear_object (&app->service);
  g_clear_object (&app->engine);
  g_clear_pointer (&app->backends, g_ptr_array_unref);
  g_clear_object (&app->route);
  g_clear_object (&app->bus);
  g_main_loop_unref (app->loop);
}

static gboolean
prepare (App *app, int *out_holder, GError **error)
{
  umask (0077);
  if (!ls_helper_journal_prepare (app->runtime_dir, error)
      || !ls_helper_lock_take (app->runtime_dir, out_holder, error))
    return FALSE;
  app->route = ls_helper_route_new (error);
  if (app->route == NULL)
    return FALSE;
  app->backends = ls_helper_backends_new (app->route, app->runtime_dir);
  return TRUE;
}

/* Serving */

static gboolean
stopped_cb (gpointer user_data)
{
  App *app = user_data;

  app->stop_id = 0;
  g_warning ("a change is still under way");
  quit (app, 0);
  return G_SOURCE_REMOVE;
}

static void
flushed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_dbus_connection_flush_finish (G_DBUS_CONNECTION (source), result, NULL);
  quit (user_data, 0);
}

/* The last replies reach the bus before the process ends. */
static void
quit_flushed (App *app)
{
  if (app->flushing)
    return;
  app->flushing = TRUE;
  if (app->bus != NULL && !g_dbus_connection_is_closed (app->bus))
    g_dbus_connection_flush (app->bus, NULL, flushed_cb, app);
  else
    quit (app, 0);
}

/* Ends without undoing anything: the journal lets the next helper take over. */
static void
stop (App *app)
{
  if (app->stopping)
    return;
  app->stopping = TRUE;
  g_clear_handle_id (&app->name_id, g_bus_unown_name);
  if (app->service != NULL)
    ls_helper_service_unexport (app->service);
  if (app->engine == NULL || ls_helper_engine_is_quiet (app->engine))
    quit_flushed (app);
  else
    app->stop_id = g_timeout_add_seconds (LS_HELPER_STOP_SECONDS, stopped_cb, app);
}

static gboolean
signal_cb (gpointer user_data)
{
  stop (user_data);
  return G_SOURCE_CONTINUE;
}

static gboolean
idle_cb (gpointer user_data)
{
  App *app = user_data;

  app->idle_id = 0;
  if (ls_helper_service_is_idle (app->service))
    stop (app);
  return G_SOURCE_REMOVE;
}

static void
idle_changed_cb (LsHelperService *service, gpointer user_data)
{
  App *app = user_data;

  if (app->stopping && ls_helper_engine_is_quiet (app->engine))
    quit_flushed (app);
  g_clear_handle_id (&app->idle_id, g_source_remove);
  if (app->exit_idle && !app->stopping && ls_helper_service_is_idle (service))
    app->idle_id = g_timeout_add_seconds (LS_HELPER_IDLE_SECONDS, idle_cb, app);
}

static void
name_acquired_cb (GDBusConnection *bus, const char *name, gpointer user_data)
{
  App *app = user_data;

  ls_helper_engine_load (app->engine);
  idle_changed_cb (app->service, app);
}

static void
name_lost_cb (GDBusConnection *bus, const char *name, gpointer user_data)
{
  App *app = user_data;

  if (app->stopping)
    return;
  g_printerr ("lightscale-helper: the bus name %s is not to be had\n", name);
  quit (app, 1);
}

static void
bus_closed_cb (GDBusConnection *bus, gboolean remote, GError *error, gpointer user_data)
{
  stop (user_data);
}

static void
got_bus_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  App *app = user_data;
  g_autoptr (GError) error = NULL;

  app->bus = g_bus_get_finish (result, &error);
  if (app->bus == NULL)
    {
      die (app, error);
      return;
    }
  g_dbus_connection_set_exit_on_close (app->bus, FALSE);
  g_signal_connect (app->bus, "closed", G_CALLBACK (bus_closed_cb), app);
  app->engine = ls_helper_engine_new (app->bus, app->backends, app->route, app->runtime_dir);
  app->service = ls_helper_service_new (app->bus, app->engine);
  g_signal_connect (app->service, "idle-changed", G_CALLBACK (idle_changed_cb), app);
  if (!ls_helper_service_export (app->service, &error))
    {
      die (app, error);
      return;
    }
  app->name_id = g_bus_own_name_on_connection (app->bus, LS_HELPER_BUS_NAME,
                                               G_BUS_NAME_OWNER_FLAGS_DO_NOT_QUEUE,
                                               name_acquired_cb, name_lost_cb, app, NULL);
}

int
ls_helper_main_serve (const char *runtime_dir, gboolean exit_idle)
{
  App app = { .runtime_dir = runtime_dir, .exit_idle = exit_idle };
  g_autoptr (GError) error = NULL;
  int holder = 0;

  app.loop = g_main_loop_new (NULL, FALSE);
  if (!prepare (&app, &holder, &error))
    die (&app, error);
  else
    {
      g_unix_signal_add (SIGTERM, signal_cb, &app);
      g_unix_signal_add (SIGINT, signal_cb, &app);
      g_bus_get (G_BUS_TYPE_SYSTEM, NULL, got_bus_cb, &app);
      g_main_loop_run (app.loop);
    }
  if (app.bus != NULL)
    g_signal_handlers_disconnect_by_data (app.bus, &app);
  app_clear (&app);
  return app.status;
}

/* Restoring */

static void
restored_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  App *app = user_data;
  g_autoptr (GError) error = NULL;

  if (ls_helper_restore_finish (result, &error))
    quit (app, 0);
  else
    die (app, error);
}

/* A running helper would mend what is undone here: it has to end first. It leaves everything as it
 * is and is started again when it is called. */
static void
end_other_helper (int pid)
{
  g_autoptr (LsHelperProcess) other = ls_helper_process_attach (pid, 0, "/proc/self/exe", NULL);

  if (other != NULL)
    ls_helper_process_terminate (other);
}

static gboolean
restore_cb (gpointer user_data)
{
  App *app = user_data;
  g_autoptr (GError) error = NULL;
  int holder = 0;

  if (prepare (app, &holder, &error))
    {
      ls_helper_restore (app->route, app->backends, app->runtime_dir, restored_cb, app);
      return G_SOURCE_REMOVE;
    }
  if (!g_error_matches (error, LS_ERROR, LS_ERROR_BUSY) || g_get_monotonic_time () > app->deadline)
    {
      die (app, error);
      return G_SOURCE_REMOVE;
    }
  end_other_helper (holder);
  return G_SOURCE_CONTINUE;
}

int
ls_helper_main_restore (const char *runtime_dir)
{
  App app = { .runtime_dir = runtime_dir };

  if (geteuid () != 0)
    {
      g_printerr ("lightscale-helper: only root can do this\n");
      return 1;
    }
  app.loop = g_main_loop_new (NULL, FALSE);
  app.deadline = g_get_monotonic_time () + RESTORE_WAIT_SECONDS * G_USEC_PER_SEC;
  g_timeout_add (RESTORE_TRY_MS, restore_cb, &app);
  g_main_loop_run (app.loop);
  app_clear (&app);
  return app.status;
}
