/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-prefix.h"

G_BEGIN_DECLS

/* Reading addresses and routes over rtnetlink (rtnetlink(7)), without privilege. A dump is
 * answered by the kernel at once and does not block. */

#define LS_AGENT_NETLINK_ITEMS_MAX 4096 /* of one dump; the rest is ignored */

typedef struct
{
  LsPrefix prefix; /* with the host's bits */
  guint interface;
  guint8 scope; /* RT_SCOPE_… */
  guint32 flags; /* IFA_F_… */
} LsAgentNetlinkAddress;

typedef struct
{
  LsPrefix prefix;
  LsAddress gateway; /* family 0: none */
  guint interface; /* 0: several or none */
} LsAgentNetlinkRoute;

/* All addresses of the machine. (transfer full): of LsAgentNetlinkAddress. */
GArray *ls_agent_netlink_dump_addresses (GError **error);

/* The unicast routes of the main table. (transfer full): of LsAgentNetlinkRoute. */
GArray *ls_agent_netlink_dump_routes (GError **error);

/* A non-blocking socket that becomes readable when addresses, routes or links change; -1 and
 * @error if there is none. */
int ls_agent_netlink_open_monitor (GError **error);

/* Empties the monitor's socket. */
void ls_agent_netlink_drain_monitor (int fd);

G_END_DECLS
