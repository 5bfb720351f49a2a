/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-helper-backend.h"
#include "ls-helper-request.h"
#include "ls-helper-route.h"

G_BEGIN_DECLS

/* Caps on what callers can make the helper hold. */
#define LS_HELPER_TUNNELS_MAX 64
#define LS_HELPER_TUNNELS_PER_USER_MAX 16
#define LS_HELPER_QUEUE_MAX 32 /* calls waiting for one tunnel */

/* Who calls. */
typedef struct
{
  gatomicrefcount refs;
  guint32 uid;
  char *sender; /* unique bus name */
  gboolean interactive; /* polkit may ask with a dialog */
  GCancellable *cancellable; /* cancelled when the caller leaves the bus */
} LsHelperCaller;

LsHelperCaller *ls_helper_caller_new (guint32 uid, const char *sender, gboolean interactive,
                                      GCancellable *cancellable);
LsHelperCaller *ls_helper_caller_ref (LsHelperCaller *caller);
void ls_helper_caller_unref (LsHelperCaller *caller);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsHelperCaller, ls_helper_caller_unref)

/* All tunnels, each with its lease, its backend and one queue of calls, which are carried out one
 * after the other; a call that fails leaves the tunnel as it was before, or none.
 *
 * Signals:
 * - "tunnel-changed" (const char *owner, const char *name, const char *state, const char *reason):
 *   to be told to @owner alone.
 * - "idle-changed" (): ls_helper_engine_is_idle() may answer something else. */
#define LS_TYPE_HELPER_ENGINE (ls_helper_engine_get_type ())
G_DECLARE_FINAL_TYPE (LsHelperEngine, ls_helper_engine, LS, HELPER_ENGINE, GObject)

/* @backends: of LsHelperBackend, in the order in which "auto" tries them. @bus: for leases and
 * polkit. @route: its drift is mended. */
LsHelperEngine *ls_helper_engine_new (GDBusConnection *bus, GPtrArray *backends,
                                      LsHelperRoute *route, const char *runtime_dir);

/* Takes up what an earlier helper made. To be called once, before any call. */
void ls_helper_engine_load (LsHelperEngine *self);

/* Carries out one method. The answer is the tuple for the reply. (transfer full) */
void ls_helper_engine_call (LsHelperEngine *self, LsHelperCaller *caller, LsHelperRequest *request,
                            GAsyncReadyCallback callback, gpointer user_data);
GVariant *ls_helper_engine_call_finish (LsHelperEngine *self, GAsyncResult *result, GError **error);

/* Nothing is owned and nothing is being done. */
gboolean ls_helper_engine_is_idle (LsHelperEngine *self);

/* Nothing is being done. */
gboolean ls_helper_engine_is_quiet (LsHelperEngine *self);

/* Writes the journal of what changed since. */
void ls_helper_engine_flush (LsHelperEngine *self);

G_END_DECLS
