/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Small steps of building JSON. */

/* A node that takes over @object. (transfer full) */
JsonNode *ls_demo_json_object_node (JsonObject *object);

/* null for NULL. */
void ls_demo_json_set_text (JsonObject *object, const char *member, const char *text);

/* null for 0. */
void ls_demo_json_set_number (JsonObject *object, const char *member, gint64 number);

/* (transfer full) */
JsonArray *ls_demo_json_strv (const char *const *strv);

typedef JsonNode *(*LsDemoEncode) (gconstpointer item);

/* Each of @items encoded. (transfer full) */
JsonArray *ls_demo_json_list (const GPtrArray *items, LsDemoEncode encode);

G_END_DECLS
