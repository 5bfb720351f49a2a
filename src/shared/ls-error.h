/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The one error domain of the project. It is registered with GDBus, so that an error of the helper
 * or the agent arrives at a D-Bus client with the same domain and code. Messages are one sentence
 * for a person, translated, and never hold a key or a token. */
typedef enum
{
  LS_ERROR_FAILED, /* anything without a code of its own */
  LS_ERROR_INVALID_ARGUMENT, /* a value that a validator refused */
  LS_ERROR_NOT_FOUND, /* no such profile, tunnel, device, network */
  LS_ERROR_EXISTS, /* that name is in use here */
  LS_ERROR_WRONG_STATE, /* not possible in the profile's state */
  LS_ERROR_BUSY, /* another operation is under way */
  LS_ERROR_LIMIT, /* one of our named limits was exceeded */
  LS_ERROR_NOT_SUPPORTED, /* this server, helper or machine cannot do it */
  LS_ERROR_NOT_AUTHORIZED, /* polkit refused or the dialog was dismissed */
  LS_ERROR_NO_POLKIT_AGENT, /* a password is needed and nothing can ask for it */
  LS_ERROR_POLKIT_UNAVAILABLE, /* polkit itself cannot be reached */
  LS_ERROR_HELPER_UNAVAILABLE, /* the helper is not installed or does not start */
  LS_ERROR_BACKEND, /* NetworkManager, WireGuard or netlink refused */
  LS_ERROR_CONFLICT, /* interface, address or port is used by somebody else */
  LS_ERROR_SECRETS_UNAVAILABLE, /* no Secret Service */
  LS_ERROR_SECRETS_LOCKED, /* the keyring is locked and was not unlocked */
  LS_ERROR_STORAGE, /* the state could not be read or written */
  LS_ERROR_CONTROL_UNREACHABLE, /* no control URL answered */
  LS_ERROR_CONTROL_TLS, /* certificate refused or another than pinned */
  LS_ERROR_CONTROL_PROTOCOL, /* the answer is not what a control plane says */
  LS_ERROR_CONTROL_INVALID, /* 400, 415, 422: the server calls the request invalid */
  LS_ERROR_CONTROL_UNAUTHORIZED, /* 401, 403: the token is not accepted */
  LS_ERROR_CONTROL_NOT_FOUND, /* 404 */
  LS_ERROR_CONTROL_CONFLICT, /* 409 */
  LS_ERROR_CONTROL_SERVER, /* 5xx from every URL */
  LS_N_ERRORS
} LsError;

#define LS_ERROR (ls_error_quark ())
GQuark ls_error_quark (void);

/* One translated sentence of what to do about @error, or NULL when there is no advice. */
const char *ls_error_get_hint (const GError *error);

/* The text of @error without the "GDBus.Error:…:" that a remote error carries. (transfer full) */
char *ls_error_dup_message (const GError *error);

G_END_DECLS
