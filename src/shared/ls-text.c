/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "config.h"

#include "ls-text.h"

#define REPLACEMENT 0xfffd

static gboolean
is_safe (gunichar c)
{
  switch (g_unichar_type (c))
    {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT: /* bidirectional and zero-width formatting among them */
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
    case G_UNICODE_SURROGATE:
    case G_UNICODE_UNASSIGNED:
      return FALSE;
    default:
      return TRUE;
    }
}

static char *
make_safe (const char *text, guint max)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *out = g_string_new (NULL);
  guint count = 0;

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (count++ == max)
        {
          g_string_append (out, "…");
          break;
        }
      g_string_append_unichar (out, is_safe (c) ? c : REPLACEMENT);
    }
  return g_string_free (out, FALSE);
}

char *
ls_text_sanitize (const char *text)
{
  return make_safe (text, LS_TEXT_SHOWN_MAX);
}

char *
ls_text_make_safe (const char *text)
{
  return make_safe (text, G_MAXUINT);
}
