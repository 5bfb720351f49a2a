/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-local.h"

#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "ls-agent-netlink.h"
#include "ls-endpoint.h"
#include "ls-names.h"

#define SETTLE_MILLISECONDS 500
#define ENDPOINTS_MAX 16

struct _LsAgentLocal
{
  GObject parent_instance;

  GArray *addresses; /* of LsAgentNetlinkAddress, without loopback and our tunnels */
  GArray *routes; /* of LsAgentNetlinkRoute, the same */
  GArray *resolvers; /* of LsAddress */
  int monitor;
  guint monitor_source;
  guint settle_source;
};

G_DEFINE_FINAL_TYPE (LsAgentLocal, ls_agent_local, G_TYPE_OBJECT)

enum
{
  CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/* Files that name the resolvers: what programs ask, and what systemd-resolved itself asks. */
static const char *const resolver_files[] = {
  "/etc/resolv.conf",
  "/run/systemd/resolve/resolv.conf",
};

static gboolean
interface_is_foreign (guint index)
{
  char name[IF_NAMESIZE];

  if (index == 0 || if_indextoname (index, name) == NULL)
    return TRUE;
  return !g_str_has_prefix (name, LS_INTERFACE_PREFIX) && !g_str_equal (name, "lo");
}

static GArray *
read_addresses (void)
{
  g_autoptr (GError) error = NULL;
  GArray *items = ls_agent_netlink_dump_addresses (&error);

  if (items == NULL)
    {
      g_warning ("Addresses of this machine cannot be read: %s", error->message);
      return g_array_new (FALSE, TRUE, sizeof (LsAgentNetlinkAddress));
    }
  for (guint i = items->len; i-- > 0;)
    if (!interface_is_foreign (g_array_index (items, LsAgentNetlinkAddress, i).interface))
      g_array_remove_index (items, i);
  return items;
}

static GArray *
read_routes (void)
{
  g_autoptr (GError) error = NULL;
  GArray *items = ls_agent_netlink_dump_routes (&error);

  if (items == NULL)
    {
      g_warning ("Routes of this machine cannot be read: %s", error->message);
      return g_array_new (FALSE, TRUE, sizeof (LsAgentNetlinkRoute));
    }
  for (guint i = items->len; i-- > 0;)
    if (!interface_is_foreign (g_array_index (items, LsAgentNetlinkRoute, i).interface))
      g_array_remove_index (items, i);
  return items;
}

static void
read_resolver_file (const char *path, GArray *resolvers)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return;
  lines = g_strsplit (text, "\n", 1024);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      LsAddress address;

      if (!g_str_has_prefix (lines[i], "nameserver"))
        continue;
      if (ls_address_parse (g_strstrip (lines[i] + strlen ("nameserver")), &address, NULL)
          && !ls_address_is_loopback (&address))
        g_array_append_val (resolvers, address);
    }
}

static GArray *
read_resolvers (void)
{
  GArray *resolvers = g_array_new (FALSE, TRUE, sizeof (LsAddress));

  for (guint i = 0; i < G_N_ELEMENTS (resolver_files); i++)
    read_resolver_file (resolver_files[i], resolvers);
  return resolvers;
}

/* Takes @fresh in place of @current; whether they differ. */
static gboolean
take (GArray **current, GArray *fresh)
{
  gsize size = g_array_get_element_size (fresh);
  gboolean same = *current != NULL && (*current)->len == fresh->len
                  && memcmp ((*current)->data, fresh->data, fresh->len * size) == 0;

  g_clear_pointer (current, g_array_unref);
  *current = fresh;
  return !same;
}

static gboolean
read_all (LsAgentLocal *self)
{
  gboolean addresses = take (&self->addresses, read_addresses ());
  gboolean routes = take (&self->routes, read_routes ());
  gboolean resolvers = take (&self->resolvers, read_resolvers ());

  return addresses || routes || resolvers;
}

static gboolean
settled_cb (gpointer user_data)
{
  LsAgentLocal *self = user_data;

  self->settle_source = 0;
  if (read_all (self))
    g_signal_emit (self, signals[CHANGED], 0);
  return G_SOURCE_REMOVE;
}

static gboolean
monitor_cb (int fd, GIOCondition condition, gpointer user_data)
{
  LsAgentLocal *self = user_data;

  ls_agent_netlink_drain_monitor (fd);
  if (self->settle_source == 0)
    self->settle_source = g_timeout_add (SETTLE_MILLISECONDS, settled_cb, self);
  return G_SOURCE_CONTINUE;
}

static void
ls_agent_local_finalize (GObject *object)
{
  LsAgentLocal *self = LS_AGENT_LOCAL (object);

  g_clear_handle_id (&self->monitor_source, g_source_remove);
  g_clear_handle_id (&self->settle_source, g_source_remove);
  if (self->monitor >= 0)
    close (self->monitor);
  g_array_unref (self->addresses);
  g_array_unref (self->routes);
  g_array_unref (self->resolvers);
  G_OBJECT_CLASS (ls_agent_local_parent_class)->finalize (object);
}

static void
ls_agent_local_class_init (LsAgentLocalClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ls_agent_local_finalize;
  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
}

static void
ls_agent_local_init (LsAgentLocal *self)
{
  g_autoptr (GError) error = NULL;

  self->monitor = ls_agent_netlink_open_monitor (&error);
  if (self->monitor < 0)
    g_warning ("Changes of the network cannot be followed: %s", error->message);
  else
    self->monitor_source = g_unix_fd_add (self->monitor, G_IO_IN, monitor_cb, self);
  read_all (self);
}

LsAgentLocal *
ls_agent_local_new (void)
{
  return g_object_new (LS_TYPE_AGENT_LOCAL, NULL);
}

static void
add_host (LsAgentPrefixSet *set, const LsAddress *address, const char *label)
{
  LsPrefix host;

  ls_prefix_init_host (&host, address);
  ls_agent_prefix_set_add (set, &host, label);
}

static void
add_route (LsAgentPrefixSet *set, const LsAgentNetlinkRoute *route)
{
  if (route->gateway.family != 0)
    {
      g_autofree char *text = ls_address_to_text (&route->gateway);
      g_autofree char *label = g_strdup_printf (_ ("your gateway %s"), text);

      add_host (set, &route->gateway, label);
    }
  if (route->prefix.length > 0)
    {
      g_autofree char *text = ls_prefix_to_text (&route->prefix);
      g_autofree char *label = g_strdup_printf (_ ("your network %s"), text);

      ls_agent_prefix_set_add (set, &route->prefix, label);
    }
}

void
ls_agent_local_add_networks (LsAgentLocal *self, LsAgentPrefixSet *set)
{
  for (guint i = 0; i < self->routes->len; i++)
    add_route (set, &g_array_index (self->routes, LsAgentNetlinkRoute, i));
  for (guint i = 0; i < self->addresses->len; i++)
    {
      const LsPrefix *prefix = &g_array_index (self->addresses, LsAgentNetlinkAddress, i).prefix;
      g_autofree char *text = ls_prefix_to_text (prefix);
      g_autofree char *label = g_strdup_printf (_ ("your network %s"), text);

      ls_agent_prefix_set_add (set, prefix, label);
    }
  for (guint i = 0; i < self->resolvers->len; i++)
    {
      const LsAddress *address = &g_array_index (self->resolvers, LsAddress, i);
      g_autofree char *text = ls_address_to_text (address);
      g_autofree char *label = g_strdup_printf (_ ("your name server %s"), text);

      add_host (set, address, label);
    }
}

void
ls_agent_local_add_addresses (LsAgentLocal *self, LsAgentPrefixSet *set)
{
  for (guint i = 0; i < self->addresses->len; i++)
    add_host (set, &g_array_index (self->addresses, LsAgentNetlinkAddress, i).prefix.address, "");
}

GStrv
ls_agent_local_dup_endpoints (LsAgentLocal *self, guint16 port)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  guint count = 0;

  for (guint i = 0; i < self->addresses->len && count < ENDPOINTS_MAX; i++)
    {
      const LsAgentNetlinkAddress *item
          = &g_array_index (self->addresses, LsAgentNetlinkAddress, i);
      LsEndpoint endpoint = { .address = item->prefix.address, .port = port };
      g_autofree char *text = NULL;

      if (item->scope != RT_SCOPE_UNIVERSE
          || (item->flags & (IFA_F_TENTATIVE | IFA_F_TEMPORARY | IFA_F_DEPRECATED)) != 0
          || !ls_endpoint_is_usable (&endpoint))
        continue;
      text = ls_endpoint_to_text (&endpoint);
      g_strv_builder_add (builder, text);
      count++;
    }
  return g_strv_builder_end (builder);
}
