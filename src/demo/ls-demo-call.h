/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <json-glib/json-glib.h>
#include <libsoup/soup.h>

#include "ls-control-reader.h"
#include "ls-demo-longpoll.h"
#include "ls-demo-store.h"

G_BEGIN_DECLS

/* One request of the protocol on its way through a handler. Everything is borrowed. */

#define LS_DEMO_CAPTURES_MAX 2

typedef struct
{
  LsDemoStore *store;
  LsDemoLongpoll *longpoll;
  const char *admin_hash; /* of the administrator's token; NULL: anybody is one */
  const char *const *control_urls; /* that this server is reached at */
  SoupServerMessage *message;
  GHashTable *query; /* decoded, or NULL */
  const char *captures[LS_DEMO_CAPTURES_MAX]; /* decoded variable segments of the path */
  gboolean answers_itself; /* the handler has answered or will later */
} LsDemoCall;

/* Errors that are answered in plain text, the code being the HTTP status: bodies and query strings
 * that cannot be understood. */
#define LS_DEMO_REFUSED (ls_demo_refused_quark ())
GQuark ls_demo_refused_quark (void);

/* Answers 200 with the returned node (transfer full), or 204 for NULL without an error. */
typedef JsonNode *(*LsDemoHandler) (LsDemoCall *call, GError **error);

/* Begins to read the body as JSON object. @what: static, the request's name. @required: members
 * that must be there, ended by NULL, or NULL. (transfer full), NULL with LS_DEMO_REFUSED. */
JsonNode *ls_demo_call_read_body (LsDemoCall *call, LsControlReader *reader, const char *what,
                                  const char *const *required, GError **error);

/* Ends it: a fault becomes LS_DEMO_REFUSED with 422. */
gboolean ls_demo_call_finish_body (LsControlReader *reader, GError **error);

/* An unsigned number of the query; absent: @fallback. Sets LS_DEMO_REFUSED if it is none. */
gboolean ls_demo_call_get_number (LsDemoCall *call, const char *name, guint64 fallback,
                                  guint64 *out_number, GError **error);
const char *ls_demo_call_get_query (LsDemoCall *call, const char *name);

/* 401 unless the request carries the administrator's token. */
gboolean ls_demo_call_require_admin (LsDemoCall *call, GError **error);

/* The node @id, 404 if there is none, 401 unless the request carries its token or the
 * administrator's. */
LsDemoNode *ls_demo_call_require_node (LsDemoCall *call, const char *id, GError **error);

/* Sets the answer: 200 with @node, or 204 if it is NULL. */
void ls_demo_reply_json (SoupServerMessage *message, JsonNode *node);

/* Sets the answer: 200 with JSON text (transfer full). */
void ls_demo_reply_text (SoupServerMessage *message, char *text);

/* Sets the answer that @error stands for. */
void ls_demo_reply_error (SoupServerMessage *message, const GError *error);

/* "source address:@port" of a heartbeat's connection, IPv4-mapped addresses unmapped; NULL for an
 * address that tells peers nothing (loopback, link-local). (transfer full) */
char *ls_demo_observed_endpoint (GSocketAddress *source, guint16 port);

/* The handlers, by noun. */
JsonNode *ls_demo_api_healthz (LsDemoCall *call, GError **error);
JsonNode *ls_demo_api_topology (LsDemoCall *call, GError **error);
JsonNode *ls_demo_api_audit (LsDemoCall *call, GError **error);

JsonNode *ls_demo_api_register (LsDemoCall *call, GError **error);
JsonNode *ls_demo_api_register_url (LsDemoCall *call, GError **error);
JsonNode *ls_demo_api_approve_by_link (LsDemoCall *call, GError **error);
JsonNode *ls_demo_api_heartbeat (LsDemoCall *call, GError **error);
JsonNode *ls_demo_api_netmap (LsDemoCall *call, GError **error);
JsonNode *ls_demo_api_longpoll (LsDemoCall *call, GError **error);
JsonNode *ls_demo_api_rotate_keys (LsDemoCall *call, GError **error);
JsonNode *ls_demo_api_keys (LsDemoCall *call, GError **error);

JsonNode *ls_demo_api_list_nodes (LsDemoCall *call, GError **error);
JsonNode *ls_demo_api_approve (LsDemoCall *call, GError **error);
JsonNode *ls_demo_api_update_node (LsDemoCall *call, GError **error);
JsonNode *ls_demo_api_revoke_node (LsDemoCall *call, GError **error);
JsonNode *ls_demo_api_delete_node (LsDemoCall *call, GError **error);

JsonNode *ls_demo_api_create_network (LsDemoCall *call, GError **error);
JsonNode *ls_demo_api_delete_network (LsDemoCall *call, GError **error);
JsonNode *ls_demo_api_get_acl (LsDemoCall *call, GError **error);
JsonNode *ls_demo_api_put_acl (LsDemoCall *call, GError **error);
JsonNode *ls_demo_api_get_key_policy (LsDemoCall *call, GError **error);
JsonNode *ls_demo_api_put_key_policy (LsDemoCall *call, GError **error);

JsonNode *ls_demo_api_list_tokens (LsDemoCall *call, GError **error);
JsonNode *ls_demo_api_create_token (LsDemoCall *call, GError **error);
JsonNode *ls_demo_api_revoke_token (LsDemoCall *call, GError **error);

G_END_DECLS
