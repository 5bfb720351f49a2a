/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <string.h>
#include <sys/socket.h>

#include "ls-endpoint.h"
#include "ls-error.h"
#include "ls-text.h"

#define ENDPOINT_TEXT_MAX 64
#define PORT_DIGITS_MAX 5

static gboolean
parse_port (const char *text, guint16 *out_port)
{
  gsize digits = strspn (text, "0123456789");
  guint64 value;

  if (digits == 0 || digits > PORT_DIGITS_MAX || text[digits] != '\0' || text[0] == '0')
    return FALSE;
  value = g_ascii_strtoull (text, NULL, 10);
  if (value > G_MAXUINT16)
    return FALSE;
  *out_port = value;
  return TRUE;
}

/* Cuts "HOST:PORT" or "[HOST]:PORT" apart; brackets are for IPv6 and only for it. */
static gboolean
parse_parts (const char *text, LsEndpoint *out)
{
  const char *colon = strrchr (text, ':');
  gboolean bracketed = text[0] == '[';
  g_autofree char *host = NULL;

  if (colon == NULL || colon == text || (bracketed && colon[-1] != ']'))
    return FALSE;
  host = bracketed ? g_strndup (text + 1, colon - text - 2) : g_strndup (text, colon - text);
  return bracketed == (strchr (host, ':') != NULL) && ls_address_parse (host, &out->address, NULL)
         && parse_port (colon + 1, &out->port);
}

gboolean
ls_endpoint_parse (const char *text, LsEndpoint *out_endpoint, GError **error)
{
  LsEndpoint endpoint = { 0 };

  if (text == NULL || strlen (text) > ENDPOINT_TEXT_MAX || !parse_parts (text, &endpoint))
    {
      g_autofree char *shown = ls_text_sanitize (text != NULL ? text : "");

      g_set_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT,
                   _ ("“%s” is not an address and port such as 192.0.2.1:51820"), shown);
      return FALSE;
    }
  *out_endpoint = endpoint;
  return TRUE;
}

gboolean
ls_endpoint_is_usable (const LsEndpoint *endpoint)
{
  const LsAddress *address = &endpoint->address;

  return endpoint->port != 0 && !ls_address_is_unspecified (address)
         && !ls_address_is_loopback (address) && !ls_address_is_multicast (address)
         && !ls_address_is_broadcast (address) && !ls_address_is_link_local (address);
}

char *
ls_endpoint_to_text (const LsEndpoint *endpoint)
{
  g_autofree char *address = ls_address_to_text (&endpoint->address);

  if (endpoint->address.family == AF_INET6)
    return g_strdup_printf ("[%s]:%u", address, endpoint->port);
  return g_strdup_printf ("%s:%u", address, endpoint->port);
}

gboolean
ls_endpoint_equal (const LsEndpoint *a, const LsEndpoint *b)
{
  return a->port == b->port && ls_address_equal (&a->address, &b->address);
}
