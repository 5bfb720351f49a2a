/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Limits of names and ids, in bytes. */
#define LS_PROFILE_NAME_MAX 32
#define LS_INTERFACE_NAME_MAX 15
#define LS_NODE_ID_MAX 64
#define LS_NODE_NAME_MAX 255
#define LS_TOKEN_MAX 4096

/* A profile's (and tunnel's) name: [a-z0-9][a-z0-9-]*, at most LS_PROFILE_NAME_MAX; it is part of
 * file names, object paths and interface names. */
gboolean ls_profile_name_validate (const char *name, GError **error);

/* The interface of the tunnel @name: "ls-NAME"; a name too long for an interface, or one that looks
 * like what comes of such a one, is cut and gets 24 bits of a hash of the whole. Names that share
 * an interface all the same cannot be up together: the helper refuses the second. (transfer full);
 * NULL if @name is invalid. */
char *ls_interface_name_for_profile (const char *name);

/* Whether @name is an interface name the kernel takes and nothing else means something by. */
gboolean ls_interface_name_validate (const char *name, GError **error);

/* Ids of nodes and networks: [A-Za-z0-9._-]{1,64}, not "." or "..": they are path segments of URLs.
 */
gboolean ls_node_id_validate (const char *id, GError **error);

/* A device's name as the server takes it: valid UTF-8, not empty after trimming, no control
 * character. */
gboolean ls_node_name_validate (const char *name, GError **error);

/* Tokens: visible ASCII, 1 to LS_TOKEN_MAX bytes. The error never holds the token. */
gboolean ls_token_validate (const char *token, GError **error);

/* A control URL: http or https, a host, optional port and path, no user, query or fragment. Returns
 * it without a trailing slash. (transfer full), or NULL with LS_ERROR_INVALID_ARGUMENT. */
char *ls_control_url_normalize (const char *text, GError **error);

/* A certificate pin: SHA-256 as 64 hex digits, colons and spaces allowed. Returns 64 lower-case
 * digits. */
char *ls_pin_normalize (const char *text, GError **error);

/* The object path segment of @name, escaped so that distinct names have distinct paths. (transfer
 * full) */
char *ls_profile_object_path (const char *name);

G_END_DECLS
