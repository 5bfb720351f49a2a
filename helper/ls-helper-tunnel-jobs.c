/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "ls-helper-tunnel"

#include "config.h"

#include "ls-helper-tunnel-private.h"

#include <glib/gi18n-lib.h>

#include "ls-error.h"

/* When undoing failed, it is tried again. */
#define UNDO_RETRY_SECONDS 30

#define REPAIR_FIRST_DELAY_MS 500

/* UpdatePeers and SetEndpoints */

static void
took_target (LsHelperTunnel *self)
{
  g_clear_pointer (&self->actual, ls_tunnel_free);
  self->actual = g_steal_pointer (&self->current->target);
  ls_helper_tunnel_save_later (self);
  ls_helper_tunnel_succeed (self, NULL);
}

static void
updated_peers_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsHelperTunnel) self = user_data;
  GError *error = NULL;

  if (ls_helper_backend_update_peers_finish (LS_HELPER_BACKEND (source), result, &error))
    took_target (self);
  else
    ls_helper_tunnel_roll_back (self, error);
}

static void
set_endpoints_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsHelperTunnel) self = user_data;
  GError *error = NULL;

  if (ls_helper_backend_set_endpoints_finish (LS_HELPER_BACKEND (source), result, &error))
    took_target (self);
  else
    ls_helper_tunnel_roll_back (self, error);
}

/* @tunnel with the changes of @request, checked as a whole. */
static LsTunnel *
with_changed_peers (const LsTunnel *tunnel, const LsHelperRequest *request, GError **error)
{
  g_autoptr (LsTunnel) changed = ls_tunnel_copy (tunnel);

  for (guint i = 0; i < request->removed->len; i++)
    ls_tunnel_remove_peer (changed, &g_array_index (request->removed, LsKey, i));
  for (guint i = 0; i < request->peers->len; i++)
    {
      LsTunnelPeer *peer = ls_tunnel_peer_copy (g_ptr_array_index (request->peers, i));
      const LsTunnelPeer *old = ls_tunnel_find_peer (changed, &peer->public_key);
      if (!peer->has_endpoint && old != NULL && old->has_endpoint)
        ls_tunnel_peer_set_endpoint (peer, &old->endpoint);
      ls_tunnel_take_peer (changed, peer);
    }
  g_autoptr (GVariant) variant = g_variant_ref_sink (ls_tunnel_to_variant (changed));
  return ls_tunnel_from_variant (variant, error);
}

void
ls_helper_tunnel_update_peers_begin (LsHelperTunnel *self)
{
  LsHelperJob *job = self->current;
  GError *error = NULL;

  job->target = with_changed_peers (self->actual, job->request, &error);
  if (job->target == NULL)
    ls_helper_tunnel_fail (self, error);
  else if (!self->up)
    took_target (self);
  else
    ls_helper_backend_update_peers (self->backend, self->interface, job->request->peers,
                                    job->request->removed, NULL, updated_peers_cb,
                                    g_object_ref (self));
}

void
ls_helper_tunnel_set_endpoints_begin (LsHelperTunnel *self)
{
  LsHelperJob *job = self->current;
  GPtrArray *peers = job->request->peers;

  job->target = ls_tunnel_copy (self->actual);
  for (guint i = 0; i < peers->len;)
    {
      const LsTunnelPeer *peer = g_ptr_array_index (peers, i);
      const LsTunnelPeer *old = ls_tunnel_find_peer (job->target, &peer->public_key);
      if (old == NULL)
        {
          g_ptr_array_remove_index (peers, i);
          continue;
        }
      LsTunnelPeer *changed = ls_tunnel_peer_copy (old);
      ls_tunnel_peer_set_endpoint (changed, &peer->endpoint);
      ls_tunnel_take_peer (job->target, changed);
      i++;
    }
  if (peers->len == 0 || !self->up)
    took_target (self);
  else
    ls_helper_backend_set_endpoints (self->backend, self->interface, peers, NULL, set_endpoints_cb,
                                     g_object_ref (self));
}

/* RemoveTunnel and undoing */

static gboolean
undo_again_cb (gpointer user_data)
{
  LsHelperTunnel *self = user_data;

  self->undo_id = 0;
  ls_helper_tunnel_undo (self, "removed", NULL, NULL);
  return G_SOURCE_REMOVE;
}

static void
removed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsHelperTunnel) self = user_data;
  const LsHelperJob *job = self->current;
  GError *error = NULL;

  if (!ls_helper_backend_remove_finish (LS_HELPER_BACKEND (source), result, &error))
    {
      g_warning ("%s: could not be undone: %s", self->interface, error->message);
      if (job->task == NULL && self->undo_id == 0)
        self->undo_id = g_timeout_add_seconds (UNDO_RETRY_SECONDS, undo_again_cb, self);
      ls_helper_tunnel_fail (self, error);
      return;
    }
  ls_helper_tunnel_emit_changed (self, "down", job->reason != NULL ? job->reason : "removed");
  ls_helper_tunnel_forget (self);
  ls_helper_tunnel_succeed (self, NULL);
}

void
ls_helper_tunnel_remove_begin (LsHelperTunnel *self)
{
  g_autoptr (GVariant) state = ls_helper_tunnel_dup_backend_state (self);

  g_clear_handle_id (&self->repair_id, g_source_remove);
  ls_helper_backend_remove (self->backend, self->name, self->interface, state, NULL, removed_cb,
                            g_object_ref (self));
}

/* GetStatus */

static GVariant *
status_answer (LsHelperTunnel *self, const GArray *statistics)
{
  g_autoptr (GArray) none = g_array_new (FALSE, TRUE, sizeof (LsPeerStatistics));
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "interface", "s", self->interface);
  g_variant_dict_insert (&dict, "backend", "s",
                         ls_backend_kind_to_text (ls_helper_backend_get_kind (self->backend)));
  g_variant_dict_insert (&dict, "state", "s", ls_helper_tunnel_get_state (self));
  g_variant_dict_insert (&dict, "listen-port", "q", self->actual->listen_port);
  g_variant_dict_insert_value (
      &dict, "peers", ls_peer_statistics_to_variant (statistics != NULL ? statistics : none));
  return g_variant_new ("(@a{sv})", g_variant_dict_end (&dict));
}

static void
got_statistics_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsHelperTunnel) self = user_data;
  GError *error = NULL;
  g_autoptr (GArray) statistics
      = ls_helper_backend_statistics_finish (LS_HELPER_BACKEND (source), result, &error);

  if (statistics != NULL)
    ls_helper_tunnel_succeed (self, status_answer (self, statistics));
  else
    ls_helper_tunnel_fail (self, error);
}

void
ls_helper_tunnel_status_begin (LsHelperTunnel *self)
{
  if (self->up)
    ls_helper_backend_statistics (self->backend, self->interface, NULL, got_statistics_cb,
                                  g_object_ref (self));
  else
    ls_helper_tunnel_succeed (self, status_answer (self, NULL));
}

/* Adopting and repairing */

static gboolean
repair_cb (gpointer user_data)
{
  LsHelperTunnel *self = user_data;

  self->repair_id = 0;
  ls_helper_tunnel_enqueue (self, ls_helper_job_new (LS_HELPER_JOB_REPAIR, NULL));
  return G_SOURCE_REMOVE;
}

void
ls_helper_tunnel_repair_later (LsHelperTunnel *self)
{
  if (self->repair_id == 0)
    self->repair_id = g_timeout_add (
        REPAIR_FIRST_DELAY_MS << MIN (self->repairs, LS_HELPER_REPAIRS_MAX), repair_cb, self);
}

static void
repaired_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsHelperTunnel) self = user_data;
  GError *error = NULL;

  if (ls_helper_backend_apply_finish (LS_HELPER_BACKEND (source), result, NULL, &error))
    {
      self->up = TRUE;
      ls_helper_tunnel_save_or_warn (self);
      ls_helper_tunnel_emit_changed (self, "up", "repaired");
      ls_helper_tunnel_succeed (self, NULL);
      return;
    }
  g_message ("%s: could not be set up again: %s", self->interface, error->message);
  if (++self->repairs >= LS_HELPER_REPAIRS_MAX)
    {
      self->current->error = error;
      ls_helper_tunnel_remove_failed (self);
      return;
    }
  ls_helper_tunnel_repair_later (self);
  ls_helper_tunnel_fail (self, error);
}

void
ls_helper_tunnel_repair_begin (LsHelperTunnel *self)
{
  ls_helper_backend_apply (self->backend, self->name, self->interface, self->actual, NULL, NULL,
                           repaired_cb, g_object_ref (self));
}

/* Mending what others take away */

/* In how many milliseconds it may be mended. */
static guint
mend_delay (LsHelperTunnel *self)
{
  gint64 passed = (g_get_monotonic_time () - self->mends_since) / 1000;

  if (passed > LS_HELPER_MENDS_SECONDS * 1000 || self->mends == 0)
    {
      self->mends_since = g_get_monotonic_time ();
      self->mends = 0;
    }
  if (self->mends < LS_HELPER_MENDS_MAX)
    return LS_HELPER_MEND_SETTLE_MS;
  return MAX (LS_HELPER_MENDS_SECONDS * 1000 - passed, LS_HELPER_MEND_SETTLE_MS);
}

/* What came while another mending was under way has not counted that one. */
static gboolean
mend_cb (gpointer user_data)
{
  LsHelperTunnel *self = user_data;

  self->mend_id = 0;
  if (mend_delay (self) > LS_HELPER_MEND_SETTLE_MS)
    ls_helper_tunnel_mend_soon (self);
  else
    ls_helper_tunnel_enqueue (self, ls_helper_job_new (LS_HELPER_JOB_MEND, NULL));
  return G_SOURCE_REMOVE;
}

void
ls_helper_tunnel_mend_soon (LsHelperTunnel *self)
{
  if (self->mend_id == 0 && self->actual != NULL)
    self->mend_id = g_timeout_add (mend_delay (self), mend_cb, self);
}

static void
mended_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsHelperTunnel) self = user_data;
  LsHelperApplied applied = { 0 };
  GError *error = NULL;

  if (!ls_helper_backend_apply_finish (LS_HELPER_BACKEND (source), result, &applied, &error))
    {
      g_message ("%s: could not be mended: %s", self->interface, error->message);
      self->mends++;
      self->up = FALSE;
      ls_helper_tunnel_repair_later (self);
      ls_helper_tunnel_fail (self, error);
      return;
    }
  if (applied.changed)
    {
      if (++self->mends == LS_HELPER_MENDS_MAX)
        g_message ("%s: others change it again and again", self->interface);
      ls_helper_tunnel_emit_changed (self, "up", "repaired");
    }
  ls_helper_tunnel_succeed (self, NULL);
}

void
ls_helper_tunnel_mend_begin (LsHelperTunnel *self)
{
  ls_helper_backend_mend (self->backend, self->name, self->interface, self->actual, NULL, mended_cb,
                          g_object_ref (self));
}

static void
adopted_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsHelperTunnel) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!ls_helper_backend_adopt_finish (LS_HELPER_BACKEND (source), result, &error))
    {
      g_message ("%s: cannot be taken up, setting it up again: %s", self->interface,
                 error->message);
      ls_helper_tunnel_repair_begin (self);
      return;
    }
  g_message ("%s: taken up", self->interface);
  self->up = TRUE;
  ls_helper_tunnel_mend_soon (self);
  ls_helper_tunnel_save_or_warn (self);
  ls_helper_tunnel_succeed (self, NULL);
}

void
ls_helper_tunnel_adopt_begin (LsHelperTunnel *self)
{
  if (self->backend == NULL)
    {
      g_warning ("%s: was made by a backend that this helper does not have", self->interface);
      ls_helper_tunnel_forget (self);
      ls_helper_tunnel_fail (
          self, g_error_new_literal (LS_ERROR, LS_ERROR_NOT_SUPPORTED, "no such backend"));
      return;
    }
  if (self->current->applying)
    {
      /* The earlier helper ended amid a change: nobody knows what there is. */
      self->current->applying = FALSE;
      self->current->error
          = g_error_new_literal (LS_ERROR, LS_ERROR_FAILED, "interrupted by a restart");
      ls_helper_tunnel_remove_failed (self);
      return;
    }
  ls_helper_backend_adopt (self->backend, self->name, self->interface, self->actual,
                           self->loaded_state, NULL, adopted_cb, g_object_ref (self));
}
