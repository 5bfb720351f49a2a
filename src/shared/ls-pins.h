/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Which certificate a control server must show: control URL to the SHA-256 of its certificate, each
 * URL its own. Keys are https URLs as ls_control_url_normalize() makes them, values as
 * ls_pin_normalize() does, so that what is in it needs no further check. */
typedef GHashTable LsPins;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsPins, g_hash_table_unref)

LsPins *ls_pins_new (void);
LsPins *ls_pins_copy (LsPins *pins);

/* Sets the pin of @url; "" takes it away. LS_ERROR_INVALID_ARGUMENT if either is not valid or the
 * URL is plain http, which shows no certificate. */
gboolean ls_pins_set (LsPins *pins, const char *url, const char *pin, GError **error);

/* The pin of @url (normalized), or NULL. (transfer none) */
const char *ls_pins_get (LsPins *pins, const char *url);

/* Drops what belongs to none of @urls (normalized). */
void ls_pins_keep (LsPins *pins, const char *const *urls);

/* Whether each belongs to one of @urls (normalized): a pin with a mistyped address would protect
 * nothing. LS_ERROR_INVALID_ARGUMENT names the one that does not. */
gboolean ls_pins_check_urls (LsPins *pins, const char *const *urls, GError **error);

/* As a{ss}, sorted, and back; to: floating. LS_ERROR_INVALID_ARGUMENT as ls_pins_set(). */
GVariant *ls_pins_to_variant (LsPins *pins);
LsPins *ls_pins_from_variant (GVariant *value, GError **error);

G_END_DECLS
