/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ls-control-codec.h"
#include "ls-demo-store.h"
#include "ls-error.h"

#include <string.h>

#define START 1790000000

typedef struct
{
  LsDemoStore *store;
  LsDemoNetwork *network;
  const char *network_id;
  gint64 now;
  guint n_changes;
  guint n_durable;
} Fixture;

static gint64
clock_cb (gpointer user_data)
{
  return ((Fixture *)user_data)->now;
}

static void
changed_cb (LsDemoStore *store, gboolean durable, Fixture *fixture)
{
  fixture->n_changes++;
  if (durable)
    fixture->n_durable++;
}

static void
set_up (Fixture *fixture, gconstpointer requires_approval)
{
  LsNetworkDraft draft = { .name = "lab",
                           .overlay_v4 = "100.99.12.0/24",
                           .overlay_v6 = "fd3a:91c4:7e02::/48",
                           .requires_approval = requires_approval != NULL };
  const LsEnrollmentToken *token;
  g_autoptr (GError) error = NULL;

  fixture->now = START;
  fixture->store = ls_demo_store_new ();
  ls_demo_store_set_clock (fixture->store, clock_cb, fixture);
  fixture->network = ls_demo_store_create_network (fixture->store, &draft, &token, &error);
  g_assert_no_error (error);
  g_assert_null (token);
  fixture->network_id = ls_demo_network_get_info (fixture->network)->id;
  g_signal_connect (fixture->store, "changed", G_CALLBACK (changed_cb), fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_signal_handlers_disconnect_by_data (fixture->store, fixture);
  g_assert_finalize_object (fixture->store);
}

static char *
make_token (Fixture *fixture, guint64 ttl, guint32 uses)
{
  static const char *const tags[] = { "lab", NULL };
  LsDemoTokenDraft draft = { .ttl = ttl, .uses = uses, .tags = tags, .owner_email = " a@b " };
  const LsEnrollmentToken *token
      = ls_demo_store_create_token (fixture->store, fixture->network, &draft, NULL);

  return g_strdup (token->token);
}

static LsDemoNode *
try_join (Fixture *fixture, const char *token, const char *name, GError **error)
{
  LsDemoJoin join = { name, "machine-1", "wg-1" };
  g_autofree char *node_token = NULL;
  LsDemoNode *node = ls_demo_store_register (fixture->store, token, &join, &node_token, error);

  if (node != NULL)
    g_assert_true (ls_demo_node_token_matches (node, node_token));
  return node;
}

static LsDemoNode *
join (Fixture *fixture, const char *name)
{
  g_autofree char *token = make_token (fixture, 3600, 1);
  g_autoptr (GError) error = NULL;
  LsDemoNode *node = try_join (fixture, token, name, &error);

  g_assert_no_error (error);
  return node;
}

static const LsNode *
info (Fixture *fixture, LsDemoNode *node)
{
  return ls_demo_store_get_node_info (fixture->store, node);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

/* The names of @node's peers, sorted, with spaces between. */
static char *
peer_names (Fixture *fixture, LsDemoNode *node)
{
  g_autoptr (LsNetmap) netmap = ls_demo_store_build_netmap (fixture->store, node);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  for (guint i = 0; i < netmap->peers->len; i++)
    g_ptr_array_add (names, ((LsNode *)g_ptr_array_index (netmap->peers, i))->name);
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  return g_strjoinv (" ", (GStrv)names->pdata);
}

static void
assert_peers (Fixture *fixture, LsDemoNode *node, const char *expected)
{
  g_autofree char *names = peer_names (fixture, node);

  g_assert_cmpstr (names, ==, expected);
}

#define assert_fails(error, wanted, text)                                                          \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_assert_error (error, LS_ERROR, wanted);                                                      \
    g_assert_cmpstr (error->message, ==, text);                                                    \
    g_clear_error (&error);                                                                        \
  }                                                                                                \
  G_STMT_END

static void
test_register (Fixture *fixture, gconstpointer data)
{
  LsDemoNode *node = join (fixture, "  laptop ");
  const LsNode *shown = info (fixture, node);

  g_assert_cmpstr (shown->name, ==, "laptop");
  g_assert_cmpstr (shown->ipv4, ==, "100.99.12.10");
  g_assert_cmpstr (shown->ipv6, ==, "fd3a:91c4:7e02::a");
  g_assert_true (g_str_has_prefix (shown->dns_name, "laptop.net-"));
  g_assert_true (g_strv_contains ((const char *const *)shown->tags, "lab"));
  g_assert_cmpstr (shown->owner_email, ==, "a@b");
  g_assert_false (shown->owner_is_admin);
  g_assert_true (shown->approved);
  g_assert_cmpint (ls_demo_node_get_approved_at (node), ==, START);
  g_assert_false (ls_demo_node_token_matches (node, "other"));
  g_assert_false (ls_demo_node_token_matches (node, NULL));
}

static void
test_tokens (Fixture *fixture, gconstpointer data)
{
  g_autofree char *twice = make_token (fixture, 3600, 2);
  g_autofree char *revoked = make_token (fixture, 3600, 2);
  g_autoptr (GError) error = NULL;
  LsDemoTokenDraft none = { .ttl = 1, .uses = 0 };

  g_assert_nonnull (try_join (fixture, twice, "a", NULL));
  g_assert_null (try_join (fixture, twice, "A", &error));
  assert_fails (error, LS_ERROR_CONTROL_CONFLICT, "node name already exists");
  g_assert_nonnull (try_join (fixture, twice, "b", NULL));
  g_assert_null (try_join (fixture, twice, "c", &error));
  assert_fails (error, LS_ERROR_CONTROL_UNAUTHORIZED, "token not found");

  g_assert_nonnull (ls_demo_store_revoke_token (fixture->store, revoked, NULL));
  g_assert_null (try_join (fixture, revoked, "c", &error));
  assert_fails (error, LS_ERROR_CONTROL_UNAUTHORIZED, "token revoked");
  fixture->now += 3600;
  g_assert_null (try_join (fixture, revoked, "c", &error));
  assert_fails (error, LS_ERROR_CONTROL_UNAUTHORIZED, "token expired");
  g_assert_null (ls_demo_store_revoke_token (fixture->store, twice, &error));
  assert_fails (error, LS_ERROR_CONTROL_NOT_FOUND, "token");
  g_assert_null (ls_demo_store_create_token (fixture->store, fixture->network, &none, &error));
  assert_fails (error, LS_ERROR_CONTROL_INVALID, "ttl_seconds and uses must be > 0");
}

static void
test_token_list (Fixture *fixture, gconstpointer data)
{
  g_autofree char *early = make_token (fixture, 60, 1);
  g_autofree char *late = make_token (fixture, 3600, 1);
  g_autoptr (GPtrArray) tokens = ls_demo_store_list_tokens (fixture->store, fixture->network);

  g_assert_cmpuint (tokens->len, ==, 2);
  g_assert_cmpstr (((LsEnrollmentToken *)g_ptr_array_index (tokens, 0))->token, ==, late);
  g_assert_cmpstr (((LsEnrollmentToken *)g_ptr_array_index (tokens, 1))->token, ==, early);
}

static LsDemoNode *
join_by_link (Fixture *fixture, const char *name, char **out_secret)
{
  LsDemoJoin request = { name, "machine-1", "wg-1" };
  g_autoptr (LsPendingRegistration) pending = NULL;
  g_autoptr (GError) error = NULL;
  LsDemoNode *node = ls_demo_store_register_url (fixture->store, fixture->network_id, &request,
                                                 LS_DEMO_LINK_TTL, &pending, &error);

  g_assert_no_error (error);
  g_assert_cmpint (pending->expires_at, ==, fixture->now + LS_DEMO_LINK_TTL);
  *out_secret = g_strdup (strrchr (pending->auth_path, '/') + 1);
  return node;
}

static void
test_link (Fixture *fixture, gconstpointer data)
{
  g_autofree char *secret = NULL;
  LsDemoNode *node = join_by_link (fixture, "laptop", &secret);
  const char *id = info (fixture, node)->id;
  g_autoptr (GError) error = NULL;

  g_assert_false (info (fixture, node)->approved);
  g_assert_null (ls_demo_store_approve_by_link (fixture->store, id, "x", &error));
  assert_fails (error, LS_ERROR_CONTROL_UNAUTHORIZED, "invalid approval secret");
  fixture->now += LS_DEMO_LINK_TTL - 1;
  g_assert_nonnull (ls_demo_store_approve_by_link (fixture->store, id, secret, NULL));
  g_assert_true (info (fixture, node)->approved);
  g_assert_cmpint (ls_demo_node_get_approved_at (node), ==, fixture->now);

  /* A second click is not an error, whatever the secret. */
  fixture->now += LS_DEMO_LINK_TTL;
  g_assert_nonnull (ls_demo_store_approve_by_link (fixture->store, id, "x", NULL));
  g_assert_null (ls_demo_store_approve_by_link (fixture->store, "no", secret, &error));
  assert_fails (error, LS_ERROR_CONTROL_NOT_FOUND, "node");
}

static void
test_link_expires (Fixture *fixture, gconstpointer data)
{
  g_autofree char *secret = NULL;
  LsDemoNode *node = join_by_link (fixture, "laptop", &secret);
  const char *id = info (fixture, node)->id;
  LsDemoJoin again = { "Laptop", "m", "w" };
  g_autoptr (LsPendingRegistration) pending = NULL;
  g_autoptr (GError) error = NULL;

  fixture->now += LS_DEMO_LINK_TTL;
  g_assert_null (ls_demo_store_approve_by_link (fixture->store, id, secret, &error));
  assert_fails (error, LS_ERROR_CONTROL_UNAUTHORIZED, "approval expired");

  /* It keeps its name, and an administrator may still approve it. */
  g_assert_null (ls_demo_store_register_url (fixture->store, fixture->network_id, &again, 1,
                                             &pending, &error));
  assert_fails (error, LS_ERROR_CONTROL_CONFLICT, "node name already exists");
  g_assert_nonnull (ls_demo_store_approve (fixture->store, id, NULL));
  g_assert_true (info (fixture, node)->approved);
}

static void
test_pending (Fixture *fixture, gconstpointer data)
{
  LsDemoNode *a = join (fixture, "a");
  LsDemoNode *b = join (fixture, "b");
  g_autoptr (GError) error = NULL;

  g_assert_false (info (fixture, a)->approved);
  ls_demo_store_approve (fixture->store, info (fixture, a)->id, NULL);
  assert_peers (fixture, a, "");
  assert_peers (fixture, b, "");
  g_assert_null (
      ls_demo_store_approve_by_link (fixture->store, info (fixture, b)->id, "x", &error));
  assert_fails (error, LS_ERROR_CONTROL_UNAUTHORIZED, "approval not allowed");
  ls_demo_store_approve (fixture->store, info (fixture, b)->id, NULL);
  assert_peers (fixture, a, "b");
  assert_peers (fixture, b, "a");
}

static void
test_revoke (Fixture *fixture, gconstpointer data)
{
  LsDemoNode *a = join (fixture, "a");
  LsDemoNode *b = join (fixture, "b");
  LsKeyRecord *record;

  ls_demo_store_revoke_node (fixture->store, b);
  g_assert_true (info (fixture, b)->revoked);
  g_assert_false (info (fixture, b)->approved);
  assert_peers (fixture, a, "");
  record = g_ptr_array_index (ls_demo_node_get_keys (b), 1);
  g_assert_cmpint (record->revoked_at, ==, START);

  /* Its name is free again; approval does not undo it, its own key rotation does. */
  join (fixture, "B");
  ls_demo_store_approve (fixture->store, info (fixture, b)->id, NULL);
  g_assert_false (info (fixture, b)->approved);
  g_assert_true (ls_demo_store_rotate_keys (fixture->store, b, NULL, "wg-2", NULL));
  g_assert_true (info (fixture, b)->approved);
  assert_peers (fixture, a, "B b");
}

static void
test_rotate (Fixture *fixture, gconstpointer data)
{
  LsDemoNode *node = join (fixture, "a");
  GPtrArray *keys = ls_demo_node_get_keys (node);
  g_autoptr (GError) error = NULL;

  fixture->now += 10;
  g_assert_false (ls_demo_store_rotate_keys (fixture->store, node, NULL, NULL, &error));
  assert_fails (error, LS_ERROR_CONTROL_INVALID, "no keys provided");
  g_assert_false (ls_demo_store_rotate_keys (fixture->store, node, "machine-2", "wg-1", &error));
  assert_fails (error, LS_ERROR_CONTROL_INVALID, "wg_public_key unchanged");
  g_assert_cmpstr (info (fixture, node)->machine_public_key, ==, "machine-1");
  g_assert_true (ls_demo_store_rotate_keys (fixture->store, node, NULL, "wg-2", NULL));
  g_assert_cmpstr (info (fixture, node)->wg_public_key, ==, "wg-2");
  g_assert_cmpuint (keys->len, ==, 3);
  g_assert_cmpint (((LsKeyRecord *)keys->pdata[0])->revoked_at, ==, 0);
  g_assert_cmpint (((LsKeyRecord *)keys->pdata[1])->revoked_at, ==, START + 10);
  g_assert_cmpint (((LsKeyRecord *)keys->pdata[2])->created_at, ==, START + 10);
}

static void
test_key_policy (Fixture *fixture, gconstpointer data)
{
  LsDemoNode *a = join (fixture, "a");
  LsDemoNode *b = join (fixture, "b");

  ls_demo_store_set_key_policy (fixture->store, fixture->network, 60);
  fixture->now += 60;
  g_assert_true (info (fixture, a)->approved);
  fixture->now++;
  g_assert_false (info (fixture, a)->approved);
  g_assert_true (info (fixture, a)->key_rotation_required);
  assert_peers (fixture, a, "");

  /* Both keys count. */
  ls_demo_store_rotate_keys (fixture->store, a, NULL, "wg-2", NULL);
  g_assert_true (info (fixture, a)->key_rotation_required);
  ls_demo_store_rotate_keys (fixture->store, a, "machine-2", NULL, NULL);
  g_assert_false (info (fixture, a)->key_rotation_required);
  g_assert_true (info (fixture, a)->approved);
  assert_peers (fixture, a, "");
  ls_demo_store_set_key_policy (fixture->store, fixture->network, 0);
  assert_peers (fixture, a, "b");
  g_assert_false (info (fixture, b)->key_rotation_required);
}

static void
test_update (Fixture *fixture, gconstpointer data)
{
  static const char *const tags[] = { " dev ", "dev", "", "lab", NULL };
  static const char *const none[] = { NULL };
  LsDemoNode *a = join (fixture, "a");
  g_autoptr (GError) error = NULL;

  join (fixture, "b");
  g_assert_false (ls_demo_store_update_node (fixture->store, a, NULL, NULL, &error));
  assert_fails (error, LS_ERROR_CONTROL_INVALID, "no fields to update");
  g_assert_false (ls_demo_store_update_node (fixture->store, a, " B ", NULL, &error));
  assert_fails (error, LS_ERROR_CONTROL_CONFLICT, "node name already exists");
  g_assert_false (ls_demo_store_update_node (fixture->store, a, "  ", NULL, &error));
  assert_fails (error, LS_ERROR_CONTROL_INVALID, "node name must be non-empty");

  g_assert_true (ls_demo_store_update_node (fixture->store, a, "A", tags, NULL));
  g_assert_cmpstr (info (fixture, a)->name, ==, "A");
  g_assert_true (g_str_has_prefix (info (fixture, a)->dns_name, "A.net-"));
  g_assert_cmpuint (g_strv_length (info (fixture, a)->tags), ==, 2);
  g_assert_true (ls_demo_store_update_node (fixture->store, a, NULL, none, NULL));
  g_assert_cmpuint (g_strv_length (info (fixture, a)->tags), ==, 0);
  g_assert_cmpstr (info (fixture, a)->name, ==, "A");
}

static void
test_heartbeat (Fixture *fixture, gconstpointer data)
{
  static const char *const sent[] = { "192.0.2.1:1", "203.0.113.5:51820", "192.0.2.1:1", NULL };
  LsDemoNode *a = join (fixture, "a");
  LsDemoNode *b = join (fixture, "b");
  g_autoptr (GPtrArray) routes = g_ptr_array_new_with_free_func ((GDestroyNotify)ls_route_free);
  guint64 revision = ls_demo_store_get_revision (fixture->store);

  g_ptr_array_add (routes, ls_route_new ("192.168.1.0/24", FALSE, TRUE, NULL));
  fixture->n_changes = fixture->n_durable = 0;
  ls_demo_store_heartbeat (fixture->store, a, "203.0.113.5:51820", sent, routes, FALSE);
  g_assert_cmpuint (fixture->n_durable, ==, 1);
  g_assert_cmpuint (g_strv_length (info (fixture, a)->endpoints), ==, 2);
  g_assert_cmpstr (info (fixture, a)->endpoints[0], ==, "203.0.113.5:51820");
  g_assert_cmpuint (info (fixture, a)->routes->len, ==, 1);

  /* The same again is a write that is not worth the disk. */
  fixture->now += 30;
  ls_demo_store_heartbeat (fixture->store, a, "203.0.113.5:51820", sent, routes, FALSE);
  g_assert_cmpuint (fixture->n_changes, ==, 2);
  g_assert_cmpuint (fixture->n_durable, ==, 1);
  g_assert_cmpint (info (fixture, a)->last_seen, ==, START + 30);
  g_assert_cmpuint (ls_demo_store_get_revision (fixture->store), ==, revision + 2);

  g_ptr_array_set_size (routes, 0);
  ls_demo_store_heartbeat (fixture->store, a, NULL, sent + 3, routes, FALSE);
  g_assert_cmpuint (g_strv_length (info (fixture, a)->endpoints), ==, 0);
  g_assert_cmpuint (info (fixture, a)->routes->len, ==, 0);
  assert_peers (fixture, b, "a");
}

static void
test_probe (Fixture *fixture, gconstpointer data)
{
  static const char *const endpoints[] = { "192.0.2.1:1", NULL };
  LsDemoNode *a = join (fixture, "a");
  LsDemoNode *b = join (fixture, "b");
  g_autoptr (GPtrArray) routes = g_ptr_array_new ();

  ls_demo_store_heartbeat (fixture->store, a, NULL, endpoints, routes, TRUE);
  fixture->now += LS_DEMO_PROBE_TTL;
  {
    g_autoptr (LsNetmap) netmap = ls_demo_store_build_netmap (fixture->store, b);
    g_autoptr (LsNetmap) own = ls_demo_store_build_netmap (fixture->store, a);
    const LsProbeRequest *request;

    g_assert_cmpuint (own->probe_requests->len, ==, 0);
    g_assert_cmpuint (netmap->probe_requests->len, ==, 1);
    request = g_ptr_array_index (netmap->probe_requests, 0);
    g_assert_cmpstr (request->peer_id, ==, info (fixture, a)->id);
    g_assert_cmpstr (request->endpoints[0], ==, endpoints[0]);
    g_assert_cmpint (request->requested_at, ==, START);
  }
  fixture->now++;
  {
    g_autoptr (LsNetmap) netmap = ls_demo_store_build_netmap (fixture->store, b);

    g_assert_cmpuint (netmap->probe_requests->len, ==, 0);
  }
}

static LsAclPolicy *
deny_from_tag (const char *tag)
{
  LsAclPolicy *policy = ls_acl_policy_new ();
  LsAclRule *rule = ls_acl_rule_new ();

  policy->default_allow = TRUE;
  g_strfreev (rule->src->tags);
  rule->src->tags = g_strsplit (tag, ",", -1);
  g_ptr_array_add (policy->rules, rule);
  return policy;
}

static void
test_acl (Fixture *fixture, gconstpointer data)
{
  static const char *const guest[] = { "guest", NULL };
  LsDemoNode *a = join (fixture, "a");
  LsDemoNode *b = join (fixture, "b");

  ls_demo_store_update_node (fixture->store, b, NULL, guest, NULL);
  ls_demo_store_set_acl (fixture->store, fixture->network, deny_from_tag ("guest"));
  assert_peers (fixture, a, "b");
  assert_peers (fixture, b, "");
  ls_demo_store_set_acl (fixture->store, fixture->network, deny_from_tag ("Guest"));
  assert_peers (fixture, b, "a");
}

static void
test_random_order (Fixture *fixture, gconstpointer data)
{
  LsDemoNode *node = join (fixture, "a");
  gboolean differs = FALSE;

  for (char name = 'b'; name < 'r'; name++)
    join (fixture, (char[]){ name, '\0' });
  for (guint i = 0; i < 20 && !differs; i++)
    {
      g_autoptr (LsNetmap) one = ls_demo_store_build_netmap (fixture->store, node);
      g_autoptr (LsNetmap) other = ls_demo_store_build_netmap (fixture->store, node);

      g_assert_cmpuint (one->peers->len, ==, 16);
      for (guint j = 0; j < 16; j++)
        differs |= !g_str_equal (((LsNode *)one->peers->pdata[j])->id,
                                 ((LsNode *)other->peers->pdata[j])->id);
    }
  g_assert_true (differs);
}

/* The text is what the codec makes of the value, also after a peer changed. */
static void
test_netmap_text (Fixture *fixture, gconstpointer data)
{
  static const char *const endpoints[] = { "192.0.2.1:1", NULL };
  g_autoptr (GPtrArray) routes = g_ptr_array_new ();
  LsDemoNode *a = join (fixture, "\"peers\":[]");
  LsDemoNode *b = join (fixture, "b");

  for (guint i = 0; i < 5; i++)
    {
      g_autoptr (LsNetmap) netmap = NULL;
      g_autoptr (JsonNode) json = NULL;
      g_autofree char *expected = NULL;
      g_autofree char *text = NULL;

      if (i == 1)
        ls_demo_store_heartbeat (fixture->store, b, NULL, endpoints, routes, TRUE);
      else if (i == 2)
        ls_demo_store_update_node (fixture->store, b, "renamed", endpoints, NULL);
      else if (i == 3)
        ls_demo_store_rotate_keys (fixture->store, b, "machine-2", "wg-2", NULL);
      else if (i == 4)
        ls_demo_store_revoke_node (fixture->store, b);
      netmap = ls_demo_store_build_netmap (fixture->store, a);
      json = ls_control_codec_encode_netmap (netmap);
      expected = json_to_string (json, FALSE);
      text = ls_demo_store_build_netmap_text (fixture->store, a);
      g_assert_cmpstr (text, ==, expected);
    }
}

static void
test_delete (Fixture *fixture, gconstpointer data)
{
  LsDemoNode *a = join (fixture, "a");
  g_autofree char *id = g_strdup (info (fixture, a)->id);
  g_autoptr (GError) error = NULL;

  g_assert_false (ls_demo_store_delete_network (fixture->store, fixture->network_id, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_CONTROL_CONFLICT);
  g_clear_error (&error);
  ls_demo_store_delete_node (fixture->store, a);
  g_assert_null (ls_demo_store_get_node (fixture->store, id, &error));
  assert_fails (error, LS_ERROR_CONTROL_NOT_FOUND, "node");
  g_assert_true (ls_demo_store_delete_network (fixture->store, fixture->network_id, &error));
  g_assert_no_error (error);
}

static void
test_overlap (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *v4;
    const char *v6;
    int code;
  } cases[] = {
    { "100.99.12.128/25", "fd00::/48", LS_ERROR_CONTROL_CONFLICT },
    { "100.0.0.0/8", NULL, LS_ERROR_CONTROL_CONFLICT },
    { "100.99.13.0/24", "fd3a:91c4:7e02:1::/64", LS_ERROR_CONTROL_CONFLICT },
    { "100.99.13.1/24", NULL, LS_ERROR_CONTROL_INVALID },
    { "100.99.13.0/31", NULL, LS_ERROR_CONTROL_INVALID },
    { "fd00::/48", NULL, LS_ERROR_CONTROL_INVALID },
    { NULL, "10.0.0.0/8", LS_ERROR_CONTROL_INVALID },
    { "x", NULL, LS_ERROR_CONTROL_INVALID },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      LsNetworkDraft draft = { .name = "n", .overlay_v4 = cases[i].v4, .overlay_v6 = cases[i].v6 };
      const LsEnrollmentToken *token;
      g_autoptr (GError) error = NULL;

      g_test_message ("case %u", i);
      g_assert_null (ls_demo_store_create_network (fixture->store, &draft, &token, &error));
      g_assert_error (error, LS_ERROR, cases[i].code);
    }
}

static void
test_exhausted (Fixture *fixture, gconstpointer data)
{
  LsNetworkDraft draft = { .name = "small",
                           .overlay_v4 = "192.0.2.0/30",
                           .overlay_v6 = "fd00::/126",
                           .bootstrap_token_ttl = 60,
                           .bootstrap_token_uses = 9 };
  const LsEnrollmentToken *created;
  g_autofree char *token = NULL;
  g_autoptr (GError) error = NULL;
  LsDemoNode *a;

  g_assert_nonnull (ls_demo_store_create_network (fixture->store, &draft, &created, NULL));
  g_assert_cmpuint (created->uses_left, ==, 9);
  token = g_strdup (created->token);
  a = try_join (fixture, token, "a", NULL);
  g_assert_cmpstr (info (fixture, a)->ipv4, ==, "192.0.2.1");
  g_assert_nonnull (try_join (fixture, token, "b", NULL));
  g_assert_null (try_join (fixture, token, "c", &error));
  assert_fails (error, LS_ERROR_CONTROL_CONFLICT, "ipv4 address space exhausted");

  /* The address of a deleted node is given away again. */
  ls_demo_store_delete_node (fixture->store, a);
  a = try_join (fixture, token, "c", NULL);
  g_assert_cmpstr (info (fixture, a)->ipv4, ==, "192.0.2.1");
}

static void
test_audit (Fixture *fixture, gconstpointer data)
{
  LsDemoNode *a = join (fixture, "a");
  const char *id = info (fixture, a)->id;
  g_autoptr (GPtrArray) all = NULL;
  g_autoptr (GPtrArray) own = NULL;
  g_autoptr (GPtrArray) last = NULL;
  LsAuditEntry *entry;

  ls_demo_store_revoke_node (fixture->store, a);
  all = ls_demo_store_list_audit (fixture->store, fixture->network_id, NULL, 100);
  own = ls_demo_store_list_audit (fixture->store, NULL, id, 100);
  last = ls_demo_store_list_audit (fixture->store, NULL, NULL, 1);
  g_assert_cmpuint (all->len, ==, 4);
  entry = g_ptr_array_index (all, 0);
  g_assert_cmpstr (entry->action, ==, "network.create");
  g_assert_cmpuint (own->len, ==, 2);
  entry = g_ptr_array_index (own, 0);
  g_assert_cmpstr (entry->action, ==, "node.register");
  g_assert_cmpuint (last->len, ==, 1);
  entry = g_ptr_array_index (last, 0);
  g_assert_cmpstr (entry->action, ==, "keys.revoke");
  g_assert_cmpstr (entry->detail, ==, "{\"revoked_at\":1790000000}");
}

#define ADD(name, function, approval)                                                              \
  g_test_add ("/demo-store/" name, Fixture, approval, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("register", test_register, NULL);
  ADD ("tokens", test_tokens, NULL);
  ADD ("token-list", test_token_list, NULL);
  ADD ("link", test_link, NULL);
  ADD ("link-expires", test_link_expires, NULL);
  ADD ("pending", test_pending, "yes");
  ADD ("revoke", test_revoke, NULL);
  ADD ("rotate", test_rotate, NULL);
  ADD ("key-policy", test_key_policy, NULL);
  ADD ("update", test_update, NULL);
  ADD ("heartbeat", test_heartbeat, NULL);
  ADD ("probe", test_probe, NULL);
  ADD ("acl", test_acl, NULL);
  ADD ("random-order", test_random_order, NULL);
  ADD ("netmap-text", test_netmap_text, NULL);
  ADD ("delete", test_delete, NULL);
  ADD ("overlap", test_overlap, NULL);
  ADD ("exhausted", test_exhausted, NULL);
  ADD ("audit", test_audit, NULL);
  return g_test_run ();
}
