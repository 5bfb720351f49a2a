/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-secrets.h"

#include <glib/gi18n-lib.h>
#include <sodium.h>
#include <string.h>

#include "ls-agent-keyring.h"
#include "ls-agent-keyring-watch.h"
#include "ls-error.h"

#define NOTICE_MISSING "no-keyring"
#define NOTICE_LOCKED "keyring-locked"

struct _LsAgentSecrets
{
  GObject parent_instance;

  LsAgentSecretsMode mode;
  const char *storage;
  LsAgentStore *store;
  LsAgentNotices *notices;
  GHashTable *memory; /* id to LsAgentCredentials: what could not be kept elsewhere */
  GHashTable *labels; /* id to label, of those */
  LsAgentKeyringWatch *watch; /* NULL unless keys are kept in the keyring */
};

G_DEFINE_FINAL_TYPE (LsAgentSecrets, ls_agent_secrets, G_TYPE_OBJECT)

enum
{
  PROP_STORAGE = 1,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

enum
{
  UNLOCKED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

typedef struct
{
  char *id;
  char *label;
  LsAgentCredentials *credentials;
} SecretsJob;

static void
secrets_job_free (SecretsJob *job)
{
  g_free (job->id);
  g_free (job->label);
  g_clear_pointer (&job->credentials, ls_agent_credentials_free);
  g_free (job);
}

static GTask *
new_task (LsAgentSecrets *self, const char *id, const char *label, GCancellable *cancellable,
          GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  SecretsJob *job = g_new0 (SecretsJob, 1);

  job->id = g_strdup (id);
  job->label = g_strdup (label);
  g_task_set_task_data (task, job, (GDestroyNotify)secrets_job_free);
  return task;
}

static char *
secrets_file (const char *id)
{
  return g_build_filename ("secrets", id, NULL);
}

static void
set_storage (LsAgentSecrets *self, const char *storage)
{
  if (g_strcmp0 (self->storage, storage) == 0)
    return;
  self->storage = storage;
  if (self->watch != NULL)
    ls_agent_keyring_watch_set_waiting (self->watch, g_str_equal (storage, "locked"));
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STORAGE]);
}

static void
note_missing (LsAgentSecrets *self, const char *details)
{
  if (g_strcmp0 (self->storage, "memory") == 0)
    return;
  set_storage (self, "memory");
  ls_agent_notices_add (
      self->notices, NOTICE_MISSING,
      _ ("There is no keyring, so the keys of this device are kept in memory only and are lost "
         "when the agent ends."),
      _ ("Install a keyring such as GNOME Keyring or KWallet, or start the agent with "
         "--secrets=file to keep them in a file that only you can read."),
      details);
}

static void
note_locked (LsAgentSecrets *self, const char *details)
{
  if (g_strcmp0 (self->storage, "locked") == 0)
    return;
  set_storage (self, "locked");
  ls_agent_notices_add (self->notices, NOTICE_LOCKED,
                        _ ("The keyring is locked, so the keys of this device are out of reach."),
                        _ ("Unlock the keyring; what was on goes on by itself then."), details);
}

static void
note_keyring (LsAgentSecrets *self)
{
  ls_agent_notices_remove (self->notices, NOTICE_LOCKED);
  if (g_hash_table_size (self->memory) > 0)
    return;
  ls_agent_notices_remove (self->notices, NOTICE_MISSING);
  set_storage (self, "keyring");
}

static void
note_error (LsAgentSecrets *self, const GError *error)
{
  if (g_error_matches (error, LS_ERROR, LS_ERROR_SECRETS_UNAVAILABLE))
    note_missing (self, error->message);
  else if (g_error_matches (error, LS_ERROR, LS_ERROR_SECRETS_LOCKED))
    note_locked (self, error->message);
}

/* Memory */

/* Takes the job's credentials. */
static void
keep_in_memory (LsAgentSecrets *self, SecretsJob *job)
{
  g_hash_table_insert (self->memory, g_strdup (job->id), g_steal_pointer (&job->credentials));
  g_hash_table_insert (self->labels, g_strdup (job->id), g_strdup (job->label));
}

static void
return_from_memory (LsAgentSecrets *self, GTask *task)
{
  const SecretsJob *job = g_task_get_task_data (task);
  const LsAgentCredentials *kept = g_hash_table_lookup (self->memory, job->id);
  GError *error = NULL;
  LsAgentCredentials *copy = kept != NULL ? ls_agent_credentials_copy (kept, &error) : NULL;

  if (copy != NULL)
    g_task_return_pointer (task, copy, (GDestroyNotify)ls_agent_credentials_free);
  else if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_NOT_FOUND,
                             _ ("The keys of this device were kept in memory only and are lost."));
}

static void
moved_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsAgentSecrets *self = g_task_get_source_object (task);
  const SecretsJob *job = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  if (ls_agent_keyring_save_finish (result, &error))
    {
      g_hash_table_remove (self->memory, job->id);
      g_hash_table_remove (self->labels, job->id);
      note_keyring (self);
    }
  else
    note_error (self, error);
  g_task_return_boolean (task, error == NULL);
}

static void
move_from_memory (LsAgentSecrets *self)
{
  GHashTableIter iter;
  gpointer id;
  gpointer credentials;

  g_hash_table_iter_init (&iter, self->memory);
  while (g_hash_table_iter_next (&iter, &id, &credentials))
    {
      const char *label = g_hash_table_lookup (self->labels, id);
      GTask *task = new_task (self, id, label, NULL, NULL, NULL);

      ls_agent_keyring_save_async (id, label, credentials, NULL, moved_cb, task);
    }
}

/* A Secret Service came up or was unlocked: what was kept in memory goes there, and what is in it
 * can be read. */
static void
keyring_usable_cb (LsAgentSecrets *self)
{
  gboolean was_missed = self->storage != NULL && !g_str_equal (self->storage, "keyring");

  note_keyring (self);
  move_from_memory (self);
  if (was_missed)
    g_signal_emit (self, signals[UNLOCKED], 0);
}

static void
watch_keyring (LsAgentSecrets *self)
{
  self->watch = ls_agent_keyring_watch_new ();
  g_signal_connect_swapped (self->watch, "appeared", G_CALLBACK (keyring_usable_cb), self);
  g_signal_connect_swapped (self->watch, "unlocked", G_CALLBACK (keyring_usable_cb), self);
  g_signal_connect_swapped (self->watch, "missing", G_CALLBACK (note_missing), self);
}

/* Object */

static void
ls_agent_secrets_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  LsAgentSecrets *self = LS_AGENT_SECRETS (object);

  if (id == PROP_STORAGE)
    g_value_set_string (value, ls_agent_secrets_get_storage (self));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
ls_agent_secrets_finalize (GObject *object)
{
  LsAgentSecrets *self = LS_AGENT_SECRETS (object);

  if (self->watch != NULL)
    g_signal_handlers_disconnect_by_data (self->watch, self);
  g_clear_object (&self->watch);
  g_hash_table_unref (self->memory);
  g_hash_table_unref (self->labels);
  g_object_unref (self->store);
  g_object_unref (self->notices);
  G_OBJECT_CLASS (ls_agent_secrets_parent_class)->finalize (object);
}

static void
ls_agent_secrets_class_init (LsAgentSecretsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = ls_agent_secrets_get_property;
  object_class->finalize = ls_agent_secrets_finalize;
  props[PROP_STORAGE] = g_param_spec_string ("storage", NULL, NULL, NULL,
                                             G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);
  signals[UNLOCKED] = g_signal_new ("unlocked", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                    NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
ls_agent_secrets_init (LsAgentSecrets *self)
{
  self->memory = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                        (GDestroyNotify)ls_agent_credentials_free);
  self->labels = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

LsAgentSecrets *
ls_agent_secrets_new (LsAgentSecretsMode mode, LsAgentStore *store, LsAgentNotices *notices)
{
  LsAgentSecrets *self = g_object_new (LS_TYPE_AGENT_SECRETS, NULL);

  self->mode = mode;
  self->store = g_object_ref (store);
  self->notices = g_object_ref (notices);
  if (mode == LS_AGENT_SECRETS_KEYRING)
    watch_keyring (self);
  else
    self->storage = mode == LS_AGENT_SECRETS_FILE ? "file" : "memory";
  return self;
}

const char *
ls_agent_secrets_get_storage (LsAgentSecrets *self)
{
  return self->storage != NULL ? self->storage : "keyring";
}

/* Load */

static void
keyring_loaded_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsAgentSecrets *self = g_task_get_source_object (task);
  const SecretsJob *job = g_task_get_task_data (task);
  GError *error = NULL;
  LsAgentCredentials *credentials = ls_agent_keyring_load_finish (result, &error);

  if (credentials != NULL)
    {
      note_keyring (self);
      g_task_return_pointer (task, credentials, (GDestroyNotify)ls_agent_credentials_free);
      return;
    }
  note_error (self, error);
  if (g_error_matches (error, LS_ERROR, LS_ERROR_SECRETS_UNAVAILABLE)
      && g_hash_table_contains (self->memory, job->id))
    {
      g_error_free (error);
      return_from_memory (self, task);
    }
  else
    g_task_return_error (task, error);
}

static void
file_loaded_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (GBytes) bytes = ls_agent_store_read_finish (LS_AGENT_STORE (source), result, &error);
  LsAgentCredentials *credentials = NULL;

  if (bytes != NULL)
    {
      gsize length;
      const char *text = g_bytes_get_data (bytes, &length);

      credentials = ls_agent_credentials_from_text (text, length, &error);
      sodium_memzero ((char *)text, length);
    }
  if (credentials != NULL)
    g_task_return_pointer (task, credentials, (GDestroyNotify)ls_agent_credentials_free);
  else
    g_task_return_error (task, error);
}

void
ls_agent_secrets_load_async (LsAgentSecrets *self, const char *id, gboolean may_ask,
                             GCancellable *cancellable, GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_autoptr (GTask) task = new_task (self, id, NULL, cancellable, callback, user_data);
  g_autofree char *file = secrets_file (id);

  g_task_set_source_tag (task, ls_agent_secrets_load_async);
  if (g_hash_table_contains (self->memory, id) || self->mode == LS_AGENT_SECRETS_MEMORY)
    return_from_memory (self, task);
  else if (self->mode == LS_AGENT_SECRETS_FILE)
    ls_agent_store_read_async (self->store, file, cancellable, file_loaded_cb, g_object_ref (task));
  else
    ls_agent_keyring_load_async (id, may_ask, cancellable, keyring_loaded_cb, g_object_ref (task));
}

LsAgentCredentials *
ls_agent_secrets_load_finish (LsAgentSecrets *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Save */

static void
keyring_saved_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsAgentSecrets *self = g_task_get_source_object (task);
  SecretsJob *job = g_task_get_task_data (task);
  GError *error = NULL;

  if (ls_agent_keyring_save_finish (result, &error))
    {
      g_hash_table_remove (self->memory, job->id);
      g_hash_table_remove (self->labels, job->id);
      note_keyring (self);
      g_task_return_boolean (task, TRUE);
      return;
    }
  note_error (self, error);
  if (g_error_matches (error, LS_ERROR, LS_ERROR_SECRETS_UNAVAILABLE))
    {
      keep_in_memory (self, job);
      g_error_free (error);
      g_task_return_boolean (task, TRUE);
    }
  else
    g_task_return_error (task, error);
}

static void
file_written_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (ls_agent_store_write_finish (LS_AGENT_STORE (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
save_to_file (LsAgentSecrets *self, GTask *task)
{
  const SecretsJob *job = g_task_get_task_data (task);
  g_autofree char *file = secrets_file (job->id);
  GError *error = NULL;
  char *text = ls_agent_credentials_to_text (job->credentials, &error);
  g_autoptr (GBytes) bytes = NULL;

  if (text == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  bytes = g_bytes_new_with_free_func (text, strlen (text), sodium_free, text);
  ls_agent_store_write_async (self->store, file, bytes, g_task_get_cancellable (task),
                              file_written_cb, g_object_ref (task));
}

void
ls_agent_secrets_save_async (LsAgentSecrets *self, const char *id, const char *label,
                             const LsAgentCredentials *credentials, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = new_task (self, id, label, cancellable, callback, user_data);
  SecretsJob *job = g_task_get_task_data (task);
  GError *error = NULL;

  g_task_set_source_tag (task, ls_agent_secrets_save_async);
  job->credentials = ls_agent_credentials_copy (credentials, &error);
  if (job->credentials == NULL)
    g_task_return_error (task, error);
  else if (self->mode == LS_AGENT_SECRETS_FILE)
    save_to_file (self, task);
  else if (self->mode == LS_AGENT_SECRETS_KEYRING)
    ls_agent_keyring_save_async (id, label, credentials, cancellable, keyring_saved_cb,
                                 g_object_ref (task));
  else
    {
      keep_in_memory (self, job);
      g_task_return_boolean (task, TRUE);
    }
}

gboolean
ls_agent_secrets_save_finish (LsAgentSecrets *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Remove */

static void
keyring_removed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  /* Without a keyring there is nothing in it to remove. */
  if (ls_agent_keyring_remove_finish (result, &error)
      || g_error_matches (error, LS_ERROR, LS_ERROR_SECRETS_UNAVAILABLE))
    {
      g_clear_error (&error);
      g_task_return_boolean (task, TRUE);
    }
  else
    g_task_return_error (task, error);
}

void
ls_agent_secrets_remove_async (LsAgentSecrets *self, const char *id, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = new_task (self, id, NULL, cancellable, callback, user_data);
  g_autofree char *file = secrets_file (id);

  g_task_set_source_tag (task, ls_agent_secrets_remove_async);
  g_hash_table_remove (self->memory, id);
  g_hash_table_remove (self->labels, id);
  if (self->mode == LS_AGENT_SECRETS_FILE)
    ls_agent_store_write_async (self->store, file, NULL, cancellable, file_written_cb,
                                g_object_ref (task));
  else if (self->mode == LS_AGENT_SECRETS_KEYRING)
    ls_agent_keyring_remove_async (id, cancellable, keyring_removed_cb, g_object_ref (task));
  else
    g_task_return_boolean (task, TRUE);
}

gboolean
ls_agent_secrets_remove_finish (LsAgentSecrets *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
