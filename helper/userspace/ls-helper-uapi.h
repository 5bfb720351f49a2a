/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-tunnel.h"

G_BEGIN_DECLS

/* The text protocol of userspace WireGuard
 * (https://www.wireguard.com/xplatform/#cross-platform-userspace-implementation), formatted and
 * read without any I/O. Requests are made of binary values only: no text of a caller gets in. */

/* An answer may be as long as this; more is refused. */
#define LS_HELPER_UAPI_ANSWER_MAX (64 * 1024 * 1024)

/* What a running WireGuard says of itself. */
typedef struct
{
  LsKey private_key; /* zero: none */
  guint16 listen_port; /* 0: none yet */
  GPtrArray *peers; /* of LsTunnelPeer, sorted by key */
  GArray *statistics; /* of LsPeerStatistics, in the order of the answer */
} LsHelperUapiDevice;

void ls_helper_uapi_device_free (LsHelperUapiDevice *device);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsHelperUapiDevice, ls_helper_uapi_device_free)

/* The request for all that a device says. */
#define LS_HELPER_UAPI_GET "get=1\n\n"

/* Requests hold keys: free them with ls_helper_uapi_request_free(), which wipes. */
void ls_helper_uapi_request_free (char *request);

/* The fewest changes from @device to @desired, without the listen port; NULL if there are none.
 * @previous (may be NULL) is what was asked for last: an endpoint that WireGuard has learned since
 * is kept unless another one is asked for now. */
char *ls_helper_uapi_format_apply (const LsHelperUapiDevice *device, const LsTunnel *desired,
                                   const LsTunnel *previous);
char *ls_helper_uapi_format_listen_port (guint16 listen_port);

/* @changed: of LsTunnelPeer; @removed: of LsKey. */
char *ls_helper_uapi_format_peers (GPtrArray *changed, GArray *removed);
char *ls_helper_uapi_format_endpoints (GPtrArray *peers);

/* Whether @text holds a whole answer (it ends with an empty line). */
gboolean ls_helper_uapi_answer_is_complete (const char *text, gsize length);

/* The answer of a set request: LS_ERROR_CONFLICT if the port is in use, LS_ERROR_BACKEND for any
 * other errno or nonsense. */
gboolean ls_helper_uapi_parse_set (const char *text, gsize length, GError **error);

/* The answer of LS_HELPER_UAPI_GET. Unknown lines are skipped, as the protocol may grow; values
 * that make no sense are an LS_ERROR_BACKEND. (transfer full) */
LsHelperUapiDevice *ls_helper_uapi_parse_get (const char *text, gsize length, GError **error);

G_END_DECLS
