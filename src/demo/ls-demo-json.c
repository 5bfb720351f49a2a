/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-json.h"

JsonNode *
ls_demo_json_object_node (JsonObject *object)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_node_take_object (node, object);
  return node;
}

void
ls_demo_json_set_text (JsonObject *object, const char *member, const char *text)
{
  if (text != NULL)
    json_object_set_string_member (object, member, text);
  else
    json_object_set_null_member (object, member);
}

void
ls_demo_json_set_number (JsonObject *object, const char *member, gint64 number)
{
  if (number != 0)
    json_object_set_int_member (object, member, number);
  else
    json_object_set_null_member (object, member);
}

JsonArray *
ls_demo_json_strv (const char *const *strv)
{
  JsonArray *array = json_array_new ();

  for (; *strv != NULL; strv++)
    json_array_add_string_element (array, *strv);
  return array;
}

JsonArray *
ls_demo_json_list (const GPtrArray *items, LsDemoEncode encode)
{
  JsonArray *array = json_array_sized_new (items->len);

  for (guint i = 0; i < items->len; i++)
    json_array_add_element (array, encode (g_ptr_array_index (items, i)));
  return array;
}
