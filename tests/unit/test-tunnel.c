/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "ls-error.h"
#include "ls-tunnel.h"

static LsPrefix
prefix (const char *text)
{
  LsPrefix p;

  g_assert_true (ls_prefix_parse (text, &p, NULL));
  return p;
}

static LsTunnelPeer *
new_peer (const char *allowed_ip, const char *endpoint)
{
  LsKey private_key, public_key;
  LsPrefix allowed = prefix (allowed_ip);
  LsTunnelPeer *peer;

  ls_key_generate_wireguard (&private_key, &public_key);
  peer = ls_tunnel_peer_new (&public_key);
  ls_tunnel_peer_add_allowed_ip (peer, &allowed);
  if (endpoint != NULL)
    {
      LsEndpoint e;

      g_assert_true (ls_endpoint_parse (endpoint, &e, NULL));
      ls_tunnel_peer_set_endpoint (peer, &e);
      peer->keepalive = 25;
    }
  return peer;
}

static LsTunnel *
new_tunnel (void)
{
  LsTunnel *tunnel = ls_tunnel_new ();
  LsPrefix own = prefix ("100.64.0.1/32");
  LsPrefix overlay = prefix ("100.64.0.0/24");
  LsKey public_key;

  ls_key_generate_wireguard (&tunnel->private_key, &public_key);
  ls_tunnel_add_address (tunnel, &own);
  ls_tunnel_add_route (tunnel, &overlay);
  ls_tunnel_take_peer (tunnel, new_peer ("100.64.0.2/32", "192.0.2.1:51820"));
  ls_tunnel_take_peer (tunnel, new_peer ("100.64.0.3/32", NULL));
  return tunnel;
}

static void
test_round_trip (void)
{
  g_autoptr (LsTunnel) tunnel = new_tunnel ();
  g_autoptr (LsTunnel) copy = ls_tunnel_copy (tunnel);
  g_autoptr (GVariant) variant = g_variant_ref_sink (ls_tunnel_to_variant (tunnel));
  g_autoptr (GError) error = NULL;
  g_autoptr (LsTunnel) again = ls_tunnel_from_variant (variant, &error);

  g_assert_no_error (error);
  g_assert_true (ls_tunnel_equal (tunnel, again));
  g_assert_true (ls_tunnel_equal (tunnel, copy));
  ((LsTunnelPeer *)copy->peers->pdata[0])->keepalive = 7;
  g_assert_false (ls_tunnel_equal (tunnel, copy));
  g_assert_true (ls_tunnel_equal_but_peers (tunnel, copy));
}

static void
test_peers (void)
{
  g_autoptr (LsTunnel) tunnel = new_tunnel ();
  LsTunnelPeer *replacement = ls_tunnel_peer_copy (tunnel->peers->pdata[0]);
  LsKey key = replacement->public_key;

  replacement->keepalive = 99;
  ls_tunnel_take_peer (tunnel, replacement);
  g_assert_cmpuint (tunnel->peers->len, ==, 2);
  g_assert_cmpuint (ls_tunnel_find_peer (tunnel, &key)->keepalive, ==, 99);
  g_assert_true (ls_tunnel_remove_peer (tunnel, &key));
  g_assert_false (ls_tunnel_remove_peer (tunnel, &key));
  g_assert_null (ls_tunnel_find_peer (tunnel, &key));
}

/* @tunnel with the member @name replaced by @value must be refused with @code. */
static void
assert_refused (LsTunnel *tunnel, const char *name, GVariant *value, LsError code)
{
  g_autoptr (GVariant) good = g_variant_ref_sink (ls_tunnel_to_variant (tunnel));
  g_autoptr (GVariant) bad = NULL;
  g_autoptr (LsTunnel) parsed = NULL;
  g_autoptr (GError) error = NULL;
  GVariantDict dict;

  g_variant_dict_init (&dict, good);
  g_variant_dict_insert_value (&dict, name, value);
  bad = g_variant_ref_sink (g_variant_dict_end (&dict));
  parsed = ls_tunnel_from_variant (bad, &error);
  g_assert_null (parsed);
  g_assert_error (error, LS_ERROR, (int)code);
}

static GVariant *
strings (const char *first, const char *second)
{
  const char *const texts[] = { first, second, NULL };

  return g_variant_new_strv (texts, -1);
}

static GVariant *
bytes (guint length)
{
  g_autofree guint8 *data = g_malloc0 (length + 1);

  return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, data, length, 1);
}

static void
test_refused_members (void)
{
  g_autoptr (LsTunnel) tunnel = new_tunnel ();
  g_autoptr (GVariantBuilder) many = g_variant_builder_new (G_VARIANT_TYPE_STRING_ARRAY);

  for (guint i = 0; i <= LS_TUNNEL_ROUTES_MAX; i++)
    g_variant_builder_add (many, "s", "10.0.0.0/8");
  assert_refused (tunnel, "private-key", bytes (32), LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "private-key", bytes (31), LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "private-key", g_variant_new_string ("x"), LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "listen-port", g_variant_new_uint16 (0), LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "listen-port", g_variant_new_uint32 (1), LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "mtu", g_variant_new_uint16 (576), LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "mtu", g_variant_new_uint16 (65535), LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "backend", g_variant_new_string ("sh"), LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "command", g_variant_new_string ("sh"), LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "addresses", strings (NULL, NULL), LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "addresses", strings ("x", NULL), LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "routes", strings ("0.0.0.0/0", NULL), LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "routes", strings ("::/0", NULL), LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "routes", strings ("0.0.0.0/1", "128.0.0.0/1"),
                  LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "routes", strings ("10.0.0.0/7", NULL), LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "routes", strings ("8000::/1", NULL), LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "routes", strings ("2000::/15", NULL), LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "routes", strings ("127.0.0.0/8", NULL), LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "routes", strings ("169.254.1.0/24", NULL), LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "routes", strings ("224.0.0.1/32", NULL), LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "routes", strings ("fe80::/64", NULL), LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "routes", strings ("::/16", NULL), LS_ERROR_INVALID_ARGUMENT);
  /* Its prefix would be routed too. */
  assert_refused (tunnel, "addresses", strings ("8.0.0.1/1", NULL), LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "addresses", strings ("100.64.0.1/24", NULL), LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "addresses", strings ("fd00::1/64", NULL), LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "addresses", strings ("127.0.0.1/32", NULL), LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "routes", strings ("10.0.0.0/8", "10.0.0.0/8"),
                  LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "routes", g_variant_builder_end (many), LS_ERROR_LIMIT);
}

static GVariant *
peers (LsTunnelPeer *first, LsTunnelPeer *second)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  g_variant_builder_add_value (&builder, ls_tunnel_peer_to_variant (first));
  if (second != NULL)
    g_variant_builder_add_value (&builder, ls_tunnel_peer_to_variant (second));
  return g_variant_builder_end (&builder);
}

static void
test_refused_peers (void)
{
  g_autoptr (LsTunnel) tunnel = new_tunnel ();
  g_autoptr (LsTunnelPeer) good = new_peer ("100.64.0.9/32", NULL);
  g_autoptr (LsTunnelPeer) same_address = new_peer ("100.64.0.9/32", NULL);
  g_autoptr (LsTunnelPeer) ours = new_peer ("100.64.0.8/32", NULL);
  g_autoptr (LsTunnelPeer) greedy = new_peer ("0.0.0.0/0", NULL);
  g_autoptr (LsTunnelPeer) half = new_peer ("128.0.0.0/1", NULL);
  g_autoptr (LsTunnelPeer) half_v6 = new_peer ("::/1", NULL);
  g_autoptr (LsTunnelPeer) local = new_peer ("127.0.0.53/32", NULL);
  g_autoptr (LsTunnelPeer) weak = new_peer ("100.64.0.7/32", NULL);

  ls_key_wireguard_public (&tunnel->private_key, &ours->public_key);
  ls_key_clear (&weak->public_key);
  assert_refused (tunnel, "peers", peers (good, good), LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "peers", peers (good, same_address), LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "peers", peers (ours, NULL), LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "peers", peers (greedy, NULL), LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "peers", peers (half, NULL), LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "peers", peers (half_v6, NULL), LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "peers", peers (local, NULL), LS_ERROR_INVALID_ARGUMENT);
  assert_refused (tunnel, "peers", peers (weak, NULL), LS_ERROR_INVALID_ARGUMENT);
}

/* Whether a peer with @allowed_ip is taken in a tunnel with @routes. */
static gboolean
takes_allowed_ip (const char *allowed_ip, const char *const *routes)
{
  g_autoptr (LsTunnel) tunnel = new_tunnel ();
  g_autoptr (GVariant) variant = NULL;
  g_autoptr (LsTunnel) parsed = NULL;
  g_autoptr (GError) error = NULL;

  g_ptr_array_set_size (tunnel->peers, 0);
  g_array_set_size (tunnel->routes, 0);
  for (guint i = 0; routes[i] != NULL; i++)
    {
      LsPrefix route = prefix (routes[i]);

      ls_tunnel_add_route (tunnel, &route);
    }
  ls_tunnel_take_peer (tunnel, new_peer (allowed_ip, NULL));
  variant = g_variant_ref_sink (ls_tunnel_to_variant (tunnel));
  parsed = ls_tunnel_from_variant (variant, &error);
  if (parsed == NULL)
    g_assert_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT);
  return parsed != NULL;
}

static void
test_allowed_ips_are_routed (void)
{
  static const char *const nested[]
      = { "10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "100.64.0.0/24", "fd00::/64", NULL };
  static const char *const hosts[] = { "100.64.0.2/32", "100.64.0.4/32", NULL };
  static const char *const none[] = { NULL };
  static const char *const good[]
      = { "10.0.0.0/8",  "10.0.0.1/32", "10.1.2.3/32",      "10.1.3.0/24",
          "10.2.0.0/16", "fd00::5/128", "10.255.255.255/32" };
  static const char *const bad[] = { "11.0.0.0/8",    "9.255.255.255/32", "192.168.1.0/24",
                                     "100.64.1.0/32", "100.64.0.0/23",    "fd00:0:0:1::/128" };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (takes_allowed_ip (good[i], nested));
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (takes_allowed_ip (bad[i], nested));
  g_assert_true (takes_allowed_ip ("100.64.0.2/32", hosts));
  g_assert_true (takes_allowed_ip ("100.64.0.4/32", hosts));
  g_assert_false (takes_allowed_ip ("100.64.0.3/32", hosts));
  g_assert_false (takes_allowed_ip ("100.64.0.2/32", none));
}

static void
test_refused_peer_members (void)
{
  static const char *const bad[] = {
    "{}",
    "{'public-key': <@ay []>}",
    "{'allowed-ips': <['10.0.0.0/8']>}",
    "{'endpoint': <'example.com:1'>}",
    "{'keepalive': <-1>}",
    "{'x': <1>}",
    "{'keepalive': <uint16 1>, 'keepalive': <uint16 1>}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) variant
          = g_variant_parse (G_VARIANT_TYPE_VARDICT, bad[i], NULL, NULL, &error);

      g_assert_no_error (error);
      g_assert_null (ls_tunnel_peer_from_variant (variant, &error));
      g_assert_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT);
      g_assert_null (ls_tunnel_peer_from_variant (variant, NULL));
    }
}

static void
test_statistics (void)
{
  g_autoptr (GArray) in = g_array_new (FALSE, TRUE, sizeof (LsPeerStatistics));
  LsPeerStatistics s = { .last_handshake = 5, .rx_bytes = G_MAXUINT64, .tx_bytes = 7 };
  g_autoptr (GVariant) variant = NULL;
  g_autoptr (GArray) out = NULL;
  LsKey private_key;

  ls_key_generate_wireguard (&private_key, &s.public_key);
  g_array_append_val (in, s);
  variant = g_variant_ref_sink (ls_peer_statistics_to_variant (in));
  out = ls_peer_statistics_from_variant (variant, NULL);
  g_assert_cmpuint (out->len, ==, 1);
  g_assert_true (
      ls_key_equal (&g_array_index (out, LsPeerStatistics, 0).public_key, &s.public_key));
  g_assert_false (g_array_index (out, LsPeerStatistics, 0).has_endpoint);
  g_assert_cmpuint (g_array_index (out, LsPeerStatistics, 0).rx_bytes, ==, G_MAXUINT64);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tunnel/round-trip", test_round_trip);
  g_test_add_func ("/tunnel/peers", test_peers);
  g_test_add_func ("/tunnel/refused-members", test_refused_members);
  g_test_add_func ("/tunnel/refused-peers", test_refused_peers);
  g_test_add_func ("/tunnel/allowed-ips-are-routed", test_allowed_ips_are_routed);
  g_test_add_func ("/tunnel/refused-peer-members", test_refused_peer_members);
  g_test_add_func ("/tunnel/statistics", test_statistics);
  return g_test_run ();
}
