/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ls-ctl-table.h"

#include "ls-ctl-words.h"

struct _LsCtlTable
{
  guint n_columns;
  guint indent;
  GPtrArray *cells; /* of char *, row by row */
};

LsCtlTable *
ls_ctl_table_new (guint n_columns, guint indent)
{
  LsCtlTable *self = g_new0 (LsCtlTable, 1);

  self->n_columns = n_columns;
  self->indent = indent;
  self->cells = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
ls_ctl_table_free (LsCtlTable *self)
{
  g_ptr_array_unref (self->cells);
  g_free (self);
}

void
ls_ctl_table_add (LsCtlTable *self, const char *first, ...)
{
  va_list cells;

  va_start (cells, first);
  for (guint i = 0; i < self->n_columns; i++)
    g_ptr_array_add (self->cells,
                     ls_ctl_words_dup_safe (i == 0 ? first : va_arg (cells, const char *)));
  va_end (cells);
}

/* Columns of a terminal that @text takes. */
static guint
text_width (const char *text)
{
  guint width = 0;

  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);

      if (!g_unichar_iszerowidth (c))
        width += g_unichar_iswide (c) ? 2 : 1;
    }
  return width;
}

static guint *
column_widths (const LsCtlTable *self)
{
  guint *widths = g_new0 (guint, self->n_columns);

  for (guint i = 0; i < self->cells->len; i++)
    {
      guint *width = &widths[i % self->n_columns];

      *width = MAX (*width, text_width (self->cells->pdata[i]));
    }
  return widths;
}

static void
append_spaces (GString *out, guint count)
{
  for (guint i = 0; i < count; i++)
    g_string_append_c (out, ' ');
}

static void
end_line (GString *out)
{
  while (out->len > 0 && out->str[out->len - 1] == ' ')
    g_string_truncate (out, out->len - 1);
  g_string_append_c (out, '\n');
}

char *
ls_ctl_table_to_text (const LsCtlTable *self)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autofree guint *widths = column_widths (self);

  for (guint i = 0; i < self->cells->len; i++)
    {
      guint column = i % self->n_columns;
      const char *cell = self->cells->pdata[i];

      if (column == 0)
        append_spaces (out, self->indent);
      g_string_append (out, cell);
      if (column + 1 == self->n_columns)
        end_line (out);
      else
        append_spaces (out, widths[column] - text_width (cell) + 2);
    }
  return g_string_free (g_steal_pointer (&out), FALSE);
}
