/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "ls-control-types.h"

G_BEGIN_DECLS

/* JSON to values and back, pure. Decoders take the bytes of a body; they fail with
 * LS_ERROR_CONTROL_PROTOCOL (or LS_ERROR_LIMIT) and name the member that is wrong. Size and nesting
 * depth are checked before json-glib sees the text (100,000 nested arrays overflow its stack);
 * unknown members are ignored. Encoders return a node for json_to_string(). */

JsonNode *ls_control_codec_parse (const char *data, gsize length, GError **error);

LsNetmap *ls_control_codec_decode_netmap (JsonNode *node, GError **error);
LsNetwork *ls_control_codec_decode_network (JsonNode *node, GError **error);
LsNode *ls_control_codec_decode_node (JsonNode *node, GError **error);
LsRoute *ls_control_codec_decode_route (JsonNode *node, GError **error);
LsRelayInfo *ls_control_codec_decode_relay (JsonNode *node, GError **error);
LsEnrollmentToken *ls_control_codec_decode_token (JsonNode *node, GError **error);
LsKeyRecord *ls_control_codec_decode_key_record (JsonNode *node, GError **error);
LsAclPolicy *ls_control_codec_decode_acl (JsonNode *node, GError **error);
LsAuditEntry *ls_control_codec_decode_audit_entry (JsonNode *node, GError **error);
LsTopology *ls_control_codec_decode_topology (JsonNode *node, GError **error);
LsPendingRegistration *ls_control_codec_decode_pending (JsonNode *node, GError **error);

JsonNode *
ls_control_codec_encode_netmap (const LsNetmap *netmap); /* peers without the members of a Node */
JsonNode *ls_control_codec_encode_network (const LsNetwork *network);
JsonNode *ls_control_codec_encode_node (const LsNode *node);
JsonNode *ls_control_codec_encode_peer (const LsNode *node);
JsonNode *ls_control_codec_encode_route (const LsRoute *route);
JsonNode *
ls_control_codec_encode_relay (const LsRelayInfo *relay); /* JSON null if all lists are empty */
JsonNode *ls_control_codec_encode_token (const LsEnrollmentToken *token);
JsonNode *ls_control_codec_encode_key_record (const LsKeyRecord *record);
JsonNode *ls_control_codec_encode_acl (const LsAclPolicy *policy);
JsonNode *ls_control_codec_encode_audit_entry (const LsAuditEntry *entry);
JsonNode *ls_control_codec_encode_topology (const LsTopology *topology);
JsonNode *ls_control_codec_encode_pending (const LsPendingRegistration *pending);

G_END_DECLS
