/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib-object.h>

#include "ls-control-types.h"

G_BEGIN_DECLS

/* The control plane's state: networks, nodes, enrollment tokens, audit log and the one revision of
 * the whole server. Pure: no input, output or clock of its own.
 *
 * Functions that fail set an LS_ERROR whose code says the HTTP status and whose message is the text
 * of the answer: CONTROL_INVALID 400, CONTROL_UNAUTHORIZED 401, CONTROL_NOT_FOUND 404,
 * CONTROL_CONFLICT 409. Messages hold no token.
 *
 * Signal "changed" (gboolean durable): the revision was raised; @durable unless nothing but the
 * time of a heartbeat changed. Times are Unix seconds. Borrowed records live until the store is
 * changed. */

#define LS_DEMO_LINK_TTL 600 /* seconds that an approval link is valid, unless asked otherwise */
#define LS_DEMO_PROBE_TTL 30 /* seconds that a request to be probed is passed on */
#define LS_DEMO_AUDIT_MAX 10000 /* entries that are kept */
#define LS_DEMO_NODES_MAX 20000 /* of one network; clients take no more peers */
#define LS_DEMO_TTL_MAX (100LL * 365 * 24 * 3600) /* seconds */

#define LS_TYPE_DEMO_STORE (ls_demo_store_get_type ())
G_DECLARE_FINAL_TYPE (LsDemoStore, ls_demo_store, LS, DEMO_STORE, GObject)

typedef struct _LsDemoNetwork LsDemoNetwork;
typedef struct _LsDemoNode LsDemoNode;

typedef gint64 (*LsDemoClock) (gpointer user_data);

LsDemoStore *ls_demo_store_new (void);

/* Another source of the time than the system's clock. */
void ls_demo_store_set_clock (LsDemoStore *self, LsDemoClock clock, gpointer user_data);
guint64 ls_demo_store_get_revision (LsDemoStore *self);

/* What netmaps advertise; NULL: nothing. (transfer full) */
void ls_demo_store_set_relay (LsDemoStore *self, LsRelayInfo *relay);

/* Networks */

/* 400 for an overlay that is no prefix or has no room, 409 if it overlaps another network's.
 * @out_token: (transfer none) the bootstrap token if the draft asks for one (ttl not 0; uses 0
 * means 1), or NULL. */
LsDemoNetwork *ls_demo_store_create_network (LsDemoStore *self, const LsNetworkDraft *draft,
                                             const LsEnrollmentToken **out_token, GError **error);

/* 409 while it has nodes. Its tokens go with it. */
gboolean ls_demo_store_delete_network (LsDemoStore *self, const char *id, GError **error);
LsDemoNetwork *ls_demo_store_get_network (LsDemoStore *self, const char *id, GError **error);
LsDemoNetwork *ls_demo_store_find_network_by_name (LsDemoStore *self, const char *name);
const LsNetwork *ls_demo_network_get_info (const LsDemoNetwork *network);
const LsAclPolicy *ls_demo_network_get_acl (const LsDemoNetwork *network);
void ls_demo_store_set_acl (LsDemoStore *self, LsDemoNetwork *network, LsAclPolicy *policy);

/* @max_age: seconds, 0: none. */
void ls_demo_store_set_key_policy (LsDemoStore *self, LsDemoNetwork *network, guint64 max_age);

/* Every node of @network as an administrator sees it. (transfer container), of LsNode, valid until
 * the store is changed. */
GPtrArray *ls_demo_store_list_nodes (LsDemoStore *self, LsDemoNetwork *network);

/* Enrollment tokens */

typedef struct
{
  guint64 ttl; /* seconds */
  guint32 uses;
  const char *const *tags; /* or NULL */
  const char *owner_user_id; /* or NULL */
  const char *owner_email; /* or NULL */
  gboolean owner_is_admin;
} LsDemoTokenDraft;

/* 400 if ttl or uses is 0. */
const LsEnrollmentToken *ls_demo_store_create_token (LsDemoStore *self, LsDemoNetwork *network,
                                                     const LsDemoTokenDraft *draft, GError **error);
const LsEnrollmentToken *
ls_demo_store_revoke_token (LsDemoStore *self, const char *token, GError **error);

/* The latest to expire first. (transfer container), of LsEnrollmentToken. */
GPtrArray *ls_demo_store_list_tokens (LsDemoStore *self, LsDemoNetwork *network);

/* Nodes */

typedef struct
{
  const char *name;
  const char *machine_public_key;
  const char *wg_public_key;
} LsDemoJoin;

/* @out_node_token: (transfer full), free with ls_control_secret_free(). 401 token not found,
 * expired, revoked or used up; 409 the name is taken or the addresses are exhausted; 400 no name.
 */
LsDemoNode *ls_demo_store_register (LsDemoStore *self, const char *token, const LsDemoJoin *join,
                                    char **out_node_token, GError **error);

/* @ttl: seconds. Fills @out_pending: (transfer full). */
LsDemoNode *
ls_demo_store_register_url (LsDemoStore *self, const char *network_id, const LsDemoJoin *join,
                            guint64 ttl, LsPendingRegistration **out_pending, GError **error);
LsDemoNode *ls_demo_store_approve_by_link (LsDemoStore *self, const char *node_id,
                                           const char *secret, GError **error);
LsDemoNode *ls_demo_store_approve (LsDemoStore *self, const char *node_id, GError **error);
LsDemoNode *ls_demo_store_get_node (LsDemoStore *self, const char *id, GError **error);

/* As an administrator sees it, with the approval that is in effect now. */
const LsNode *ls_demo_store_get_node_info (LsDemoStore *self, LsDemoNode *node);

/* When it was approved; 0: never. */
gint64 ls_demo_node_get_approved_at (const LsDemoNode *node);
gint64 ls_demo_node_get_revoked_at (const LsDemoNode *node);

/* Of LsKeyRecord, oldest first. */
GPtrArray *ls_demo_node_get_keys (const LsDemoNode *node);
gboolean ls_demo_node_token_matches (const LsDemoNode *node, const char *token);

/* The sent endpoints and routes replace the stored ones. @observed goes first; may be NULL. */
void
ls_demo_store_heartbeat (LsDemoStore *self, LsDemoNode *node, const char *observed,
                         const char *const *endpoints, const GPtrArray *routes, gboolean probe);

/* @name, @tags: NULL leaves it. 400 none given, 409 the name is taken. */
gboolean ls_demo_store_update_node (LsDemoStore *self, LsDemoNode *node, const char *name,
                                    const char *const *tags, GError **error);

/* NULL leaves a key. Clears a revocation. 400 none given or unchanged. */
gboolean
ls_demo_store_rotate_keys (LsDemoStore *self, LsDemoNode *node, const char *machine_public_key,
                           const char *wg_public_key, GError **error);
void ls_demo_store_revoke_node (LsDemoStore *self, LsDemoNode *node);
void ls_demo_store_delete_node (LsDemoStore *self, LsDemoNode *node);

/* What @node may know now, its peers in random order. (transfer full) */
LsNetmap *ls_demo_store_build_netmap (LsDemoStore *self, LsDemoNode *node);

/* The same as JSON text, which is much cheaper: that of a peer is kept until the peer changes.
 * (transfer full) */
char *ls_demo_store_build_netmap_text (LsDemoStore *self, LsDemoNode *node);

/* Audit: oldest first, ids NULL: any; @limit keeps the newest. (transfer container), of
 * LsAuditEntry. */
GPtrArray *ls_demo_store_list_audit (LsDemoStore *self, const char *network_id, const char *node_id,
                                     guint64 limit);

G_END_DECLS
