/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "ls-agent-record.h"

G_BEGIN_DECLS

/* The files of the agent, all 0600 in folders 0700:
 *   profiles/NAME.conf    one LsAgentRecord
 *   netmaps/NAME.json     the last netmap, so that a tunnel comes up while the control plane is
 * away secrets/ID            only if a person opted in (LsAgentSecrets) Files are written to a new
 * file that then takes the place of the old one; writes are carried out one after the other in a
 * worker thread. A failed write leaves the old file as it was. */
#define LS_TYPE_AGENT_STORE (ls_agent_store_get_type ())
G_DECLARE_FINAL_TYPE (LsAgentStore, ls_agent_store, LS, AGENT_STORE, GObject)

/* Of @folder, which is created when first needed. */
LsAgentStore *ls_agent_store_new (const char *folder);

/* A file that could not be read and was put aside. */
typedef struct
{
  char *name; /* of the profile */
  char *kept; /* where the file is now; NULL: still where it was */
  char *reason;
} LsAgentBadFile;

/* Reads all profiles. Those that cannot be read are renamed to NAME.conf.broken-N and reported in
 * @out_bad (of LsAgentBadFile). Blocks: for the start of the program. (transfer full): of
 * LsAgentRecord, sorted by name. */
GPtrArray *ls_agent_store_load (LsAgentStore *self, GPtrArray **out_bad);

/* Writes @data to @file ("profiles/NAME.conf"…), or with NULL removes it; LS_ERROR_STORAGE. */
void ls_agent_store_write_async (LsAgentStore *self, const char *file, GBytes *data,
                                 GCancellable *cancellable, GAsyncReadyCallback callback,
                                 gpointer user_data);
gboolean ls_agent_store_write_finish (LsAgentStore *self, GAsyncResult *result, GError **error);

/* The bytes of @file; LS_ERROR_NOT_FOUND or LS_ERROR_STORAGE. */
void ls_agent_store_read_async (LsAgentStore *self, const char *file, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data);
GBytes *ls_agent_store_read_finish (LsAgentStore *self, GAsyncResult *result, GError **error);

/* Names of files, relative to the folder. (transfer full) */
char *ls_agent_store_profile_file (const char *name);
char *ls_agent_store_netmap_file (const char *name);

/* Whether writes are under way; "drained" is emitted when the last has ended. */
gboolean ls_agent_store_is_busy (LsAgentStore *self);

void ls_agent_bad_file_free (LsAgentBadFile *bad);

G_END_DECLS
