/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-demo-call.h"

G_BEGIN_DECLS

typedef enum
{
  LS_DEMO_AUTH_NONE,
  LS_DEMO_AUTH_NODE, /* the handler looks for it, since the node is in the request */
  LS_DEMO_AUTH_ADMIN,
} LsDemoAuth;

typedef struct
{
  const char *method;
  const char *pattern; /* segments; "*" is captured */
  LsDemoAuth auth;
  LsDemoHandler handler;
} LsDemoRoute;

/* The entry of the protocol's table for @method and the still encoded @path, or NULL;
 * @out_path_known: the path is there, for another method. @out_captures: LS_DEMO_CAPTURES_MAX
 * decoded segments, NULL for those not used; free them with g_free(). */
const LsDemoRoute *ls_demo_route_find (const char *method, const char *path,
                                       gboolean *out_path_known, char **out_captures);

G_END_DECLS
