/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-demo-store.h"

G_BEGIN_DECLS

#define LS_DEMO_SEED_NAME "demo"

/* Makes sure that there is a network named "demo" with an enrollment token of many uses.
 * @out_token: (transfer full), free with ls_control_secret_free(). Returns its id, borrowed. */
const char *ls_demo_seed (LsDemoStore *store, char **out_token);

G_END_DECLS
