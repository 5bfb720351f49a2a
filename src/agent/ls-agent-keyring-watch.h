/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define LS_TYPE_AGENT_KEYRING_WATCH (ls_agent_keyring_watch_get_type ())
G_DECLARE_FINAL_TYPE (LsAgentKeyringWatch, ls_agent_keyring_watch, LS, AGENT_KEYRING_WATCH, GObject)

/* Whether there is a Secret Service on the session bus, and when it is unlocked: by signals of the
 * bus and of the service, without asking again and again. It is started if the bus can. Signals:
 *  appeared ()        it is there
 *  missing (details)  it is not, nor can it be started; may still appear
 *  unlocked ()        a collection was unlocked, while ls_agent_keyring_watch_set_waiting() */
LsAgentKeyringWatch *ls_agent_keyring_watch_new (void);

/* Whether somebody waits for a collection to be unlocked. */
void ls_agent_keyring_watch_set_waiting (LsAgentKeyringWatch *self, gboolean waiting);

G_END_DECLS
