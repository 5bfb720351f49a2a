/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-tunnel.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "ls-agent-endpoints.h"
#include "ls-error.h"

#define POLL_BUSY_SECONDS 1
#define POLL_IDLE_SECONDS 5
/* Keepalives and handshakes are not traffic: fewer bytes than this per peer and look count as
 * idle. */
#define IDLE_BYTES_PER_PEER 512
#define RETRY_SECONDS_MIN 2
#define RETRY_SECONDS_MAX 60

struct _LsAgentTunnel
{
  GObject parent_instance;

  LsAgentHelper *helper;
  char *name;
  LsTunnel *wanted; /* NULL: down */
  LsTunnel *applied; /* what the helper has; NULL: nothing, or not known */
  LsTunnel *sent; /* of the call under way */
  gboolean interactive;
  gboolean busy; /* a call is under way */
  gboolean refused; /* the last wish; another one is tried */
  gboolean was_maybe_up; /* before the call under way */
  gboolean maybe_up; /* the helper may have a tunnel of this name */
  gboolean undo; /* somebody else ended it while a call was under way, which may make it again */
  GQueue removers; /* of GTask */
  GCancellable *cancellable; /* of the call under way */
  guint retry_source;
  guint retry_seconds;
  guint poll_source;
  gboolean polling;
  gboolean watched;
  GArray *statistics;
  guint64 bytes; /* all of the last look */
  gboolean moved; /* between the last two */
};

G_DEFINE_FINAL_TYPE (LsAgentTunnel, ls_agent_tunnel, G_TYPE_OBJECT)

enum
{
  APPLIED,
  FAILED,
  LOST,
  STATISTICS,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void pump (LsAgentTunnel *self);
static void schedule_poll (LsAgentTunnel *self);

static void
stop_polling (LsAgentTunnel *self)
{
  g_clear_handle_id (&self->poll_source, g_source_remove);
  g_clear_pointer (&self->statistics, g_array_unref);
  self->bytes = 0;
  self->moved = FALSE;
}

static void
end_removers (LsAgentTunnel *self, const GError *error)
{
  GTask *task;

  while ((task = g_queue_pop_head (&self->removers)) != NULL)
    {
      if (error == NULL)
        g_task_return_boolean (task, TRUE);
      else
        g_task_return_error (task, g_error_copy (error));
      g_object_unref (task);
    }
}

/* Trying again */

static gboolean
retry_cb (gpointer user_data)
{
  LsAgentTunnel *self = user_data;

  self->retry_source = 0;
  pump (self);
  return G_SOURCE_REMOVE;
}

/* A refusal by polkit would only be asked for again and again. */
static gboolean
is_refusal (const GError *error)
{
  return g_error_matches (error, LS_ERROR, LS_ERROR_NOT_AUTHORIZED)
         || g_error_matches (error, LS_ERROR, LS_ERROR_NO_POLKIT_AGENT)
         || g_error_matches (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT)
         || g_error_matches (error, LS_ERROR, LS_ERROR_LIMIT);
}

static void
schedule_retry (LsAgentTunnel *self)
{
  self->retry_seconds = CLAMP (self->retry_seconds * 2, RETRY_SECONDS_MIN, RETRY_SECONDS_MAX);
  if (self->retry_source == 0)
    self->retry_source = g_timeout_add_seconds (self->retry_seconds, retry_cb, self);
}

static void
call_failed (LsAgentTunnel *self, GError *error)
{
  /* What the helper has now is not known: the next call says everything. */
  g_clear_pointer (&self->applied, ls_tunnel_free);
  if (g_error_matches (error, LS_ERROR, LS_ERROR_HELPER_UNAVAILABLE))
    self->maybe_up = self->was_maybe_up;
  self->interactive = FALSE;
  stop_polling (self);
  if (self->wanted == NULL)
    return;
  self->refused = is_refusal (error);
  if (!self->refused)
    schedule_retry (self);
  g_signal_emit (self, signals[FAILED], 0, error);
}

/* Calls */

/* Whether the helper has now what was sent, and it is of interest still. */
static gboolean
call_ended (LsAgentTunnel *self, GError *error)
{
  g_autoptr (LsTunnel) sent = g_steal_pointer (&self->sent);

  self->busy = FALSE;
  g_clear_object (&self->cancellable);
  if (error != NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    call_failed (self, error);
  if (error != NULL || self->wanted == NULL)
    return FALSE;
  self->retry_seconds = 0;
  g_clear_pointer (&self->applied, ls_tunnel_free);
  self->applied = g_steal_pointer (&sent);
  self->was_maybe_up = TRUE;
  schedule_poll (self);
  return TRUE;
}

static void
applied_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsAgentTunnel) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (LsAgentApplied) applied
      = ls_agent_helper_apply_finish (LS_AGENT_HELPER (source), result, &error);

  if (call_ended (self, error))
    {
      self->interactive = FALSE;
      g_signal_emit (self, signals[APPLIED], 0, applied->interface, applied->backend,
                     (guint)applied->listen_port);
    }
  pump (self);
}

static void
peers_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsAgentTunnel) self = user_data;
  g_autoptr (GError) error = NULL;

  ls_agent_helper_call_finish (LS_AGENT_HELPER (source), result, &error);
  call_ended (self, error);
  pump (self);
}

static void
removed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsAgentTunnel) self = user_data;
  g_autoptr (GError) error = NULL;

  ls_agent_helper_call_finish (LS_AGENT_HELPER (source), result, &error);
  self->busy = FALSE;
  self->undo = FALSE;
  g_clear_object (&self->cancellable);
  if (error == NULL || g_error_matches (error, LS_ERROR, LS_ERROR_NOT_FOUND))
    {
      self->maybe_up = FALSE;
      end_removers (self, NULL);
    }
  else
    end_removers (self, error);
  pump (self);
}

static void
begin_call (LsAgentTunnel *self)
{
  self->busy = TRUE;
  self->cancellable = g_cancellable_new ();
  g_clear_handle_id (&self->retry_source, g_source_remove);
}

static void
send_whole (LsAgentTunnel *self)
{
  begin_call (self);
  self->was_maybe_up = self->maybe_up;
  self->maybe_up = TRUE;
  self->sent = ls_tunnel_copy (self->wanted);
  ls_agent_helper_apply_async (self->helper, self->name, self->sent, self->interactive,
                               self->cancellable, applied_cb, g_object_ref (self));
}

/* Whether @b is @a at another endpoint. */
static gboolean
differs_by_endpoint (const LsTunnelPeer *a, const LsTunnelPeer *b)
{
  g_autoptr (LsTunnelPeer) moved = NULL;

  if (!b->has_endpoint)
    return FALSE;
  moved = ls_tunnel_peer_copy (a);
  ls_tunnel_peer_set_endpoint (moved, &b->endpoint);
  return ls_tunnel_peer_equal (moved, b);
}

typedef struct
{
  GPtrArray *changed; /* of LsTunnelPeer, borrowed */
  GArray *removed; /* of LsKey */
  gboolean only_endpoints;
} PeerChanges;

static void
peer_changes_clear (PeerChanges *changes)
{
  g_ptr_array_unref (changes->changed);
  g_array_unref (changes->removed);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PeerChanges, peer_changes_clear)

/* Both lists are sorted by key. */
static void
compare_peers (const LsTunnel *from, const LsTunnel *to, PeerChanges *changes)
{
  guint i = 0;
  guint j = 0;

  while (i < from->peers->len || j < to->peers->len)
    {
      LsTunnelPeer *a = i < from->peers->len ? g_ptr_array_index (from->peers, i) : NULL;
      LsTunnelPeer *b = j < to->peers->len ? g_ptr_array_index (to->peers, j) : NULL;
      int order = a == NULL   ? 1
                  : b == NULL ? -1
                              : memcmp (a->public_key.bytes, b->public_key.bytes, LS_KEY_SIZE);

      if (order < 0)
        g_array_append_val (changes->removed, a->public_key);
      else if (order > 0 || !ls_tunnel_peer_equal (a, b))
        g_ptr_array_add (changes->changed, b);
      if (order > 0 || (order == 0 && !ls_tunnel_peer_equal (a, b) && !differs_by_endpoint (a, b)))
        changes->only_endpoints = FALSE;
      i += order <= 0;
      j += order >= 0;
    }
  if (changes->removed->len > 0)
    changes->only_endpoints = FALSE;
}

static void
send_peers (LsAgentTunnel *self)
{
  g_auto (PeerChanges) changes
      = { g_ptr_array_new (), g_array_new (FALSE, FALSE, sizeof (LsKey)), TRUE };

  compare_peers (self->applied, self->wanted, &changes);
  begin_call (self);
  self->sent = ls_tunnel_copy (self->wanted);
  if (changes.only_endpoints)
    ls_agent_helper_set_endpoints_async (self->helper, self->name, changes.changed,
                                         self->cancellable, peers_cb, g_object_ref (self));
  else
    ls_agent_helper_update_peers_async (self->helper, self->name, changes.changed, changes.removed,
                                        self->cancellable, peers_cb, g_object_ref (self));
}

static void
send_remove (LsAgentTunnel *self)
{
  begin_call (self);
  ls_agent_helper_remove_async (self->helper, self->name, self->cancellable, removed_cb,
                                g_object_ref (self));
}

/* Brings the helper one call nearer to what is wanted. */
static void
pump (LsAgentTunnel *self)
{
  if (self->busy || (self->wanted != NULL && (self->retry_source != 0 || self->refused)))
    return;
  if (self->wanted == NULL)
    {
      if (!self->maybe_up)
        end_removers (self, NULL);
      else if (self->undo || !g_queue_is_empty (&self->removers))
        send_remove (self);
      return;
    }
  if (self->applied == NULL || !ls_tunnel_equal_but_peers (self->applied, self->wanted))
    send_whole (self);
  else if (!ls_tunnel_equal (self->applied, self->wanted))
    send_peers (self);
}

void
ls_agent_tunnel_want (LsAgentTunnel *self, const LsTunnel *tunnel, gboolean interactive)
{
  g_clear_pointer (&self->wanted, ls_tunnel_free);
  self->wanted = ls_tunnel_copy (tunnel);
  self->undo = FALSE;
  self->refused = FALSE;
  if (interactive)
    {
      self->interactive = TRUE;
      self->retry_seconds = 0;
      g_clear_handle_id (&self->retry_source, g_source_remove);
    }
  pump (self);
}

static void
want_nothing (LsAgentTunnel *self)
{
  g_clear_pointer (&self->wanted, ls_tunnel_free);
  g_clear_pointer (&self->applied, ls_tunnel_free);
  g_clear_handle_id (&self->retry_source, g_source_remove);
  self->retry_seconds = 0;
  self->interactive = FALSE;
  stop_polling (self);
}

void
ls_agent_tunnel_remove_async (LsAgentTunnel *self, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, ls_agent_tunnel_remove_async);
  g_queue_push_tail (&self->removers, task);
  want_nothing (self);
  if (self->cancellable != NULL && self->sent != NULL)
    g_cancellable_cancel (self->cancellable);
  pump (self);
}

gboolean
ls_agent_tunnel_remove_finish (LsAgentTunnel *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* The helper's signals */

static void
owner_changed_cb (LsAgentTunnel *self)
{
  if (self->wanted == NULL || self->applied == NULL)
    return;
  /* A restarted helper adopts what is there; saying it all again makes sure, and changes nothing
   * if it did. */
  g_clear_pointer (&self->applied, ls_tunnel_free);
  pump (self);
}

static void
tunnel_changed_cb (LsAgentTunnel *self, const char *name, const char *state, const char *reason)
{
  if (!g_str_equal (name, self->name) || !g_str_equal (state, "down") || self->wanted == NULL)
    return;
  if (g_str_equal (reason, "died"))
    {
      g_autoptr (GError) error = g_error_new (LS_ERROR, LS_ERROR_BACKEND,
                                              _ ("The WireGuard program of this network ended."));

      call_failed (self, error);
    }
  else if (g_str_equal (reason, "by-someone-else"))
    {
      want_nothing (self);
      self->undo = self->busy && self->sent != NULL;
      self->maybe_up = self->undo;
      g_signal_emit (self, signals[LOST], 0);
    }
}

/* Statistics */

static guint64
count_bytes (const GArray *statistics)
{
  guint64 bytes = 0;

  for (guint i = 0; i < statistics->len; i++)
    {
      const LsPeerStatistics *peer = &g_array_index (statistics, LsPeerStatistics, i);

      bytes += peer->rx_bytes + peer->tx_bytes;
    }
  return bytes;
}

static void
note_endpoint (LsTunnel *tunnel, const LsPeerStatistics *peer)
{
  LsTunnelPeer *entry = (LsTunnelPeer *)ls_tunnel_find_peer (tunnel, &peer->public_key);

  if (entry != NULL)
    ls_tunnel_peer_set_endpoint (entry, &peer->endpoint);
}

/* WireGuard follows a peer that calls from another address. That is what the helper has now; and
 * while the handshake is fresh, it is what we want. */
static void
note_endpoints (LsAgentTunnel *self, const GArray *statistics)
{
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;

  for (guint i = 0; i < statistics->len; i++)
    {
      const LsPeerStatistics *peer = &g_array_index (statistics, LsPeerStatistics, i);

      if (!peer->has_endpoint || self->busy)
        continue;
      note_endpoint (self->applied, peer);
      if (now - peer->last_handshake <= LS_AGENT_FRESH_SECONDS)
        note_endpoint (self->wanted, peer);
    }
}

static void
take_statistics (LsAgentTunnel *self, GArray *statistics)
{
  guint64 bytes = count_bytes (statistics);
  guint64 delta = bytes > self->bytes ? bytes - self->bytes : 0;

  note_endpoints (self, statistics);
  self->moved = delta > (guint64)IDLE_BYTES_PER_PEER * MAX (statistics->len, 1);
  self->bytes = bytes;
  g_clear_pointer (&self->statistics, g_array_unref);
  self->statistics = statistics;
  g_signal_emit (self, signals[STATISTICS], 0);
}

static void
status_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsAgentTunnel) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *state = NULL;
  GArray *statistics
      = ls_agent_helper_status_finish (LS_AGENT_HELPER (source), result, &state, &error);

  self->polling = FALSE;
  if (self->wanted == NULL || self->applied == NULL)
    {
      g_clear_pointer (&statistics, g_array_unref);
      return;
    }
  if (statistics != NULL)
    take_statistics (self, statistics);
  else if (g_error_matches (error, LS_ERROR, LS_ERROR_NOT_FOUND))
    owner_changed_cb (self);
  schedule_poll (self);
}

static gboolean
poll_cb (gpointer user_data)
{
  LsAgentTunnel *self = user_data;

  self->poll_source = 0;
  self->polling = TRUE;
  ls_agent_helper_status_async (self->helper, self->name, NULL, status_cb, g_object_ref (self));
  return G_SOURCE_REMOVE;
}

static void
schedule_poll (LsAgentTunnel *self)
{
  gboolean busy = self->watched || self->moved;

  if (self->applied == NULL || self->poll_source != 0 || self->polling)
    return;
  self->poll_source
      = g_timeout_add_seconds (busy ? POLL_BUSY_SECONDS : POLL_IDLE_SECONDS, poll_cb, self);
}

void
ls_agent_tunnel_set_watched (LsAgentTunnel *self, gboolean watched)
{
  if (self->watched == watched)
    return;
  self->watched = watched;
  if (!watched)
    return;
  g_clear_handle_id (&self->poll_source, g_source_remove);
  schedule_poll (self);
}

/* Object */

static void
ls_agent_tunnel_dispose (GObject *object)
{
  LsAgentTunnel *self = LS_AGENT_TUNNEL (object);

  want_nothing (self);
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  if (self->helper != NULL)
    g_signal_handlers_disconnect_by_data (self->helper, self);
  g_clear_object (&self->helper);
  G_OBJECT_CLASS (ls_agent_tunnel_parent_class)->dispose (object);
}

static void
ls_agent_tunnel_finalize (GObject *object)
{
  LsAgentTunnel *self = LS_AGENT_TUNNEL (object);

  g_clear_object (&self->cancellable);
  g_free (self->name);
  G_OBJECT_CLASS (ls_agent_tunnel_parent_class)->finalize (object);
}

static void
ls_agent_tunnel_class_init (LsAgentTunnelClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GType type = G_TYPE_FROM_CLASS (klass);

  object_class->dispose = ls_agent_tunnel_dispose;
  object_class->finalize = ls_agent_tunnel_finalize;
  signals[APPLIED] = g_signal_new ("applied", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_UINT);
  signals[FAILED] = g_signal_new ("failed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_ERROR);
  signals[LOST]
      = g_signal_new ("lost", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[STATISTICS]
      = g_signal_new ("statistics", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
ls_agent_tunnel_init (LsAgentTunnel *self)
{
  g_queue_init (&self->removers);
}

LsAgentTunnel *
ls_agent_tunnel_new (LsAgentHelper *helper, const char *name)
{
  LsAgentTunnel *self = g_object_new (LS_TYPE_AGENT_TUNNEL, NULL);

  self->helper = g_object_ref (helper);
  self->name = g_strdup (name);
  g_signal_connect_swapped (helper, "owner-changed", G_CALLBACK (owner_changed_cb), self);
  g_signal_connect_swapped (helper, "tunnel-changed", G_CALLBACK (tunnel_changed_cb), self);
  return self;
}

gboolean
ls_agent_tunnel_is_applied (LsAgentTunnel *self)
{
  return self->wanted != NULL && self->applied != NULL && !self->busy;
}

const LsTunnel *
ls_agent_tunnel_get_wanted (LsAgentTunnel *self)
{
  return self->wanted;
}

const GArray *
ls_agent_tunnel_get_statistics (LsAgentTunnel *self)
{
  return self->statistics;
}
