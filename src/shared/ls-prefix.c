/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "config.h"

#include <arpa/inet.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#include "ls-error.h"
#include "ls-prefix.h"
#include "ls-text.h"

#define IPV4_BITS 32
#define IPV6_BITS 128
#define PREFIX_DIGITS_MAX 3

/* ::ffff:0:0/96, RFC 4291 section 2.5.5.2 */
static const guint8 mapped_start[12] = { [10] = 0xff, [11] = 0xff };

static gboolean
invalid_address (const char *text, GError **error)
{
  g_autofree char *shown = ls_text_sanitize (text != NULL ? text : "");

  g_set_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT, _ ("“%s” is not an IP address"), shown);
  return FALSE;
}

static void
unmap (LsAddress *address)
{
  if (address->family != AF_INET6
      || memcmp (address->bytes, mapped_start, sizeof mapped_start) != 0)
    return;
  address->family = AF_INET;
  memmove (address->bytes, address->bytes + sizeof mapped_start, 4);
  memset (address->bytes + 4, 0, LS_ADDRESS_SIZE - 4);
}

gboolean
ls_address_parse (const char *text, LsAddress *out_address, GError **error)
{
  LsAddress address = { 0 };

  if (text == NULL)
    return invalid_address (text, error);
  if (inet_pton (AF_INET, text, address.bytes) == 1)
    address.family = AF_INET;
  else if (inet_pton (AF_INET6, text, address.bytes) == 1)
    address.family = AF_INET6;
  else
    return invalid_address (text, error);
  unmap (&address);
  *out_address = address;
  return TRUE;
}

char *
ls_address_to_text (const LsAddress *address)
{
  char text[INET6_ADDRSTRLEN];

  if (inet_ntop (address->family, address->bytes, text, sizeof text) == NULL)
    return g_strdup ("");
  return g_strdup (text);
}

gboolean
ls_address_equal (const LsAddress *a, const LsAddress *b)
{
  return ls_address_compare (a, b) == 0;
}

int
ls_address_compare (const LsAddress *a, const LsAddress *b)
{
  if (a->family != b->family)
    return a->family < b->family ? -1 : 1;
  return memcmp (a->bytes, b->bytes, LS_ADDRESS_SIZE);
}

guint
ls_address_hash (gconstpointer address)
{
  const LsAddress *self = address;
  guint hash = self->family;

  for (guint i = 0; i < LS_ADDRESS_SIZE; i++)
    hash = hash * 31 + self->bytes[i];
  return hash;
}

guint
ls_address_bits (const LsAddress *address)
{
  return address->family == AF_INET ? IPV4_BITS : IPV6_BITS;
}

gboolean
ls_address_is_loopback (const LsAddress *address)
{
  if (address->family == AF_INET)
    return address->bytes[0] == 127;
  return memcmp (address->bytes, &in6addr_loopback, LS_ADDRESS_SIZE) == 0;
}

gboolean
ls_address_is_multicast (const LsAddress *address)
{
  if (address->family == AF_INET)
    return (address->bytes[0] & 0xf0) == 0xe0;
  return address->bytes[0] == 0xff;
}

gboolean
ls_address_is_unspecified (const LsAddress *address)
{
  static const guint8 zero[LS_ADDRESS_SIZE] = { 0 };

  /* All of 0.0.0.0/8 means "this network" (RFC 1122 section 3.2.1.3). */
  if (address->family == AF_INET)
    return address->bytes[0] == 0;
  return memcmp (address->bytes, zero, LS_ADDRESS_SIZE) == 0;
}

gboolean
ls_address_is_broadcast (const LsAddress *address)
{
  /* 240.0.0.0/4 is reserved, its last address the limited broadcast. */
  return address->family == AF_INET && (address->bytes[0] & 0xf0) == 0xf0;
}

gboolean
ls_address_is_link_local (const LsAddress *address)
{
  if (address->family == AF_INET)
    return address->bytes[0] == 169 && address->bytes[1] == 254;
  return address->bytes[0] == 0xfe && (address->bytes[1] & 0xc0) == 0x80;
}

static gboolean
invalid_prefix (const char *text, GError **error)
{
  g_autofree char *shown = ls_text_sanitize (text != NULL ? text : "");

  g_set_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT,
               _ ("“%s” is not an address range such as 192.168.1.0/24"), shown);
  return FALSE;
}

static gboolean
parse_length (const char *text, guint max, guint8 *out_length)
{
  gsize digits = strspn (text, "0123456789");
  guint64 value;

  if (digits == 0 || digits > PREFIX_DIGITS_MAX || text[digits] != '\0'
      || (digits > 1 && text[0] == '0'))
    return FALSE;
  value = g_ascii_strtoull (text, NULL, 10);
  if (value > max)
    return FALSE;
  *out_length = value;
  return TRUE;
}

/* Whether the bits after the first @length are zero. */
static gboolean
host_bits_are_zero (const LsAddress *address, guint length)
{
  guint bits = ls_address_bits (address);

  for (guint i = length; i < bits; i++)
    if (address->bytes[i / 8] & (0x80 >> (i % 8)))
      return FALSE;
  return TRUE;
}

static gboolean
parse_any_prefix (const char *text, LsPrefix *out_prefix)
{
  const char *slash = text != NULL ? strchr (text, '/') : NULL;
  g_autofree char *address = NULL;
  LsPrefix prefix = { 0 };

  if (slash == NULL || slash - text >= INET6_ADDRSTRLEN)
    return FALSE;
  address = g_strndup (text, slash - text);
  /* A mapped IPv6 prefix would change its meaning with its family: only IPv4 itself is IPv4. */
  if (!ls_address_parse (address, &prefix.address, NULL)
      || (prefix.address.family == AF_INET && strchr (address, ':') != NULL)
      || !parse_length (slash + 1, ls_address_bits (&prefix.address), &prefix.length))
    return FALSE;
  *out_prefix = prefix;
  return TRUE;
}

gboolean
ls_prefix_parse (const char *text, LsPrefix *out_prefix, GError **error)
{
  LsPrefix prefix;

  if (!parse_any_prefix (text, &prefix) || !host_bits_are_zero (&prefix.address, prefix.length))
    return invalid_prefix (text, error);
  *out_prefix = prefix;
  return TRUE;
}

gboolean
ls_prefix_parse_interface (const char *text, LsPrefix *out_prefix, GError **error)
{
  if (!parse_any_prefix (text, out_prefix))
    return invalid_prefix (text, error);
  return TRUE;
}

void
ls_prefix_init_host (LsPrefix *prefix, const LsAddress *address)
{
  prefix->address = *address;
  prefix->length = ls_address_bits (address);
}

char *
ls_prefix_to_text (const LsPrefix *prefix)
{
  g_autofree char *address = ls_address_to_text (&prefix->address);

  return g_strdup_printf ("%s/%u", address, prefix->length);
}

gboolean
ls_prefix_equal (const LsPrefix *a, const LsPrefix *b)
{
  return ls_prefix_compare (a, b) == 0;
}

int
ls_prefix_compare (const LsPrefix *a, const LsPrefix *b)
{
  int order = ls_address_compare (&a->address, &b->address);

  return order != 0 ? order : (int)a->length - (int)b->length;
}

gboolean
ls_prefix_contains (const LsPrefix *prefix, const LsAddress *address)
{
  guint whole = prefix->length / 8;
  guint rest = prefix->length % 8;
  guint8 mask = 0xff << (8 - rest);

  if (prefix->address.family != address->family
      || memcmp (prefix->address.bytes, address->bytes, whole) != 0)
    return FALSE;
  return rest == 0 || (prefix->address.bytes[whole] & mask) == (address->bytes[whole] & mask);
}

gboolean
ls_prefix_contains_prefix (const LsPrefix *outer, const LsPrefix *inner)
{
  return outer->length <= inner->length && ls_prefix_contains (outer, &inner->address);
}

gboolean
ls_prefix_overlaps (const LsPrefix *a, const LsPrefix *b)
{
  return ls_prefix_contains_prefix (a, b) || ls_prefix_contains_prefix (b, a);
}

/* A prefix that holds all mapped IPv4 addresses or lies among them; the parser unmaps single
 * addresses, not prefixes. */
static gboolean
overlaps_mapped (const LsPrefix *prefix)
{
  LsPrefix mapped = { .address = { .family = AF_INET6 }, .length = 96 };

  memcpy (mapped.address.bytes, mapped_start, sizeof mapped_start);
  return ls_prefix_overlaps (prefix, &mapped);
}

gboolean
ls_prefix_is_reserved (const LsPrefix *prefix)
{
  /* RFC 6890 */
  static const char *const reserved[] = {
    "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4",
    "::/128",    "::1/128",     "fe80::/10",      "ff00::/8",
  };

  for (guint i = 0; i < G_N_ELEMENTS (reserved); i++)
    {
      LsPrefix other;

      if (ls_prefix_parse (reserved[i], &other, NULL) && ls_prefix_overlaps (prefix, &other))
        return TRUE;
    }
  return overlaps_mapped (prefix);
}
