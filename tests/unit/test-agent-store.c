/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <glib/gstdio.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

#include "ls-agent-credentials.h"
#include "ls-agent-diff.h"
#include "ls-agent-store.h"
#include "ls-error.h"

/* Records */

#define PIN "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static LsAgentRecord *
full_record (void)
{
  static const char *const urls[]
      = { "https://vpn.example.com:8080", "http://[fd00::1]:8080", NULL };
  LsAgentRecord *record = ls_agent_record_new ("home");

  g_strfreev (record->urls);
  record->urls = g_strdupv ((char **)urls);
  g_assert_true (ls_pins_set (record->pins, urls[0], PIN, NULL));
  record->listen_port = 1;
  record->mtu = 1400;
  record->backend = LS_BACKEND_USERSPACE;
  record->chosen_port = 65535;
  record->want_up = TRUE;
  record->fact = LS_AGENT_EVENT_FACT_REVOKED;
  record->auth_expires = G_MAXINT64;
  ls_agent_record_set (&record->network_id, "net-1");
  ls_agent_record_set (&record->network_name, "a; b\\ \n[profile]\nname=other");
  ls_agent_record_set (&record->node_id, "node_1");
  ls_agent_record_set (&record->node_name, " ノート ");
  return record;
}

static void
test_record (void)
{
  g_autoptr (LsAgentRecord) record = full_record ();
  g_autofree char *text = ls_agent_record_to_text (record);
  g_autoptr (GError) error = NULL;
  g_autoptr (LsAgentRecord) back = ls_agent_record_from_text ("home", text, strlen (text), &error);
  g_autofree char *again = NULL;

  g_assert_no_error (error);
  again = ls_agent_record_to_text (back);
  g_assert_cmpstr (again, ==, text);
  g_assert_cmpstr (back->network_name, ==, record->network_name);
  g_assert_cmpstr (back->node_name, ==, " ノート ");
  g_assert_cmpint (back->fact, ==, LS_AGENT_EVENT_FACT_REVOKED);
  g_assert_cmpstr (back->urls[1], ==, "http://[fd00::1]:8080");
  g_assert_cmpstr (ls_pins_get (back->pins, back->urls[0]), ==, PIN);
  g_assert_null (ls_pins_get (back->pins, back->urls[1]));
}

/* Before, a profile had one pin: it was that of each encrypted URL, and is so after reading. */
static void
test_record_one_pin (void)
{
  g_autoptr (LsAgentRecord) record = full_record ();
  g_autofree char *text = ls_agent_record_to_text (record);
  g_autoptr (GString) before = g_string_new (text);
  g_autoptr (GError) error = NULL;
  g_autoptr (LsAgentRecord) back = NULL;

  g_string_replace (before, "version=2", "version=1", 1);
  g_string_replace (before, "urls=", "urls=https://b.example;", 1);
  g_string_replace (before, "pins=" PIN " https://vpn.example.com:8080;", "pin=" PIN, 1);
  back = ls_agent_record_from_text ("home", before->str, before->len, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_hash_table_size (back->pins), ==, 2);
  g_assert_cmpstr (ls_pins_get (back->pins, "https://b.example"), ==, PIN);
  g_assert_cmpstr (ls_pins_get (back->pins, "https://vpn.example.com:8080"), ==, PIN);

  g_string_replace (before, "pin=" PIN, "pin=00", 1);
  g_assert_null (ls_agent_record_from_text ("home", before->str, before->len, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_STORAGE);
}

static void
test_record_bad (void)
{
  static const struct
  {
    const char *from;
    const char *to;
  } changes[] = {
    { "version=2", "version=3" },
    { "name=home", "name=other" },
    { "mtu=1400", "mtu=65536" },
    { "mtu=1400", "mtu=-1" },
    { "mtu=1400", "mtu=x" },
    { "want-up=true", "want-up=maybe" },
    { "fact=revoked", "fact=great" },
    { "backend=userspace", "backend=magic" },
    { "urls=https", "urls=ftp" },
    { "node-id=node_1", "node-id=../x" },
    { "pins=00", "pins=zz" },
    { " https://vpn.example.com:8080;", " https://b.example;" },
    { " https://vpn.example.com:8080;", ";" },
    { "id=", "id=no-" },
    { "[profile]", "[other]" },
    { "chosen-port=65535", "" },
  };
  g_autoptr (LsAgentRecord) record = full_record ();
  g_autofree char *text = ls_agent_record_to_text (record);

  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      g_autoptr (GString) bad = g_string_new (text);
      g_autoptr (GError) error = NULL;

      g_test_message ("%s -> %s", changes[i].from, changes[i].to);
      g_assert_cmpuint (g_string_replace (bad, changes[i].from, changes[i].to, 1), ==, 1);
      g_assert_null (ls_agent_record_from_text ("home", bad->str, bad->len, &error));
      g_assert_error (error, LS_ERROR, LS_ERROR_STORAGE);
    }
}

/* Every cut of the file is refused or, near its end, complete. */
static void
test_record_truncated (void)
{
  g_autoptr (LsAgentRecord) record = full_record ();
  g_autofree char *text = ls_agent_record_to_text (record);

  for (gsize length = 0; length < strlen (text); length++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (LsAgentRecord) back = ls_agent_record_from_text ("home", text, length, &error);

      g_assert_true ((back == NULL) == (error != NULL));
    }
}

/* Credentials */

static void
test_credentials (void)
{
  g_autoptr (LsAgentCredentials) credentials = ls_agent_credentials_new (NULL);
  g_autoptr (LsAgentCredentials) back = NULL;
  g_autoptr (GError) error = NULL;
  char *text;

  g_assert_true (ls_agent_credentials_set_token (credentials, "a-Token_1", NULL));
  g_assert_true (ls_agent_credentials_set_auth_path (credentials, "/v1/x?a=b", NULL));
  text = ls_agent_credentials_to_text (credentials, NULL);
  back = ls_agent_credentials_from_text (text, strlen (text), &error);
  g_assert_no_error (error);
  g_assert_cmpmem (back, sizeof *back, credentials, sizeof *credentials);
  for (gsize length = 0; length < strlen (text); length++)
    {
      g_autoptr (LsAgentCredentials) cut = ls_agent_credentials_from_text (text, length, NULL);

      /* Whole lines without token and link are what a fresh device has. */
      g_assert_true (cut == NULL || text[length - 1] == '\n');
    }
  sodium_free (text);
}

/* What does not fit into guarded memory is an error, not the end of the program. */
static void
test_credentials_no_memory (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (ls_agent_credentials_from_text ("", G_MAXSIZE - 1, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_LIMIT);
}

static void
test_credentials_bad (void)
{
  static const char *const texts[] = {
    "",
    "lightscale-credentials 1\n",
    "lightscale-credentials 2\nmachine x\n",
    "nonsense",
    "lightscale-credentials 1\nmachine AAAA\nwireguard AAAA\n",
  };
  static const char *const paths[]
      = { "http://evil/", "//evil/", "x", "/a b", "/a\nb", "/a\"b", "/a#b" };
  g_autoptr (LsAgentCredentials) credentials = ls_agent_credentials_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (ls_agent_credentials_from_text (texts[i], strlen (texts[i]), &error));
      g_assert_error (error, LS_ERROR, LS_ERROR_STORAGE);
    }
  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    g_assert_false (ls_agent_credentials_set_auth_path (credentials, paths[i], NULL));
  g_assert_false (ls_agent_credentials_set_token (credentials, "with space", NULL));
}

/* The store */

typedef struct
{
  char *folder;
  LsAgentStore *store;
} Disk;

static void
disk_set_up (Disk *disk, gconstpointer data)
{
  disk->folder = g_dir_make_tmp ("ls-store-XXXXXX", NULL);
  disk->store = ls_agent_store_new (disk->folder);
}

static void
remove_tree (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (g_file_test (path, G_FILE_TEST_IS_DIR))
        remove_tree (path);
      else
        g_unlink (path);
    }
  g_rmdir (folder);
}

static void
disk_tear_down (Disk *disk, gconstpointer data)
{
  g_object_unref (disk->store);
  remove_tree (disk->folder);
  g_free (disk->folder);
}

static void
written_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  guint *count = user_data;

  if (ls_agent_store_write_finish (LS_AGENT_STORE (source), result, &error))
    (*count)++;
  else
    *count += 1000;
}

static void
drain (Disk *disk)
{
  while (ls_agent_store_is_busy (disk->store))
    g_main_context_iteration (NULL, TRUE);
}

static void
test_write (Disk *disk, gconstpointer data)
{
  g_autofree char *path = g_build_filename (disk->folder, "profiles", "a.conf", NULL);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *text = NULL;
  struct stat status;
  guint count = 0;

  /* In order: the last one stays. */
  for (guint i = 0; i < 20; i++)
    {
      g_autofree char *content = g_strdup_printf ("%u", i);
      g_autoptr (GBytes) bytes = g_bytes_new (content, strlen (content));

      ls_agent_store_write_async (disk->store, "profiles/a.conf", bytes, NULL, written_cb, &count);
    }
  drain (disk);
  g_assert_cmpuint (count, ==, 20);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "19");
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 0777, ==, 0600);
  g_assert_cmpint (g_stat (folder, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 0777, ==, 0700);
  ls_agent_store_write_async (disk->store, "profiles/a.conf", NULL, NULL, written_cb, &count);
  ls_agent_store_write_async (disk->store, "profiles/a.conf", NULL, NULL, written_cb, &count);
  drain (disk);
  g_assert_cmpuint (count, ==, 22);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
write_file (Disk *disk, const char *name, const char *text)
{
  g_autofree char *folder = g_build_filename (disk->folder, "profiles", NULL);
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

/* Links, pipes and what is far too large are not read, hold nothing up, and stay for a person to
 * look at; another user's file is not believed. */
static void
test_load_no_file (Disk *disk, gconstpointer data)
{
  g_autoptr (LsAgentRecord) record = ls_agent_record_new ("good");
  g_autofree char *text = ls_agent_record_to_text (record);
  g_autofree char *flood = g_strnfill (1024 * 1024, '#');
  g_autofree char *folder = g_build_filename (disk->folder, "profiles", NULL);
  g_autofree char *link = g_build_filename (folder, "link.conf", NULL);
  g_autofree char *pipe = g_build_filename (folder, "pipe.conf", NULL);
  g_autofree char *foreign = g_build_filename (folder, "foreign.conf", NULL);
  g_autoptr (GPtrArray) records = NULL;
  g_autoptr (GPtrArray) bad = NULL;

  write_file (disk, "good.conf", text);
  write_file (disk, "flood.conf", flood);
  write_file (disk, "foreign.conf", text);
  g_assert_cmpint (symlink ("good.conf", link), ==, 0);
  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
  g_assert_cmpint (chown (foreign, 65534, 65534), ==, 0);
  records = ls_agent_store_load (disk->store, &bad);
  g_assert_cmpuint (records->len, ==, 1);
  g_assert_cmpuint (bad->len, ==, 4);
  for (guint i = 0; i < bad->len; i++)
    {
      const LsAgentBadFile *file = g_ptr_array_index (bad, i);

      g_test_message ("%s: %s", file->name, file->reason);
      g_assert_nonnull (file->kept);
      g_assert_nonnull (strstr (file->reason, g_str_equal (file->name, "flood")
                                                  ? "too large"
                                                  : "not a file of this user"));
    }
}

static void
test_load (Disk *disk, gconstpointer data)
{
  g_autoptr (LsAgentRecord) record = full_record ();
  g_autofree char *text = ls_agent_record_to_text (record);
  g_autoptr (GPtrArray) bad = NULL;
  g_autoptr (GPtrArray) records = NULL;
  LsAgentBadFile *item;
  g_autofree char *kept = NULL;

  records = ls_agent_store_load (disk->store, &bad);
  g_assert_cmpuint (records->len + bad->len, ==, 0);
  g_ptr_array_unref (records);
  g_ptr_array_unref (bad);
  write_file (disk, "home.conf", text);
  write_file (disk, "work.conf", "half a fi");
  write_file (disk, "work.conf.broken-1", "older");
  write_file (disk, "home.conf.new", "left behind");
  records = ls_agent_store_load (disk->store, &bad);
  g_assert_cmpuint (records->len, ==, 1);
  g_assert_cmpuint (bad->len, ==, 1);
  item = g_ptr_array_index (bad, 0);
  g_assert_cmpstr (item->name, ==, "work");
  g_assert_true (g_str_has_suffix (item->kept, "work.conf.broken-2"));
  g_assert_true (g_file_get_contents (item->kept, &kept, NULL, NULL));
  g_assert_cmpstr (kept, ==, "half a fi");
  g_ptr_array_unref (records);
  g_ptr_array_unref (bad);
  records = ls_agent_store_load (disk->store, &bad);
  g_assert_cmpuint (records->len, ==, 1);
  g_assert_cmpuint (bad->len, ==, 0);
}

/* Netmaps that differ, or do not */

static LsNode *
make_peer (const char *id)
{
  LsNode *node = ls_node_new ();

  g_free (node->id);
  node->id = g_strdup (id);
  g_free (node->ipv4);
  node->ipv4 = g_strdup ("100.64.0.2");
  node->approved = TRUE;
  node->last_seen = 1000;
  return node;
}

static LsNetmap *
make_netmap (const char *ids)
{
  LsNetmap *netmap = ls_netmap_new ();
  g_auto (GStrv) list = g_strsplit (ids, " ", -1);

  if (netmap->network == NULL)
    netmap->network = ls_network_new ();
  if (netmap->node == NULL)
    netmap->node = make_peer ("me");
  for (guint i = 0; list[i] != NULL && *list[i] != '\0'; i++)
    g_ptr_array_add (netmap->peers, make_peer (list[i]));
  netmap->generated_at = 1010;
  netmap->revision = 7;
  return netmap;
}

static void
test_diff_nothing (void)
{
  g_autoptr (LsNetmap) a = make_netmap ("a b c");
  g_autoptr (LsNetmap) b = make_netmap ("a b c");
  g_autoptr (LsAgentDiff) diff = NULL;

  b->revision = 1000;
  b->generated_at = 1100;
  ((LsNode *)g_ptr_array_index (b->peers, 1))->last_seen = 1090;
  diff = ls_agent_diff_new (a, b);
  g_assert_false (ls_agent_diff_is_material (diff));
  g_assert_cmpuint (diff->online->len, ==, 0);
}

static void
test_diff_online (void)
{
  g_autoptr (LsNetmap) a = make_netmap ("a b");
  g_autoptr (LsNetmap) b = make_netmap ("a b");
  g_autoptr (LsAgentDiff) diff = NULL;

  b->generated_at = 1000 + LS_AGENT_ONLINE_SECONDS + 1;
  diff = ls_agent_diff_new (a, b);
  g_assert_false (ls_agent_diff_is_material (diff));
  g_assert_cmpuint (diff->online->len, ==, 2);
}

static void
test_diff_peers (void)
{
  g_autoptr (LsNetmap) a = make_netmap ("a c d e");
  g_autoptr (LsNetmap) b = make_netmap ("b c d f");
  g_autoptr (LsAgentDiff) diff = NULL;
  LsNode *changed = g_ptr_array_index (b->peers, 2);

  g_free (changed->ipv4);
  changed->ipv4 = g_strdup ("100.64.0.3");
  diff = ls_agent_diff_new (a, b);
  g_assert_true (ls_agent_diff_is_material (diff));
  g_assert_cmpuint (diff->changed->len, ==, 3);
  g_assert_cmpstr (g_ptr_array_index (diff->changed, 0), ==, "b");
  g_assert_cmpstr (g_ptr_array_index (diff->changed, 1), ==, "d");
  g_assert_cmpstr (g_ptr_array_index (diff->changed, 2), ==, "f");
  g_assert_cmpuint (diff->removed->len, ==, 2);
  g_assert_cmpstr (g_ptr_array_index (diff->removed, 0), ==, "a");
  g_assert_cmpstr (g_ptr_array_index (diff->removed, 1), ==, "e");
  g_assert_false (diff->node);
  g_assert_false (diff->network);
}

static void
test_diff_node (void)
{
  g_autoptr (LsNetmap) a = make_netmap ("");
  g_autoptr (LsNetmap) b = make_netmap ("");
  g_autoptr (LsAgentDiff) diff = NULL;
  g_autoptr (LsAgentDiff) first = ls_agent_diff_new (NULL, a);

  g_assert_true (first->node && first->network);
  b->node->approved = FALSE;
  g_free (b->network->name);
  b->network->name = g_strdup ("other");
  diff = ls_agent_diff_new (a, b);
  g_assert_true (diff->node && diff->network);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (sodium_init (), >=, 0);
  g_test_add_func ("/agent/record/round-trip", test_record);
  g_test_add_func ("/agent/record/round-trip-one-pin", test_record_one_pin);
  g_test_add_func ("/agent/record/bad", test_record_bad);
  g_test_add_func ("/agent/record/truncated", test_record_truncated);
  g_test_add_func ("/agent/credentials/round-trip", test_credentials);
  g_test_add_func ("/agent/credentials/bad", test_credentials_bad);
  g_test_add_func ("/agent/credentials/no-memory", test_credentials_no_memory);
  g_test_add ("/agent/store/write", Disk, NULL, disk_set_up, test_write, disk_tear_down);
  g_test_add ("/agent/store/load", Disk, NULL, disk_set_up, test_load, disk_tear_down);
  g_test_add ("/agent/store/load-no-file", Disk, NULL, disk_set_up, test_load_no_file,
              disk_tear_down);
  g_test_add_func ("/agent/diff/nothing", test_diff_nothing);
  g_test_add_func ("/agent/diff/online", test_diff_online);
  g_test_add_func ("/agent/diff/peers", test_diff_peers);
  g_test_add_func ("/agent/diff/node", test_diff_node);
  return g_test_run ();
}
