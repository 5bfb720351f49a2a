/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-agent-context.h"
#include "ls-agent.h"

G_BEGIN_DECLS

/* For the main program and the D-Bus service. */

/* Of the state in @state_folder. Reads the profiles (blocking) but starts nothing. */
LsAgent *ls_agent_new (const char *state_folder, LsAgentSecretsMode secrets);

/* Starts all profiles: only when this is the only agent. */
void ls_agent_start (LsAgent *self);
LsAgentContext *ls_agent_get_context (LsAgent *self);

/* Adds a profile and writes it down; options as in AddProfile of the D-Bus API. @name "": a free
 * one is chosen. (transfer none): the list owns it. */
void ls_agent_add_profile_async (LsAgent *self, const char *name, const char *const *urls,
                                 GVariant *options, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data);
LsAgentProfile *ls_agent_add_profile_finish (LsAgent *self, GAsyncResult *result, GError **error);

/* Takes a profile off the list that has been removed. */
void ls_agent_forget_profile (LsAgent *self, LsAgentProfile *profile);

/* Switches everything off and has the helper undo all that it made for this user. */
void ls_agent_restore_network_async (LsAgent *self, GCancellable *cancellable,
                                     GAsyncReadyCallback callback, gpointer user_data);
gboolean ls_agent_restore_network_finish (LsAgent *self, GAsyncResult *result, GError **error);

G_END_DECLS
