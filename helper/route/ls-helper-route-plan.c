/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ls-helper-route-plan.h"

#include <linux/rtnetlink.h>

#include <sys/socket.h>

static const int families[] = { AF_INET, AF_INET6 };

void
ls_helper_route_state_init (LsHelperRouteState *state)
{
  *state = (LsHelperRouteState){
    .addresses = g_array_new (FALSE, TRUE, sizeof (LsHelperAddress)),
    .routes = g_array_new (FALSE, TRUE, sizeof (LsHelperTableRoute)),
    .rules = { LS_HELPER_RULE_OTHER, LS_HELPER_RULE_OTHER },
  };
}

void
ls_helper_route_state_clear (LsHelperRouteState *state)
{
  g_clear_pointer (&state->link, ls_helper_link_free);
  g_clear_pointer (&state->addresses, g_array_unref);
  g_clear_pointer (&state->routes, g_array_unref);
}

void
ls_helper_route_state_add_rule (LsHelperRouteState *state, int family, LsHelperRuleKind kind)
{
  LsHelperRuleKind *known = &state->rules[LS_HELPER_FAMILY_INDEX (family)];

  if (*known == LS_HELPER_RULE_OTHER || kind == LS_HELPER_RULE_OURS
      || (kind == LS_HELPER_RULE_EQUAL && *known == LS_HELPER_RULE_IN_THE_WAY))
    *known = kind;
}

static gboolean
usable_family (const LsHelperRouteState *state, int family)
{
  return family != AF_INET6 || !state->no_ipv6;
}

/* A set of the LsPrefix in @prefixes, borrowed. */
static GHashTable *
prefix_set (const GArray *prefixes)
{
  GHashTable *set = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < prefixes->len; i++)
    g_hash_table_add (set, ls_prefix_to_text (&g_array_index (prefixes, LsPrefix, i)));
  return set;
}

static gboolean
set_contains (GHashTable *set, const LsPrefix *prefix)
{
  g_autofree char *text = ls_prefix_to_text (prefix);
  return g_hash_table_contains (set, text);
}

static gboolean
is_our_route (const LsHelperRouteState *state, const LsHelperTableRoute *route)
{
  return state->link != NULL && route->index == state->link->index
         && route->protocol == LS_HELPER_ROUTE_PROTOCOL;
}

/* The prefixes of the routes of ours over the link. */
static GArray *
our_routes (const LsHelperRouteState *state)
{
  GArray *prefixes = g_array_new (FALSE, TRUE, sizeof (LsPrefix));

  for (guint i = 0; i < state->routes->len; i++)
    {
      const LsHelperTableRoute *route = &g_array_index (state->routes, LsHelperTableRoute, i);
      if (is_our_route (state, route))
        g_array_append_val (prefixes, route->destination);
    }
  return prefixes;
}

static GArray *
our_addresses (const LsHelperRouteState *state)
{
  GArray *prefixes = g_array_new (FALSE, TRUE, sizeof (LsPrefix));

  for (guint i = 0; i < state->addresses->len; i++)
    {
      const LsHelperAddress *address = &g_array_index (state->addresses, LsHelperAddress, i);
      if (!address->link_local)
        g_array_append_val (prefixes, address->address);
    }
  return prefixes;
}

typedef struct nlmsghdr *(*PrefixMessage) (int index, const LsPrefix *prefix);

/* One message for each of @prefixes that is not in @others. */
static void
add_difference (GPtrArray *messages, const LsHelperRouteState *state, const GArray *prefixes,
                const GArray *others, PrefixMessage message)
{
  g_autoptr (GHashTable) known = prefix_set (others);

  for (guint i = 0; i < prefixes->len; i++)
    {
      const LsPrefix *prefix = &g_array_index (prefixes, LsPrefix, i);
      if (usable_family (state, prefix->address.family) && !set_contains (known, prefix))
        g_ptr_array_add (messages, message (state->link->index, prefix));
    }
}

static void
add_missing_rules (GPtrArray *messages, const LsHelperRouteState *state)
{
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    {
      LsHelperRuleKind kind = state->rules[LS_HELPER_FAMILY_INDEX (families[i])];
      if (usable_family (state, families[i]) && kind != LS_HELPER_RULE_OURS
          && kind != LS_HELPER_RULE_EQUAL)
        g_ptr_array_add (messages, ls_helper_route_message_add_rule (families[i]));
    }
}

static void
delete_our_rules (GPtrArray *messages, const LsHelperRouteState *state)
{
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    if (state->rules[LS_HELPER_FAMILY_INDEX (families[i])] == LS_HELPER_RULE_OURS)
      g_ptr_array_add (messages,
                       ls_helper_route_message_delete_rule (families[i], LS_HELPER_ROUTE_PROTOCOL));
}

GPtrArray *
ls_helper_route_plan_apply (const LsHelperRouteState *state, guint mtu, const GArray *addresses,
                            const GArray *routes)
{
  GPtrArray *messages = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) have_addresses = our_addresses (state);
  g_autoptr (GArray) have_routes = our_routes (state);

  if (state->link->mtu != mtu)
    g_ptr_array_add (messages, ls_helper_route_message_set_mtu (state->link->index, mtu));
  add_difference (messages, state, addresses, have_addresses, ls_helper_route_message_add_address);
  if (!state->link->up)
    g_ptr_array_add (messages, ls_helper_route_message_set_up (state->link->index));
  add_difference (messages, state, routes, have_routes, ls_helper_route_message_add_route);
  add_missing_rules (messages, state);
  add_difference (messages, state, have_routes, routes, ls_helper_route_message_delete_route);
  add_difference (messages, state, have_addresses, addresses,
                  ls_helper_route_message_delete_address);
  return messages;
}

/* SECURITY: a link that somebody else has made by the name of ours gets nothing of ours. */
gboolean
ls_helper_route_state_can_be_mended (const LsHelperRouteState *state)
{
  return state->link != NULL && state->link->up && ls_helper_link_is_ours (state->link);
}

GPtrArray *
ls_helper_route_plan_mend (const LsHelperRouteState *state, const GArray *addresses,
                           const GArray *routes)
{
  GPtrArray *messages = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) have_addresses = our_addresses (state);
  g_autoptr (GArray) have_routes = our_routes (state);

  if (!ls_helper_route_state_can_be_mended (state))
    return messages;
  add_difference (messages, state, addresses, have_addresses, ls_helper_route_message_add_address);
  add_difference (messages, state, routes, have_routes, ls_helper_route_message_add_route);
  add_missing_rules (messages, state);
  return messages;
}

static gboolean
has_all (const LsHelperRouteState *state, const GArray *wanted, const GArray *have)
{
  g_autoptr (GHashTable) known = prefix_set (have);

  for (guint i = 0; i < wanted->len; i++)
    {
      const LsPrefix *prefix = &g_array_index (wanted, LsPrefix, i);
      if (usable_family (state, prefix->address.family) && !set_contains (known, prefix))
        return FALSE;
    }
  return TRUE;
}

gboolean
ls_helper_route_state_has (const LsHelperRouteState *state, const GArray *addresses,
                           const GArray *routes)
{
  g_autoptr (GArray) have_addresses = our_addresses (state);
  g_autoptr (GArray) have_routes = g_array_new (FALSE, TRUE, sizeof (LsPrefix));

  if (!ls_helper_route_state_can_be_mended (state))
    return TRUE;
  for (guint i = 0; i < state->routes->len; i++)
    {
      const LsHelperTableRoute *route = &g_array_index (state->routes, LsHelperTableRoute, i);
      if (route->index == state->link->index)
        g_array_append_val (have_routes, route->destination);
    }
  return has_all (state, addresses, have_addresses) && has_all (state, routes, have_routes);
}

/* The rules that NetworkManager made for a link of ours and cannot take away any more. */
static void
delete_managed_rules (GPtrArray *messages, const LsHelperRouteState *state)
{
  for (guint i = 0; i < G_N_ELEMENTS (families); i++)
    if (state->rules[LS_HELPER_FAMILY_INDEX (families[i])] == LS_HELPER_RULE_EQUAL)
      g_ptr_array_add (messages, ls_helper_route_message_delete_rule (families[i], RTPROT_STATIC));
}

/* Whether the table has a route that is not one of ours over the link, or, if the link goes too
 * (@with_link), a route over another link. */
static gboolean
others_use_table (const LsHelperRouteState *state, gboolean with_link)
{
  for (guint i = 0; i < state->routes->len; i++)
    {
      const LsHelperTableRoute *route = &g_array_index (state->routes, LsHelperTableRoute, i);
      gboolean goes = with_link && route->index == state->link->index;

      if (!goes && !is_our_route (state, route))
        return TRUE;
    }
  return FALSE;
}

GPtrArray *
ls_helper_route_plan_remove (const LsHelperRouteState *state, gboolean delete_link)
{
  GPtrArray *messages = g_ptr_array_new_with_free_func (g_free);
  gboolean with_link = delete_link && state->link != NULL;

  if (state->link != NULL)
    {
      g_autoptr (GArray) nothing = g_array_new (FALSE, TRUE, sizeof (LsPrefix));
      g_autoptr (GArray) have_routes = our_routes (state);

      add_difference (messages, state, have_routes, nothing, ls_helper_route_message_delete_route);
      if (delete_link)
        g_ptr_array_add (messages, ls_helper_route_message_delete_link (state->link->index));
    }
  if (!others_use_table (state, with_link))
    {
      delete_our_rules (messages, state);
      if (with_link)
        delete_managed_rules (messages, state);
    }
  return messages;
}

GPtrArray *
ls_helper_route_plan_rules (const LsHelperRouteState *state, gboolean wanted)
{
  GPtrArray *messages = g_ptr_array_new_with_free_func (g_free);

  if (wanted || state->routes->len > 0)
    add_missing_rules (messages, state);
  else
    delete_our_rules (messages, state);
  return messages;
}
