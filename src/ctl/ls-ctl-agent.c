/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ctl-agent.h"

#include <glib/gi18n-lib.h>

#include "ls-error.h"
#include "ls-names.h"

static GDBusConnection *
connect_bus (LsCtl *ctl, GBusType type, GError **error)
{
  LsCtlAwait await = { NULL };
  g_autoptr (GAsyncResult) result = NULL;

  g_bus_get (type, ctl->cancellable, ls_ctl_await_cb, &await);
  result = ls_ctl_await (&await);
  return g_bus_get_finish (result, error);
}

static GVariant *
call_bus (LsCtl *ctl, GDBusConnection *connection, const char *method, GVariant *arguments,
          GError **error)
{
  LsCtlAwait await = { NULL };
  g_autoptr (GAsyncResult) result = NULL;

  g_dbus_connection_call (connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                          "org.freedesktop.DBus", method, arguments, NULL, G_DBUS_CALL_FLAGS_NONE,
                          -1, ctl->cancellable, ls_ctl_await_cb, &await);
  result = ls_ctl_await (&await);
  return g_dbus_connection_call_finish (connection, result, error);
}

static gboolean
agent_runs (LsCtl *ctl, GDBusConnection *connection)
{
  g_autoptr (GVariant) reply
      = call_bus (ctl, connection, "NameHasOwner", g_variant_new ("(s)", LS_AGENT_BUS_NAME), NULL);
  gboolean owned = FALSE;

  if (reply != NULL)
    g_variant_get (reply, "(b)", &owned);
  return owned;
}

static gboolean
start_agent (LsCtl *ctl, GDBusConnection *connection, GError **error)
{
  g_autoptr (GVariant) reply = call_bus (ctl, connection, "StartServiceByName",
                                         g_variant_new ("(su)", LS_AGENT_BUS_NAME, 0u), error);

  return reply != NULL;
}

/* The bus to use, among those that may be. The last error says why there is none. */
static GDBusConnection *
choose_bus (LsCtl *ctl, GError **error)
{
  static const GBusType types[] = { G_BUS_TYPE_SESSION, G_BUS_TYPE_SYSTEM };
  const gboolean excluded[] = { ctl->use_system, ctl->use_session };
  GDBusConnection *buses[] = { NULL, NULL };
  GDBusConnection *chosen = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (types) && chosen == NULL; i++)
    {
      g_clear_error (error);
      buses[i] = excluded[i] ? NULL : connect_bus (ctl, types[i], error);
      if (buses[i] != NULL && agent_runs (ctl, buses[i]))
        chosen = g_object_ref (buses[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (types) && chosen == NULL; i++)
    {
      if (buses[i] == NULL || ctl->running_only)
        continue;
      g_clear_error (error);
      if (start_agent (ctl, buses[i], error))
        chosen = g_object_ref (buses[i]);
    }
  if (chosen != NULL)
    g_clear_error (error);
  g_clear_object (&buses[0]);
  g_clear_object (&buses[1]);
  return chosen;
}

/* Registering, a password dialog or a slow server may take longer than D-Bus waits by default;
 * Ctrl+C ends every call. */
static void
wait_long (gpointer proxy)
{
  g_dbus_proxy_set_default_timeout (G_DBUS_PROXY (proxy), G_MAXINT);
}

static gboolean
open_objects (LsCtl *ctl, GError **error)
{
  LsCtlAwait manager = { NULL };
  LsCtlAwait objects = { NULL };
  g_autoptr (GAsyncResult) manager_result = NULL;
  g_autoptr (GAsyncResult) objects_result = NULL;

  ls_agent_ipc_manager_proxy_new (ctl->connection, G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START,
                                  LS_AGENT_BUS_NAME, LS_AGENT_ROOT_PATH, ctl->cancellable,
                                  ls_ctl_await_cb, &manager);
  manager_result = ls_ctl_await (&manager);
  ctl->manager = ls_agent_ipc_manager_proxy_new_finish (manager_result, error);
  if (ctl->manager == NULL)
    return FALSE;
  wait_long (ctl->manager);
  ls_agent_ipc_object_manager_client_new (
      ctl->connection, G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_DO_NOT_AUTO_START, LS_AGENT_BUS_NAME,
      LS_AGENT_ROOT_PATH, ctl->cancellable, ls_ctl_await_cb, &objects);
  objects_result = ls_ctl_await (&objects);
  ctl->objects = ls_agent_ipc_object_manager_client_new_finish (objects_result, error);
  return ctl->objects != NULL;
}

gboolean
ls_ctl_open_agent (LsCtl *ctl, GError **error)
{
  g_autoptr (GError) reason = NULL;

  if (ctl->objects != NULL)
    return TRUE;
  if (ctl->connection == NULL)
    ctl->connection = choose_bus (ctl, &reason);
  if (ctl->connection != NULL)
    return open_objects (ctl, error);
  if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_propagate_error (error, g_steal_pointer (&reason));
  else
    {
      g_autofree char *details
          = reason != NULL ? ls_error_dup_message (reason) : g_strdup (_ ("not asked to"));

      g_set_error (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN,
                   _ ("The Lightscale agent does not run and could not be started: %s"), details);
    }
  return FALSE;
}

static int
compare_profiles (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (ls_agent_ipc_profile_get_name (*(LsAgentIpcProfile *const *)a),
                    ls_agent_ipc_profile_get_name (*(LsAgentIpcProfile *const *)b));
}

GPtrArray *
ls_ctl_list_profiles (LsCtl *ctl)
{
  GPtrArray *profiles = g_ptr_array_new_with_free_func (g_object_unref);
  GList *objects = g_dbus_object_manager_get_objects (ctl->objects);

  for (GList *at = objects; at != NULL; at = at->next)
    {
      LsAgentIpcProfile *profile = ls_agent_ipc_object_get_profile (LS_AGENT_IPC_OBJECT (at->data));

      if (profile == NULL)
        continue;
      if (ls_agent_ipc_profile_get_name (profile) == NULL)
        {
          g_object_unref (profile);
          continue;
        }
      wait_long (profile);
      g_ptr_array_add (profiles, profile);
    }
  g_list_free_full (objects, g_object_unref);
  g_ptr_array_sort (profiles, compare_profiles);
  return profiles;
}

static char *
join_names (GPtrArray *profiles)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < profiles->len; i++)
    g_string_append_printf (names, "%s%s", i > 0 ? ", " : "",
                            ls_agent_ipc_profile_get_name (profiles->pdata[i]));
  return g_string_free (g_steal_pointer (&names), FALSE);
}

LsAgentIpcProfile *
ls_ctl_find_profile (LsCtl *ctl, const char *name, GError **error)
{
  g_autoptr (GPtrArray) profiles = ls_ctl_list_profiles (ctl);
  g_autofree char *names = join_names (profiles);

  for (guint i = 0; i < profiles->len; i++)
    if (name == NULL ? profiles->len == 1
                     : g_str_equal (ls_agent_ipc_profile_get_name (profiles->pdata[i]), name))
      return g_object_ref (profiles->pdata[i]);
  if (profiles->len == 0)
    g_set_error_literal (error, LS_ERROR, LS_ERROR_NOT_FOUND,
                         _ ("There is no network yet. Add one with \"lightscalectl join\"."));
  else if (name == NULL)
    g_set_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT,
                 _ ("There are several networks: name one of %s."), names);
  else
    g_set_error (error, LS_ERROR, LS_ERROR_NOT_FOUND,
                 _ ("There is no network \"%s\". There is: %s."), name, names);
  return NULL;
}

LsAgentIpcProfile *
ls_ctl_open_profile (LsCtl *ctl, const char *name, LsCtlStatus *out_status)
{
  g_autoptr (GError) error = NULL;
  LsAgentIpcProfile *profile = NULL;

  if (ls_ctl_open_agent (ctl, &error))
    profile = ls_ctl_find_profile (ctl, name, &error);
  if (profile == NULL)
    *out_status = ls_ctl_fail (ctl, g_steal_pointer (&error));
  return profile;
}

gboolean
ls_ctl_call (LsCtl *ctl, LsAgentIpcProfile *profile, LsCtlVerb verb, LsCtlVerbFinish finish,
             GError **error)
{
  LsCtlAwait await = { NULL };
  g_autoptr (GAsyncResult) result = NULL;

  verb (profile, ctl->cancellable, ls_ctl_await_cb, &await);
  result = ls_ctl_await (&await);
  return finish (profile, result, error);
}

gboolean
ls_ctl_call_connect (LsCtl *ctl, LsAgentIpcProfile *profile, GError **error)
{
  return ls_ctl_call (ctl, profile, ls_agent_ipc_profile_call_connect,
                      ls_agent_ipc_profile_call_connect_finish, error);
}
