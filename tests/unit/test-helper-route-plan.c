/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "ls-helper-route-operation.h"
#include "ls-helper-route-plan.h"

#define INDEX 7

static LsPrefix
prefix (const char *text)
{
  LsPrefix value;

  g_assert_true (ls_prefix_parse_interface (text, &value, NULL));
  return value;
}

static GArray *
prefixes (const char *list)
{
  GArray *array = g_array_new (FALSE, TRUE, sizeof (LsPrefix));
  g_auto (GStrv) texts = g_strsplit (list, " ", -1);

  for (guint i = 0; texts[i] != NULL && *texts[i] != '\0'; i++)
    {
      LsPrefix value = prefix (texts[i]);
      g_array_append_val (array, value);
    }
  return array;
}

static LsHelperLink *
new_link (guint mtu, gboolean up)
{
  LsHelperLink *link = g_new0 (LsHelperLink, 1);

  link->index = INDEX;
  link->name = g_strdup ("ls-home");
  link->kind = g_strdup ("tun");
  link->alias = ls_helper_route_alias_for ("home");
  link->mtu = mtu;
  link->up = up;
  return link;
}

static void
add_route (LsHelperRouteState *state, const char *text, int index, guint8 protocol)
{
  LsHelperTableRoute route = { .destination = prefix (text), .index = index, .protocol = protocol };
  g_array_append_val (state->routes, route);
}

static void
add_address (LsHelperRouteState *state, const char *text)
{
  LsHelperAddress address = { .index = INDEX, .address = prefix (text) };
  address.link_local = ls_address_is_link_local (&address.address.address);
  g_array_append_val (state->addresses, address);
}

/* The messages as text: "+route 10.0.0.0/8". */
static char *
describe (GPtrArray *messages)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < messages->len; i++)
    {
      const struct nlmsghdr *header = g_ptr_array_index (messages, i);
      LsHelperAddress address;
      LsHelperTableRoute route;
      g_autofree char *detail = NULL;

      if (ls_helper_route_message_parse_address (header, &address))
        {
          g_assert_cmpint (address.index, ==, INDEX);
          detail = ls_prefix_to_text (&address.address);
        }
      else if (ls_helper_route_message_parse_route (header, &route))
        {
          g_assert_cmpint (route.index, ==, INDEX);
          g_assert_cmpint (route.protocol, ==, LS_HELPER_ROUTE_PROTOCOL);
          detail = ls_prefix_to_text (&route.destination);
        }
      else if (ls_helper_route_message_parse_rule (header, AF_INET) == LS_HELPER_RULE_OURS)
        detail = g_strdup ("4");
      else if (ls_helper_route_message_parse_rule (header, AF_INET6) == LS_HELPER_RULE_OURS)
        detail = g_strdup ("6");
      const char *verb = "?";
      switch (header->nlmsg_type)
        {
        case RTM_NEWADDR:
          verb = "+address";
          break;
        case RTM_DELADDR:
          verb = "-address";
          break;
        case RTM_NEWROUTE:
          verb = "+route";
          break;
        case RTM_DELROUTE:
          verb = "-route";
          break;
        case RTM_NEWRULE:
          verb = "+rule";
          break;
        case RTM_DELRULE:
          verb = "-rule";
          break;
        case RTM_NEWLINK:
          verb = "link";
          break;
        case RTM_DELLINK:
          verb = "-link";
          break;
        default:
          break;
        }
      g_string_append_printf (text, "%s%s%s%s", text->len > 0 ? ", " : "", verb,
                              detail != NULL ? " " : "", detail != NULL ? detail : "");
    }
  return g_string_free (text, FALSE);
}

static void
check_apply (LsHelperRouteState *state, guint mtu, const char *addresses, const char *routes,
             const char *expected)
{
  g_autoptr (GArray) a = prefixes (addresses);
  g_autoptr (GArray) r = prefixes (routes);
  g_autoptr (GPtrArray) messages = ls_helper_route_plan_apply (state, mtu, a, r);
  g_autofree char *text = describe (messages);

  g_assert_cmpstr (text, ==, expected);
}

static void
check_remove (LsHelperRouteState *state, gboolean delete_link, const char *expected)
{
  g_autoptr (GPtrArray) messages = ls_helper_route_plan_remove (state, delete_link);
  g_autofree char *text = describe (messages);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_new (void)
{
  LsHelperRouteState state;

  ls_helper_route_state_init (&state);
  state.link = new_link (1420, FALSE);
  check_apply (&state, 1280, "100.64.0.2/32 fd00::2/128", "100.64.0.0/24 fd00::/64",
               "link, +address 100.64.0.2/32, +address fd00::2/128, link, "
               "+route 100.64.0.0/24, +route fd00::/64, +rule 4, +rule 6");
  state.no_ipv6 = TRUE;
  check_apply (&state, 1420, "100.64.0.2/32 fd00::2/128", "100.64.0.0/24 fd00::/64",
               "+address 100.64.0.2/32, link, +route 100.64.0.0/24, +rule 4");
  ls_helper_route_state_clear (&state);
}

static void
test_fewest (void)
{
  LsHelperRouteState state;

  ls_helper_route_state_init (&state);
  state.link = new_link (1280, TRUE);
  add_address (&state, "100.64.0.2/32");
  add_address (&state, "fe80::1/64");
  add_route (&state, "100.64.0.0/24", INDEX, LS_HELPER_ROUTE_PROTOCOL);
  add_route (&state, "10.0.0.0/8", INDEX, LS_HELPER_ROUTE_PROTOCOL);
  add_route (&state, "10.9.0.0/16", INDEX, RTPROT_STATIC);
  add_route (&state, "10.8.0.0/16", INDEX + 1, LS_HELPER_ROUTE_PROTOCOL);
  ls_helper_route_state_add_rule (&state, AF_INET, LS_HELPER_RULE_OURS);
  ls_helper_route_state_add_rule (&state, AF_INET6, LS_HELPER_RULE_EQUAL);

  check_apply (&state, 1280, "100.64.0.2/32", "100.64.0.0/24 10.0.0.0/8", "");
  check_apply (&state, 1280, "100.64.0.3/32", "100.64.0.0/24 10.1.0.0/16",
               "+address 100.64.0.3/32, +route 10.1.0.0/16, -route 10.0.0.0/8, "
               "-address 100.64.0.2/32");
  /* What is somebody else's keeps the rules. */
  check_remove (&state, FALSE, "-route 100.64.0.0/24, -route 10.0.0.0/8");
  check_remove (&state, TRUE, "-route 100.64.0.0/24, -route 10.0.0.0/8, -link");
  g_array_set_size (state.routes, 2);
  /* A rule that NetworkManager made for the link goes with it ("-rule": not of our protocol). */
  check_remove (&state, FALSE, "-route 100.64.0.0/24, -route 10.0.0.0/8, -rule 4");
  check_remove (&state, TRUE, "-route 100.64.0.0/24, -route 10.0.0.0/8, -link, -rule 4, -rule");
  ls_helper_route_state_clear (&state);
}

static void
check_mend (const LsHelperRouteState *state, const char *addresses, const char *routes,
            const char *expected, gboolean complete)
{
  g_autoptr (GArray) address_array = prefixes (addresses);
  g_autoptr (GArray) route_array = prefixes (routes);
  g_autoptr (GPtrArray) messages = ls_helper_route_plan_mend (state, address_array, route_array);
  g_autofree char *text = describe (messages);

  g_assert_cmpstr (text, ==, expected);
  g_assert_cmpint (ls_helper_route_state_has (state, address_array, route_array), ==, complete);
}

static void
test_mend (void)
{
  LsHelperRouteState state;

  ls_helper_route_state_init (&state);
  check_mend (&state, "100.64.0.2/32", "100.64.0.0/24", "", TRUE);
  state.link = new_link (1280, FALSE);
  check_mend (&state, "100.64.0.2/32", "100.64.0.0/24", "", TRUE);
  state.link->up = TRUE;
  check_mend (
      &state, "100.64.0.2/32 fd00::2/128", "100.64.0.0/24",
      "+address 100.64.0.2/32, +address fd00::2/128, +route 100.64.0.0/24, +rule 4, +rule 6",
      FALSE);
  state.no_ipv6 = TRUE;
  check_mend (&state, "100.64.0.2/32 fd00::2/128", "100.64.0.0/24",
              "+address 100.64.0.2/32, +route 100.64.0.0/24, +rule 4", FALSE);
  state.no_ipv6 = FALSE;
  /* What others added stays, and NetworkManager's route is as good as ours where it is to be. */
  add_address (&state, "100.64.0.2/32");
  add_address (&state, "100.64.0.77/32");
  add_route (&state, "10.1.0.0/16", INDEX, LS_HELPER_ROUTE_PROTOCOL);
  add_route (&state, "100.64.0.0/24", INDEX, RTPROT_STATIC);
  add_route (&state, "10.2.0.0/16", INDEX + 1, LS_HELPER_ROUTE_PROTOCOL);
  ls_helper_route_state_add_rule (&state, AF_INET, LS_HELPER_RULE_OURS);
  ls_helper_route_state_add_rule (&state, AF_INET6, LS_HELPER_RULE_EQUAL);
  check_mend (&state, "100.64.0.2/32", "100.64.0.0/24", "+route 100.64.0.0/24", TRUE);
  check_mend (&state, "100.64.0.2/32", "10.2.0.0/16", "+route 10.2.0.0/16", FALSE);
  /* Somebody else's link of our name. */
  g_free (state.link->alias);
  state.link->alias = g_strdup ("");
  check_mend (&state, "100.64.0.9/32", "10.9.0.0/16", "", TRUE);
  ls_helper_route_state_clear (&state);
}

/* No link: nothing can be missing, nothing is written, and it comes to an end. */
static void
test_operation_without_link (void)
{
  g_autoptr (GArray) addresses = prefixes ("100.64.0.2/32");
  g_autoptr (GArray) routes = prefixes ("100.64.0.0/24");
  g_autoptr (GPtrArray) nothing = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  LsHelperRouteOperation *operation
      = ls_helper_route_operation_new (LS_HELPER_ROUTE_OPERATION_CHECK, "ls-home", FALSE);

  ls_helper_route_operation_want (operation, 0, addresses, routes);
  g_assert_false (ls_helper_route_operation_is_complete (operation));
  while (ls_helper_route_operation_next (operation, &error) != NULL)
    g_assert_true (ls_helper_route_operation_take (operation, nothing, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (ls_helper_route_operation_is_complete (operation));
  g_assert_false (ls_helper_route_operation_has_changed (operation));
  ls_helper_route_operation_free (operation);
}

static void
test_rules (void)
{
  LsHelperRouteState state;

  ls_helper_route_state_init (&state);
  check_remove (&state, TRUE, "");
  ls_helper_route_state_add_rule (&state, AF_INET, LS_HELPER_RULE_IN_THE_WAY);
  ls_helper_route_state_add_rule (&state, AF_INET, LS_HELPER_RULE_OTHER);
  g_assert_cmpint (state.rules[0], ==, LS_HELPER_RULE_IN_THE_WAY);
  ls_helper_route_state_add_rule (&state, AF_INET, LS_HELPER_RULE_EQUAL);
  g_assert_cmpint (state.rules[0], ==, LS_HELPER_RULE_EQUAL);
  ls_helper_route_state_add_rule (&state, AF_INET, LS_HELPER_RULE_OURS);
  ls_helper_route_state_add_rule (&state, AF_INET, LS_HELPER_RULE_EQUAL);
  g_assert_cmpint (state.rules[0], ==, LS_HELPER_RULE_OURS);

  g_autoptr (GPtrArray) wanted = ls_helper_route_plan_rules (&state, TRUE);
  g_autofree char *wanted_text = describe (wanted);
  g_assert_cmpstr (wanted_text, ==, "+rule 6");
  g_autoptr (GPtrArray) unwanted = ls_helper_route_plan_rules (&state, FALSE);
  g_autofree char *unwanted_text = describe (unwanted);
  g_assert_cmpstr (unwanted_text, ==, "-rule 4");
  add_route (&state, "10.0.0.0/8", 9, RTPROT_STATIC);
  g_autoptr (GPtrArray) needed = ls_helper_route_plan_rules (&state, FALSE);
  g_autofree char *needed_text = describe (needed);
  g_assert_cmpstr (needed_text, ==, "+rule 6");
  ls_helper_route_state_clear (&state);
}

/* Messages that are cut anywhere are not read beyond their end. */
static void
test_cut (void)
{
  LsPrefix route = prefix ("10.0.0.0/8");
  g_autofree struct nlmsghdr *whole = ls_helper_route_message_add_route (INDEX, &route);

  for (guint32 size = sizeof *whole; size < whole->nlmsg_len; size++)
    {
      g_autofree struct nlmsghdr *cut = g_memdup2 (whole, size);
      LsHelperTableRoute out;
      LsHelperAddress address;

      cut->nlmsg_len = size;
      (void)ls_helper_route_message_parse_route (cut, &out);
      cut->nlmsg_type = RTM_NEWADDR;
      (void)ls_helper_route_message_parse_address (cut, &address);
      cut->nlmsg_type = RTM_NEWRULE;
      (void)ls_helper_route_message_parse_rule (cut, AF_INET);
      cut->nlmsg_type = RTM_NEWLINK;
      g_autoptr (LsHelperLink) link = ls_helper_route_message_parse_link (cut);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/helper-route-plan/new", test_new);
  g_test_add_func ("/helper-route-plan/fewest", test_fewest);
  g_test_add_func ("/helper-route-plan/mend", test_mend);
  g_test_add_func ("/helper-route-plan/operation-without-link", test_operation_without_link);
  g_test_add_func ("/helper-route-plan/rules", test_rules);
  g_test_add_func ("/helper-route-plan/cut", test_cut);
  return g_test_run ();
}
