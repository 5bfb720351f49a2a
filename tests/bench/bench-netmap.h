/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The JSON of a large network: @n_peers devices, every twentieth with a subnet. (transfer full) */
char *bench_netmap_text (guint n_peers, gsize *out_length);

/* Microseconds that json-glib alone takes to parse @text: what the rest is compared with. */
gint64 bench_time_json_glib (const char *text, gsize length);

G_END_DECLS
