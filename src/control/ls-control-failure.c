/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-control-failure.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "ls-control-answers.h"
#include "ls-error.h"
#include "ls-text.h"

#define SCANNED_MAX 16384 /* bytes of a body that are looked at for a text */

gboolean
ls_control_reply_is_html (const LsControlReply *reply)
{
  gsize i = 0;

  if (reply->content_type != NULL && g_str_has_suffix (reply->content_type, "html"))
    return TRUE;
  while (i < reply->length && g_ascii_isspace (reply->body[i]))
    i++;
  return i < reply->length && reply->body[i] == '<';
}

/* The words of the page's title, or NULL. */
static char *
dup_title (const char *page)
{
  g_autofree char *lower = g_ascii_strdown (page, -1);
  const char *open = strstr (lower, "<title");
  const char *start = open != NULL ? strchr (open, '>') : NULL;
  const char *end = start != NULL ? strstr (start, "</title") : NULL;
  GString *title;
  gboolean in_tag = FALSE;

  if (end == NULL)
    return NULL;
  title = g_string_new (NULL);
  for (const char *p = page + (start + 1 - lower); p < page + (end - lower); p++)
    {
      if (*p == '<')
        in_tag = TRUE;
      else if (*p == '>')
        in_tag = FALSE;
      else if (!in_tag)
        g_string_append_c (title, *p);
    }
  return g_string_free (title, FALSE);
}

/* SECURITY: servers may repeat what they were sent; no token or link gets into a message. */
static char *
redact (char *text, const GPtrArray *secrets)
{
  GString *string = g_string_new (text);

  g_free (text);
  for (guint i = 0; i < secrets->len; i++)
    g_string_replace (string, g_ptr_array_index (secrets, i), "…", 0);
  return g_string_free (string, FALSE);
}

static char *
collapse_space (const char *text)
{
  GString *string = g_string_new (NULL);
  gboolean space = FALSE;

  for (const char *p = text; *p != '\0'; p++)
    {
      if (g_ascii_isspace (*p))
        {
          space = TRUE;
          continue;
        }
      if (space && string->len > 0)
        g_string_append_c (string, ' ');
      space = FALSE;
      g_string_append_c (string, *p);
    }
  return g_string_free (string, FALSE);
}

/* What the server says, "" for nothing. @out_is_json: the control plane itself said it. */
static char *
dup_server_text (const LsControlRequest *request, const LsControlReply *reply,
                 gboolean *out_is_json)
{
  char *text = ls_control_answer_error_text (reply->body, reply->length);
  g_autofree char *collapsed = NULL;

  *out_is_json = text != NULL;
  if (text == NULL && reply->length > 0)
    {
      g_autofree char *raw = g_strndup (reply->body, MIN (reply->length, SCANNED_MAX));
      g_autofree char *valid = g_utf8_make_valid (raw, -1);

      text = ls_control_reply_is_html (reply) ? dup_title (valid) : g_steal_pointer (&valid);
    }
  if (text == NULL)
    return g_strdup ("");

  text = redact (text, request->secrets);
  collapsed = collapse_space (text);
  g_free (text);
  return ls_text_sanitize (collapsed);
}

/* @sentence, with what the server said behind it. */
static GError *
failure (LsError code, const char *sentence, const char *text)
{
  if (*text == '\0')
    return g_error_new_literal (LS_ERROR, code, sentence);
  return g_error_new (LS_ERROR, code, "%s: %s", sentence, text);
}

static GError *
failure_not_found (const LsControlRequest *request, const char *text, gboolean is_json)
{
  gboolean about_node = (request->flags & LS_CONTROL_REQUEST_ABOUT_NODE) != 0;

  if (is_json && about_node && g_str_equal (text, "node"))
    return failure (LS_ERROR_CONTROL_NOT_FOUND,
                    _ ("The control server does not know this device any more"), "");
  if (is_json && !about_node && g_str_has_prefix (text, "network"))
    return failure (LS_ERROR_CONTROL_NOT_FOUND, _ ("The control server has no such network"), "");
  if (is_json && !about_node)
    return failure (LS_ERROR_CONTROL_NOT_FOUND,
                    _ ("The control server does not know what was asked for"), text);
  if ((request->flags & LS_CONTROL_REQUEST_OPTIONAL) != 0)
    return failure (LS_ERROR_NOT_SUPPORTED, _ ("This control server is too old for that"), "");
  return failure (LS_ERROR_CONTROL_PROTOCOL, _ ("There is no control server at this address"),
                  text);
}

static GError *
failure_unauthorized (const LsControlRequest *request, const char *text)
{
  const char *sentence;

  switch (request->auth)
    {
    case LS_CONTROL_AUTH_ADMIN:
      sentence = _ ("The control server does not accept the administrator's token");
      break;
    case LS_CONTROL_AUTH_NODE:
      sentence = _ ("The control server does not accept this device's token");
      break;
    default:
      sentence = _ ("The control server does not accept the token or link");
      break;
    }
  return failure (LS_ERROR_CONTROL_UNAUTHORIZED, sentence, text);
}

static GError *
failure_conflict (const char *text)
{
  if (g_str_equal (text, "node name already exists"))
    return failure (LS_ERROR_CONTROL_CONFLICT,
                    _ ("This name is taken by another device of the network"), "");
  return failure (LS_ERROR_CONTROL_CONFLICT, _ ("The control server refuses a conflict"), text);
}

static GError *
failure_of_server (const LsControlReply *reply, const char *text)
{
  g_autofree char *sentence = NULL;

  if (reply->status == 429)
    return failure (LS_ERROR_CONTROL_SERVER,
                    _ ("The control server asks for fewer requests; try again later"), "");
  sentence = g_strdup_printf (_ ("The control server has a fault of its own (status %u)"),
                              reply->status);
  return failure (LS_ERROR_CONTROL_SERVER, sentence, text);
}

static GError *
failure_unexpected (const LsControlReply *reply, const char *text)
{
  g_autofree char *sentence = NULL;

  if (reply->status >= 300 && reply->status < 400)
    return failure (LS_ERROR_CONTROL_PROTOCOL,
                    _ ("The server sends on to another address, which no control server does"), "");
  if (ls_control_reply_is_html (reply))
    return failure (LS_ERROR_CONTROL_PROTOCOL,
                    _ ("A web page answered instead of a control server"), text);
  sentence = g_strdup_printf (_ ("The server gave an answer that no control server gives "
                                 "(status %u)"),
                              reply->status);
  return failure (LS_ERROR_CONTROL_PROTOCOL, sentence, text);
}

GError *
ls_control_failure_from_reply (const LsControlRequest *request, const LsControlReply *reply)
{
  gboolean is_json = FALSE;
  g_autofree char *text = dup_server_text (request, reply, &is_json);

  if (reply->status >= 500 || reply->status == 429)
    return failure_of_server (reply, text);
  switch (reply->status)
    {
    case 400:
    case 415:
    case 422:
      return failure (LS_ERROR_CONTROL_INVALID, _ ("The control server calls the request invalid"),
                      text);
    case 401:
    case 403:
      return failure_unauthorized (request, text);
    case 404:
      return failure_not_found (request, text, is_json);
    case 405:
      if ((request->flags & LS_CONTROL_REQUEST_OPTIONAL) != 0)
        return failure_not_found (request, text, FALSE);
      return failure_unexpected (reply, text);
    case 409:
      return failure_conflict (text);
    default:
      return failure_unexpected (reply, text);
    }
}

static char *
dup_host (const char *url)
{
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_NONE, NULL);
  const char *host = uri != NULL ? g_uri_get_host (uri) : url;

  if (uri == NULL || g_uri_get_port (uri) < 0)
    return g_strdup (host);
  if (strchr (host, ':') != NULL)
    return g_strdup_printf ("[%s]:%d", host, g_uri_get_port (uri));
  return g_strdup_printf ("%s:%d", host, g_uri_get_port (uri));
}

GError *
ls_control_failure_from_connection (const char *url, const GError *reason)
{
  g_autofree char *host = dup_host (url);
  g_autofree char *detail = NULL;

  if (reason->domain == G_RESOLVER_ERROR)
    return g_error_new (LS_ERROR, LS_ERROR_CONTROL_UNREACHABLE,
                        _ ("The name of the control server, %s, cannot be resolved"), host);
  if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED))
    return g_error_new (LS_ERROR, LS_ERROR_CONTROL_UNREACHABLE,
                        _ ("No control server is running at %s"), host);
  if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    return g_error_new (LS_ERROR, LS_ERROR_CONTROL_UNREACHABLE,
                        _ ("The control server at %s did not answer in time"), host);
  if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_NETWORK_UNREACHABLE)
      || g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_HOST_UNREACHABLE))
    return g_error_new (LS_ERROR, LS_ERROR_CONTROL_UNREACHABLE,
                        _ ("There is no way from this network to the control server at %s"), host);
  detail = ls_text_sanitize (reason->message);
  if (reason->domain == G_TLS_ERROR)
    return g_error_new (LS_ERROR, LS_ERROR_CONTROL_TLS, _ ("No encrypted connection to %s: %s"),
                        host, detail);
  return g_error_new (LS_ERROR, LS_ERROR_CONTROL_UNREACHABLE,
                      _ ("The connection to the control server at %s broke: %s"), host, detail);
}

static int
rank (const GError *error)
{
  if (error == NULL)
    return 0;
  if (error->code == LS_ERROR_CONTROL_TLS)
    return 3;
  return error->code == LS_ERROR_CONTROL_SERVER ? 2 : 1;
}

GError *
ls_control_failure_choose (GError *earlier, GError *later)
{
  gboolean keep_earlier = rank (earlier) >= rank (later);
  GError *unused = keep_earlier ? later : earlier;

  g_clear_error (&unused);
  return keep_earlier ? earlier : later;
}
