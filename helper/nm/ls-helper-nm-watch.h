/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <NetworkManager.h>

G_BEGIN_DECLS

/* Watches what others do to the active connection of one profile. It is told apart by the profile's
 * UUID, never by the interface's name, which another profile may take. While NetworkManager is away
 * nothing is concluded: its interfaces live on, and it takes the profile up again when it is back.
 *
 * Signals, after ls_helper_nm_watch_follow():
 * - "down" (): the profile is no longer active. Nothing more is told then.
 * - "activated" (NMActiveConnection *): it was activated again; its peers are gone.
 * - "reapplied" (): other addresses or routes were applied to its device.
 * - "sure" (gboolean down): is_unsure() is no longer so; after "down" or "activated", if they are.
 */
#define LS_TYPE_HELPER_NM_WATCH (ls_helper_nm_watch_get_type ())
G_DECLARE_FINAL_TYPE (LsHelperNmWatch, ls_helper_nm_watch, LS, HELPER_NM_WATCH, GObject)

LsHelperNmWatch *ls_helper_nm_watch_new (NMClient *client, const char *uuid);

/* Takes @active as it is now for what should be. NULL: nothing is known of it yet, as
 * NetworkManager is away. */
void ls_helper_nm_watch_follow (LsHelperNmWatch *self, NMActiveConnection *active);

/* Whether the profile is not active at the moment, but may become so again without anybody's doing:
 * NetworkManager has just come back, or the active connection has just gone. Ends within seconds.
 */
gboolean ls_helper_nm_watch_is_unsure (LsHelperNmWatch *self);

/* Tells nothing until ls_helper_nm_watch_follow(): we are changing it ourselves. */
void ls_helper_nm_watch_pause (LsHelperNmWatch *self);

G_END_DECLS
