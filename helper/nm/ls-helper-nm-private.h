/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <NetworkManager.h>

#include "ls-error.h"
#include "ls-helper-nm-backend.h"
#include "ls-helper-nm-watch.h"

G_BEGIN_DECLS

/* What the files of the backend share. */

#define LS_HELPER_NM_LINK_KIND "wireguard"

struct _LsHelperNmBackend
{
  LsHelperWgBackend parent_instance;

  NMClient *client; /* while there are tunnels */
  GHashTable *tunnels; /* interface to LsHelperNmTunnel */
  GHashTable *doomed; /* UUID to interface: profiles to delete when NetworkManager is back */
  char *unmanaged; /* why NetworkManager cannot do it, as it said when last asked, or NULL */
};

/* A tunnel that is up. */
typedef struct
{
  LsHelperNmBackend *backend;
  char *name;
  char *interface;
  LsTunnel *applied; /* with its peers, for when they have to be written again */
  LsHelperNmWatch *watch;
  GCancellable *mend; /* of the mending that is under way, or NULL */
  gboolean mend_profile; /* it begins with the profile, not with the peers */
  gboolean whole; /* all its addresses and routes were there when last looked for */
  guint mends;
  gint64 mends_since; /* monotonic, microseconds */
} LsHelperNmTunnel;

/* Task data of all calls. */
typedef struct
{
  char *name;
  char *interface;
  char *uuid;
  NMClient *client;
  void (*step) (GTask *task); /* what to do once there is a client */
  LsTunnel *desired;
  LsTunnel *previous;
  NMRemoteConnection *profile;
  NMActiveConnection *active;
  gboolean anew; /* activate, even if a reapply would do */
  gboolean changed;
} LsHelperNmCall;

void ls_helper_nm_tunnel_free (LsHelperNmTunnel *tunnel);

/* A task with an LsHelperNmCall as its data. */
GTask *ls_helper_nm_call_new (LsHelperNmBackend *self, gpointer tag, const char *name,
                              const char *interface, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data);

/* Calls @step with @task (transfer full) once there is a client; without a bus there is none. */
void ls_helper_nm_with_client (GTask *task, void (*step) (GTask *task));
void ls_helper_nm_keep_client (LsHelperNmBackend *self, NMClient *client);

/* Lets go of the client if nothing needs it: it mirrors all of NetworkManager. */
void ls_helper_nm_release_client (LsHelperNmBackend *self);
gboolean ls_helper_nm_is_running (const LsHelperNmCall *call);
void ls_helper_nm_return_not_running (GTask *task, LsError code);

/* Whether there is an @error (transfer full), which is @task's result then. */
gboolean ls_helper_nm_return_if_failed (GTask *task, GError *error);

LsHelperRoute *ls_helper_nm_get_route (gpointer self);
LsHelperWg *ls_helper_nm_get_wg (gpointer self);
gboolean ls_helper_nm_is_active (NMActiveConnection *active);

/* The end of apply() and of mending: writes what NetworkManager does not, then watches the tunnel.
 * (transfer full) @task */
void ls_helper_nm_write_peers (GTask *task);

/* The same with the profile before it. (transfer full) @task */
void ls_helper_nm_store_profile (GTask *task);

/* Watches the tunnel of @call from now on, which is as @applied. */
void
ls_helper_nm_follow (LsHelperNmBackend *self, const LsHelperNmCall *call, const LsTunnel *applied);

/* Ends a mending, as the tunnel is to become something else; whether one was under way. */
gboolean ls_helper_nm_stop_mending (LsHelperNmTunnel *tunnel);

/* Begins a mending anew that is under way, as tunnel->applied has changed. */
void ls_helper_nm_mend_again (LsHelperNmTunnel *tunnel);

/* LsHelperBackendClass */
void
ls_helper_nm_apply (LsHelperBackend *backend, const char *name, const char *interface,
                    const LsTunnel *desired, const LsTunnel *previous, GCancellable *cancellable,
                    GAsyncReadyCallback callback, gpointer user_data);
void ls_helper_nm_put_back (LsHelperBackend *backend, const char *name, const char *interface,
                            const LsTunnel *tunnel, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer user_data);
void ls_helper_nm_remove (LsHelperBackend *backend, const char *name, const char *interface,
                          GVariant *state, GCancellable *cancellable, GAsyncReadyCallback callback,
                          gpointer user_data);
void ls_helper_nm_adopt (LsHelperBackend *backend, const char *name, const char *interface,
                         const LsTunnel *tunnel, GVariant *state, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer user_data);

G_END_DECLS
