/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "ls-error.h"
#include "ls-helper-uapi.h"

#define KEY_A "a000000000000000000000000000000000000000000000000000000000000001"
#define KEY_B "b000000000000000000000000000000000000000000000000000000000000002"
#define NO_KEY "0000000000000000000000000000000000000000000000000000000000000000"

/* As wireguard-go answers. */
#define ANSWER                                                                                     \
  "private_key=" KEY_A "\nlisten_port=51820\nfwmark=1\n"                                           \
  "public_key=" KEY_B "\npreshared_key=" KEY_A "\nprotocol_version=1\n"                            \
  "endpoint=192.0.2.1:1000\nlast_handshake_time_sec=1700000000\nlast_handshake_time_nsec=1\n"      \
  "tx_bytes=123\nrx_bytes=456\npersistent_keepalive_interval=25\n"                                 \
  "allowed_ip=100.64.0.3/32\nallowed_ip=fd00::3/128\n"                                             \
  "public_key=" KEY_A "\npreshared_key=" NO_KEY "\nprotocol_version=1\n"                           \
  "last_handshake_time_sec=0\nlast_handshake_time_nsec=0\ntx_bytes=0\nrx_bytes=0\n"                \
  "persistent_keepalive_interval=0\nerrno=0\n\n"

static LsHelperUapiDevice *
parse (const char *text, GError **error)
{
  return ls_helper_uapi_parse_get (text, strlen (text), error);
}

static void
test_get (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LsHelperUapiDevice) device = parse (ANSWER, &error);

  g_assert_no_error (error);
  g_assert_cmpint (device->listen_port, ==, 51820);
  g_assert_cmpint (device->private_key.bytes[0], ==, 0xa0);
  g_assert_cmpint (device->peers->len, ==, 2);
  const LsTunnelPeer *first = g_ptr_array_index (device->peers, 0);
  const LsTunnelPeer *second = g_ptr_array_index (device->peers, 1);
  g_assert_cmpint (first->public_key.bytes[0], ==, 0xa0);
  g_assert_false (first->has_preshared_key);
  g_assert_false (first->has_endpoint);
  g_assert_true (second->has_preshared_key);
  g_assert_cmpint (second->keepalive, ==, 25);
  g_assert_cmpint (second->allowed_ips->len, ==, 2);
  const LsPeerStatistics *statistics = &g_array_index (device->statistics, LsPeerStatistics, 0);
  g_assert_cmpint (statistics->last_handshake, ==, 1700000000);
  g_assert_cmpuint (statistics->rx_bytes, ==, 456);
  g_assert_cmpuint (statistics->tx_bytes, ==, 123);
  g_assert_true (statistics->has_endpoint);

  g_autoptr (LsHelperUapiDevice) empty = parse ("listen_port=0\nerrno=0\n\n", &error);
  g_assert_no_error (error);
  g_assert_cmpint (empty->peers->len, ==, 0);
  /* A later version of the protocol may say more; an address with a zone is none of ours. */
  g_autoptr (LsHelperUapiDevice) odd
      = parse ("colour=green\npublic_key=" KEY_B "\nsmell=none\nendpoint=[fe80::1%eth0]:1\n"
               "errno=0\n\n",
               &error);
  g_assert_no_error (error);
  g_assert_false (((LsTunnelPeer *)g_ptr_array_index (odd->peers, 0))->has_endpoint);
}

static void
test_hostile (void)
{
  static const char *const answers[] = {
    "",
    "\n",
    "\n\n",
    "errno=0\n",
    "errno=0",
    "errno=x\n\n",
    "errno=\n\n",
    "errno=99999\n\n",
    "errno=0\nmore=1\n\n",
    "nonsense\n\n",
    "listen_port=70000\nerrno=0\n\n",
    "listen_port=-1\nerrno=0\n\n",
    "private_key=00\nerrno=0\n\n",
    "private_key=" KEY_A "0\nerrno=0\n\n",
    "public_key=zz" KEY_A "\nerrno=0\n\n",
    "public_key=" KEY_A "\nallowed_ip=1.2.3.4\nerrno=0\n\n",
    "public_key=" KEY_A "\nallowed_ip=1.2.3.4/33\nerrno=0\n\n",
    "public_key=" KEY_A "\nrx_bytes=-1\nerrno=0\n\n",
    "public_key=" KEY_A "\nrx_bytes=99999999999999999999999\nerrno=0\n\n",
    "public_key=" KEY_A "\nlast_handshake_time_sec=-5\nerrno=0\n\n",
    "public_key=" KEY_A "\npersistent_keepalive_interval=65536\nerrno=0\n\n",
    "errno=0\n\nerrno=0\n\n",
    "listen_port=1\n\n",
  };

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (LsHelperUapiDevice) device = parse (answers[i], &error);
      if (device != NULL)
        g_error ("accepted: %s", answers[i]);
      g_assert_error (error, LS_ERROR, LS_ERROR_BACKEND);
    }

  g_autoptr (GError) error = NULL;
  g_assert_null (ls_helper_uapi_parse_get ("a=\0\nerrno=0\n\n", 13, &error));
  g_clear_error (&error);
  g_autofree char *line = g_strnfill (5000, 'a');
  g_autofree char *text = g_strconcat (line, "=1\nerrno=0\n\n", NULL);
  g_assert_null (parse (text, &error));
  g_clear_error (&error);
  g_autoptr (GString) many = g_string_new (NULL);
  for (guint i = 0; i <= LS_TUNNEL_PEERS_MAX; i++)
    g_string_append (many, "public_key=" KEY_A "\n");
  g_string_append (many, "errno=0\n\n");
  g_assert_null (parse (many->str, &error));
}

static void
test_set (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (ls_helper_uapi_parse_set ("errno=0\n\n", 9, &error));
  g_assert_false (ls_helper_uapi_parse_set ("errno=-98\n\n", 11, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_CONFLICT);
  g_clear_error (&error);
  g_assert_false (ls_helper_uapi_parse_set ("errno=-22\n\n", 11, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_BACKEND);
  g_assert_false (ls_helper_uapi_answer_is_complete ("errno=0\n", 8));
  g_assert_true (ls_helper_uapi_answer_is_complete ("errno=0\n\n", 9));
}

static void
add_allowed (LsTunnelPeer *peer, const char *text)
{
  LsPrefix prefix;

  g_assert_true (ls_prefix_parse (text, &prefix, NULL));
  ls_tunnel_peer_add_allowed_ip (peer, &prefix);
}

/* What ANSWER says, as a tunnel. */
static LsTunnel *
tunnel_of_answer (void)
{
  g_autoptr (LsHelperUapiDevice) device = parse (ANSWER, NULL);
  LsTunnel *tunnel = ls_tunnel_new ();

  tunnel->private_key = device->private_key;
  for (guint i = 0; i < device->peers->len; i++)
    ls_tunnel_take_peer (tunnel, ls_tunnel_peer_copy (g_ptr_array_index (device->peers, i)));
  return tunnel;
}

static char *
difference (const LsTunnel *desired, const LsTunnel *previous)
{
  g_autoptr (LsHelperUapiDevice) device = parse (ANSWER, NULL);
  return ls_helper_uapi_format_apply (device, desired, previous);
}

static LsTunnelPeer *
peer_b (const LsTunnel *tunnel)
{
  return g_ptr_array_index (tunnel->peers, 1);
}

static void
test_difference (void)
{
  g_autoptr (LsTunnel) asked = tunnel_of_answer ();
  g_autoptr (LsTunnel) desired = ls_tunnel_copy (asked);
  LsEndpoint endpoint;
  g_autofree char *same = difference (desired, asked);

  g_assert_null (same);

  /* An endpoint that was learned stays, one that is asked for anew is written. */
  g_assert_true (ls_endpoint_parse ("198.51.100.1:2", &endpoint, NULL));
  ls_tunnel_peer_set_endpoint (peer_b (asked), &endpoint);
  ls_tunnel_peer_set_endpoint (peer_b (desired), &endpoint);
  g_autofree char *learned = difference (desired, asked);
  g_assert_null (learned);
  g_autofree char *anew = difference (desired, NULL);
  g_assert_cmpstr (anew, ==,
                   "set=1\npublic_key=" KEY_B "\nupdate_only=true\n"
                   "endpoint=198.51.100.1:2\n\n");

  /* One changed peer is written whole, without its endpoint; the other not at all. */
  add_allowed (peer_b (desired), "10.0.0.0/8");
  g_autofree char *changed = difference (desired, asked);
  g_assert_cmpstr (changed, ==,
                   "set=1\npublic_key=" KEY_B "\npreshared_key=" KEY_A
                   "\npersistent_keepalive_interval=25\nreplace_allowed_ips=true\n"
                   "allowed_ip=10.0.0.0/8\nallowed_ip=100.64.0.3/32\nallowed_ip=fd00::3/128\n\n");

  ls_tunnel_remove_peer (desired, &peer_b (desired)->public_key);
  desired->private_key.bytes[5] = 9;
  g_autofree char *removed = difference (desired, asked);
  g_assert_true (g_str_has_prefix (removed, "set=1\nprivate_key=a0"));
  g_assert_nonnull (strstr (removed, "public_key=" KEY_B "\nremove=true\n"));
  g_assert_null (strstr (removed, "listen_port"));
}

static void
test_requests (void)
{
  g_autoptr (LsTunnel) tunnel = tunnel_of_answer ();
  g_autoptr (GArray) removed = g_array_new (FALSE, TRUE, sizeof (LsKey));
  g_autoptr (GPtrArray) peers = g_ptr_array_new ();
  LsKey key = peer_b (tunnel)->public_key;

  g_ptr_array_add (peers, peer_b (tunnel));
  g_autofree char *endpoints = ls_helper_uapi_format_endpoints (peers);
  g_assert_cmpstr (endpoints, ==,
                   "set=1\npublic_key=" KEY_B "\nupdate_only=true\nendpoint=192.0.2.1:1000\n\n");
  g_ptr_array_set_size (peers, 0);
  g_array_append_val (removed, key);
  g_autofree char *update = ls_helper_uapi_format_peers (peers, removed);
  g_assert_cmpstr (update, ==, "set=1\npublic_key=" KEY_B "\nremove=true\n\n");
  g_autofree char *port = ls_helper_uapi_format_listen_port (51820);
  g_assert_cmpstr (port, ==, "set=1\nlisten_port=51820\n\n");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/helper-uapi/get", test_get);
  g_test_add_func ("/helper-uapi/hostile", test_hostile);
  g_test_add_func ("/helper-uapi/set", test_set);
  g_test_add_func ("/helper-uapi/difference", test_difference);
  g_test_add_func ("/helper-uapi/requests", test_requests);
  return g_test_run ();
}
