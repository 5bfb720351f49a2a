/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* JSON of @value in one line: dictionaries with string keys become objects (a "-" of a key becomes
 * "_", so that jq needs no quotes), other containers arrays, variants what is in them. Characters
 * that a terminal might act on are escaped. (transfer full) */
char *ls_ctl_json_from_variant (GVariant *value);

G_END_DECLS
