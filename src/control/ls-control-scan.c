/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-control-scan.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "ls-control-types.h"
#include "ls-error.h"

#define HASH_START G_GUINT64_CONSTANT (0xcbf29ce484222325) /* FNV-1a */
#define HASH_PRIME G_GUINT64_CONSTANT (0x100000001b3)

typedef enum
{
  FAULT_NONE,
  FAULT_SYNTAX,
  FAULT_DUPLICATE,
  FAULT_NUMBER,
  FAULT_LIMIT,
} Fault;

typedef struct
{
  const char *start;
  const char *p;
  const char *end;
  guint depth;
  guint n_values;
  gboolean has_nul;
  Fault fault;
} Scan;

static gboolean scan_value (Scan *scan);

static gboolean
fail (Scan *scan, Fault fault)
{
  if (scan->fault == FAULT_NONE)
    scan->fault = fault;
  return FALSE;
}

static int
peek (const Scan *scan)
{
  return scan->p < scan->end ? (guchar)*scan->p : -1;
}

static void
skip_space (Scan *scan)
{
  while (scan->p < scan->end
         && (*scan->p == ' ' || *scan->p == '\n' || *scan->p == '\r' || *scan->p == '\t'))
    scan->p++;
}

static gboolean
accept (Scan *scan, char c)
{
  if (peek (scan) != c)
    return FALSE;
  scan->p++;
  return TRUE;
}

static gboolean
scan_literal (Scan *scan, const char *literal)
{
  gsize length = strlen (literal);

  if ((gsize)(scan->end - scan->p) < length || memcmp (scan->p, literal, length) != 0)
    return fail (scan, FAULT_SYNTAX);
  scan->p += length;
  return TRUE;
}

/* Four hex digits, or -1. */
static int
scan_code_unit (Scan *scan)
{
  int unit = 0;

  if (scan->end - scan->p < 4)
    return -1;
  for (int i = 0; i < 4; i++, scan->p++)
    {
      int digit = g_ascii_xdigit_value (*scan->p);

      if (digit < 0)
        return -1;
      unit = unit * 16 + digit;
    }
  return unit;
}

static void
hash_bytes (guint64 *hash, const char *bytes, gsize length)
{
  for (gsize i = 0; i < length; i++)
    *hash = (*hash ^ (guchar)bytes[i]) * HASH_PRIME;
}

/* After "\u": surrogates only in pairs. */
static gboolean
scan_unicode_escape (Scan *scan, guint64 *hash)
{
  int unit = scan_code_unit (scan);
  gunichar c = unit;
  char utf8[6];

  if (unit < 0)
    return fail (scan, FAULT_SYNTAX);
  if (unit >= 0xdc00 && unit <= 0xdfff)
    return fail (scan, FAULT_SYNTAX);
  if (unit >= 0xd800 && unit <= 0xdbff)
    {
      int low;

      if (!accept (scan, '\\') || !accept (scan, 'u'))
        return fail (scan, FAULT_SYNTAX);
      low = scan_code_unit (scan);
      if (low < 0xdc00 || low > 0xdfff)
        return fail (scan, FAULT_SYNTAX);
      c = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    }
  if (c == 0)
    scan->has_nul = TRUE;
  if (hash != NULL)
    hash_bytes (hash, utf8, g_unichar_to_utf8 (c, utf8));
  return TRUE;
}

static gboolean
scan_escape (Scan *scan, guint64 *hash)
{
  static const char escapes[] = "\"\\/bfnrt";
  static const char meanings[] = "\"\\/\b\f\n\r\t";
  int c = peek (scan);
  const char *found;

  if (c <= 0)
    return fail (scan, FAULT_SYNTAX);
  scan->p++;
  if (c == 'u')
    return scan_unicode_escape (scan, hash);
  found = strchr (escapes, c);
  if (found == NULL)
    return fail (scan, FAULT_SYNTAX);
  if (hash != NULL)
    hash_bytes (hash, &meanings[found - escapes], 1);
  return TRUE;
}

/* @hash: of the decoded string, or NULL if nobody wants it. */
static gboolean
scan_string (Scan *scan, guint64 *hash)
{
  if (!accept (scan, '"'))
    return fail (scan, FAULT_SYNTAX);
  for (;;)
    {
      const char *run = scan->p;
      int c;

      while (scan->p < scan->end && (guchar)*scan->p >= 0x20 && *scan->p != '"' && *scan->p != '\\')
        scan->p++;
      if (hash != NULL)
        hash_bytes (hash, run, scan->p - run);
      c = peek (scan);
      if (c != '"' && c != '\\')
        return fail (scan, FAULT_SYNTAX);
      scan->p++;
      if (c == '"')
        return TRUE;
      if (!scan_escape (scan, hash))
        return FALSE;
    }
}

static gsize
skip_digits (Scan *scan)
{
  const char *first = scan->p;

  while (scan->p < scan->end && g_ascii_isdigit (*scan->p))
    scan->p++;
  return scan->p - first;
}

/* Integers have to fit into 64 bits with a sign: json-glib wraps them silently. */
static gboolean
integer_fits (const char *digits, gsize length, gboolean negative)
{
  guint64 limit = (guint64)G_MAXINT64 + (negative ? 1 : 0);
  guint64 value = 0;

  for (gsize i = 0; i < length; i++)
    {
      guint digit = digits[i] - '0';

      if (value > (limit - digit) / 10)
        return FALSE;
      value = value * 10 + digit;
    }
  return TRUE;
}

static gboolean
scan_number (Scan *scan)
{
  gboolean negative = accept (scan, '-');
  const char *digits = scan->p;
  gsize length = skip_digits (scan);
  gboolean is_integer = TRUE;

  if (length == 0 || (length > 1 && *digits == '0'))
    return fail (scan, FAULT_SYNTAX);
  if (accept (scan, '.'))
    {
      is_integer = FALSE;
      if (skip_digits (scan) == 0)
        return fail (scan, FAULT_SYNTAX);
    }
  if (accept (scan, 'e') || accept (scan, 'E'))
    {
      is_integer = FALSE;
      if (!accept (scan, '+'))
        accept (scan, '-');
      if (skip_digits (scan) == 0)
        return fail (scan, FAULT_SYNTAX);
    }
  if (is_integer && !integer_fits (digits, length, negative))
    return fail (scan, FAULT_NUMBER);
  return TRUE;
}

/* One member; @names are the hashes of those before it. A collision of hashes refuses a text that
 * is good, which only its author can bring about. */
static gboolean
scan_member (Scan *scan, guint64 *names, guint n_names)
{
  guint64 hash = HASH_START;

  if (n_names == LS_CONTROL_MEMBERS_MAX)
    return fail (scan, FAULT_LIMIT);
  skip_space (scan);
  if (!scan_string (scan, &hash))
    return FALSE;
  for (guint i = 0; i < n_names; i++)
    if (names[i] == hash)
      return fail (scan, FAULT_DUPLICATE);
  names[n_names] = hash;
  skip_space (scan);
  if (!accept (scan, ':'))
    return fail (scan, FAULT_SYNTAX);
  return scan_value (scan);
}

static gboolean
scan_object (Scan *scan)
{
  guint64 names[LS_CONTROL_MEMBERS_MAX];
  guint n_names = 0;

  scan->p++;
  skip_space (scan);
  if (accept (scan, '}'))
    return TRUE;
  do
    {
      if (!scan_member (scan, names, n_names++))
        return FALSE;
      skip_space (scan);
    }
  while (accept (scan, ','));
  return accept (scan, '}') || fail (scan, FAULT_SYNTAX);
}

static gboolean
scan_array (Scan *scan)
{
  scan->p++;
  skip_space (scan);
  if (accept (scan, ']'))
    return TRUE;
  do
    {
      if (!scan_value (scan))
        return FALSE;
      skip_space (scan);
    }
  while (accept (scan, ','));
  return accept (scan, ']') || fail (scan, FAULT_SYNTAX);
}

/* Recursion ends at LS_CONTROL_DEPTH_MAX. */
static gboolean
scan_container (Scan *scan)
{
  gboolean ok;

  if (scan->depth == LS_CONTROL_DEPTH_MAX)
    return fail (scan, FAULT_LIMIT);
  scan->depth++;
  ok = peek (scan) == '{' ? scan_object (scan) : scan_array (scan);
  scan->depth--;
  return ok;
}

static gboolean
scan_value (Scan *scan)
{
  if (scan->n_values++ == LS_CONTROL_VALUES_MAX)
    return fail (scan, FAULT_LIMIT);
  skip_space (scan);
  switch (peek (scan))
    {
    case '{':
    case '[':
      return scan_container (scan);
    case '"':
      return scan_string (scan, NULL);
    case 't':
      return scan_literal (scan, "true");
    case 'f':
      return scan_literal (scan, "false");
    case 'n':
      return scan_literal (scan, "null");
    default:
      return scan_number (scan);
    }
}

static gboolean
scan_text (Scan *scan)
{
  skip_space (scan);
  if (peek (scan) != '{')
    return fail (scan, FAULT_SYNTAX);
  if (!scan_value (scan))
    return FALSE;
  skip_space (scan);
  return scan->p == scan->end || fail (scan, FAULT_SYNTAX);
}

static void
set_fault (const Scan *scan, GError **error)
{
  gsize offset = scan->p - scan->start;

  switch (scan->fault)
    {
    case FAULT_LIMIT:
      g_set_error (error, LS_ERROR, LS_ERROR_LIMIT,
                   _ ("The data holds more, or more deeply nested, values than is allowed (byte "
                      "%zu)"),
                   offset);
      break;
    case FAULT_DUPLICATE:
      g_set_error (error, LS_ERROR, LS_ERROR_CONTROL_PROTOCOL,
                   _ ("The data is not valid JSON: a member occurs twice (byte %zu)"), offset);
      break;
    case FAULT_NUMBER:
      g_set_error (error, LS_ERROR, LS_ERROR_CONTROL_PROTOCOL,
                   _ ("The data holds a number that is too large (byte %zu)"), offset);
      break;
    default:
      g_set_error (error, LS_ERROR, LS_ERROR_CONTROL_PROTOCOL,
                   _ ("The data is not valid JSON (byte %zu)"), offset);
      break;
    }
}

gboolean
ls_control_scan (const char *data, gsize length, gboolean *out_has_nul, GError **error)
{
  Scan scan = { .start = data, .p = data, .end = data + length };
  const char *valid_end;

  if (length > LS_CONTROL_BODY_MAX)
    {
      g_set_error_literal (error, LS_ERROR, LS_ERROR_LIMIT, _ ("The data is larger than 64 MiB"));
      return FALSE;
    }
  if (!g_utf8_validate_len (data, length, &valid_end))
    {
      scan.p = valid_end;
      set_fault (&scan, error);
      return FALSE;
    }
  if (!scan_text (&scan))
    {
      set_fault (&scan, error);
      return FALSE;
    }
  *out_has_nul = scan.has_nul;
  return TRUE;
}
