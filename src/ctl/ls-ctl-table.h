/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A table of text for a terminal: columns as wide as their widest cell, two spaces apart. Cells are
 * made safe (ls_ctl_words_dup_safe()), so that foreign text cannot steer the terminal. */
typedef struct _LsCtlTable LsCtlTable;

/* @n_columns; what is indented stands @indent spaces to the right. */
LsCtlTable *ls_ctl_table_new (guint n_columns, guint indent);
void ls_ctl_table_free (LsCtlTable *self);

/* One row, in order: as many strings as there are columns, none of them NULL. */
void ls_ctl_table_add (LsCtlTable *self, const char *first, ...);

/* The table, each row ended by a newline, without spaces at the ends of lines. (transfer full) */
char *ls_ctl_table_to_text (const LsCtlTable *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsCtlTable, ls_ctl_table_free)

G_END_DECLS
