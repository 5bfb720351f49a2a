/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-credentials.h"

#include <glib/gi18n-lib.h>
#include <sodium.h>
#include <string.h>

#include "ls-error.h"

#define TEXT_HEADER "lightscale-credentials 1\n"
#define TEXT_MAX (LS_TOKEN_MAX + LS_AGENT_AUTH_PATH_MAX + 512)

static gpointer
guarded_alloc (gsize size, GError **error)
{
  gpointer memory = sodium_malloc (size);

  if (memory == NULL)
    g_set_error_literal (error, LS_ERROR, LS_ERROR_LIMIT,
                         _ ("There is no memory left that may hold the keys of this device."));
  else
    memset (memory, 0, size);
  return memory;
}

LsAgentCredentials *
ls_agent_credentials_new (GError **error)
{
  LsAgentCredentials *credentials = guarded_alloc (sizeof *credentials, error);
  LsKey public_key;

  if (credentials == NULL)
    return NULL;
  ls_key_generate_machine (&credentials->machine_seed, &public_key);
  ls_key_generate_wireguard (&credentials->wireguard_private, &public_key);
  return credentials;
}

LsAgentCredentials *
ls_agent_credentials_copy (const LsAgentCredentials *credentials, GError **error)
{
  LsAgentCredentials *copy = guarded_alloc (sizeof *copy, error);

  if (copy != NULL)
    memcpy (copy, credentials, sizeof *copy);
  return copy;
}

void
ls_agent_credentials_free (LsAgentCredentials *credentials)
{
  sodium_free (credentials);
}

gboolean
ls_agent_credentials_set_token (LsAgentCredentials *credentials, const char *token, GError **error)
{
  if (!ls_token_validate (token, error))
    return FALSE;
  memset (credentials->node_token, 0, sizeof credentials->node_token);
  memcpy (credentials->node_token, token, strlen (token));
  return TRUE;
}

/* An absolute path of visible ASCII: it is appended to the control URL. */
static gboolean
auth_path_is_valid (const char *path)
{
  gsize length = strlen (path);

  if (length == 0)
    return TRUE;
  if (length > LS_AGENT_AUTH_PATH_MAX || path[0] != '/' || path[1] == '/')
    return FALSE;
  for (gsize i = 0; i < length; i++)
    if (path[i] <= ' ' || path[i] > '~' || strchr ("\"<>\\^`{|}#", path[i]) != NULL)
      return FALSE;
  return TRUE;
}

gboolean
ls_agent_credentials_set_auth_path (LsAgentCredentials *credentials, const char *path,
                                    GError **error)
{
  if (!auth_path_is_valid (path))
    {
      g_set_error_literal (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT,
                           _ ("The server sent an approval link that cannot be used."));
      return FALSE;
    }
  memset (credentials->auth_path, 0, sizeof credentials->auth_path);
  memcpy (credentials->auth_path, path, strlen (path));
  return TRUE;
}

static void
append_line (char *text, const char *word, const char *value)
{
  g_strlcat (text, word, TEXT_MAX);
  g_strlcat (text, " ", TEXT_MAX);
  g_strlcat (text, value, TEXT_MAX);
  g_strlcat (text, "\n", TEXT_MAX);
}

char *
ls_agent_credentials_to_text (const LsAgentCredentials *credentials, GError **error)
{
  char *text = guarded_alloc (TEXT_MAX, error);
  char *machine;
  char *wireguard;

  if (text == NULL)
    return NULL;
  machine = ls_key_to_text (&credentials->machine_seed);
  wireguard = ls_key_to_text (&credentials->wireguard_private);
  g_strlcpy (text, TEXT_HEADER, TEXT_MAX);
  append_line (text, "machine", machine);
  append_line (text, "wireguard", wireguard);
  if (credentials->node_token[0] != '\0')
    append_line (text, "token", credentials->node_token);
  if (credentials->auth_path[0] != '\0')
    append_line (text, "approval", credentials->auth_path);
  ls_key_text_free (machine);
  ls_key_text_free (wireguard);
  return text;
}

static gboolean
parse_line (LsAgentCredentials *credentials, const char *line, guint *keys)
{
  if (g_str_has_prefix (line, "machine "))
    {
      *keys |= 1;
      return ls_key_parse (line + strlen ("machine "), &credentials->machine_seed, NULL);
    }
  if (g_str_has_prefix (line, "wireguard "))
    {
      *keys |= 2;
      return ls_key_parse (line + strlen ("wireguard "), &credentials->wireguard_private, NULL);
    }
  if (g_str_has_prefix (line, "token "))
    return ls_agent_credentials_set_token (credentials, line + strlen ("token "), NULL);
  if (g_str_has_prefix (line, "approval "))
    return ls_agent_credentials_set_auth_path (credentials, line + strlen ("approval "), NULL);
  return FALSE;
}

static gboolean
parse_lines (LsAgentCredentials *credentials, char *lines)
{
  guint keys = 0;

  while (*lines != '\0')
    {
      char *end = strchr (lines, '\n');

      if (end == NULL)
        return FALSE;
      *end = '\0';
      if (!parse_line (credentials, lines, &keys))
        return FALSE;
      lines = end + 1;
    }
  return keys == 3;
}

/* Takes @copy, which is guarded and ends with a 0. */
static LsAgentCredentials *
parse_text (char *copy, gsize length, GError **error)
{
  LsAgentCredentials *credentials = guarded_alloc (sizeof *credentials, error);

  if (credentials != NULL
      && (strlen (copy) != length || !g_str_has_prefix (copy, TEXT_HEADER)
          || !parse_lines (credentials, copy + strlen (TEXT_HEADER))))
    {
      g_set_error_literal (error, LS_ERROR, LS_ERROR_STORAGE,
                           _ ("The stored keys of this device cannot be read."));
      g_clear_pointer (&credentials, ls_agent_credentials_free);
    }
  sodium_free (copy);
  return credentials;
}

LsAgentCredentials *
ls_agent_credentials_from_text (const char *text, gsize length, GError **error)
{
  char *copy = guarded_alloc (length + 1, error);

  if (copy == NULL)
    return NULL;
  memcpy (copy, text, length);
  return parse_text (copy, length, error);
}
