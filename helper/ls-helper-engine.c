/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "ls-helper-engine"

#include "config.h"

#include "ls-helper-engine.h"

#include <glib/gi18n-lib.h>

#include "ls-error.h"
#include "ls-helper-journal.h"
#include "ls-helper-tunnel.h"

struct _LsHelperEngine
{
  GObject parent_instance;

  GDBusConnection *bus;
  LsHelperAuthority *authority;
  GPtrArray *backends;
  char *runtime_dir;
  GHashTable *tunnels; /* name → LsHelperTunnel, made or waited for */
  GHashTable *interfaces; /* set of char *: of the tunnels that are made */
};

enum
{
  TUNNEL_CHANGED,
  IDLE_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (LsHelperEngine, ls_helper_engine, G_TYPE_OBJECT)

LsHelperCaller *
ls_helper_caller_new (guint32 uid, const char *sender, gboolean interactive,
                      GCancellable *cancellable)
{
  LsHelperCaller *caller = g_new0 (LsHelperCaller, 1);

  g_atomic_ref_count_init (&caller->refs);
  caller->uid = uid;
  caller->sender = g_strdup (sender);
  caller->interactive = interactive;
  caller->cancellable = g_object_ref (cancellable);
  return caller;
}

LsHelperCaller *
ls_helper_caller_ref (LsHelperCaller *caller)
{
  g_atomic_ref_count_inc (&caller->refs);
  return caller;
}

void
ls_helper_caller_unref (LsHelperCaller *caller)
{
  if (!g_atomic_ref_count_dec (&caller->refs))
    return;
  g_free (caller->sender);
  g_object_unref (caller->cancellable);
  g_free (caller);
}

static LsHelperTunnel *
find_by_interface (LsHelperEngine *self, const char *interface)
{
  GHashTableIter iter;
  gpointer tunnel;

  g_hash_table_iter_init (&iter, self->tunnels);
  while (g_hash_table_iter_next (&iter, NULL, &tunnel))
    if (ls_helper_tunnel_is_made (tunnel)
        && g_str_equal (ls_helper_tunnel_get_interface (tunnel), interface))
      return tunnel;
  return NULL;
}

static void
backend_changed_cb (LsHelperBackend *backend, const char *interface, const char *state,
                    const char *reason, gpointer user_data)
{
  LsHelperTunnel *tunnel = find_by_interface (user_data, interface);

  if (tunnel != NULL)
    ls_helper_tunnel_backend_changed (tunnel, backend, state, reason);
}

static void
backend_state_changed_cb (LsHelperBackend *backend, const char *interface, gpointer user_data)
{
  LsHelperTunnel *tunnel = find_by_interface (user_data, interface);

  if (tunnel != NULL)
    ls_helper_tunnel_backend_state_changed (tunnel);
}

static void
tunnel_changed_cb (LsHelperTunnel *tunnel, const char *owner, const char *state, const char *reason,
                   gpointer user_data)
{
  g_signal_emit (user_data, signals[TUNNEL_CHANGED], 0, owner, ls_helper_tunnel_get_name (tunnel),
                 state, reason);
}

static void
tunnel_gone_cb (LsHelperTunnel *tunnel, gpointer user_data)
{
  LsHelperEngine *self = user_data;

  g_signal_handlers_disconnect_by_data (tunnel, self);
  g_hash_table_remove (self->tunnels, ls_helper_tunnel_get_name (tunnel));
  g_signal_emit (self, signals[IDLE_CHANGED], 0);
}

static void
tunnel_settled_cb (LsHelperTunnel *tunnel, gpointer user_data)
{
  g_signal_emit (user_data, signals[IDLE_CHANGED], 0);
}

static LsHelperTunnel *
add_tunnel (LsHelperEngine *self, const char *name)
{
  LsHelperTunnel *tunnel = ls_helper_tunnel_new (self->bus, self->authority, self->backends,
                                                 self->interfaces, self->runtime_dir, name);

  g_hash_table_replace (self->tunnels, g_strdup (name), tunnel);
  g_signal_connect (tunnel, "changed", G_CALLBACK (tunnel_changed_cb), self);
  g_signal_connect (tunnel, "gone", G_CALLBACK (tunnel_gone_cb), self);
  g_signal_connect (tunnel, "settled", G_CALLBACK (tunnel_settled_cb), self);
  return tunnel;
}

void
ls_helper_engine_load (LsHelperEngine *self)
{
  g_autoptr (GPtrArray) entries = ls_helper_journal_load (self->runtime_dir);

  for (guint i = 0; i < entries->len; i++)
    {
      const LsHelperJournalEntry *entry = g_ptr_array_index (entries, i);
      ls_helper_tunnel_load (add_tunnel (self, entry->name), entry);
    }
}

static void
drift_cb (LsHelperRoute *route, const char *interface, gpointer user_data)
{
  LsHelperEngine *self = user_data;
  GHashTableIter iter;
  gpointer tunnel;

  g_hash_table_iter_init (&iter, self->tunnels);
  while (g_hash_table_iter_next (&iter, NULL, &tunnel))
    if (interface == NULL || g_str_equal (ls_helper_tunnel_get_interface (tunnel), interface))
      ls_helper_tunnel_mend_soon (tunnel);
}

static GVariant *
describe_tunnel (LsHelperTunnel *tunnel, LsHelperLease *lease, const LsHelperCaller *caller)
{
  GVariantDict dict;
  gboolean own = ls_helper_lease_get_uid (lease) == caller->uid;
  LsHelperBackend *backend = ls_helper_tunnel_get_backend (tunnel);

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "interface", "s", ls_helper_tunnel_get_interface (tunnel));
  g_variant_dict_insert (&dict, "uid", "u", ls_helper_lease_get_uid (lease));
  g_variant_dict_insert (&dict, "own", "b", own);
  /* SECURITY: what networks others are in is no business of the caller's. */
  if (!own)
    return g_variant_dict_end (&dict);
  g_variant_dict_insert (&dict, "name", "s", ls_helper_tunnel_get_name (tunnel));
  g_variant_dict_insert (&dict, "state", "s", ls_helper_tunnel_get_state (tunnel));
  if (backend != NULL)
    g_variant_dict_insert (&dict, "backend", "s",
                           ls_backend_kind_to_text (ls_helper_backend_get_kind (backend)));
  return g_variant_dict_end (&dict);
}

static GVariant *
list_tunnels (LsHelperEngine *self, const LsHelperCaller *caller)
{
  GVariantBuilder builder;
  GHashTableIter iter;
  gpointer tunnel;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  g_hash_table_iter_init (&iter, self->tunnels);
  while (g_hash_table_iter_next (&iter, NULL, &tunnel))
    {
      LsHelperLease *lease = ls_helper_tunnel_get_lease (tunnel);
      if (lease != NULL)
        g_variant_builder_add_value (&builder, describe_tunnel (tunnel, lease, caller));
    }
  return g_variant_new ("(aa{sv})", &builder);
}

/* RestoreNetwork: counts the tunnels that are still to be undone and keeps the first error. */
typedef struct
{
  guint left;
  GError *error;
} Restore;

static void
restore_free (Restore *restore)
{
  g_clear_error (&restore->error);
  g_free (restore);
}

static void
restore_step (GTask *task)
{
  Restore *restore = g_task_get_task_data (task);

  if (--restore->left > 0)
    return;
  if (restore->error != NULL)
    g_task_return_error (task, g_steal_pointer (&restore->error));
  else
    g_task_return_pointer (task, g_variant_ref_sink (g_variant_new ("()")),
                           (GDestroyNotify)g_variant_unref);
}

static void
undone_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Restore *restore = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer
      = ls_helper_tunnel_call_finish (LS_HELPER_TUNNEL (source), result, &error);

  if (answer == NULL && restore->error == NULL)
    restore->error = g_steal_pointer (&error);
  restore_step (task);
}

static void
restore_network (LsHelperEngine *self, const LsHelperCaller *caller, GTask *task)
{
  g_autoptr (GList) tunnels = g_hash_table_get_values (self->tunnels);
  Restore *restore = g_new0 (Restore, 1);

  restore->left = 1;
  g_task_set_task_data (task, restore, (GDestroyNotify)restore_free);
  for (GList *l = tunnels; l != NULL; l = l->next)
    {
      LsHelperLease *lease = ls_helper_tunnel_get_lease (l->data);
      if (lease == NULL || ls_helper_lease_get_uid (lease) != caller->uid)
        continue;
      restore->left++;
      ls_helper_tunnel_undo (l->data, "removed", undone_cb, g_object_ref (task));
    }
  restore_step (task);
}

static guint
count_tunnels_of (LsHelperEngine *self, guint32 uid)
{
  GHashTableIter iter;
  gpointer tunnel;
  guint count = 0;

  g_hash_table_iter_init (&iter, self->tunnels);
  while (g_hash_table_iter_next (&iter, NULL, &tunnel))
    if (ls_helper_tunnel_is_used_by (tunnel, uid))
      count++;
  return count;
}

/* The tunnel that @request is about; for ApplyTunnel a new one if there is room. */
static LsHelperTunnel *
tunnel_for_request (LsHelperEngine *self, const LsHelperCaller *caller,
                    const LsHelperRequest *request, GError **error)
{
  LsHelperTunnel *tunnel = g_hash_table_lookup (self->tunnels, request->name);

  if (tunnel != NULL
      && (ls_helper_tunnel_is_made (tunnel) || ls_helper_tunnel_is_used_by (tunnel, caller->uid)))
    return tunnel;
  if (request->method != LS_HELPER_METHOD_APPLY_TUNNEL)
    g_set_error (error, LS_ERROR, LS_ERROR_NOT_FOUND, _ ("There is no tunnel “%s”."),
                 request->name);
  else if (count_tunnels_of (self, caller->uid) >= LS_HELPER_TUNNELS_PER_USER_MAX)
    g_set_error_literal (error, LS_ERROR, LS_ERROR_LIMIT,
                         _ ("Too many networks are connected. Disconnect one first."));
  else
    return tunnel != NULL ? tunnel : add_tunnel (self, request->name);
  return NULL;
}

static void
called_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  GVariant *answer = ls_helper_tunnel_call_finish (LS_HELPER_TUNNEL (source), result, &error);

  if (answer != NULL)
    g_task_return_pointer (task, answer, (GDestroyNotify)g_variant_unref);
  else
    g_task_return_error (task, error);
}

void
ls_helper_engine_call (LsHelperEngine *self, LsHelperCaller *caller, LsHelperRequest *request,
                       GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  g_autoptr (LsHelperRequest) owned = request;
  GError *error = NULL;

  g_task_set_source_tag (task, ls_helper_engine_call);
  if (request->method == LS_HELPER_METHOD_LIST_TUNNELS)
    {
      g_task_return_pointer (task, g_variant_ref_sink (list_tunnels (self, caller)),
                             (GDestroyNotify)g_variant_unref);
      return;
    }
  if (request->method == LS_HELPER_METHOD_RESTORE_NETWORK)
    {
      restore_network (self, caller, task);
      return;
    }
  LsHelperTunnel *tunnel = tunnel_for_request (self, caller, request, &error);
  if (tunnel != NULL)
    ls_helper_tunnel_call (tunnel, caller, g_steal_pointer (&owned), called_cb,
                           g_object_ref (task));
  else
    g_task_return_error (task, error);
}

GVariant *
ls_helper_engine_call_finish (LsHelperEngine *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

gboolean
ls_helper_engine_is_idle (LsHelperEngine *self)
{
  return g_hash_table_size (self->tunnels) == 0;
}

gboolean
ls_helper_engine_is_quiet (LsHelperEngine *self)
{
  GHashTableIter iter;
  gpointer tunnel;

  g_hash_table_iter_init (&iter, self->tunnels);
  while (g_hash_table_iter_next (&iter, NULL, &tunnel))
    if (ls_helper_tunnel_is_busy (tunnel))
      return FALSE;
  return TRUE;
}

void
ls_helper_engine_flush (LsHelperEngine *self)
{
  GHashTableIter iter;
  gpointer tunnel;

  g_hash_table_iter_init (&iter, self->tunnels);
  while (g_hash_table_iter_next (&iter, NULL, &tunnel))
    ls_helper_tunnel_flush (tunnel);
}

LsHelperEngine *
ls_helper_engine_new (GDBusConnection *bus, GPtrArray *backends, LsHelperRoute *route,
                      const char *runtime_dir)
{
  LsHelperEngine *self = g_object_new (LS_TYPE_HELPER_ENGINE, NULL);

  self->bus = g_object_ref (bus);
  self->authority = ls_helper_authority_new ();
  self->backends = g_ptr_array_ref (backends);
  self->runtime_dir = g_strdup (runtime_dir);
  g_signal_connect_object (route, "drift", G_CALLBACK (drift_cb), self, 0);
  for (guint i = 0; i < backends->len; i++)
    {
      g_signal_connect_object (backends->pdata[i], "tunnel-changed",
                               G_CALLBACK (backend_changed_cb), self, 0);
      g_signal_connect_object (backends->pdata[i], "state-changed",
                               G_CALLBACK (backend_state_changed_cb), self, 0);
    }
  return self;
}

static void
ls_helper_engine_finalize (GObject *object)
{
  LsHelperEngine *self = LS_HELPER_ENGINE (object);
  GHashTableIter iter;
  gpointer tunnel;

  g_hash_table_iter_init (&iter, self->tunnels);
  while (g_hash_table_iter_next (&iter, NULL, &tunnel))
    g_signal_handlers_disconnect_by_data (tunnel, self);
  g_hash_table_unref (self->tunnels);
  g_hash_table_unref (self->interfaces);
  g_clear_object (&self->authority);
  g_clear_object (&self->bus);
  g_ptr_array_unref (self->backends);
  g_free (self->runtime_dir);
  G_OBJECT_CLASS (ls_helper_engine_parent_class)->finalize (object);
}

static void
ls_helper_engine_class_init (LsHelperEngineClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ls_helper_engine_finalize;

  signals[TUNNEL_CHANGED] = g_signal_new (
      "tunnel-changed", LS_TYPE_HELPER_ENGINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
      4, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_STRING);
  signals[IDLE_CHANGED] = g_signal_new ("idle-changed", LS_TYPE_HELPER_ENGINE, G_SIGNAL_RUN_LAST, 0,
                                        NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
ls_helper_engine_init (LsHelperEngine *self)
{
  self->tunnels = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  self->interfaces = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}
