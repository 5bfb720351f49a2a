/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "ls-control-types.h"
#include "ls-pins.h"

G_BEGIN_DECLS

/* The control plane's client: one call of the protocol is one _async/_finish pair.
 *
 * Each call starts at the URL that answered last and goes round the others on a connection error, a
 * timeout or a 5xx; any other answer is final. Calls that must not be made twice (registrations,
 * key rotation, creations) go on to another URL only if nothing of the request was sent. A call
 * that has been tried over https is never tried over plain http.
 *
 * Errors, all of LS_ERROR with one sentence for a person, server text in it made safe to show:
 *  INVALID_ARGUMENT      an argument was refused before anything was sent
 *  NOT_SUPPORTED         this server does not know the call
 *  CONTROL_UNREACHABLE   no URL answered
 *  CONTROL_TLS           certificate refused or another than pinned
 *  CONTROL_PROTOCOL      an answer that no control plane gives: HTML, bad JSON, a redirect, no such
 * path CONTROL_INVALID       400, 415, 422 CONTROL_UNAUTHORIZED  401, 403 CONTROL_NOT_FOUND     404
 * that the control plane itself said. In netmap, long poll, heartbeat, key rotation and key
 * history: the server does not know this node (deleted, or the server lost its state); any other
 * 404 of those is CONTROL_PROTOCOL CONTROL_CONFLICT      409: the name is taken, or the addresses
 * are used up CONTROL_SERVER        5xx from every URL, or 429; see
 * ls_control_client_get_retry_after() LIMIT                 a body over LS_CONTROL_BODY_MAX or a
 * list over its limit and G_IO_ERROR_CANCELLED after cancellation.
 *
 * Main thread only. No message holds a token, key or link. */

/* Seconds. An attempt is given up if it takes longer. */
#define LS_CONTROL_CONNECT_TIMEOUT 10 /* until the request is sent */
#define LS_CONTROL_PROBE_TIMEOUT 10 /* healthz, probe */
#define LS_CONTROL_CALL_TIMEOUT 30 /* from the request to the end of the answer */
#define LS_CONTROL_LONGPOLL_MAX 300 /* the longest hold time that a server takes */
#define LS_CONTROL_LONGPOLL_MARGIN 15 /* beyond the hold time */
#define LS_CONTROL_RETRY_AFTER_MAX 300 /* what a server may ask to wait */
#define LS_CONTROL_URLS_MAX 16

#define LS_TYPE_CONTROL_CLIENT (ls_control_client_get_type ())
G_DECLARE_FINAL_TYPE (LsControlClient, ls_control_client, LS, CONTROL_CLIENT, GObject)

/* @urls: control URLs, tried in this order at first. @pins: which certificate each must show, or
 * NULL for none; see ls_control_certificate_check(). As soon as one URL has a pin no plain http is
 * used. NULL with LS_ERROR_INVALID_ARGUMENT if a URL is not valid or a pin belongs to none. */
LsControlClient *ls_control_client_new (const char *const *urls, LsPins *pins, GError **error);

/* Tokens for calls that need one; NULL: none. Without a node token the admin token is sent in its
 * place, as servers accept. They are copied and wiped. LS_ERROR_INVALID_ARGUMENT if not a token. */
gboolean
ls_control_client_set_node_token (LsControlClient *self, const char *token, GError **error);
gboolean
ls_control_client_set_admin_token (LsControlClient *self, const char *token, GError **error);

/* The URL that answered last, or the first one. Property "url", with notify. (transfer none) */
const char *ls_control_client_get_url (LsControlClient *self);

/* Starts the next call at @url if it is one of ours (remembered over a restart). */
void ls_control_client_prefer_url (LsControlClient *self, const char *url);

/* Seconds from now for which the server asked not to be called (429 or 503 with Retry-After), at
 * most LS_CONTROL_RETRY_AFTER_MAX; 0: none. */
guint ls_control_client_get_retry_after (LsControlClient *self);

/* The address to open for approving: @auth_path joined to @base_url, a control URL. SECURITY: a
 * path that would leave the server ("//host", "scheme:", control characters, "..") is refused with
 * LS_ERROR_CONTROL_PROTOCOL. Anything that opens it approves. (transfer full) */
char *ls_control_auth_url (const char *base_url, const char *auth_path, GError **error);

/* What a look at a server showed, without any token sent. */
typedef struct
{
  char *url; /* the one that answered, or whose certificate was refused */
  gboolean encrypted;
  char *pin; /* of the certificate that was seen, or NULL */
  char *certificate_error; /* a sentence if TLS refused, or NULL */
} LsControlProbe;
void ls_control_probe_free (LsControlProbe *probe);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsControlProbe, ls_control_probe_free)

/* Looks at the server: healthz, and its certificate. A refused certificate is a result, not an
 * error, unless another URL answers. */
void ls_control_client_probe_async (LsControlClient *self, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer user_data);
LsControlProbe *
ls_control_client_probe_finish (LsControlClient *self, GAsyncResult *result, GError **error);

/* GET /healthz */
void ls_control_client_healthz_async (LsControlClient *self, GCancellable *cancellable,
                                      GAsyncReadyCallback callback, gpointer user_data);
gboolean
ls_control_client_healthz_finish (LsControlClient *self, GAsyncResult *result, GError **error);

/* POST /v1/register. Keys are base64 texts. */
void ls_control_client_register_async (LsControlClient *self, const char *token,
                                       const char *node_name, const char *machine_public_key,
                                       const char *wg_public_key, GCancellable *cancellable,
                                       GAsyncReadyCallback callback, gpointer user_data);
LsRegistration *
ls_control_client_register_finish (LsControlClient *self, GAsyncResult *result, GError **error);

/* POST /v1/register-url. @ttl: seconds, 0: the server's default. */
void ls_control_client_register_url_async (LsControlClient *self, const char *network_id,
                                           const char *node_name, const char *machine_public_key,
                                           const char *wg_public_key, guint64 ttl,
                                           GCancellable *cancellable, GAsyncReadyCallback callback,
                                           gpointer user_data);
LsPendingRegistration *
ls_control_client_register_url_finish (LsControlClient *self, GAsyncResult *result, GError **error);

/* GET of the approval link: only on the user's explicit word. */
void ls_control_client_approve_by_link_async (LsControlClient *self, const char *auth_path,
                                              GCancellable *cancellable,
                                              GAsyncReadyCallback callback, gpointer user_data);
LsApproval *ls_control_client_approve_by_link_finish (LsControlClient *self, GAsyncResult *result,
                                                      GError **error);

/* POST /v1/heartbeat. @endpoints and @routes (of LsRoute) replace what the server holds; NULL:
 * none.
 * @listen_port 0: do not add the observed address. @probe: ask all peers to probe us. */
void ls_control_client_heartbeat_async (LsControlClient *self, const char *node_id,
                                        const char *const *endpoints, guint16 listen_port,
                                        const GPtrArray *routes, gboolean probe,
                                        GCancellable *cancellable, GAsyncReadyCallback callback,
                                        gpointer user_data);
LsNetmap *
ls_control_client_heartbeat_finish (LsControlClient *self, GAsyncResult *result, GError **error);

/* GET /v1/netmap/NODE */
void ls_control_client_netmap_async (LsControlClient *self, const char *node_id,
                                     GCancellable *cancellable, GAsyncReadyCallback callback,
                                     gpointer user_data);
LsNetmap *
ls_control_client_netmap_finish (LsControlClient *self, GAsyncResult *result, GError **error);

/* GET /v1/netmap/NODE/longpoll: returns as soon as the revision is above @since, or after @hold
 * seconds (at most LS_CONTROL_LONGPOLL_MAX) with the current one. */
void ls_control_client_longpoll_async (LsControlClient *self, const char *node_id, guint64 since,
                                       guint hold, GCancellable *cancellable,
                                       GAsyncReadyCallback callback, gpointer user_data);
LsNetmap *
ls_control_client_longpoll_finish (LsControlClient *self, GAsyncResult *result, GError **error);

/* POST /v1/nodes/NODE/rotate-keys. A key that is NULL stays. */
void ls_control_client_rotate_keys_async (LsControlClient *self, const char *node_id,
                                          const char *machine_public_key, const char *wg_public_key,
                                          GCancellable *cancellable, GAsyncReadyCallback callback,
                                          gpointer user_data);
LsRotatedKeys *
ls_control_client_rotate_keys_finish (LsControlClient *self, GAsyncResult *result, GError **error);

/* GET /v1/nodes/NODE/keys. Result: of LsKeyRecord. */
void ls_control_client_key_history_async (LsControlClient *self, const char *node_id,
                                          GCancellable *cancellable, GAsyncReadyCallback callback,
                                          gpointer user_data);
GPtrArray *
ls_control_client_key_history_finish (LsControlClient *self, GAsyncResult *result, GError **error);

/* POST /v1/nodes/NODE/revoke (administrator). @out_revoked_at: Unix seconds, or NULL. */
void ls_control_client_revoke_node_async (LsControlClient *self, const char *node_id,
                                          GCancellable *cancellable, GAsyncReadyCallback callback,
                                          gpointer user_data);
gboolean ls_control_client_revoke_node_finish (LsControlClient *self, GAsyncResult *result,
                                               gint64 *out_revoked_at, GError **error);

/* DELETE /v1/nodes/NODE (administrator) */
void ls_control_client_delete_node_async (LsControlClient *self, const char *node_id,
                                          GCancellable *cancellable, GAsyncReadyCallback callback,
                                          gpointer user_data);
gboolean
ls_control_client_delete_node_finish (LsControlClient *self, GAsyncResult *result, GError **error);

/* GET /v1/admin/networks/NET/nodes (administrator). Result: of LsNode, approved and pending. */
void ls_control_client_list_nodes_async (LsControlClient *self, const char *network_id,
                                         GCancellable *cancellable, GAsyncReadyCallback callback,
                                         gpointer user_data);
GPtrArray *
ls_control_client_list_nodes_finish (LsControlClient *self, GAsyncResult *result, GError **error);

/* POST /v1/admin/nodes/NODE/approve (administrator) */
void ls_control_client_approve_node_async (LsControlClient *self, const char *node_id,
                                           GCancellable *cancellable, GAsyncReadyCallback callback,
                                           gpointer user_data);
LsApproval *
ls_control_client_approve_node_finish (LsControlClient *self, GAsyncResult *result, GError **error);

/* PUT /v1/admin/nodes/NODE (administrator). What is NULL stays; empty @tags clear. */
void
ls_control_client_update_node_async (LsControlClient *self, const char *node_id, const char *name,
                                     const char *const *tags, GCancellable *cancellable,
                                     GAsyncReadyCallback callback, gpointer user_data);
LsNode *
ls_control_client_update_node_finish (LsControlClient *self, GAsyncResult *result, GError **error);

/* POST /v1/networks (administrator) */
void ls_control_client_create_network_async (LsControlClient *self, const LsNetworkDraft *draft,
                                             GCancellable *cancellable,
                                             GAsyncReadyCallback callback, gpointer user_data);
LsCreatedNetwork *ls_control_client_create_network_finish (LsControlClient *self,
                                                           GAsyncResult *result, GError **error);

/* DELETE /v1/networks/NET (administrator). CONTROL_CONFLICT while it has nodes. */
void ls_control_client_delete_network_async (LsControlClient *self, const char *network_id,
                                             GCancellable *cancellable,
                                             GAsyncReadyCallback callback, gpointer user_data);
gboolean ls_control_client_delete_network_finish (LsControlClient *self, GAsyncResult *result,
                                                  GError **error);

/* GET /v1/networks/NET/tokens (administrator). Result: of LsEnrollmentToken. */
void ls_control_client_list_tokens_async (LsControlClient *self, const char *network_id,
                                          GCancellable *cancellable, GAsyncReadyCallback callback,
                                          gpointer user_data);
GPtrArray *
ls_control_client_list_tokens_finish (LsControlClient *self, GAsyncResult *result, GError **error);

/* POST /v1/networks/NET/tokens (administrator). @ttl: seconds; @tags NULL: none. */
void ls_control_client_create_token_async (LsControlClient *self, const char *network_id,
                                           guint64 ttl, guint32 uses, const char *const *tags,
                                           GCancellable *cancellable, GAsyncReadyCallback callback,
                                           gpointer user_data);
LsEnrollmentToken *
ls_control_client_create_token_finish (LsControlClient *self, GAsyncResult *result, GError **error);

/* POST /v1/tokens/TOKEN/revoke (administrator) */
void ls_control_client_revoke_token_async (LsControlClient *self, const char *token,
                                           GCancellable *cancellable, GAsyncReadyCallback callback,
                                           gpointer user_data);
LsEnrollmentToken *
ls_control_client_revoke_token_finish (LsControlClient *self, GAsyncResult *result, GError **error);

/* GET /v1/networks/NET/acl (administrator) */
void ls_control_client_get_acl_async (LsControlClient *self, const char *network_id,
                                      GCancellable *cancellable, GAsyncReadyCallback callback,
                                      gpointer user_data);
LsAclPolicy *
ls_control_client_get_acl_finish (LsControlClient *self, GAsyncResult *result, GError **error);

/* PUT /v1/networks/NET/acl (administrator) */
void ls_control_client_put_acl_async (LsControlClient *self, const char *network_id,
                                      const LsAclPolicy *policy, GCancellable *cancellable,
                                      GAsyncReadyCallback callback, gpointer user_data);
LsAclPolicy *
ls_control_client_put_acl_finish (LsControlClient *self, GAsyncResult *result, GError **error);

/* GET /v1/networks/NET/key-policy (administrator). @out_max_age: seconds, 0: none. */
void ls_control_client_get_key_policy_async (LsControlClient *self, const char *network_id,
                                             GCancellable *cancellable,
                                             GAsyncReadyCallback callback, gpointer user_data);
gboolean ls_control_client_get_key_policy_finish (LsControlClient *self, GAsyncResult *result,
                                                  guint64 *out_max_age, GError **error);

/* PUT /v1/networks/NET/key-policy (administrator). @max_age: seconds, 0: none. */
void ls_control_client_put_key_policy_async (LsControlClient *self, const char *network_id,
                                             guint64 max_age, GCancellable *cancellable,
                                             GAsyncReadyCallback callback, gpointer user_data);
gboolean ls_control_client_put_key_policy_finish (LsControlClient *self, GAsyncResult *result,
                                                  guint64 *out_max_age, GError **error);

/* GET /v1/audit (administrator). Ids that are NULL do not filter; @limit 0: the server's. Result:
 * of LsAuditEntry, oldest first. */
void ls_control_client_audit_async (LsControlClient *self, const char *network_id,
                                    const char *node_id, guint limit, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer user_data);
GPtrArray *
ls_control_client_audit_finish (LsControlClient *self, GAsyncResult *result, GError **error);

/* GET /v1/admin/topology (administrator) */
void ls_control_client_topology_async (LsControlClient *self, GCancellable *cancellable,
                                       GAsyncReadyCallback callback, gpointer user_data);
LsTopology *
ls_control_client_topology_finish (LsControlClient *self, GAsyncResult *result, GError **error);

G_END_DECLS
