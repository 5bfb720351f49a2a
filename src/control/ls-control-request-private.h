/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-control-request.h"

G_BEGIN_DECLS

/* What the builders are made of. Takes @path. */
LsControlRequest *
ls_control_request_new (const char *method, LsControlAuth auth, LsControlDecode decode,
                        GDestroyNotify free_answer, char *path);

/* Takes @object and makes the body of it. */
void ls_control_request_take_body (LsControlRequest *request, JsonObject *object);

/* A string, left out for NULL. */
void ls_control_request_set_optional (JsonObject *object, const char *name, const char *value);

G_END_DECLS
