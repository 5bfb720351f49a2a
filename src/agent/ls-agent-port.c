/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-port.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define TRIES 100

static gboolean
can_bind (const struct sockaddr *address, socklen_t size)
{
  int on = 1;
  int fd = socket (address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  gboolean ok;

  /* A family that this machine lacks is not in the way. */
  if (fd < 0)
    return TRUE;
  if (address->sa_family == AF_INET6)
    setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  ok = bind (fd, address, size) == 0 || errno != EADDRINUSE;
  close (fd);
  return ok;
}

gboolean
ls_agent_port_is_free (guint16 port)
{
  struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons (port) };
  struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons (port) };

  return can_bind ((struct sockaddr *)&v4, sizeof v4)
         && can_bind ((struct sockaddr *)&v6, sizeof v6);
}

static gboolean
is_taken (guint16 port, const GArray *taken)
{
  for (guint i = 0; i < taken->len; i++)
    if (g_array_index (taken, guint16, i) == port)
      return TRUE;
  return FALSE;
}

guint16
ls_agent_port_choose (guint16 first, const GArray *taken)
{
  for (guint port = first; port < first + (guint)TRIES && port <= G_MAXUINT16; port++)
    if (!is_taken (port, taken) && ls_agent_port_is_free (port))
      return port;
  return 0;
}
