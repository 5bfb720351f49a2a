/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ctl-token.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "ls-error.h"
#include "ls-ident.h"

void
ls_ctl_token_free (char *token)
{
  if (token != NULL)
    explicit_bzero (token, strlen (token));
  g_free (token);
}

static char *
read_line (FILE *file)
{
  char line[LS_TOKEN_MAX + 2] = "";
  char *token = NULL;

  if (fgets (line, sizeof line, file) != NULL)
    token = g_strdup (g_strstrip (line));
  explicit_bzero (line, sizeof line);
  return token;
}

static char *
read_file (const char *path, GError **error)
{
  FILE *file = fopen (path, "re");
  int saved = errno;
  char *token;

  if (file == NULL)
    {
      g_set_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT, _ ("%s cannot be read: %s"), path,
                   g_strerror (saved));
      return NULL;
    }
  token = read_line (file);
  fclose (file);
  return token != NULL ? token : g_strdup ("");
}

static char *
read_unseen (const char *prompt, GError **error)
{
  struct termios before;
  struct termios silent;
  char *token;

  if (!isatty (STDIN_FILENO) || tcgetattr (STDIN_FILENO, &before) != 0)
    {
      g_set_error_literal (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT,
                           _ ("Give the token with --token-file FILE or --token - , or ask for "
                              "approval with --network ID."));
      return NULL;
    }
  silent = before;
  silent.c_lflag &= (tcflag_t)~ECHO;
  g_printerr ("%s", prompt);
  tcsetattr (STDIN_FILENO, TCSAFLUSH, &silent);
  token = read_line (stdin);
  tcsetattr (STDIN_FILENO, TCSAFLUSH, &before);
  g_printerr ("\n");
  return token != NULL ? token : g_strdup ("");
}

char *
ls_ctl_token_read (const char *token, const char *path, const char *prompt, GError **error)
{
  char *text;

  if (token != NULL && !g_str_equal (token, "-"))
    text = g_strdup (token);
  else if (token != NULL)
    text = read_line (stdin);
  else if (path != NULL)
    text = read_file (path, error);
  else
    text = read_unseen (prompt, error);
  if (text == NULL && error != NULL && *error == NULL)
    text = g_strdup ("");
  if (text != NULL && ls_token_validate (text, error))
    return text;
  ls_ctl_token_free (text);
  return NULL;
}
