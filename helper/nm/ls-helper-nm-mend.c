/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "ls-helper-nm"

#include "config.h"

#include <glib/gi18n-lib.h>

#include "ls-error.h"
#include "ls-helper-nm-call.h"
#include "ls-helper-nm-private.h"
#include "ls-helper-nm-profile.h"

/* What others change is put back this many times in this many seconds, then they have won. */
#define MENDS_MAX 5
#define MENDS_SECONDS 60

/* What is to be mended when others interfere */

static void tunnel_down_cb (LsHelperNmTunnel *tunnel);
static void tunnel_activated_cb (LsHelperNmTunnel *tunnel, NMActiveConnection *active);
static void tunnel_reapplied_cb (LsHelperNmTunnel *tunnel);

void
ls_helper_nm_follow (LsHelperNmBackend *self, const LsHelperNmCall *call, const LsTunnel *applied)
{
  LsHelperNmTunnel *tunnel = g_hash_table_lookup (self->tunnels, call->interface);

  ls_helper_nm_keep_client (self, call->client);
  if (tunnel == NULL)
    {
      tunnel = g_new0 (LsHelperNmTunnel, 1);
      tunnel->backend = self;
      tunnel->name = g_strdup (call->name);
      tunnel->interface = g_strdup (call->interface);
      tunnel->watch = ls_helper_nm_watch_new (call->client, call->uuid);
      g_signal_connect_swapped (tunnel->watch, "down", G_CALLBACK (tunnel_down_cb), tunnel);
      g_signal_connect_swapped (tunnel->watch, "activated", G_CALLBACK (tunnel_activated_cb),
                                tunnel);
      g_signal_connect_swapped (tunnel->watch, "reapplied", G_CALLBACK (tunnel_reapplied_cb),
                                tunnel);
      g_hash_table_insert (self->tunnels, tunnel->interface, tunnel);
    }
  else
    {
      tunnel->whole &= ls_tunnel_equal_but_peers (tunnel->applied, applied);
      ls_tunnel_free (tunnel->applied);
    }
  tunnel->applied = ls_tunnel_copy (applied);
  ls_helper_nm_watch_follow (tunnel->watch, call->active);
}

/* Mending */

static void
tunnel_down_cb (LsHelperNmTunnel *tunnel)
{
  g_autofree char *interface = g_strdup (tunnel->interface);

  ls_helper_backend_emit_tunnel_changed (LS_HELPER_BACKEND (tunnel->backend), interface, "down",
                                         "by-someone-else");
}

static gboolean
may_mend (LsHelperNmTunnel *tunnel)
{
  gint64 now = g_get_monotonic_time ();

  if (now - tunnel->mends_since > MENDS_SECONDS * G_USEC_PER_SEC)
    {
      tunnel->mends_since = now;
      tunnel->mends = 0;
    }
  return tunnel->mends++ < MENDS_MAX;
}

static void
mended_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  LsHelperNmBackend *self = LS_HELPER_NM_BACKEND (source);
  LsHelperNmCall *call = g_task_get_task_data (G_TASK (result));
  LsHelperNmTunnel *tunnel = g_hash_table_lookup (self->tunnels, call->interface);
  g_autoptr (GError) error = NULL;
  LsHelperApplied applied;
  gboolean mended
      = ls_helper_backend_apply_finish (LS_HELPER_BACKEND (self), result, &applied, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) || tunnel == NULL)
    return;
  g_clear_object (&tunnel->mend);
  if (!mended)
    {
      g_warning ("%s: %s", call->interface, error->message);
      tunnel_down_cb (tunnel);
    }
  else if (applied.changed)
    ls_helper_backend_emit_tunnel_changed (LS_HELPER_BACKEND (self), call->interface, "up",
                                           "repaired");
}

/* Ends as apply() does. */
static void
mend (LsHelperNmTunnel *tunnel, NMActiveConnection *active, gboolean with_profile)
{
  GTask *task;
  LsHelperNmCall *call;

  (void)ls_helper_nm_stop_mending (tunnel);
  tunnel->mend = g_cancellable_new ();
  tunnel->mend_profile = with_profile;
  task = ls_helper_nm_call_new (tunnel->backend, mend, tunnel->name, tunnel->interface,
                                tunnel->mend, mended_cb, NULL);
  call = g_task_get_task_data (task);
  call->desired = ls_tunnel_copy (tunnel->applied);
  call->previous = ls_tunnel_copy (tunnel->applied);
  call->client = g_object_ref (tunnel->backend->client);
  g_set_object (&call->active, active);
  if (with_profile)
    ls_helper_nm_store_profile (task);
  else
    ls_helper_nm_write_peers (task);
}

gboolean
ls_helper_nm_stop_mending (LsHelperNmTunnel *tunnel)
{
  if (tunnel->mend == NULL)
    return FALSE;
  g_cancellable_cancel (tunnel->mend);
  g_clear_object (&tunnel->mend);
  return TRUE;
}

static NMActiveConnection *
find_active (const LsHelperNmTunnel *tunnel)
{
  g_autofree char *uuid = ls_helper_nm_profile_dup_uuid (tunnel->name);

  return ls_helper_nm_find_active (tunnel->backend->client, uuid);
}

void
ls_helper_nm_mend_again (LsHelperNmTunnel *tunnel)
{
  if (tunnel->mend != NULL)
    mend (tunnel, find_active (tunnel), tunnel->mend_profile);
}

static void
tunnel_activated_cb (LsHelperNmTunnel *tunnel, NMActiveConnection *active)
{
  if (may_mend (tunnel))
    mend (tunnel, active, FALSE);
  else
    tunnel_down_cb (tunnel);
}

static void
tunnel_reapplied_cb (LsHelperNmTunnel *tunnel)
{
  if (may_mend (tunnel))
    mend (tunnel, find_active (tunnel), TRUE);
  else
    tunnel_down_cb (tunnel);
}
