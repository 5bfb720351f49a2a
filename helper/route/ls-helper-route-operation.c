/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "ls-helper-route"

#include "config.h"

#include "ls-helper-route-operation.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "ls-error.h"
#include "ls-helper-netlink.h"

typedef enum
{
  STEP_LINK,
  STEP_ADDRESSES,
  STEP_ROUTES_4,
  STEP_ROUTES_6,
  STEP_RULES_4,
  STEP_RULES_6,
  STEP_PLAN,
  STEP_WRITE,
} Step;

struct _LsHelperRouteOperation
{
  LsHelperRouteOperationKind kind;
  char *interface; /* NULL for LS_HELPER_ROUTE_OPERATION_RULES */
  guint mtu;
  GArray *addresses;
  GArray *routes;
  gboolean flag; /* delete the link; rules wanted */

  Step step;
  LsHelperRouteState state;
  struct nlmsghdr *dump; /* the one that was sent last */
  GPtrArray *writes;
  guint next_write;
  gboolean no_ipv6;
  gboolean changed;
  gboolean complete;
};

LsHelperRouteOperation *
ls_helper_route_operation_new (LsHelperRouteOperationKind kind, const char *interface,
                               gboolean flag)
{
  LsHelperRouteOperation *operation = g_new0 (LsHelperRouteOperation, 1);

  operation->kind = kind;
  operation->flag = flag;
  operation->interface = g_strdup (interface);
  ls_helper_route_state_init (&operation->state);
  return operation;
}

void
ls_helper_route_operation_free (LsHelperRouteOperation *operation)
{
  g_free (operation->interface);
  g_clear_pointer (&operation->addresses, g_array_unref);
  g_clear_pointer (&operation->routes, g_array_unref);
  g_free (operation->dump);
  g_clear_pointer (&operation->writes, g_ptr_array_unref);
  ls_helper_route_state_clear (&operation->state);
  g_free (operation);
}

void
ls_helper_route_operation_want (LsHelperRouteOperation *operation, guint mtu,
                                const GArray *addresses, const GArray *routes)
{
  operation->mtu = mtu;
  operation->addresses = g_array_copy ((GArray *)addresses);
  operation->routes = g_array_copy ((GArray *)routes);
}

gboolean
ls_helper_route_operation_has_changed (const LsHelperRouteOperation *operation)
{
  return operation->changed;
}

gboolean
ls_helper_route_operation_is_complete (const LsHelperRouteOperation *operation)
{
  return operation->complete;
}

static gboolean
means_no_ipv6 (int code)
{
  return code == EAFNOSUPPORT || code == EOPNOTSUPP || code == EPROTONOSUPPORT || code == EACCES;
}

static gboolean
means_already_gone (int code)
{
  return code == ESRCH || code == ENOENT || code == EADDRNOTAVAIL || code == ENODEV;
}

static int
message_family (const struct nlmsghdr *message)
{
  return *(const unsigned char *)NLMSG_DATA (message);
}

static const struct nlmsghdr *
answer_header (GPtrArray *answers, guint i)
{
  return g_bytes_get_data (g_ptr_array_index (answers, i), NULL);
}

static void
take_addresses (LsHelperRouteOperation *operation, GPtrArray *answers)
{
  for (guint i = 0; i < answers->len; i++)
    {
      LsHelperAddress address;
      if (ls_helper_route_message_parse_address (answer_header (answers, i), &address)
          && address.index == operation->state.link->index)
        g_array_append_val (operation->state.addresses, address);
    }
}

static void
take_routes (LsHelperRouteOperation *operation, GPtrArray *answers, int family)
{
  for (guint i = 0; i < answers->len; i++)
    {
      LsHelperTableRoute route;
      if (ls_helper_route_message_parse_route (answer_header (answers, i), &route)
          && route.destination.address.family == family)
        g_array_append_val (operation->state.routes, route);
    }
}

static void
take_rules (LsHelperRouteOperation *operation, GPtrArray *answers, int family)
{
  for (guint i = 0; i < answers->len; i++)
    ls_helper_route_state_add_rule (
        &operation->state, family,
        ls_helper_route_message_parse_rule (answer_header (answers, i), family));
}

static void
take_answers (LsHelperRouteOperation *operation, GPtrArray *answers)
{
  switch (operation->step)
    {
    case STEP_LINK:
      if (answers->len > 0)
        operation->state.link = ls_helper_route_message_parse_link (answer_header (answers, 0));
      break;
    case STEP_ADDRESSES:
      take_addresses (operation, answers);
      break;
    case STEP_ROUTES_4:
    case STEP_ROUTES_6:
      take_routes (operation, answers, operation->step == STEP_ROUTES_4 ? AF_INET : AF_INET6);
      break;
    case STEP_RULES_4:
    case STEP_RULES_6:
      take_rules (operation, answers, operation->step == STEP_RULES_4 ? AF_INET : AF_INET6);
      break;
    case STEP_WRITE:
      operation->changed = TRUE;
      break;
    case STEP_PLAN:
      break;
    }
}

/* Whether a failed dump only means that there is nothing; else @error stays. */
static gboolean
accept_dump_error (LsHelperRouteOperation *operation, const GError *error)
{
  int code = ls_helper_netlink_error_get_errno (error);

  if (operation->step == STEP_LINK)
    return code == ENODEV;
  if ((operation->step == STEP_ROUTES_6 || operation->step == STEP_RULES_6) && means_no_ipv6 (code))
    {
      operation->no_ipv6 = TRUE;
      return TRUE;
    }
  /* The kernel has no table of that number before its first route. */
  return (operation->step == STEP_ROUTES_4 || operation->step == STEP_ROUTES_6) && code == ENOENT;
}

static gboolean
is_delete (guint16 type)
{
  return type == RTM_DELLINK || type == RTM_DELADDR || type == RTM_DELROUTE || type == RTM_DELRULE;
}

/* Whether the failed write is none: what was to be deleted is gone, or there is no IPv6. */
static gboolean
accept_write_error (LsHelperRouteOperation *operation, const struct nlmsghdr *message,
                    const GError *error)
{
  int code = ls_helper_netlink_error_get_errno (error);

  if (is_delete (message->nlmsg_type))
    return means_already_gone (code);
  if (message->nlmsg_type == RTM_NEWADDR && code == EEXIST)
    return TRUE;
  if (message_family (message) == AF_INET6 && means_no_ipv6 (code))
    {
      if (!operation->no_ipv6)
        g_message ("%s: this machine has no IPv6: going on without (%s)", operation->interface,
                   error->message);
      operation->no_ipv6 = TRUE;
      return TRUE;
    }
  return FALSE;
}

static GError *
write_error (const struct nlmsghdr *message, const GError *error)
{
  if (message->nlmsg_type == RTM_NEWROUTE && ls_helper_netlink_error_get_errno (error) == EEXIST)
    return g_error_new_literal (
        LS_ERROR, LS_ERROR_CONFLICT,
        _ ("Another network that is connected has the same addresses. Disconnect it first."));
  return g_error_new (LS_ERROR, LS_ERROR_BACKEND, _ ("The network could not be set up: %s"),
                      error->message);
}

gboolean
ls_helper_route_operation_take (LsHelperRouteOperation *operation, GPtrArray *answers,
                                const GError *failure, GError **error)
{
  if (answers != NULL)
    take_answers (operation, answers);
  else if (operation->step == STEP_WRITE)
    {
      const struct nlmsghdr *message = g_ptr_array_index (operation->writes, operation->next_write);
      if (!accept_write_error (operation, message, failure))
        {
          g_propagate_error (error, write_error (message, failure));
          return FALSE;
        }
    }
  else if (!accept_dump_error (operation, failure))
    {
      g_set_error (error, LS_ERROR, LS_ERROR_BACKEND,
                   _ ("The network's state could not be read: %s"), failure->message);
      return FALSE;
    }
  if (operation->step == STEP_WRITE)
    operation->next_write++;
  else
    operation->step++;
  return TRUE;
}

static struct nlmsghdr *
dump_message (const LsHelperRouteOperation *operation)
{
  switch (operation->step)
    {
    case STEP_LINK:
      return ls_helper_route_message_get_link (operation->interface);
    case STEP_ADDRESSES:
      return ls_helper_route_message_dump_addresses (operation->state.link->index);
    case STEP_ROUTES_4:
      return ls_helper_route_message_dump_routes (AF_INET);
    case STEP_ROUTES_6:
      return ls_helper_route_message_dump_routes (AF_INET6);
    case STEP_RULES_4:
      return ls_helper_route_message_dump_rules (AF_INET);
    case STEP_RULES_6:
      return ls_helper_route_message_dump_rules (AF_INET6);
    case STEP_PLAN:
    case STEP_WRITE:
      break;
    }
  return NULL;
}

static void
skip_needless_dumps (LsHelperRouteOperation *operation)
{
  if (operation->step == STEP_LINK && operation->interface == NULL)
    operation->step = STEP_ADDRESSES;
  if (operation->step == STEP_ADDRESSES && operation->state.link == NULL)
    operation->step = STEP_ROUTES_4;
}

static GPtrArray *
plan (LsHelperRouteOperation *operation)
{
  operation->state.no_ipv6 = operation->no_ipv6;
  switch (operation->kind)
    {
    case LS_HELPER_ROUTE_OPERATION_APPLY:
      return ls_helper_route_plan_apply (&operation->state, operation->mtu, operation->addresses,
                                         operation->routes);
    case LS_HELPER_ROUTE_OPERATION_MEND:
      return ls_helper_route_plan_mend (&operation->state, operation->addresses, operation->routes);
    case LS_HELPER_ROUTE_OPERATION_CHECK:
      operation->complete
          = ls_helper_route_state_has (&operation->state, operation->addresses, operation->routes);
      return g_ptr_array_new ();
    case LS_HELPER_ROUTE_OPERATION_REMOVE:
      return ls_helper_route_plan_remove (&operation->state, operation->flag);
    case LS_HELPER_ROUTE_OPERATION_RULES:
    default:
      return ls_helper_route_plan_rules (&operation->state, operation->flag);
    }
}

/* What makes it impossible to go on with what was read. */
static GError *
check_state (const LsHelperRouteOperation *operation)
{
  if (operation->kind != LS_HELPER_ROUTE_OPERATION_APPLY
      && operation->kind != LS_HELPER_ROUTE_OPERATION_MEND)
    return NULL;
  if (operation->kind == LS_HELPER_ROUTE_OPERATION_MEND
      && !ls_helper_route_state_can_be_mended (&operation->state))
    return NULL;
  if (operation->state.link == NULL)
    return g_error_new (LS_ERROR, LS_ERROR_NOT_FOUND, _ ("The interface %s is not there."),
                        operation->interface);
  for (guint i = 0; i < 2; i++)
    if (operation->state.rules[i] == LS_HELPER_RULE_IN_THE_WAY)
      return g_error_new (LS_ERROR, LS_ERROR_CONFLICT,
                          _ ("Another program uses the routing rule priority %d."),
                          LS_HELPER_ROUTE_RULE_PRIORITY);
  return NULL;
}

/* All is read: makes the plan. FALSE if the operation ends. */
static gboolean
begin_writing (LsHelperRouteOperation *operation, GError **error)
{
  GError *local_error = check_state (operation);
  gboolean verifying = operation->writes != NULL;

  if (local_error != NULL)
    {
      g_propagate_error (error, local_error);
      return FALSE;
    }
  g_clear_pointer (&operation->writes, g_ptr_array_unref);
  operation->writes = plan (operation);
  operation->next_write = 0;
  operation->step = STEP_WRITE;
  if (operation->writes->len > 0 && !verifying)
    return TRUE;
  /* What is taken again while it is put back is told anew. */
  if (operation->writes->len > 0 && operation->kind != LS_HELPER_ROUTE_OPERATION_MEND)
    g_set_error_literal (error, LS_ERROR, LS_ERROR_BACKEND,
                         _ ("Another program changed the network settings at the same time. Try "
                            "again."));
  return FALSE;
}

static void
read_again (LsHelperRouteOperation *operation)
{
  ls_helper_route_state_clear (&operation->state);
  ls_helper_route_state_init (&operation->state);
  operation->step = STEP_LINK;
}

const struct nlmsghdr *
ls_helper_route_operation_next (LsHelperRouteOperation *operation, GError **error)
{
  if (operation->step == STEP_WRITE && operation->next_write >= operation->writes->len)
    read_again (operation);
  skip_needless_dumps (operation);
  if (operation->step == STEP_PLAN && !begin_writing (operation, error))
    return NULL;
  if (operation->step == STEP_WRITE)
    return g_ptr_array_index (operation->writes, operation->next_write);
  g_free (operation->dump);
  operation->dump = dump_message (operation);
  return operation->dump;
}
