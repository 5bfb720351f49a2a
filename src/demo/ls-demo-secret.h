/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Tokens and link secrets of the control plane. Those that it only has to recognise are kept as
 * hashes. */

/* 32 random bytes as URL-safe base64 without padding. (transfer full), free with
 * ls_control_secret_free(). */
char *ls_demo_secret_new (void);

/* What to keep of @secret: its BLAKE2b hash as hex digits. (transfer full) */
char *ls_demo_secret_hash (const char *secret);

/* Whether @secret is the one that @hash was made of, in constant time. FALSE if either is NULL. */
gboolean ls_demo_secret_matches (const char *hash, const char *secret);

G_END_DECLS
