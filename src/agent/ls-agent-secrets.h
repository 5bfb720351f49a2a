/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-agent-credentials.h"
#include "ls-agent-notices.h"
#include "ls-agent-store.h"

G_BEGIN_DECLS

typedef enum
{
  LS_AGENT_SECRETS_KEYRING, /* the Secret Service; without one memory only, with a notice */
  LS_AGENT_SECRETS_FILE, /* files of mode 0600, because a person said so */
  LS_AGENT_SECRETS_MEMORY,
} LsAgentSecretsMode;

/* Where the credentials of the profiles are kept. Property "storage" s, with notify: "keyring",
 * "file", "memory" or "locked", as in the D-Bus API. Signal "unlocked": a keyring that was missing
 * or locked can be used now. */
#define LS_TYPE_AGENT_SECRETS (ls_agent_secrets_get_type ())
G_DECLARE_FINAL_TYPE (LsAgentSecrets, ls_agent_secrets, LS, AGENT_SECRETS, GObject)

LsAgentSecrets *
ls_agent_secrets_new (LsAgentSecretsMode mode, LsAgentStore *store, LsAgentNotices *notices);
const char *ls_agent_secrets_get_storage (LsAgentSecrets *self);

/* The credentials of the profile with @id. LS_ERROR_NOT_FOUND if there are none,
 * LS_ERROR_SECRETS_UNAVAILABLE if there is no keyring and they are not in memory,
 * LS_ERROR_SECRETS_LOCKED if the keyring stays locked (@may_ask: the person may be asked to unlock
 * it), LS_ERROR_STORAGE if they cannot be read. */
void ls_agent_secrets_load_async (LsAgentSecrets *self, const char *id, gboolean may_ask,
                                  GCancellable *cancellable, GAsyncReadyCallback callback,
                                  gpointer user_data);
LsAgentCredentials *
ls_agent_secrets_load_finish (LsAgentSecrets *self, GAsyncResult *result, GError **error);

/* Keeps a copy of @credentials under @id. @label is shown by keyring programs. Without a Secret
 * Service they are kept in memory, which is no failure (there is a notice). */
void ls_agent_secrets_save_async (LsAgentSecrets *self, const char *id, const char *label,
                                  const LsAgentCredentials *credentials, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer user_data);
gboolean ls_agent_secrets_save_finish (LsAgentSecrets *self, GAsyncResult *result, GError **error);

/* Forgets them for good: only when a person removes the profile. */
void ls_agent_secrets_remove_async (LsAgentSecrets *self, const char *id, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer user_data);
gboolean
ls_agent_secrets_remove_finish (LsAgentSecrets *self, GAsyncResult *result, GError **error);

G_END_DECLS
