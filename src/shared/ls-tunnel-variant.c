/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "ls-error.h"
#include "ls-secret.h"
#include "ls-text.h"
#include "ls-tunnel.h"

static const char *const backend_names[] = {
  [LS_BACKEND_AUTO] = "auto",
  [LS_BACKEND_NETWORK_MANAGER] = "networkmanager",
  [LS_BACKEND_KERNEL] = "kernel",
  [LS_BACKEND_USERSPACE] = "userspace",
};

static gboolean
refuse (GError **error, const char *message)
{
  g_set_error_literal (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT, message);
  return FALSE;
}

const char *
ls_backend_kind_to_text (LsBackendKind kind)
{
  return kind < G_N_ELEMENTS (backend_names) ? backend_names[kind] : "";
}

gboolean
ls_backend_kind_parse (const char *text, LsBackendKind *out_kind, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (backend_names); i++)
    if (g_strcmp0 (text, backend_names[i]) == 0)
      {
        *out_kind = i;
        return TRUE;
      }
  return refuse (error, _ ("The backend is auto, networkmanager, kernel or userspace"));
}

static GVariant *
key_to_variant (const LsKey *key)
{
  return ls_secret_variant_new (key->bytes, LS_KEY_SIZE);
}

static gboolean
key_from_variant (GVariant *variant, LsKey *out_key, GError **error)
{
  gsize length;
  const guint8 *bytes = g_variant_get_fixed_array (variant, &length, 1);

  if (length != LS_KEY_SIZE)
    return refuse (error, _ ("A key has 32 bytes"));
  memcpy (out_key->bytes, bytes, LS_KEY_SIZE);
  return TRUE;
}

static gboolean
public_key_from_variant (GVariant *variant, LsKey *out_key, GError **error)
{
  if (!key_from_variant (variant, out_key, error))
    return FALSE;
  if (!ls_key_is_valid_public (out_key))
    return refuse (error, _ ("The public key is one that gives no secrecy"));
  return TRUE;
}

static GVariant *
prefixes_to_variant (const GArray *prefixes)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_STRING_ARRAY);
  for (guint i = 0; i < prefixes->len; i++)
    {
      g_autofree char *text = ls_prefix_to_text (&g_array_index (prefixes, LsPrefix, i));

      g_variant_builder_add (&builder, "s", text);
    }
  return g_variant_builder_end (&builder);
}

typedef gboolean (*ParsePrefix) (const char *text, LsPrefix *out_prefix, GError **error);

/* Fills @array in the given order; sort_prefixes() makes it canonical. */
static gboolean
prefixes_from_variant (GVariant *variant, ParsePrefix parse, guint max, GArray *array,
                       GError **error)
{
  g_autofree const char **texts = NULL;
  gsize count = g_variant_n_children (variant);

  if (count > max)
    {
      g_set_error (error, LS_ERROR, LS_ERROR_LIMIT, _ ("More than %u addresses in one list"), max);
      return FALSE;
    }
  texts = g_variant_get_strv (variant, &count);
  for (gsize i = 0; i < count; i++)
    {
      LsPrefix prefix;

      if (!parse (texts[i], &prefix, error))
        return FALSE;
      g_array_append_val (array, prefix);
    }
  return TRUE;
}

/* Sorts; FALSE if an element is there twice. */
static gboolean
sort_prefixes (GArray *array)
{
  g_array_sort (array, (GCompareFunc)ls_prefix_compare);
  for (guint i = 1; i < array->len; i++)
    if (ls_prefix_equal (&g_array_index (array, LsPrefix, i - 1),
                         &g_array_index (array, LsPrefix, i)))
      return FALSE;
  return TRUE;
}

/* SECURITY: a default route of a peer, be it in parts (0.0.0.0/1 and 128.0.0.0/1), takes all
 * traffic of the machine; nothing but an exit node, which has a way of its own, may do so. What is
 * reserved is the machine's own. */
static gboolean
check_networks (const GArray *prefixes, GError **error)
{
  for (guint i = 0; i < prefixes->len; i++)
    {
      const LsPrefix *prefix = &g_array_index (prefixes, LsPrefix, i);
      guint shortest = ls_address_bits (&prefix->address) == 32 ? LS_TUNNEL_PREFIX_MIN_V4
                                                                : LS_TUNNEL_PREFIX_MIN_V6;

      if (prefix->length < shortest)
        return refuse (error, _ ("A tunnel's routes cannot include the default route"));
      if (ls_prefix_is_reserved (prefix))
        return refuse (error, _ ("A tunnel's routes cannot include reserved addresses"));
    }
  return TRUE;
}

/* SECURITY: an address with a shorter prefix brings a route of that size along, which nobody was
 * asked about. */
static gboolean
check_addresses (const GArray *addresses, GError **error)
{
  for (guint i = 0; i < addresses->len; i++)
    {
      const LsPrefix *prefix = &g_array_index (addresses, LsPrefix, i);

      if (prefix->length != ls_address_bits (&prefix->address) || ls_prefix_is_reserved (prefix))
        return refuse (error, _ ("A tunnel's own address is a single one that is not reserved"));
    }
  return TRUE;
}

GVariant *
ls_tunnel_peer_to_variant (const LsTunnelPeer *peer)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert_value (&dict, "public-key", key_to_variant (&peer->public_key));
  g_variant_dict_insert_value (&dict, "allowed-ips", prefixes_to_variant (peer->allowed_ips));
  if (peer->has_preshared_key)
    g_variant_dict_insert_value (&dict, "preshared-key", key_to_variant (&peer->preshared_key));
  if (peer->has_endpoint)
    g_variant_dict_insert_value (&dict, "endpoint",
                                 g_variant_new_take_string (ls_endpoint_to_text (&peer->endpoint)));
  if (peer->keepalive != 0)
    g_variant_dict_insert (&dict, "keepalive", "q", peer->keepalive);
  return g_variant_dict_end (&dict);
}

static gboolean
peer_endpoint_from_variant (GVariant *variant, LsTunnelPeer *peer, GError **error)
{
  LsEndpoint endpoint;

  if (!ls_endpoint_parse (g_variant_get_string (variant, NULL), &endpoint, error))
    return FALSE;
  ls_tunnel_peer_set_endpoint (peer, &endpoint);
  return TRUE;
}

/* One member of a dictionary: its name, its type, and what to do with the value. */
static gboolean
peer_member_from_variant (gpointer self, const char *name, GVariant *value, GError **error)
{
  LsTunnelPeer *peer = self;

  if (g_str_equal (name, "public-key") && g_variant_is_of_type (value, G_VARIANT_TYPE ("ay")))
    return public_key_from_variant (value, &peer->public_key, error);
  if (g_str_equal (name, "preshared-key") && g_variant_is_of_type (value, G_VARIANT_TYPE ("ay")))
    return peer->has_preshared_key = key_from_variant (value, &peer->preshared_key, error);
  if (g_str_equal (name, "endpoint") && g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return peer_endpoint_from_variant (value, peer, error);
  if (g_str_equal (name, "allowed-ips")
      && g_variant_is_of_type (value, G_VARIANT_TYPE_STRING_ARRAY))
    return prefixes_from_variant (value, ls_prefix_parse, LS_TUNNEL_ALLOWED_IPS_MAX,
                                  peer->allowed_ips, error);
  if (g_str_equal (name, "keepalive") && g_variant_is_of_type (value, G_VARIANT_TYPE_UINT16))
    {
      peer->keepalive = g_variant_get_uint16 (value);
      return TRUE;
    }
  return refuse (error, _ ("A peer has a member of unknown name or wrong type"));
}

typedef gboolean (*TakeMember) (gpointer self, const char *name, GVariant *value, GError **error);

/* Hands each member of the dictionary @variant to @take once; a name that comes twice is refused.
 */
static gboolean
members_from_variant (GVariant *variant, TakeMember take, gpointer self, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  GVariantIter iter;
  const char *name;
  GVariant *value;
  gboolean ok = TRUE;

  if (!g_variant_is_of_type (variant, G_VARIANT_TYPE_VARDICT))
    return refuse (error, _ ("A tunnel or peer is a dictionary"));
  g_variant_iter_init (&iter, variant);
  while (ok && g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      ok = g_hash_table_add (seen, (gpointer)name)
               ? take (self, name, value, error)
               : refuse (error, _ ("A tunnel or peer has a member twice"));
      g_variant_unref (value);
    }
  return ok;
}

LsTunnelPeer *
ls_tunnel_peer_from_variant (GVariant *variant, GError **error)
{
  static const LsKey zero = { { 0 } };
  g_autoptr (LsTunnelPeer) peer = ls_tunnel_peer_new (&zero);
  gboolean ok;

  ok = members_from_variant (variant, peer_member_from_variant, peer, error);
  if (ok && ls_key_equal (&peer->public_key, &zero))
    ok = refuse (error, _ ("A peer needs a public key"));
  if (ok && !sort_prefixes (peer->allowed_ips))
    ok = refuse (error, _ ("A peer has an allowed address twice"));
  if (!ok || !check_networks (peer->allowed_ips, error))
    return NULL;
  return g_steal_pointer (&peer);
}

GVariant *
ls_tunnel_to_variant (const LsTunnel *tunnel)
{
  GVariantDict dict;
  GVariantBuilder peers;

  g_variant_builder_init (&peers, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < tunnel->peers->len; i++)
    g_variant_builder_add_value (&peers, ls_tunnel_peer_to_variant (tunnel->peers->pdata[i]));
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert_value (&dict, "private-key", key_to_variant (&tunnel->private_key));
  g_variant_dict_insert (&dict, "listen-port", "q", tunnel->listen_port);
  g_variant_dict_insert (&dict, "mtu", "q", tunnel->mtu);
  g_variant_dict_insert (&dict, "backend", "s", ls_backend_kind_to_text (tunnel->backend));
  g_variant_dict_insert_value (&dict, "addresses", prefixes_to_variant (tunnel->addresses));
  g_variant_dict_insert_value (&dict, "routes", prefixes_to_variant (tunnel->routes));
  g_variant_dict_insert_value (&dict, "peers", g_variant_builder_end (&peers));
  return g_variant_dict_end (&dict);
}

static gboolean
peers_from_variant (LsTunnel *tunnel, GVariant *variant, GError **error)
{
  gsize count = g_variant_n_children (variant);

  if (count > LS_TUNNEL_PEERS_MAX)
    {
      g_set_error (error, LS_ERROR, LS_ERROR_LIMIT, _ ("More than %u peers"), LS_TUNNEL_PEERS_MAX);
      return FALSE;
    }
  for (gsize i = 0; i < count; i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (variant, i);
      g_autoptr (LsTunnelPeer) peer = ls_tunnel_peer_from_variant (child, error);

      if (peer == NULL)
        return FALSE;
      if (ls_tunnel_find_peer (tunnel, &peer->public_key) != NULL)
        return refuse (error, _ ("Two peers have the same public key"));
      ls_tunnel_take_peer (tunnel, g_steal_pointer (&peer));
    }
  return TRUE;
}

static gboolean
text_member_from_variant (LsTunnel *tunnel, const char *name, GVariant *value, GError **error)
{
  if (g_str_equal (name, "backend") && g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return ls_backend_kind_parse (g_variant_get_string (value, NULL), &tunnel->backend, error);
  if (!g_variant_is_of_type (value, G_VARIANT_TYPE_STRING_ARRAY))
    return refuse (error, _ ("A tunnel has a member of unknown name or wrong type"));
  if (g_str_equal (name, "addresses"))
    return prefixes_from_variant (value, ls_prefix_parse_interface, LS_TUNNEL_ADDRESSES_MAX,
                                  tunnel->addresses, error);
  if (g_str_equal (name, "routes"))
    return prefixes_from_variant (value, ls_prefix_parse, LS_TUNNEL_ROUTES_MAX, tunnel->routes,
                                  error);
  return refuse (error, _ ("A tunnel has a member of unknown name or wrong type"));
}

static gboolean
tunnel_member_from_variant (gpointer self, const char *name, GVariant *value, GError **error)
{
  LsTunnel *tunnel = self;

  if (g_str_equal (name, "private-key") && g_variant_is_of_type (value, G_VARIANT_TYPE ("ay")))
    return key_from_variant (value, &tunnel->private_key, error);
  if (g_str_equal (name, "peers") && g_variant_is_of_type (value, G_VARIANT_TYPE ("aa{sv}")))
    return peers_from_variant (tunnel, value, error);
  if (g_str_equal (name, "listen-port") && g_variant_is_of_type (value, G_VARIANT_TYPE_UINT16))
    {
      tunnel->listen_port = g_variant_get_uint16 (value);
      return TRUE;
    }
  if (g_str_equal (name, "mtu") && g_variant_is_of_type (value, G_VARIANT_TYPE_UINT16))
    {
      tunnel->mtu = g_variant_get_uint16 (value);
      return TRUE;
    }
  return text_member_from_variant (tunnel, name, value, error);
}

/* SECURITY: an allowed IP that no route leads to has no use but to let a peer send with that
 * address, be it one of the local network's; and what is routed is what the caller was authorised
 * for. Both arrays are sorted, so that a prefix comes before what lies in it. */
static gboolean
check_routed (const GArray *routes, const GArray *allowed_ips, GError **error)
{
  const LsPrefix *outer = NULL;
  guint next = 0;

  for (guint i = 0; i < allowed_ips->len; i++)
    {
      const LsPrefix *prefix = &g_array_index (allowed_ips, LsPrefix, i);

      for (; next < routes->len; next++)
        {
          const LsPrefix *route = &g_array_index (routes, LsPrefix, next);

          if (ls_prefix_compare (route, prefix) > 0)
            break;
          if (outer == NULL || !ls_prefix_contains_prefix (outer, route))
            outer = route;
        }
      if (outer == NULL || !ls_prefix_contains_prefix (outer, prefix))
        return refuse (error, _ ("A peer has an allowed address that no route leads to"));
    }
  return TRUE;
}

/* Two peers with one allowed IP: the kernel would silently give it to the last. */
static gboolean
check_allowed_ips (const LsTunnel *tunnel, GError **error)
{
  g_autoptr (GArray) all = g_array_new (FALSE, FALSE, sizeof (LsPrefix));

  for (guint i = 0; i < tunnel->peers->len; i++)
    {
      const GArray *ips = ((const LsTunnelPeer *)tunnel->peers->pdata[i])->allowed_ips;

      if (ips->len > 0)
        g_array_append_vals (all, ips->data, ips->len);
    }
  if (!sort_prefixes (all))
    return refuse (error, _ ("Two peers have the same allowed address"));
  return check_routed (tunnel->routes, all, error);
}

static gboolean
check_tunnel (LsTunnel *tunnel, GError **error)
{
  static const LsKey zero = { { 0 } };
  LsKey public_key;

  if (ls_key_equal (&tunnel->private_key, &zero))
    return refuse (error, _ ("A tunnel needs a private key"));
  if (tunnel->listen_port == 0)
    return refuse (error, _ ("A tunnel needs a port to listen on"));
  if (tunnel->mtu < LS_TUNNEL_MTU_MIN || tunnel->mtu > LS_TUNNEL_MTU_MAX)
    return refuse (error, _ ("The MTU is between 1280 and 9000"));
  if (tunnel->addresses->len == 0)
    return refuse (error, _ ("A tunnel needs an address"));
  if (!sort_prefixes (tunnel->addresses) || !sort_prefixes (tunnel->routes))
    return refuse (error, _ ("A tunnel has an address or a route twice"));
  if (!check_addresses (tunnel->addresses, error) || !check_networks (tunnel->routes, error))
    return FALSE;
  ls_key_wireguard_public (&tunnel->private_key, &public_key);
  if (ls_tunnel_find_peer (tunnel, &public_key) != NULL)
    return refuse (error, _ ("A peer has this device's own key"));
  return check_allowed_ips (tunnel, error);
}

LsTunnel *
ls_tunnel_from_variant (GVariant *variant, GError **error)
{
  g_autoptr (LsTunnel) tunnel = ls_tunnel_new ();

  if (!members_from_variant (variant, tunnel_member_from_variant, tunnel, error)
      || !check_tunnel (tunnel, error))
    return NULL;
  return g_steal_pointer (&tunnel);
}

GVariant *
ls_peer_statistics_to_variant (const GArray *statistics)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE (LS_PEER_STATISTICS_TYPE));
  for (guint i = 0; i < statistics->len; i++)
    {
      const LsPeerStatistics *s = &g_array_index (statistics, LsPeerStatistics, i);
      g_autofree char *endpoint
          = s->has_endpoint ? ls_endpoint_to_text (&s->endpoint) : g_strdup ("");

      g_variant_builder_add (&builder, "(@aysxtt)", key_to_variant (&s->public_key), endpoint,
                             s->last_handshake, s->rx_bytes, s->tx_bytes);
    }
  return g_variant_builder_end (&builder);
}

GArray *
ls_peer_statistics_from_variant (GVariant *variant, GError **error)
{
  g_autoptr (GArray) statistics = g_array_new (FALSE, TRUE, sizeof (LsPeerStatistics));
  GVariantIter iter;
  GVariant *key;
  const char *endpoint;
  LsPeerStatistics s = { 0 };

  if (!g_variant_is_of_type (variant, G_VARIANT_TYPE (LS_PEER_STATISTICS_TYPE)))
    return refuse (error, _ ("The statistics have another type")), NULL;
  g_variant_iter_init (&iter, variant);
  while (g_variant_iter_next (&iter, "(@ay&sxtt)", &key, &endpoint, &s.last_handshake, &s.rx_bytes,
                              &s.tx_bytes))
    {
      gboolean ok = key_from_variant (key, &s.public_key, error);

      g_variant_unref (key);
      if (!ok)
        return NULL;
      s.has_endpoint = ls_endpoint_parse (endpoint, &s.endpoint, NULL);
      g_array_append_val (statistics, s);
    }
  return g_steal_pointer (&statistics);
}
