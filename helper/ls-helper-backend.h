/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "ls-helper-route.h"
#include "ls-tunnel.h"

G_BEGIN_DECLS

/* One way of making a tunnel be: NetworkManager, the kernel, or a userspace WireGuard. The engine
 * knows no more of a tunnel than this class says.
 *
 * Rules for an implementation:
 * - Everything runs on the main loop; every call is a GTask whose source object is the backend and
 *   whose type is said below, so that the finish functions here serve all of them.
 * - The engine serialises the calls for one interface; calls for different interfaces may overlap.
 * - LsTunnel and GVariant arguments are valid during the call only: copy what is needed later.
 * - apply() compares what is with what should be and changes only the difference. It never touches
 *   an interface that is not ours: LS_ERROR_CONFLICT.
 * - After a failed or cancelled call the engine calls remove() or apply() with the previous state:
 *   the backend need not roll back, but both must work from any half-done state.
 * - remove() succeeds when there is nothing to remove, works on the interface's name and journaled
 *   state alone (after a restart), and does not emit tunnel-changed.
 *
 * Signals:
 * - "tunnel-changed" (const char *interface, const char *state, const char *reason): something
 *   happened that no call asked for. State "up" or "down", reason "by-someone-else", "died" or
 *   "repaired". After "down" the tunnel is still the engine's: it calls remove().
 * - "state-changed" (const char *interface): dup_state() answers something else; the engine writes
 *   its journal before the main loop goes on. */
#define LS_TYPE_HELPER_BACKEND (ls_helper_backend_get_type ())
G_DECLARE_DERIVABLE_TYPE (LsHelperBackend, ls_helper_backend, LS, HELPER_BACKEND, GObject)

/* What apply() did. */
typedef struct
{
  guint16 listen_port; /* as it really is */
  gboolean changed; /* something was written */
} LsHelperApplied;

struct _LsHelperBackendClass
{
  GObjectClass parent_class;

  LsBackendKind kind;

  /* boolean; FALSE with LS_ERROR_NOT_SUPPORTED whose message says why in one sentence. */
  void (*is_available) (LsHelperBackend *self, GCancellable *cancellable,
                        GAsyncReadyCallback callback, gpointer user_data);

  /* pointer to LsHelperApplied, freed with g_free(). @previous: what apply() or adopt() last made,
   * NULL for a new tunnel. It is only a hint: the truth is what is in the kernel. Fails with
   * LS_ERROR_WRONG_STATE, having done nothing, after "tunnel-changed" with "down": somebody was
   * just switching it off. */
  void (*apply) (LsHelperBackend *self, const char *name, const char *interface,
                 const LsTunnel *desired, const LsTunnel *previous, GCancellable *cancellable,
                 GAsyncReadyCallback callback, gpointer user_data);

  /* pointer to LsHelperApplied, freed with g_free(). Others took away addresses, routes or rules:
   * puts back what @tunnel has of them, if the interface is up, and changes nothing else. Unless
   * overridden by rtnetlink. */
  void (*mend) (LsHelperBackend *self, const char *name, const char *interface,
                const LsTunnel *tunnel, GCancellable *cancellable, GAsyncReadyCallback callback,
                gpointer user_data);

  /* boolean. @changed: of LsTunnelPeer, to add or replace; @removed: of LsKey. No other peer is
   * written. A changed peer without endpoint keeps the one it has. */
  void (*update_peers) (LsHelperBackend *self, const char *interface, GPtrArray *changed,
                        GArray *removed, GCancellable *cancellable, GAsyncReadyCallback callback,
                        gpointer user_data);

  /* boolean. @peers: of LsTunnelPeer with endpoint, of which nothing but key and endpoint is to be
   * used. A key that is not there is not added. */
  void (*set_endpoints) (LsHelperBackend *self, const char *interface, GPtrArray *peers,
                         GCancellable *cancellable, GAsyncReadyCallback callback,
                         gpointer user_data);

  /* boolean. @state: as journaled, or NULL. */
  void (*remove) (LsHelperBackend *self, const char *name, const char *interface, GVariant *state,
                  GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);

  /* pointer to a GArray of LsPeerStatistics, freed with g_array_unref(). */
  void (*statistics) (LsHelperBackend *self, const char *interface, GCancellable *cancellable,
                      GAsyncReadyCallback callback, gpointer user_data);

  /* boolean. The helper was restarted: takes up the running tunnel @interface, watches it again
   * and changes nothing of it. Fails if it is no longer there or not ours; then remove() follows.
   */
  void (*adopt) (LsHelperBackend *self, const char *name, const char *interface,
                 const LsTunnel *tunnel, GVariant *state, GCancellable *cancellable,
                 GAsyncReadyCallback callback, gpointer user_data);

  /* What a restarted helper needs to adopt or remove @interface, a{sv} (transfer full), or NULL.
   * May be NULL in the class. No secrets. */
  GVariant *(*dup_state) (LsHelperBackend *self, const char *interface);
};

LsBackendKind ls_helper_backend_get_kind (LsHelperBackend *self);

void ls_helper_backend_is_available (LsHelperBackend *self, GCancellable *cancellable,
                                     GAsyncReadyCallback callback, gpointer user_data);
gboolean
ls_helper_backend_is_available_finish (LsHelperBackend *self, GAsyncResult *result, GError **error);

void ls_helper_backend_apply (LsHelperBackend *self, const char *name, const char *interface,
                              const LsTunnel *desired, const LsTunnel *previous,
                              GCancellable *cancellable, GAsyncReadyCallback callback,
                              gpointer user_data);
gboolean ls_helper_backend_apply_finish (LsHelperBackend *self, GAsyncResult *result,
                                         LsHelperApplied *out_applied, GError **error);

/* Ends with ls_helper_backend_apply_finish(). */
void ls_helper_backend_mend (LsHelperBackend *self, const char *name, const char *interface,
                             const LsTunnel *tunnel, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer user_data);

void ls_helper_backend_update_peers (LsHelperBackend *self, const char *interface,
                                     GPtrArray *changed, GArray *removed, GCancellable *cancellable,
                                     GAsyncReadyCallback callback, gpointer user_data);
gboolean
ls_helper_backend_update_peers_finish (LsHelperBackend *self, GAsyncResult *result, GError **error);

void ls_helper_backend_set_endpoints (LsHelperBackend *self, const char *interface,
                                      GPtrArray *peers, GCancellable *cancellable,
                                      GAsyncReadyCallback callback, gpointer user_data);
gboolean ls_helper_backend_set_endpoints_finish (LsHelperBackend *self, GAsyncResult *result,
                                                 GError **error);

void ls_helper_backend_remove (LsHelperBackend *self, const char *name, const char *interface,
                               GVariant *state, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data);
gboolean
ls_helper_backend_remove_finish (LsHelperBackend *self, GAsyncResult *result, GError **error);

void ls_helper_backend_statistics (LsHelperBackend *self, const char *interface,
                                   GCancellable *cancellable, GAsyncReadyCallback callback,
                                   gpointer user_data);
GArray *
ls_helper_backend_statistics_finish (LsHelperBackend *self, GAsyncResult *result, GError **error);

void ls_helper_backend_adopt (LsHelperBackend *self, const char *name, const char *interface,
                              const LsTunnel *tunnel, GVariant *state, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data);
gboolean
ls_helper_backend_adopt_finish (LsHelperBackend *self, GAsyncResult *result, GError **error);

GVariant *ls_helper_backend_dup_state (LsHelperBackend *self, const char *interface);

/* For implementations. */

/* Construct property "route" (LsHelperRoute). (transfer none) */
LsHelperRoute *ls_helper_backend_get_route (LsHelperBackend *self);

/* The end of remove(): deletes the routes over @interface and, if @delete_link, the link; that is
 * @task's result (transfer full). */
void ls_helper_backend_end_remove (GTask *task, const char *interface, gboolean delete_link);

void ls_helper_backend_emit_tunnel_changed (LsHelperBackend *self, const char *interface,
                                            const char *state, const char *reason);
void ls_helper_backend_emit_state_changed (LsHelperBackend *self, const char *interface);

G_END_DECLS
