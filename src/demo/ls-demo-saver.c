/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-saver.h"

#include "ls-demo-state.h"
#include "ls-error.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

struct _LsDemoSaver
{
  GObject parent_instance;

  LsDemoStore *store;
  char *path;
  guint timer_id;
  guint64 written_revision;
  gint64 started_at; /* of the last write, monotonic microseconds */
  gboolean dirty;
  gboolean writing;
  gboolean failed; /* the last write; said once */
};

G_DEFINE_FINAL_TYPE (LsDemoSaver, ls_demo_saver, G_TYPE_OBJECT)

typedef struct
{
  char *path;
  char *text;
} Write;

static void schedule (LsDemoSaver *self);

static void
write_free (Write *write)
{
  g_free (write->path);
  g_free (write->text);
  g_free (write);
}

static gboolean
write_file (const char *path, const char *text, GError **error)
{
  g_autoptr (GError) fault = NULL;

  if (g_file_set_contents_full (path, text, strlen (text),
                                G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                &fault))
    return TRUE;
  g_set_error_literal (error, LS_ERROR, LS_ERROR_STORAGE, fault->message);
  return FALSE;
}

static void
write_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Write *write = task_data;
  GError *error = NULL;

  if (write_file (write->path, write->text, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
written_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  LsDemoSaver *self = LS_DEMO_SAVER (source);
  g_autoptr (GError) error = NULL;
  gboolean failed = !g_task_propagate_boolean (G_TASK (result), &error);

  if (failed && !self->failed)
    g_message ("The state cannot be written: %s", error->message);
  else if (!failed && self->failed)
    g_message ("The state is written again");
  self->failed = failed;
  self->writing = FALSE;
  if (failed)
    self->dirty = TRUE;
  if (self->dirty)
    schedule (self);
}

static char *
make_text (LsDemoStore *store)
{
  g_autoptr (JsonNode) node = ls_demo_state_encode (store);

  return json_to_string (node, TRUE);
}

static gboolean
write_cb (gpointer user_data)
{
  LsDemoSaver *self = user_data;
  g_autoptr (GTask) task = g_task_new (self, NULL, written_cb, NULL);
  Write *write = g_new0 (Write, 1);

  self->timer_id = 0;
  self->dirty = FALSE;
  self->writing = TRUE;
  self->started_at = g_get_monotonic_time ();
  self->written_revision = ls_demo_store_get_revision (self->store);
  write->path = g_strdup (self->path);
  write->text = make_text (self->store);
  g_task_set_task_data (task, write, (GDestroyNotify)write_free);
  g_task_run_in_thread (task, write_thread);
  return G_SOURCE_REMOVE;
}

static void
schedule (LsDemoSaver *self)
{
  gint64 rested = (g_get_monotonic_time () - self->started_at) / 1000;
  guint delay = rested < LS_DEMO_SAVER_INTERVAL ? LS_DEMO_SAVER_INTERVAL - (guint)rested : 0;

  if (self->timer_id == 0 && !self->writing)
    self->timer_id = g_timeout_add (delay, write_cb, self);
}

static void
changed_cb (LsDemoSaver *self, gboolean durable)
{
  if (!durable)
    return;
  self->dirty = TRUE;
  schedule (self);
}

static void
ls_demo_saver_dispose (GObject *object)
{
  LsDemoSaver *self = LS_DEMO_SAVER (object);

  g_clear_handle_id (&self->timer_id, g_source_remove);
  g_clear_object (&self->store);

  G_OBJECT_CLASS (ls_demo_saver_parent_class)->dispose (object);
}

static void
ls_demo_saver_finalize (GObject *object)
{
  g_free (LS_DEMO_SAVER (object)->path);

  G_OBJECT_CLASS (ls_demo_saver_parent_class)->finalize (object);
}

static void
ls_demo_saver_class_init (LsDemoSaverClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ls_demo_saver_dispose;
  G_OBJECT_CLASS (klass)->finalize = ls_demo_saver_finalize;
}

static void
ls_demo_saver_init (LsDemoSaver *self)
{
  self->started_at = g_get_monotonic_time () - LS_DEMO_SAVER_INTERVAL * 1000;
}

LsDemoSaver *
ls_demo_saver_new (LsDemoStore *store, const char *path)
{
  LsDemoSaver *self = g_object_new (LS_TYPE_DEMO_SAVER, NULL);

  self->store = g_object_ref (store);
  self->path = g_strdup (path);
  self->written_revision = ls_demo_store_get_revision (store);
  g_signal_connect_object (store, "changed", G_CALLBACK (changed_cb), self, G_CONNECT_SWAPPED);
  return self;
}

gboolean
ls_demo_saver_flush (LsDemoSaver *self, GError **error)
{
  g_autofree char *text = NULL;

  while (self->writing)
    g_main_context_iteration (NULL, TRUE);

  g_clear_handle_id (&self->timer_id, g_source_remove);
  if (!self->dirty && self->written_revision == ls_demo_store_get_revision (self->store))
    return TRUE;
  text = make_text (self->store);
  return write_file (self->path, text, error);
}

/* Moves the file out of the way under a name that no other has. */
static char *
keep_aside (const char *path, GError **error)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *stamp = g_date_time_format (now, "%Y%m%dT%H%M%SZ");
  g_autofree char *aside = g_strdup_printf ("%s.corrupt-%s", path, stamp);

  for (guint i = 2; g_file_test (aside, G_FILE_TEST_EXISTS); i++)
    {
      g_free (aside);
      aside = g_strdup_printf ("%s.corrupt-%s-%u", path, stamp, i);
    }

  if (g_rename (path, aside) == 0)
    return g_steal_pointer (&aside);
  g_set_error (error, LS_ERROR, LS_ERROR_STORAGE, "%s cannot be renamed: %s", path,
               g_strerror (errno));
  return NULL;
}

/* An empty store for @path, which is not there yet; its folder must be. */
static LsDemoStore *
start_empty (const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);

  if (g_access (folder, W_OK | X_OK) == 0)
    return ls_demo_store_new ();
  g_set_error (error, LS_ERROR, LS_ERROR_STORAGE, "%s cannot be written to: %s", folder,
               g_strerror (errno));
  return NULL;
}

LsDemoStore *
ls_demo_saver_load (const char *path, char **out_kept_aside, GError **error)
{
  g_autoptr (LsDemoStore) store = ls_demo_store_new ();
  g_autoptr (GError) fault = NULL;
  g_autofree char *text = NULL;
  gsize length;

  *out_kept_aside = NULL;
  if (!g_file_get_contents (path, &text, &length, &fault))
    {
      if (g_error_matches (fault, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return start_empty (path, error);
      g_set_error_literal (error, LS_ERROR, LS_ERROR_STORAGE, fault->message);
      return NULL;
    }
  if (ls_demo_state_decode (store, text, length, &fault))
    return g_steal_pointer (&store);

  *out_kept_aside = keep_aside (path, error);
  return *out_kept_aside != NULL ? ls_demo_store_new () : NULL;
}
