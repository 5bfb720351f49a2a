/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The values of the control-plane protocol (section 2), as decoded: immutable after decoding,
 * reference-counted where they are shared. Strings are valid UTF-8 without NUL and bounded by the
 * limits below; nothing else is promised: keys, addresses, prefixes and endpoints are text here,
 * since a server passes on whatever a node sends. The planner validates them when it makes a tunnel
 * of them. Strings that the protocol allows to be absent are NULL. In what a node sent itself
 * (LsNode, LsRoute, LsProbeRequest) too long strings and lists are cut, and U+0000 reads U+FFFD: no
 * node can make the netmap of others unreadable. Elsewhere what is over a limit is refused. */

#define LS_CONTROL_BODY_MAX (64 * 1024 * 1024) /* bytes, after decoding */
#define LS_CONTROL_DEPTH_MAX 32 /* nested arrays and objects */
#define LS_CONTROL_PEERS_MAX 20000
#define LS_CONTROL_ROWS_MAX 20000 /* entries of an administrator's list: tokens, rules, audit… */
#define LS_CONTROL_LIST_MAX 256 /* routes, endpoints, tags, servers of one object */
#define LS_CONTROL_STRING_MAX 4096 /* bytes */

typedef struct
{
  char *prefix;
  gboolean exit; /* kind "exit"; otherwise "subnet" */
  gboolean enabled;
  char *mapped_prefix; /* or NULL */
} LsRoute;

typedef struct
{
  char *id;
  char *name;
  char *overlay_v4;
  char *overlay_v6;
  char *dns_domain;
  gboolean requires_approval;
  guint64 key_rotation_max_age; /* seconds, 0: none */
} LsNetwork;

/* A Node or a Peer: a peer has no machine key, approval or owner. */
typedef struct
{
  char *id;
  char *name;
  char *dns_name;
  char *ipv4;
  char *ipv6;
  char *wg_public_key;
  char *machine_public_key; /* NULL for a peer */
  GStrv endpoints;
  GStrv tags;
  GPtrArray *routes; /* of LsRoute */
  gint64 last_seen; /* Unix seconds */
  gboolean approved; /* effective; TRUE for a peer */
  gboolean key_rotation_required;
  gboolean revoked;
  char *owner_user_id;
  char *owner_email;
  gboolean owner_is_admin;
} LsNode;

typedef struct
{
  GStrv stun_servers;
  GStrv turn_servers;
  GStrv stream_relay_servers;
  GStrv udp_relay_servers;
  GStrv dns_servers;
} LsRelayInfo;

typedef struct
{
  char *peer_id;
  GStrv endpoints;
  char *ipv4;
  char *ipv6;
  gint64 requested_at;
} LsProbeRequest;

typedef struct
{
  LsNetwork *network;
  LsNode *node;
  GPtrArray *peers; /* of LsNode, sorted by id, no id twice */
  LsRelayInfo *relay; /* NULL: none advertised */
  GPtrArray *probe_requests; /* of LsProbeRequest */
  gint64 generated_at;
  guint64 revision; /* 0 if the server sends none */
} LsNetmap;

typedef struct
{
  char *token;
  gint64 expires_at;
  guint32 uses_left;
  GStrv tags;
  gint64 revoked_at; /* 0: not revoked */
  char *owner_user_id;
  char *owner_email;
  gboolean owner_is_admin;
} LsEnrollmentToken;

typedef struct
{
  gboolean wireguard; /* key_type "wire_guard"; otherwise "machine" */
  char *public_key;
  gint64 created_at;
  gint64 revoked_at; /* 0: not revoked */
} LsKeyRecord;

typedef struct
{
  gboolean any;
  GStrv tags;
  GStrv node_ids;
  GStrv names;
} LsAclSelector;

typedef struct
{
  gboolean allow;
  LsAclSelector *src;
  LsAclSelector *dst;
} LsAclRule;

typedef struct
{
  gboolean default_allow;
  GPtrArray *rules; /* of LsAclRule */
} LsAclPolicy;

typedef struct
{
  char *id;
  gint64 timestamp;
  char *network_id; /* or NULL */
  char *node_id; /* or NULL */
  char *action;
  char *detail; /* JSON text, or NULL */
} LsAuditEntry;

typedef struct
{
  GStrv control_urls;
  char *mesh_server_id; /* or NULL */
  GPtrArray *mesh_peer_ids; /* of char*, parallel to mesh_peer_addresses */
  GPtrArray *mesh_peer_addresses;
  gint64 generated_at;
} LsTopology;

/* Answer to a registration with a link. */
typedef struct
{
  char *node_id;
  char *network_id;
  char *ipv4;
  char *ipv6;
  char *auth_path;
  gint64 expires_at;
  char *node_token;
} LsPendingRegistration;

/* Answer to a registration with an enrollment token. */
typedef struct
{
  char *node_token;
  LsNetmap *netmap;
} LsRegistration;

/* Answer to an approval, by link or by an administrator. */
typedef struct
{
  char *node_id;
  gboolean approved;
  gint64 approved_at;
} LsApproval;

/* Answer to a key rotation: the keys that the server now holds. */
typedef struct
{
  char *node_id;
  char *machine_public_key;
  char *wg_public_key;
} LsRotatedKeys;

/* What a new network shall be. Members that are NULL or 0 are left to the server. */
typedef struct
{
  const char *name;
  const char *overlay_v4;
  const char *overlay_v6;
  const char *dns_domain;
  gboolean requires_approval;
  guint64 key_rotation_max_age; /* seconds */
  guint64 bootstrap_token_ttl; /* seconds; with uses 0 no token is asked for */
  guint32 bootstrap_token_uses;
  const char *const *bootstrap_token_tags;
} LsNetworkDraft;

/* Answer to the creation of a network. */
typedef struct
{
  LsNetwork *network;
  LsEnrollmentToken *bootstrap_token; /* or NULL */
} LsCreatedNetwork;

void ls_route_free (LsRoute *route);
void ls_network_free (LsNetwork *network);
void ls_node_free (LsNode *node);
void ls_relay_info_free (LsRelayInfo *relay);
void ls_probe_request_free (LsProbeRequest *request);
LsNetmap *ls_netmap_ref (LsNetmap *netmap);
void ls_netmap_unref (LsNetmap *netmap);
void ls_enrollment_token_free (LsEnrollmentToken *token); /* wipes it */
void ls_key_record_free (LsKeyRecord *record);
void ls_acl_selector_free (LsAclSelector *selector);
void ls_acl_rule_free (LsAclRule *rule);
void ls_acl_policy_free (LsAclPolicy *policy);
void ls_audit_entry_free (LsAuditEntry *entry);
void ls_topology_free (LsTopology *topology);
void ls_pending_registration_free (LsPendingRegistration *pending); /* wipes token and link */
void ls_registration_free (LsRegistration *registration); /* wipes the token */
void ls_approval_free (LsApproval *approval);
void ls_rotated_keys_free (LsRotatedKeys *keys);
void ls_created_network_free (LsCreatedNetwork *created);

/* Frees a token or link after wiping it; NULL is fine. */
void ls_control_secret_free (char *secret);

/* Constructors for those who build values rather than decode them (the control plane, tests):
 * zeroed, with empty, never NULL, lists. */
LsRoute *
ls_route_new (const char *prefix, gboolean exit, gboolean enabled, const char *mapped_prefix);
LsRoute *ls_route_copy (const LsRoute *route);
LsNetwork *ls_network_new (void);
LsNetwork *ls_network_copy (const LsNetwork *network);
LsNode *ls_node_new (void);
LsNode *ls_node_copy (const LsNode *node);
LsRelayInfo *ls_relay_info_new (void);
LsNetmap *ls_netmap_new (void);
LsAclSelector *ls_acl_selector_new (void);
LsAclRule *ls_acl_rule_new (void);
LsAclPolicy *ls_acl_policy_new (void);

/* What of two nodes matters to a tunnel and to people; last_seen and the order of lists do not. */
gboolean ls_node_equal_material (const LsNode *a, const LsNode *b);

/* The peer @id of @netmap, or NULL. (transfer none) */
const LsNode *ls_netmap_find_peer (const LsNetmap *netmap, const char *id);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsRoute, ls_route_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsNetwork, ls_network_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsNode, ls_node_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsRelayInfo, ls_relay_info_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsNetmap, ls_netmap_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsEnrollmentToken, ls_enrollment_token_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsAclSelector, ls_acl_selector_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsAclRule, ls_acl_rule_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsAclPolicy, ls_acl_policy_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsTopology, ls_topology_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsPendingRegistration, ls_pending_registration_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsRegistration, ls_registration_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsApproval, ls_approval_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsRotatedKeys, ls_rotated_keys_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsCreatedNetwork, ls_created_network_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsProbeRequest, ls_probe_request_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsKeyRecord, ls_key_record_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsAuditEntry, ls_audit_entry_free)

G_END_DECLS
