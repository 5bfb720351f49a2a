/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-helper-request.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "ls-error.h"
#include "ls-ident.h"

/* Keys come as 32 bytes, never as text. */
#define KEY_TYPE "ay"

static const char *const method_names[] = {
  [LS_HELPER_METHOD_APPLY_TUNNEL] = "ApplyTunnel",
  [LS_HELPER_METHOD_UPDATE_PEERS] = "UpdatePeers",
  [LS_HELPER_METHOD_SET_ENDPOINTS] = "SetEndpoints",
  [LS_HELPER_METHOD_REMOVE_TUNNEL] = "RemoveTunnel",
  [LS_HELPER_METHOD_LIST_TUNNELS] = "ListTunnels",
  [LS_HELPER_METHOD_GET_STATUS] = "GetStatus",
  [LS_HELPER_METHOD_RESTORE_NETWORK] = "RestoreNetwork",
};

G_STATIC_ASSERT (G_N_ELEMENTS (method_names) == LS_HELPER_METHOD_UNKNOWN);

LsHelperMethod
ls_helper_method_from_text (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (method_names); i++)
    if (g_strcmp0 (name, method_names[i]) == 0)
      return i;
  return LS_HELPER_METHOD_UNKNOWN;
}

void
ls_helper_request_free (LsHelperRequest *request)
{
  g_free (request->name);
  g_clear_pointer (&request->tunnel, ls_tunnel_free);
  g_clear_pointer (&request->peers, g_ptr_array_unref);
  g_clear_pointer (&request->removed, g_array_unref);
  g_free (request);
}

static gboolean
check_count (GVariant *array, GError **error)
{
  if (g_variant_n_children (array) <= LS_TUNNEL_PEERS_MAX)
    return TRUE;
  g_set_error (error, LS_ERROR, LS_ERROR_LIMIT, _ ("More than %d peers at once."),
               LS_TUNNEL_PEERS_MAX);
  return FALSE;
}

static gboolean
parse_key (GVariant *value, LsKey *out_key, GError **error)
{
  gsize size = 0;
  const void *bytes = g_variant_get_fixed_array (value, &size, 1);

  if (size == LS_KEY_SIZE)
    {
      memcpy (out_key->bytes, bytes, LS_KEY_SIZE);
      if (ls_key_is_valid_public (out_key))
        return TRUE;
    }
  g_set_error_literal (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT, _ ("This is not a public key."));
  return FALSE;
}

/* Refuses a second peer of the same key. */
static gboolean
take_peer (GPtrArray *peers, GHashTable *known, LsTunnelPeer *peer, GError **error)
{
  g_ptr_array_add (peers, peer);
  if (g_hash_table_add (known, &peer->public_key))
    return TRUE;
  g_set_error_literal (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT,
                       _ ("Two peers have the same public key."));
  return FALSE;
}

static gboolean
parse_changed (LsHelperRequest *request, GVariant *array, GError **error)
{
  g_autoptr (GHashTable) known = g_hash_table_new (ls_key_hash, ls_key_equal);

  if (!check_count (array, error))
    return FALSE;
  for (gsize i = 0; i < g_variant_n_children (array); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (array, i);
      LsTunnelPeer *peer = ls_tunnel_peer_from_variant (child, error);
      if (peer == NULL || !take_peer (request->peers, known, peer, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
parse_removed (LsHelperRequest *request, GVariant *array, GError **error)
{
  if (!check_count (array, error))
    return FALSE;
  for (gsize i = 0; i < g_variant_n_children (array); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (array, i);
      LsKey key;
      if (!parse_key (child, &key, error))
        return FALSE;
      g_array_append_val (request->removed, key);
    }
  return TRUE;
}

static gboolean
parse_endpoint (LsHelperRequest *request, GHashTable *known, GVariant *pair, GError **error)
{
  g_autoptr (GVariant) key_value = g_variant_get_child_value (pair, 0);
  g_autoptr (GVariant) text_value = g_variant_get_child_value (pair, 1);
  LsEndpoint endpoint;
  LsKey key;

  if (!parse_key (key_value, &key, error)
      || !ls_endpoint_parse (g_variant_get_string (text_value, NULL), &endpoint, error))
    return FALSE;
  LsTunnelPeer *peer = ls_tunnel_peer_new (&key);
  ls_tunnel_peer_set_endpoint (peer, &endpoint);
  return take_peer (request->peers, known, peer, error);
}

static gboolean
parse_endpoints (LsHelperRequest *request, GVariant *array, GError **error)
{
  g_autoptr (GHashTable) known = g_hash_table_new (ls_key_hash, ls_key_equal);

  if (!check_count (array, error))
    return FALSE;
  for (gsize i = 0; i < g_variant_n_children (array); i++)
    {
      g_autoptr (GVariant) pair = g_variant_get_child_value (array, i);
      if (!parse_endpoint (request, known, pair, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
parse_name (LsHelperRequest *request, GVariant *parameters, GError **error)
{
  const char *name = NULL;

  if (g_variant_n_children (parameters) == 0)
    return TRUE;
  g_variant_get_child (parameters, 0, "&s", &name);
  if (!ls_profile_name_validate (name, error))
    return FALSE;
  request->name = g_strdup (name);
  return TRUE;
}

/* Every WireGuard clamps the key that it is given (RFC 7748 section 5) and tells the clamped one:
 * with that form here what is and what should be can be compared. */
static void
clamp_key (LsKey *key)
{
  key->bytes[0] &= 248;
  key->bytes[31] = (key->bytes[31] & 127) | 64;
}

static gboolean
parse_rest (LsHelperRequest *request, GVariant *parameters, GError **error)
{
  g_autoptr (GVariant) second = g_variant_get_child_value (parameters, 1);

  switch (request->method)
    {
    case LS_HELPER_METHOD_APPLY_TUNNEL:
      request->tunnel = ls_tunnel_from_variant (second, error);
      if (request->tunnel == NULL)
        return FALSE;
      clamp_key (&request->tunnel->private_key);
      return TRUE;
    case LS_HELPER_METHOD_UPDATE_PEERS:
      {
        g_autoptr (GVariant) third = g_variant_get_child_value (parameters, 2);
        return parse_changed (request, second, error) && parse_removed (request, third, error);
      }
    case LS_HELPER_METHOD_SET_ENDPOINTS:
      return parse_endpoints (request, second, error);
    default:
      return TRUE;
    }
}

/* The signatures that the functions above rely on; GDBus has checked them already. */
static const char *
method_signature (LsHelperMethod method)
{
  switch (method)
    {
    case LS_HELPER_METHOD_APPLY_TUNNEL:
      return "(sa{sv})";
    case LS_HELPER_METHOD_UPDATE_PEERS:
      return "(saa{sv}a" KEY_TYPE ")";
    case LS_HELPER_METHOD_SET_ENDPOINTS:
      return "(sa(" KEY_TYPE "s))";
    case LS_HELPER_METHOD_REMOVE_TUNNEL:
    case LS_HELPER_METHOD_GET_STATUS:
      return "(s)";
    default:
      return "()";
    }
}

LsHelperRequest *
ls_helper_request_parse (const char *method, GVariant *parameters, GError **error)
{
  g_autoptr (LsHelperRequest) request = g_new0 (LsHelperRequest, 1);

  request->method = ls_helper_method_from_text (method);
  request->peers = g_ptr_array_new_with_free_func ((GDestroyNotify)ls_tunnel_peer_free);
  request->removed = g_array_new (FALSE, TRUE, sizeof (LsKey));
  if (request->method == LS_HELPER_METHOD_UNKNOWN)
    {
      g_set_error_literal (error, LS_ERROR, LS_ERROR_NOT_SUPPORTED,
                           _ ("This helper does not know this call."));
      return NULL;
    }
  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE (method_signature (request->method))))
    {
      g_set_error_literal (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT,
                           _ ("The call has other arguments than it should."));
      return NULL;
    }
  if (!parse_name (request, parameters, error))
    return NULL;
  if (g_variant_n_children (parameters) > 1 && !parse_rest (request, parameters, error))
    return NULL;
  return g_steal_pointer (&request);
}
