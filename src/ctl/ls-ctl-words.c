/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ctl-words.h"

#include <glib/gi18n-lib.h>

#include "ls-text.h"

char *
ls_ctl_words_dup_safe (const char *text)
{
  for (const char *at = text; *at != '\0'; at++)
    if (!g_ascii_isprint (*at))
      return ls_text_make_safe (text);
  return g_strdup (text);
}

typedef struct
{
  const char *value;
  const char *words;
} Word;

static const char *
find_word (const Word *words, const char *value)
{
  for (; words->value != NULL; words++)
    if (g_str_equal (words->value, value))
      return _ (words->words);
  return value;
}

const char *
ls_ctl_words_state (const char *state)
{
  static const Word words[] = {
    { "new", N_ ("not joined") },
    { "registering", N_ ("joining") },
    { "waiting-for-approval", N_ ("waiting for approval") },
    { "ready", N_ ("off") },
    { "connecting", N_ ("connecting") },
    { "connected", N_ ("connected") },
    { "needs-key-rotation", N_ ("keys must be renewed") },
    { "revoked", N_ ("revoked") },
    { "deleted", N_ ("deleted on the server") },
    { NULL, NULL },
  };

  return find_word (words, state);
}

const char *
ls_ctl_words_path (const char *path)
{
  static const Word words[] = {
    { "direct", N_ ("direct") },
    { "relayed", N_ ("relayed") },
    { "none", N_ ("no answer") },
    { "off", N_ ("off") },
    { NULL, NULL },
  };

  return find_word (words, path);
}

const char *
ls_ctl_words_helper (const char *state)
{
  static const Word words[] = {
    { "unknown", N_ ("not asked yet") },
    { "available", N_ ("available") },
    { "missing", N_ ("missing") },
    { NULL, NULL },
  };

  return find_word (words, state);
}

const char *
ls_ctl_words_secrets (const char *storage)
{
  static const Word words[] = {
    { "keyring", N_ ("in the keyring") },
    { "file", N_ ("in a file") },
    { "memory", N_ ("in memory only: lost when the agent ends") },
    { "locked", N_ ("the keyring is locked") },
    { NULL, NULL },
  };

  return find_word (words, storage);
}

char *
ls_ctl_words_dup_bytes (guint64 bytes)
{
  return g_format_size (bytes);
}

static char *
duration (gint64 seconds)
{
  if (seconds < 60)
    return g_strdup_printf (_ ("%d s"), (int)seconds);
  if (seconds < 60 * 60)
    return g_strdup_printf (_ ("%d min"), (int)(seconds / 60));
  if (seconds < 48 * 60 * 60)
    return g_strdup_printf (_ ("%d h"), (int)(seconds / (60 * 60)));
  return g_strdup_printf (_ ("%d days"), (int)MIN (seconds / (24 * 60 * 60), G_MAXINT));
}

char *
ls_ctl_words_dup_age (gint64 then, gint64 now)
{
  g_autofree char *length = NULL;

  if (then <= 0)
    return g_strdup (_ ("never"));
  length = duration (then > now ? 0 : now - then);
  return g_strdup_printf (_ ("%s ago"), length);
}

char *
ls_ctl_words_dup_left (gint64 then, gint64 now)
{
  return then <= now ? g_strdup (_ ("over")) : duration (then - now);
}
