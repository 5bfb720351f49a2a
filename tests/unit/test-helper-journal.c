/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ls-error.h"
#include "ls-helper-journal.h"

#define TURN 0x5a

static LsHelperJournalEntry *
new_entry (const char *name)
{
  LsHelperJournalEntry *entry = g_new0 (LsHelperJournalEntry, 1);
  LsKey public_key;
  LsPrefix address;

  g_assert_true (ls_prefix_parse ("100.64.0.2/32", &address, NULL));
  entry->name = g_strdup (name);
  entry->backend = LS_BACKEND_USERSPACE;
  entry->uid = 1000;
  entry->owner = g_strdup (":1.7");
  entry->bus_id = g_strdup ("0123456789abcdef");
  entry->wanted_port = 51820;
  entry->tunnel = ls_tunnel_new ();
  entry->tunnel->listen_port = 51821;
  ls_tunnel_add_address (entry->tunnel, &address);
  ls_key_generate_wireguard (&entry->tunnel->private_key, &public_key);
  entry->state = g_variant_ref_sink (g_variant_new_parsed ("{'pid': <uint32 42>}"));
  return entry;
}

static char *
new_folder (void)
{
  g_autoptr (GError) error = NULL;
  char *folder = g_dir_make_tmp ("ls-journal-XXXXXX", &error);

  g_assert_no_error (error);
  return folder;
}

static void
remove_folder (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_unlink (path);
    }
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static void
test_save_load (void)
{
  g_autofree char *folder = new_folder ();
  g_autofree char *path = g_build_filename (folder, "home.tunnel", NULL);
  g_autoptr (LsHelperJournalEntry) entry = new_entry ("home");
  g_autoptr (LsHelperJournalEntry) other = new_entry ("work");
  g_autoptr (GError) error = NULL;
  struct stat info;

  g_assert_true (ls_helper_journal_save (folder, entry, &error));
  g_assert_no_error (error);
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0600);
  entry->applying = TRUE;
  g_assert_true (ls_helper_journal_save (folder, entry, &error));
  g_assert_true (ls_helper_journal_save (folder, other, &error));

  g_autoptr (GPtrArray) entries = ls_helper_journal_load (folder);
  g_assert_cmpint (entries->len, ==, 2);
  for (guint i = 0; i < entries->len; i++)
    {
      const LsHelperJournalEntry *read = g_ptr_array_index (entries, i);
      const LsHelperJournalEntry *written = g_str_equal (read->name, "home") ? entry : other;
      g_assert_cmpstr (read->name, ==, written->name);
      g_assert_true (g_str_has_prefix (read->interface, "ls-"));
      g_assert_cmpstr (read->owner, ==, ":1.7");
      g_assert_cmpstr (read->bus_id, ==, "0123456789abcdef");
      g_assert_cmpint (read->uid, ==, 1000);
      g_assert_cmpint (read->backend, ==, LS_BACKEND_USERSPACE);
      g_assert_cmpint (read->applying, ==, written->applying);
      g_assert_cmpint (read->wanted_port, ==, 51820);
      g_assert_true (ls_tunnel_equal (read->tunnel, written->tunnel));
      g_assert_true (g_variant_equal (read->state, written->state));
    }
  ls_helper_journal_delete (folder, "home");
  ls_helper_journal_delete (folder, "home");
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  remove_folder (folder);
}

/* Cut and changed at every place: refused or understood, never more. */
static void
test_damaged (void)
{
  g_autoptr (LsHelperJournalEntry) entry = new_entry ("home");
  g_autoptr (GBytes) whole = ls_helper_journal_serialize (entry);
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (whole, &size);

  for (gsize i = 0; i < size; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GBytes) cut = g_bytes_new (data, i);
      g_autoptr (LsHelperJournalEntry) read = ls_helper_journal_parse (cut, &error);
      g_assert_null (read);
      g_assert_error (error, LS_ERROR, LS_ERROR_STORAGE);
    }
  for (gsize i = 0; i < size; i++)
    {
      g_autofree guint8 *copy = g_memdup2 (data, size);
      copy[i] ^= 0xff;
      g_autoptr (GBytes) changed = g_bytes_new (copy, size);
      g_autoptr (LsHelperJournalEntry) read = ls_helper_journal_parse (changed, NULL);
      if (read != NULL)
        g_assert_nonnull (read->interface);
    }
}

static void
test_files_of_others (void)
{
  g_autofree char *folder = new_folder ();
  g_autofree char *junk = g_build_filename (folder, "junk.tunnel", NULL);
  g_autofree char *renamed = g_build_filename (folder, "other.tunnel", NULL);
  g_autofree char *path = g_build_filename (folder, "home.tunnel", NULL);
  g_autofree char *lock = g_build_filename (folder, "lock", NULL);
  g_autoptr (LsHelperJournalEntry) entry = new_entry ("home");

  g_assert_true (g_file_set_contents (junk, "\n\033[31m", -1, NULL));
  g_assert_true (g_file_set_contents (lock, "", -1, NULL));
  g_assert_true (ls_helper_journal_save (folder, entry, NULL));
  g_assert_cmpint (g_rename (path, renamed), ==, 0);
  g_test_expect_message ("ls-helper-journal", G_LOG_LEVEL_WARNING, "*.tunnel*");
  g_test_expect_message ("ls-helper-journal", G_LOG_LEVEL_WARNING, "*.tunnel*");
  g_autoptr (GPtrArray) entries = ls_helper_journal_load (folder);
  g_test_assert_expected_messages ();
  g_assert_cmpint (entries->len, ==, 0);
  g_assert_false (g_file_test (junk, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (lock, G_FILE_TEST_EXISTS));
  remove_folder (folder);
}

static void
test_prepare (void)
{
  g_autofree char *folder = new_folder ();
  g_autofree char *runtime = g_build_filename (folder, "run", NULL);
  g_autofree char *link = g_build_filename (folder, "link", NULL);
  g_autofree char *missing = g_build_filename (folder, "a", "b", NULL);
  g_autoptr (GError) error = NULL;
  struct stat info;

  g_assert_true (ls_helper_journal_prepare (runtime, &error));
  g_assert_cmpint (g_chmod (runtime, 0777), ==, 0);
  g_assert_true (ls_helper_journal_prepare (runtime, &error));
  g_assert_cmpint (g_stat (runtime, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0700);
  g_assert_cmpint (symlink (runtime, link), ==, 0);
  g_assert_false (ls_helper_journal_prepare (link, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_STORAGE);
  g_clear_error (&error);
  g_assert_false (ls_helper_journal_prepare (missing, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_STORAGE);
  g_unlink (link);
  g_rmdir (runtime);
  remove_folder (folder);
}

/* How often the second half of the key is in the heap, freed memory included; the first half may be
 * overwritten there. @hidden: the key with bits turned, so that it is not found itself. */
static guint
count_in_heap (const LsKey *hidden)
{
  const gsize half = LS_KEY_SIZE / 2;
  g_autofree char *maps = NULL;
  guint count = 0;

  g_assert_true (g_file_get_contents ("/proc/self/maps", &maps, NULL, NULL));
  g_auto (GStrv) lines = g_strsplit (maps, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      gulong start, end;
      if (!g_str_has_suffix (lines[i], "[heap]") || sscanf (lines[i], "%lx-%lx", &start, &end) != 2)
        continue;
      for (const guint8 *p = (const guint8 *)start; p + half <= (const guint8 *)end; p++)
        {
          gsize same = 0;
          while (same < half && p[same] == (hidden->bytes[half + same] ^ TURN))
            same++;
          count += same == half;
        }
    }
  return count;
}

static void
set_key (LsKey *key, const LsKey *hidden)
{
  for (guint i = 0; i < LS_KEY_SIZE; i++)
    key->bytes[i] = hidden->bytes[i] ^ TURN;
}

static void
write_and_read (const char *folder, const LsKey *hidden)
{
  g_autoptr (LsHelperJournalEntry) entry = new_entry ("home");
  LsKey public_key;
  LsPrefix overlay;

  g_assert_true (ls_prefix_parse ("100.64.0.0/24", &overlay, NULL));
  set_key (&entry->tunnel->private_key, hidden);
  ls_key_wireguard_public (hidden, &public_key);
  LsTunnelPeer *peer = ls_tunnel_peer_new (&public_key);
  peer->has_preshared_key = TRUE;
  set_key (&peer->preshared_key, hidden);
  ls_tunnel_add_route (entry->tunnel, &overlay);
  ls_tunnel_take_peer (entry->tunnel, peer);
  g_assert_true (ls_helper_journal_save (folder, entry, NULL));
  g_autoptr (GPtrArray) entries = ls_helper_journal_load (folder);
  g_assert_cmpuint (entries->len, ==, 1);
  const LsHelperJournalEntry *read = entries->pdata[0];
  g_assert_true (ls_tunnel_equal (read->tunnel, entry->tunnel));
}

/* A core file or a program that reads freed memory finds no key. */
static void
test_keys_are_wiped (void)
{
  g_autofree char *folder = new_folder ();
  g_autofree LsKey *copy = g_new0 (LsKey, 1);
  LsKey hidden;

  for (guint i = 0; i < LS_KEY_SIZE; i++)
    hidden.bytes[i] = g_random_int_range (1, 255);
  set_key (copy, &hidden);
  /* Another allocator (a sanitizer's) has no such heap: then there is nothing to look through. */
  gboolean can_see = count_in_heap (&hidden) == 1;
  ls_key_clear (copy);
  write_and_read (folder, &hidden);
  g_test_message (can_see ? "looked through the heap" : "there is no heap to look through");
  g_assert_cmpuint (count_in_heap (&hidden), ==, 0);
  remove_folder (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/helper-journal/save-load", test_save_load);
  g_test_add_func ("/helper-journal/damaged", test_damaged);
  g_test_add_func ("/helper-journal/files-of-others", test_files_of_others);
  g_test_add_func ("/helper-journal/prepare", test_prepare);
  g_test_add_func ("/helper-journal/keys-are-wiped", test_keys_are_wiped);
  return g_test_run ();
}
