/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "ls-control-types.h"

G_BEGIN_DECLS

/* The command line of lightscale-control, checked. */

#define LS_DEMO_DEFAULT_LISTEN "127.0.0.1:8080"
#define LS_DEMO_ADMIN_TOKEN_VARIABLE "LIGHTSCALE_CONTROL_ADMIN_TOKEN"

typedef struct
{
  GPtrArray *listen; /* of GSocketAddress, at least one */
  GPtrArray *stream_relay_listen; /* of GSocketAddress */
  GPtrArray *udp_relay_listen;
  GStrv control_urls;
  LsRelayInfo *relay; /* what is advertised */
  char *state; /* or NULL: nothing is kept */
  char *admin_token; /* or NULL: anybody is administrator */
  GTlsCertificate *certificate; /* or NULL: plain http */
  gboolean demo;
  gboolean version; /* only the version was asked for */
} LsDemoOptions;

/* Reads the command line and the files that it names. NULL with an error that says what is wrong.
 */
LsDemoOptions *ls_demo_options_parse (int *argc, char ***argv, GError **error);
void ls_demo_options_free (LsDemoOptions *options);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsDemoOptions, ls_demo_options_free)

G_END_DECLS
