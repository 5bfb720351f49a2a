/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Every well-known string of the project: bus names, object paths, interfaces, actions, environment
 * variables. Nothing else spells them out. */

#define LS_APP_ID "org.lightscale.Lightscale"

#define LS_AGENT_BUS_NAME "org.lightscale.Lightscale.Agent"
#define LS_AGENT_ROOT_PATH "/org/lightscale/Agent"
#define LS_AGENT_PROFILE_PATH_PREFIX "/org/lightscale/Agent/profiles/"
#define LS_AGENT_MANAGER_INTERFACE "org.lightscale.Agent1.Manager"
#define LS_AGENT_PROFILE_INTERFACE "org.lightscale.Agent1.Profile"

#define LS_HELPER_BUS_NAME "org.lightscale.Helper"
#define LS_HELPER_PATH "/org/lightscale/Helper"
#define LS_HELPER_INTERFACE "org.lightscale.Helper1"

/* polkit actions: data/polkit/org.lightscale.helper.policy.in describes each. */
#define LS_ACTION_TUNNEL_CONTROL "org.lightscale.helper.tunnel.control"
#define LS_ACTION_TUNNEL_ROUTES "org.lightscale.helper.tunnel.routes"
#define LS_ACTION_MANAGE_OTHERS "org.lightscale.helper.tunnel.manage-others"

/* Interface names of our tunnels start with this; the rest is the tunnel's name. */
#define LS_INTERFACE_PREFIX "ls-"

/* Registered link scheme. */
#define LS_URI_SCHEME "lightscale"
