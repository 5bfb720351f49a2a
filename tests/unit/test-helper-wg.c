/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>
#include <string.h>

#include "ls-error.h"
#include "ls-helper-wg-message.h"

static LsKey
public_key (guint number)
{
  LsKey key = { { 9 } };

  memcpy (key.bytes + 4, &number, sizeof number);
  return key;
}

static LsTunnelPeer *
new_peer (guint number, const char *endpoint, guint n_allowed)
{
  LsKey key = public_key (number);
  LsTunnelPeer *peer = ls_tunnel_peer_new (&key);

  if (endpoint != NULL)
    {
      LsEndpoint parsed;
      g_assert_true (ls_endpoint_parse (endpoint, &parsed, NULL));
      ls_tunnel_peer_set_endpoint (peer, &parsed);
    }
  for (guint i = 0; i < n_allowed; i++)
    {
      g_autofree char *text
          = i % 2 == 0 ? g_strdup_printf ("10.%u.%u.%u/32", number % 250, i / 250, i % 250)
                       : g_strdup_printf ("fd00:%x:%x::/64", number, i);
      LsPrefix prefix;
      g_assert_true (ls_prefix_parse (text, &prefix, NULL));
      ls_tunnel_peer_add_allowed_ip (peer, &prefix);
    }
  return peer;
}

static LsTunnel *
new_tunnel (guint n_peers, guint n_allowed)
{
  LsTunnel *tunnel = ls_tunnel_new ();
  LsKey public;

  ls_key_generate_wireguard (&tunnel->private_key, &public);
  for (guint i = 0; i < n_peers; i++)
    {
      LsTunnelPeer *peer
          = new_peer (i, i % 2 == 0 ? "192.0.2.7:51820" : "[2001:db8::7]:51821", n_allowed);
      peer->keepalive = i % 100;
      peer->has_preshared_key = i % 3 == 0;
      if (peer->has_preshared_key)
        memset (peer->preshared_key.bytes, 7, LS_KEY_SIZE);
      ls_tunnel_take_peer (tunnel, peer);
    }
  return tunnel;
}

/* What the kernel would have after these messages: setting and dumping use the same attributes. */
static LsHelperWgDevice *
read_back (GPtrArray *messages)
{
  g_autoptr (LsHelperWgDevice) device = ls_helper_wg_device_new ();

  for (guint i = 0; i < messages->len; i++)
    {
      struct nlmsghdr *message = messages->pdata[i];
      g_autoptr (GBytes) bytes = NULL;
      g_autoptr (GError) error = NULL;

      g_assert_cmpuint (message->nlmsg_len, <=, LS_HELPER_WG_MESSAGE_MAX);
      ((struct genlmsghdr *)mnl_nlmsg_get_payload (message))->cmd = WG_CMD_GET_DEVICE;
      bytes = g_bytes_new (message, message->nlmsg_len);
      ls_helper_wg_message_parse_device (bytes, device, &error);
      g_assert_no_error (error);
    }
  return g_steal_pointer (&device);
}

static void
assert_round_trip (guint n_peers, guint n_allowed, guint min_messages)
{
  g_autoptr (LsTunnel) tunnel = new_tunnel (n_peers, n_allowed);
  g_autoptr (LsHelperWgDevice) empty = ls_helper_wg_device_new ();
  g_autoptr (LsHelperWgChange) change = ls_helper_wg_device_diff (empty, tunnel, NULL);
  g_autoptr (GPtrArray) messages = ls_helper_wg_message_set_device ("ls-test", change);
  g_autoptr (LsHelperWgDevice) device = NULL;
  g_autoptr (LsHelperWgChange) again = NULL;

  g_assert_cmpuint (messages->len, >=, min_messages);
  device = read_back (messages);
  g_assert_cmpuint (device->peers->len, ==, n_peers);
  g_assert_cmpuint (device->listen_port, ==, tunnel->listen_port);
  for (guint i = 0; i < n_peers; i++)
    {
      const LsHelperWgPeer *peer = device->peers->pdata[i];
      const LsTunnelPeer *wanted = ls_tunnel_find_peer (tunnel, &peer->peer->public_key);
      g_assert_true (ls_tunnel_peer_equal (peer->peer, wanted));
    }
  again = ls_helper_wg_device_diff (device, tunnel, NULL);
  g_assert_true (ls_helper_wg_change_is_empty (again));
}

static void
test_round_trip (void)
{
  assert_round_trip (0, 0, 1);
  assert_round_trip (1, 2, 1);
  assert_round_trip (3, LS_TUNNEL_ALLOWED_IPS_MAX, 2);
  assert_round_trip (50, LS_TUNNEL_ALLOWED_IPS_MAX, 20);
}

static void
test_many_peers (void)
{
  assert_round_trip (LS_TUNNEL_PEERS_MAX, 2, 100);
}

/* A peer that is continued in the next message must not be emptied or made there. */
static void
test_continued_peer_flags (void)
{
  g_autoptr (LsTunnel) tunnel = new_tunnel (4, LS_TUNNEL_ALLOWED_IPS_MAX);
  g_autoptr (LsHelperWgDevice) empty = ls_helper_wg_device_new ();
  g_autoptr (LsHelperWgChange) change = ls_helper_wg_device_diff (empty, tunnel, NULL);
  g_autoptr (GPtrArray) messages = ls_helper_wg_message_set_device ("ls-test", change);
  guint replaced = 0;

  for (guint i = 0; i < messages->len; i++)
    {
      const struct nlattr *attr, *peer, *value;
      mnl_attr_for_each (attr, (struct nlmsghdr *)messages->pdata[i], GENL_HDRLEN)
      {
        if (mnl_attr_get_type (attr) != WGDEVICE_A_PEERS)
          continue;
        mnl_attr_for_each_nested (peer, attr) mnl_attr_for_each_nested (value, peer)
        {
          if (mnl_attr_get_type (value) != WGPEER_A_FLAGS)
            continue;
          if (mnl_attr_get_u32 (value) & WGPEER_F_REPLACE_ALLOWEDIPS)
            replaced++;
          else
            g_assert_cmpuint (mnl_attr_get_u32 (value), ==, WGPEER_F_UPDATE_ONLY);
        }
      }
    }
  g_assert_cmpuint (replaced, ==, 4);
}

static LsHelperWgDevice *
device_of (const LsTunnel *tunnel)
{
  g_autoptr (LsHelperWgDevice) empty = ls_helper_wg_device_new ();
  g_autoptr (LsHelperWgChange) change = ls_helper_wg_device_diff (empty, tunnel, NULL);
  g_autoptr (GPtrArray) messages = ls_helper_wg_message_set_device ("ls-test", change);

  return read_back (messages);
}

static void
test_diff_touches_one_peer (void)
{
  g_autoptr (LsTunnel) tunnel = new_tunnel (5, 2);
  g_autoptr (LsTunnel) desired = ls_tunnel_copy (tunnel);
  g_autoptr (LsHelperWgDevice) device = device_of (tunnel);
  g_autoptr (LsHelperWgChange) change = NULL;
  LsKey removed = public_key (1);
  const LsHelperWgPeerChange *entry;

  g_assert_true (ls_tunnel_remove_peer (desired, &removed));
  ls_tunnel_take_peer (desired, new_peer (77, NULL, 1));
  ((LsTunnelPeer *)desired->peers->pdata[0])->keepalive = 99;
  change = ls_helper_wg_device_diff (device, desired, tunnel);
  g_assert_false (change->set_private_key);
  g_assert_false (change->set_listen_port);
  g_assert_cmpuint (change->peers->len, ==, 3);
  entry = change->peers->pdata[0];
  g_assert_cmpuint (entry->parts, ==, LS_HELPER_WG_REMOVE);
  g_assert_true (ls_key_equal (&entry->public_key, &removed));
  entry = change->peers->pdata[1];
  g_assert_cmpuint (entry->parts, ==, LS_HELPER_WG_KEEPALIVE);
  entry = change->peers->pdata[2];
  g_assert_cmpuint (entry->parts, ==,
                    LS_HELPER_WG_KEEPALIVE | LS_HELPER_WG_PRESHARED_KEY | LS_HELPER_WG_ALLOWED_IPS);
}

static void
test_diff_of_device (void)
{
  g_autoptr (LsTunnel) tunnel = new_tunnel (1, 1);
  g_autoptr (LsTunnel) desired = ls_tunnel_copy (tunnel);
  g_autoptr (LsHelperWgDevice) device = device_of (tunnel);
  g_autoptr (LsHelperWgChange) change = NULL;
  LsKey public;

  ls_key_generate_wireguard (&desired->private_key, &public);
  desired->listen_port = 12345;
  ((LsTunnelPeer *)desired->peers->pdata[0])->has_preshared_key = FALSE;
  change = ls_helper_wg_device_diff (device, desired, tunnel);
  g_assert_true (change->set_private_key);
  g_assert_true (change->set_listen_port);
  g_assert_cmpuint (change->peers->len, ==, 1);
  g_assert_cmpuint (((LsHelperWgPeerChange *)change->peers->pdata[0])->parts, ==,
                    LS_HELPER_WG_PRESHARED_KEY);
}

static guint
count_writes_for_endpoint (const char *current, const char *desired_endpoint, const char *asked)
{
  g_autoptr (LsTunnel) tunnel = ls_tunnel_new ();
  g_autoptr (LsTunnel) desired = ls_tunnel_new ();
  g_autoptr (LsTunnel) previous = ls_tunnel_new ();
  g_autoptr (LsHelperWgDevice) device = NULL;
  g_autoptr (LsHelperWgChange) change = NULL;

  tunnel->private_key = desired->private_key = public_key (1);
  ls_tunnel_take_peer (tunnel, new_peer (1, current, 1));
  ls_tunnel_take_peer (desired, new_peer (1, desired_endpoint, 1));
  ls_tunnel_take_peer (previous, new_peer (1, asked, 1));
  device = device_of (tunnel);
  change = ls_helper_wg_device_diff (device, desired, asked != NULL ? previous : NULL);
  return change->peers->len;
}

static void
test_roamed_endpoint (void)
{
  g_assert_cmpuint (count_writes_for_endpoint ("192.0.2.1:1", "192.0.2.1:1", NULL), ==, 0);
  g_assert_cmpuint (count_writes_for_endpoint ("192.0.2.9:9", "192.0.2.1:1", NULL), ==, 1);
  g_assert_cmpuint (count_writes_for_endpoint ("192.0.2.9:9", "192.0.2.1:1", "192.0.2.1:1"), ==, 0);
  g_assert_cmpuint (count_writes_for_endpoint ("192.0.2.9:9", "192.0.2.2:2", "192.0.2.1:1"), ==, 1);
  g_assert_cmpuint (count_writes_for_endpoint (NULL, "192.0.2.1:1", "192.0.2.1:1"), ==, 1);
  g_assert_cmpuint (count_writes_for_endpoint ("192.0.2.9:9", NULL, "192.0.2.1:1"), ==, 0);
}

static void
test_endpoints_only (void)
{
  g_autoptr (GPtrArray) peers
      = g_ptr_array_new_with_free_func ((GDestroyNotify)ls_tunnel_peer_free);
  g_autoptr (LsHelperWgChange) change = NULL;
  g_autoptr (GPtrArray) messages = NULL;
  g_autoptr (LsHelperWgDevice) device = NULL;
  const LsHelperWgPeer *peer;

  g_ptr_array_add (peers, new_peer (5, "[2001:db8::1]:7", 3));
  change = ls_helper_wg_change_for_endpoints (peers);
  messages = ls_helper_wg_message_set_device ("ls-test", change);
  device = read_back (messages);
  peer = device->peers->pdata[0];
  g_assert_true (peer->peer->has_endpoint);
  g_assert_cmpuint (peer->peer->endpoint.port, ==, 7);
  g_assert_cmpuint (peer->peer->allowed_ips->len, ==, 0);
}

static void
test_statistics (void)
{
  g_autoptr (LsHelperWgDevice) device = ls_helper_wg_device_new ();
  g_autoptr (GArray) statistics = NULL;
  LsHelperWgPeer *peer = ls_helper_wg_device_take_peer (device, new_peer (1, "192.0.2.1:51820", 1));
  const LsPeerStatistics *entry;

  peer->last_handshake = 1234;
  peer->rx_bytes = 5;
  peer->tx_bytes = 6;
  statistics = ls_helper_wg_device_dup_statistics (device);
  g_assert_cmpuint (statistics->len, ==, 1);
  entry = &g_array_index (statistics, LsPeerStatistics, 0);
  g_assert_true (entry->has_endpoint);
  g_assert_cmpint (entry->last_handshake, ==, 1234);
  g_assert_cmpuint (entry->rx_bytes, ==, 5);
  g_assert_cmpuint (entry->tx_bytes, ==, 6);
}

static void
test_family (void)
{
  struct nlmsghdr *message = ls_helper_wg_message_get_family ();
  g_autoptr (GBytes) request = g_bytes_new (message, message->nlmsg_len);
  g_autoptr (GBytes) answer = NULL;
  g_autoptr (GBytes) truncated = NULL;

  g_assert_cmpuint (ls_helper_wg_message_parse_family (request), ==, 0);
  ((struct genlmsghdr *)mnl_nlmsg_get_payload (message))->cmd = CTRL_CMD_NEWFAMILY;
  mnl_attr_put_u16 (message, CTRL_ATTR_FAMILY_ID, 29);
  answer = g_bytes_new (message, message->nlmsg_len);
  g_assert_cmpuint (ls_helper_wg_message_parse_family (answer), ==, 29);
  truncated = g_bytes_new (message, 10);
  g_assert_cmpuint (ls_helper_wg_message_parse_family (truncated), ==, 0);
  ls_helper_wg_message_free (message);
}

static gboolean
parse (gconstpointer data, gsize size)
{
  g_autoptr (LsHelperWgDevice) device = ls_helper_wg_device_new ();
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GError) error = NULL;
  gboolean ok = ls_helper_wg_message_parse_device (bytes, device, &error);

  if (!ok)
    g_assert_error (error, LS_ERROR, LS_ERROR_BACKEND);
  return ok;
}

static GPtrArray *
new_answer (void)
{
  g_autoptr (LsTunnel) tunnel = new_tunnel (3, 4);
  g_autoptr (LsHelperWgDevice) empty = ls_helper_wg_device_new ();
  g_autoptr (LsHelperWgChange) change = ls_helper_wg_device_diff (empty, tunnel, NULL);
  GPtrArray *messages = ls_helper_wg_message_set_device ("ls-test", change);

  ((struct genlmsghdr *)mnl_nlmsg_get_payload (messages->pdata[0]))->cmd = WG_CMD_GET_DEVICE;
  return messages;
}

/* Cut anywhere, with the header saying so or not: never a crash, never a read beyond the end (the
 * exact allocations let the sanitizers see that). */
static void
test_truncated (void)
{
  g_autoptr (GPtrArray) messages = new_answer ();
  struct nlmsghdr *message = messages->pdata[0];
  guint32 length = message->nlmsg_len;

  for (guint32 cut = 0; cut < length; cut++)
    {
      message->nlmsg_len = length;
      g_assert_false (parse (message, cut));
      message->nlmsg_len = cut;
      (void)parse (message, MAX (cut, sizeof *message));
    }
  message->nlmsg_len = length;
  g_assert_true (parse (message, length));
}

static void
test_hostile (void)
{
  g_autoptr (GPtrArray) messages = new_answer ();
  const struct nlmsghdr *message = messages->pdata[0];
  guint32 length = message->nlmsg_len;

  for (guint round = 0; round < 20000; round++)
    {
      g_autofree guint8 *copy = g_memdup2 (message, length);
      for (guint i = 0; i < 3; i++)
        copy[g_test_rand_int_range (0, length)] = g_test_rand_int_range (0, 256);
      (void)parse (copy, length);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/helper/wg/round-trip", test_round_trip);
  g_test_add_func ("/helper/wg/many-peers", test_many_peers);
  g_test_add_func ("/helper/wg/continued-peer-flags", test_continued_peer_flags);
  g_test_add_func ("/helper/wg/diff-touches-one-peer", test_diff_touches_one_peer);
  g_test_add_func ("/helper/wg/diff-of-device", test_diff_of_device);
  g_test_add_func ("/helper/wg/roamed-endpoint", test_roamed_endpoint);
  g_test_add_func ("/helper/wg/endpoints-only", test_endpoints_only);
  g_test_add_func ("/helper/wg/statistics", test_statistics);
  g_test_add_func ("/helper/wg/family", test_family);
  g_test_add_func ("/helper/wg/truncated", test_truncated);
  g_test_add_func ("/helper/wg/hostile", test_hostile);
  return g_test_run ();
}
