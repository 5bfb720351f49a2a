/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* How long a tunnel stays when its owner has left the bus: time to be restarted in. */
#define LS_HELPER_LEASE_GRACE_SECONDS 30

/* Whose a tunnel is: a user and one connection of his. When the connection ends the lease is
 * orphaned; a connection of the same user may take it over until the grace time ends with the
 * signal "expired" (). */
#define LS_TYPE_HELPER_LEASE (ls_helper_lease_get_type ())
G_DECLARE_FINAL_TYPE (LsHelperLease, ls_helper_lease, LS, HELPER_LEASE, GObject)

/* @bus: where @owner is a unique name; NULL or an @owner of "" means that the connection has gone
 * already. */
LsHelperLease *
ls_helper_lease_new (GDBusConnection *bus, guint32 uid, const char *owner, guint grace_seconds);

guint32 ls_helper_lease_get_uid (LsHelperLease *self);
const char *ls_helper_lease_get_owner (LsHelperLease *self);
gboolean ls_helper_lease_is_orphaned (LsHelperLease *self);

/* Whether the connection @owner of @uid has this lease. */
gboolean ls_helper_lease_is_owned_by (LsHelperLease *self, guint32 uid, const char *owner);

G_END_DECLS
