/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-helper-authority.h"
#include "ls-helper-backend.h"
#include "ls-helper-engine.h"
#include "ls-helper-journal.h"
#include "ls-helper-lease.h"

G_BEGIN_DECLS

/* One tunnel: what the engine knows of it, its queue, and the jobs that change it. */
#define LS_TYPE_HELPER_TUNNEL (ls_helper_tunnel_get_type ())
G_DECLARE_FINAL_TYPE (LsHelperTunnel, ls_helper_tunnel, LS, HELPER_TUNNEL, GObject)

/* How often a WireGuard program that ended is started again, after 0.5, 1, 2, 4 and 8 seconds. */
#define LS_HELPER_REPAIRS_MAX 5

/* How long others may take to take away what they want before it is put back, so that one deed is
 * mended at once, and how often that is done in how many seconds, so that two programs that fight
 * do not keep the machine busy. What is taken more often is put back when these are over. */
#define LS_HELPER_MEND_SETTLE_MS 100
#define LS_HELPER_MENDS_MAX 10
#define LS_HELPER_MENDS_SECONDS 60

/* @interfaces: a set of strings, shared by all tunnels.
 *
 * Signals:
 * - "changed" (const char *owner, const char *state, const char *reason): to be told to its owner.
 * - "gone" (): it is no more and its queue is empty: to be dropped.
 * - "settled" (): a job ended. */
LsHelperTunnel *
ls_helper_tunnel_new (GDBusConnection *bus, LsHelperAuthority *authority, GPtrArray *backends,
                      GHashTable *interfaces, const char *runtime_dir, const char *name);

/* Takes up a journaled tunnel: the first job of the queue adopts, mends or undoes it. */
void ls_helper_tunnel_load (LsHelperTunnel *self, const LsHelperJournalEntry *entry);

/* Queues @request behind the other ones of the same user of @caller; both are kept as long as
 * needed (@request: transfer full). */
void ls_helper_tunnel_call (LsHelperTunnel *self, LsHelperCaller *caller, LsHelperRequest *request,
                            GAsyncReadyCallback callback, gpointer user_data);
GVariant *ls_helper_tunnel_call_finish (LsHelperTunnel *self, GAsyncResult *result, GError **error);

/* A backend's signal about the interface. */
void ls_helper_tunnel_backend_changed (LsHelperTunnel *self, LsHelperBackend *backend,
                                       const char *state, const char *reason);
void ls_helper_tunnel_backend_state_changed (LsHelperTunnel *self);

const char *ls_helper_tunnel_get_name (LsHelperTunnel *self);
const char *ls_helper_tunnel_get_interface (LsHelperTunnel *self);
LsHelperBackend *ls_helper_tunnel_get_backend (LsHelperTunnel *self); /* or NULL */

/* Whether there is a tunnel, or one is being made. Else it is no more than a name that calls wait
 * for: several users' may wait for the same one. */
gboolean ls_helper_tunnel_is_made (LsHelperTunnel *self);

/* Whether it is made and @uid's, or calls of @uid wait for it. */
gboolean ls_helper_tunnel_is_used_by (LsHelperTunnel *self, guint32 uid);

/* NULL: not made yet. */
LsHelperLease *ls_helper_tunnel_get_lease (LsHelperTunnel *self);

/* "up", "down" or "orphaned". */
const char *ls_helper_tunnel_get_state (LsHelperTunnel *self);
gboolean ls_helper_tunnel_is_busy (LsHelperTunnel *self);
void ls_helper_tunnel_flush (LsHelperTunnel *self);

/* Others took away an address, a route or a rule, maybe this tunnel's: once that has settled, what
 * is missing is put back, after what is queued. */
void ls_helper_tunnel_mend_soon (LsHelperTunnel *self);

/* Undoes the tunnel, after what is queued. */
void ls_helper_tunnel_undo (LsHelperTunnel *self, const char *reason, GAsyncReadyCallback callback,
                            gpointer user_data);

G_END_DECLS
