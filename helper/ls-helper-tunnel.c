/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "ls-helper-tunnel"

#include "config.h"

#include "ls-helper-tunnel-private.h"

#include <glib/gi18n-lib.h>

#include "ls-error.h"
#include "ls-ident.h"

/* Peers and endpoints change often: their journal entry may be this much behind. */
#define JOURNAL_DELAY_SECONDS 1

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
static void release_name (LsHelperTunnel *self);

static void
job_free (LsHelperJob *job)
{
  g_clear_pointer (&job->caller, ls_helper_caller_unref);
  g_clear_pointer (&job->request, ls_helper_request_free);
  g_clear_pointer (&job->target, ls_tunnel_free);
  g_clear_object (&job->task);
  g_clear_object (&job->backend);
  g_clear_object (&job->replaced);
  g_clear_error (&job->error);
  g_hash_table_unref (job->granted);
  g_free (job->reason);
  g_free (job);
}

LsHelperJob *
ls_helper_job_new (LsHelperJobKind kind, GTask *task)
{
  LsHelperJob *job = g_new0 (LsHelperJob, 1);

  job->kind = kind;
  job->task = task;
  job->granted = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return job;
}

void
ls_helper_tunnel_enqueue (LsHelperTunnel *self, LsHelperJob *job)
{
  g_queue_push_tail (&self->queue, job);
  run_next (self);
}

void
ls_helper_tunnel_emit_changed (LsHelperTunnel *self, const char *state, const char *reason)
{
  if (self->lease != NULL && !ls_helper_lease_is_orphaned (self->lease))
    g_signal_emit (self, signals[CHANGED], 0, ls_helper_lease_get_owner (self->lease), state,
                   reason);
}

/* The name */

gboolean
ls_helper_tunnel_claim_name (LsHelperTunnel *self, guint32 uid, GError **error)
{
  if (g_hash_table_contains (self->interfaces, self->interface))
    g_set_error (error, LS_ERROR, LS_ERROR_CONFLICT, _ ("Another tunnel uses the interface %s."),
                 self->interface);
  else if (g_hash_table_size (self->interfaces) >= LS_HELPER_TUNNELS_MAX)
    g_set_error_literal (error, LS_ERROR, LS_ERROR_LIMIT,
                         _ ("Too many networks are connected. Disconnect one first."));
  else
    {
      g_hash_table_add (self->interfaces, g_strdup (self->interface));
      self->made = TRUE;
      self->uid = uid;
    }
  return self->made;
}

static void
release_name (LsHelperTunnel *self)
{
  if (self->made)
    g_hash_table_remove (self->interfaces, self->interface);
  self->made = FALSE;
}

/* The journal */

GVariant *
ls_helper_tunnel_dup_backend_state (LsHelperTunnel *self)
{
  GVariant *state = ls_helper_backend_dup_state (self->backend, self->interface);

  if (state == NULL && self->loaded_state != NULL)
    return g_variant_ref (self->loaded_state);
  return state;
}

gboolean
ls_helper_tunnel_save (LsHelperTunnel *self, GError **error)
{
  const LsHelperJob *job = self->current;
  const LsTunnel *tunnel
      = job != NULL && job->applying && job->target != NULL ? job->target : self->actual;
  g_clear_handle_id (&self->journal_id, g_source_remove);
  if (tunnel == NULL || self->backend == NULL)
    return TRUE;

  g_autoptr (GVariant) state = ls_helper_tunnel_dup_backend_state (self);
  LsHelperJournalEntry entry = {
    .name = self->name,
    .interface = self->interface,
    .backend = ls_helper_backend_get_kind (self->backend),
    .bus_id = (char *)g_dbus_connection_get_guid (self->bus),
    .applying = job != NULL && job->applying,
    .wanted_port = self->wanted_port,
    .tunnel = (LsTunnel *)tunnel,
    .state = state,
    .uid = self->uid,
    .owner = (char *)"",
  };
  if (self->lease != NULL)
    entry.owner = (char *)ls_helper_lease_get_owner (self->lease);
  else if (job != NULL && job->caller != NULL)
    entry.owner = job->caller->sender;
  return ls_helper_journal_save (self->runtime_dir, &entry, error);
}

void
ls_helper_tunnel_save_or_warn (LsHelperTunnel *self)
{
  g_autoptr (GError) error = NULL;

  if (!ls_helper_tunnel_save (self, &error))
    g_warning ("%s: the journal could not be written: %s", self->interface, error->message);
}

static gboolean
save_later_cb (gpointer user_data)
{
  LsHelperTunnel *self = user_data;

  self->journal_id = 0;
  ls_helper_tunnel_save_or_warn (self);
  return G_SOURCE_REMOVE;
}

void
ls_helper_tunnel_save_later (LsHelperTunnel *self)
{
  if (self->journal_id == 0)
    self->journal_id = g_timeout_add_seconds (JOURNAL_DELAY_SECONDS, save_later_cb, self);
}

void
ls_helper_tunnel_flush (LsHelperTunnel *self)
{
  if (self->journal_id != 0)
    ls_helper_tunnel_save_or_warn (self);
}

/* The end of a job */

void
ls_helper_tunnel_end_job (LsHelperTunnel *self, LsHelperJob *job, GVariant *answer, GError *error)
{
  g_autoptr (LsHelperTunnel) hold G_GNUC_UNUSED = g_object_ref (self);
  g_autoptr (GVariant) owned = answer != NULL ? g_variant_ref_sink (answer) : NULL;

  if (error != NULL)
    g_debug ("%s: %s", self->interface, error->message);
  if (job->task == NULL)
    g_clear_error (&error);
  else if (error != NULL)
    g_task_return_error (job->task, error);
  else
    g_task_return_pointer (job->task, g_steal_pointer (&owned), (GDestroyNotify)g_variant_unref);
  if (job->kind == LS_HELPER_JOB_CALL)
    ls_helper_tunnel_next_call (self, job->caller->uid);
  job_free (job);
  g_signal_emit (self, signals[SETTLED], 0);
  run_next (self);
}

/* The current job ends. */
static void
end_current (LsHelperTunnel *self, GVariant *answer, GError *error)
{
  if (self->actual == NULL)
    release_name (self);
  ls_helper_tunnel_end_job (self, g_steal_pointer (&self->current), answer, error);
}

void
ls_helper_tunnel_succeed (LsHelperTunnel *self, GVariant *answer)
{
  end_current (self, answer != NULL ? answer : g_variant_new ("()"), NULL);
}

void
ls_helper_tunnel_fail (LsHelperTunnel *self, GError *error)
{
  end_current (self, NULL, error);
}

/* The tunnel is no more. */
void
ls_helper_tunnel_forget (LsHelperTunnel *self)
{
  g_clear_pointer (&self->actual, ls_tunnel_free);
  g_clear_pointer (&self->loaded_state, g_variant_unref);
  g_clear_object (&self->backend);
  g_clear_object (&self->lease);
  g_clear_handle_id (&self->journal_id, g_source_remove);
  g_clear_handle_id (&self->repair_id, g_source_remove);
  g_clear_handle_id (&self->mend_id, g_source_remove);
  self->up = FALSE;
  self->repairs = 0;
  ls_helper_journal_delete (self->runtime_dir, self->name);
}

/* The lease */

static LsHelperJob *
undo_job_new (LsHelperTunnel *self, const char *reason, GTask *task)
{
  LsHelperJob *job = ls_helper_job_new (LS_HELPER_JOB_UNDO, task);

  job->reason = g_strdup (reason);
  job->uid = self->uid;
  return job;
}

/* SECURITY: while the job waited, another user or a new program of its owner's may have taken the
 * tunnel: then it is not what was to be undone. */
static gboolean
undo_is_due (LsHelperTunnel *self)
{
  const LsHelperJob *job = self->current;

  return self->actual != NULL && self->uid == job->uid
         && (!job->if_orphaned || self->lease == NULL || ls_helper_lease_is_orphaned (self->lease));
}

static void
lease_expired_cb (LsHelperLease *lease, gpointer user_data)
{
  LsHelperTunnel *self = user_data;
  LsHelperJob *job = undo_job_new (self, "removed", NULL);

  g_message ("%s: its owner has gone: undoing it", self->interface);
  job->if_orphaned = TRUE;
  ls_helper_tunnel_enqueue (self, job);
}

void
ls_helper_tunnel_set_lease (LsHelperTunnel *self, GDBusConnection *bus, guint32 uid,
                            const char *owner)
{
  if (self->lease != NULL)
    g_signal_handlers_disconnect_by_data (self->lease, self);
  g_clear_object (&self->lease);
  self->uid = uid;
  self->lease = ls_helper_lease_new (bus, uid, owner, LS_HELPER_LEASE_GRACE_SECONDS);
  g_signal_connect (self->lease, "expired", G_CALLBACK (lease_expired_cb), self);
}

/* The queue */

static void
execute_call (LsHelperTunnel *self)
{
  if (self->current->request->method == LS_HELPER_METHOD_APPLY_TUNNEL)
    {
      ls_helper_tunnel_apply_begin (self);
      return;
    }
  if (self->actual == NULL)
    {
      ls_helper_tunnel_fail (self, g_error_new (LS_ERROR, LS_ERROR_NOT_FOUND,
                                                _ ("There is no tunnel “%s”."), self->name));
      return;
    }
  switch (self->current->request->method)
    {
    case LS_HELPER_METHOD_UPDATE_PEERS:
      ls_helper_tunnel_update_peers_begin (self);
      break;
    case LS_HELPER_METHOD_SET_ENDPOINTS:
      ls_helper_tunnel_set_endpoints_begin (self);
      break;
    case LS_HELPER_METHOD_REMOVE_TUNNEL:
      ls_helper_tunnel_remove_begin (self);
      break;
    case LS_HELPER_METHOD_GET_STATUS:
      ls_helper_tunnel_status_begin (self);
      break;
    default:
      ls_helper_tunnel_fail (self,
                             g_error_new_literal (LS_ERROR, LS_ERROR_NOT_SUPPORTED,
                                                  _ ("This helper does not know this call.")));
    }
}

static void
execute (LsHelperTunnel *self)
{
  switch (self->current->kind)
    {
    case LS_HELPER_JOB_CALL:
      execute_call (self);
      break;
    case LS_HELPER_JOB_ADOPT:
      ls_helper_tunnel_adopt_begin (self);
      break;
    case LS_HELPER_JOB_REPAIR:
      if (self->actual != NULL && !self->up)
        ls_helper_tunnel_repair_begin (self);
      else
        ls_helper_tunnel_succeed (self, NULL);
      break;
    case LS_HELPER_JOB_MEND:
      if (self->actual != NULL && self->up)
        ls_helper_tunnel_mend_begin (self);
      else
        ls_helper_tunnel_succeed (self, NULL);
      break;
    case LS_HELPER_JOB_UNDO:
      if (undo_is_due (self))
        ls_helper_tunnel_remove_begin (self);
      else
        ls_helper_tunnel_succeed (self, NULL);
      break;
    }
}

static void
run_next (LsHelperTunnel *self)
{
  g_autoptr (LsHelperTunnel) hold G_GNUC_UNUSED = g_object_ref (self);
  LsHelperJob *job;

  while (self->current == NULL && (job = g_queue_pop_head (&self->queue)) != NULL)
    {
      if (job->kind == LS_HELPER_JOB_CALL && !ls_helper_tunnel_may_run (self, job))
        {
          ls_helper_tunnel_authorize (self, job);
          continue;
        }
      self->current = job;
      execute (self);
    }
  if (self->current == NULL && self->actual == NULL && g_hash_table_size (self->lanes) == 0
      && !self->gone)
    {
      self->gone = TRUE;
      g_signal_emit (self, signals[GONE], 0);
    }
}

void
ls_helper_tunnel_undo (LsHelperTunnel *self, const char *reason, GAsyncReadyCallback callback,
                       gpointer user_data)
{
  GTask *task = callback != NULL ? g_task_new (self, NULL, callback, user_data) : NULL;

  ls_helper_tunnel_enqueue (self, undo_job_new (self, reason, task));
}

void
ls_helper_tunnel_load (LsHelperTunnel *self, const LsHelperJournalEntry *entry)
{
  g_autoptr (GError) error = NULL;
  gboolean same_bus = g_strcmp0 (entry->bus_id, g_dbus_connection_get_guid (self->bus)) == 0;
  LsHelperJob *job = ls_helper_job_new (LS_HELPER_JOB_ADOPT, NULL);

  for (guint i = 0; i < self->backends->len; i++)
    if (ls_helper_backend_get_kind (self->backends->pdata[i]) == entry->backend)
      g_set_object (&self->backend, self->backends->pdata[i]);
  if (!ls_helper_tunnel_claim_name (self, entry->uid, &error))
    g_warning ("%s", error->message);
  self->actual = ls_tunnel_copy (entry->tunnel);
  self->wanted_port = entry->wanted_port;
  self->loaded_state = entry->state != NULL ? g_variant_ref (entry->state) : NULL;
  ls_helper_tunnel_set_lease (self, same_bus ? self->bus : NULL, entry->uid, entry->owner);
  job->applying = entry->applying;
  ls_helper_tunnel_enqueue (self, job);
}

void
ls_helper_tunnel_backend_changed (LsHelperTunnel *self, LsHelperBackend *backend, const char *state,
                                  const char *reason)
{
  if (backend != self->backend || self->actual == NULL)
    return;
  if (g_str_equal (state, "up"))
    ls_helper_tunnel_emit_changed (self, state, reason);
  else if (g_str_equal (reason, "died"))
    {
      self->up = FALSE;
      ls_helper_tunnel_repair_later (self);
    }
  else
    ls_helper_tunnel_undo (self, reason, NULL, NULL);
}

void
ls_helper_tunnel_backend_state_changed (LsHelperTunnel *self)
{
  ls_helper_tunnel_save_or_warn (self);
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

gboolean
ls_helper_tunnel_is_made (LsHelperTunnel *self)
{
  return self->made;
}

gboolean
ls_helper_tunnel_is_used_by (LsHelperTunnel *self, guint32 uid)
{
  return (self->made && self->uid == uid)
         || g_hash_table_contains (self->lanes, GUINT_TO_POINTER (uid));
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
                      GHashTable *interfaces, const char *runtime_dir, const char *name)
{
  LsHelperTunnel *self = g_object_new (LS_TYPE_HELPER_TUNNEL, NULL);

  self->bus = g_object_ref (bus);
  self->authority = g_object_ref (authority);
  self->backends = g_ptr_array_ref (backends);
  self->interfaces = g_hash_table_ref (interfaces);
  self->runtime_dir = g_strdup (runtime_dir);
  self->name = g_strdup (name);
  self->interface = ls_interface_name_for_profile (name);
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
  g_clear_handle_id (&self->mend_id, g_source_remove);
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
  g_clear_pointer (&self->interfaces, g_hash_table_unref);
  g_clear_pointer (&self->lanes, g_hash_table_unref);
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
  self->lanes = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify)g_queue_free);
}
