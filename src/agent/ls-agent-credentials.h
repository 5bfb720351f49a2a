/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "ls-ident.h"
#include "ls-key.h"

G_BEGIN_DECLS

#define LS_AGENT_AUTH_PATH_MAX 1024 /* bytes */

/* What of a profile is secret. It lives in guarded memory that is locked and wiped
 * (sodium_malloc()); it is written to the Secret Service or to the file that a person opted in for,
 * and nowhere else. */
typedef struct
{
  LsKey machine_seed;
  LsKey wireguard_private;
  char node_token[LS_TOKEN_MAX + 1]; /* "" before the registration */
  char auth_path[LS_AGENT_AUTH_PATH_MAX + 1]; /* approves this device; "" when there is none */
} LsAgentCredentials;

/* With fresh keys. These fail with LS_ERROR_LIMIT if there is no more guarded memory. */
LsAgentCredentials *ls_agent_credentials_new (GError **error);
LsAgentCredentials *
ls_agent_credentials_copy (const LsAgentCredentials *credentials, GError **error);
void ls_agent_credentials_free (LsAgentCredentials *credentials);

/* Copies @token (resp. @path). LS_ERROR_INVALID_ARGUMENT if it is none; the error does not hold it.
 */
gboolean
ls_agent_credentials_set_token (LsAgentCredentials *credentials, const char *token, GError **error);
gboolean ls_agent_credentials_set_auth_path (LsAgentCredentials *credentials, const char *path,
                                             GError **error);

/* To the text that is stored and back. The text is in memory of sodium_malloc(): free it with
 * sodium_free(). Parsing fails with LS_ERROR_STORAGE, both with LS_ERROR_LIMIT as above. */
char *ls_agent_credentials_to_text (const LsAgentCredentials *credentials, GError **error);
LsAgentCredentials *ls_agent_credentials_from_text (const char *text, gsize length, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsAgentCredentials, ls_agent_credentials_free)

G_END_DECLS
