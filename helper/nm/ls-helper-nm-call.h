/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <NetworkManager.h>

G_BEGIN_DECLS

/* What the backend asks of NetworkManager, each as one call with its waits. Errors:
 * LS_ERROR_BACKEND, LS_ERROR_CONFLICT, LS_ERROR_NOT_SUPPORTED (NetworkManager does not manage such
 * interfaces), G_IO_ERROR_CANCELLED. The source object of each result is the NMClient. */

/* The active connection of the profile @uuid that is activated or on its way there, or NULL.
 * (transfer none) */
NMActiveConnection *ls_helper_nm_find_active (NMClient *client, const char *uuid);

/* The device of @active, or NULL. (transfer none) */
NMDevice *ls_helper_nm_get_device (NMActiveConnection *active);

/* Whether another profile than @uuid is active on @interface. What NetworkManager merely sees there
 * without having made it (EXTERNAL) is judged by the link itself. */
gboolean ls_helper_nm_is_taken (NMClient *client, const char *interface, const char *uuid);

/* Makes the profile with @profile's UUID be so, in memory only: adds it or changes the one that is
 * there, without touching its device. LS_ERROR_CONFLICT if one is there that is not ours. */
void ls_helper_nm_put_profile (NMClient *client, NMConnection *profile, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data);
NMRemoteConnection *
ls_helper_nm_put_profile_finish (NMClient *client, GAsyncResult *result, GError **error);

/* Activates @profile, also when it is active already, and waits for the device to be ready. */
void
ls_helper_nm_activate (NMClient *client, NMRemoteConnection *profile, GCancellable *cancellable,
                       GAsyncReadyCallback callback, gpointer user_data);
NMActiveConnection *
ls_helper_nm_activate_finish (NMClient *client, GAsyncResult *result, GError **error);

/* Has the profile's addresses, routes and port applied to the active @device. */
void ls_helper_nm_reapply (NMClient *client, NMDevice *device, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data);
gboolean ls_helper_nm_reapply_finish (NMClient *client, GAsyncResult *result, GError **error);

/* Deletes the profile @uuid, if it is there and ours, and waits for its @interface to go,
 * unless another profile has it. */
void ls_helper_nm_delete_profile (NMClient *client, const char *uuid, const char *interface,
                                  GCancellable *cancellable, GAsyncReadyCallback callback,
                                  gpointer user_data);
gboolean
ls_helper_nm_delete_profile_finish (NMClient *client, GAsyncResult *result, GError **error);

G_END_DECLS
