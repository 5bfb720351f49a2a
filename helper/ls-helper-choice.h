/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-helper-backend.h"

G_BEGIN_DECLS

/* The backend of @kind if it is available, or for LS_BACKEND_AUTO the first available one of
 * @backends. LS_ERROR_BACKEND with the reason of the one that was wanted; LS_ERROR_NOT_SUPPORTED
 * with the reasons of all. (transfer full) */
void ls_helper_choose_backend (GPtrArray *backends, LsBackendKind kind,
                               GAsyncReadyCallback callback, gpointer user_data);
LsHelperBackend *ls_helper_choose_backend_finish (GAsyncResult *result, GError **error);

G_END_DECLS
