/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Things a person should know that belong to no single profile: property Notices of the D-Bus API.
 * "changed" is emitted when one comes or goes. */
#define LS_TYPE_AGENT_NOTICES (ls_agent_notices_get_type ())
G_DECLARE_FINAL_TYPE (LsAgentNotices, ls_agent_notices, LS, AGENT_NOTICES, GObject)

LsAgentNotices *ls_agent_notices_new (void);

/* Adds the notice @id, or replaces it. All texts are for people, none NULL. */
void ls_agent_notices_add (LsAgentNotices *self, const char *id, const char *what, const char *hint,
                           const char *details);

/* Returns whether there was one. */
gboolean ls_agent_notices_remove (LsAgentNotices *self, const char *id);

/* a(ssss), floating. */
GVariant *ls_agent_notices_to_variant (LsAgentNotices *self);

G_END_DECLS
