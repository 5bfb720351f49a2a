/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-demo-store.h"

G_BEGIN_DECLS

/* Keeps a store in one file of mode 0600, replaced atomically. Changes are written together, at
 * most once a second, in a worker thread. */

#define LS_DEMO_SAVER_INTERVAL 1000 /* milliseconds between the starts of two writes */

#define LS_TYPE_DEMO_SAVER (ls_demo_saver_get_type ())
G_DECLARE_FINAL_TYPE (LsDemoSaver, ls_demo_saver, LS, DEMO_SAVER, GObject)

/* Reads the store of the file @path; an empty one if there is no such file. A file that cannot be
 * understood is moved aside: @out_kept_aside: (transfer full), its new name, else NULL. NULL with
 * LS_ERROR_STORAGE if the file cannot be read or moved, or its folder not be written to. */
LsDemoStore *ls_demo_saver_load (const char *path, char **out_kept_aside, GError **error);

/* Writes @store to @path from now on whenever it changes. */
LsDemoSaver *ls_demo_saver_new (LsDemoStore *store, const char *path);

/* Writes what is not written yet, waiting for it (the program ends). LS_ERROR_STORAGE. */
gboolean ls_demo_saver_flush (LsDemoSaver *self, GError **error);

G_END_DECLS
