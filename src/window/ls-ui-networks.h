/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "ls-ui-network.h"

G_BEGIN_DECLS

/* The networks of the agent: a GListModel of LsUiNetwork, sorted by name. The only class that knows
 * the connection.
 *
 * Readable properties with notify: "status", "problem-title", "problem-hint", "problem-details"
 * (why there are no networks, when "status" is LS_UI_NETWORKS_FAILED), "helper-missing" b,
 * "notices" (GListModel of LsUiNotice), "count" u. */
#define LS_UI_TYPE_NETWORKS (ls_ui_networks_get_type ())
G_DECLARE_FINAL_TYPE (LsUiNetworks, ls_ui_networks, LS_UI, NETWORKS, GObject)

typedef enum
{
  LS_UI_NETWORKS_LOADING,
  LS_UI_NETWORKS_READY,
  LS_UI_NETWORKS_FAILED, /* there is no agent to talk to */
} LsUiNetworksStatus;

#define LS_UI_TYPE_NETWORKS_STATUS (ls_ui_networks_status_get_type ())
GType ls_ui_networks_status_get_type (void);

/* @bus_type: the bus of the agent, session or system. */
LsUiNetworks *ls_ui_networks_new (GBusType bus_type);

/* Starts the agent if need be and reads what it has. Nothing happens while that is under way. */
void ls_ui_networks_start (LsUiNetworks *self);

LsUiNetworksStatus ls_ui_networks_get_status (LsUiNetworks *self);
GBusType ls_ui_networks_get_bus_type (LsUiNetworks *self);

/* The network at the object path @path, or NULL. */
LsUiNetwork *ls_ui_networks_find (LsUiNetworks *self, const char *path);

void ls_ui_networks_dismiss_notice (LsUiNetworks *self, const char *id);

/* What a server says when it is asked. */
typedef struct
{
  char *url; /* the one that answered */
  gboolean encrypted;
  char *certificate_error; /* a sentence, or "" */
  char *pin; /* SHA-256 of the certificate, or "" */
} LsUiServer;

void ls_ui_server_free (LsUiServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsUiServer, ls_ui_server_free)

void ls_ui_networks_check_server_async (LsUiNetworks *self, const char *const *urls, LsPins *pins,
                                        GCancellable *cancellable, GAsyncReadyCallback callback,
                                        gpointer user_data);

/* (transfer full) */
LsUiServer *
ls_ui_networks_check_server_finish (LsUiNetworks *self, GAsyncResult *result, GError **error);

/* Adds a network that is not joined yet. */
void ls_ui_networks_add_async (LsUiNetworks *self, const char *const *urls, LsPins *pins,
                               GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer user_data);

/* (transfer full) */
LsUiNetwork *ls_ui_networks_add_finish (LsUiNetworks *self, GAsyncResult *result, GError **error);

/* Disconnects everything and undoes all that was changed in this machine's network. */
void ls_ui_networks_restore_async (LsUiNetworks *self, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer user_data);
gboolean ls_ui_networks_restore_finish (LsUiNetworks *self, GAsyncResult *result, GError **error);

/* Takes the tunnels down and ends the agent. */
void ls_ui_networks_quit_async (LsUiNetworks *self, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data);
gboolean ls_ui_networks_quit_finish (LsUiNetworks *self, GAsyncResult *result, GError **error);

G_END_DECLS
