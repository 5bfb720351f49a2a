/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include <sodium.h>
#include <string.h>

#include "ls-agent-credentials.h"
#include "ls-agent-record.h"

/* The agent's own files, damaged: refused with a reason, or read as what they say. */
static void
check_record (const char *text, gsize length)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LsAgentRecord) record = ls_agent_record_from_text ("lab", text, length, &error);
  g_autoptr (LsAgentRecord) again = NULL;
  g_autofree char *written = NULL;

  FUZZ_CHECK ((record == NULL) == (error != NULL));
  if (record == NULL)
    return;
  written = ls_agent_record_to_text (record);
  again = ls_agent_record_from_text ("lab", written, strlen (written), NULL);
  FUZZ_CHECK (again != NULL && g_str_equal (again->node_name, record->node_name));
}

static void
check_credentials (const char *text, gsize length)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LsAgentCredentials) credentials
      = ls_agent_credentials_from_text (text, length, &error);
  g_autoptr (LsAgentCredentials) again = NULL;
  char *written;

  FUZZ_CHECK ((credentials == NULL) == (error != NULL));
  if (credentials == NULL)
    return;
  written = ls_agent_credentials_to_text (credentials, NULL);
  again = ls_agent_credentials_from_text (written, strlen (written), NULL);
  sodium_free (written);
  FUZZ_CHECK (again != NULL && g_str_equal (again->node_token, credentials->node_token));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = g_strndup ((const char *)data, size);

  check_record (text, strlen (text));
  check_credentials (text, strlen (text));
  return 0;
}
