/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "config.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#include "ls-error.h"
#include "ls-ident.h"
#include "ls-names.h"

#define URL_MAX 2048
#define PIN_DIGITS 64
#define HASH_DIGITS 6

static const char lower_alphanumeric[] = "abcdefghijklmnopqrstuvwxyz0123456789";

static gboolean
refuse (GError **error, const char *message)
{
  g_set_error_literal (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT, message);
  return FALSE;
}

gboolean
ls_profile_name_validate (const char *name, GError **error)
{
  gsize length = name != NULL ? strlen (name) : 0;

  if (length == 0 || length > LS_PROFILE_NAME_MAX || strchr (lower_alphanumeric, name[0]) == NULL
      || strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789-") != length)
    return refuse (error, _ ("A network's short name has 1 to 32 lower-case letters a to z, digits "
                             "and hyphens, and starts with a letter or digit"));
  return TRUE;
}

/* Whether the whole @name looks like what a longer one is cut to: with that it could share an
 * interface. */
static gboolean
looks_cut (const char *name, gsize room)
{
  const char *hash = name + room - HASH_DIGITS;

  return strlen (name) == room && hash[-1] == '-'
         && strspn (hash, "0123456789abcdef") == HASH_DIGITS;
}

char *
ls_interface_name_for_profile (const char *name)
{
  g_autofree char *sum = NULL;
  gsize room = LS_INTERFACE_NAME_MAX - strlen (LS_INTERFACE_PREFIX);

  if (!ls_profile_name_validate (name, NULL))
    return NULL;
  if (strlen (name) <= room && !looks_cut (name, room))
    return g_strconcat (LS_INTERFACE_PREFIX, name, NULL);
  sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, name, -1);
  return g_strdup_printf (LS_INTERFACE_PREFIX "%.*s-%.*s", (int)(room - HASH_DIGITS - 1), name,
                          HASH_DIGITS, sum);
}

gboolean
ls_interface_name_validate (const char *name, GError **error)
{
  gsize length = name != NULL ? strlen (name) : 0;

  if (length == 0 || length > LS_INTERFACE_NAME_MAX
      || strspn (name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")
             != length
      || name[0] == '-' || name[0] == '.' || g_str_equal (name, "all")
      || g_str_equal (name, "default") || g_str_equal (name, "lo"))
    return refuse (error, _ ("This is not a name for a network interface"));
  return TRUE;
}

gboolean
ls_node_id_validate (const char *id, GError **error)
{
  gsize length = id != NULL ? strlen (id) : 0;

  if (length == 0 || length > LS_NODE_ID_MAX
      || strspn (id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") != length
      || g_str_equal (id, ".") || g_str_equal (id, ".."))
    return refuse (error, _ ("An id has 1 to 64 letters, digits, hyphens, dots and underscores"));
  return TRUE;
}

gboolean
ls_node_name_validate (const char *name, GError **error)
{
  g_autofree char *trimmed = NULL;

  if (name == NULL || !g_utf8_validate (name, -1, NULL))
    return refuse (error, _ ("The device's name is not valid text"));
  trimmed = g_strstrip (g_strdup (name));
  if (*trimmed == '\0')
    return refuse (error, _ ("The device needs a name"));
  if (strlen (trimmed) > LS_NODE_NAME_MAX)
    return refuse (error, _ ("The device's name is too long"));
  for (const char *p = name; *p != '\0'; p = g_utf8_next_char (p))
    if (g_unichar_iscntrl (g_utf8_get_char (p)))
      return refuse (error, _ ("The device's name holds a control character"));
  return TRUE;
}

gboolean
ls_token_validate (const char *token, GError **error)
{
  gsize length = token != NULL ? strlen (token) : 0;

  if (length == 0)
    return refuse (error, _ ("The token is empty"));
  if (length > LS_TOKEN_MAX)
    return refuse (error, _ ("The token is too long"));
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isgraph (token[i]))
      return refuse (error, _ ("The token holds a character that no token has"));
  return TRUE;
}

static gboolean
url_is_acceptable (GUri *uri)
{
  const char *scheme = g_uri_get_scheme (uri);
  const char *host = g_uri_get_host (uri);
  int port = g_uri_get_port (uri);

  return (g_str_equal (scheme, "http") || g_str_equal (scheme, "https")) && host != NULL
         && *host != '\0' && port != 0 && port <= G_MAXUINT16 && g_uri_get_userinfo (uri) == NULL
         && g_uri_get_query (uri) == NULL && g_uri_get_fragment (uri) == NULL;
}

static gboolean
has_space_or_control (const char *text)
{
  for (const char *p = text; *p != '\0'; p++)
    if ((guchar)*p <= ' ' || *p == 0x7f)
      return TRUE;
  return FALSE;
}

char *
ls_control_url_normalize (const char *text, GError **error)
{
  g_autofree char *trimmed = g_strstrip (g_strdup (text != NULL ? text : ""));
  g_autoptr (GUri) uri = NULL;
  char *url;
  gsize length;

  if (strlen (trimmed) <= URL_MAX && !has_space_or_control (trimmed))
    uri = g_uri_parse (trimmed, G_URI_FLAGS_ENCODED, NULL);
  if (uri == NULL || !url_is_acceptable (uri))
    {
      refuse (error, _ ("A server's address looks like https://vpn.example.com or "
                        "http://192.0.2.1:8080"));
      return NULL;
    }
  url = g_uri_to_string (uri);
  length = strlen (url);
  while (length > 0 && url[length - 1] == '/')
    url[--length] = '\0';
  return url;
}

char *
ls_pin_normalize (const char *text, GError **error)
{
  GString *digits = g_string_new (NULL);
  gboolean ok = text != NULL;

  for (const char *p = text; ok && *p != '\0'; p++)
    {
      if (g_ascii_isxdigit (*p))
        g_string_append_c (digits, g_ascii_tolower (*p));
      else
        ok = *p == ':' || *p == ' ';
      ok = ok && digits->len <= PIN_DIGITS;
    }
  if (!ok || digits->len != PIN_DIGITS)
    {
      g_string_free (digits, TRUE);
      refuse (error, _ ("A certificate's fingerprint (SHA-256) has 64 digits 0 to 9 and a to f"));
      return NULL;
    }
  return g_string_free (digits, FALSE);
}

char *
ls_profile_object_path (const char *name)
{
  g_autofree char *segment = NULL;

  segment = g_dbus_escape_object_path (name);
  return g_strconcat (LS_AGENT_PROFILE_PATH_PREFIX, segment, NULL);
}
