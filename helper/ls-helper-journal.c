/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "ls-helper-journal"

#include "config.h"

#include "ls-helper-journal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ls-error.h"
#include "ls-ident.h"
#include "ls-secret.h"
#include "ls-text.h"

#define SUFFIX ".tunnel"
#define ENTRY_TYPE "a{sv}"
#define ENTRY_VERSION 1u

void
ls_helper_journal_entry_free (LsHelperJournalEntry *entry)
{
  g_free (entry->name);
  g_free (entry->interface);
  g_free (entry->owner);
  g_free (entry->bus_id);
  g_clear_pointer (&entry->tunnel, ls_tunnel_free);
  g_clear_pointer (&entry->state, g_variant_unref);
  g_free (entry);
}

static gboolean
storage_error (GError **error, const char *path)
{
  g_set_error (error, LS_ERROR, LS_ERROR_STORAGE, "%s: %s", path, g_strerror (errno));
  return FALSE;
}

gboolean
ls_helper_journal_prepare (const char *directory, GError **error)
{
  struct stat info;

  if (g_mkdir (directory, 0700) != 0 && errno != EEXIST)
    return storage_error (error, directory);
  if (g_lstat (directory, &info) != 0)
    return storage_error (error, directory);
  /* SECURITY: who can write here could make the helper set up a tunnel of his. */
  if (!S_ISDIR (info.st_mode) || info.st_uid != geteuid ())
    {
      g_set_error (error, LS_ERROR, LS_ERROR_STORAGE, _ ("%s is not a folder of root."), directory);
      return FALSE;
    }
  if ((info.st_mode & 077) != 0 && g_chmod (directory, 0700) != 0)
    return storage_error (error, directory);
  return TRUE;
}

GBytes *
ls_helper_journal_serialize (const LsHelperJournalEntry *entry)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "version", "u", ENTRY_VERSION);
  g_variant_dict_insert (&dict, "name", "s", entry->name);
  g_variant_dict_insert (&dict, "backend", "s", ls_backend_kind_to_text (entry->backend));
  g_variant_dict_insert (&dict, "uid", "u", entry->uid);
  g_variant_dict_insert (&dict, "owner", "s", entry->owner);
  g_variant_dict_insert (&dict, "bus-id", "s", entry->bus_id);
  g_variant_dict_insert (&dict, "applying", "b", entry->applying);
  g_variant_dict_insert (&dict, "wanted-port", "q", entry->wanted_port);
  /* SECURITY: this holds the private key. Without it the tunnel of a WireGuard program that ends
   * after the helper was restarted could not be set up again. The file is root's alone and lies in
   * /run, which is memory; the same key can be read by root from the interface itself. */
  g_variant_dict_insert_value (&dict, "tunnel", ls_tunnel_to_variant (entry->tunnel));
  if (entry->state != NULL)
    g_variant_dict_insert_value (&dict, "state", entry->state);
  g_autoptr (GVariant) variant = g_variant_ref_sink (g_variant_dict_end (&dict));
  return ls_secret_bytes_new_from_variant (variant);
}

static gboolean
read_names (LsHelperJournalEntry *entry, GVariantDict *dict)
{
  guint32 version = 0;

  if (!g_variant_dict_lookup (dict, "version", "u", &version) || version != ENTRY_VERSION
      || !g_variant_dict_lookup (dict, "name", "s", &entry->name)
      || !g_variant_dict_lookup (dict, "owner", "s", &entry->owner)
      || !g_variant_dict_lookup (dict, "bus-id", "s", &entry->bus_id)
      || !ls_profile_name_validate (entry->name, NULL))
    return FALSE;
  entry->interface = ls_interface_name_for_profile (entry->name);
  return entry->interface != NULL;
}

static gboolean
read_values (LsHelperJournalEntry *entry, GVariantDict *dict)
{
  g_autofree char *backend = NULL;

  return g_variant_dict_lookup (dict, "backend", "s", &backend)
         && ls_backend_kind_parse (backend, &entry->backend, NULL)
         && entry->backend != LS_BACKEND_AUTO
         && g_variant_dict_lookup (dict, "uid", "u", &entry->uid)
         && g_variant_dict_lookup (dict, "applying", "b", &entry->applying)
         && g_variant_dict_lookup (dict, "wanted-port", "q", &entry->wanted_port);
}

LsHelperJournalEntry *
ls_helper_journal_parse (GBytes *bytes, GError **error)
{
  g_autoptr (LsHelperJournalEntry) entry = g_new0 (LsHelperJournalEntry, 1);
  g_autoptr (GVariant) variant
      = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE (ENTRY_TYPE), bytes, FALSE));
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  if (g_variant_is_normal_form (variant))
    {
      g_variant_dict_clear (&dict);
      g_variant_dict_init (&dict, variant);
    }
  g_autoptr (GVariant) tunnel
      = g_variant_dict_lookup_value (&dict, "tunnel", G_VARIANT_TYPE_VARDICT);
  if (tunnel == NULL || !read_names (entry, &dict) || !read_values (entry, &dict)
      || (entry->tunnel = ls_tunnel_from_variant (tunnel, NULL)) == NULL)
    {
      g_set_error_literal (error, LS_ERROR, LS_ERROR_STORAGE,
                           _ ("The file is damaged or of another version."));
      return NULL;
    }
  entry->state = g_variant_dict_lookup_value (&dict, "state", G_VARIANT_TYPE_VARDICT);
  return g_steal_pointer (&entry);
}

static char *
entry_path (const char *directory, const char *name)
{
  return g_strconcat (directory, "/", name, SUFFIX, NULL);
}

static gboolean
write_all (int fd, const guint8 *data, gsize size)
{
  while (size > 0)
    {
      ssize_t written = write (fd, data, size);
      if (written < 0 && errno == EINTR)
        continue;
      if (written <= 0)
        return FALSE;
      data += written;
      size -= written;
    }
  return TRUE;
}

/* Into a new file that takes the old one's place: what is read is the old state or the new one. */
static gboolean
write_file (const char *path, GBytes *bytes, GError **error)
{
  g_autofree char *temporary = g_strconcat (path, ".new", NULL);
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (bytes, &size);

  g_unlink (temporary);
  int fd = open (temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return storage_error (error, temporary);
  gboolean written = write_all (fd, data, size);
  int code = errno;
  close (fd);
  if (written && g_rename (temporary, path) == 0)
    return TRUE;
  if (!written)
    errno = code;
  storage_error (error, temporary);
  g_unlink (temporary);
  return FALSE;
}

gboolean
ls_helper_journal_save (const char *directory, const LsHelperJournalEntry *entry, GError **error)
{
  g_autofree char *path = entry_path (directory, entry->name);
  g_autoptr (GBytes) bytes = ls_helper_journal_serialize (entry);

  return write_file (path, bytes, error);
}

void
ls_helper_journal_delete (const char *directory, const char *name)
{
  g_autofree char *path = entry_path (directory, name);

  if (g_unlink (path) != 0 && errno != ENOENT)
    g_warning ("%s: %s", path, g_strerror (errno));
}

/* The entry in the file @file of @directory, or NULL. */
static LsHelperJournalEntry *
load_entry (const char *directory, const char *file)
{
  g_autofree char *path = g_build_filename (directory, file, NULL);
  g_autofree char *shown = ls_text_sanitize (path);
  g_autoptr (GError) error = NULL;
  char *data = NULL;
  gsize size = 0;

  if (!g_file_get_contents (path, &data, &size, &error))
    {
      g_warning ("%s: %s", shown, error->message);
      return NULL;
    }
  g_autoptr (GBytes) bytes = ls_secret_bytes_new_take (data, size);
  g_autoptr (LsHelperJournalEntry) entry = ls_helper_journal_parse (bytes, &error);
  if (entry != NULL && g_str_has_prefix (file, entry->name)
      && strlen (file) == strlen (entry->name) + strlen (SUFFIX))
    return g_steal_pointer (&entry);
  g_warning ("%s: %s", shown, error != NULL ? error->message : "another name");
  g_unlink (path);
  return NULL;
}

GPtrArray *
ls_helper_journal_load (const char *directory)
{
  GPtrArray *entries
      = g_ptr_array_new_with_free_func ((GDestroyNotify)ls_helper_journal_entry_free);
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const char *file;

  while (dir != NULL && (file = g_dir_read_name (dir)) != NULL)
    {
      LsHelperJournalEntry *entry
          = g_str_has_suffix (file, SUFFIX) ? load_entry (directory, file) : NULL;
      if (entry != NULL)
        g_ptr_array_add (entries, entry);
    }
  return entries;
}
