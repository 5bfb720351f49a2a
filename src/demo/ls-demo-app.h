/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "ls-demo-options.h"

G_BEGIN_DECLS

/* The whole of lightscale-control: store, file, server and relays, from start to end. */

#define LS_TYPE_DEMO_APP (ls_demo_app_get_type ())
G_DECLARE_FINAL_TYPE (LsDemoApp, ls_demo_app, LS, DEMO_APP, GObject)

LsDemoApp *ls_demo_app_new (void);

/* Starts what @options ask for, taking some of it over, and prints on standard output where it
 * listens. LS_ERROR or G_IO_ERROR. */
gboolean ls_demo_app_start (LsDemoApp *self, LsDemoOptions *options, GError **error);

/* Stops serving and writes the state. LS_ERROR_STORAGE. */
gboolean ls_demo_app_stop (LsDemoApp *self, GError **error);

G_END_DECLS
