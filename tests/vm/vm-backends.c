/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Drives the backends of the kernel's WireGuard as root in the virtual machine that guest-backends
 * prepared: every interface, route and rule of that machine is ours to change. */
#include <signal.h>
#include <string.h>

#include "ls-error.h"
#include "ls-helper-kernel-backend.h"
#include "ls-helper-nm-backend.h"
#include "ls-helper-tunnel.h"
#include "ls-ident.h"

#define NAME "home"
#define INTERFACE "ls-home"
#define WAIT_SECONDS 60
#define MANY_PEERS 2000 /* the kernel under emulation takes minutes to delete 20,000 */

/* Commands */

static gboolean
run_quietly (const char *command, char **out_text)
{
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;
  const char *argv[] = { "/bin/sh", "-c", command, NULL };
  int status;

  g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &output, NULL, &status,
                &error);
  g_assert_no_error (error);
  if (out_text != NULL)
    *out_text = g_steal_pointer (&output);
  return g_spawn_check_wait_status (status, NULL);
}

static void
run (const char *command)
{
  g_autofree char *output = NULL;

  if (run_quietly (command, &output))
    return;
  g_printerr ("%s: %s\n", command, output);
  g_assert_not_reached ();
}

static char *
capture (const char *command)
{
  char *output = NULL;

  (void)run_quietly (command, &output);
  return g_strchomp (output);
}

static void
iterate (void)
{
  g_main_context_iteration (NULL, FALSE);
  g_usleep (2000);
}

/* Runs the main loop until @command succeeds. */
static void
wait_for_command (const char *command)
{
  gint64 deadline = g_get_monotonic_time () + WAIT_SECONDS * G_USEC_PER_SEC;

  while (!run_quietly (command, NULL))
    {
      for (guint i = 0; i < 20; i++)
        iterate ();
      if (g_get_monotonic_time () > deadline)
        g_error ("not in time: %s", command);
    }
}

static void
assert_pings (const char *address)
{
  g_autofree char *command = g_strdup_printf ("ping -c1 -W2 %s >/dev/null", address);

  wait_for_command (command);
}

/* Pings that go on while something else happens. */
static GSubprocess *
start_pings (const char *address)
{
  g_autoptr (GError) error = NULL;
  GSubprocess *ping = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error, "ping", "-i0.1",
                                        "-W3", address, NULL);

  g_assert_no_error (error);
  for (guint i = 0; i < 300; i++)
    iterate ();
  return ping;
}

static void
assert_no_ping_lost (GSubprocess *ping)
{
  g_autofree char *output = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GRegex) regex
      = g_regex_new ("(\\d+) packets transmitted, (\\d+) received", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  guint sent, received;

  g_subprocess_send_signal (ping, SIGINT);
  g_subprocess_communicate_utf8 (ping, NULL, NULL, &output, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_regex_match (regex, output, 0, &match));
  {
    g_autofree char *sent_text = g_match_info_fetch (match, 1);
    g_autofree char *received_text = g_match_info_fetch (match, 2);
    sent = g_ascii_strtoull (sent_text, NULL, 10);
    received = g_ascii_strtoull (received_text, NULL, 10);
  }
  g_test_message ("%u of %u pings answered", received, sent);
  /* The last one may still be on its way. */
  g_assert_cmpuint (received + 1, >=, sent);
  g_assert_cmpuint (received, >=, 3);
}

/* The devices on the other side */

typedef struct
{
  guint number;
  LsKey private_key;
  LsKey public_key;
} Device;

static Device devices[2] = { { 1 }, { 2 } };

static void
set_up_device (Device *device, const LsKey *our_public_key)
{
  g_autofree char *private_text = NULL, *our_text = NULL, *command = NULL;

  if (ls_key_equal (&device->private_key, &(LsKey){ { 0 } }))
    ls_key_generate_wireguard (&device->private_key, &device->public_key);
  private_text = ls_key_to_text (&device->private_key);
  our_text = ls_key_to_text (our_public_key);
  command = g_strdup_printf (
      "cd /run && echo %s >key && for p in $(ip netns exec peer%u wg show wg0 peers); do "
      "ip netns exec peer%u wg set wg0 peer $p remove; done; ip netns exec peer%u wg set wg0 "
      "private-key key listen-port 51820 peer %s allowed-ips 100.64.0.1/32,fd00:6c73::1/128",
      private_text, device->number, device->number, device->number, our_text);
  run (command);
}

static LsTunnelPeer *
new_peer (const Device *device)
{
  g_autofree char *endpoint = g_strdup_printf ("10.9.0.1%u:51820", device->number);
  g_autofree char *v4 = g_strdup_printf ("100.64.0.1%u/32", device->number);
  g_autofree char *v6 = g_strdup_printf ("fd00:6c73::1%u/128", device->number);
  g_autofree char *subnet = g_strdup_printf ("192.168.%u.0/24", device->number);
  LsTunnelPeer *peer = ls_tunnel_peer_new (&device->public_key);
  const char *prefixes[] = { v4, v6, subnet };
  LsEndpoint parsed;

  for (guint i = 0; i < G_N_ELEMENTS (prefixes); i++)
    {
      LsPrefix prefix;
      g_assert_true (ls_prefix_parse (prefixes[i], &prefix, NULL));
      ls_tunnel_peer_add_allowed_ip (peer, &prefix);
    }
  g_assert_true (ls_endpoint_parse (endpoint, &parsed, NULL));
  ls_tunnel_peer_set_endpoint (peer, &parsed);
  return peer;
}

static void
add_route (LsTunnel *tunnel, const char *text)
{
  LsPrefix prefix;

  g_assert_true (ls_prefix_parse (text, &prefix, NULL));
  ls_tunnel_add_route (tunnel, &prefix);
}

static void
add_address (LsTunnel *tunnel, const char *text)
{
  LsPrefix prefix;

  g_assert_true (ls_prefix_parse_interface (text, &prefix, NULL));
  ls_tunnel_add_address (tunnel, &prefix);
}

static LsTunnel *
new_tunnel (void)
{
  LsTunnel *tunnel = ls_tunnel_new ();
  LsKey public_key;

  ls_key_generate_wireguard (&tunnel->private_key, &public_key);
  add_address (tunnel, "100.64.0.1/32");
  add_address (tunnel, "fd00:6c73::1/128");
  add_route (tunnel, "100.64.0.0/24");
  add_route (tunnel, "fd00:6c73::/64");
  for (guint i = 0; i < G_N_ELEMENTS (devices); i++)
    {
      set_up_device (&devices[i], &public_key);
      ls_tunnel_take_peer (tunnel, new_peer (&devices[i]));
    }
  return tunnel;
}

/* The backends */

typedef struct
{
  LsHelperBackend *backend;
  LsTunnel *tunnel;
  GString *told; /* "STATE REASON," of each tunnel-changed */
} Fixture;

static GSubprocess *manager; /* NetworkManager, while it runs */

static void
store_result_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **)user_data = g_object_ref (result);
}

static GAsyncResult *
await (GAsyncResult **result)
{
  gint64 deadline = g_get_monotonic_time () + WAIT_SECONDS * G_USEC_PER_SEC;

  while (*result == NULL)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      iterate ();
    }
  return *result;
}

static gboolean
try_available (LsHelperBackend *backend, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  ls_helper_backend_is_available (backend, NULL, store_result_cb, &result);
  return ls_helper_backend_is_available_finish (backend, await (&result), error);
}

static gboolean
try_apply (Fixture *fixture, const LsTunnel *previous, LsHelperApplied *applied, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  ls_helper_backend_apply (fixture->backend, NAME, INTERFACE, fixture->tunnel, previous, NULL,
                           store_result_cb, &result);
  return ls_helper_backend_apply_finish (fixture->backend, await (&result), applied, error);
}

static gboolean
apply (Fixture *fixture, const LsTunnel *previous)
{
  g_autoptr (GError) error = NULL;
  LsHelperApplied applied = { 0 };

  try_apply (fixture, previous, &applied, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (applied.listen_port, ==, fixture->tunnel->listen_port);
  return applied.changed;
}

static void
remove_tunnel (Fixture *fixture)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  ls_helper_backend_remove (fixture->backend, NAME, INTERFACE, NULL, NULL, store_result_cb,
                            &result);
  ls_helper_backend_remove_finish (fixture->backend, await (&result), &error);
  g_assert_no_error (error);
}

static void
update_peers (Fixture *fixture, GPtrArray *changed, GArray *removed)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  ls_helper_backend_update_peers (fixture->backend, INTERFACE, changed, removed, NULL,
                                  store_result_cb, &result);
  ls_helper_backend_update_peers_finish (fixture->backend, await (&result), &error);
  g_assert_no_error (error);
}

static GArray *
statistics (Fixture *fixture)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GArray *array;

  ls_helper_backend_statistics (fixture->backend, INTERFACE, NULL, store_result_cb, &result);
  array = ls_helper_backend_statistics_finish (fixture->backend, await (&result), &error);
  g_assert_no_error (error);
  return array;
}

static void
wait_told (Fixture *fixture, const char *what)
{
  gint64 deadline = g_get_monotonic_time () + WAIT_SECONDS * G_USEC_PER_SEC;

  while (strstr (fixture->told->str, what) == NULL)
    {
      if (g_get_monotonic_time () > deadline)
        g_error ("not told in time: %s, but %s", what, fixture->told->str);
      iterate ();
    }
}

static void
changed_cb (LsHelperBackend *backend, const char *interface, const char *state, const char *reason,
            Fixture *fixture)
{
  g_test_message ("told: %s %s %s", interface, state, reason);
  g_string_append_printf (fixture->told, "%s %s,", state, reason);
}

static void
assert_nothing_left (void)
{
  g_autofree char *left
      = capture ("ip -o link show dev " INTERFACE " 2>/dev/null; ip rule | grep 5280; ip -6 rule | "
                 "grep 5280; ip route show table 27763 2>/dev/null; ip -6 route show table 27763 "
                 "2>/dev/null; ls /run/NetworkManager/system-connections 2>/dev/null | grep -i "
                 "lightscale; wg show interfaces");

  g_assert_cmpstr (left, ==, "");
}

static void
start_manager (void)
{
  g_autoptr (GError) error = NULL;

  if (manager != NULL)
    return;
  manager = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE,
                              &error, "NetworkManager", "--no-daemon", NULL);
  g_assert_no_error (error);
  wait_for_command ("test \"$(nmcli -t -f RUNNING,STARTUP general)\" = running:started");
}

static void
kill_manager (void)
{
  g_subprocess_force_exit (manager);
  g_subprocess_wait (manager, NULL, NULL);
  g_clear_object (&manager);
  wait_for_command ("! nmcli -t general 2>/dev/null");
}

static void
set_up_backend (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LsHelperWg) wg = ls_helper_wg_new (&error);
  g_autoptr (LsHelperRoute) route = NULL;

  g_assert_no_error (error);
  route = ls_helper_route_new (&error);
  g_assert_no_error (error);
  g_assert_true (ls_helper_route_watch_links (route, &error));
  if (GPOINTER_TO_INT (data) == LS_BACKEND_NETWORK_MANAGER)
    {
      start_manager ();
      fixture->backend = ls_helper_nm_backend_new (route, wg);
    }
  else
    fixture->backend = ls_helper_kernel_backend_new (route, wg);
  fixture->told = g_string_new (NULL);
  g_signal_connect (fixture->backend, "tunnel-changed", G_CALLBACK (changed_cb), fixture);
  fixture->tunnel = new_tunnel ();
  g_assert_true (try_available (fixture->backend, &error));
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  remove_tunnel (fixture);
  assert_nothing_left ();
  g_assert_finalize_object (fixture->backend);
  ls_tunnel_free (fixture->tunnel);
  g_string_free (fixture->told, TRUE);
}

/* Tests of both */

static void
test_life (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GArray) peers = NULL;

  g_assert_true (apply (fixture, NULL));
  assert_pings ("100.64.0.11");
  assert_pings ("100.64.0.12");
  assert_pings ("fd00:6c73::11");
  g_assert_false (apply (fixture, fixture->tunnel));
  peers = statistics (fixture);
  g_assert_cmpuint (peers->len, ==, 2);
  for (guint i = 0; i < peers->len; i++)
    {
      const LsPeerStatistics *peer = &g_array_index (peers, LsPeerStatistics, i);
      g_assert_cmpint (peer->last_handshake, >, 0);
      g_assert_cmpuint (peer->rx_bytes, >, 0);
      g_assert_cmpuint (peer->tx_bytes, >, 0);
      g_assert_true (peer->has_endpoint);
    }
  g_assert_cmpstr (fixture->told->str, ==, "");
}

/* One peer changes, goes and comes back, while another is pinged. */
static void
test_peers (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) changed
      = g_ptr_array_new_with_free_func ((GDestroyNotify)ls_tunnel_peer_free);
  g_autoptr (GPtrArray) none = g_ptr_array_new ();
  g_autoptr (GArray) removed = g_array_new (FALSE, FALSE, sizeof (LsKey));
  g_autoptr (GArray) nothing = g_array_new (FALSE, FALSE, sizeof (LsKey));
  g_autoptr (GSubprocess) ping = NULL;
  LsTunnelPeer *second = new_peer (&devices[1]);

  apply (fixture, NULL);
  assert_pings ("100.64.0.11");
  ping = start_pings ("100.64.0.11");
  second->keepalive = 7;
  g_ptr_array_add (changed, second);
  update_peers (fixture, changed, nothing);
  assert_pings ("100.64.0.12");
  g_array_append_val (removed, devices[1].public_key);
  update_peers (fixture, none, removed);
  g_assert_false (run_quietly ("ping -c1 -W1 100.64.0.12", NULL));
  update_peers (fixture, changed, nothing);
  assert_pings ("100.64.0.12");
  assert_no_ping_lost (ping);
}

/* Routes come and go while a peer is pinged. */
static void
test_routes (Fixture *fixture, gconstpointer data)
{
  g_autoptr (LsTunnel) first = NULL;
  g_autoptr (LsTunnel) second = NULL;
  g_autoptr (GSubprocess) ping = NULL;

  apply (fixture, NULL);
  assert_pings ("100.64.0.11");
  ping = start_pings ("100.64.0.11");
  first = ls_tunnel_copy (fixture->tunnel);
  add_route (fixture->tunnel, "192.168.1.0/24");
  g_assert_true (apply (fixture, first));
  assert_pings ("192.168.1.1");
  second = g_steal_pointer (&fixture->tunnel);
  fixture->tunnel = ls_tunnel_copy (first);
  g_assert_true (apply (fixture, second));
  g_assert_false (run_quietly ("ip route get 192.168.1.1 | grep " INTERFACE, NULL));
  assert_no_ping_lost (ping);
}

/* Another key, port and MTU. */
static void
test_device (Fixture *fixture, gconstpointer data)
{
  g_autoptr (LsTunnel) first = NULL;
  LsKey public_key;
  g_autofree char *mtu = NULL;

  apply (fixture, NULL);
  assert_pings ("100.64.0.11");
  first = ls_tunnel_copy (fixture->tunnel);
  ls_key_generate_wireguard (&fixture->tunnel->private_key, &public_key);
  fixture->tunnel->listen_port = 51999;
  fixture->tunnel->mtu = 1300;
  for (guint i = 0; i < G_N_ELEMENTS (devices); i++)
    set_up_device (&devices[i], &public_key);
  g_assert_true (apply (fixture, first));
  assert_pings ("100.64.0.11");
  mtu = capture ("cat /sys/class/net/" INTERFACE "/mtu; wg show " INTERFACE " listen-port");
  g_assert_cmpstr (mtu, ==, "1300\n51999");
  g_assert_false (apply (fixture, fixture->tunnel));
  g_assert_cmpstr (fixture->told->str, ==, "");
}

static void
test_foreign_interface (Fixture *fixture, gconstpointer data)
{
  const char *kinds[] = { "dummy", "wireguard" };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *command = g_strdup_printf ("ip link add " INTERFACE " type %s", kinds[i]);
      g_autoptr (GError) error = NULL;
      LsHelperApplied applied;

      run (command);
      g_assert_false (try_apply (fixture, NULL, &applied, &error));
      g_assert_error (error, LS_ERROR, LS_ERROR_CONFLICT);
      remove_tunnel (fixture);
      run ("ip link show " INTERFACE);
      run ("ip link delete " INTERFACE);
    }
}

static void
test_deleted_by_others (Fixture *fixture, gconstpointer data)
{
  apply (fixture, NULL);
  run ("ip link delete " INTERFACE);
  wait_told (fixture, "down by-someone-else");
  remove_tunnel (fixture);
  assert_nothing_left ();
  apply (fixture, NULL);
  assert_pings ("100.64.0.11");
}

static gboolean
mend (Fixture *fixture)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  LsHelperApplied applied = { 0 };

  ls_helper_backend_mend (fixture->backend, NAME, INTERFACE, fixture->tunnel, NULL, store_result_cb,
                          &result);
  ls_helper_backend_apply_finish (fixture->backend, await (&result), &applied, &error);
  g_assert_no_error (error);
  return applied.changed;
}

/* What others take from the interface, the table or the rules is put back. */
static void
test_mended (Fixture *fixture, gconstpointer data)
{
  static const char *const deeds[] = {
    "ip addr del 100.64.0.1/32 dev " INTERFACE,
    "ip addr flush dev " INTERFACE,
    "ip route flush table 27763",
    "ip -6 route flush table 27763",
    "ip rule del priority 5280",
    "ip -6 rule del priority 5280",
  };

  g_assert_true (apply (fixture, NULL));
  assert_pings ("100.64.0.11");
  assert_pings ("fd00:6c73::12");
  g_assert_false (mend (fixture));
  for (guint i = 0; i < G_N_ELEMENTS (deeds); i++)
    {
      gint64 end = g_get_monotonic_time () + LS_HELPER_MEND_SETTLE_MS * 1000;

      g_test_message ("%s", deeds[i]);
      run (deeds[i]);
      while (g_get_monotonic_time () < end)
        iterate ();
      g_assert_true (mend (fixture));
      /* NetworkManager answers before it has written what it is told. */
      wait_for_command ("ping -c1 -W1 100.64.0.11 >/dev/null");
      wait_for_command ("ping -c1 -W1 fd00:6c73::12 >/dev/null");
      g_assert_false (mend (fixture));
    }
  g_assert_cmpstr (fixture->told->str, ==, "");
}

/* The same where NetworkManager is in between: it takes its time, and what it is just doing itself
 * is waited for. */
static void
test_nm_mended (Fixture *fixture, gconstpointer data)
{
  static const char *const deeds[] = {
    ("ip addr flush dev " INTERFACE),
    "ip route flush table 27763",
    "ip rule del priority 5280",
  };
  const char *pings
      = "ping -c1 -W1 100.64.0.11 >/dev/null && ping -c1 -W1 fd00:6c73::12 >/dev/null";

  apply (fixture, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (deeds); i++)
    {
      gint64 deadline = g_get_monotonic_time () + WAIT_SECONDS * G_USEC_PER_SEC;

      wait_for_command (pings);
      mend (fixture);
      g_test_message ("%s", deeds[i]);
      run (deeds[i]);
      while (mend (fixture), !run_quietly (pings, NULL))
        g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    }
}

/* Who sets the interface down means it. */
static void
test_not_mended (Fixture *fixture, gconstpointer data)
{
  g_assert_true (apply (fixture, NULL));
  run ("ip link set " INTERFACE " down");
  g_assert_false (mend (fixture));
  wait_told (fixture, "down by-someone-else");
  run ("! ip link show up dev " INTERFACE " | grep " INTERFACE);
}

static void
test_adopted (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GSubprocess) ping = NULL;
  g_autoptr (GError) error = NULL;

  apply (fixture, NULL);
  assert_pings ("100.64.0.11");
  ping = start_pings ("100.64.0.11");
  g_assert_finalize_object (fixture->backend);
  {
    g_autoptr (LsHelperWg) wg = ls_helper_wg_new (NULL);
    g_autoptr (LsHelperRoute) route = ls_helper_route_new (NULL);
    g_assert_true (ls_helper_route_watch_links (route, NULL));
    fixture->backend = GPOINTER_TO_INT (data) == LS_BACKEND_KERNEL
                           ? ls_helper_kernel_backend_new (route, wg)
                           : ls_helper_nm_backend_new (route, wg);
  }
  g_signal_connect (fixture->backend, "tunnel-changed", G_CALLBACK (changed_cb), fixture);
  ls_helper_backend_adopt (fixture->backend, NAME, INTERFACE, fixture->tunnel, NULL, NULL,
                           store_result_cb, &result);
  ls_helper_backend_adopt_finish (fixture->backend, await (&result), &error);
  g_assert_no_error (error);
  g_assert_false (apply (fixture, fixture->tunnel));
  assert_no_ping_lost (ping);
  run ("ip link delete " INTERFACE);
  wait_told (fixture, "down by-someone-else");
}

/* More peers than fit in one message, and one with very many allowed IPs. */
static void
test_many_peers (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GArray) peers = NULL;
  gint64 start = g_get_monotonic_time ();

  for (guint i = fixture->tunnel->peers->len; i < MANY_PEERS; i++)
    {
      LsKey public_key = { { 0 } };
      LsTunnelPeer *peer;

      memcpy (public_key.bytes, &i, sizeof i);
      public_key.bytes[20] = 9;
      peer = ls_tunnel_peer_new (&public_key);
      for (guint n = 0; n < (i == 100 ? 256 : 2); n++)
        {
          g_autofree char *text = g_strdup_printf ("fd00:%x:%x::/64", i, n);
          LsPrefix prefix;
          g_assert_true (ls_prefix_parse (text, &prefix, NULL));
          ls_tunnel_peer_add_allowed_ip (peer, &prefix);
        }
      g_ptr_array_add (fixture->tunnel->peers, peer);
    }
  g_assert_true (apply (fixture, NULL));
  g_test_message ("applied after %.1f s", (g_get_monotonic_time () - start) / 1e6);
  g_assert_false (apply (fixture, fixture->tunnel));
  peers = statistics (fixture);
  g_assert_cmpuint (peers->len, ==, MANY_PEERS);
  g_test_message ("read back after %.1f s", (g_get_monotonic_time () - start) / 1e6);
  assert_pings ("100.64.0.11");
}

/* Tests of NetworkManager */

static void
test_nm_visible (Fixture *fixture, gconstpointer data)
{
  g_autofree char *text = NULL;

  apply (fixture, NULL);
  text = capture ("nmcli -g connection.autoconnect,connection.interface-name,wireguard.peer-routes,"
                  "ipv4.method connection show 'Lightscale (home)'; nmcli -t -f NAME,TYPE,STATE "
                  "connection show --active | grep Lightscale; ls "
                  "/etc/NetworkManager/system-connections");
  g_assert_cmpstr (text, ==, "no\nls-home\nno\nmanual\nLightscale (home):wireguard:activated");
}

static void
test_nm_switched_off (Fixture *fixture, gconstpointer data)
{
  apply (fixture, NULL);
  assert_pings ("100.64.0.11");
  run ("nmcli connection down 'Lightscale (home)' >/dev/null");
  wait_told (fixture, "down by-someone-else");
}

/* An apply at that moment does not switch it on again. */
static void
test_nm_switched_off_amid_apply (Fixture *fixture, gconstpointer data)
{
  g_autoptr (LsTunnel) other = ls_tunnel_copy (fixture->tunnel);
  g_autoptr (GError) error = NULL;
  LsHelperApplied applied;

  apply (fixture, NULL);
  run ("nmcli connection down 'Lightscale (home)' >/dev/null");
  fixture->tunnel->mtu -= 20;
  g_assert_false (try_apply (fixture, other, &applied, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_WRONG_STATE);
  wait_told (fixture, "down by-someone-else");
  wait_for_command ("! ip link show " INTERFACE);
}

static void
test_nm_profile_deleted (Fixture *fixture, gconstpointer data)
{
  apply (fixture, NULL);
  run ("nmcli connection delete 'Lightscale (home)' >/dev/null");
  wait_told (fixture, "down by-someone-else");
}

/* NetworkManager writes its own, empty list of peers: ours are put back. */
static void
test_nm_activated_again (Fixture *fixture, gconstpointer data)
{
  apply (fixture, NULL);
  assert_pings ("100.64.0.11");
  run ("nmcli connection up 'Lightscale (home)' >/dev/null");
  wait_told (fixture, "up repaired");
  assert_pings ("100.64.0.11");
  assert_pings ("100.64.0.12");
  g_assert_null (strstr (fixture->told->str, "down"));
}

static void
test_nm_drift (Fixture *fixture, gconstpointer data)
{
  apply (fixture, NULL);
  assert_pings ("100.64.0.11");
  run ("nmcli device modify " INTERFACE " ipv4.routes '203.0.113.0/24' >/dev/null");
  wait_told (fixture, "up repaired");
  assert_pings ("100.64.0.11");
  wait_for_command ("! ip route get 203.0.113.1 | grep " INTERFACE);
}

static void
test_nm_crash (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GSubprocess) ping = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *count = NULL;

  apply (fixture, NULL);
  assert_pings ("100.64.0.11");
  ping = start_pings ("100.64.0.11");
  kill_manager ();
  g_assert_false (apply (fixture, fixture->tunnel));
  start_manager ();
  wait_for_command ("nmcli -t -f NAME,STATE connection show --active | grep -q "
                    "'Lightscale (home):activated'");
  for (guint i = 0; i < 4000; i++)
    iterate ();
  assert_no_ping_lost (ping);
  count = capture ("nmcli -t -f TYPE connection show | grep -c wireguard");
  g_assert_cmpstr (count, ==, "1");
  g_assert_null (strstr (fixture->told->str, "down"));
  run ("nmcli connection down 'Lightscale (home)' >/dev/null");
  wait_told (fixture, "down by-someone-else");
}

static void
test_nm_not_running (Fixture *fixture, gconstpointer data)
{
  gint64 deadline = g_get_monotonic_time () + WAIT_SECONDS * G_USEC_PER_SEC;
  g_autoptr (GError) error = NULL;

  apply (fixture, NULL);
  kill_manager ();
  while (try_available (fixture->backend, &error))
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
  g_assert_error (error, LS_ERROR, LS_ERROR_NOT_SUPPORTED);
  remove_tunnel (fixture);
  g_assert_false (run_quietly ("ip link show " INTERFACE, NULL));
  start_manager ();
  wait_for_command ("! nmcli -t -f TYPE connection show | grep -q wireguard");
}

/* Another profile takes our interface: it is not ours any more, and stays. */
static void
test_nm_taken (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  LsHelperApplied applied;

  apply (fixture, NULL);
  run ("umask 077; printf '[connection]\\nid=taker\\ntype=wireguard\\ninterface-name=" INTERFACE
       "\\nautoconnect=false\\n[wireguard]\\nprivate-key=%s\\n[ipv4]\\nmethod=manual\\n"
       "address1=10.77.0.1/32\\n[ipv6]\\nmethod=disabled\\n' \"$(wg genkey)\" "
       ">/etc/NetworkManager/system-connections/taker.nmconnection");
  run ("nmcli connection load /etc/NetworkManager/system-connections/taker.nmconnection && "
       "nmcli connection up taker >/dev/null");
  wait_told (fixture, "down by-someone-else");
  remove_tunnel (fixture);
  g_assert_false (try_apply (fixture, NULL, &applied, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_CONFLICT);
  run ("ip addr show dev " INTERFACE " | grep -q 10.77.0.1");
  run ("nmcli connection delete taker >/dev/null");
  wait_for_command ("! ip link show " INTERFACE);
}

static void
add (const char *path, LsBackendKind kind, void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, GINT_TO_POINTER (kind), set_up_backend, test, tear_down);
}

int
main (int argc, char **argv)
{
  const LsBackendKind kernel = LS_BACKEND_KERNEL;
  const LsBackendKind nm = LS_BACKEND_NETWORK_MANAGER;
  int status;

  g_test_init (&argc, &argv, NULL);
  add ("/kernel/life", kernel, test_life);
  add ("/kernel/peers", kernel, test_peers);
  add ("/kernel/routes", kernel, test_routes);
  add ("/kernel/device", kernel, test_device);
  add ("/kernel/foreign-interface", kernel, test_foreign_interface);
  add ("/kernel/deleted-by-others", kernel, test_deleted_by_others);
  add ("/kernel/mended", kernel, test_mended);
  add ("/kernel/not-mended", kernel, test_not_mended);
  add ("/kernel/adopted", kernel, test_adopted);
  add ("/kernel/many-peers", kernel, test_many_peers);
  add ("/nm/life", nm, test_life);
  add ("/nm/visible", nm, test_nm_visible);
  add ("/nm/peers", nm, test_peers);
  add ("/nm/routes", nm, test_routes);
  add ("/nm/device", nm, test_device);
  add ("/nm/foreign-interface", nm, test_foreign_interface);
  add ("/nm/deleted-by-others", nm, test_deleted_by_others);
  add ("/nm/mended", nm, test_nm_mended);
  add ("/nm/adopted", nm, test_adopted);
  add ("/nm/switched-off", nm, test_nm_switched_off);
  add ("/nm/switched-off-amid-apply", nm, test_nm_switched_off_amid_apply);
  add ("/nm/profile-deleted", nm, test_nm_profile_deleted);
  add ("/nm/activated-again", nm, test_nm_activated_again);
  add ("/nm/drift", nm, test_nm_drift);
  add ("/nm/crash", nm, test_nm_crash);
  add ("/nm/not-running", nm, test_nm_not_running);
  add ("/nm/taken", nm, test_nm_taken);
  status = g_test_run ();
  if (manager != NULL)
    kill_manager ();
  return status;
}
