/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-helper-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <unistd.h>

#include "ls-error.h"

/* Held by the process: the kernel gives it back when it ends, and tells who holds it. */
static int lock_fd = -1;

gboolean
ls_helper_lock_take (const char *runtime_dir, int *out_holder, GError **error)
{
  g_autofree char *path = g_build_filename (runtime_dir, "lock", NULL);
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

  *out_holder = 0;
  if (lock_fd < 0)
    lock_fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock_fd < 0)
    {
      g_set_error (error, LS_ERROR, LS_ERROR_STORAGE, "%s: %s", path, g_strerror (errno));
      return FALSE;
    }
  if (fcntl (lock_fd, F_SETLK, &lock) == 0)
    return TRUE;
  if (fcntl (lock_fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK)
    *out_holder = lock.l_pid;
  g_set_error_literal (error, LS_ERROR, LS_ERROR_BUSY, _ ("Another helper is running."));
  return FALSE;
}
