/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-helper-authorize.h"

#include <glib/gi18n-lib.h>

#include "ls-error.h"
#include "ls-names.h"

/* Whether @route lies in addresses that no one owns on the internet: private ones (RFC 1918,
 * RFC 4193) and those that are shared (RFC 6598). */
static gboolean
is_private (const LsPrefix *route)
{
  static const char *const texts[]
      = { "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      LsPrefix prefix;

      if (ls_prefix_parse (texts[i], &prefix, NULL) && ls_prefix_contains_prefix (&prefix, route))
        return TRUE;
    }
  return FALSE;
}

static gboolean
has_own_address (const LsTunnel *tunnel, const LsPrefix *route)
{
  for (guint i = 0; i < tunnel->addresses->len; i++)
    if (ls_prefix_contains (route, &g_array_index (tunnel->addresses, LsPrefix, i).address))
      return TRUE;
  return FALSE;
}

/* A route that has an address of ours in it is the overlay's; any other leads to a subnet behind a
 * peer.
 * SECURITY: the caller chooses the addresses: that makes no overlay of public addresses, nor two of
 * one family. */
static gboolean
is_subnet_route (const LsTunnel *tunnel, const LsPrefix *route)
{
  if (!has_own_address (tunnel, route) || !is_private (route))
    return TRUE;
  for (guint i = 0; i < tunnel->routes->len; i++)
    {
      const LsPrefix *other = &g_array_index (tunnel->routes, LsPrefix, i);
      if (other->address.family == route->address.family && !ls_prefix_equal (other, route)
          && has_own_address (tunnel, other))
        return TRUE;
    }
  return FALSE;
}

static gboolean
contains (const GArray *prefixes, const LsPrefix *prefix)
{
  for (guint i = 0; i < prefixes->len; i++)
    if (ls_prefix_equal (&g_array_index (prefixes, LsPrefix, i), prefix))
      return TRUE;
  return FALSE;
}

static gboolean
has_new_subnet_route (const LsTunnel *tunnel, const LsTunnel *granted)
{
  for (guint i = 0; i < tunnel->routes->len; i++)
    {
      const LsPrefix *route = &g_array_index (tunnel->routes, LsPrefix, i);
      if (is_subnet_route (tunnel, route)
          && (granted == NULL || !contains (granted->routes, route)
              || !is_subnet_route (granted, route)))
        return TRUE;
    }
  return FALSE;
}

/* Other addresses of ours or another overlay are a wider lease. */
static gboolean
has_new_addresses (const LsTunnel *tunnel, const LsTunnel *granted)
{
  for (guint i = 0; i < tunnel->addresses->len; i++)
    if (!contains (granted->addresses, &g_array_index (tunnel->addresses, LsPrefix, i)))
      return TRUE;
  for (guint i = 0; i < tunnel->routes->len; i++)
    {
      const LsPrefix *route = &g_array_index (tunnel->routes, LsPrefix, i);
      if (!is_subnet_route (tunnel, route) && !contains (granted->routes, route))
        return TRUE;
    }
  return FALSE;
}

static void
require_for_apply (GStrvBuilder *actions, const LsTunnel *tunnel, const LsHelperTunnelFacts *facts,
                   guint32 uid)
{
  gboolean foreign = facts->exists && facts->uid != uid;
  const LsTunnel *granted = facts->exists && facts->owned_by_caller ? facts->granted : NULL;

  if (foreign)
    g_strv_builder_add (actions, LS_ACTION_MANAGE_OTHERS);
  if (granted == NULL || has_new_addresses (tunnel, granted))
    g_strv_builder_add (actions, LS_ACTION_TUNNEL_CONTROL);
  if (has_new_subnet_route (tunnel, granted))
    g_strv_builder_add (actions, LS_ACTION_TUNNEL_ROUTES);
}

char **
ls_helper_required_actions (LsHelperMethod method, const LsHelperRequest *request,
                            const LsHelperTunnelFacts *facts, guint32 uid, GError **error)
{
  g_autoptr (GStrvBuilder) actions = g_strv_builder_new ();
  gboolean foreign = facts->exists && facts->uid != uid;

  /* SECURITY: the one place that says who may do what. A method without a case is refused. */
  switch (method)
    {
    case LS_HELPER_METHOD_APPLY_TUNNEL:
      require_for_apply (actions, request->tunnel, facts, uid);
      break;
    case LS_HELPER_METHOD_UPDATE_PEERS:
    case LS_HELPER_METHOD_SET_ENDPOINTS:
      if (foreign)
        g_strv_builder_add (actions, LS_ACTION_MANAGE_OTHERS);
      else if (facts->exists && !facts->owned_by_caller)
        g_strv_builder_add (actions, LS_ACTION_TUNNEL_CONTROL);
      break;
    case LS_HELPER_METHOD_REMOVE_TUNNEL:
    case LS_HELPER_METHOD_GET_STATUS:
      if (foreign)
        g_strv_builder_add (actions, LS_ACTION_MANAGE_OTHERS);
      break;
    case LS_HELPER_METHOD_LIST_TUNNELS: /* others' tunnels are told in part only */
    case LS_HELPER_METHOD_RESTORE_NETWORK: /* the caller's own tunnels only */
      break;
    case LS_HELPER_METHOD_UNKNOWN:
    default:
      g_set_error_literal (error, LS_ERROR, LS_ERROR_NOT_AUTHORIZED,
                           _ ("Nobody may make this call."));
      return NULL;
    }
  return g_strv_builder_end (actions);
}
