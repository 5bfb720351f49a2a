/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-agent-ipc.h"
#include "ls-ui-network.h"

G_BEGIN_DECLS

struct _LsUiNetwork
{
  GObject parent_instance;

  LsAgentIpcProfile *proxy; /* owned */
  GCancellable *cancellable; /* of all calls; cancelled when the network goes away */
  LsUiDevices *devices; /* owned; NULL until somebody looks */
  gboolean devices_loaded;
  GError *failure; /* owned; of the last verb, NULL: it succeeded or was dismissed */
};

/* @proxy: a profile of the agent with its properties loaded. */
LsUiNetwork *ls_ui_network_new (LsAgentIpcProfile *proxy);

/* Shows @error in the failure properties; NULL clears them. A cancellation is no failure. */
void ls_ui_network_take_failure (LsUiNetwork *self, GError *error);

/* What the agent says, put into words: the properties of these names. */
const char *ls_ui_network_get_title (LsUiNetwork *self);
char *ls_ui_network_dup_subtitle (LsUiNetwork *self);
char *ls_ui_network_dup_summary (LsUiNetwork *self);
char *ls_ui_network_dup_servers (LsUiNetwork *self);
gboolean ls_ui_network_is_waiting (LsUiNetwork *self);
gboolean ls_ui_network_is_link_expired (LsUiNetwork *self);
char *ls_ui_network_dup_time_left (LsUiNetwork *self);
char *ls_ui_network_dup_unreachable (LsUiNetwork *self);
char *ls_ui_network_dup_failure_title (LsUiNetwork *self);
char *ls_ui_network_dup_left_out_title (LsUiNetwork *self);
char *ls_ui_network_dup_left_out (LsUiNetwork *self);

/* Part @index of the problem: what happened, what to do, details. */
char *ls_ui_network_dup_problem (LsUiNetwork *self, guint index);

G_END_DECLS
