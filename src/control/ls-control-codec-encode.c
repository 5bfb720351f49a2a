/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-control-codec.h"
#include "ls-control-writer.h"

static void
set_required_string (JsonObject *object, const char *name, const char *value)
{
  json_object_set_string_member (object, name, value != NULL ? value : "");
}

JsonNode *
ls_control_codec_encode_route (const LsRoute *route)
{
  JsonObject *object = json_object_new ();

  set_required_string (object, "prefix", route->prefix);
  ls_control_writer_set_text (object, "kind", route->exit ? "exit" : "subnet");
  json_object_set_boolean_member (object, "enabled", route->enabled);
  ls_control_writer_set_text (object, "mapped_prefix", route->mapped_prefix);
  return ls_control_writer_take_object (object);
}

JsonNode *
ls_control_codec_encode_network (const LsNetwork *network)
{
  JsonObject *object = json_object_new ();

  set_required_string (object, "id", network->id);
  set_required_string (object, "name", network->name);
  set_required_string (object, "overlay_v4", network->overlay_v4);
  set_required_string (object, "overlay_v6", network->overlay_v6);
  set_required_string (object, "dns_domain", network->dns_domain);
  json_object_set_boolean_member (object, "requires_approval", network->requires_approval);
  ls_control_writer_set_number (object, "key_rotation_max_age_seconds",
                                network->key_rotation_max_age);
  return ls_control_writer_take_object (object);
}

static void
set_owner (JsonObject *object, const char *user_id, const char *email, gboolean is_admin)
{
  ls_control_writer_set_text (object, "owner_user_id", user_id);
  ls_control_writer_set_text (object, "owner_email", email);
  json_object_set_boolean_member (object, "owner_is_admin", is_admin);
}

/* A Node if @whole, else a Peer. */
static JsonNode *
encode_node (const LsNode *node, gboolean whole)
{
  JsonObject *object = json_object_new ();

  set_required_string (object, "id", node->id);
  set_required_string (object, "name", node->name);
  set_required_string (object, "dns_name", node->dns_name);
  set_required_string (object, "ipv4", node->ipv4);
  set_required_string (object, "ipv6", node->ipv6);
  set_required_string (object, "wg_public_key", node->wg_public_key);
  if (whole)
    set_required_string (object, "machine_public_key", node->machine_public_key);
  ls_control_writer_set_strv (object, "endpoints", (const char *const *)node->endpoints);
  ls_control_writer_set_strv (object, "tags", (const char *const *)node->tags);
  if (whole)
    set_owner (object, node->owner_user_id, node->owner_email, node->owner_is_admin);
  ls_control_writer_set_list (object, "routes", node->routes,
                              (LsControlEncode)ls_control_codec_encode_route);
  json_object_set_int_member (object, "last_seen", node->last_seen);
  if (whole)
    {
      json_object_set_boolean_member (object, "approved", node->approved);
      json_object_set_boolean_member (object, "key_rotation_required", node->key_rotation_required);
      json_object_set_boolean_member (object, "revoked", node->revoked);
    }
  return ls_control_writer_take_object (object);
}

JsonNode *
ls_control_codec_encode_node (const LsNode *node)
{
  return encode_node (node, TRUE);
}

JsonNode *
ls_control_codec_encode_peer (const LsNode *node)
{
  return encode_node (node, FALSE);
}

static gboolean
relay_is_empty (const LsRelayInfo *relay)
{
  return relay->stun_servers[0] == NULL && relay->turn_servers[0] == NULL
         && relay->stream_relay_servers[0] == NULL && relay->udp_relay_servers[0] == NULL
         && relay->dns_servers[0] == NULL;
}

JsonNode *
ls_control_codec_encode_relay (const LsRelayInfo *relay)
{
  JsonObject *object;

  if (relay == NULL || relay_is_empty (relay))
    return json_node_new (JSON_NODE_NULL);

  object = json_object_new ();
  ls_control_writer_set_strv (object, "stun_servers", (const char *const *)relay->stun_servers);
  ls_control_writer_set_strv (object, "turn_servers", (const char *const *)relay->turn_servers);
  ls_control_writer_set_strv (object, "stream_relay_servers",
                              (const char *const *)relay->stream_relay_servers);
  ls_control_writer_set_strv (object, "udp_relay_servers",
                              (const char *const *)relay->udp_relay_servers);
  ls_control_writer_set_strv (object, "dns_servers", (const char *const *)relay->dns_servers);
  return ls_control_writer_take_object (object);
}

static JsonNode *
encode_probe_request (const LsProbeRequest *request)
{
  JsonObject *object = json_object_new ();

  set_required_string (object, "peer_id", request->peer_id);
  ls_control_writer_set_strv (object, "endpoints", (const char *const *)request->endpoints);
  set_required_string (object, "ipv4", request->ipv4);
  set_required_string (object, "ipv6", request->ipv6);
  json_object_set_int_member (object, "requested_at", request->requested_at);
  return ls_control_writer_take_object (object);
}

JsonNode *
ls_control_codec_encode_netmap (const LsNetmap *netmap)
{
  JsonObject *object = json_object_new ();

  json_object_set_member (object, "network", ls_control_codec_encode_network (netmap->network));
  json_object_set_member (object, "node", ls_control_codec_encode_node (netmap->node));
  ls_control_writer_set_list (object, "peers", netmap->peers,
                              (LsControlEncode)ls_control_codec_encode_peer);
  json_object_set_member (object, "relay", ls_control_codec_encode_relay (netmap->relay));
  ls_control_writer_set_list (object, "probe_requests", netmap->probe_requests,
                              (LsControlEncode)encode_probe_request);
  json_object_set_int_member (object, "generated_at", netmap->generated_at);
  json_object_set_int_member (object, "revision", netmap->revision);
  return ls_control_writer_take_object (object);
}

JsonNode *
ls_control_codec_encode_token (const LsEnrollmentToken *token)
{
  JsonObject *object = json_object_new ();

  set_required_string (object, "token", token->token);
  json_object_set_int_member (object, "expires_at", token->expires_at);
  json_object_set_int_member (object, "uses_left", token->uses_left);
  ls_control_writer_set_strv (object, "tags", (const char *const *)token->tags);
  set_owner (object, token->owner_user_id, token->owner_email, token->owner_is_admin);
  ls_control_writer_set_number (object, "revoked_at", token->revoked_at);
  return ls_control_writer_take_object (object);
}

JsonNode *
ls_control_codec_encode_key_record (const LsKeyRecord *record)
{
  JsonObject *object = json_object_new ();

  ls_control_writer_set_text (object, "key_type", record->wireguard ? "wire_guard" : "machine");
  set_required_string (object, "public_key", record->public_key);
  json_object_set_int_member (object, "created_at", record->created_at);
  ls_control_writer_set_number (object, "revoked_at", record->revoked_at);
  return ls_control_writer_take_object (object);
}

static JsonNode *
encode_selector (const LsAclSelector *selector)
{
  JsonObject *object = json_object_new ();

  json_object_set_boolean_member (object, "any", selector->any);
  ls_control_writer_set_strv (object, "tags", (const char *const *)selector->tags);
  ls_control_writer_set_strv (object, "node_ids", (const char *const *)selector->node_ids);
  ls_control_writer_set_strv (object, "names", (const char *const *)selector->names);
  return ls_control_writer_take_object (object);
}

static JsonNode *
encode_rule (const LsAclRule *rule)
{
  JsonObject *object = json_object_new ();

  ls_control_writer_set_text (object, "action", rule->allow ? "allow" : "deny");
  json_object_set_member (object, "src", encode_selector (rule->src));
  json_object_set_member (object, "dst", encode_selector (rule->dst));
  return ls_control_writer_take_object (object);
}

JsonNode *
ls_control_codec_encode_acl (const LsAclPolicy *policy)
{
  JsonObject *object = json_object_new ();

  ls_control_writer_set_text (object, "default_action", policy->default_allow ? "allow" : "deny");
  ls_control_writer_set_list (object, "rules", policy->rules, (LsControlEncode)encode_rule);
  return ls_control_writer_take_object (object);
}

JsonNode *
ls_control_codec_encode_audit_entry (const LsAuditEntry *entry)
{
  JsonObject *object = json_object_new ();
  JsonNode *detail = NULL;

  set_required_string (object, "id", entry->id);
  json_object_set_int_member (object, "timestamp", entry->timestamp);
  ls_control_writer_set_text (object, "network_id", entry->network_id);
  ls_control_writer_set_text (object, "node_id", entry->node_id);
  set_required_string (object, "action", entry->action);
  if (entry->detail != NULL)
    detail = json_from_string (entry->detail, NULL);
  json_object_set_member (object, "detail",
                          detail != NULL ? detail : json_node_new (JSON_NODE_NULL));
  return ls_control_writer_take_object (object);
}

JsonNode *
ls_control_codec_encode_topology (const LsTopology *topology)
{
  JsonObject *object = json_object_new ();
  JsonArray *peers = json_array_new ();

  ls_control_writer_set_strv (object, "control_urls", (const char *const *)topology->control_urls);
  ls_control_writer_set_text (object, "mesh_server_id", topology->mesh_server_id);
  for (guint i = 0; i < topology->mesh_peer_ids->len; i++)
    {
      JsonObject *peer = json_object_new ();

      set_required_string (peer, "id", g_ptr_array_index (topology->mesh_peer_ids, i));
      set_required_string (peer, "addr", g_ptr_array_index (topology->mesh_peer_addresses, i));
      json_array_add_object_element (peers, peer);
    }
  json_object_set_array_member (object, "mesh_peers", peers);
  json_object_set_int_member (object, "generated_at", topology->generated_at);
  return ls_control_writer_take_object (object);
}

JsonNode *
ls_control_codec_encode_pending (const LsPendingRegistration *pending)
{
  JsonObject *object = json_object_new ();

  set_required_string (object, "node_id", pending->node_id);
  set_required_string (object, "network_id", pending->network_id);
  set_required_string (object, "ipv4", pending->ipv4);
  set_required_string (object, "ipv6", pending->ipv6);
  set_required_string (object, "auth_path", pending->auth_path);
  json_object_set_int_member (object, "expires_at", pending->expires_at);
  set_required_string (object, "node_token", pending->node_token);
  return ls_control_writer_take_object (object);
}
