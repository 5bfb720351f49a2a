/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-store.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ls-error.h"
#include "ls-ident.h"

#define PROFILES "profiles"
#define SUFFIX ".conf"
#define FILE_MAX (128 * 1024 * 1024)
#define RECORD_MAX (256 * 1024)

struct _LsAgentStore
{
  GObject parent_instance;

  char *folder;
  GQueue writes; /* of GTask; the first is under way */
};

G_DEFINE_FINAL_TYPE (LsAgentStore, ls_agent_store, G_TYPE_OBJECT)

enum
{
  DRAINED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

typedef struct
{
  char *path;
  GBytes *data; /* NULL: remove */
} StoreWrite;

static void
store_write_free (StoreWrite *job)
{
  g_free (job->path);
  g_clear_pointer (&job->data, g_bytes_unref);
  g_free (job);
}

void
ls_agent_bad_file_free (LsAgentBadFile *bad)
{
  g_free (bad->name);
  g_free (bad->kept);
  g_free (bad->reason);
  g_free (bad);
}

static void
ls_agent_store_finalize (GObject *object)
{
  LsAgentStore *self = LS_AGENT_STORE (object);

  g_free (self->folder);
  G_OBJECT_CLASS (ls_agent_store_parent_class)->finalize (object);
}

static void
ls_agent_store_class_init (LsAgentStoreClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ls_agent_store_finalize;
  signals[DRAINED] = g_signal_new ("drained", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
}

static void
ls_agent_store_init (LsAgentStore *self)
{
  g_queue_init (&self->writes);
}

LsAgentStore *
ls_agent_store_new (const char *folder)
{
  LsAgentStore *self = g_object_new (LS_TYPE_AGENT_STORE, NULL);

  self->folder = g_strdup (folder);
  return self;
}

char *
ls_agent_store_profile_file (const char *name)
{
  return g_strconcat (PROFILES "/", name, SUFFIX, NULL);
}

char *
ls_agent_store_netmap_file (const char *name)
{
  return g_strconcat ("netmaps/", name, ".json", NULL);
}

/* Loading */

/* Renames what cannot be read to the first free NAME.conf.broken-N: nothing is ever overwritten. */
static char *
put_aside (const char *path)
{
  for (guint i = 1; i < 1000; i++)
    {
      g_autofree char *aside = g_strdup_printf ("%s.broken-%u", path, i);

      if (renameat2 (AT_FDCWD, path, AT_FDCWD, aside, RENAME_NOREPLACE) == 0)
        return g_steal_pointer (&aside);
      if (errno != EEXIST)
        break;
    }
  return NULL;
}

static void
read_failed (GError **error, const char *path)
{
  int saved = errno;

  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (saved), _ ("“%s”: %s"), path,
               g_strerror (saved));
}

/* FALSE with errno. One byte more than there should be tells a file that grows. */
static gboolean
read_all (int fd, char *bytes, gsize length)
{
  gsize done = 0;

  while (done <= length)
    {
      gssize n = read (fd, bytes + done, length + 1 - done);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        break;
      done += n;
    }
  errno = EIO;
  return done == length;
}

/* Takes @fd. */
static char *
read_descriptor (int fd, const char *path, gsize max, gsize *out_length, GError **error)
{
  struct stat status;
  g_autofree char *bytes = NULL;
  gboolean ok = fd >= 0 && fstat (fd, &status) == 0;

  if (!ok)
    read_failed (error, path);
  else if (!S_ISREG (status.st_mode) || (status.st_uid != geteuid () && status.st_uid != 0))
    {
      g_set_error (error, LS_ERROR, LS_ERROR_STORAGE, _ ("“%s” is not a file of this user."), path);
      ok = FALSE;
    }
  else if ((guint64)status.st_size > max)
    {
      g_set_error (error, LS_ERROR, LS_ERROR_LIMIT, _ ("“%s” is too large."), path);
      ok = FALSE;
    }
  if (ok)
    {
      bytes = g_malloc0 (status.st_size + 1);
      *out_length = status.st_size;
      ok = read_all (fd, bytes, status.st_size);
      if (!ok)
        read_failed (error, path);
    }
  if (fd >= 0)
    close (fd);
  return ok ? g_steal_pointer (&bytes) : NULL;
}

/* The content of @path, with a 0 behind. SECURITY: only of a file itself, of this user's or root's:
 * no link leads elsewhere, and nothing that is no file can hold us up. */
static char *
read_file (const char *path, gsize max, gsize *out_length, GError **error)
{
  int fd = g_open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);

  if (fd < 0 && errno == ELOOP)
    {
      g_set_error (error, LS_ERROR, LS_ERROR_STORAGE, _ ("“%s” is not a file of this user."), path);
      return NULL;
    }
  return read_descriptor (fd, path, max, out_length, error);
}

static LsAgentRecord *
load_record (const char *path, const char *name, GError **error)
{
  g_autofree char *text = NULL;
  gsize length = 0;

  if (!ls_profile_name_validate (name, error)
      || (text = read_file (path, RECORD_MAX, &length, error)) == NULL)
    return NULL;
  return ls_agent_record_from_text (name, text, length, error);
}

static void
load_file (const char *folder, const char *file, GPtrArray *records, GPtrArray *bad)
{
  g_autofree char *path = g_build_filename (folder, file, NULL);
  g_autofree char *name = g_strndup (file, strlen (file) - strlen (SUFFIX));
  g_autoptr (GError) error = NULL;
  LsAgentRecord *record = load_record (path, name, &error);
  LsAgentBadFile *item;

  if (record != NULL)
    {
      g_ptr_array_add (records, record);
      return;
    }
  item = g_new0 (LsAgentBadFile, 1);
  item->name = g_steal_pointer (&name);
  item->reason = g_strdup (error->message);
  /* What cannot be opened for want of permission may be well: it stays. */
  if (error->domain != G_FILE_ERROR)
    item->kept = put_aside (path);
  g_ptr_array_add (bad, item);
}

static int
compare_records (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(LsAgentRecord *const *)a)->name, (*(LsAgentRecord *const *)b)->name);
}

GPtrArray *
ls_agent_store_load (LsAgentStore *self, GPtrArray **out_bad)
{
  GPtrArray *records = g_ptr_array_new_with_free_func ((GDestroyNotify)ls_agent_record_free);
  g_autofree char *folder = g_build_filename (self->folder, PROFILES, NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *file;

  *out_bad = g_ptr_array_new_with_free_func ((GDestroyNotify)ls_agent_bad_file_free);
  while (dir != NULL && (file = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (file, SUFFIX) && file[0] != '.')
      load_file (folder, file, records, *out_bad);
  g_ptr_array_sort (records, compare_records);
  return records;
}

/* Writing; the functions up to write_thread() run in the worker thread. */

static gboolean
storage_error (GError **error, const char *path)
{
  int saved = errno;

  g_set_error (error, LS_ERROR, LS_ERROR_STORAGE, _ ("“%s” could not be written: %s"), path,
               g_strerror (saved));
  return FALSE;
}

static gboolean
write_all (int fd, GBytes *data)
{
  gsize left;
  const char *bytes = g_bytes_get_data (data, &left);

  while (left > 0)
    {
      gssize written = write (fd, bytes, left);

      if (written < 0 && errno == EINTR)
        continue;
      if (written < 0)
        return FALSE;
      bytes += written;
      left -= written;
    }
  return fsync (fd) == 0;
}

static gboolean
write_new_file (const char *path, GBytes *data)
{
  int fd = g_open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  gboolean ok;
  int saved;

  if (fd < 0)
    return FALSE;
  ok = write_all (fd, data);
  saved = errno;
  if (close (fd) != 0 && ok)
    return FALSE;
  errno = saved;
  return ok;
}

static void
sync_folder (const char *folder)
{
  int fd = g_open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

  if (fd < 0)
    return;
  fsync (fd);
  close (fd);
}

static gboolean
replace_file (const char *path, GBytes *data, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *fresh = g_strconcat (path, ".new", NULL);
  int saved;

  if (g_mkdir_with_parents (folder, 0700) != 0)
    return storage_error (error, path);
  g_unlink (fresh);
  if (write_new_file (fresh, data) && g_rename (fresh, path) == 0)
    {
      sync_folder (folder);
      return TRUE;
    }
  saved = errno;
  g_unlink (fresh);
  errno = saved;
  return storage_error (error, path);
}

static gboolean
remove_file (const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);

  if (g_unlink (path) != 0 && errno != ENOENT)
    return storage_error (error, path);
  sync_folder (folder);
  return TRUE;
}

static void
write_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  StoreWrite *job = task_data;
  GError *error = NULL;
  gboolean ok = job->data != NULL ? replace_file (job->path, job->data, &error)
                                  : remove_file (job->path, &error);

  if (ok)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
write_ended_cb (LsAgentStore *self, GParamSpec *pspec, GTask *task)
{
  GTask *next;

  g_signal_handlers_disconnect_by_func (task, write_ended_cb, self);
  g_object_unref (g_queue_pop_head (&self->writes));
  next = g_queue_peek_head (&self->writes);
  if (next == NULL)
    {
      g_signal_emit (self, signals[DRAINED], 0);
      return;
    }
  g_signal_connect_swapped (next, "notify::completed", G_CALLBACK (write_ended_cb), self);
  g_task_run_in_thread (next, write_thread);
}

void
ls_agent_store_write_async (LsAgentStore *self, const char *file, GBytes *data,
                            GCancellable *cancellable, GAsyncReadyCallback callback,
                            gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  StoreWrite *job = g_new0 (StoreWrite, 1);

  g_task_set_source_tag (task, ls_agent_store_write_async);
  job->path = g_build_filename (self->folder, file, NULL);
  job->data = data != NULL ? g_bytes_ref (data) : NULL;
  g_task_set_task_data (task, job, (GDestroyNotify)store_write_free);
  g_queue_push_tail (&self->writes, task);
  if (self->writes.length > 1)
    return;
  g_signal_connect_swapped (task, "notify::completed", G_CALLBACK (write_ended_cb), self);
  g_task_run_in_thread (task, write_thread);
}

gboolean
ls_agent_store_write_finish (LsAgentStore *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

gboolean
ls_agent_store_is_busy (LsAgentStore *self)
{
  return !g_queue_is_empty (&self->writes);
}

/* Reading */

static void
read_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  const char *path = task_data;
  gsize length = 0;
  g_autoptr (GError) error = NULL;
  char *bytes = read_file (path, FILE_MAX, &length, &error);

  if (bytes != NULL)
    g_task_return_pointer (task, g_bytes_new_take (bytes, length), (GDestroyNotify)g_bytes_unref);
  else if (g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_NOT_FOUND, "%s", error->message);
  else
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_STORAGE, "%s", error->message);
}

void
ls_agent_store_read_async (LsAgentStore *self, const char *file, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, ls_agent_store_read_async);
  g_task_set_task_data (task, g_build_filename (self->folder, file, NULL), g_free);
  g_task_run_in_thread (task, read_thread);
}

GBytes *
ls_agent_store_read_finish (LsAgentStore *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
