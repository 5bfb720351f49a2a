/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Bytes that hold keys: they are wiped before their memory is given back. */

/* Takes @data, of @size bytes, from g_malloc(). (transfer full) */
GBytes *ls_secret_bytes_new_take (gpointer data, gsize size);

/* @variant as g_variant_get_data_as_bytes() gives it, but without a copy of it staying in @variant,
 * which is not wiped. That holds for a variant that was built and not yet serialised; the keys in
 * it are to be made by ls_secret_variant_new(). (transfer full) */
GBytes *ls_secret_bytes_new_from_variant (GVariant *variant);

/* A byte string (ay) of a copy of @data. (floating) */
GVariant *ls_secret_variant_new (gconstpointer data, gsize size);

G_END_DECLS
