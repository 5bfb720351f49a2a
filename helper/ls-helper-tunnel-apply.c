/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "ls-helper-tunnel"

#include "config.h"

#include "ls-helper-tunnel-private.h"

#include <glib/gi18n-lib.h>

#include "ls-error.h"
#include "ls-helper-choice.h"
#include "ls-helper-port.h"

/* ApplyTunnel */

static void
removed_failed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsHelperTunnel) self = user_data;
  g_autoptr (GError) error = NULL;
  gboolean existed = self->actual != NULL;

  if (!ls_helper_backend_remove_finish (LS_HELPER_BACKEND (source), result, &error))
    g_warning ("%s: what was begun could not be undone: %s", self->interface, error->message);
  if (existed)
    ls_helper_tunnel_emit_changed (
        self, "down", self->current->kind == LS_HELPER_JOB_REPAIR ? "died" : "removed");
  ls_helper_tunnel_forget (self);
  ls_helper_tunnel_fail (self, g_steal_pointer (&self->current->error));
}

/* Nothing of the tunnel can be kept. */
void
ls_helper_tunnel_remove_failed (LsHelperTunnel *self)
{
  g_autoptr (GVariant) state = ls_helper_tunnel_dup_backend_state (self);

  ls_helper_backend_remove (self->backend, self->name, self->interface, state, NULL,
                            removed_failed_cb, g_object_ref (self));
}

static void
rolled_back_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsHelperTunnel) self = user_data;

  if (!ls_helper_backend_apply_finish (LS_HELPER_BACKEND (source), result, NULL, NULL))
    {
      ls_helper_tunnel_remove_failed (self);
      return;
    }
  self->current->applying = FALSE;
  self->up = TRUE;
  ls_helper_tunnel_save_or_warn (self);
  ls_helper_tunnel_fail (self, g_steal_pointer (&self->current->error));
}

static void
apply_actual (LsHelperTunnel *self)
{
  ls_helper_backend_apply (self->backend, self->name, self->interface, self->actual, NULL, NULL,
                           rolled_back_cb, g_object_ref (self));
}

/* The tunnel goes back to the backend that had it. */
static void
removed_replacement_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsHelperTunnel) self = user_data;
  LsHelperJob *job = self->current;
  g_autoptr (GError) error = NULL;

  if (!ls_helper_backend_remove_finish (LS_HELPER_BACKEND (source), result, &error))
    g_warning ("%s: what was begun could not be undone: %s", self->interface, error->message);
  g_set_object (&self->backend, job->replaced);
  g_clear_object (&job->replaced);
  g_clear_pointer (&job->target, ls_tunnel_free);
  job->applying = TRUE;
  ls_helper_tunnel_save_or_warn (self);
  apply_actual (self);
}

/* Back to how it was before the current job. Takes @error. */
void
ls_helper_tunnel_roll_back (LsHelperTunnel *self, GError *error)
{
  LsHelperJob *job = self->current;

  job->error = error;
  if (job->replaced != NULL)
    {
      g_autoptr (GVariant) state = ls_helper_tunnel_dup_backend_state (self);
      ls_helper_backend_remove (self->backend, self->name, self->interface, state, NULL,
                                removed_replacement_cb, g_object_ref (self));
    }
  else if (self->actual != NULL)
    apply_actual (self);
  else
    ls_helper_tunnel_remove_failed (self);
}

static GVariant *
applied_answer (LsHelperTunnel *self, const LsHelperApplied *applied)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "interface", "s", self->interface);
  g_variant_dict_insert (&dict, "backend", "s",
                         ls_backend_kind_to_text (ls_helper_backend_get_kind (self->backend)));
  g_variant_dict_insert (&dict, "listen-port", "q", self->actual->listen_port);
  g_variant_dict_insert (&dict, "changed", "b", applied->changed);
  return g_variant_new ("(@a{sv})", g_variant_dict_end (&dict));
}

/* The lease passes to the caller; another user's connection that had it is told. */
static void
take_lease (LsHelperTunnel *self, const LsHelperCaller *caller)
{
  if (self->lease != NULL && ls_helper_lease_is_owned_by (self->lease, caller->uid, caller->sender))
    return;
  ls_helper_tunnel_emit_changed (self, "down", "by-someone-else");
  ls_helper_tunnel_set_lease (self, self->bus, caller->uid, caller->sender);
}

static void
apply_failed (LsHelperTunnel *self, GError *error)
{
  /* Somebody has just switched it off, and its undoing waits behind this job. */
  if (g_error_matches (error, LS_ERROR, LS_ERROR_WRONG_STATE))
    ls_helper_tunnel_fail (self, error);
  else
    ls_helper_tunnel_roll_back (self, error);
}

static void
applied_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsHelperTunnel) self = user_data;
  LsHelperJob *job = self->current;
  LsHelperApplied applied = { 0 };
  GError *error = NULL;

  if (!ls_helper_backend_apply_finish (LS_HELPER_BACKEND (source), result, &applied, &error))
    {
      apply_failed (self, error);
      return;
    }
  gboolean was_up = self->up;
  self->wanted_port = job->request->tunnel->listen_port;
  if (applied.listen_port != 0)
    job->target->listen_port = applied.listen_port;
  g_clear_pointer (&self->actual, ls_tunnel_free);
  self->actual = g_steal_pointer (&job->target);
  self->up = TRUE;
  job->applying = FALSE;
  g_clear_handle_id (&self->undo_id, g_source_remove);
  take_lease (self, job->caller);
  ls_helper_tunnel_save_or_warn (self);
  /* What is missed later must have been seen before, where the backend cannot tell at once. */
  ls_helper_tunnel_mend_soon (self);
  if (!was_up || applied.changed)
    ls_helper_tunnel_emit_changed (self, "up", "applied");
  ls_helper_tunnel_succeed (self, applied_answer (self, &applied));
}

/* The port in @target: what is asked for, or what it became the last time, or the next free. */
static gboolean
choose_port (LsHelperTunnel *self, LsTunnel *target, GError **error)
{
  guint16 wanted = target->listen_port;

  if (self->actual != NULL && (wanted == self->wanted_port || wanted == self->actual->listen_port))
    {
      target->listen_port = self->actual->listen_port;
      return TRUE;
    }
  target->listen_port = ls_helper_port_find_free (wanted);
  if (target->listen_port != 0)
    return TRUE;
  g_set_error (error, LS_ERROR, LS_ERROR_CONFLICT,
               _ ("UDP port %u and the next %d are used by other programs."), wanted,
               LS_HELPER_PORT_TRIES - 1);
  return FALSE;
}

/* Nothing of the target was begun; another backend may have lost the tunnel to it already. */
static void
fail_early (LsHelperTunnel *self, GError *error)
{
  if (self->current->replaced != NULL)
    ls_helper_tunnel_roll_back (self, error);
  else
    ls_helper_tunnel_fail (self, error);
}

static void
apply_target (LsHelperTunnel *self)
{
  LsHelperJob *job = self->current;
  const LsTunnel *previous = job->replaced == NULL ? self->actual : NULL;
  GError *error = NULL;

  g_set_object (&self->backend, job->backend);
  job->target = ls_tunnel_copy (job->request->tunnel);
  if (!choose_port (self, job->target, &error))
    {
      fail_early (self, error);
      return;
    }
  job->applying = TRUE;
  /* First the journal, then the deed: whatever happens, a restarted helper knows of it. */
  if (!ls_helper_tunnel_save (self, &error))
    {
      fail_early (self, error);
      return;
    }
  ls_helper_backend_apply (self->backend, self->name, self->interface, job->target, previous, NULL,
                           applied_cb, g_object_ref (self));
}

/* What the tunnel was stays in actual: if it cannot be made by the new backend, its owner has it
 * again by the old one. */
static void
removed_old_backend_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsHelperTunnel) self = user_data;
  GError *error = NULL;

  self->up = FALSE;
  if (!ls_helper_backend_remove_finish (LS_HELPER_BACKEND (source), result, &error))
    {
      ls_helper_tunnel_roll_back (self, error);
      return;
    }
  g_clear_pointer (&self->loaded_state, g_variant_unref);
  self->current->replaced = g_object_ref (self->backend);
  apply_target (self);
}

static void
chose_backend_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsHelperTunnel) self = user_data;
  GError *error = NULL;
  LsHelperBackend *backend = ls_helper_choose_backend_finish (result, &error);

  if (backend == NULL)
    {
      ls_helper_tunnel_fail (self, error);
      return;
    }
  self->current->backend = backend;
  if (self->actual == NULL || self->backend == backend)
    {
      apply_target (self);
      return;
    }
  g_autoptr (GVariant) state = ls_helper_tunnel_dup_backend_state (self);
  ls_helper_backend_remove (self->backend, self->name, self->interface, state, NULL,
                            removed_old_backend_cb, g_object_ref (self));
}

void
ls_helper_tunnel_apply_begin (LsHelperTunnel *self)
{
  LsHelperJob *job = self->current;
  LsBackendKind kind = job->request->tunnel->backend;
  GError *error = NULL;

  if (!self->made && !ls_helper_tunnel_claim_name (self, job->caller->uid, &error))
    {
      ls_helper_tunnel_fail (self, error);
      return;
    }
  g_clear_handle_id (&self->repair_id, g_source_remove);
  self->repairs = 0;
  if (self->lease != NULL && ls_helper_lease_get_uid (self->lease) == job->caller->uid
      && !ls_helper_lease_is_orphaned (self->lease)
      && g_strcmp0 (ls_helper_lease_get_owner (self->lease), job->caller->sender) != 0)
    {
      ls_helper_tunnel_fail (
          self, g_error_new (LS_ERROR, LS_ERROR_CONFLICT,
                             _ ("Another program of yours holds the tunnel “%s”."), self->name));
      return;
    }
  /* A running tunnel stays with its backend. */
  if (kind == LS_BACKEND_AUTO && self->actual != NULL && self->up)
    kind = ls_helper_backend_get_kind (self->backend);
  ls_helper_choose_backend (self->backends, kind, chose_backend_cb, g_object_ref (self));
}
