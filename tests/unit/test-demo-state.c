/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ls-demo-saver.h"
#include "ls-demo-seed.h"
#include "ls-demo-state.h"
#include "ls-error.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define DEADLINE (20 * G_USEC_PER_SEC)

static char *
encode (LsDemoStore *store)
{
  g_autoptr (JsonNode) node = ls_demo_state_encode (store);

  return json_to_string (node, FALSE);
}

/* A store with something of everything; @out_token: the token of node "a". */
static LsDemoStore *
make_store (char **out_token)
{
  g_autoptr (LsDemoStore) store = ls_demo_store_new ();
  g_autofree char *token = NULL;
  LsDemoJoin join_a = { "a", "machine-a", "wg-a" };
  LsDemoJoin join_b = { "b", "machine-b", "wg-b" };
  const char *network_id = ls_demo_seed (store, &token);
  g_autoptr (LsPendingRegistration) pending = NULL;
  static const char *const endpoints[] = { "192.0.2.1:51820", NULL };
  g_autoptr (GPtrArray) routes = g_ptr_array_new_with_free_func ((GDestroyNotify)ls_route_free);
  LsDemoNode *a = ls_demo_store_register (store, token, &join_a, out_token, NULL);

  g_assert_nonnull (ls_demo_store_register_url (store, network_id, &join_b, 600, &pending, NULL));
  g_ptr_array_add (routes, ls_route_new ("10.0.0.0/8", FALSE, FALSE, "10.1.0.0/16"));
  ls_demo_store_heartbeat (store, a, NULL, endpoints, routes, TRUE);
  ls_demo_store_approve (store, ls_demo_store_get_node_info (store, a)->id, NULL);
  ls_demo_store_rotate_keys (store, a, NULL, "wg-a2", NULL);
  ls_demo_store_set_key_policy (store, ls_demo_store_get_network (store, network_id, NULL), 3600);
  return g_steal_pointer (&store);
}

static void
test_round_trip (void)
{
  g_autofree char *node_token = NULL;
  g_autoptr (LsDemoStore) store = make_store (&node_token);
  g_autoptr (LsDemoStore) read = ls_demo_store_new ();
  g_autofree char *text = encode (store);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) nodes = NULL;
  LsDemoNetwork *network;

  g_assert_null (strstr (text, node_token));
  g_assert_true (ls_demo_state_decode (read, text, strlen (text), &error));
  g_assert_no_error (error);
  g_assert_cmpuint (ls_demo_store_get_revision (read), ==,
                    ls_demo_store_get_revision (store) + LS_DEMO_STATE_REVISION_GAP);

  network = ls_demo_store_find_network_by_name (read, LS_DEMO_SEED_NAME);
  g_assert_cmpuint (ls_demo_network_get_info (network)->key_rotation_max_age, ==, 3600);
  nodes = ls_demo_store_list_nodes (read, network);
  g_assert_cmpuint (nodes->len, ==, 2);
  for (guint i = 0; i < nodes->len; i++)
    {
      const LsNode *node = g_ptr_array_index (nodes, i);
      LsDemoNode *record = ls_demo_store_get_node (read, node->id, NULL);
      const LsNode *before
          = ls_demo_store_get_node_info (store, ls_demo_store_get_node (store, node->id, NULL));

      g_assert_true (ls_node_equal_material (node, before));
      g_assert_cmpint (ls_demo_node_token_matches (record, node_token), ==,
                       g_str_equal (node->name, "a"));
    }
}

/* Written twice it is the same, so that nothing is lost on the way. */
static void
test_stable (void)
{
  g_autofree char *node_token = NULL;
  g_autoptr (LsDemoStore) store = make_store (&node_token);
  g_autofree char *text = encode (store);
  g_autoptr (LsDemoStore) read = ls_demo_store_new ();
  g_autofree char *again = NULL;

  g_assert_true (ls_demo_state_decode (read, text, strlen (text), NULL));
  again = encode (read);
  /* But for the revision; the tables' order depends on random ids. */
  g_assert_cmpuint (strlen (again), ==, strlen (text) + strlen ("1000008") - strlen ("8"));
}

static void
test_refused (void)
{
  static const char *const texts[] = {
    "",
    "{",
    "[]",
    "{}",
    "{\"version\":2,\"revision\":1,\"networks\":[],\"nodes\":[],\"tokens\":[],\"audit\":[]}",
    "{\"version\":1,\"revision\":-1,\"networks\":[],\"nodes\":[],\"tokens\":[],\"audit\":[]}",
    "{\"version\":1,\"revision\":1,\"networks\":{},\"nodes\":[],\"tokens\":[],\"audit\":[]}",
    "{\"version\":1,\"revision\":1,\"networks\":[{}],\"nodes\":[],\"tokens\":[],\"audit\":[]}",
    "{\"version\":1,\"revision\":1,\"networks\":[],\"nodes\":[{}],\"tokens\":[],\"audit\":[]}",
    "{\"version\":1,\"revision\":1,\"networks\":[],\"nodes\":[],\"tokens\":[1],\"audit\":[]}",
    "{\"version\":1,\"revision\":1,\"networks\":[],\"nodes\":[],\"tokens\":[],\"audit\":[null]}",
    "{\"version\":1,\"revision\":1,\"networks\":[],\"nodes\":[],\"tokens\":[]}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (LsDemoStore) store = ls_demo_store_new ();
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", texts[i]);
      g_assert_false (ls_demo_state_decode (store, texts[i], strlen (texts[i]), &error));
      g_assert_error (error, LS_ERROR, LS_ERROR_STORAGE);
    }
}

/* The elements of @member twice: ids must be there once only. */
static void
assert_no_duplicates (const char *text, const char *member)
{
  g_autoptr (JsonNode) root = json_from_string (text, NULL);
  JsonObject *object = json_node_get_object (root);
  g_autoptr (JsonArray) array = json_array_ref (json_object_get_array_member (object, member));
  g_autoptr (LsDemoStore) store = ls_demo_store_new ();
  g_autofree char *doubled = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (json_array_get_length (array), >, 0);
  json_array_add_element (array, json_node_copy (json_array_get_element (array, 0)));
  doubled = json_to_string (root, FALSE);
  g_assert_false (ls_demo_state_decode (store, doubled, strlen (doubled), &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_STORAGE);
}

static void
test_duplicates (void)
{
  g_autofree char *node_token = NULL;
  g_autoptr (LsDemoStore) store = make_store (&node_token);
  g_autofree char *text = encode (store);

  assert_no_duplicates (text, "networks");
  assert_no_duplicates (text, "nodes");
  assert_no_duplicates (text, "tokens");
}

typedef struct
{
  char *folder;
  char *path;
} Files;

static void
set_up (Files *files, gconstpointer data)
{
  files->folder = g_dir_make_tmp ("ls-demo-XXXXXX", NULL);
  files->path = g_build_filename (files->folder, "state.json", NULL);
}

static void
tear_down (Files *files, gconstpointer data)
{
  g_autoptr (GDir) dir = g_dir_open (files->folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (files->folder, name, NULL);

      g_remove (path);
    }
  g_assert_cmpint (g_rmdir (files->folder), ==, 0);
  g_free (files->path);
  g_free (files->folder);
}

static gboolean
tick_cb (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

static void
wait_for_file (const char *path)
{
  gint64 deadline = g_get_monotonic_time () + DEADLINE;
  guint id = g_timeout_add (20, tick_cb, NULL);

  while (!g_file_test (path, G_FILE_TEST_EXISTS) && g_get_monotonic_time () < deadline)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (id);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_saver (Files *files, gconstpointer data)
{
  g_autofree char *aside = NULL;
  g_autofree char *token = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (LsDemoStore) store = ls_demo_saver_load (files->path, &aside, &error);
  g_autoptr (LsDemoSaver) saver = ls_demo_saver_new (store, files->path);
  g_autoptr (LsDemoStore) read = NULL;
  struct stat status;

  g_assert_no_error (error);
  g_assert_null (aside);
  ls_demo_seed (store, &token);
  g_assert_false (g_file_test (files->path, G_FILE_TEST_EXISTS));
  wait_for_file (files->path);
  g_assert_cmpint (g_stat (files->path, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 0777, ==, 0600);
  g_assert_true (ls_demo_saver_flush (saver, &error));

  read = ls_demo_saver_load (files->path, &aside, &error);
  g_assert_no_error (error);
  g_assert_null (aside);
  g_assert_nonnull (ls_demo_store_find_network_by_name (read, LS_DEMO_SEED_NAME));
}

/* Heartbeats that bring nothing new write nothing, until the end. */
static void
test_saver_idle (Files *files, gconstpointer data)
{
  g_autofree char *node_token = NULL;
  g_autoptr (LsDemoStore) store = make_store (&node_token);
  g_autoptr (LsDemoSaver) saver = ls_demo_saver_new (store, files->path);
  LsDemoNetwork *network = ls_demo_store_find_network_by_name (store, LS_DEMO_SEED_NAME);
  g_autoptr (GPtrArray) nodes = ls_demo_store_list_nodes (store, network);
  const LsNode *info = g_ptr_array_index (nodes, 0);
  LsDemoNode *node = ls_demo_store_get_node (store, info->id, NULL);
  g_auto (GStrv) endpoints = g_strdupv (info->endpoints);
  gint64 end = g_get_monotonic_time () + G_USEC_PER_SEC;
  guint id = g_timeout_add (20, tick_cb, NULL);

  while (g_get_monotonic_time () < end)
    {
      ls_demo_store_heartbeat (store, node, NULL, (const char *const *)endpoints, info->routes,
                               FALSE);
      g_main_context_iteration (NULL, TRUE);
    }
  g_source_remove (id);
  g_assert_false (g_file_test (files->path, G_FILE_TEST_EXISTS));
  g_assert_true (ls_demo_saver_flush (saver, NULL));
  g_assert_true (g_file_test (files->path, G_FILE_TEST_EXISTS));
}

static void
test_corrupt (Files *files, gconstpointer data)
{
  g_autofree char *aside = NULL;
  g_autofree char *second = NULL;
  g_autofree char *kept = NULL;
  g_autoptr (LsDemoStore) store = NULL;
  g_autoptr (LsDemoStore) other = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents (files->path, "{\"version\":", -1, NULL));
  store = ls_demo_saver_load (files->path, &aside, &error);
  g_assert_no_error (error);
  g_assert_nonnull (store);
  g_assert_nonnull (aside);
  g_assert_false (g_file_test (files->path, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_get_contents (aside, &kept, NULL, NULL));
  g_assert_cmpstr (kept, ==, "{\"version\":");

  g_assert_true (g_file_set_contents (files->path, "", -1, NULL));
  other = ls_demo_saver_load (files->path, &second, &error);
  g_assert_nonnull (other);
  g_assert_cmpstr (second, !=, aside);
}

static void
test_unreadable (Files *files, gconstpointer data)
{
  g_autofree char *aside = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir (files->path, 0700), ==, 0);
  g_assert_null (ls_demo_saver_load (files->path, &aside, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_STORAGE);
  g_assert_cmpint (g_rmdir (files->path), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/demo-state/round-trip", test_round_trip);
  g_test_add_func ("/demo-state/stable", test_stable);
  g_test_add_func ("/demo-state/refused", test_refused);
  g_test_add_func ("/demo-state/duplicates", test_duplicates);
  g_test_add ("/demo-state/saver", Files, NULL, set_up, test_saver, tear_down);
  g_test_add ("/demo-state/saver-idle", Files, NULL, set_up, test_saver_idle, tear_down);
  g_test_add ("/demo-state/corrupt", Files, NULL, set_up, test_corrupt, tear_down);
  g_test_add ("/demo-state/unreadable", Files, NULL, set_up, test_unreadable, tear_down);
  return g_test_run ();
}
