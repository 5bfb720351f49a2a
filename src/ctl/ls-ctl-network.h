/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-ctl.h"

G_BEGIN_DECLS

/* The options of a network, as for AddProfile and Update: those of @pin, @backend that are not NULL
 * and of @port, @mtu that are not negative. Checks what has a validator. NULL with
 * LS_ERROR_INVALID_ARGUMENT; floating. */
GVariant *ls_ctl_options_new (const char *pin, int port, int mtu, const char *backend,
                              const char *const *urls, GError **error);

/* The control URLs in order, normalized; NULL with LS_ERROR_INVALID_ARGUMENT. */
GStrv ls_ctl_urls_normalize (const char *const *urls, GError **error);

/* Adds a network; NULL name: the agent chooses a free one. (transfer full) */
LsAgentIpcProfile *ls_ctl_add_profile (LsCtl *ctl, const char *name, const char *const *urls,
                                       GVariant *options, GError **error);

G_END_DECLS
