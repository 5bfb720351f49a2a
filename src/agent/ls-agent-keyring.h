/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-agent-credentials.h"

G_BEGIN_DECLS

#define LS_AGENT_KEYRING_BUS_NAME "org.freedesktop.secrets"

/* The Secret Service, one item per profile. Errors of all: LS_ERROR_SECRETS_UNAVAILABLE if there is
 * no such service, LS_ERROR_SECRETS_LOCKED if the collection is locked and was not unlocked,
 * LS_ERROR_STORAGE for whatever else it says. */

/* @may_ask: whether a person may be asked to unlock it. */
void ls_agent_keyring_load_async (const char *id, gboolean may_ask, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer user_data);
LsAgentCredentials *ls_agent_keyring_load_finish (GAsyncResult *result, GError **error);
void ls_agent_keyring_save_async (const char *id, const char *label,
                                  const LsAgentCredentials *credentials, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer user_data);
gboolean ls_agent_keyring_save_finish (GAsyncResult *result, GError **error);
void ls_agent_keyring_remove_async (const char *id, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer user_data);
gboolean ls_agent_keyring_remove_finish (GAsyncResult *result, GError **error);

G_END_DECLS
