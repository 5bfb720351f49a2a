/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ls-helper-backends.h"

#include "ls-helper-userspace-backend.h"

GPtrArray *
ls_helper_backends_new (LsHelperRoute *route, const char *runtime_dir)
{
  GPtrArray *backends = g_ptr_array_new_with_free_func (g_object_unref);

  g_ptr_array_add (backends, ls_helper_userspace_backend_new (route, runtime_dir));
  return backends;
}
