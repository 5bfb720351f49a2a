/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "ls-control-request.h"

G_BEGIN_DECLS

/* An HTTP answer, as far as it tells of a failure. */
typedef struct
{
  guint status;
  const char *content_type; /* or NULL */
  const char *body;
  gsize length;
  guint retry_after; /* seconds, 0: not said */
} LsControlReply;

/* The error that @reply to @request means: the code by status, the text from {"error"}, plain text
 * or the title of an HTML page, without the request's secrets and made safe to show. (transfer
 * full) */
GError *
ls_control_failure_from_reply (const LsControlRequest *request, const LsControlReply *reply);

/* Whether @reply is a web page rather than an answer of a control plane. */
gboolean ls_control_reply_is_html (const LsControlReply *reply);

/* The error for a connection to @url that failed with @reason: a sentence with the cause.
 * (transfer full) */
GError *ls_control_failure_from_connection (const char *url, const GError *reason);

/* Which of two failures of one call to report: the better informed one. Takes both; either may be
 * NULL. */
GError *ls_control_failure_choose (GError *earlier, GError *later);

G_END_DECLS
