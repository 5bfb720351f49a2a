/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <NetworkManager.h>

#include "ls-tunnel.h"

G_BEGIN_DECLS

/* The NetworkManager profile of a tunnel. Pure: no I/O. */

/* The profile's UUID, always the same for the tunnel @name (RFC 4122 section 4.3, SHA-1).
 * (transfer full) */
char *ls_helper_nm_profile_dup_uuid (const char *name);

/* The profile of the tunnel @name on @interface: everything of @tunnel but its peers, which are
 * written by generic netlink, since NetworkManager resets all of them for the change of one. It
 * passes nm_connection_verify() and is normalised. LS_ERROR_INVALID_ARGUMENT if libnm refuses it.
 * (transfer full) */
NMConnection *ls_helper_nm_profile_new (const char *name, const char *interface,
                                        const LsTunnel *tunnel, GError **error);

/* Whether @profile can be one of ours: right type and interface, and not one that a user made
 * for himself (such a one could be changed by that user at any time). */
gboolean ls_helper_nm_profile_is_ours (NMConnection *profile, const char *interface);

G_END_DECLS
