/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ls-helper-port.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

/* Whether binding fails because of somebody else; a family that the machine lacks is not used. */
static gboolean
is_taken (int family, const struct sockaddr *address, socklen_t size)
{
  int fd = socket (family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  int on = 1;
  gboolean taken;

  if (fd < 0)
    return FALSE;
  if (family == AF_INET6)
    setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  taken = bind (fd, address, size) != 0 && errno == EADDRINUSE;
  close (fd);
  return taken;
}

static gboolean
is_free (guint16 port)
{
  struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons (port) };
  struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons (port) };

  return !is_taken (AF_INET, (const struct sockaddr *)&v4, sizeof v4)
         && !is_taken (AF_INET6, (const struct sockaddr *)&v6, sizeof v6);
}

guint16
ls_helper_port_find_free (guint16 wanted)
{
  for (guint i = 0; i < LS_HELPER_PORT_TRIES && wanted + i <= G_MAXUINT16; i++)
    if (is_free ((guint16)(wanted + i)))
      return (guint16)(wanted + i);
  return 0;
}
