/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "ls-control-failure.h"
#include "ls-error.h"

#include <string.h>

#define SECRET "canary-0123456789"

/* Whatever a server answers becomes one sentence: valid, of bounded length, without control
 * characters and without the token that was sent. The first byte chooses the status, the second the
 * content type. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  static const guint statuses[]
      = { 200, 204, 302, 400, 401, 403, 404, 405, 409, 415, 418, 422, 429, 500, 503 };
  static const char *const types[] = { NULL, "text/html", "text/plain", "application/json" };
  g_autoptr (LsControlRequest) request = NULL;
  g_autoptr (GError) error = NULL;
  LsControlReply reply = { 0 };

  if (size < 2)
    return 0;
  reply.status = statuses[data[0] % G_N_ELEMENTS (statuses)];
  reply.content_type = types[data[1] % G_N_ELEMENTS (types)];
  reply.body = (const char *)data + 2;
  reply.length = size - 2;
  request = ls_control_request_new_register (SECRET, "name", "m", "w", NULL);
  error = ls_control_failure_from_reply (request, &reply);

  FUZZ_CHECK (error->domain == LS_ERROR);
  FUZZ_CHECK (g_utf8_validate (error->message, -1, NULL));
  FUZZ_CHECK (g_utf8_strlen (error->message, -1) < 400);
  FUZZ_CHECK (strstr (error->message, SECRET) == NULL);
  for (const char *p = error->message; *p != '\0'; p++)
    FUZZ_CHECK ((guchar)*p >= ' ' && *p != 0x7f);
  return 0;
}
