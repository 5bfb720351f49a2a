/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-agent-ipc.h"
#include "ls-ui-networks.h"

G_BEGIN_DECLS

struct _LsUiNetworks
{
  GObject parent_instance;

  GBusType bus_type;
  GPtrArray *items; /* owned LsUiNetwork, sorted */
  LsUiNetworksStatus status;
  GError *problem; /* owned; why status is failed */
  GListStore *notices; /* of LsUiNotice */
  GCancellable *cancellable; /* of the connection; a new one for each start */
  GDBusConnection *connection;
  guint watch_id; /* of the agent's name */
  GDBusObjectManager *objects; /* NULL unless ready */
  LsAgentIpcManager *manager; /* NULL unless ready */
};

G_END_DECLS
