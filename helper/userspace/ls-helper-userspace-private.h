/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-helper-process.h"
#include "ls-helper-uapi.h"
#include "ls-helper-userspace-backend.h"

G_BEGIN_DECLS

/* What the files of the backend share. */

struct _LsHelperUserspaceBackend
{
  LsHelperBackend parent_instance;

  char *runtime_dir;
  GHashTable *processes; /* interface → LsHelperProcess */
  GHashTable *up; /* interfaces that are up: who sets them down is told of */
};

/* Task data of every call: what it needs later. */
typedef struct
{
  char *name;
  char *interface;
  LsTunnel *desired; /* apply only, as previous */
  LsTunnel *previous;
  LsHelperApplied applied;
  gboolean link_exists; /* remove only, as the next two */
  gboolean link_is_ours;
  gboolean remove_socket;
} LsHelperUserspaceCall;

/* A task with an LsHelperUserspaceCall as its data. */
GTask *ls_helper_userspace_call_new (LsHelperBackend *backend, gpointer tag, const char *name,
                                     const char *interface, GCancellable *cancellable,
                                     GAsyncReadyCallback callback, gpointer user_data);

/* The process of @interface, or NULL. (transfer none) */
LsHelperProcess *
ls_helper_userspace_running_process (LsHelperUserspaceBackend *self, const char *interface);

/* Watches @process as that of @interface. */
void ls_helper_userspace_own_process (LsHelperUserspaceBackend *self, const char *interface,
                                      LsHelperProcess *process);

/* Forgets it, so that its end is no news. (transfer full), or NULL */
LsHelperProcess *
ls_helper_userspace_disown_process (LsHelperUserspaceBackend *self, const char *interface);

/* The process that the journal tells of, if it still is that one. (transfer full) */
LsHelperProcess *ls_helper_userspace_process_from_state (GVariant *state, GError **error);

/* Asks the interface's own process; without one @task ends with LS_ERROR_NOT_FOUND. @callback gets
 * a reference to @task and reads the answer with one of the next two. */
void ls_helper_userspace_ask (GTask *task, const char *request, GAsyncReadyCallback callback);
LsHelperUapiDevice *ls_helper_userspace_take_device (GAsyncResult *result, GError **error);
gboolean ls_helper_userspace_take_done (GAsyncResult *result, GError **error);

/* LsHelperBackendClass */
void ls_helper_userspace_apply (LsHelperBackend *backend, const char *name, const char *interface,
                                const LsTunnel *desired, const LsTunnel *previous,
                                GCancellable *cancellable, GAsyncReadyCallback callback,
                                gpointer user_data);
void ls_helper_userspace_remove (LsHelperBackend *backend, const char *name, const char *interface,
                                 GVariant *state, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data);

G_END_DECLS
