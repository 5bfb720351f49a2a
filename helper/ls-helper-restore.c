/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "ls-helper-restore"

#include "config.h"

#include "ls-helper-restore.h"

#include "ls-helper-backend.h"
#include "ls-helper-journal.h"

/* Task data. */
typedef struct
{
  LsHelperRoute *route;
  GPtrArray *backends;
  char *runtime_dir;
  GPtrArray *entries; /* of LsHelperJournalEntry */
  GPtrArray *links; /* of LsHelperLink: those with our mark */
  guint next_entry;
  guint next_link;
  GError *error;
} Restore;

static void next_entry (GTask *task);
static void next_link (GTask *task);

static void
restore_free (Restore *restore)
{
  g_object_unref (restore->route);
  g_ptr_array_unref (restore->backends);
  g_ptr_array_unref (restore->entries);
  g_clear_pointer (&restore->links, g_ptr_array_unref);
  g_clear_error (&restore->error);
  g_free (restore->runtime_dir);
  g_free (restore);
}

static void
note_error (Restore *restore, const char *what, GError *error)
{
  g_warning ("%s: %s", what, error->message);
  if (restore->error == NULL)
    restore->error = error;
  else
    g_error_free (error);
}

static void
synced_rules_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Restore *restore = g_task_get_task_data (task);
  GError *error = NULL;

  if (!ls_helper_route_sync_rules_finish (LS_HELPER_ROUTE (source), result, NULL, &error))
    note_error (restore, "rules", error);
  if (restore->error != NULL)
    g_task_return_error (task, g_steal_pointer (&restore->error));
  else
    g_task_return_boolean (task, TRUE);
}

static void
removed_link_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Restore *restore = g_task_get_task_data (task);
  const LsHelperLink *link = g_ptr_array_index (restore->links, restore->next_link++);
  GError *error = NULL;

  if (!ls_helper_route_remove_finish (LS_HELPER_ROUTE (source), result, &error))
    note_error (restore, link->name, error);
  next_link (task);
}

static void
backend_removed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Restore *restore = g_task_get_task_data (task);
  const LsHelperLink *link = g_ptr_array_index (restore->links, restore->next_link);
  GError *error = NULL;

  if (!ls_helper_backend_remove_finish (LS_HELPER_BACKEND (source), result, &error))
    note_error (restore, link->name, error);
  ls_helper_route_remove (restore->route, link->name, TRUE, NULL, removed_link_cb,
                          g_object_ref (task));
}

/* The program behind a tun link ends first. */
static LsHelperBackend *
userspace_backend (const Restore *restore)
{
  for (guint i = 0; i < restore->backends->len; i++)
    if (ls_helper_backend_get_kind (restore->backends->pdata[i]) == LS_BACKEND_USERSPACE)
      return restore->backends->pdata[i];
  return NULL;
}

static void
next_link (GTask *task)
{
  Restore *restore = g_task_get_task_data (task);

  if (restore->next_link >= restore->links->len)
    {
      ls_helper_route_sync_rules (restore->route, FALSE, NULL, synced_rules_cb,
                                  g_object_ref (task));
      return;
    }
  const LsHelperLink *link = g_ptr_array_index (restore->links, restore->next_link);
  LsHelperBackend *backend = g_str_equal (link->kind, "tun") ? userspace_backend (restore) : NULL;
  if (backend != NULL)
    ls_helper_backend_remove (backend, link->name, link->name, NULL, NULL, backend_removed_cb,
                              g_object_ref (task));
  else
    ls_helper_route_remove (restore->route, link->name, TRUE, NULL, removed_link_cb,
                            g_object_ref (task));
}

static void
listed_links_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Restore *restore = g_task_get_task_data (task);
  GError *error = NULL;

  restore->links = ls_helper_route_list_links_finish (LS_HELPER_ROUTE (source), result, &error);
  if (restore->links == NULL)
    {
      note_error (restore, "links", error);
      restore->links = g_ptr_array_new ();
    }
  for (guint i = restore->links->len; i > 0; i--)
    if (!ls_helper_link_is_ours (restore->links->pdata[i - 1]))
      g_ptr_array_remove_index_fast (restore->links, i - 1);
  next_link (task);
}

static void
removed_entry_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Restore *restore = g_task_get_task_data (task);
  const LsHelperJournalEntry *entry = g_ptr_array_index (restore->entries, restore->next_entry++);
  GError *error = NULL;

  if (ls_helper_backend_remove_finish (LS_HELPER_BACKEND (source), result, &error))
    ls_helper_journal_delete (restore->runtime_dir, entry->name);
  else
    note_error (restore, entry->interface, error);
  next_entry (task);
}

static void
next_entry (GTask *task)
{
  Restore *restore = g_task_get_task_data (task);

  while (restore->next_entry < restore->entries->len)
    {
      const LsHelperJournalEntry *entry = g_ptr_array_index (restore->entries, restore->next_entry);
      for (guint i = 0; i < restore->backends->len; i++)
        if (ls_helper_backend_get_kind (restore->backends->pdata[i]) == entry->backend)
          {
            ls_helper_backend_remove (restore->backends->pdata[i], entry->name, entry->interface,
                                      entry->state, NULL, removed_entry_cb, g_object_ref (task));
            return;
          }
      restore->next_entry++;
    }
  ls_helper_route_list_links (restore->route, NULL, listed_links_cb, g_object_ref (task));
}

void
ls_helper_restore (LsHelperRoute *route, GPtrArray *backends, const char *runtime_dir,
                   GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  Restore *restore = g_new0 (Restore, 1);

  g_task_set_source_tag (task, ls_helper_restore);
  restore->route = g_object_ref (route);
  restore->backends = g_ptr_array_ref (backends);
  restore->runtime_dir = g_strdup (runtime_dir);
  restore->entries = ls_helper_journal_load (runtime_dir);
  g_task_set_task_data (task, restore, (GDestroyNotify)restore_free);
  next_entry (task);
}

gboolean
ls_helper_restore_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
