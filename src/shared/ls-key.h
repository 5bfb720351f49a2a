/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* WireGuard (X25519) and machine (Ed25519) keys: 32 bytes, written as canonical base64 of 44
 * characters. */
#define LS_KEY_SIZE 32
#define LS_KEY_TEXT_SIZE 44

typedef struct
{
  guint8 bytes[LS_KEY_SIZE];
} LsKey;

/* Parses canonical base64 (decode and encode again must give @text). LS_ERROR_INVALID_ARGUMENT
 * otherwise. */
gboolean ls_key_parse (const char *text, LsKey *out_key, GError **error);

/* Like ls_key_parse() and refuses what cannot be a peer's X25519 key: zero and the low-order points
 * (RFC 7748 section 6.1). */
gboolean ls_key_parse_public (const char *text, LsKey *out_key, GError **error);

/* Whether @key is usable as X25519 public key: neither zero nor of low order. */
gboolean ls_key_is_valid_public (const LsKey *key);

/* (transfer full): 44 characters of base64. Free secret ones with ls_key_text_free(). */
char *ls_key_to_text (const LsKey *key);
void ls_key_text_free (char *text);

gboolean ls_key_equal (gconstpointer a, gconstpointer b);
guint ls_key_hash (gconstpointer key);
void ls_key_clear (LsKey *key);

/* Fresh key pairs. WireGuard: X25519, the private key clamped. Machine: @out_private is the Ed25519
 * seed. */
void ls_key_generate_wireguard (LsKey *out_private, LsKey *out_public);
void ls_key_generate_machine (LsKey *out_seed, LsKey *out_public);
void ls_key_wireguard_public (const LsKey *private_key, LsKey *out_public);
void ls_key_machine_public (const LsKey *seed, LsKey *out_public);

/* A short form for people, e.g. "4d6G GHFB BUE9 f/ob". (transfer full) */
char *ls_key_dup_fingerprint (const LsKey *key);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LsKey, ls_key_clear)

G_END_DECLS
