/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ls-control-types.h"

static LsNode *
example_node (void)
{
  static const char *const endpoints[] = { "192.0.2.1:51820", "[2001:db8::1]:51820", NULL };
  static const char *const tags[] = { "exit", "eu", NULL };
  LsNode *node = ls_node_new ();

  node->id = g_strdup ("n1");
  node->name = g_strdup ("nas");
  node->dns_name = g_strdup ("nas.lab.lightscale");
  node->ipv4 = g_strdup ("100.64.0.2");
  node->ipv6 = g_strdup ("fd00::2");
  node->wg_public_key = g_strdup ("wg");
  node->machine_public_key = g_strdup ("machine");
  node->owner_user_id = g_strdup ("u-1");
  node->owner_email = g_strdup ("ada@example.com");
  g_strfreev (node->endpoints);
  node->endpoints = g_strdupv ((GStrv)endpoints);
  g_strfreev (node->tags);
  node->tags = g_strdupv ((GStrv)tags);
  g_ptr_array_add (node->routes, ls_route_new ("0.0.0.0/0", TRUE, TRUE, NULL));
  g_ptr_array_add (node->routes, ls_route_new ("10.1.0.0/24", FALSE, TRUE, "10.2.0.0/24"));
  node->last_seen = 1000;
  node->approved = TRUE;
  return node;
}

static void
test_copy (void)
{
  g_autoptr (LsNode) node = example_node ();
  g_autoptr (LsNode) copy = ls_node_copy (node);

  g_assert_true (ls_node_equal_material (node, copy));
  g_assert_true (copy->name != node->name);
  g_assert_true (g_ptr_array_index (copy->routes, 0) != g_ptr_array_index (node->routes, 0));
  g_assert_cmpint (copy->last_seen, ==, 1000);

  g_clear_pointer (&node, ls_node_free);
  g_assert_cmpstr (copy->owner_email, ==, "ada@example.com");
  g_assert_cmpuint (copy->routes->len, ==, 2);
}

static void
test_copy_network (void)
{
  g_autoptr (LsNetwork) network = ls_network_new ();
  g_autoptr (LsNetwork) copy = NULL;

  network->id = g_strdup ("net");
  network->key_rotation_max_age = 5;
  network->requires_approval = TRUE;
  copy = ls_network_copy (network);
  g_assert_cmpstr (copy->id, ==, "net");
  g_assert_true (copy->id != network->id);
  g_assert_null (copy->name);
  g_assert_cmpuint (copy->key_rotation_max_age, ==, 5);
  g_assert_true (copy->requires_approval);
}

static void
swap_strings (GStrv strings)
{
  char *first = strings[0];

  strings[0] = strings[1];
  strings[1] = first;
}

static void
test_immaterial (void)
{
  g_autoptr (LsNode) a = example_node ();
  g_autoptr (LsNode) b = example_node ();
  gpointer route = g_ptr_array_steal_index (b->routes, 0);

  b->last_seen = 2000;
  swap_strings (b->endpoints);
  swap_strings (b->tags);
  g_ptr_array_add (b->routes, route);
  g_assert_true (ls_node_equal_material (a, b));
  g_assert_true (ls_node_equal_material (b, a));
}

static void
replace (char **string, const char *value)
{
  g_free (*string);
  *string = g_strdup (value);
}

typedef void (*Change) (LsNode *node);

static void
change_name (LsNode *node)
{
  replace (&node->name, "other");
}

static void
change_key (LsNode *node)
{
  replace (&node->wg_public_key, "other");
}

static void
change_address (LsNode *node)
{
  replace (&node->ipv6, NULL);
}

static void
change_endpoint (LsNode *node)
{
  replace (&node->endpoints[1], "192.0.2.2:51820");
}

static void
change_endpoint_count (LsNode *node)
{
  g_clear_pointer (&node->endpoints[1], g_free);
}

static void
change_tag_twice (LsNode *node)
{
  replace (&node->tags[1], node->tags[0]);
}

static void
change_route_enabled (LsNode *node)
{
  LsRoute *route = g_ptr_array_index (node->routes, 1);

  route->enabled = FALSE;
}

static void
change_route_mapped (LsNode *node)
{
  LsRoute *route = g_ptr_array_index (node->routes, 1);

  replace (&route->mapped_prefix, NULL);
}

static void
change_route_count (LsNode *node)
{
  g_ptr_array_set_size (node->routes, 1);
}

static void
change_approved (LsNode *node)
{
  node->approved = FALSE;
}

static void
change_revoked (LsNode *node)
{
  node->revoked = TRUE;
}

static void
change_rotation (LsNode *node)
{
  node->key_rotation_required = TRUE;
}

static void
test_material (void)
{
  static const Change changes[]
      = { change_name,           change_key,       change_address,       change_endpoint,
          change_endpoint_count, change_tag_twice, change_route_enabled, change_route_mapped,
          change_route_count,    change_approved,  change_revoked,       change_rotation };

  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      g_autoptr (LsNode) a = example_node ();
      g_autoptr (LsNode) b = example_node ();

      changes[i](b);
      g_test_message ("change %u", i);
      g_assert_false (ls_node_equal_material (a, b));
      g_assert_false (ls_node_equal_material (b, a));
    }
}

static void
test_find_peer (void)
{
  g_autoptr (LsNetmap) netmap = ls_netmap_new ();
  g_autoptr (LsNetmap) again = NULL;

  g_assert_null (ls_netmap_find_peer (netmap, "n1"));
  for (int i = 0; i < 5; i++)
    {
      LsNode *peer = ls_node_new ();

      peer->id = g_strdup_printf ("n%d", 2 * i);
      g_ptr_array_add (netmap->peers, peer);
    }
  again = ls_netmap_ref (netmap);
  for (int i = 0; i < 10; i++)
    {
      g_autofree char *id = g_strdup_printf ("n%d", i);
      const LsNode *peer = ls_netmap_find_peer (again, id);

      if (i % 2 == 0)
        g_assert_cmpstr (peer->id, ==, id);
      else
        g_assert_null (peer);
    }
}

static void
test_free_null (void)
{
  ls_route_free (NULL);
  ls_network_free (NULL);
  ls_node_free (NULL);
  ls_relay_info_free (NULL);
  ls_probe_request_free (NULL);
  ls_netmap_unref (NULL);
  ls_enrollment_token_free (NULL);
  ls_key_record_free (NULL);
  ls_acl_selector_free (NULL);
  ls_acl_rule_free (NULL);
  ls_acl_policy_free (NULL);
  ls_audit_entry_free (NULL);
  ls_topology_free (NULL);
  ls_pending_registration_free (NULL);
  ls_registration_free (NULL);
  ls_approval_free (NULL);
  ls_rotated_keys_free (NULL);
  ls_created_network_free (NULL);
  ls_control_secret_free (NULL);
}

static void
test_constructors (void)
{
  g_autoptr (LsRelayInfo) relay = ls_relay_info_new ();
  g_autoptr (LsAclPolicy) policy = ls_acl_policy_new ();
  LsAclRule *rule = ls_acl_rule_new ();

  g_ptr_array_add (policy->rules, rule);
  g_assert_null (relay->stun_servers[0]);
  g_assert_null (relay->dns_servers[0]);
  g_assert_null (rule->src->tags[0]);
  g_assert_null (rule->dst->names[0]);
  g_assert_false (policy->default_allow);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/control-types/copy", test_copy);
  g_test_add_func ("/control-types/copy-network", test_copy_network);
  g_test_add_func ("/control-types/immaterial", test_immaterial);
  g_test_add_func ("/control-types/material", test_material);
  g_test_add_func ("/control-types/find-peer", test_find_peer);
  g_test_add_func ("/control-types/free-null", test_free_null);
  g_test_add_func ("/control-types/constructors", test_constructors);
  return g_test_run ();
}
