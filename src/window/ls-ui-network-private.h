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

G_END_DECLS
