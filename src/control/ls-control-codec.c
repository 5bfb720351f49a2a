/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-control-codec.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "ls-control-reader.h"
#include "ls-control-scan.h"
#include "ls-error.h"

/* SECURITY: a server passes on whatever a node sends, so that one member of the network must not be
 * able to make the answer unreadable for the others: what is too long in a node is cut, and U+0000,
 * which would end a string early, becomes U+FFFD. */
static char *
replace_nul (const char *data, gsize length)
{
  char *copy = g_strndup (data, length);
  char *p = copy;

  while ((p = strchr (p, '\\')) != NULL)
    {
      if (strncmp (p, "\\u0000", 6) == 0)
        memcpy (p + 2, "fffd", 4);
      p += 2;
    }
  return copy;
}

JsonNode *
ls_control_codec_parse (const char *data, gsize length, GError **error)
{
  g_autoptr (JsonParser) parser = NULL;
  g_autofree char *copy = NULL;
  gboolean has_nul = FALSE;
  JsonNode *root = NULL;

  if (!ls_control_scan (data, length, &has_nul, error))
    return NULL;
  if (has_nul)
    data = copy = replace_nul (data, length);

  /* Its error quotes the text, which may hold a token: not passed on. */
  parser = json_parser_new ();
  if (json_parser_load_from_data (parser, data, length, NULL))
    root = json_parser_steal_root (parser);
  if (root == NULL)
    g_set_error_literal (error, LS_ERROR, LS_ERROR_CONTROL_PROTOCOL,
                         _ ("The data is not valid JSON"));
  return root;
}

LsNetwork *
ls_control_codec_decode_network (JsonNode *node, GError **error)
{
  g_autoptr (LsNetwork) network = ls_network_new ();
  LsControlReader reader;

  ls_control_reader_init (&reader, node, "Network");
  network->id = ls_control_reader_dup_string (&reader, "id");
  network->name = ls_control_reader_dup_string (&reader, "name");
  network->overlay_v4 = ls_control_reader_dup_string (&reader, "overlay_v4");
  network->overlay_v6 = ls_control_reader_dup_string (&reader, "overlay_v6");
  network->dns_domain = ls_control_reader_dup_string (&reader, "dns_domain");
  network->requires_approval
      = ls_control_reader_get_optional_boolean (&reader, "requires_approval", FALSE);
  network->key_rotation_max_age = ls_control_reader_get_optional_int (
      &reader, "key_rotation_max_age_seconds", 0, G_MAXINT64, 0);
  return ls_control_reader_finish (&reader, error) ? g_steal_pointer (&network) : NULL;
}

LsRoute *
ls_control_codec_decode_route (JsonNode *node, GError **error)
{
  g_autoptr (LsRoute) route = g_new0 (LsRoute, 1);
  LsControlReader reader;

  ls_control_reader_init (&reader, node, "Route");
  reader.cut = TRUE;
  route->prefix = ls_control_reader_dup_string (&reader, "prefix");
  route->exit = ls_control_reader_get_choice (&reader, "kind", "exit", "subnet");
  route->enabled = ls_control_reader_get_boolean (&reader, "enabled");
  route->mapped_prefix = ls_control_reader_dup_optional_string (&reader, "mapped_prefix");
  return ls_control_reader_finish (&reader, error) ? g_steal_pointer (&route) : NULL;
}

/* What nodes and peers have in common. */
static void
read_peer (LsControlReader *reader, LsNode *node)
{
  reader->cut = TRUE;
  node->id = ls_control_reader_dup_string (reader, "id");
  node->name = ls_control_reader_dup_string (reader, "name");
  node->dns_name = ls_control_reader_dup_string (reader, "dns_name");
  node->ipv4 = ls_control_reader_dup_string (reader, "ipv4");
  node->ipv6 = ls_control_reader_dup_string (reader, "ipv6");
  node->wg_public_key = ls_control_reader_dup_string (reader, "wg_public_key");
  node->endpoints = ls_control_reader_dup_strv (reader, "endpoints", LS_CONTROL_LIST_MAX);
  node->tags = ls_control_reader_dup_strv (reader, "tags", LS_CONTROL_LIST_MAX);
  node->routes = ls_control_reader_get_list (reader, "routes", LS_CONTROL_LIST_MAX,
                                             (LsControlDecode)ls_control_codec_decode_route,
                                             (GDestroyNotify)ls_route_free);
  node->last_seen = ls_control_reader_get_int (reader, "last_seen", G_MININT64, G_MAXINT64);
}

static LsNode *
decode_peer (JsonNode *json, GError **error)
{
  g_autoptr (LsNode) node = g_new0 (LsNode, 1);
  LsControlReader reader;

  ls_control_reader_init (&reader, json, "Peer");
  read_peer (&reader, node);
  node->approved = TRUE;
  return ls_control_reader_finish (&reader, error) ? g_steal_pointer (&node) : NULL;
}

LsNode *
ls_control_codec_decode_node (JsonNode *json, GError **error)
{
  g_autoptr (LsNode) node = g_new0 (LsNode, 1);
  LsControlReader reader;

  ls_control_reader_init (&reader, json, "Node");
  read_peer (&reader, node);
  node->machine_public_key = ls_control_reader_dup_string (&reader, "machine_public_key");
  node->approved = ls_control_reader_get_optional_boolean (&reader, "approved", TRUE);
  node->key_rotation_required
      = ls_control_reader_get_optional_boolean (&reader, "key_rotation_required", FALSE);
  node->revoked = ls_control_reader_get_optional_boolean (&reader, "revoked", FALSE);
  node->owner_user_id = ls_control_reader_dup_optional_string (&reader, "owner_user_id");
  node->owner_email = ls_control_reader_dup_optional_string (&reader, "owner_email");
  node->owner_is_admin = ls_control_reader_get_optional_boolean (&reader, "owner_is_admin", FALSE);
  return ls_control_reader_finish (&reader, error) ? g_steal_pointer (&node) : NULL;
}

LsRelayInfo *
ls_control_codec_decode_relay (JsonNode *node, GError **error)
{
  g_autoptr (LsRelayInfo) relay = g_new0 (LsRelayInfo, 1);
  LsControlReader reader;

  ls_control_reader_init (&reader, node, "Relay");
  relay->stun_servers = ls_control_reader_dup_strv (&reader, "stun_servers", LS_CONTROL_LIST_MAX);
  relay->turn_servers = ls_control_reader_dup_strv (&reader, "turn_servers", LS_CONTROL_LIST_MAX);
  relay->stream_relay_servers
      = ls_control_reader_dup_strv (&reader, "stream_relay_servers", LS_CONTROL_LIST_MAX);
  relay->udp_relay_servers
      = ls_control_reader_dup_optional_strv (&reader, "udp_relay_servers", LS_CONTROL_LIST_MAX);
  relay->dns_servers
      = ls_control_reader_dup_optional_strv (&reader, "dns_servers", LS_CONTROL_LIST_MAX);
  return ls_control_reader_finish (&reader, error) ? g_steal_pointer (&relay) : NULL;
}

static LsProbeRequest *
decode_probe_request (JsonNode *node, GError **error)
{
  g_autoptr (LsProbeRequest) request = g_new0 (LsProbeRequest, 1);
  LsControlReader reader;

  ls_control_reader_init (&reader, node, "ProbeRequest");
  reader.cut = TRUE;
  request->peer_id = ls_control_reader_dup_string (&reader, "peer_id");
  request->endpoints = ls_control_reader_dup_strv (&reader, "endpoints", LS_CONTROL_LIST_MAX);
  request->ipv4 = ls_control_reader_dup_string (&reader, "ipv4");
  request->ipv6 = ls_control_reader_dup_string (&reader, "ipv6");
  request->requested_at
      = ls_control_reader_get_int (&reader, "requested_at", G_MININT64, G_MAXINT64);
  return ls_control_reader_finish (&reader, error) ? g_steal_pointer (&request) : NULL;
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(const LsNode *const *)a)->id, (*(const LsNode *const *)b)->id);
}

/* Sorted by id: servers send them in random order. An id that occurs twice makes a netmap useless
 * for comparing, and no node can bring it about. */
static void
sort_peers (LsControlReader *reader, GPtrArray *peers)
{
  if (reader->error != NULL)
    return;
  g_ptr_array_sort (peers, compare_ids);
  for (guint i = 1; i < peers->len; i++)
    if (compare_ids (&peers->pdata[i - 1], &peers->pdata[i]) == 0)
      ls_control_reader_refuse (reader, "peers");
}

static void
read_netmap_lists (LsControlReader *reader, LsNetmap *netmap)
{
  JsonNode *relay = ls_control_reader_get (reader, "relay");

  if (relay != NULL)
    netmap->relay = ls_control_codec_decode_relay (relay, &reader->error);

  g_ptr_array_unref (netmap->peers);
  netmap->peers
      = ls_control_reader_get_list (reader, "peers", LS_CONTROL_PEERS_MAX,
                                    (LsControlDecode)decode_peer, (GDestroyNotify)ls_node_free);
  sort_peers (reader, netmap->peers);

  g_ptr_array_unref (netmap->probe_requests);
  netmap->probe_requests = ls_control_reader_get_optional_list (
      reader, "probe_requests", LS_CONTROL_PEERS_MAX, (LsControlDecode)decode_probe_request,
      (GDestroyNotify)ls_probe_request_free);
}

LsNetmap *
ls_control_codec_decode_netmap (JsonNode *node, GError **error)
{
  g_autoptr (LsNetmap) netmap = ls_netmap_new ();
  LsControlReader reader;

  ls_control_reader_init (&reader, node, "NetMap");
  netmap->network = ls_control_reader_get_object (&reader, "network",
                                                  (LsControlDecode)ls_control_codec_decode_network);
  netmap->node = ls_control_reader_get_object (&reader, "node",
                                               (LsControlDecode)ls_control_codec_decode_node);
  read_netmap_lists (&reader, netmap);
  netmap->generated_at
      = ls_control_reader_get_int (&reader, "generated_at", G_MININT64, G_MAXINT64);
  netmap->revision = ls_control_reader_get_optional_int (&reader, "revision", 0, G_MAXINT64, 0);
  return ls_control_reader_finish (&reader, error) ? g_steal_pointer (&netmap) : NULL;
}
