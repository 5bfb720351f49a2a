/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ls-demo-acl.h"
#include "ls-demo-address.h"
#include "ls-demo-call.h"
#include "ls-demo-listen.h"
#include "ls-demo-route.h"
#include "ls-demo-secret.h"
#include "ls-error.h"

#include <string.h>

static LsPrefix
prefix (const char *text)
{
  LsPrefix result;

  g_assert_true (ls_prefix_parse (text, &result, NULL));
  return result;
}

static void
test_offsets (void)
{
  static const struct
  {
    const char *overlay;
    guint64 first, last;
  } cases[] = {
    { "100.64.0.0/24", 10, 254 },     { "100.64.0.0/10", 10, (1 << 22) - 2 },
    { "100.64.0.0/28", 10, 14 },      { "100.64.0.0/29", 1, 6 },
    { "100.64.0.0/30", 1, 2 },        { "100.64.0.0/31", 0, 0 },
    { "100.64.0.1/32", 0, 0 },        { "0.0.0.0/0", 10, G_MAXUINT32 - 1 },
    { "fd00::/128", 0, 0 },           { "fd00::/126", 1, 3 },
    { "fd00::/48", 10, G_MAXUINT32 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      LsPrefix overlay = prefix (cases[i].overlay);

      g_test_message ("%s", cases[i].overlay);
      g_assert_cmpuint (ls_demo_address_first_offset (&overlay), ==, cases[i].first);
      g_assert_cmpuint (ls_demo_address_last_offset (&overlay), ==, cases[i].last);
    }
}

static void
assert_at (const char *overlay_text, guint64 offset, const char *expected)
{
  LsPrefix overlay = prefix (overlay_text);
  LsAddress address;
  g_autofree char *text = NULL;

  ls_demo_address_at (&overlay, offset, &address);
  text = ls_address_to_text (&address);
  g_assert_cmpstr (text, ==, expected);
}

static void
test_at (void)
{
  assert_at ("100.64.0.0/24", 10, "100.64.0.10");
  assert_at ("100.64.0.0/10", 300, "100.64.1.44");
  assert_at ("100.64.0.128/25", 1, "100.64.0.129");
  assert_at ("fd00:1:2::/48", 10, "fd00:1:2::a");
  assert_at ("fd00:1:2::/48", 0x12345, "fd00:1:2::1:2345");
  assert_at ("fd00::ff00/120", 0xff, "fd00::ffff");
}

static void
test_allocate (void)
{
  LsPrefix overlay = prefix ("192.0.2.0/29");
  g_autoptr (GHashTable) used = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  guint64 cursor = 5;
  char *text = NULL;

  for (guint i = 0; i < 6; i++)
    {
      g_assert_true (ls_demo_address_allocate (&overlay, cursor, used, &text, &cursor));
      g_assert_true (g_hash_table_add (used, text));
    }
  g_assert_false (ls_demo_address_allocate (&overlay, cursor, used, &text, &cursor));
  g_hash_table_remove (used, "192.0.2.3");
  g_assert_true (ls_demo_address_allocate (&overlay, cursor, used, &text, &cursor));
  g_assert_cmpstr (text, ==, "192.0.2.3");
  g_free (text);
}

static void
test_random_overlay (void)
{
  LsPrefix cgnat = prefix ("100.64.0.0/10");
  LsPrefix local = prefix ("fd00::/8");
  LsPrefix overlay;

  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *v4 = NULL;
      g_autofree char *v6 = NULL;

      ls_demo_address_random_overlay_v4 (&overlay);
      g_assert_true (ls_prefix_contains_prefix (&cgnat, &overlay));
      v4 = ls_prefix_to_text (&overlay);
      g_assert_true (ls_prefix_parse (v4, &overlay, NULL));
      ls_demo_address_random_overlay_v6 (&overlay);
      g_assert_true (ls_prefix_contains_prefix (&local, &overlay));
      v6 = ls_prefix_to_text (&overlay);
      g_assert_true (ls_prefix_parse (v6, &overlay, NULL));
    }
}

static void
test_secret (void)
{
  g_autofree char *secret = ls_demo_secret_new ();
  g_autofree char *other = ls_demo_secret_new ();
  g_autofree char *hash = ls_demo_secret_hash (secret);

  g_assert_cmpuint (strlen (secret), ==, 43);
  g_assert_cmpstr (secret, !=, other);
  g_assert_null (strstr (hash, secret));
  g_assert_true (ls_demo_secret_matches (hash, secret));
  g_assert_false (ls_demo_secret_matches (hash, other));
  g_assert_false (ls_demo_secret_matches (hash, ""));
  g_assert_false (ls_demo_secret_matches (hash, NULL));
  g_assert_false (ls_demo_secret_matches (NULL, secret));
  g_assert_false (ls_demo_secret_matches ("", secret));
}

static LsAclRule *
add_rule (LsAclPolicy *policy, gboolean allow)
{
  LsAclRule *rule = ls_acl_rule_new ();

  rule->allow = allow;
  g_ptr_array_add (policy->rules, rule);
  return rule;
}

static void
set_list (GStrv *list, const char *text)
{
  g_strfreev (*list);
  *list = g_strsplit (text, ",", -1);
}

static void
test_acl (void)
{
  g_autoptr (LsAclPolicy) policy = ls_acl_policy_new ();
  g_autoptr (LsNode) a = ls_node_new ();
  g_autoptr (LsNode) b = ls_node_new ();
  LsAclRule *rule;

  a->id = g_strdup ("id-a");
  a->name = g_strdup ("a");
  b->id = g_strdup ("id-b");
  b->name = g_strdup ("b");
  set_list (&b->tags, "dev,lab");
  g_assert_false (ls_demo_acl_allows (policy, a, b));

  /* The first that matches wins; tags, ids and names are alternatives. */
  rule = add_rule (policy, TRUE);
  set_list (&rule->src->node_ids, "id-x,id-a");
  set_list (&rule->dst->tags, "lab");
  rule = add_rule (policy, FALSE);
  g_assert_true (ls_demo_acl_allows (policy, a, b));
  g_assert_false (ls_demo_acl_allows (policy, b, a));
  policy->default_allow = TRUE;
  g_assert_false (ls_demo_acl_allows (policy, b, a));
  set_list (&rule->dst->names, "A");
  g_assert_true (ls_demo_acl_allows (policy, b, a));
  set_list (&rule->dst->names, "A,a");
  g_assert_false (ls_demo_acl_allows (policy, b, a));
  set_list (&rule->src->tags, "nobody");
  g_assert_true (ls_demo_acl_allows (policy, b, a));
  rule->src->any = TRUE;
  g_assert_false (ls_demo_acl_allows (policy, b, a));
}

static void
assert_route (const char *method, const char *path, gboolean found, gboolean known,
              const char *first, const char *second)
{
  char *captures[LS_DEMO_CAPTURES_MAX];
  gboolean path_known;
  const LsDemoRoute *route = ls_demo_route_find (method, path, &path_known, captures);

  g_test_message ("%s %s", method, path);
  g_assert_cmpint (route != NULL, ==, found);
  if (!found)
    g_assert_cmpint (path_known, ==, known);
  g_assert_cmpstr (captures[0], ==, first);
  g_assert_cmpstr (captures[1], ==, second);
  for (guint i = 0; i < LS_DEMO_CAPTURES_MAX; i++)
    g_free (captures[i]);
}

static void
test_routes (void)
{
  assert_route ("GET", "/healthz", TRUE, FALSE, NULL, NULL);
  assert_route ("POST", "/healthz", FALSE, TRUE, NULL, NULL);
  assert_route ("GET", "/v1/netmap/x%2Fy%20z", TRUE, FALSE, "x/y z", NULL);
  assert_route ("GET", "/v1/register/approve/a/b", TRUE, FALSE, "a", "b");
  assert_route ("GET", "/v1/register/approve/a", FALSE, FALSE, NULL, NULL);
  assert_route ("GET", "/v1/register/approve/a/b/", FALSE, FALSE, NULL, NULL);
  assert_route ("GET", "/v1/netmap/", FALSE, FALSE, NULL, NULL);
  assert_route ("GET", "/v1/netmap/%00", FALSE, FALSE, NULL, NULL);
  assert_route ("GET", "/v1/netmap/%ff", FALSE, FALSE, NULL, NULL);
  assert_route ("PUT", "/v1/networks/n", FALSE, TRUE, NULL, NULL);
  assert_route ("DELETE", "/v1/networks/n", TRUE, FALSE, "n", NULL);
  assert_route ("GET", "", FALSE, FALSE, NULL, NULL);
  assert_route ("GET", "//v1/netmap/x", FALSE, FALSE, NULL, NULL);
}

/* Every call that there is at @path asks for the administrator's token, or none does. */
static void
assert_admin (const char *path, gboolean admin)
{
  static const char *const methods[] = { "GET", "POST", "PUT", "DELETE" };
  guint n_found = 0;

  for (guint i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      char *captures[LS_DEMO_CAPTURES_MAX];
      gboolean known;
      const LsDemoRoute *route = ls_demo_route_find (methods[i], path, &known, captures);

      for (guint j = 0; j < LS_DEMO_CAPTURES_MAX; j++)
        g_free (captures[j]);
      if (route == NULL)
        continue;
      g_test_message ("%s %s", methods[i], path);
      g_assert_cmpint (route->auth == LS_DEMO_AUTH_ADMIN, ==, admin);
      n_found++;
    }
  g_assert_cmpuint (n_found, >, 0);
}

/* SECURITY: whoever adds a call decides here who may make it. */
static void
test_admin_routes (void)
{
  static const char *const everybody[]
      = { "/healthz",     "/v1/register",          "/v1/register-url",        "/v1/heartbeat",
          "/v1/netmap/n", "/v1/netmap/n/longpoll", "/v1/nodes/n/rotate-keys", "/v1/nodes/n/keys" };
  static const char *const administrators[] = { "/v1/nodes/n/revoke",
                                                "/v1/nodes/n",
                                                "/v1/admin/networks/n/nodes",
                                                "/v1/admin/nodes/n/approve",
                                                "/v1/admin/nodes/n",
                                                "/v1/networks",
                                                "/v1/networks/n",
                                                "/v1/networks/n/tokens",
                                                "/v1/tokens/t/revoke",
                                                "/v1/networks/n/acl",
                                                "/v1/networks/n/key-policy",
                                                "/v1/audit",
                                                "/v1/admin/topology" };

  for (guint i = 0; i < G_N_ELEMENTS (everybody); i++)
    assert_admin (everybody[i], FALSE);
  for (guint i = 0; i < G_N_ELEMENTS (administrators); i++)
    assert_admin (administrators[i], TRUE);
}

static void
assert_observed (const char *source, guint16 port, const char *expected)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (source, 40000);
  g_autofree char *observed = ls_demo_observed_endpoint (address, port);

  g_assert_cmpstr (observed, ==, expected);
}

static void
test_observed (void)
{
  assert_observed ("203.0.113.5", 51820, "203.0.113.5:51820");
  assert_observed ("2001:db8::1", 51820, "[2001:db8::1]:51820");
  assert_observed ("::ffff:203.0.113.5", 51820, "203.0.113.5:51820");
  assert_observed ("203.0.113.5", 0, NULL);
  assert_observed ("127.0.0.1", 51820, NULL);
  assert_observed ("::1", 51820, NULL);
  assert_observed ("::ffff:127.0.0.1", 51820, NULL);
}

static void
test_listen (void)
{
  static const char *const good[]
      = { "127.0.0.1:0", "0.0.0.0:8080", "[::]:8080", "[fd00::1]:65535", "localhost:1", NULL };
  static const char *const bad[]
      = { "",        "8080",  ":8080",   "127.0.0.1",       "127.0.0.1:", "::1:8080", "127.0.0.1:x",
          "[::1:80", "[]:80", "host:80", "127.0.0.1:65536", NULL };

  for (guint i = 0; good[i] != NULL; i++)
    {
      g_autoptr (GSocketAddress) address = ls_demo_listen_parse (good[i], NULL);

      g_test_message ("%s", good[i]);
      g_assert_nonnull (address);
    }
  for (guint i = 0; bad[i] != NULL; i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", bad[i]);
      g_assert_null (ls_demo_listen_parse (bad[i], &error));
      g_assert_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/demo/address/offsets", test_offsets);
  g_test_add_func ("/demo/address/at", test_at);
  g_test_add_func ("/demo/address/allocate", test_allocate);
  g_test_add_func ("/demo/address/random-overlay", test_random_overlay);
  g_test_add_func ("/demo/secret", test_secret);
  g_test_add_func ("/demo/acl", test_acl);
  g_test_add_func ("/demo/routes", test_routes);
  g_test_add_func ("/demo/admin-routes", test_admin_routes);
  g_test_add_func ("/demo/observed", test_observed);
  g_test_add_func ("/demo/listen", test_listen);
  return g_test_run ();
}
