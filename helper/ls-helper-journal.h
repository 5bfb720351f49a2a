/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-tunnel.h"

G_BEGIN_DECLS

/* What was made, on the way, so that a restarted helper can take it up or undo it: one file for
 * each tunnel in a folder that only root can look into and that does not outlive the boot. */

typedef struct
{
  char *name;
  char *interface; /* derived from the name, not stored */
  LsBackendKind backend; /* the one in use, never LS_BACKEND_AUTO */
  guint32 uid;
  char *owner; /* unique bus name */
  char *bus_id; /* of the bus that @owner belongs to */
  gboolean applying; /* the last change had not ended */
  guint16 wanted_port; /* what was asked for; tunnel->listen_port is what it became */
  LsTunnel *tunnel;
  GVariant *state; /* of the backend, a{sv}, or NULL */
} LsHelperJournalEntry;

void ls_helper_journal_entry_free (LsHelperJournalEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsHelperJournalEntry, ls_helper_journal_entry_free)

/* Makes the folder if need be, 0700, and refuses one that is not root's alone.
 * LS_ERROR_STORAGE. */
gboolean ls_helper_journal_prepare (const char *directory, GError **error);

/* Writes atomically. LS_ERROR_STORAGE. */
gboolean
ls_helper_journal_save (const char *directory, const LsHelperJournalEntry *entry, GError **error);

/* Removes the entry; that there is none is no error. */
void ls_helper_journal_delete (const char *directory, const char *name);

/* All entries that make sense, of LsHelperJournalEntry; others are told in the log and removed. */
GPtrArray *ls_helper_journal_load (const char *directory);

/* The form of an entry in its file. parse: LS_ERROR_STORAGE. Pure. */
GBytes *ls_helper_journal_serialize (const LsHelperJournalEntry *entry);
LsHelperJournalEntry *ls_helper_journal_parse (GBytes *bytes, GError **error);

G_END_DECLS
