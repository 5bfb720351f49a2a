/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "ls-helper-tunnel"

#include "config.h"

#include "ls-helper-tunnel.h"

#include <glib/gi18n-lib.h>

#include "ls-error.h"
#include "ls-helper-authorize.h"
#include "ls-helper-choice.h"
#include "ls-helper-port.h"
#include "ls-ident.h"

/* Peers and endpoints change often: their journal entry may be this much behind. */
#define JOURNAL_DELAY_SECONDS 1

/* When undoing failed, it is tried again. */
#define UNDO_RETRY_SECONDS 30

#define REPAIR_FIRST_DELAY_MS 500

typedef enum
{
  JOB_CALL, /* a method of a caller */
  JOB_ADOPT, /* first after a restart of the helper */
  JOB_REPAIR, /* the WireGuard program ended */
  JOB_UNDO, /* the lease expired, or somebody switched it off */
} JobKind;

typedef struct
{
  JobKind kind;
  LsHelperCaller *caller; /* JOB_CALL */
  LsHelperRequest *request; /* JOB_CALL */
  char **granted; /* the actions that polkit allowed */
  char *reason; /* JOB_UNDO */
  GTask *task; /* who waits; NULL: nobody */
  LsTunnel *target; /* what the tunnel is to become */
  LsHelperBackend *backend; /* ApplyTunnel: the chosen one */
  gboolean applying; /* something was begun that the journal has to know */
  GError *error; /* what made it fail, while it is rolled back */
} Job;

struct _LsHelperTunnel
{
  GObject parent_instance;

  GDBusConnection *bus;
  LsHelperAuthority *authority;
  GPtrArray *backends;
  char *runtime_dir;
  char *name;
  char *interface;
  guint32 first_uid;

  LsHelperLease *lease; /* NULL until made */
  LsHelperBackend *backend; /* NULL until chosen */
  LsTunnel *actual; /* as last applied; NULL if there is none */
  guint16 wanted_port; /* the port that was asked for; actual has the one that it became */
  GVariant *loaded_state; /* the backend's, from the journal */
  gboolean up;

  GQueue queue; /* of Job */
  Job *current;
  guint repairs;
  guint repair_id;
  guint undo_id;
  guint journal_id;
};

enum
{
  CHANGED,
  GONE,
  SETTLED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (LsHelperTunnel, ls_helper_tunnel, G_TYPE_OBJECT)

static void run_next (LsHelperTunnel *self);
static void execute (LsHelperTunnel *self);
static void remove_begin (LsHelperTunnel *self);

static void
job_free (Job *job)
{
  g_clear_pointer (&job->caller, ls_helper_caller_unref);
  g_clear_pointer (&job->request, ls_helper_request_free);
  g_clear_pointer (&job->target, ls_tunnel_free);
  g_clear_object (&job->task);
  g_clear_object (&job->backend);
  g_clear_error (&job->error);
  g_strfreev (job->granted);
  g_free (job->reason);
  g_free (job);
}

static Job *
job_new (JobKind kind, GTask *task)
{
  Job *job = g_new0 (Job, 1);

  job->kind = kind;
  job->task = task;
  return job;
}

static void
enqueue (LsHelperTunnel *self, Job *job)
{
  g_queue_push_tail (&self->queue, job);
  run_next (self);
}

static void
emit_changed (LsHelperTunnel *self, const char *state, const char *reason)
{
  if (self->lease != NULL && !ls_helper_lease_is_orphaned (self->lease))
    g_signal_emit (self, signals[CHANGED], 0, ls_helper_lease_get_owner (self->lease), state,
                   reason);
}

/* The journal */

static GVariant *
dup_backend_state (LsHelperTunnel *self)
{
  GVariant *state = ls_helper_backend_dup_state (self->backend, self->interface);

  if (state == NULL && self->loaded_state != NULL)
    return g_variant_ref (self->loaded_state);
  return state;
}

static gboolean
save (LsHelperTunnel *self, GError **error)
{
  const Job *job = self->current;
  const LsTunnel *tunnel
      = job != NULL && job->applying && job->target != NULL ? job->target : self->actual;
  g_clear_handle_id (&self->journal_id, g_source_remove);
  if (tunnel == NULL || self->backend == NULL)
    return TRUE;

  g_autoptr (GVariant) state = dup_backend_state (self);
  LsHelperJournalEntry entry = {
    .name = self->name,
    .interface = self->interface,
    .backend = ls_helper_backend_get_kind (self->backend),
    .bus_id = (char *)g_dbus_connection_get_guid (self->bus),
    .applying = job != NULL && job->applying,
    .wanted_port = self->wanted_port,
    .tunnel = (LsTunnel *)tunnel,
    .state = state,
    .uid = ls_helper_tunnel_get_uid (self),
    .owner = (char *)"",
  };
  if (self->lease != NULL)
    entry.owner = (char *)ls_helper_lease_get_owner (self->lease);
  else if (job != NULL && job->caller != NULL)
    entry.owner = job->caller->sender;
  return ls_helper_journal_save (self->runtime_dir, &entry, error);
}

static void
save_or_warn (LsHelperTunnel *self)
{
  g_autoptr (GError) error = NULL;

  if (!save (self, &error))
    g_warning ("%s: the journal could not be written: %s", self->interface, error->message);
}

static gboolean
save_later_cb (gpointer user_data)
{
  LsHelperTunnel *self = user_data;

  self->journal_id = 0;
  save_or_warn (self);
  return G_SOURCE_REMOVE;
}

static void
save_later (LsHelperTunnel *self)
{
  if (self->journal_id == 0)
    self->journal_id = g_timeout_add_seconds (JOURNAL_DELAY_SECONDS, save_later_cb, self);
}

void
ls_helper_tunnel_flush (LsHelperTunnel *self)
{
  if (self->journal_id != 0)
    save_or_warn (self);
}

/* The end of a job */

static void
end_job (LsHelperTunnel *self, GVariant *answer, GError *error)
{
  Job *job = g_steal_pointer (&self->current);
  g_autoptr (GVariant) owned = answer != NULL ? g_variant_ref_sink (answer) : NULL;

  if (error != NULL)
    g_debug ("%s: %s", self->interface, error->message);
  if (job->task == NULL)
    g_clear_error (&error);
  else if (error != NULL)
    g_task_return_error (job->task, error);
  else
    g_task_return_pointer (job->task, g_steal_pointer (&owned), (GDestroyNotify)g_variant_unref);
  job_free (job);
  g_signal_emit (self, signals[SETTLED], 0);
  run_next (self);
}

static void
succeed (LsHelperTunnel *self, GVariant *answer)
{
  end_job (self, answer != NULL ? answer : g_variant_new ("()"), NULL);
}

static void
fail (LsHelperTunnel *self, GError *error)
{
  end_job (self, NULL, error);
}

/* The tunnel is no more. */
static void
forget (LsHelperTunnel *self)
{
  g_clear_pointer (&self->actual, ls_tunnel_free);
  g_clear_pointer (&self->loaded_state, g_variant_unref);
  g_clear_object (&self->backend);
  g_clear_object (&self->lease);
  g_clear_handle_id (&self->journal_id, g_source_remove);
  g_clear_handle_id (&self->repair_id, g_source_remove);
  self->up = FALSE;
  self->repairs = 0;
  ls_helper_journal_delete (self->runtime_dir, self->name);
}

/* The lease */

static void
lease_expired_cb (LsHelperLease *lease, gpointer user_data)
{
  LsHelperTunnel *self = user_data;

  g_message ("%s: its owner has gone: undoing it", self->interface);
  ls_helper_tunnel_undo (self, "removed", NULL, NULL);
}

static void
set_lease (LsHelperTunnel *self, GDBusConnection *bus, guint32 uid, const char *owner)
{
  if (self->lease != NULL)
    g_signal_handlers_disconnect_by_data (self->lease, self);
  g_clear_object (&self->lease);
  self->lease = ls_helper_lease_new (bus, uid, owner, LS_HELPER_LEASE_GRACE_SECONDS);
  g_signal_connect (self->lease, "expired", G_CALLBACK (lease_expired_cb), self);
}

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
    emit_changed (self, "down", self->current->kind == JOB_REPAIR ? "died" : "removed");
  forget (self);
  fail (self, g_steal_pointer (&self->current->error));
}

/* Nothing of the tunnel can be kept. */
static void
remove_failed (LsHelperTunnel *self)
{
  g_autoptr (GVariant) state = dup_backend_state (self);

  ls_helper_backend_remove (self->backend, self->name, self->interface, state, NULL,
                            removed_failed_cb, g_object_ref (self));
}

static void
rolled_back_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsHelperTunnel) self = user_data;

  if (!ls_helper_backend_apply_finish (LS_HELPER_BACKEND (source), result, NULL, NULL))
    {
      remove_failed (self);
      return;
    }
  self->current->applying = FALSE;
  self->up = TRUE;
  save_or_warn (self);
  fail (self, g_steal_pointer (&self->current->error));
}

/* Back to how it was before the current job. Takes @error. */
static void
roll_back (LsHelperTunnel *self, GError *error)
{
  self->current->error = error;
  if (self->actual != NULL)
    ls_helper_backend_apply (self->backend, self->name, self->interface, self->actual, NULL, NULL,
                             rolled_back_cb, g_object_ref (self));
  else
    remove_failed (self);
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
  emit_changed (self, "down", "by-someone-else");
  set_lease (self, self->bus, caller->uid, caller->sender);
}

static void
applied_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsHelperTunnel) self = user_data;
  Job *job = self->current;
  LsHelperApplied applied = { 0 };
  GError *error = NULL;

  if (!ls_helper_backend_apply_finish (LS_HELPER_BACKEND (source), result, &applied, &error))
    {
      roll_back (self, error);
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
  take_lease (self, job->caller);
  save_or_warn (self);
  if (!was_up || applied.changed)
    emit_changed (self, "up", "applied");
  succeed (self, applied_answer (self, &applied));
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

static void
apply_target (LsHelperTunnel *self)
{
  Job *job = self->current;
  GError *error = NULL;

  g_set_object (&self->backend, job->backend);
  job->target = ls_tunnel_copy (job->request->tunnel);
  if (!choose_port (self, job->target, &error))
    {
      fail (self, error);
      return;
    }
  job->applying = TRUE;
  /* First the journal, then the deed: whatever happens, a restarted helper knows of it. */
  if (!save (self, &error))
    {
      fail (self, error);
      return;
    }
  ls_helper_backend_apply (self->backend, self->name, self->interface, job->target, self->actual,
                           NULL, applied_cb, g_object_ref (self));
}

static void
removed_old_backend_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsHelperTunnel) self = user_data;
  GError *error = NULL;

  if (!ls_helper_backend_remove_finish (LS_HELPER_BACKEND (source), result, &error))
    {
      fail (self, error);
      return;
    }
  g_clear_pointer (&self->actual, ls_tunnel_free);
  g_clear_pointer (&self->loaded_state, g_variant_unref);
  self->up = FALSE;
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
      fail (self, error);
      return;
    }
  self->current->backend = backend;
  if (self->actual == NULL || self->backend == backend)
    {
      apply_target (self);
      return;
    }
  g_autoptr (GVariant) state = dup_backend_state (self);
  ls_helper_backend_remove (self->backend, self->name, self->interface, state, NULL,
                            removed_old_backend_cb, g_object_ref (self));
}

static void
apply_begin (LsHelperTunnel *self)
{
  Job *job = self->current;
  LsBackendKind kind = job->request->tunnel->backend;

  g_clear_handle_id (&self->repair_id, g_source_remove);
  self->repairs = 0;
  if (self->lease != NULL && ls_helper_lease_get_uid (self->lease) == job->caller->uid
      && !ls_helper_lease_is_orphaned (self->lease)
      && g_strcmp0 (ls_helper_lease_get_owner (self->lease), job->caller->sender) != 0)
    {
      fail (self, g_error_new (LS_ERROR, LS_ERROR_CONFLICT,
                               _ ("Another program of yours holds the tunnel “%s”."), self->name));
      return;
    }
  /* A running tunnel stays with its backend. */
  if (kind == LS_BACKEND_AUTO && self->actual != NULL && self->up)
    kind = ls_helper_backend_get_kind (self->backend);
  ls_helper_choose_backend (self->backends, kind, chose_backend_cb, g_object_ref (self));
}

/* UpdatePeers and SetEndpoints */

static void
took_target (LsHelperTunnel *self)
{
  g_clear_pointer (&self->actual, ls_tunnel_free);
  self->actual = g_steal_pointer (&self->current->target);
  save_later (self);
  succeed (self, NULL);
}

static void
updated_peers_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsHelperTunnel) self = user_data;
  GError *error = NULL;

  if (ls_helper_backend_update_peers_finish (LS_HELPER_BACKEND (source), result, &error))
    took_target (self);
  else
    roll_back (self, error);
}

static void
set_endpoints_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsHelperTunnel) self = user_data;
  GError *error = NULL;

  if (ls_helper_backend_set_endpoints_finish (LS_HELPER_BACKEND (source), result, &error))
    took_target (self);
  else
    roll_back (self, error);
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

static void
update_peers_begin (LsHelperTunnel *self)
{
  Job *job = self->current;
  GError *error = NULL;

  job->target = with_changed_peers (self->actual, job->request, &error);
  if (job->target == NULL)
    fail (self, error);
  else if (!self->up)
    took_target (self);
  else
    ls_helper_backend_update_peers (self->backend, self->interface, job->request->peers,
                                    job->request->removed, NULL, updated_peers_cb,
                                    g_object_ref (self));
}

static void
set_endpoints_begin (LsHelperTunnel *self)
{
  Job *job = self->current;
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
  const Job *job = self->current;
  GError *error = NULL;

  if (!ls_helper_backend_remove_finish (LS_HELPER_BACKEND (source), result, &error))
    {
      g_warning ("%s: could not be undone: %s", self->interface, error->message);
      if (job->task == NULL && self->undo_id == 0)
        self->undo_id = g_timeout_add_seconds (UNDO_RETRY_SECONDS, undo_again_cb, self);
      fail (self, error);
      return;
    }
  emit_changed (self, "down", job->reason != NULL ? job->reason : "removed");
  forget (self);
  succeed (self, NULL);
}

static void
remove_begin (LsHelperTunnel *self)
{
  g_autoptr (GVariant) state = dup_backend_state (self);

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
    succeed (self, status_answer (self, statistics));
  else
    fail (self, error);
}

static void
status_begin (LsHelperTunnel *self)
{
  if (self->up)
    ls_helper_backend_statistics (self->backend, self->interface, NULL, got_statistics_cb,
                                  g_object_ref (self));
  else
    succeed (self, status_answer (self, NULL));
}

/* Adopting and repairing */

static gboolean
repair_cb (gpointer user_data)
{
  LsHelperTunnel *self = user_data;

  self->repair_id = 0;
  enqueue (self, job_new (JOB_REPAIR, NULL));
  return G_SOURCE_REMOVE;
}

static void
repair_later (LsHelperTunnel *self)
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
      save_or_warn (self);
      emit_changed (self, "up", "repaired");
      succeed (self, NULL);
      return;
    }
  g_message ("%s: could not be set up again: %s", self->interface, error->message);
  if (++self->repairs >= LS_HELPER_REPAIRS_MAX)
    {
      self->current->error = error;
      remove_failed (self);
      return;
    }
  repair_later (self);
  fail (self, error);
}

static void
repair_begin (LsHelperTunnel *self)
{
  ls_helper_backend_apply (self->backend, self->name, self->interface, self->actual, NULL, NULL,
                           repaired_cb, g_object_ref (self));
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
      repair_begin (self);
      return;
    }
  g_message ("%s: taken up", self->interface);
  self->up = TRUE;
  save_or_warn (self);
  succeed (self, NULL);
}

static void
adopt_begin (LsHelperTunnel *self)
{
  if (self->backend == NULL)
    {
      g_warning ("%s: was made by a backend that this helper does not have", self->interface);
      forget (self);
      fail (self, g_error_new_literal (LS_ERROR, LS_ERROR_NOT_SUPPORTED, "no such backend"));
      return;
    }
  if (self->current->applying)
    {
      /* The earlier helper ended amid a change: nobody knows what there is. */
      self->current->applying = FALSE;
      self->current->error
          = g_error_new_literal (LS_ERROR, LS_ERROR_FAILED, "interrupted by a restart");
      remove_failed (self);
      return;
    }
  ls_helper_backend_adopt (self->backend, self->name, self->interface, self->actual,
                           self->loaded_state, NULL, adopted_cb, g_object_ref (self));
}

/* Authorisation and the queue */

static void
execute_call (LsHelperTunnel *self)
{
  if (self->current->request->method == LS_HELPER_METHOD_APPLY_TUNNEL)
    {
      apply_begin (self);
      return;
    }
  if (self->actual == NULL)
    {
      fail (self,
            g_error_new (LS_ERROR, LS_ERROR_NOT_FOUND, _ ("There is no tunnel “%s”."), self->name));
      return;
    }
  switch (self->current->request->method)
    {
    case LS_HELPER_METHOD_UPDATE_PEERS:
      update_peers_begin (self);
      break;
    case LS_HELPER_METHOD_SET_ENDPOINTS:
      set_endpoints_begin (self);
      break;
    case LS_HELPER_METHOD_REMOVE_TUNNEL:
      remove_begin (self);
      break;
    case LS_HELPER_METHOD_GET_STATUS:
      status_begin (self);
      break;
    default:
      fail (self, g_error_new_literal (LS_ERROR, LS_ERROR_NOT_SUPPORTED,
                                       _ ("This helper does not know this call.")));
    }
}

static void
execute (LsHelperTunnel *self)
{
  switch (self->current->kind)
    {
    case JOB_CALL:
      execute_call (self);
      break;
    case JOB_ADOPT:
      adopt_begin (self);
      break;
    case JOB_REPAIR:
      if (self->actual != NULL && !self->up)
        repair_begin (self);
      else
        succeed (self, NULL);
      break;
    case JOB_UNDO:
      if (self->actual != NULL)
        remove_begin (self);
      else
        succeed (self, NULL);
      break;
    }
}

static char **
required_actions (LsHelperTunnel *self, const Job *job, GError **error)
{
  LsHelperTunnelFacts facts = { .exists = self->lease != NULL, .granted = self->actual };

  if (self->lease != NULL)
    {
      facts.uid = ls_helper_lease_get_uid (self->lease);
      facts.owned_by_caller
          = ls_helper_lease_is_owned_by (self->lease, job->caller->uid, job->caller->sender);
    }
  return ls_helper_required_actions (job->request->method, job->request, &facts, job->caller->uid,
                                     error);
}

static gboolean
all_granted (char *const *actions, char *const *granted)
{
  for (; *actions != NULL; actions++)
    if (granted == NULL || !g_strv_contains ((const char *const *)granted, *actions))
      return FALSE;
  return TRUE;
}

static void authorize (LsHelperTunnel *self);

static void
authorized_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsHelperTunnel) self = user_data;
  GError *error = NULL;

  if (ls_helper_authority_check_finish (self->authority, result, &error))
    {
      authorize (self);
      return;
    }
  g_strfreev (g_steal_pointer (&self->current->granted));
  fail (self, error);
}

/* SECURITY: what is needed is worked out again after polkit's answer: while a dialog was open the
 * owner may have changed. */
static void
authorize (LsHelperTunnel *self)
{
  Job *job = self->current;
  GError *error = NULL;
  g_auto (GStrv) actions = NULL;

  if (g_cancellable_set_error_if_cancelled (job->caller->cancellable, &error)
      || (actions = required_actions (self, job, &error)) == NULL)
    {
      fail (self, error);
      return;
    }
  if (all_granted (actions, job->granted))
    {
      execute (self);
      return;
    }
  g_strfreev (job->granted);
  job->granted = g_steal_pointer (&actions);
  ls_helper_authority_check_async (self->authority, job->caller->sender,
                                   (const char *const *)job->granted, job->caller->interactive,
                                   job->caller->cancellable, authorized_cb, g_object_ref (self));
}

static void
run_next (LsHelperTunnel *self)
{
  if (self->current != NULL)
    return;
  self->current = g_queue_pop_head (&self->queue);
  if (self->current == NULL)
    {
      if (self->actual == NULL)
        g_signal_emit (self, signals[GONE], 0);
      return;
    }
  if (self->current->kind == JOB_CALL)
    authorize (self);
  else
    execute (self);
}

void
ls_helper_tunnel_call (LsHelperTunnel *self, LsHelperCaller *caller, LsHelperRequest *request,
                       GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);
  g_autoptr (LsHelperRequest) owned = request;

  g_task_set_source_tag (task, ls_helper_tunnel_call);
  if (g_queue_get_length (&self->queue) >= LS_HELPER_QUEUE_MAX)
    {
      g_task_return_new_error (task, LS_ERROR, LS_ERROR_BUSY,
                               _ ("Too many calls are waiting for the tunnel “%s”."), self->name);
      g_object_unref (task);
      return;
    }
  Job *job = job_new (JOB_CALL, task);
  job->caller = ls_helper_caller_ref (caller);
  job->request = g_steal_pointer (&owned);
  enqueue (self, job);
}

GVariant *
ls_helper_tunnel_call_finish (LsHelperTunnel *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
ls_helper_tunnel_undo (LsHelperTunnel *self, const char *reason, GAsyncReadyCallback callback,
                       gpointer user_data)
{
  GTask *task = callback != NULL ? g_task_new (self, NULL, callback, user_data) : NULL;
  Job *job = job_new (JOB_UNDO, task);

  job->reason = g_strdup (reason);
  enqueue (self, job);
}

void
ls_helper_tunnel_load (LsHelperTunnel *self, const LsHelperJournalEntry *entry)
{
  gboolean same_bus = g_strcmp0 (entry->bus_id, g_dbus_connection_get_guid (self->bus)) == 0;
  Job *job = job_new (JOB_ADOPT, NULL);

  for (guint i = 0; i < self->backends->len; i++)
    if (ls_helper_backend_get_kind (self->backends->pdata[i]) == entry->backend)
      g_set_object (&self->backend, self->backends->pdata[i]);
  self->actual = ls_tunnel_copy (entry->tunnel);
  self->wanted_port = entry->wanted_port;
  self->loaded_state = entry->state != NULL ? g_variant_ref (entry->state) : NULL;
  set_lease (self, same_bus ? self->bus : NULL, entry->uid, entry->owner);
  job->applying = entry->applying;
  enqueue (self, job);
}

void
ls_helper_tunnel_backend_changed (LsHelperTunnel *self, LsHelperBackend *backend, const char *state,
                                  const char *reason)
{
  if (backend != self->backend || self->actual == NULL)
    return;
  if (g_str_equal (state, "up"))
    emit_changed (self, state, reason);
  else if (g_str_equal (reason, "died"))
    {
      self->up = FALSE;
      repair_later (self);
    }
  else
    ls_helper_tunnel_undo (self, reason, NULL, NULL);
}

void
ls_helper_tunnel_backend_state_changed (LsHelperTunnel *self)
{
  save_or_warn (self);
}

const char *
ls_helper_tunnel_get_name (LsHelperTunnel *self)
{
  return self->name;
}

const char *
ls_helper_tunnel_get_interface (LsHelperTunnel *self)
{
  return self->interface;
}

LsHelperBackend *
ls_helper_tunnel_get_backend (LsHelperTunnel *self)
{
  return self->backend;
}

guint32
ls_helper_tunnel_get_uid (LsHelperTunnel *self)
{
  return self->lease != NULL ? ls_helper_lease_get_uid (self->lease) : self->first_uid;
}

LsHelperLease *
ls_helper_tunnel_get_lease (LsHelperTunnel *self)
{
  return self->lease;
}

const char *
ls_helper_tunnel_get_state (LsHelperTunnel *self)
{
  if (self->lease != NULL && ls_helper_lease_is_orphaned (self->lease))
    return "orphaned";
  return self->up ? "up" : "down";
}

gboolean
ls_helper_tunnel_is_busy (LsHelperTunnel *self)
{
  return self->current != NULL || !g_queue_is_empty (&self->queue);
}

LsHelperTunnel *
ls_helper_tunnel_new (GDBusConnection *bus, LsHelperAuthority *authority, GPtrArray *backends,
                      const char *runtime_dir, const char *name, guint32 uid)
{
  LsHelperTunnel *self = g_object_new (LS_TYPE_HELPER_TUNNEL, NULL);

  self->bus = g_object_ref (bus);
  self->authority = g_object_ref (authority);
  self->backends = g_ptr_array_ref (backends);
  self->runtime_dir = g_strdup (runtime_dir);
  self->name = g_strdup (name);
  self->interface = ls_interface_name_for_profile (name);
  self->first_uid = uid;
  return self;
}

static void
ls_helper_tunnel_dispose (GObject *object)
{
  LsHelperTunnel *self = LS_HELPER_TUNNEL (object);

  if (self->lease != NULL)
    g_signal_handlers_disconnect_by_data (self->lease, self);
  g_clear_object (&self->lease);
  g_clear_handle_id (&self->repair_id, g_source_remove);
  g_clear_handle_id (&self->undo_id, g_source_remove);
  g_clear_handle_id (&self->journal_id, g_source_remove);
  g_clear_object (&self->backend);
  g_clear_object (&self->authority);
  g_clear_object (&self->bus);
  G_OBJECT_CLASS (ls_helper_tunnel_parent_class)->dispose (object);
}

static void
ls_helper_tunnel_finalize (GObject *object)
{
  LsHelperTunnel *self = LS_HELPER_TUNNEL (object);

  g_clear_pointer (&self->actual, ls_tunnel_free);
  g_clear_pointer (&self->loaded_state, g_variant_unref);
  g_clear_pointer (&self->backends, g_ptr_array_unref);
  g_free (self->runtime_dir);
  g_free (self->name);
  g_free (self->interface);
  G_OBJECT_CLASS (ls_helper_tunnel_parent_class)->finalize (object);
}

static void
ls_helper_tunnel_class_init (LsHelperTunnelClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ls_helper_tunnel_dispose;
  G_OBJECT_CLASS (klass)->finalize = ls_helper_tunnel_finalize;

  signals[CHANGED]
      = g_signal_new ("changed", LS_TYPE_HELPER_TUNNEL, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                      G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_STRING);
  signals[GONE] = g_signal_new ("gone", LS_TYPE_HELPER_TUNNEL, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                NULL, G_TYPE_NONE, 0);
  signals[SETTLED] = g_signal_new ("settled", LS_TYPE_HELPER_TUNNEL, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
}

static void
ls_helper_tunnel_init (LsHelperTunnel *self)
{
  g_queue_init (&self->queue);
}
