/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <libsoup/soup.h>

#include "ls-control-client.h"
#include "ls-control-request.h"

G_BEGIN_DECLS

struct _LsControlClient
{
  GObject parent_instance;

  SoupSession *session; /* one per trust context: certificates are checked per session */
  GStrv urls; /* normalized */
  LsPins *pins;
  char *node_token;
  char *admin_token;
  guint current; /* index of the URL to start at */
  gint64 not_before; /* monotonic microseconds of the server's Retry-After */
};

/* The URL at @index answered: the next call starts there. */
void ls_control_client_remember (LsControlClient *self, guint index);

/* The server asked not to be called for so many seconds. */
void ls_control_client_set_retry_after (LsControlClient *self, guint seconds);

/* Runs @request (taken), or fails with @error (taken) if it is NULL. The result is what the
 * request's decoder made of the answer, a LsControlProbe for a probe, or a non-NULL mark when there
 * is nothing to return: g_task_propagate_pointer(). */
void
ls_control_run_async (LsControlClient *self, LsControlRequest *request, GError *error,
                      GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);

G_END_DECLS
