/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-tunnel.h"

G_BEGIN_DECLS

/* The methods of org.lightscale.Helper1, their arguments read into values that cannot be wrong.
 * Pure. */
typedef enum
{
  LS_HELPER_METHOD_APPLY_TUNNEL,
  LS_HELPER_METHOD_UPDATE_PEERS,
  LS_HELPER_METHOD_SET_ENDPOINTS,
  LS_HELPER_METHOD_REMOVE_TUNNEL,
  LS_HELPER_METHOD_LIST_TUNNELS,
  LS_HELPER_METHOD_GET_STATUS,
  LS_HELPER_METHOD_RESTORE_NETWORK,
  LS_HELPER_METHOD_UNKNOWN,
} LsHelperMethod;

LsHelperMethod ls_helper_method_from_text (const char *name);

typedef struct
{
  LsHelperMethod method;
  char *name; /* the tunnel; NULL for methods without one */
  LsTunnel *tunnel; /* ApplyTunnel */
  GPtrArray *peers; /* of LsTunnelPeer: UpdatePeers, SetEndpoints (key and endpoint only) */
  GArray *removed; /* of LsKey: UpdatePeers */
} LsHelperRequest;

/* @parameters: the tuple of the call, of the method's signature. LS_ERROR_NOT_SUPPORTED for a
 * method that is not known, LS_ERROR_INVALID_ARGUMENT, LS_ERROR_LIMIT. */
LsHelperRequest *ls_helper_request_parse (const char *method, GVariant *parameters, GError **error);
void ls_helper_request_free (LsHelperRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsHelperRequest, ls_helper_request_free)

G_END_DECLS
