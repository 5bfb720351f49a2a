/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ls-ctl-json.h"

static void append_value (GString *out, GVariant *value);

static void
append_escaped (GString *out, gunichar c)
{
  if (c > 0xffff)
    {
      g_string_append_printf (out, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
                              0xdc00 + ((c - 0x10000) & 0x3ff));
      return;
    }
  g_string_append_printf (out, "\\u%04x", c);
}

static void
append_string (GString *out, const char *text)
{
  g_string_append_c (out, '"');
  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);

      if (c == '"' || c == '\\')
        g_string_append_printf (out, "\\%c", (char)c);
      else if (g_unichar_isprint (c) && g_unichar_type (c) != G_UNICODE_FORMAT)
        g_string_append_unichar (out, c);
      else
        append_escaped (out, c);
    }
  g_string_append_c (out, '"');
}

static void
append_entry (GString *out, GVariant *entry)
{
  g_autoptr (GVariant) key = g_variant_get_child_value (entry, 0);
  g_autoptr (GVariant) value = g_variant_get_child_value (entry, 1);
  g_autofree char *name = g_strdelimit (g_variant_dup_string (key, NULL), "-", '_');

  append_string (out, name);
  g_string_append_c (out, ':');
  append_value (out, value);
}

static void
append_container (GString *out, GVariant *value)
{
  gboolean object = g_variant_is_of_type (value, G_VARIANT_TYPE ("a{s*}"));

  g_string_append_c (out, object ? '{' : '[');
  for (gsize i = 0; i < g_variant_n_children (value); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (value, i);

      if (i > 0)
        g_string_append_c (out, ',');
      if (object)
        append_entry (out, child);
      else
        append_value (out, child);
    }
  g_string_append_c (out, object ? '}' : ']');
}

static void
append_boxed (GString *out, GVariant *value)
{
  g_autoptr (GVariant) inner = g_variant_get_variant (value);

  append_value (out, inner);
}

static void
append_double (GString *out, double number)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append (out, g_ascii_dtostr (text, sizeof text, number));
}

static void
append_value (GString *out, GVariant *value)
{
  switch (g_variant_classify (value))
    {
    case G_VARIANT_CLASS_BOOLEAN:
      g_string_append (out, g_variant_get_boolean (value) ? "true" : "false");
      break;
    case G_VARIANT_CLASS_STRING:
    case G_VARIANT_CLASS_OBJECT_PATH:
    case G_VARIANT_CLASS_SIGNATURE:
      append_string (out, g_variant_get_string (value, NULL));
      break;
    case G_VARIANT_CLASS_VARIANT:
      append_boxed (out, value);
      break;
    case G_VARIANT_CLASS_DOUBLE:
      append_double (out, g_variant_get_double (value));
      break;
    case G_VARIANT_CLASS_BYTE:
      g_string_append_printf (out, "%u", g_variant_get_byte (value));
      break;
    case G_VARIANT_CLASS_MAYBE:
    case G_VARIANT_CLASS_ARRAY:
    case G_VARIANT_CLASS_TUPLE:
    case G_VARIANT_CLASS_DICT_ENTRY:
      append_container (out, value);
      break;
    default:
      {
        g_autofree char *number = g_variant_print (value, FALSE);

        g_string_append (out, number);
      }
    }
}

char *
ls_ctl_json_from_variant (GVariant *value)
{
  g_autoptr (GString) out = g_string_new (NULL);

  append_value (out, value);
  return g_string_free (g_steal_pointer (&out), FALSE);
}
