/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Reads the members of one JSON object with checks of presence, type and range. The first fault
 * sticks: reads after it return NULL or 0, and ls_control_reader_finish() reports it, so that a
 * decoder reads on without looking. */
typedef struct
{
  JsonObject *object; /* NULL after init failed */
  const char *what; /* the type's name, for messages */
  gboolean cut; /* over-long strings and lists are cut rather than refused */
  GError *error;
} LsControlReader;

typedef gpointer (*LsControlDecode) (JsonNode *node, GError **error);

/* @node: what should be an object, NULL if absent. @what: static, e.g. "Node". */
void ls_control_reader_init (LsControlReader *reader, JsonNode *node, const char *what);

/* Ends the reading: TRUE if all was well, else the first fault in @error. */
gboolean ls_control_reader_finish (LsControlReader *reader, GError **error);

/* The member, NULL if absent or null. (transfer none) */
JsonNode *ls_control_reader_get (LsControlReader *reader, const char *name);

/* Required, and may be absent or null. (transfer full) */
char *ls_control_reader_dup_string (LsControlReader *reader, const char *name);
char *ls_control_reader_dup_optional_string (LsControlReader *reader, const char *name);

/* Required lists; an optional one that is absent is empty, never NULL unless a fault stuck. */
GStrv ls_control_reader_dup_strv (LsControlReader *reader, const char *name, guint max);
GStrv ls_control_reader_dup_optional_strv (LsControlReader *reader, const char *name, guint max);

gint64
ls_control_reader_get_int (LsControlReader *reader, const char *name, gint64 min, gint64 max);
gint64 ls_control_reader_get_optional_int (LsControlReader *reader, const char *name, gint64 min,
                                           gint64 max, gint64 fallback);
gboolean ls_control_reader_get_boolean (LsControlReader *reader, const char *name);
gboolean ls_control_reader_get_optional_boolean (LsControlReader *reader, const char *name,
                                                 gboolean fallback);

/* One of two words: TRUE for @yes, FALSE for @no. */
gboolean ls_control_reader_get_choice (LsControlReader *reader, const char *name, const char *yes,
                                       const char *no);

/* A required object. */
gpointer
ls_control_reader_get_object (LsControlReader *reader, const char *name, LsControlDecode decode);

/* Lists of objects, each decoded by @decode and freed with @free_item. Never NULL: empty after a
 * fault, so that the caller can put it where it belongs. */
GPtrArray *ls_control_reader_get_list (LsControlReader *reader, const char *name, guint max,
                                       LsControlDecode decode, GDestroyNotify free_item);
GPtrArray *
ls_control_reader_get_optional_list (LsControlReader *reader, const char *name, guint max,
                                     LsControlDecode decode, GDestroyNotify free_item);

/* Sticks a fault: the member @name is not valid. */
void ls_control_reader_refuse (LsControlReader *reader, const char *name);

G_END_DECLS
