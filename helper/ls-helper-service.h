/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-helper-engine.h"

G_BEGIN_DECLS

/* Calls of one connection that may be under way at the same time. */
#define LS_HELPER_CALLS_PER_SENDER_MAX 64

/* org.lightscale.Helper1 on a bus: finds out who calls, reads the arguments and hands both to the
 * engine.
 *
 * Signal "idle-changed" (): ls_helper_service_is_idle() may answer something else. */
#define LS_TYPE_HELPER_SERVICE (ls_helper_service_get_type ())
G_DECLARE_FINAL_TYPE (LsHelperService, ls_helper_service, LS, HELPER_SERVICE, GObject)

LsHelperService *ls_helper_service_new (GDBusConnection *bus, LsHelperEngine *engine);

/* Exports the object. */
gboolean ls_helper_service_export (LsHelperService *self, GError **error);

/* Refuses calls from now on. */
void ls_helper_service_unexport (LsHelperService *self);

/* No tunnel is owned and no call is under way. */
gboolean ls_helper_service_is_idle (LsHelperService *self);

G_END_DECLS
