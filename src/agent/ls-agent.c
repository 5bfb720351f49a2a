/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "ls-agent-profile-private.h"
#include "ls-error.h"
#include "ls-ident.h"

/* How long the end waits for tunnels and files. */
#define QUIT_SECONDS 10
#define PROFILES_MAX 64

struct _LsAgent
{
  GObject parent_instance;

  LsAgentContext context;
  GListStore *list; /* of LsAgentProfile, sorted by name */
  gboolean quitting;
  guint shutting_down; /* profiles whose tunnel is being taken down */
  guint quit_timeout;
};

enum
{
  QUIT,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static GType
get_item_type (GListModel *model)
{
  return LS_TYPE_AGENT_PROFILE;
}

static guint
get_n_items (GListModel *model)
{
  return g_list_model_get_n_items (G_LIST_MODEL (LS_AGENT (model)->list));
}

static gpointer
get_item (GListModel *model, guint position)
{
  return g_list_model_get_item (G_LIST_MODEL (LS_AGENT (model)->list), position);
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = get_item_type;
  iface->get_n_items = get_n_items;
  iface->get_item = get_item;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (LsAgent, ls_agent, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

static void
ls_agent_finalize (GObject *object)
{
  LsAgent *self = LS_AGENT (object);

  g_clear_handle_id (&self->quit_timeout, g_source_remove);
  g_signal_handlers_disconnect_by_data (self->list, self);
  g_list_store_remove_all (self->list);
  if (self->context.local != NULL)
    g_signal_handlers_disconnect_by_data (self->context.local, self);
  if (self->context.store != NULL)
    g_signal_handlers_disconnect_by_data (self->context.store, self);
  if (self->context.secrets != NULL)
    g_signal_handlers_disconnect_by_data (self->context.secrets, self);
  g_clear_object (&self->context.helper);
  g_clear_object (&self->context.local);
  g_clear_object (&self->context.secrets);
  g_clear_object (&self->context.notices);
  g_clear_object (&self->context.store);
  g_object_unref (self->list);
  G_OBJECT_CLASS (ls_agent_parent_class)->finalize (object);
}

static void
ls_agent_class_init (LsAgentClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ls_agent_finalize;
  signals[QUIT] = g_signal_new ("quit", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 0);
}

static void
items_changed_cb (LsAgent *self, guint position, guint removed, guint added)
{
  g_list_model_items_changed (G_LIST_MODEL (self), position, removed, added);
}

static void
ls_agent_init (LsAgent *self)
{
  self->list = g_list_store_new (LS_TYPE_AGENT_PROFILE);
  self->context.profiles = G_LIST_MODEL (self->list);
  g_signal_connect_swapped (self->list, "items-changed", G_CALLBACK (items_changed_cb), self);
}

static int
compare_profiles (gconstpointer a, gconstpointer b, gpointer user_data)
{
  return strcmp (ls_agent_profile_get_name ((LsAgentProfile *)a),
                 ls_agent_profile_get_name ((LsAgentProfile *)b));
}

/* Loading */

static void
note_bad_file (LsAgent *self, const LsAgentBadFile *bad)
{
  g_autofree char *id = g_strdup_printf ("broken-%s", bad->name);
  g_autofree char *what
      = g_strdup_printf (_ ("The settings of the network “%s” could not be read."), bad->name);
  g_autofree char *hint
      = bad->kept != NULL
            ? g_strdup_printf (_ ("They are kept in “%s”. Add the network again."), bad->kept)
            : g_strdup (_ ("Make sure that the file belongs to you, then start again."));

  ls_agent_notices_add (self->context.notices, id, what, hint, bad->reason);
}

static void
load (LsAgent *self)
{
  g_autoptr (GPtrArray) bad = NULL;
  g_autoptr (GPtrArray) records = ls_agent_store_load (self->context.store, &bad);

  for (guint i = 0; i < bad->len; i++)
    note_bad_file (self, g_ptr_array_index (bad, i));
  for (guint i = 0; i < records->len; i++)
    {
      LsAgentRecord *record = g_steal_pointer (&g_ptr_array_index (records, i));
      g_autoptr (LsAgentProfile) profile = ls_agent_profile_new (&self->context, record);

      g_list_store_append (self->list, profile);
    }
  g_ptr_array_set_free_func (records, NULL);
}

static void
local_changed_cb (LsAgent *self)
{
  guint n = g_list_model_get_n_items (self->context.profiles);

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (LsAgentProfile) profile = g_list_model_get_item (self->context.profiles, i);

      ls_agent_profile_network_changed (profile);
    }
}

static void
keyring_unlocked_cb (LsAgent *self)
{
  guint n = g_list_model_get_n_items (self->context.profiles);

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (LsAgentProfile) profile = g_list_model_get_item (self->context.profiles, i);

      ls_agent_profile_keyring_unlocked (profile);
    }
}

static void store_drained_cb (LsAgent *self);

LsAgent *
ls_agent_new (const char *state_folder, LsAgentSecretsMode secrets)
{
  LsAgent *self = g_object_new (LS_TYPE_AGENT, NULL);
  LsAgentContext *context = &self->context;

  context->store = ls_agent_store_new (state_folder);
  context->notices = ls_agent_notices_new ();
  context->secrets = ls_agent_secrets_new (secrets, context->store, context->notices);
  g_signal_connect_swapped (context->secrets, "unlocked", G_CALLBACK (keyring_unlocked_cb), self);
  context->helper = ls_agent_helper_new ();
  context->local = ls_agent_local_new ();
  g_signal_connect_swapped (context->local, "changed", G_CALLBACK (local_changed_cb), self);
  g_signal_connect_swapped (context->store, "drained", G_CALLBACK (store_drained_cb), self);
  load (self);
  return self;
}

void
ls_agent_start (LsAgent *self)
{
  guint n = g_list_model_get_n_items (self->context.profiles);

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (LsAgentProfile) profile = g_list_model_get_item (self->context.profiles, i);

      ls_agent_profile_start (profile);
    }
}

LsAgentContext *
ls_agent_get_context (LsAgent *self)
{
  return &self->context;
}

/* Adding and forgetting */

static gboolean
name_is_used (LsAgent *self, const char *name)
{
  guint n = g_list_model_get_n_items (self->context.profiles);

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (LsAgentProfile) profile = g_list_model_get_item (self->context.profiles, i);

      if (g_str_equal (ls_agent_profile_get_name (profile), name))
        return TRUE;
    }
  return FALSE;
}

static char *
choose_name (LsAgent *self)
{
  for (guint i = 0;; i++)
    {
      g_autofree char *name = i == 0 ? g_strdup ("network") : g_strdup_printf ("network-%u", i + 1);

      if (!name_is_used (self, name))
        return g_steal_pointer (&name);
    }
}

static LsAgentRecord *
make_record (LsAgent *self, const char *name, const char *const *urls, GVariant *options,
             GError **error)
{
  g_autofree char *chosen = *name == '\0' ? choose_name (self) : g_strdup (name);
  g_autoptr (LsAgentRecord) record = NULL;

  if (!ls_profile_name_validate (chosen, error))
    return NULL;
  if (name_is_used (self, chosen))
    {
      g_set_error (error, LS_ERROR, LS_ERROR_EXISTS,
                   _ ("There is a network with the name “%s” already."), chosen);
      return NULL;
    }
  if (g_list_model_get_n_items (self->context.profiles) >= PROFILES_MAX)
    {
      g_set_error (error, LS_ERROR, LS_ERROR_LIMIT, _ ("More than %d networks cannot be kept."),
                   PROFILES_MAX);
      return NULL;
    }
  record = ls_agent_record_new (chosen);
  if (!ls_agent_profile_parse_urls (record, urls, error)
      || !ls_agent_profile_parse_options (record, options, FALSE, error))
    return NULL;
  record->chosen_port = record->listen_port;
  return g_steal_pointer (&record);
}

static void
added_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsAgent *self = g_task_get_source_object (task);
  LsAgentProfile *profile = g_task_get_task_data (task);
  GError *error = NULL;

  if (!ls_agent_store_write_finish (LS_AGENT_STORE (source), result, &error))
    {
      ls_agent_forget_profile (self, profile);
      g_task_return_error (task, error);
      return;
    }
  ls_agent_profile_start (profile);
  g_task_return_pointer (task, profile, NULL);
}

void
ls_agent_add_profile_async (LsAgent *self, const char *name, const char *const *urls,
                            GVariant *options, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GError *error = NULL;
  LsAgentRecord *record = make_record (self, name, urls, options, &error);
  g_autofree char *file = NULL;
  g_autoptr (GBytes) data = NULL;
  LsAgentProfile *profile;
  char *text;

  g_task_set_source_tag (task, ls_agent_add_profile_async);
  if (record == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  file = ls_agent_store_profile_file (record->name);
  text = ls_agent_record_to_text (record);
  data = g_bytes_new_take (text, strlen (text));
  profile = ls_agent_profile_new (&self->context, record);
  g_task_set_task_data (task, profile, g_object_unref);
  /* On the list at once, so that the name is taken while the file is written. */
  g_list_store_insert_sorted (self->list, profile, compare_profiles, NULL);
  ls_agent_store_write_async (self->context.store, file, data, cancellable, added_cb,
                              g_steal_pointer (&task));
}

LsAgentProfile *
ls_agent_add_profile_finish (LsAgent *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
ls_agent_forget_profile (LsAgent *self, LsAgentProfile *profile)
{
  guint position;

  if (g_list_store_find (self->list, profile, &position))
    g_list_store_remove (self->list, position);
}

/* Restore */

static void
restored_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (ls_agent_helper_call_finish (LS_AGENT_HELPER (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
ls_agent_restore_network_async (LsAgent *self, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  guint n = g_list_model_get_n_items (self->context.profiles);

  g_task_set_source_tag (task, ls_agent_restore_network_async);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (LsAgentProfile) profile = g_list_model_get_item (self->context.profiles, i);

      ls_agent_profile_disconnect_async (profile, NULL, NULL, NULL);
    }
  ls_agent_helper_restore_async (self->context.helper, cancellable, restored_cb, task);
}

gboolean
ls_agent_restore_network_finish (LsAgent *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Quit */

static void
end (LsAgent *self)
{
  g_clear_handle_id (&self->quit_timeout, g_source_remove);
  self->shutting_down = 0;
  g_signal_emit (self, signals[QUIT], 0);
}

static gboolean
quit_timeout_cb (gpointer user_data)
{
  LsAgent *self = user_data;

  self->quit_timeout = 0;
  g_warning ("Not everything could be taken down in time");
  end (self);
  return G_SOURCE_REMOVE;
}

static void
store_drained_cb (LsAgent *self)
{
  if (self->quit_timeout != 0 && self->shutting_down == 0)
    end (self);
}

static void
profile_is_down (LsAgent *self)
{
  if (--self->shutting_down > 0 || self->quit_timeout == 0)
    return;
  if (!ls_agent_store_is_busy (self->context.store))
    end (self);
}

static void
shut_down_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsAgent) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!ls_agent_profile_shutdown_finish (LS_AGENT_PROFILE (source), result, &error))
    g_warning ("%s: %s", ls_agent_profile_get_name (LS_AGENT_PROFILE (source)), error->message);
  if (self->shutting_down > 0)
    profile_is_down (self);
}

void
ls_agent_quit (LsAgent *self)
{
  guint n = g_list_model_get_n_items (self->context.profiles);

  if (self->quitting)
    return;
  self->quitting = TRUE;
  self->quit_timeout = g_timeout_add_seconds (QUIT_SECONDS, quit_timeout_cb, self);
  self->shutting_down = n + 1;
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (LsAgentProfile) profile = g_list_model_get_item (self->context.profiles, i);

      ls_agent_profile_shutdown_async (profile, NULL, shut_down_cb, g_object_ref (self));
    }
  profile_is_down (self);
}
