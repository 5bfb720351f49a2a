/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-listen.h"

#include "ls-error.h"

#include <string.h>

#define BACKLOG 256

GSocketAddress *
ls_demo_listen_parse (const char *text, GError **error)
{
  const char *colon = strrchr (text, ':');
  g_autofree char *host = colon != NULL ? g_strndup (text, colon - text) : NULL;
  g_autoptr (GInetAddress) address = NULL;
  gsize length = host != NULL ? strlen (host) : 0;
  guint64 port;

  if (host != NULL && g_ascii_string_to_unsigned (colon + 1, 10, 0, G_MAXUINT16, &port, NULL))
    {
      if (g_str_equal (host, "localhost"))
        address = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
      else if (length > 2 && host[0] == '[' && host[length - 1] == ']')
        {
          host[length - 1] = '\0';
          address = g_inet_address_new_from_string (host + 1);
        }
      else if (strchr (host, ':') == NULL)
        address = g_inet_address_new_from_string (host);
    }

  if (address != NULL)
    return g_inet_socket_address_new (address, (guint16)port);
  g_set_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT,
               "“%s” is not ADDRESS:PORT with a numeric address", text);
  return NULL;
}

GSocket *
ls_demo_listen_bind (GSocketAddress *address, GSocketType type, GError **error)
{
  gboolean tcp = type == G_SOCKET_TYPE_STREAM;
  g_autoptr (GSocket) socket
      = g_socket_new (g_socket_address_get_family (address), type,
                      tcp ? G_SOCKET_PROTOCOL_TCP : G_SOCKET_PROTOCOL_UDP, error);

  if (socket == NULL)
    return NULL;

  g_socket_set_blocking (socket, FALSE);
  g_socket_set_listen_backlog (socket, BACKLOG);
  if (!g_socket_bind (socket, address, tcp, error) || (tcp && !g_socket_listen (socket, error)))
    return NULL;
  return g_steal_pointer (&socket);
}

char *
ls_demo_listen_describe (GSocket *socket)
{
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (socket, NULL);

  return address != NULL ? g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address)) : NULL;
}

gboolean
ls_demo_listen_is_wildcard (GSocket *socket)
{
  g_autoptr (GSocketAddress) address = g_socket_get_local_address (socket, NULL);

  return G_IS_INET_SOCKET_ADDRESS (address)
         && g_inet_address_get_is_any (
             g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address)));
}
