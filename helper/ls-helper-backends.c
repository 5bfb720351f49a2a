/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "ls-helper"

#include "ls-helper-backends.h"

#include "ls-helper-kernel-backend.h"
#include "ls-helper-nm-backend.h"
#include "ls-helper-userspace-backend.h"

GPtrArray *
ls_helper_backends_new (LsHelperRoute *route, const char *runtime_dir)
{
  GPtrArray *backends = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GError) error = NULL;
  g_autoptr (LsHelperWg) wg = ls_helper_wg_new (&error);

  if (wg != NULL)
    {
      g_ptr_array_add (backends, ls_helper_nm_backend_new (route, wg));
      g_ptr_array_add (backends, ls_helper_kernel_backend_new (route, wg));
    }
  else
    g_warning ("the kernel's WireGuard cannot be used: %s", error->message);
  g_ptr_array_add (backends, ls_helper_userspace_backend_new (route, runtime_dir));
  return backends;
}
