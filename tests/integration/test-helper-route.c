/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Links, addresses, routes and rules in a network namespace of the test's own. */
#include <sched.h>

#include "ls-error.h"
#include "ls-helper-route.h"

/* A kind of link that every kernel has; the far end gets a name of the kernel's choice. */
#define KIND "veth"

static LsHelperRoute *route;

static void
got_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **)user_data = g_object_ref (result);
}

static GAsyncResult *
wait_for (GAsyncResult **slot)
{
  while (*slot == NULL)
    g_main_context_iteration (NULL, TRUE);
  return g_steal_pointer (slot);
}

static GArray *
prefixes (const char *list)
{
  GArray *array = g_array_new (FALSE, TRUE, sizeof (LsPrefix));
  g_auto (GStrv) texts = g_strsplit (list, " ", -1);

  for (guint i = 0; texts[i] != NULL && *texts[i] != '\0'; i++)
    {
      LsPrefix prefix;
      g_assert_true (ls_prefix_parse_interface (texts[i], &prefix, NULL));
      g_array_append_val (array, prefix);
    }
  return array;
}

static gboolean
add_link (const char *name, const char *kind, GError **error)
{
  GAsyncResult *slot = NULL;
  g_autofree char *alias = ls_helper_route_alias_for (name);

  ls_helper_route_add_link (route, name, kind, alias, NULL, got_cb, &slot);
  g_autoptr (GAsyncResult) result = wait_for (&slot);
  return ls_helper_route_add_link_finish (route, result, error);
}

static gboolean
apply (const char *name, guint mtu, const char *addresses, const char *routes,
       gboolean *out_changed, GError **error)
{
  GAsyncResult *slot = NULL;
  g_autoptr (GArray) a = prefixes (addresses);
  g_autoptr (GArray) r = prefixes (routes);

  ls_helper_route_apply (route, name, mtu, a, r, NULL, got_cb, &slot);
  g_autoptr (GAsyncResult) result = wait_for (&slot);
  return ls_helper_route_apply_finish (route, result, out_changed, error);
}

static void
remove_tunnel (const char *name)
{
  GAsyncResult *slot = NULL;
  g_autoptr (GError) error = NULL;

  ls_helper_route_remove (route, name, TRUE, NULL, got_cb, &slot);
  g_autoptr (GAsyncResult) result = wait_for (&slot);
  ls_helper_route_remove_finish (route, result, &error);
  g_assert_no_error (error);
}

static LsHelperLink *
get_link (const char *name, GError **error)
{
  GAsyncResult *slot = NULL;

  ls_helper_route_get_link (route, name, NULL, got_cb, &slot);
  g_autoptr (GAsyncResult) result = wait_for (&slot);
  return ls_helper_route_get_link_finish (route, result, error);
}

/* What iproute2 says. */
static char *
shell (const char *command)
{
  g_autoptr (GError) error = NULL;
  char *output = NULL;

  g_spawn_sync (NULL, (char *[]){ (char *)"/bin/sh", (char *)"-c", (char *)command, NULL }, NULL,
                G_SPAWN_DEFAULT, NULL, NULL, &output, NULL, NULL, &error);
  g_assert_no_error (error);
  return output;
}

static void
assert_shell (const char *command, const char *expected)
{
  g_autofree char *output = shell (command);
  g_strstrip (output);
  if (g_strcmp0 (output, expected) != 0)
    g_error ("%s\n got: %s\nwant: %s", command, output, expected);
}

#define ROUTES_4 "ip -4 route show table 27763 | cut -d' ' -f1-5"
#define COUNT_RULES "(ip rule; ip -6 rule) | grep -c '5280:.*lookup 27763'"

static void
test_apply (void)
{
  g_autoptr (GError) error = NULL;
  gboolean changed = FALSE;

  g_assert_true (add_link ("ls-one", KIND, &error));
  g_assert_true (apply ("ls-one", 1300, "100.64.0.2/32 fd00::2/128",
                        "100.64.0.0/24 fd00::/64 10.9.0.0/16", &changed, &error));
  g_assert_no_error (error);
  g_assert_true (changed);
  assert_shell (ROUTES_4, "10.9.0.0/16 dev ls-one proto 108\n"
                          "100.64.0.0/24 dev ls-one proto 108");
  assert_shell ("ip -6 route show table 27763 | cut -d' ' -f1-6",
                "fd00::/64 dev ls-one proto 108 metric");
  assert_shell ("ip -o addr show dev ls-one scope global | awk '{print $4}' | sort",
                "100.64.0.2/32\nfd00::2/128");
  assert_shell ("cat /sys/class/net/ls-one/mtu 2>/dev/null || ip -o link show ls-one "
                "| grep -o 'mtu 1300' | cut -c5-",
                "1300");
  assert_shell (COUNT_RULES, "2");

  g_assert_true (apply ("ls-one", 1300, "100.64.0.2/32 fd00::2/128",
                        "100.64.0.0/24 fd00::/64 10.9.0.0/16", &changed, &error));
  g_assert_false (changed);

  g_assert_true (apply ("ls-one", 1300, "100.64.0.3/32", "100.64.0.0/24", &changed, &error));
  g_assert_true (changed);
  assert_shell (ROUTES_4, "100.64.0.0/24 dev ls-one proto 108");
  assert_shell ("ip -6 route show table 27763", "");
  assert_shell ("ip -o addr show dev ls-one scope global | awk '{print $4}'", "100.64.0.3/32");
}

static void
test_two_tunnels (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (add_link ("ls-two", KIND, &error));
  g_assert_false (apply ("ls-two", 1280, "100.64.0.9/32", "100.64.0.0/24", NULL, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_CONFLICT);
  g_clear_error (&error);
  g_assert_true (apply ("ls-two", 1280, "100.65.0.9/32", "100.65.0.0/24", NULL, &error));

  remove_tunnel ("ls-one");
  assert_shell (ROUTES_4, "100.65.0.0/24 dev ls-two proto 108");
  assert_shell (COUNT_RULES, "2");
  remove_tunnel ("ls-two");
  assert_shell (COUNT_RULES, "0");
  assert_shell ("ip -o link | grep -c ls-", "0");
  remove_tunnel ("ls-two");
}

static void
test_mended (void)
{
  g_autoptr (GError) error = NULL;
  gboolean changed = FALSE;

  g_assert_true (add_link ("ls-one", KIND, &error));
  g_assert_true (apply ("ls-one", 1280, "100.64.0.2/32", "100.64.0.0/24", NULL, &error));
  g_free (shell ("ip rule del priority 5280; ip route flush table 27763; "
                 "ip link set ls-one mtu 1400; ip addr add 10.3.3.3/24 dev ls-one"));
  g_assert_true (apply ("ls-one", 1280, "100.64.0.2/32", "100.64.0.0/24", &changed, &error));
  g_assert_no_error (error);
  g_assert_true (changed);
  assert_shell (ROUTES_4, "100.64.0.0/24 dev ls-one proto 108");
  assert_shell (COUNT_RULES, "2");
  assert_shell ("ip -4 -o addr show dev ls-one | awk '{print $4}'", "100.64.0.2/32");
  remove_tunnel ("ls-one");
}

static void
test_others (void)
{
  g_autoptr (GError) error = NULL;

  /* A rule of somebody else at our place. */
  g_free (shell ("ip rule add priority 5280 lookup 99"));
  g_assert_true (add_link ("ls-one", KIND, &error));
  g_assert_false (apply ("ls-one", 1280, "100.64.0.2/32", "100.64.0.0/24", NULL, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_CONFLICT);
  g_clear_error (&error);
  remove_tunnel ("ls-one");
  assert_shell ("ip rule | grep -c 'lookup 99'", "1");
  g_free (shell ("ip rule del priority 5280"));

  /* A route of somebody else in our table stays. */
  g_assert_true (add_link ("ls-one", KIND, &error));
  g_assert_true (apply ("ls-one", 1280, "100.64.0.2/32", "100.64.0.0/24", NULL, &error));
  g_free (shell ("ip link set lo up; ip route add 10.1.0.0/24 dev lo table 27763 proto static"));
  remove_tunnel ("ls-one");
  assert_shell ("ip route show table 27763 | grep -c 10.1.0.0/24", "1");
  g_free (shell ("ip route flush table 27763; ip rule del priority 5280; "
                 "ip -6 rule del priority 5280"));
}

static void
test_links (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (get_link ("ls-one", &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_true (add_link ("ls-one", KIND, &error));
  g_assert_false (add_link ("ls-one", KIND, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_CONFLICT);
  g_clear_error (&error);
  g_assert_false (add_link ("ls-two", "no-such-kind", &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_NOT_SUPPORTED);
  g_clear_error (&error);

  g_autoptr (LsHelperLink) link = get_link ("ls-one", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (link->kind, ==, KIND);
  g_assert_true (ls_helper_link_is_ours (link));
  g_assert_false (link->up);
  remove_tunnel ("ls-one");
}

static void
count_cb (LsHelperRoute *source, const char *interface, gpointer user_data)
{
  if (g_str_equal (interface, "ls-one"))
    (*(int *)user_data)++;
}

static void
test_watch (void)
{
  g_autoptr (GError) error = NULL;
  int removed = 0;

  g_assert_true (ls_helper_route_watch_links (route, &error));
  gulong id = g_signal_connect (route, "link-removed", G_CALLBACK (count_cb), &removed);
  g_assert_true (add_link ("ls-one", KIND, &error));
  g_free (shell ("ip link del ls-one"));
  while (removed == 0)
    g_main_context_iteration (NULL, TRUE);
  g_signal_handler_disconnect (route, id);
}

static void
test_no_ipv6 (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (add_link ("ls-one", KIND, &error));
  g_free (shell ("echo 1 > /proc/sys/net/ipv6/conf/ls-one/disable_ipv6"));
  g_assert_true (
      apply ("ls-one", 1280, "100.64.0.2/32 fd00::2/128", "100.64.0.0/24 fd00::/64", NULL, &error));
  g_assert_no_error (error);
  assert_shell ("ip -4 -o addr show dev ls-one | awk '{print $4}'", "100.64.0.2/32");
  remove_tunnel ("ls-one");
}

static void
test_many_routes (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) list = g_string_new ("10.0.0.0/24");
  gboolean changed = TRUE;

  for (guint i = 1; i < 2000; i++)
    g_string_append_printf (list, " 10.%u.%u.0/24", i / 256, i % 256);
  g_assert_true (add_link ("ls-one", KIND, &error));
  g_assert_true (apply ("ls-one", 1280, "100.64.0.2/32", list->str, NULL, &error));
  g_assert_no_error (error);
  assert_shell ("ip -4 route show table 27763 | wc -l", "2000");
  g_assert_true (apply ("ls-one", 1280, "100.64.0.2/32", list->str, &changed, &error));
  g_assert_false (changed);
  remove_tunnel ("ls-one");
  assert_shell ("ip -4 route show table 27763 2>/dev/null | wc -l", "0");
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;

  g_test_init (&argc, &argv, NULL);
  /* Dies with the process and everything that was made in it. */
  if (unshare (CLONE_NEWNET) != 0)
    g_error ("no network namespace: run as root");
  route = ls_helper_route_new (&error);
  g_assert_no_error (error);

  g_test_add_func ("/helper-route/apply", test_apply);
  g_test_add_func ("/helper-route/two-tunnels", test_two_tunnels);
  g_test_add_func ("/helper-route/mended", test_mended);
  g_test_add_func ("/helper-route/others", test_others);
  g_test_add_func ("/helper-route/links", test_links);
  g_test_add_func ("/helper-route/watch", test_watch);
  g_test_add_func ("/helper-route/no-ipv6", test_no_ipv6);
  g_test_add_func ("/helper-route/many-routes", test_many_routes);
  int status = g_test_run ();
  g_clear_object (&route);
  return status;
}
