/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-control-reader.h"
#include "ls-control-types.h"

G_BEGIN_DECLS

typedef enum
{
  LS_CONTROL_AUTH_NONE,
  LS_CONTROL_AUTH_NODE,
  LS_CONTROL_AUTH_ADMIN,
} LsControlAuth;

typedef enum
{
  LS_CONTROL_REQUEST_ONCE = 1 << 0, /* must not be made twice: no failover once it was sent */
  LS_CONTROL_REQUEST_ABOUT_NODE = 1 << 1, /* 404 "node" means that this node is gone */
  LS_CONTROL_REQUEST_OPTIONAL = 1 << 2, /* older servers lack it: 404, 405 */
  LS_CONTROL_REQUEST_TEXT_OK = 1 << 3, /* the answer is the text "ok" */
  LS_CONTROL_REQUEST_PROBE = 1 << 4, /* the result is a LsControlProbe */
} LsControlRequestFlags;

/* What one call sends, and how its answer is read. Built without I/O. */
typedef struct
{
  const char *method;
  char *path; /* with the query, to be put after a control URL */
  char *body; /* JSON, or NULL */
  LsControlAuth auth;
  LsControlRequestFlags flags;
  guint timeout; /* seconds from the request to the end of the answer */
  GPtrArray *secrets; /* of char*: texts that no message may repeat */
  LsControlDecode decode; /* NULL: the answer has no body */
  GDestroyNotify free_answer;
} LsControlRequest;

void ls_control_request_free (LsControlRequest *request); /* wipes it */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsControlRequest, ls_control_request_free)

/* One builder for each call; arguments as in ls-control-client.h. NULL with
 * LS_ERROR_INVALID_ARGUMENT. SECURITY: ids are validated and tokens percent-encoded where they
 * become path segments. */
LsControlRequest *ls_control_request_new_healthz (void);
LsControlRequest *ls_control_request_new_probe (void);
LsControlRequest *ls_control_request_new_register (const char *token, const char *node_name,
                                                   const char *machine_public_key,
                                                   const char *wg_public_key, GError **error);
LsControlRequest *
ls_control_request_new_register_url (const char *network_id, const char *node_name,
                                     const char *machine_public_key, const char *wg_public_key,
                                     guint64 ttl, GError **error);
LsControlRequest *ls_control_request_new_approve_by_link (const char *auth_path, GError **error);
LsControlRequest *
ls_control_request_new_heartbeat (const char *node_id, const char *const *endpoints,
                                  guint16 listen_port, const GPtrArray *routes, gboolean probe,
                                  GError **error);
LsControlRequest *ls_control_request_new_netmap (const char *node_id, GError **error);
LsControlRequest *
ls_control_request_new_longpoll (const char *node_id, guint64 since, guint hold, GError **error);
LsControlRequest *
ls_control_request_new_rotate_keys (const char *node_id, const char *machine_public_key,
                                    const char *wg_public_key, GError **error);
LsControlRequest *ls_control_request_new_key_history (const char *node_id, GError **error);
LsControlRequest *ls_control_request_new_revoke_node (const char *node_id, GError **error);
LsControlRequest *ls_control_request_new_delete_node (const char *node_id, GError **error);
LsControlRequest *ls_control_request_new_list_nodes (const char *network_id, GError **error);
LsControlRequest *ls_control_request_new_approve_node (const char *node_id, GError **error);
LsControlRequest *ls_control_request_new_update_node (const char *node_id, const char *name,
                                                      const char *const *tags, GError **error);
LsControlRequest *
ls_control_request_new_create_network (const LsNetworkDraft *draft, GError **error);
LsControlRequest *ls_control_request_new_delete_network (const char *network_id, GError **error);
LsControlRequest *ls_control_request_new_list_tokens (const char *network_id, GError **error);
LsControlRequest *
ls_control_request_new_create_token (const char *network_id, guint64 ttl, guint32 uses,
                                     const char *const *tags, GError **error);
LsControlRequest *ls_control_request_new_revoke_token (const char *token, GError **error);
LsControlRequest *ls_control_request_new_get_acl (const char *network_id, GError **error);
LsControlRequest *
ls_control_request_new_put_acl (const char *network_id, const LsAclPolicy *policy, GError **error);
LsControlRequest *ls_control_request_new_get_key_policy (const char *network_id, GError **error);
LsControlRequest *
ls_control_request_new_put_key_policy (const char *network_id, guint64 max_age, GError **error);
LsControlRequest *ls_control_request_new_audit (const char *network_id, const char *node_id,
                                                guint limit, GError **error);
LsControlRequest *ls_control_request_new_topology (void);

G_END_DECLS
