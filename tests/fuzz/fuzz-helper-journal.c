/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "ls-helper-journal.h"

/* A journal file that is damaged or of another version is refused; one that is taken is written as
 * the same. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (LsHelperJournalEntry) entry = ls_helper_journal_parse (bytes, &error);
  g_autoptr (GBytes) written = NULL;
  g_autoptr (LsHelperJournalEntry) again = NULL;

  FUZZ_CHECK ((entry == NULL) == (error != NULL));
  if (entry == NULL)
    return 0;
  written = ls_helper_journal_serialize (entry);
  again = ls_helper_journal_parse (written, NULL);
  FUZZ_CHECK (again != NULL && g_str_equal (entry->name, again->name));
  FUZZ_CHECK (ls_tunnel_equal (entry->tunnel, again->tunnel));
  return 0;
}
