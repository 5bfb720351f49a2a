/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "ls-control-types.h"

G_BEGIN_DECLS

/* The whole answers of calls, where they are more than one value of the codec. NULL with
 * LS_ERROR_CONTROL_PROTOCOL or LS_ERROR_LIMIT. Lists are GPtrArrays that own their items; a number
 * is in memory of its own, to be freed with g_free(). */

LsRegistration *ls_control_answer_registration (JsonNode *node, GError **error);
LsNetmap *ls_control_answer_heartbeat (JsonNode *node, GError **error); /* {netmap} */
LsApproval *ls_control_answer_approval (JsonNode *node, GError **error);
LsRotatedKeys *ls_control_answer_rotated_keys (JsonNode *node, GError **error);
GPtrArray *ls_control_answer_keys (JsonNode *node, GError **error); /* of LsKeyRecord */
gint64 *ls_control_answer_revoked_at (JsonNode *node, GError **error);
char *ls_control_answer_node_id (JsonNode *node, GError **error); /* {node_id} */
GPtrArray *ls_control_answer_nodes (JsonNode *node, GError **error); /* of LsNode */
LsNode *ls_control_answer_node (JsonNode *node, GError **error); /* {node} */
LsCreatedNetwork *ls_control_answer_created_network (JsonNode *node, GError **error);
GPtrArray *ls_control_answer_tokens (JsonNode *node, GError **error); /* of LsEnrollmentToken */
LsEnrollmentToken *ls_control_answer_token (JsonNode *node, GError **error); /* {token: {…}} */
LsAclPolicy *ls_control_answer_acl (JsonNode *node, GError **error); /* {policy} */
gint64 *ls_control_answer_max_age (JsonNode *node, GError **error); /* {policy: {…}}; 0: none */
GPtrArray *ls_control_answer_audit (JsonNode *node, GError **error); /* of LsAuditEntry */

/* The text of {"error": text} if @body is that, else NULL. (transfer full) */
char *ls_control_answer_error_text (const char *body, gsize length);

G_END_DECLS
