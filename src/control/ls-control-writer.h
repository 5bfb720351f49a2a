/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* The small steps of building JSON, as LsControlReader has those of reading it. Members that the
 * protocol calls optional are written as null when absent, as servers write them. */

/* A node that takes over @object. (transfer full) */
JsonNode *ls_control_writer_take_object (JsonObject *object);

/* null for NULL. */
void ls_control_writer_set_text (JsonObject *object, const char *name, const char *text);

/* null for 0. */
void ls_control_writer_set_number (JsonObject *object, const char *name, gint64 number);

/* An empty list for NULL. */
void ls_control_writer_set_strv (JsonObject *object, const char *name, const char *const *strings);

typedef JsonNode *(*LsControlEncode) (gconstpointer item);

/* Each of @items encoded. */
void ls_control_writer_set_list (JsonObject *object, const char *name, const GPtrArray *items,
                                 LsControlEncode encode);

G_END_DECLS
