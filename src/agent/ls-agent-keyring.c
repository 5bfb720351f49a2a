/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-keyring.h"

#include <glib/gi18n-lib.h>
#include <libsecret/secret.h>
#include <sodium.h>
#include <string.h>

#include "ls-error.h"

#define ATTRIBUTE_ID "profile-id"

static const SecretSchema schema = {
  "org.lightscale.Profile",
  SECRET_SCHEMA_NONE,
  { { ATTRIBUTE_ID, SECRET_SCHEMA_ATTRIBUTE_STRING }, { NULL, 0 } },
};

static gboolean
service_is_missing (const GError *error)
{
  return g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_DISCONNECTED)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY)
         || (error->domain == G_DBUS_ERROR && error->code >= G_DBUS_ERROR_SPAWN_EXEC_FAILED
             && error->code <= G_DBUS_ERROR_SPAWN_NO_MEMORY)
         || (error->domain == G_IO_ERROR && error->code != G_IO_ERROR_CANCELLED);
}

static gboolean
is_locked (const GError *error)
{
  return g_error_matches (error, SECRET_ERROR, SECRET_ERROR_IS_LOCKED)
         || g_error_matches (error, SECRET_ERROR, SECRET_ERROR_NO_SUCH_OBJECT)
         || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
return_locked (GTask *task)
{
  g_task_return_new_error (task, LS_ERROR, LS_ERROR_SECRETS_LOCKED,
                           _ ("The keyring is locked, so the keys of this device are out of "
                              "reach."));
}

/* Takes @error and ends @task with ours. */
static void
return_error (GTask *task, GError *error)
{
  g_dbus_error_strip_remote_error (error);
  if (g_task_return_error_if_cancelled (task))
    ;
  else if (is_locked (error))
    return_locked (task);
  else if (service_is_missing (error))
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_SECRETS_UNAVAILABLE,
                             _ ("There is no keyring in this session (%s)."), error->message);
  else
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_STORAGE, _ ("The keyring refused: %s"),
                             error->message);
  g_error_free (error);
}

/* Load */

static void
return_value (GTask *task, SecretValue *value)
{
  GError *error = NULL;
  gsize length;
  const char *text = secret_value_get (value, &length);
  LsAgentCredentials *credentials = ls_agent_credentials_from_text (text, length, &error);

  if (credentials != NULL)
    g_task_return_pointer (task, credentials, (GDestroyNotify)ls_agent_credentials_free);
  else
    g_task_return_error (task, error);
}

static void
secret_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (SecretValue) value
      = secret_retrievable_retrieve_secret_finish (SECRET_RETRIEVABLE (source), result, &error);

  if (value != NULL)
    return_value (task, value);
  else if (error != NULL)
    return_error (task, error);
  else
    return_locked (task);
}

static void
search_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  GList *items = secret_password_search_finish (result, &error);

  if (error != NULL)
    return_error (task, error);
  else if (items == NULL)
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_NOT_FOUND,
                             _ ("The keys of this device are not in the keyring."));
  else
    secret_retrievable_retrieve_secret (items->data, g_task_get_cancellable (task), secret_cb,
                                        g_object_ref (task));
  g_list_free_full (items, g_object_unref);
}

void
ls_agent_keyring_load_async (const char *id, gboolean may_ask, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, ls_agent_keyring_load_async);
  secret_password_search (&schema, may_ask ? SECRET_SEARCH_UNLOCK : SECRET_SEARCH_NONE, cancellable,
                          search_cb, task, ATTRIBUTE_ID, id, NULL);
}

LsAgentCredentials *
ls_agent_keyring_load_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Save */

static void
store_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (secret_password_store_finish (result, &error))
    g_task_return_boolean (task, TRUE);
  else
    return_error (task, error);
}

void
ls_agent_keyring_save_async (const char *id, const char *label,
                             const LsAgentCredentials *credentials, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  GError *error = NULL;
  char *text = ls_agent_credentials_to_text (credentials, &error);
  g_autoptr (SecretValue) value = NULL;

  g_task_set_source_tag (task, ls_agent_keyring_save_async);
  if (text == NULL)
    {
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  value = secret_value_new_full (text, strlen (text), "text/plain", sodium_free);
  secret_password_store_binary (&schema, SECRET_COLLECTION_DEFAULT, label, value, cancellable,
                                store_cb, task, ATTRIBUTE_ID, id, NULL);
}

gboolean
ls_agent_keyring_save_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Remove */

static void
clear_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  secret_password_clear_finish (result, &error);
  if (error == NULL)
    g_task_return_boolean (task, TRUE);
  else
    return_error (task, error);
}

static gboolean
any_is_locked (GList *items)
{
  for (GList *at = items; at != NULL; at = at->next)
    if (SECRET_IS_ITEM (at->data) && secret_item_get_locked (at->data))
      return TRUE;
  return FALSE;
}

/* Items that stay locked would be left in the keyring without a word. */
static void
found_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  const char *id = g_task_get_task_data (task);
  GError *error = NULL;
  GList *items = secret_password_search_finish (result, &error);

  if (error != NULL)
    return_error (task, error);
  else if (any_is_locked (items))
    return_locked (task);
  else
    secret_password_clear (&schema, g_task_get_cancellable (task), clear_cb, g_object_ref (task),
                           ATTRIBUTE_ID, id, NULL);
  g_list_free_full (items, g_object_unref);
}

void
ls_agent_keyring_remove_async (const char *id, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, ls_agent_keyring_remove_async);
  g_task_set_task_data (task, g_strdup (id), g_free);
  secret_password_search (&schema, SECRET_SEARCH_ALL | SECRET_SEARCH_UNLOCK, cancellable, found_cb,
                          task, ATTRIBUTE_ID, id, NULL);
}

gboolean
ls_agent_keyring_remove_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
