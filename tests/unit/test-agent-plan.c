/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <string.h>

#include "ls-agent-endpoints.h"
#include "ls-agent-plan.h"
#include "ls-agent-route-check.h"
#include "ls-error.h"

/* Netmaps that a hostile server, or a hostile device through an honest server, may send: the rows
 * CP-01 to CP-12 of the threat catalogue, and what they become. */

typedef struct
{
  LsNetmap *netmap;
  LsKey private_key;
  LsAgentPrefixSet *keep_out;
  LsAgentPrefixSet *own;
  GError *error;
} Case;

static void
add_prefix (LsAgentPrefixSet *set, const char *text, const char *label)
{
  LsPrefix prefix;

  g_assert_true (ls_prefix_parse_interface (text, &prefix, NULL));
  ls_agent_prefix_set_add (set, &prefix, label);
}

static void
set_text (char **field, const char *text)
{
  g_free (*field);
  *field = g_strdup (text);
}

static void
case_set_up (Case *self, gconstpointer data)
{
  LsKey public_key;

  ls_key_generate_wireguard (&self->private_key, &public_key);
  self->netmap = ls_netmap_new ();
  if (self->netmap->network == NULL)
    self->netmap->network = ls_network_new ();
  if (self->netmap->node == NULL)
    self->netmap->node = ls_node_new ();
  set_text (&self->netmap->network->overlay_v4, "100.64.7.0/24");
  set_text (&self->netmap->network->overlay_v6, "fd00:7::/48");
  set_text (&self->netmap->node->id, "me");
  set_text (&self->netmap->node->ipv4, "100.64.7.1");
  set_text (&self->netmap->node->ipv6, "fd00:7::1");
  self->keep_out = ls_agent_prefix_set_new ();
  self->own = ls_agent_prefix_set_new ();
  add_prefix (self->keep_out, "192.168.1.0/24", "your network 192.168.1.0/24");
  add_prefix (self->keep_out, "192.168.1.1/32", "your gateway 192.168.1.1");
  add_prefix (self->keep_out, "203.0.113.9/32", "the control server's address");
  add_prefix (self->keep_out, "fe80::/64", "your network fe80::/64");
  add_prefix (self->own, "192.168.1.50/32", "");
}

static void
case_tear_down (Case *self, gconstpointer data)
{
  ls_netmap_unref (self->netmap);
  ls_agent_prefix_set_free (self->keep_out);
  ls_agent_prefix_set_free (self->own);
  g_clear_error (&self->error);
}

/* A peer with good values: number 2 to 254. */
static LsNode *
add_peer (Case *self, guint number)
{
  LsNode *peer = ls_node_new ();
  LsKey private_key;
  LsKey public_key;

  memset (&private_key, number, sizeof private_key);
  ls_key_wireguard_public (&private_key, &public_key);
  g_free (peer->id);
  peer->id = g_strdup_printf ("node-%03u", number);
  g_free (peer->name);
  peer->name = g_strdup_printf ("peer%u", number);
  g_free (peer->ipv4);
  peer->ipv4 = g_strdup_printf ("100.64.7.%u", number);
  g_free (peer->ipv6);
  peer->ipv6 = g_strdup_printf ("fd00:7::%u", number);
  g_free (peer->wg_public_key);
  peer->wg_public_key = ls_key_to_text (&public_key);
  g_ptr_array_add (self->netmap->peers, peer);
  return peer;
}

static void
set_endpoints (LsNode *peer, const char *texts)
{
  g_strfreev (peer->endpoints);
  peer->endpoints = g_strsplit (texts, "|", -1);
}

static LsNode *
add_router (Case *self, guint number, const char *prefix)
{
  LsNode *peer = add_peer (self, number);

  g_ptr_array_add (peer->routes, ls_route_new (prefix, FALSE, TRUE, NULL));
  return peer;
}

static LsAgentPlan *
plan (Case *self)
{
  LsAgentPlanInput input = {
    .netmap = self->netmap,
    .private_key = &self->private_key,
    .listen_port = 51820,
    .backend = LS_BACKEND_AUTO,
    .keep_out = self->keep_out,
    .own_addresses = self->own,
  };
  LsAgentPlan *made = ls_agent_plan_new (&input, &self->error);

  if (made != NULL)
    {
      /* Whatever came in, the helper takes what comes out. */
      g_autoptr (GVariant) variant = g_variant_ref_sink (ls_tunnel_to_variant (made->tunnel));
      g_autoptr (LsTunnel) parsed = ls_tunnel_from_variant (variant, &self->error);

      g_assert_no_error (self->error);
      g_assert_true (ls_tunnel_equal (parsed, made->tunnel));
    }
  return made;
}

static gboolean
has_route (const LsAgentPlan *made, const char *text)
{
  LsPrefix prefix;

  g_assert_true (ls_prefix_parse (text, &prefix, NULL));
  for (guint i = 0; i < made->tunnel->routes->len; i++)
    if (ls_prefix_equal (&g_array_index (made->tunnel->routes, LsPrefix, i), &prefix))
      return TRUE;
  return FALSE;
}

static void
assert_left_out (const LsAgentPlan *made, const char *subject, const char *reason)
{
  for (guint i = 0; i < made->left_out->len; i++)
    {
      const LsAgentLeftOut *item = g_ptr_array_index (made->left_out, i);

      g_test_message ("left out: %s: %s", item->subject, item->reason);
      if (strstr (item->subject, subject) != NULL && strstr (item->reason, reason) != NULL)
        return;
    }
  g_test_message ("not left out: %s (%s)", subject, reason);
  g_test_fail ();
}

static void
test_plain (Case *self, gconstpointer data)
{
  LsNode *peer = add_peer (self, 2);
  g_autoptr (LsAgentPlan) made = NULL;
  const LsAgentPlanPeer *item;

  set_endpoints (peer, "198.51.100.2:51820|[2001:db8::2]:51820");
  made = plan (self);
  g_assert_no_error (self->error);
  g_assert_cmpuint (made->left_out->len, ==, 0);
  g_assert_cmpuint (made->tunnel->addresses->len, ==, 2);
  g_assert_cmpuint (made->tunnel->routes->len, ==, 2);
  g_assert_true (has_route (made, "100.64.7.0/24"));
  g_assert_true (has_route (made, "fd00:7::/48"));
  g_assert_cmpuint (made->peers->len, ==, 1);
  item = g_ptr_array_index (made->peers, 0);
  g_assert_cmpuint (item->endpoints->len, ==, 2);
  g_assert_cmpuint (item->entry->allowed_ips->len, ==, 2);
  g_assert_true (item->entry->has_endpoint);
  g_assert_cmpuint (item->entry->keepalive, ==, 25);
}

/* CP-01, CP-02 */
static void
test_exit_routes (Case *self, gconstpointer data)
{
  LsNode *peer = add_peer (self, 2);
  g_autoptr (LsAgentPlan) made = NULL;

  g_ptr_array_add (peer->routes, ls_route_new ("0.0.0.0/0", TRUE, TRUE, NULL));
  g_ptr_array_add (peer->routes, ls_route_new ("::/0", TRUE, TRUE, NULL));
  g_ptr_array_add (peer->routes, ls_route_new ("0.0.0.0/0", FALSE, TRUE, NULL));
  g_ptr_array_add (peer->routes, ls_route_new ("0.0.0.0/1", FALSE, TRUE, NULL));
  g_ptr_array_add (peer->routes, ls_route_new ("128.0.0.0/1", FALSE, TRUE, NULL));
  g_ptr_array_add (peer->routes, ls_route_new ("64.0.0.0/2", FALSE, TRUE, NULL));
  g_ptr_array_add (peer->routes, ls_route_new ("::/1", FALSE, TRUE, NULL));
  g_ptr_array_add (peer->routes, ls_route_new ("8000::/1", FALSE, TRUE, NULL));
  g_ptr_array_add (peer->routes, ls_route_new ("2000::/3", FALSE, TRUE, NULL));
  made = plan (self);
  g_assert_cmpuint (made->tunnel->routes->len, ==, 2);
  g_assert_cmpuint (made->left_out->len, ==, 7);
  assert_left_out (made, "0.0.0.0/1 of peer2", "exit route");
}

/* CP-02: many narrow routes that together are nearly everything. */
static void
test_union (Case *self, gconstpointer data)
{
  g_autoptr (LsAgentPlan) made = NULL;
  LsNode *peer = add_peer (self, 2);

  for (guint i = 1; i < 224; i++)
    {
      g_autofree char *text = g_strdup_printf ("%u.0.0.0/8", i);

      g_ptr_array_add (peer->routes, ls_route_new (text, FALSE, TRUE, NULL));
    }
  made = plan (self);
  g_assert_cmpuint (made->tunnel->routes->len, <=, 2 + 16);
  assert_left_out (made, "of peer2", "too much of the internet");
}

/* CP-03, CP-04 */
static void
test_local_networks (Case *self, gconstpointer data)
{
  static const char *const bad[] = { "192.168.1.0/24", "192.168.1.128/25", "192.168.0.0/16",
                                     "192.168.1.1/32", "203.0.113.0/24",   "203.0.113.9/32" };
  g_autoptr (LsAgentPlan) made = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    add_router (self, 10 + i, bad[i]);
  add_router (self, 30, "10.9.0.0/16");
  made = plan (self);
  g_assert_cmpuint (made->tunnel->routes->len, ==, 3);
  g_assert_true (has_route (made, "10.9.0.0/16"));
  g_assert_cmpuint (made->left_out->len, ==, G_N_ELEMENTS (bad));
  assert_left_out (made, "192.168.1.0/24 of peer10", "conflicts with your network");
  assert_left_out (made, "203.0.113.9/32", "the control server's address");
}

/* CP-04: a router that can only be reached behind its own route. */
static void
test_cut_off (Case *self, gconstpointer data)
{
  g_autoptr (LsAgentPlan) made = NULL;
  const LsAgentPlanPeer *item;

  set_endpoints (add_router (self, 2, "198.51.100.0/24"), "198.51.100.7:51820");
  set_endpoints (add_router (self, 3, "10.3.0.0/16"), "10.3.0.1:51820|198.51.100.3:51820");
  made = plan (self);
  g_assert_false (has_route (made, "198.51.100.0/24"));
  assert_left_out (made, "198.51.100.0/24", "only be reached there");
  g_assert_true (has_route (made, "10.3.0.0/16"));
  item = g_ptr_array_index (made->peers, 1);
  g_assert_cmpuint (item->endpoints->len, ==, 1);
}

/* CP-05 */
static void
test_reserved (Case *self, gconstpointer data)
{
  static const char *const bad[] = { "127.0.0.0/8",
                                     "127.0.0.53/32",
                                     "0.0.0.0/8",
                                     "169.254.0.0/16",
                                     "169.254.169.254/32",
                                     "224.0.0.0/8",
                                     "239.1.0.0/16",
                                     "255.255.255.255/32",
                                     "::1/128",
                                     "fe80::/64",
                                     "ff02::/16",
                                     "100.64.7.0/25",
                                     "100.64.0.0/10",
                                     "fd00:7::/64",
                                     "240.0.0.0/8",
                                     "nonsense",
                                     "10.0.0.1/8",
                                     "10.0.0.0/33",
                                     "" };
  g_autoptr (LsAgentPlan) made = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    add_router (self, 10 + i, bad[i]);
  made = plan (self);
  g_assert_cmpuint (made->tunnel->routes->len, ==, 2);
  g_assert_cmpuint (made->left_out->len, ==, G_N_ELEMENTS (bad));
  g_assert_cmpuint (made->peers->len, ==, G_N_ELEMENTS (bad));
}

static void
test_mapped_prefix (Case *self, gconstpointer data)
{
  LsNode *peer = add_peer (self, 2);
  g_autoptr (LsAgentPlan) made = NULL;

  g_ptr_array_add (peer->routes, ls_route_new ("192.168.1.0/24", FALSE, TRUE, "10.77.1.0/24"));
  g_ptr_array_add (peer->routes, ls_route_new ("192.168.2.0/24", FALSE, TRUE, "10.0.0.0/8"));
  g_ptr_array_add (peer->routes, ls_route_new ("192.168.3.0/24", FALSE, TRUE, "fd00::/24"));
  g_ptr_array_add (peer->routes, ls_route_new ("192.168.4.0/24", FALSE, FALSE, NULL));
  made = plan (self);
  g_assert_cmpuint (made->tunnel->routes->len, ==, 3);
  g_assert_true (has_route (made, "10.77.1.0/24"));
  assert_left_out (made, "10.0.0.0/8", "another size");
  g_assert_cmpuint (made->left_out->len, ==, 2);
}

static void
test_same_subnet_twice (Case *self, gconstpointer data)
{
  g_autoptr (LsAgentPlan) made = NULL;

  add_router (self, 2, "10.1.0.0/16");
  add_router (self, 3, "10.1.0.0/16");
  add_router (self, 4, "10.1.2.0/24");
  add_router (self, 5, "10.0.0.0/8");
  made = plan (self);
  g_assert_cmpuint (made->tunnel->routes->len, ==, 3);
  assert_left_out (made, "10.1.0.0/16 of peer3", "Another device");
  assert_left_out (made, "10.1.2.0/24 of peer4", "Another device");
  assert_left_out (made, "10.0.0.0/8 of peer5", "Another device");
}

/* CP-06 */
static void
test_peer_addresses (Case *self, gconstpointer data)
{
  static const char *const bad[]
      = { "8.8.8.8",       "192.168.1.1", "100.64.8.2", "100.64.7.1",  "100.64.7.0", "100.64.7.255",
          "100.64.7.2/32", "fd00:7::77",  "100.64.7",   "0x64.64.7.2", " 100.64.7.2" };
  g_autoptr (LsAgentPlan) made = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    set_text (&add_peer (self, 10 + i)->ipv4, bad[i]);
  set_text (&add_peer (self, 40)->ipv6, "2001:db8::1");
  set_text (&add_peer (self, 41)->ipv6, "fd00:7::1");
  add_peer (self, 50);
  made = plan (self);
  g_assert_cmpuint (made->peers->len, ==, 1);
  g_assert_cmpuint (made->left_out->len, ==, G_N_ELEMENTS (bad) + 2);
  assert_left_out (made, "peer10", "not in this network");
  assert_left_out (made, "peer13", "this device's own");
}

/* CP-06: of two with one address neither is used. */
static void
test_same_address_twice (Case *self, gconstpointer data)
{
  g_autoptr (LsAgentPlan) made = NULL;

  set_text (&add_peer (self, 2)->ipv4, "100.64.7.9");
  set_text (&add_peer (self, 3)->ipv4, "100.64.7.9");
  add_peer (self, 4);
  made = plan (self);
  g_assert_cmpuint (made->peers->len, ==, 1);
  assert_left_out (made, "peer2", "Several devices");
  assert_left_out (made, "peer3", "Several devices");
}

/* CP-07, CP-08 */
static void
test_keys (Case *self, gconstpointer data)
{
  static const char *const bad[] = {
    "",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "7P///////////////////////////////////////38=",
    "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg",
    "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=\n",
    "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8D==",
    "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dh=",
    "not a key",
  };
  g_autoptr (LsAgentPlan) made = NULL;
  g_autofree char *own = NULL;
  LsNode *first;
  LsKey public_key;

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    set_text (&add_peer (self, 10 + i)->wg_public_key, bad[i]);
  ls_key_wireguard_public (&self->private_key, &public_key);
  own = ls_key_to_text (&public_key);
  set_text (&add_peer (self, 30)->wg_public_key, own);
  first = add_peer (self, 40);
  set_text (&add_peer (self, 41)->wg_public_key, first->wg_public_key);
  made = plan (self);
  g_assert_cmpuint (made->peers->len, ==, 1);
  g_assert_cmpuint (made->left_out->len, ==, G_N_ELEMENTS (bad) + 2);
  assert_left_out (made, "peer10", "not a valid key");
  assert_left_out (made, "peer30", "own");
  assert_left_out (made, "peer41", "same WireGuard key as “peer40”");
}

/* CP-09 to CP-12 */
static void
test_endpoints (Case *self, gconstpointer data)
{
  g_autoptr (LsAgentPlan) made = NULL;
  const LsAgentPlanPeer *item;
  LsNode *peer = add_peer (self, 2);
  LsNode *only_bad = add_peer (self, 3);

  set_endpoints (peer,
                 "198.51.100.1:0|198.51.100.1:65536|198.51.100.1|198.51.100.1:51820 "
                 "| 198.51.100.1:51820|0x0a.9.1.2:1|10.9.258:1|2001:db8::1:51820|127.0.0.1:5"
                 "|0.0.0.0:5|255.255.255.255:5|224.0.0.1:5|100.64.7.3:5|[fd00:7::3]:5"
                 "|[fe80::1%eth0]:51820|[fe80::1]:51820|169.254.1.1:5|example.com:51820"
                 "|[::1]:5|[ff02::1]:5|198.51.100.1:5\n|192.168.1.50:51820|198.51.100.77:4500");
  set_endpoints (only_bad, "example.com:1|127.0.0.1:1");
  made = plan (self);
  g_assert_cmpuint (made->peers->len, ==, 2);
  item = g_ptr_array_index (made->peers, 0);
  g_assert_cmpuint (item->endpoints->len, ==, 1);
  g_assert_cmpuint (item->entry->endpoint.port, ==, 4500);
  item = g_ptr_array_index (made->peers, 1);
  g_assert_false (item->entry->has_endpoint);
  g_assert_cmpuint (item->entry->keepalive, ==, 0);
  assert_left_out (made, "peer3", "has to call this device");
}

/* A peer in our own LAN, on the port of ours, is not us. */
static void
test_endpoint_in_lan (Case *self, gconstpointer data)
{
  g_autoptr (LsAgentPlan) made = NULL;

  set_endpoints (add_peer (self, 2), "192.168.1.51:51820|192.168.1.50:51821");
  made = plan (self);
  g_assert_cmpuint (((LsAgentPlanPeer *)g_ptr_array_index (made->peers, 0))->endpoints->len, ==, 2);
}

static void
test_endpoint_cap (Case *self, gconstpointer data)
{
  g_autoptr (LsAgentPlan) made = NULL;
  g_autoptr (GString) texts = g_string_new ("198.51.100.1:1");

  for (guint i = 2; i < 200; i++)
    g_string_append_printf (texts, "|198.51.100.1:%u|198.51.100.1:%u", i, i);
  set_endpoints (add_peer (self, 2), texts->str);
  made = plan (self);
  g_assert_cmpuint (((LsAgentPlanPeer *)g_ptr_array_index (made->peers, 0))->endpoints->len, ==,
                    LS_AGENT_PLAN_ENDPOINTS_MAX);
}

/* Own addresses that are none, or that are somebody else's. */
static void
test_own_family (Case *self, gconstpointer data)
{
  g_autoptr (LsAgentPlan) made = NULL;

  add_peer (self, 2);
  set_text (&self->netmap->network->overlay_v4, "0.0.0.0/0");
  made = plan (self);
  g_assert_no_error (self->error);
  g_assert_cmpuint (made->tunnel->addresses->len, ==, 1);
  g_assert_cmpuint (made->tunnel->routes->len, ==, 1);
  assert_left_out (made, "IPv4", "exit route");
}

static void
test_own_nothing (Case *self, gconstpointer data)
{
  set_text (&self->netmap->node->ipv4, "192.168.1.1");
  set_text (&self->netmap->node->ipv6, "");
  g_assert_null (plan (self));
  g_assert_error (self->error, LS_ERROR, LS_ERROR_CONTROL_PROTOCOL);
}

static void
test_own_in_lan (Case *self, gconstpointer data)
{
  set_text (&self->netmap->network->overlay_v4, "192.168.1.0/24");
  set_text (&self->netmap->node->ipv4, "192.168.1.77");
  set_text (&self->netmap->network->overlay_v6, "");
  set_text (&self->netmap->node->ipv6, "");
  g_assert_null (plan (self));
  g_assert_error (self->error, LS_ERROR, LS_ERROR_CONFLICT);
}

/* An overlay that covers a local network or the control plane is routed peer by peer. */
static void
test_overlay_over_lan (Case *self, gconstpointer data)
{
  g_autoptr (LsAgentPlan) made = NULL;

  set_text (&self->netmap->network->overlay_v4, "192.168.0.0/16");
  set_text (&self->netmap->node->ipv4, "192.168.7.1");
  set_text (&add_peer (self, 2)->ipv4, "192.168.7.2");
  set_text (&add_peer (self, 3)->ipv4, "192.168.1.1");
  made = plan (self);
  g_assert_no_error (self->error);
  g_assert_false (has_route (made, "192.168.0.0/16"));
  g_assert_true (has_route (made, "192.168.7.2/32"));
  g_assert_false (has_route (made, "192.168.1.1/32"));
  assert_left_out (made, "peer3", "conflicts with your");
}

/* Where each device needs a route of its own, those that cannot have one are left out: the helper
 * would refuse the whole tunnel. */
static void
test_more_devices_than_routes (Case *self, gconstpointer data)
{
  g_autoptr (LsAgentPlan) made = NULL;

  set_text (&self->netmap->network->overlay_v4, "100.64.0.0/16");
  add_prefix (self->keep_out, "100.64.255.0/24", "your network 100.64.255.0/24");
  for (guint i = 0; i < LS_TUNNEL_ROUTES_MAX + 3; i++)
    {
      LsNode *peer = add_peer (self, 2);
      guint distinct = i << 3; /* the three lowest bits do not count */
      LsKey private_key = { { 0 } };
      LsKey public_key;

      memcpy (private_key.bytes, &distinct, sizeof distinct);
      ls_key_wireguard_public (&private_key, &public_key);
      g_free (peer->wg_public_key);
      peer->wg_public_key = ls_key_to_text (&public_key);
      g_free (peer->ipv4);
      peer->ipv4 = g_strdup_printf ("100.64.%u.%u", 8 + i / 200, 1 + i % 200);
      set_text (&peer->ipv6, "");
    }
  made = plan (self);
  g_assert_no_error (self->error);
  g_assert_cmpuint (made->tunnel->routes->len, ==, LS_TUNNEL_ROUTES_MAX);
  g_assert_cmpuint (made->left_out->len, ==, 4);
  assert_left_out (made, "peer2", "needs a route");
}

static void
test_many_left_out (Case *self, gconstpointer data)
{
  g_autoptr (LsAgentPlan) made = NULL;
  LsNode *peer = add_peer (self, 2);

  for (guint i = 0; i < 1000; i++)
    g_ptr_array_add (peer->routes, ls_route_new ("127.0.0.0/8", FALSE, TRUE, NULL));
  made = plan (self);
  g_assert_cmpuint (made->left_out->len, ==, LS_AGENT_PLAN_LEFT_OUT_MAX);
  assert_left_out (made, "801 more", "too many");
}

static void
test_names_are_text (Case *self, gconstpointer data)
{
  g_autoptr (LsAgentPlan) made = NULL;
  LsNode *peer = add_peer (self, 2);

  set_text (&peer->name, "%s%n\x1b[2J\xe2\x80\xae");
  set_text (&peer->wg_public_key, "x");
  made = plan (self);
  g_assert_cmpuint (made->left_out->len, ==, 1);
  g_assert_null (strchr (((LsAgentLeftOut *)g_ptr_array_index (made->left_out, 0))->subject, 0x1b));
}

/* Endpoints in turn */

static LsPeerStatistics
statistics_of (const LsAgentPlan *made, const char *endpoint, gint64 handshake)
{
  const LsAgentPlanPeer *item = g_ptr_array_index (made->peers, 0);
  LsPeerStatistics peer = { .public_key = item->entry->public_key, .last_handshake = handshake };

  peer.has_endpoint = endpoint != NULL && ls_endpoint_parse (endpoint, &peer.endpoint, NULL);
  return peer;
}

static void
test_rotation (Case *self, gconstpointer data)
{
  g_autoptr (LsAgentEndpoints) endpoints = ls_agent_endpoints_new ();
  g_autoptr (GArray) statistics = g_array_new (FALSE, FALSE, sizeof (LsPeerStatistics));
  g_autoptr (LsAgentPlan) made = NULL;
  GArray *changes;
  LsPeerStatistics peer;

  set_endpoints (add_peer (self, 2), "198.51.100.1:1|198.51.100.2:2");
  made = plan (self);
  ls_agent_endpoints_apply_plan (endpoints, made, 1000);
  changes = ls_agent_endpoints_rotate (endpoints, 1000 + LS_AGENT_ROTATE_SECONDS - 1);
  g_assert_cmpuint (changes->len, ==, 0);
  g_array_unref (changes);
  changes = ls_agent_endpoints_rotate (endpoints, 1000 + LS_AGENT_ROTATE_SECONDS);
  g_assert_cmpuint (changes->len, ==, 1);
  g_assert_cmpuint (g_array_index (changes, LsAgentEndpointChange, 0).endpoint.port, ==, 2);
  g_array_unref (changes);
  changes = ls_agent_endpoints_rotate (endpoints, 1000 + 2 * LS_AGENT_ROTATE_SECONDS);
  g_assert_cmpuint (g_array_index (changes, LsAgentEndpointChange, 0).endpoint.port, ==, 1);
  g_array_unref (changes);
  /* The second round takes twice as long. */
  changes = ls_agent_endpoints_rotate (endpoints, 1000 + 3 * LS_AGENT_ROTATE_SECONDS);
  g_assert_cmpuint (changes->len, ==, 0);
  g_array_unref (changes);

  /* A handshake at an address that the peer called from: it is kept, whatever the netmap says. */
  peer = statistics_of (made, "203.0.113.200:9", 5000);
  g_array_append_val (statistics, peer);
  ls_agent_endpoints_observe (endpoints, statistics, 5000 + LS_AGENT_FRESH_SECONDS);
  g_assert_true (ls_agent_endpoints_is_fresh (endpoints, &peer.public_key));
  changes = ls_agent_endpoints_rotate (endpoints, 100000);
  g_assert_cmpuint (changes->len, ==, 0);
  g_array_unref (changes);
  set_endpoints (g_ptr_array_index (self->netmap->peers, 0), "198.51.100.3:3|198.51.100.4:4");
  g_clear_pointer (&made, ls_agent_plan_free);
  made = plan (self);
  ls_agent_endpoints_apply_plan (endpoints, made, 100001);
  g_assert_cmpuint (((LsAgentPlanPeer *)g_ptr_array_index (made->peers, 0))->entry->endpoint.port,
                    ==, 9);

  /* It has grown old: the others are tried again. */
  ls_agent_endpoints_observe (endpoints, statistics, 5000 + LS_AGENT_FRESH_SECONDS + 1);
  g_assert_false (ls_agent_endpoints_is_fresh (endpoints, &peer.public_key));
  changes = ls_agent_endpoints_rotate (endpoints, 200000);
  g_assert_cmpuint (changes->len, ==, 1);
  g_array_unref (changes);
}

static void
test_share (void)
{
  LsPrefix prefix;

  g_assert_true (ls_prefix_parse ("10.0.0.0/8", &prefix, NULL));
  g_assert_cmpfloat (ls_agent_route_share (&prefix), ==, LS_AGENT_ROUTE_SHARE_MAX / 16.0);
  g_assert_true (ls_prefix_parse ("fd00::/48", &prefix, NULL));
  g_assert_cmpfloat (ls_agent_route_share (&prefix), <, 1);
  g_assert_true (ls_prefix_parse ("::/0", &prefix, NULL));
  g_assert_cmpfloat (ls_agent_route_share (&prefix), >, LS_AGENT_ROUTE_SHARE_MAX);
}

static void
test_prefix_set (void)
{
  g_autoptr (LsAgentPrefixSet) set = ls_agent_prefix_set_new ();
  LsPrefix prefix;
  LsAddress address;

  add_prefix (set, "10.1.2.3/16", "a");
  add_prefix (set, "fd00::/8", "b");
  g_assert_true (ls_address_parse ("10.1.255.255", &address, NULL));
  g_assert_cmpstr (ls_agent_prefix_set_find_address (set, &address), ==, "a");
  g_assert_true (ls_address_parse ("10.2.0.0", &address, NULL));
  g_assert_null (ls_agent_prefix_set_find_address (set, &address));
  g_assert_true (ls_prefix_parse ("10.0.0.0/8", &prefix, NULL));
  g_assert_cmpstr (ls_agent_prefix_set_find_overlap (set, &prefix), ==, "a");
  g_assert_true (ls_prefix_parse ("10.1.9.0/24", &prefix, NULL));
  g_assert_cmpstr (ls_agent_prefix_set_find_overlap (set, &prefix), ==, "a");
  g_assert_true (ls_prefix_parse ("fd12::/16", &prefix, NULL));
  g_assert_cmpstr (ls_agent_prefix_set_find_overlap (set, &prefix), ==, "b");
  g_assert_true (ls_prefix_parse ("fc00::/8", &prefix, NULL));
  g_assert_null (ls_agent_prefix_set_find_overlap (set, &prefix));
  g_assert_true (ls_prefix_parse ("0.0.0.0/0", &prefix, NULL));
  g_assert_cmpstr (ls_agent_prefix_set_find_overlap (set, &prefix), ==, "a");
}

#define ADD(path, func)                                                                            \
  g_test_add ("/agent/plan/" path, Case, NULL, case_set_up, func, case_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("plain", test_plain);
  ADD ("exit-routes", test_exit_routes);
  ADD ("union", test_union);
  ADD ("local-networks", test_local_networks);
  ADD ("cut-off", test_cut_off);
  ADD ("reserved", test_reserved);
  ADD ("mapped-prefix", test_mapped_prefix);
  ADD ("same-subnet-twice", test_same_subnet_twice);
  ADD ("peer-addresses", test_peer_addresses);
  ADD ("same-address-twice", test_same_address_twice);
  ADD ("keys", test_keys);
  ADD ("endpoints", test_endpoints);
  ADD ("endpoint-in-lan", test_endpoint_in_lan);
  ADD ("endpoint-cap", test_endpoint_cap);
  ADD ("own-family", test_own_family);
  ADD ("own-nothing", test_own_nothing);
  ADD ("own-in-lan", test_own_in_lan);
  ADD ("overlay-over-lan", test_overlay_over_lan);
  ADD ("many-left-out", test_many_left_out);
  ADD ("more-devices-than-routes", test_more_devices_than_routes);
  ADD ("names-are-text", test_names_are_text);
  ADD ("rotation", test_rotation);
  g_test_add_func ("/agent/route/share", test_share);
  g_test_add_func ("/agent/prefix-set", test_prefix_set);
  return g_test_run ();
}
