/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define LS_CONTROL_VALUES_MAX 4000000 /* values of one text, which bounds what its tree takes */
#define LS_CONTROL_MEMBERS_MAX 256 /* members of one object */

/* Checks that @data is JSON (RFC 8259) whose root is an object, before json-glib sees it: json-glib
 * takes comments, hex and octal numbers, duplicate members and an empty text, wraps integers beyond
 * 64 bits and overflows its stack on deep nesting. @out_has_nul: some string holds \u0000.
 * LS_ERROR_CONTROL_PROTOCOL with the place of the fault, or LS_ERROR_LIMIT. No part of the text
 * gets into the error. */
gboolean ls_control_scan (const char *data, gsize length, gboolean *out_has_nul, GError **error);

G_END_DECLS
