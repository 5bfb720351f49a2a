/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>

#include "ls-agent-local.h"
#include "ls-agent-port.h"

/* What the agent knows of this machine's networks, in a network namespace of the test's own. */

static void
ip (const char *arguments)
{
  g_autofree char *command = g_strconcat ("ip ", arguments, NULL);
  g_autoptr (GError) error = NULL;
  int status = -1;

  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, &status, &error));
  g_assert_no_error (error);
  g_assert_true (g_spawn_check_wait_status (status, &error));
}

static const char *
find (const LsAgentPrefixSet *set, const char *text)
{
  LsAddress address;

  g_assert_true (ls_address_parse (text, &address, NULL));
  return ls_agent_prefix_set_find_address (set, &address);
}

static LsAgentPrefixSet *
networks (LsAgentLocal *local)
{
  LsAgentPrefixSet *set = ls_agent_prefix_set_new ();

  ls_agent_local_add_networks (local, set);
  return set;
}

static gboolean
too_late_cb (gpointer user_data)
{
  g_error ("no change was told");
  return G_SOURCE_REMOVE;
}

static void
changed_cb (gboolean *told)
{
  *told = TRUE;
}

/* Runs the loop until the change is told. */
static void
wait_for_change (LsAgentLocal *local)
{
  gboolean told = FALSE;
  guint late = g_timeout_add_seconds (30, too_late_cb, NULL);
  gulong handler = g_signal_connect_swapped (local, "changed", G_CALLBACK (changed_cb), &told);

  while (!told)
    g_main_context_iteration (NULL, TRUE);
  g_signal_handler_disconnect (local, handler);
  g_source_remove (late);
}

static void
test_networks (void)
{
  g_autoptr (LsAgentLocal) local = NULL;
  g_autoptr (LsAgentPrefixSet) set = NULL;
  g_autoptr (LsAgentPrefixSet) own = ls_agent_prefix_set_new ();
  g_auto (GStrv) endpoints = NULL;

  ip ("link add lan0 type veth peer name lan1");
  ip ("link set lan1 up");
  ip ("address add 192.0.2.5/24 dev lan0");
  ip ("address add 2001:db8:5::5/64 dev lan0 nodad");
  ip ("link set lan0 up");
  ip ("route add 198.51.100.0/24 via 192.0.2.1");
  ip ("route add default via 192.0.2.254");
  /* One of our own tunnels: what is on it is not a local network. */
  ip ("link add ls-home type veth peer name ls-end");
  ip ("link set ls-end up");
  ip ("address add 100.64.7.1/32 dev ls-home");
  ip ("link set ls-home up");
  ip ("route add 100.64.7.0/24 dev ls-home");
  local = ls_agent_local_new ();
  set = networks (local);
  g_assert_cmpstr (find (set, "192.0.2.77"), ==, "your network 192.0.2.0/24");
  g_assert_cmpstr (find (set, "198.51.100.9"), ==, "your network 198.51.100.0/24");
  g_assert_nonnull (find (set, "192.0.2.254"));
  g_assert_nonnull (find (set, "2001:db8:5::1"));
  g_assert_null (find (set, "100.64.7.1"));
  g_assert_null (find (set, "100.64.7.9"));
  g_assert_null (find (set, "8.8.8.8"));
  ls_agent_local_add_addresses (local, own);
  g_assert_nonnull (find (own, "192.0.2.5"));
  g_assert_null (find (own, "192.0.2.6"));
  g_assert_null (find (own, "100.64.7.1"));
  endpoints = ls_agent_local_dup_endpoints (local, 51820);
  g_assert_cmpuint (g_strv_length (endpoints), ==, 2);
  g_assert_true (g_strv_contains ((const char *const *)endpoints, "192.0.2.5:51820"));
  g_assert_true (g_strv_contains ((const char *const *)endpoints, "[2001:db8:5::5]:51820"));

  /* A network that comes is told; it can be planned around. */
  ip ("address add 10.20.0.1/16 dev lan0");
  wait_for_change (local);
  g_clear_pointer (&set, ls_agent_prefix_set_free);
  set = networks (local);
  g_assert_cmpstr (find (set, "10.20.30.40"), ==, "your network 10.20.0.0/16");
  ip ("link delete lan0");
  wait_for_change (local);
  g_clear_pointer (&set, ls_agent_prefix_set_free);
  set = networks (local);
  g_assert_null (find (set, "10.20.30.40"));
  g_assert_null (find (set, "192.0.2.77"));
}

static void
test_port (void)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons (51820) };
  g_autoptr (GArray) taken = g_array_new (FALSE, FALSE, sizeof (guint16));
  guint16 next = 51821;
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

  g_assert_true (ls_agent_port_is_free (51820));
  g_assert_cmpuint (ls_agent_port_choose (51820, taken), ==, 51820);
  g_assert_cmpint (bind (fd, (struct sockaddr *)&address, sizeof address), ==, 0);
  g_assert_false (ls_agent_port_is_free (51820));
  g_assert_cmpuint (ls_agent_port_choose (51820, taken), ==, 51821);
  g_array_append_val (taken, next);
  g_assert_cmpuint (ls_agent_port_choose (51820, taken), ==, 51822);
  g_assert_cmpuint (ls_agent_port_choose (65535, taken), ==, 65535);
  close (fd);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* The machine's own network is not touched. */
  if (unshare (CLONE_NEWNET) != 0)
    g_error ("no network namespace: %s", g_strerror (errno));
  ip ("link set lo up");
  g_test_add_func ("/agent/local/networks", test_networks);
  g_test_add_func ("/agent/port", test_port);
  return g_test_run ();
}
