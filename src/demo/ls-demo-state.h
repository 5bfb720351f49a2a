/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "ls-demo-store.h"

G_BEGIN_DECLS

/* The store as JSON text and back, pure. Node tokens and link secrets are in it as hashes only;
 * enrollment tokens as they are, since administrators list them. */

#define LS_DEMO_STATE_VERSION 1

/* Added to the revision when a state is read: heartbeats raise it without a write, and a client
 * that saw a higher one would wait too long. */
#define LS_DEMO_STATE_REVISION_GAP 1000000

/* (transfer full) */
JsonNode *ls_demo_state_encode (LsDemoStore *store);

/* Fills the still empty @store. LS_ERROR_STORAGE if the text is not a state of ours; the store is
 * then to be thrown away. */
gboolean ls_demo_state_decode (LsDemoStore *store, const char *data, gsize length, GError **error);

G_END_DECLS
