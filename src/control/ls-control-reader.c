/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-control-reader.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "ls-control-types.h"
#include "ls-error.h"

void
ls_control_reader_init (LsControlReader *reader, JsonNode *node, const char *what)
{
  *reader = (LsControlReader){ .what = what };
  if (node != NULL && JSON_NODE_HOLDS_OBJECT (node))
    reader->object = json_node_get_object (node);
  else
    g_set_error (&reader->error, LS_ERROR, LS_ERROR_CONTROL_PROTOCOL,
                 _ ("The server's data is not valid: “%s” is missing or not an object"), what);
}

gboolean
ls_control_reader_finish (LsControlReader *reader, GError **error)
{
  if (reader->error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&reader->error));
  return FALSE;
}

void
ls_control_reader_refuse (LsControlReader *reader, const char *name)
{
  if (reader->error == NULL)
    g_set_error (&reader->error, LS_ERROR, LS_ERROR_CONTROL_PROTOCOL,
                 _ ("The server's data is not valid: “%s” of “%s” is missing or wrong"), name,
                 reader->what);
}

static void
refuse_size (LsControlReader *reader, const char *name)
{
  if (reader->error == NULL)
    g_set_error (&reader->error, LS_ERROR, LS_ERROR_LIMIT,
                 _ ("The server's data is over a limit: “%s” of “%s” is too long"), name,
                 reader->what);
}

JsonNode *
ls_control_reader_get (LsControlReader *reader, const char *name)
{
  JsonNode *node;

  if (reader->error != NULL)
    return NULL;
  node = json_object_get_member (reader->object, name);
  return node != NULL && !JSON_NODE_HOLDS_NULL (node) ? node : NULL;
}

static JsonNode *
get_required (LsControlReader *reader, const char *name)
{
  JsonNode *node = ls_control_reader_get (reader, name);

  if (node == NULL)
    ls_control_reader_refuse (reader, name);
  return node;
}

static gboolean
holds (JsonNode *node, GType type)
{
  return JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == type;
}

/* The string of @node, cut at a character if the reader cuts. */
static char *
dup_string (LsControlReader *reader, const char *name, JsonNode *node)
{
  const char *text;
  gsize length;

  if (!holds (node, G_TYPE_STRING))
    {
      ls_control_reader_refuse (reader, name);
      return NULL;
    }
  text = json_node_get_string (node);
  length = strlen (text);
  if (length <= LS_CONTROL_STRING_MAX)
    return g_strndup (text, length);
  if (reader->cut)
    return g_strndup (text, g_utf8_find_prev_char (text, text + LS_CONTROL_STRING_MAX + 1) - text);
  refuse_size (reader, name);
  return NULL;
}

char *
ls_control_reader_dup_string (LsControlReader *reader, const char *name)
{
  JsonNode *node = get_required (reader, name);

  return node != NULL ? dup_string (reader, name, node) : NULL;
}

char *
ls_control_reader_dup_optional_string (LsControlReader *reader, const char *name)
{
  JsonNode *node = ls_control_reader_get (reader, name);

  return node != NULL ? dup_string (reader, name, node) : NULL;
}

/* The array @node and how many of its elements to read, NULL after a fault. */
static JsonArray *
get_array (LsControlReader *reader, const char *name, JsonNode *node, guint max, guint *out_n)
{
  JsonArray *array;

  *out_n = 0;
  if (!JSON_NODE_HOLDS_ARRAY (node))
    {
      ls_control_reader_refuse (reader, name);
      return NULL;
    }
  array = json_node_get_array (node);
  *out_n = json_array_get_length (array);
  if (*out_n > max && !reader->cut)
    {
      refuse_size (reader, name);
      return NULL;
    }
  *out_n = MIN (*out_n, max);
  return array;
}

static GStrv
dup_strv (LsControlReader *reader, const char *name, JsonNode *node, guint max)
{
  guint n;
  JsonArray *array = get_array (reader, name, node, max, &n);
  g_auto (GStrv) strings = NULL;

  if (array == NULL)
    return NULL;
  strings = g_new0 (char *, n + 1);
  for (guint i = 0; i < n; i++)
    {
      strings[i] = dup_string (reader, name, json_array_get_element (array, i));
      if (strings[i] == NULL)
        return NULL;
    }
  return g_steal_pointer (&strings);
}

GStrv
ls_control_reader_dup_strv (LsControlReader *reader, const char *name, guint max)
{
  JsonNode *node = get_required (reader, name);

  return node != NULL ? dup_strv (reader, name, node, max) : NULL;
}

GStrv
ls_control_reader_dup_optional_strv (LsControlReader *reader, const char *name, guint max)
{
  JsonNode *node = ls_control_reader_get (reader, name);

  return node != NULL ? dup_strv (reader, name, node, max) : g_new0 (char *, 1);
}

static gint64
get_int (LsControlReader *reader, const char *name, JsonNode *node, gint64 min, gint64 max)
{
  gint64 value;

  if (!holds (node, G_TYPE_INT64))
    {
      ls_control_reader_refuse (reader, name);
      return 0;
    }
  value = json_node_get_int (node);
  if (value < min || value > max)
    {
      ls_control_reader_refuse (reader, name);
      return 0;
    }
  return value;
}

gint64
ls_control_reader_get_int (LsControlReader *reader, const char *name, gint64 min, gint64 max)
{
  JsonNode *node = get_required (reader, name);

  return node != NULL ? get_int (reader, name, node, min, max) : 0;
}

gint64
ls_control_reader_get_optional_int (LsControlReader *reader, const char *name, gint64 min,
                                    gint64 max, gint64 fallback)
{
  JsonNode *node = ls_control_reader_get (reader, name);

  return node != NULL ? get_int (reader, name, node, min, max) : fallback;
}

static gboolean
get_boolean (LsControlReader *reader, const char *name, JsonNode *node)
{
  if (holds (node, G_TYPE_BOOLEAN))
    return json_node_get_boolean (node);
  ls_control_reader_refuse (reader, name);
  return FALSE;
}

gboolean
ls_control_reader_get_boolean (LsControlReader *reader, const char *name)
{
  JsonNode *node = get_required (reader, name);

  return node != NULL && get_boolean (reader, name, node);
}

gboolean
ls_control_reader_get_optional_boolean (LsControlReader *reader, const char *name,
                                        gboolean fallback)
{
  JsonNode *node = ls_control_reader_get (reader, name);

  return node != NULL ? get_boolean (reader, name, node) : fallback;
}

gboolean
ls_control_reader_get_choice (LsControlReader *reader, const char *name, const char *yes,
                              const char *no)
{
  JsonNode *node = get_required (reader, name);
  const char *text = node != NULL && holds (node, G_TYPE_STRING) ? json_node_get_string (node) : "";

  if (g_str_equal (text, yes))
    return TRUE;
  if (!g_str_equal (text, no))
    ls_control_reader_refuse (reader, name);
  return FALSE;
}

gpointer
ls_control_reader_get_object (LsControlReader *reader, const char *name, LsControlDecode decode)
{
  JsonNode *node = get_required (reader, name);

  return node != NULL ? decode (node, &reader->error) : NULL;
}

/* Of @node; none if it is NULL. */
static GPtrArray *
read_list (LsControlReader *reader, const char *name, JsonNode *node, guint max,
           LsControlDecode decode, GDestroyNotify free_item)
{
  GPtrArray *items = g_ptr_array_new_with_free_func (free_item);
  guint n;
  JsonArray *array = node != NULL ? get_array (reader, name, node, max, &n) : NULL;

  for (guint i = 0; array != NULL && i < n; i++)
    {
      gpointer item = decode (json_array_get_element (array, i), &reader->error);

      if (item == NULL)
        break;
      g_ptr_array_add (items, item);
    }
  return items;
}

GPtrArray *
ls_control_reader_get_list (LsControlReader *reader, const char *name, guint max,
                            LsControlDecode decode, GDestroyNotify free_item)
{
  return read_list (reader, name, get_required (reader, name), max, decode, free_item);
}

GPtrArray *
ls_control_reader_get_optional_list (LsControlReader *reader, const char *name, guint max,
                                     LsControlDecode decode, GDestroyNotify free_item)
{
  return read_list (reader, name, ls_control_reader_get (reader, name), max, decode, free_item);
}
