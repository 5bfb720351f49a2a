/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-helper-nm-call.h"

#include <glib/gi18n-lib.h>

#include "ls-error.h"
#include "ls-helper-nm-profile.h"

#define ACTIVATION_TIMEOUT_SECONDS 60
#define REMOVAL_TIMEOUT_SECONDS 15

/* Returns what NetworkManager or the bus said as an error of ours; takes @error. */
static void
return_error (GTask *task, GError *error)
{
  if (error->domain == G_IO_ERROR || error->domain == LS_ERROR)
    {
      g_task_return_error (task, error);
      return;
    }
  g_dbus_error_strip_remote_error (error);
  g_task_return_new_error (task, LS_ERROR, LS_ERROR_BACKEND, _ ("NetworkManager: %s"),
                           error->message);
  g_error_free (error);
}

static gboolean
is_alive (NMActiveConnection *active)
{
  NMActiveConnectionState state = nm_active_connection_get_state (active);

  return state == NM_ACTIVE_CONNECTION_STATE_ACTIVATING
         || state == NM_ACTIVE_CONNECTION_STATE_ACTIVATED;
}

NMActiveConnection *
ls_helper_nm_find_active (NMClient *client, const char *uuid)
{
  const GPtrArray *all = nm_client_get_active_connections (client);

  for (guint i = 0; i < all->len; i++)
    {
      NMActiveConnection *active = all->pdata[i];
      if (g_strcmp0 (nm_active_connection_get_uuid (active), uuid) == 0 && is_alive (active))
        return active;
    }
  return NULL;
}

NMDevice *
ls_helper_nm_get_device (NMActiveConnection *active)
{
  const GPtrArray *devices = nm_active_connection_get_devices (active);

  return devices->len > 0 ? devices->pdata[0] : NULL;
}

gboolean
ls_helper_nm_is_taken (NMClient *client, const char *interface, const char *uuid)
{
  NMDevice *device = nm_client_get_device_by_iface (client, interface);
  NMActiveConnection *active = device != NULL ? nm_device_get_active_connection (device) : NULL;

  return active != NULL
         && !(nm_active_connection_get_state_flags (active) & NM_ACTIVATION_STATE_FLAG_EXTERNAL)
         && g_strcmp0 (nm_active_connection_get_uuid (active), uuid) != 0;
}

static void
added_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  NMRemoteConnection *profile
      = nm_client_add_connection2_finish (NM_CLIENT (source), result, NULL, &error);

  if (profile == NULL)
    return_error (task, error);
  else
    g_task_return_pointer (task, profile, g_object_unref);
}

static void
updated_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GVariant) answer = NULL;
  GError *error = NULL;

  answer = nm_remote_connection_update2_finish (NM_REMOTE_CONNECTION (source), result, &error);
  if (answer == NULL)
    return_error (task, error);
  else
    g_task_return_pointer (task, g_object_ref (source), g_object_unref);
}

void
ls_helper_nm_put_profile (NMClient *client, NMConnection *profile, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (client, cancellable, callback, user_data);
  const char *interface = nm_connection_get_interface_name (profile);
  NMRemoteConnection *present
      = nm_client_get_connection_by_uuid (client, nm_connection_get_uuid (profile));
  GVariant *settings = nm_connection_to_dbus (profile, NM_CONNECTION_SERIALIZE_ALL);

  g_task_set_source_tag (task, ls_helper_nm_put_profile);
  if (present == NULL)
    nm_client_add_connection2 (client, settings,
                               NM_SETTINGS_ADD_CONNECTION2_FLAG_IN_MEMORY
                                   | NM_SETTINGS_ADD_CONNECTION2_FLAG_BLOCK_AUTOCONNECT,
                               NULL, FALSE, cancellable, added_cb, task);
  else if (ls_helper_nm_profile_is_ours (NM_CONNECTION (present), interface))
    nm_remote_connection_update2 (present, settings,
                                  NM_SETTINGS_UPDATE2_FLAG_IN_MEMORY
                                      | NM_SETTINGS_UPDATE2_FLAG_BLOCK_AUTOCONNECT
                                      | NM_SETTINGS_UPDATE2_FLAG_NO_REAPPLY,
                                  NULL, cancellable, updated_cb, task);
  else
    {
      g_task_return_new_error (task, LS_ERROR, LS_ERROR_CONFLICT, "%s",
                               _ ("Another NetworkManager profile has the identifier of this "
                                  "tunnel’s."));
      g_object_unref (task);
      g_variant_unref (g_variant_ref_sink (settings));
    }
}

NMRemoteConnection *
ls_helper_nm_put_profile_finish (NMClient *client, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, client), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Task data of calls that wait for something to become so. */
typedef struct
{
  GTask *task; /* the call, while it waits */
  NMClient *client;
  NMActiveConnection *active; /* whose activation is waited for */
  char *interface; /* whose removal is waited for, */
  char *uuid; /* or that it is another profile's than this */
  gulong client_handler;
  gulong active_handler;
  GSource *cancel_source;
  guint timeout_id;
} Wait;

static void
wait_stop (Wait *wait)
{
  g_clear_signal_handler (&wait->client_handler, wait->client);
  g_clear_signal_handler (&wait->active_handler, wait->active);
  g_clear_handle_id (&wait->timeout_id, g_source_remove);
  if (wait->cancel_source != NULL)
    g_source_destroy (wait->cancel_source);
  g_clear_pointer (&wait->cancel_source, g_source_unref);
}

static void
wait_free (Wait *wait)
{
  wait_stop (wait);
  g_clear_object (&wait->active);
  g_clear_object (&wait->client);
  g_free (wait->interface);
  g_free (wait->uuid);
  g_free (wait);
}

static Wait *
wait_new (NMClient *client, const char *interface, const char *uuid)
{
  Wait *wait = g_new0 (Wait, 1);

  wait->client = g_object_ref (client);
  wait->interface = g_strdup (interface);
  wait->uuid = g_strdup (uuid);
  return wait;
}

/* Ends the wait of @wait, whose task is then the caller's. */
static GTask *
wait_end (Wait *wait)
{
  wait_stop (wait);
  return g_steal_pointer (&wait->task);
}

static void
activation_failed (Wait *wait)
{
  NMDevice *device = ls_helper_nm_get_device (wait->active);
  NMDeviceStateReason reason
      = device != NULL ? nm_device_get_state_reason (device) : NM_DEVICE_STATE_REASON_UNKNOWN;
  g_autofree char *text = nm_utils_enum_to_str (NM_TYPE_DEVICE_STATE_REASON, reason);
  g_autoptr (GTask) task = wait_end (wait);

  if (reason == NM_DEVICE_STATE_REASON_NOW_UNMANAGED)
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_NOT_SUPPORTED, "%s",
                             _ ("NetworkManager is set up not to manage WireGuard interfaces."));
  else if (nm_client_get_dbus_name_owner (wait->client) == NULL)
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_BACKEND, "%s",
                             _ ("NetworkManager ended while it set up the tunnel."));
  else
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_BACKEND,
                             _ ("NetworkManager could not activate the tunnel (%s)."), text);
}

static void
active_state_cb (NMActiveConnection *active, GParamSpec *pspec, Wait *wait)
{
  if (nm_active_connection_get_state (active) == NM_ACTIVE_CONNECTION_STATE_ACTIVATED)
    {
      g_autoptr (GTask) task = wait_end (wait);
      g_task_return_pointer (task, g_object_ref (active), g_object_unref);
    }
  else if (!is_alive (active))
    activation_failed (wait);
}

static void
active_removed_cb (NMClient *client, NMActiveConnection *active, Wait *wait)
{
  if (active == wait->active)
    activation_failed (wait);
}

static gboolean
timeout_cb (gpointer user_data)
{
  Wait *wait = user_data;
  g_autoptr (GTask) task = NULL;

  wait->timeout_id = 0;
  task = wait_end (wait);
  g_task_return_new_error (task, LS_ERROR, LS_ERROR_BACKEND, "%s",
                           _ ("NetworkManager did not finish in time."));
  return G_SOURCE_REMOVE;
}

static gboolean
cancelled_cb (GCancellable *cancellable, gpointer user_data)
{
  g_autoptr (GTask) task = wait_end (user_data);

  g_task_return_error_if_cancelled (task);
  return G_SOURCE_REMOVE;
}

/* Takes @task. */
static void
wait_begin (Wait *wait, GTask *task, guint timeout_seconds)
{
  GCancellable *cancellable = g_task_get_cancellable (task);

  wait->task = task;
  wait->timeout_id = g_timeout_add_seconds (timeout_seconds, timeout_cb, wait);
  if (cancellable == NULL)
    return;
  wait->cancel_source = g_cancellable_source_new (cancellable);
  g_source_set_callback (wait->cancel_source, G_SOURCE_FUNC (cancelled_cb), wait, NULL);
  g_source_attach (wait->cancel_source, g_main_context_get_thread_default ());
}

static void
activated_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Wait *wait = g_task_get_task_data (task);
  GError *error = NULL;

  wait->active = nm_client_activate_connection_finish (NM_CLIENT (source), result, &error);
  if (wait->active == NULL)
    {
      return_error (task, error);
      return;
    }
  wait_begin (wait, g_steal_pointer (&task), ACTIVATION_TIMEOUT_SECONDS);
  wait->active_handler
      = g_signal_connect (wait->active, "notify::state", G_CALLBACK (active_state_cb), wait);
  wait->client_handler = g_signal_connect (source, NM_CLIENT_ACTIVE_CONNECTION_REMOVED,
                                           G_CALLBACK (active_removed_cb), wait);
  active_state_cb (wait->active, NULL, wait);
}

void
ls_helper_nm_activate (NMClient *client, NMRemoteConnection *profile, GCancellable *cancellable,
                       GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (client, cancellable, callback, user_data);

  g_task_set_source_tag (task, ls_helper_nm_activate);
  g_task_set_task_data (task, wait_new (client, NULL, NULL), (GDestroyNotify)wait_free);
  nm_client_activate_connection_async (client, NM_CONNECTION (profile), NULL, NULL, cancellable,
                                       activated_cb, task);
}

NMActiveConnection *
ls_helper_nm_activate_finish (NMClient *client, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, client), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Task data of a reapply. */
typedef struct
{
  NMDevice *device;
  gboolean retried;
} Reapply;

static void
reapply_free (Reapply *reapply)
{
  g_object_unref (reapply->device);
  g_free (reapply);
}

static void get_applied (GTask *task);

static void
reapplied_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Reapply *reapply = g_task_get_task_data (task);
  GError *error = NULL;

  if (nm_device_reapply_finish (NM_DEVICE (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else if (!reapply->retried
           && g_error_matches (error, NM_DEVICE_ERROR, NM_DEVICE_ERROR_VERSION_ID_MISMATCH))
    {
      /* Somebody else was faster. */
      g_clear_error (&error);
      reapply->retried = TRUE;
      get_applied (g_steal_pointer (&task));
    }
  else
    return_error (task, error);
}

static void
applied_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GCancellable *cancellable = g_task_get_cancellable (task);
  g_autoptr (NMConnection) applied = NULL;
  guint64 version = 0;
  GError *error = NULL;

  applied = nm_device_get_applied_connection_finish (NM_DEVICE (source), result, &version, &error);
  if (applied == NULL)
    return_error (task, error);
  else
    nm_device_reapply_async (NM_DEVICE (source), NULL, version,
                             NM_DEVICE_REAPPLY_FLAGS_PRESERVE_EXTERNAL_IP, cancellable,
                             reapplied_cb, g_steal_pointer (&task));
}

/* (transfer full) @task */
static void
get_applied (GTask *task)
{
  Reapply *reapply = g_task_get_task_data (task);

  nm_device_get_applied_connection_async (reapply->device, 0, g_task_get_cancellable (task),
                                          applied_cb, task);
}

void
ls_helper_nm_reapply (NMClient *client, NMDevice *device, GCancellable *cancellable,
                      GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (client, cancellable, callback, user_data);
  Reapply *reapply = g_new0 (Reapply, 1);

  reapply->device = g_object_ref (device);
  g_task_set_source_tag (task, ls_helper_nm_reapply);
  g_task_set_task_data (task, reapply, (GDestroyNotify)reapply_free);
  get_applied (task);
}

gboolean
ls_helper_nm_reapply_finish (NMClient *client, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, client), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
device_removed_cb (NMClient *client, NMDevice *device, Wait *wait)
{
  g_autoptr (GTask) task = NULL;

  if (nm_client_get_device_by_iface (client, wait->interface) != NULL
      && !ls_helper_nm_is_taken (client, wait->interface, wait->uuid))
    return;
  task = wait_end (wait);
  g_task_return_boolean (task, TRUE);
}

static void
deleted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Wait *wait = g_task_get_task_data (task);
  GError *error = NULL;

  if (!nm_remote_connection_delete_finish (NM_REMOTE_CONNECTION (source), result, &error))
    {
      return_error (task, error);
      return;
    }
  wait_begin (wait, g_steal_pointer (&task), REMOVAL_TIMEOUT_SECONDS);
  wait->client_handler = g_signal_connect (wait->client, NM_CLIENT_DEVICE_REMOVED,
                                           G_CALLBACK (device_removed_cb), wait);
  device_removed_cb (wait->client, NULL, wait);
}

void
ls_helper_nm_delete_profile (NMClient *client, const char *uuid, const char *interface,
                             GCancellable *cancellable, GAsyncReadyCallback callback,
                             gpointer user_data)
{
  GTask *task = g_task_new (client, cancellable, callback, user_data);
  NMRemoteConnection *profile = nm_client_get_connection_by_uuid (client, uuid);

  g_task_set_source_tag (task, ls_helper_nm_delete_profile);
  g_task_set_task_data (task, wait_new (client, interface, uuid), (GDestroyNotify)wait_free);
  if (profile != NULL && ls_helper_nm_profile_is_ours (NM_CONNECTION (profile), interface))
    nm_remote_connection_delete_async (profile, cancellable, deleted_cb, task);
  else
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
    }
}

gboolean
ls_helper_nm_delete_profile_finish (NMClient *client, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, client), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
