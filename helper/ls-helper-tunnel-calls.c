/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "ls-helper-tunnel"

#include "config.h"

#include "ls-helper-tunnel-private.h"

#include <glib/gi18n-lib.h>

#include "ls-error.h"
#include "ls-helper-authorize.h"

/* SECURITY: a dialog that one user leaves open keeps nobody else waiting: the calls of each user
 * are a lane of their own, whose first one is authorised outside of the tunnel's queue. It enters
 * the queue when polkit has answered, and the next of its lane begins when it has ended. So whose a
 * name becomes is decided by who is authorised first, not by who asks first. */

/* A call that polkit is asked about. */
typedef struct
{
  LsHelperTunnel *tunnel;
  LsHelperJob *job;
  char **actions;
} Asking;

static char **
required_actions (LsHelperTunnel *self, const LsHelperJob *job, GError **error)
{
  LsHelperTunnelFacts facts = {
    .exists = self->made,
    .uid = self->uid,
    .granted = self->actual,
    .owned_by_caller
    = self->lease != NULL
      && ls_helper_lease_is_owned_by (self->lease, job->caller->uid, job->caller->sender),
  };

  return ls_helper_required_actions (job->request->method, job->request, &facts, job->caller->uid,
                                     error);
}

/* What @job needs and was not granted yet: a NULL-terminated array, empty if nothing. NULL: it
 * cannot be carried out at all. */
static char **
missing_actions (LsHelperTunnel *self, const LsHelperJob *job, GError **error)
{
  g_autoptr (GStrvBuilder) missing = g_strv_builder_new ();

  if (g_cancellable_set_error_if_cancelled (job->caller->cancellable, error))
    return NULL;
  g_auto (GStrv) actions = required_actions (self, job, error);
  if (actions == NULL)
    return NULL;
  for (guint i = 0; actions[i] != NULL; i++)
    if (!g_hash_table_contains (job->granted, actions[i]))
      g_strv_builder_add (missing, actions[i]);
  return g_strv_builder_end (missing);
}

gboolean
ls_helper_tunnel_may_run (LsHelperTunnel *self, const LsHelperJob *job)
{
  g_auto (GStrv) missing = missing_actions (self, job, NULL);

  return missing != NULL && missing[0] == NULL;
}

static void
authorized_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Asking *asking = user_data;
  g_autoptr (LsHelperTunnel) self = asking->tunnel;
  g_auto (GStrv) actions = asking->actions;
  GError *error = NULL;

  if (!ls_helper_authority_check_finish (LS_HELPER_AUTHORITY (source), result, &error))
    {
      ls_helper_tunnel_end_job (self, asking->job, NULL, error);
      return;
    }
  for (guint i = 0; actions[i] != NULL; i++)
    g_hash_table_add (asking->job->granted, g_strdup (actions[i]));
  ls_helper_tunnel_authorize (self, asking->job);
}

/* SECURITY: what is needed is worked out again after polkit's answer, and once more when the job's
 * turn has come: meanwhile the owner may have changed. */
void
ls_helper_tunnel_authorize (LsHelperTunnel *self, LsHelperJob *job)
{
  GError *error = NULL;
  g_auto (GStrv) missing = missing_actions (self, job, &error);

  if (missing == NULL)
    {
      ls_helper_tunnel_end_job (self, job, NULL, error);
      return;
    }
  if (missing[0] == NULL)
    {
      ls_helper_tunnel_enqueue (self, job);
      return;
    }
  Asking *asking = g_new0 (Asking, 1);
  asking->tunnel = g_object_ref (self);
  asking->job = job;
  asking->actions = g_steal_pointer (&missing);
  ls_helper_authority_check_async (self->authority, job->caller->sender,
                                   (const char *const *)asking->actions, job->caller->interactive,
                                   job->caller->cancellable, authorized_cb, asking);
}

void
ls_helper_tunnel_next_call (LsHelperTunnel *self, guint32 uid)
{
  GQueue *lane = g_hash_table_lookup (self->lanes, GUINT_TO_POINTER (uid));

  g_queue_pop_head (lane);
  if (g_queue_is_empty (lane))
    g_hash_table_remove (self->lanes, GUINT_TO_POINTER (uid));
  else
    ls_helper_tunnel_authorize (self, g_queue_peek_head (lane));
}

static GQueue *
lane_of (LsHelperTunnel *self, guint32 uid)
{
  GQueue *lane = g_hash_table_lookup (self->lanes, GUINT_TO_POINTER (uid));

  if (lane == NULL)
    {
      lane = g_queue_new ();
      g_hash_table_insert (self->lanes, GUINT_TO_POINTER (uid), lane);
    }
  return lane;
}

void
ls_helper_tunnel_call (LsHelperTunnel *self, LsHelperCaller *caller, LsHelperRequest *request,
                       GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  g_autoptr (LsHelperRequest) owned = request;
  GQueue *lane = lane_of (self, caller->uid);

  g_task_set_source_tag (task, ls_helper_tunnel_call);
  if (g_queue_get_length (lane) >= LS_HELPER_QUEUE_MAX)
    {
      g_task_return_new_error (task, LS_ERROR, LS_ERROR_BUSY,
                               _ ("Too many calls are waiting for the tunnel “%s”."), self->name);
      return;
    }
  LsHelperJob *job = ls_helper_job_new (LS_HELPER_JOB_CALL, g_steal_pointer (&task));
  job->caller = ls_helper_caller_ref (caller);
  job->request = g_steal_pointer (&owned);
  g_queue_push_tail (lane, job);
  if (g_queue_get_length (lane) == 1)
    ls_helper_tunnel_authorize (self, job);
}

GVariant *
ls_helper_tunnel_call_finish (LsHelperTunnel *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}
