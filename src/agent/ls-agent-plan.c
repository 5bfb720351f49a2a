/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-plan.h"

#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/socket.h>

#include "ls-agent-route-check.h"
#include "ls-error.h"
#include "ls-text.h"

#define KEEPALIVE_SECONDS 25
#define SUBNETS_PER_PEER_MAX (LS_TUNNEL_ALLOWED_IPS_MAX - 2)

/* One address family of the network. */
typedef struct
{
  LsPrefix overlay;
  LsAddress own;
  gboolean usable; /* the device has an address in this family */
  gboolean host_routes; /* something of ours lies in the overlay: route each peer by itself */
} PlanFamily;

typedef struct
{
  const LsAgentPlanInput *input;
  LsAgentPlan *plan;
  PlanFamily families[2]; /* IPv4, IPv6 */
  LsKey own_key;
  GHashTable *address_count; /* LsAddress to how many peers say it is theirs */
  GHashTable *keys; /* LsKey to id, of the peers taken so far */
  LsAgentPrefixSet *subnets; /* accepted ones, labelled with their peer */
  double shares[2];
  guint left_out_more;
  gboolean conflict;
} Plan;

static void
plan_peer_free (LsAgentPlanPeer *peer)
{
  g_array_unref (peer->endpoints);
  g_free (peer);
}

static void
left_out_free (LsAgentLeftOut *item)
{
  g_free (item->subject);
  g_free (item->reason);
  g_free (item);
}

/* Takes @reason. */
static void
leave_out (Plan *self, const char *subject, char *reason)
{
  GPtrArray *left_out = self->plan->left_out;
  LsAgentLeftOut *item;

  if (left_out->len >= LS_AGENT_PLAN_LEFT_OUT_MAX - 1)
    {
      self->left_out_more++;
      g_free (reason);
      return;
    }
  item = g_new0 (LsAgentLeftOut, 1);
  item->subject = ls_text_sanitize (subject);
  item->reason = reason;
  g_ptr_array_add (left_out, item);
}

static void
leave_out_route (Plan *self, const LsNode *peer, const char *prefix, const char *reason)
{
  g_autofree char *name = ls_text_sanitize (peer->name);
  g_autofree char *shown = ls_text_sanitize (prefix);
  g_autofree char *subject = g_strdup_printf (C_ ("route of a device", "%s of %s"), shown, name);

  leave_out (self, subject, g_strdup (reason));
}

static void
count_the_rest (Plan *self)
{
  LsAgentLeftOut *item;

  if (self->left_out_more == 0)
    return;
  item = g_new0 (LsAgentLeftOut, 1);
  item->subject = g_strdup_printf (
      g_dngettext (GETTEXT_PACKAGE, "%u more item", "%u more items", self->left_out_more),
      self->left_out_more);
  item->reason = g_strdup (_ ("This network has too many faults to list them all."));
  g_ptr_array_add (self->plan->left_out, item);
}

static PlanFamily *
family_of (Plan *self, const LsAddress *address)
{
  return &self->families[address->family == AF_INET6];
}

/* The device's own addresses and the overlay */

/* Why the family cannot be used, or NULL. */
static char *
check_own_address (Plan *self, const PlanFamily *family, const char *overlay, const char *address)
{
  const char *reason = ls_agent_route_check (&family->overlay);
  const char *label;

  if (reason != NULL)
    return g_strdup (reason);
  if (!ls_prefix_contains (&family->overlay, &family->own))
    return g_strdup_printf (_ ("The server gave this device the address %s, which is not in the "
                               "network %s."),
                            address, overlay);
  /* What something else on this machine's networks uses cannot be ours too. */
  label = ls_agent_prefix_set_find_address (self->input->keep_out, &family->own);
  if (label == NULL)
    return NULL;
  self->conflict = TRUE;
  return g_strdup_printf (_ ("This device's address %s conflicts with %s."), address, label);
}

static gboolean
parse_family (PlanFamily *family, guint8 af, const char *overlay, const char *address)
{
  return ls_prefix_parse (overlay, &family->overlay, NULL)
         && ls_address_parse (address, &family->own, NULL) && family->overlay.address.family == af
         && family->own.family == af;
}

static void
plan_family (Plan *self, guint index, const char *overlay, const char *address)
{
  PlanFamily *family = &self->families[index];
  const char *subject = index == 0 ? _ ("IPv4 addresses") : _ ("IPv6 addresses");
  char *reason;
  LsPrefix own;

  if ((overlay == NULL || *overlay == '\0') && (address == NULL || *address == '\0'))
    return;
  if (overlay == NULL || address == NULL
      || !parse_family (family, index == 0 ? AF_INET : AF_INET6, overlay, address))
    {
      leave_out (self, subject,
                 g_strdup (_ ("The server sent addresses of this network that are none.")));
      return;
    }
  reason = check_own_address (self, family, overlay, address);
  if (reason != NULL)
    {
      leave_out (self, subject, reason);
      return;
    }
  family->usable = TRUE;
  family->host_routes
      = ls_agent_prefix_set_find_overlap (self->input->keep_out, &family->overlay) != NULL;
  ls_prefix_init_host (&own, &family->own);
  ls_tunnel_add_address (self->plan->tunnel, &own);
  if (!family->host_routes)
    ls_tunnel_add_route (self->plan->tunnel, &family->overlay);
}

/* Peers */

static void
count_address (Plan *self, const char *text)
{
  LsAddress address;
  guint count;

  if (text == NULL || !ls_address_parse (text, &address, NULL))
    return;
  count = GPOINTER_TO_UINT (g_hash_table_lookup (self->address_count, &address));
  g_hash_table_insert (self->address_count, g_memdup2 (&address, sizeof address),
                       GUINT_TO_POINTER (count + 1));
}

static gboolean
address_is_edge (const PlanFamily *family, const LsAddress *address)
{
  LsAddress edge = family->overlay.address;

  if (address->family != AF_INET || family->overlay.length >= 31)
    return FALSE;
  if (ls_address_equal (address, &edge))
    return TRUE;
  for (guint bit = family->overlay.length; bit < 32; bit++)
    edge.bytes[bit / 8] |= 0x80 >> (bit % 8);
  return ls_address_equal (address, &edge);
}

/* Why the peer's address @text cannot be used, or NULL. */
static char *
check_peer_address (Plan *self, PlanFamily *family, const char *text, LsAddress *out_address)
{
  g_autofree char *shown = ls_text_sanitize (text);
  const char *label;

  if (!ls_address_parse (text, out_address, NULL)
      || out_address->family != family->overlay.address.family)
    return g_strdup_printf (_ ("“%s” is not an address."), shown);
  if (!ls_prefix_contains (&family->overlay, out_address))
    return g_strdup_printf (_ ("Its address %s is not in this network."), shown);
  if (ls_address_equal (out_address, &family->own))
    return g_strdup_printf (_ ("Its address %s is this device's own."), shown);
  if (address_is_edge (family, out_address))
    return g_strdup_printf (_ ("Its address %s is that of the whole network."), shown);
  if (GPOINTER_TO_UINT (g_hash_table_lookup (self->address_count, out_address)) > 1)
    return g_strdup_printf (_ ("Several devices have the address %s; none of them is used."),
                            shown);
  label = ls_agent_prefix_set_find_address (self->input->keep_out, out_address);
  if (label != NULL)
    return g_strdup_printf (_ ("Its address %s conflicts with %s."), shown, label);
  return NULL;
}

static char *
add_peer_addresses (Plan *self, const LsNode *node, LsTunnelPeer *peer)
{
  const char *texts[] = { node->ipv4, node->ipv6 };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      LsAddress address;
      LsPrefix host;
      char *reason;

      if (!self->families[i].usable || texts[i] == NULL || *texts[i] == '\0')
        continue;
      reason = check_peer_address (self, &self->families[i], texts[i], &address);
      if (reason != NULL)
        return reason;
      ls_prefix_init_host (&host, &address);
      ls_tunnel_peer_add_allowed_ip (peer, &host);
    }
  if (peer->allowed_ips->len == 0)
    return g_strdup (_ ("It has no address."));
  return NULL;
}

static char *
check_peer_key (Plan *self, const LsNode *node, LsKey *out_key)
{
  const char *other;

  if (node->wg_public_key == NULL || !ls_key_parse_public (node->wg_public_key, out_key, NULL))
    return g_strdup (_ ("Its WireGuard key is not a valid key."));
  if (ls_key_equal (out_key, &self->own_key))
    return g_strdup (_ ("Its WireGuard key is this device's own."));
  other = g_hash_table_lookup (self->keys, out_key);
  if (other != NULL)
    {
      g_autofree char *shown = ls_text_sanitize (other);

      return g_strdup_printf (_ ("It has the same WireGuard key as “%s”."), shown);
    }
  return NULL;
}

static void
take_peer (Plan *self, const LsNode *node, LsTunnelPeer *peer)
{
  LsAgentPlanPeer *item = g_new0 (LsAgentPlanPeer, 1);

  item->node = node;
  item->entry = peer;
  item->endpoints = g_array_new (FALSE, FALSE, sizeof (LsEndpoint));
  g_ptr_array_add (self->plan->peers, item);
  g_hash_table_insert (self->keys, g_memdup2 (&peer->public_key, sizeof (LsKey)), node->name);
  for (guint i = 0; i < peer->allowed_ips->len; i++)
    {
      const LsPrefix *host = &g_array_index (peer->allowed_ips, LsPrefix, i);

      if (family_of (self, &host->address)->host_routes)
        ls_tunnel_add_route (self->plan->tunnel, host);
    }
  ls_tunnel_take_peer (self->plan->tunnel, peer);
}

/* Whether each address of @peer that needs a route of its own can have one: the helper takes no
 * address without. */
static gboolean
has_room_for_routes (Plan *self, const LsTunnelPeer *peer)
{
  guint needed = 0;

  for (guint i = 0; i < peer->allowed_ips->len; i++)
    if (family_of (self, &g_array_index (peer->allowed_ips, LsPrefix, i).address)->host_routes)
      needed++;
  return self->plan->tunnel->routes->len + needed <= LS_TUNNEL_ROUTES_MAX;
}

static void
plan_peer (Plan *self, const LsNode *node)
{
  g_autoptr (LsTunnelPeer) peer = NULL;
  LsKey key;
  char *reason = check_peer_key (self, node, &key);

  if (reason == NULL && self->plan->peers->len >= LS_TUNNEL_PEERS_MAX)
    reason = g_strdup (_ ("This network has more devices than can be used."));
  if (reason == NULL)
    {
      peer = ls_tunnel_peer_new (&key);
      reason = add_peer_addresses (self, node, peer);
    }
  if (reason == NULL && !has_room_for_routes (self, peer))
    reason = g_strdup (_ ("Each device needs a route here, and there are too many of them."));
  if (reason != NULL)
    leave_out (self, node->name, reason);
  else
    take_peer (self, node, g_steal_pointer (&peer));
}

/* Subnet routes */

/* What is routed: the mapped prefix if there is one, of the same size and family. */
static const char *
parse_route (const LsRoute *route, LsPrefix *out_prefix)
{
  LsPrefix real;

  if (!ls_prefix_parse (route->prefix, &real, NULL))
    return _ ("This is not an address range.");
  *out_prefix = real;
  if (route->mapped_prefix == NULL)
    return NULL;
  if (!ls_prefix_parse (route->mapped_prefix, out_prefix, NULL) || out_prefix->length != real.length
      || out_prefix->address.family != real.address.family)
    return _ ("It is mapped to a range of another size.");
  return NULL;
}

static gboolean
overlaps_overlay (Plan *self, const LsPrefix *prefix)
{
  const PlanFamily *family = family_of (self, &prefix->address);

  return family->usable && ls_prefix_overlaps (prefix, &family->overlay);
}

/* Why @prefix is not accepted from @node, or NULL. */
static char *
check_subnet (Plan *self, const LsNode *node, const LsPrefix *prefix)
{
  const char *reason = ls_agent_route_check (prefix);
  const char *label;

  if (reason != NULL)
    return g_strdup (reason);
  if (!family_of (self, &prefix->address)->usable)
    return g_strdup (_ ("This device has no address of that family in the network."));
  if (overlaps_overlay (self, prefix))
    return g_strdup (_ ("It overlaps the addresses of the network itself."));
  label = ls_agent_prefix_set_find_overlap (self->input->keep_out, prefix);
  if (label != NULL)
    return g_strdup_printf (_ ("It conflicts with %s."), label);
  label = ls_agent_prefix_set_find_overlap (self->subnets, prefix);
  if (label != NULL && !g_str_equal (label, node->id))
    return g_strdup (_ ("Another device offers these addresses already."));
  if (self->shares[prefix->address.family == AF_INET6] + ls_agent_route_share (prefix)
      > LS_AGENT_ROUTE_SHARE_MAX)
    return g_strdup (_ ("All routes together would take too much of the internet."));
  if (self->plan->tunnel->routes->len >= LS_TUNNEL_ROUTES_MAX)
    return g_strdup (_ ("This network has more routes than can be used."));
  return NULL;
}

/* A router whose every endpoint lies behind its own route would be cut off by that route. */
static gboolean
cuts_itself_off (const LsNode *node, const LsPrefix *prefix)
{
  guint usable = 0;
  guint inside = 0;

  for (guint i = 0; node->endpoints[i] != NULL && i < LS_CONTROL_LIST_MAX; i++)
    {
      LsEndpoint endpoint;

      if (!ls_endpoint_parse (node->endpoints[i], &endpoint, NULL)
          || !ls_endpoint_is_usable (&endpoint))
        continue;
      usable++;
      inside += ls_prefix_contains (prefix, &endpoint.address);
    }
  return usable > 0 && usable == inside;
}

static void
plan_subnet (Plan *self, const LsNode *node, LsTunnelPeer *peer, const LsRoute *route)
{
  const char *shown = route->mapped_prefix != NULL ? route->mapped_prefix : route->prefix;
  g_autofree char *refusal = NULL;
  LsPrefix prefix;
  const char *reason = parse_route (route, &prefix);

  if (reason == NULL)
    reason = refusal = check_subnet (self, node, &prefix);
  if (reason == NULL && peer->allowed_ips->len >= SUBNETS_PER_PEER_MAX)
    reason = _ ("This device offers more routes than can be used.");
  if (reason == NULL && cuts_itself_off (node, &prefix))
    reason = _ ("The device that offers it can itself only be reached there.");
  if (reason != NULL)
    {
      leave_out_route (self, node, shown, reason);
      return;
    }
  self->shares[prefix.address.family == AF_INET6] += ls_agent_route_share (&prefix);
  ls_agent_prefix_set_add (self->subnets, &prefix, node->id);
  ls_tunnel_peer_add_allowed_ip (peer, &prefix);
  ls_tunnel_add_route (self->plan->tunnel, &prefix);
}

static void
plan_subnets (Plan *self, const LsAgentPlanPeer *item)
{
  const LsNode *node = item->node;

  for (guint i = 0; i < node->routes->len; i++)
    {
      const LsRoute *route = g_ptr_array_index (node->routes, i);

      /* An exit node is used only if it is chosen; that it is not is no fault to report. */
      if (route->enabled && !route->exit)
        plan_subnet (self, node, item->entry, route);
    }
}

/* Endpoints */

static gboolean
endpoint_is_ours (Plan *self, const LsEndpoint *endpoint)
{
  return endpoint->port == self->input->listen_port
         && ls_agent_prefix_set_find_address (self->input->own_addresses, &endpoint->address)
                != NULL;
}

/* Whether packets to @endpoint leave outside of the tunnel, to somebody else. */
static gboolean
endpoint_is_good (Plan *self, const LsEndpoint *endpoint)
{
  const PlanFamily *family = family_of (self, &endpoint->address);

  return ls_endpoint_is_usable (endpoint) && !endpoint_is_ours (self, endpoint)
         && !(family->usable && ls_prefix_contains (&family->overlay, &endpoint->address)
              && ls_agent_prefix_set_find_address (self->input->keep_out, &endpoint->address)
                     == NULL)
         && ls_agent_prefix_set_find_address (self->subnets, &endpoint->address) == NULL;
}

static gboolean
has_endpoint (const GArray *endpoints, const LsEndpoint *endpoint)
{
  for (guint i = 0; i < endpoints->len; i++)
    if (ls_endpoint_equal (&g_array_index (endpoints, LsEndpoint, i), endpoint))
      return TRUE;
  return FALSE;
}

static void
plan_endpoints (Plan *self, LsAgentPlanPeer *item)
{
  const LsNode *node = item->node;
  guint bad = 0;

  for (guint i = 0; node->endpoints[i] != NULL; i++)
    {
      LsEndpoint endpoint;

      if (!ls_endpoint_parse (node->endpoints[i], &endpoint, NULL)
          || !endpoint_is_good (self, &endpoint))
        bad++;
      else if (item->endpoints->len < LS_AGENT_PLAN_ENDPOINTS_MAX
               && !has_endpoint (item->endpoints, &endpoint))
        g_array_append_val (item->endpoints, endpoint);
    }
  if (item->endpoints->len > 0)
    {
      ls_tunnel_peer_set_endpoint (item->entry, &g_array_index (item->endpoints, LsEndpoint, 0));
      item->entry->keepalive = KEEPALIVE_SECONDS;
    }
  else if (bad > 0)
    leave_out (self, node->name,
               g_strdup (_ ("None of the places where it says it can be reached can be used; "
                            "it has to call this device.")));
}

/* Second walk: what depends on which peers are in. */
static void
plan_reach (Plan *self)
{
  GPtrArray *peers = self->plan->peers;

  for (guint i = 0; i < peers->len; i++)
    plan_subnets (self, g_ptr_array_index (peers, i));
  for (guint i = 0; i < peers->len; i++)
    plan_endpoints (self, g_ptr_array_index (peers, i));
}

static LsAgentPlan *
plan_alloc (const LsAgentPlanInput *input)
{
  LsAgentPlan *plan = g_new0 (LsAgentPlan, 1);

  plan->netmap = ls_netmap_ref ((LsNetmap *)input->netmap);
  plan->peers = g_ptr_array_new_with_free_func ((GDestroyNotify)plan_peer_free);
  plan->left_out = g_ptr_array_new_with_free_func ((GDestroyNotify)left_out_free);
  plan->tunnel = ls_tunnel_new ();
  plan->tunnel->private_key = *input->private_key;
  plan->tunnel->listen_port = input->listen_port;
  plan->tunnel->backend = input->backend;
  if (input->mtu != 0)
    plan->tunnel->mtu = input->mtu;
  return plan;
}

static gboolean
plan_own (Plan *self, GError **error)
{
  const LsNetmap *netmap = self->input->netmap;
  const LsAgentLeftOut *item;

  plan_family (self, 0, netmap->network->overlay_v4, netmap->node->ipv4);
  plan_family (self, 1, netmap->network->overlay_v6, netmap->node->ipv6);
  if (self->families[0].usable || self->families[1].usable)
    return TRUE;
  item = self->plan->left_out->len > 0 ? g_ptr_array_index (self->plan->left_out, 0) : NULL;
  g_set_error (
      error, LS_ERROR, self->conflict ? LS_ERROR_CONFLICT : LS_ERROR_CONTROL_PROTOCOL, "%s",
      item != NULL ? item->reason : _ ("The server gave this device no address that can be used."));
  return FALSE;
}

static void
plan_peers (Plan *self)
{
  const GPtrArray *peers = self->input->netmap->peers;

  for (guint i = 0; i < peers->len; i++)
    {
      const LsNode *node = g_ptr_array_index (peers, i);

      count_address (self, node->ipv4);
      count_address (self, node->ipv6);
    }
  for (guint i = 0; i < peers->len; i++)
    plan_peer (self, g_ptr_array_index (peers, i));
  plan_reach (self);
  count_the_rest (self);
}

LsAgentPlan *
ls_agent_plan_new (const LsAgentPlanInput *input, GError **error)
{
  Plan self = { .input = input };
  gboolean ok;

  self.plan = plan_alloc (input);
  self.subnets = ls_agent_prefix_set_new ();
  self.keys = g_hash_table_new_full (ls_key_hash, ls_key_equal, g_free, NULL);
  self.address_count = g_hash_table_new_full (
      ls_address_hash, (GEqualFunc)(void (*) (void))ls_address_equal, g_free, NULL);
  ls_key_wireguard_public (input->private_key, &self.own_key);
  ok = plan_own (&self, error);
  if (ok)
    plan_peers (&self);
  g_hash_table_unref (self.address_count);
  g_hash_table_unref (self.keys);
  ls_agent_prefix_set_free (self.subnets);
  if (!ok)
    g_clear_pointer (&self.plan, ls_agent_plan_free);
  return self.plan;
}

void
ls_agent_plan_free (LsAgentPlan *plan)
{
  g_ptr_array_unref (plan->peers);
  g_ptr_array_unref (plan->left_out);
  ls_tunnel_free (plan->tunnel);
  ls_netmap_unref (plan->netmap);
  g_free (plan);
}

GVariant *
ls_agent_plan_left_out_to_variant (const LsAgentPlan *plan)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(ss)"));
  for (guint i = 0; i < plan->left_out->len; i++)
    {
      const LsAgentLeftOut *item = g_ptr_array_index (plan->left_out, i);

      g_variant_builder_add (&builder, "(ss)", item->subject, item->reason);
    }
  return g_variant_builder_end (&builder);
}
