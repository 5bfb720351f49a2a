/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "ls-helper-route"

#include "config.h"

#include "ls-helper-route.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "ls-error.h"
#include "ls-helper-route-plan.h"
#include "ls-helper-route-private.h"

struct _LsHelperRoute
{
  GObject parent_instance;

  LsHelperNetlink *netlink;
  LsHelperNetlink *watch; /* multicast only; NULL until asked for */
  GQueue waiting; /* of GTask: operations, one after the other, as they share the rules */
  GTask *current;
};

typedef enum
{
  OPERATION_APPLY,
  OPERATION_MEND,
  OPERATION_CHECK,
  OPERATION_REMOVE,
  OPERATION_RULES,
} OperationKind;

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

/* Task data: dumps into state, plans, writes, and once more until nothing is left to write. */
typedef struct
{
  OperationKind kind;
  char *interface; /* NULL for OPERATION_RULES */
  guint mtu;
  GArray *addresses;
  GArray *routes;
  gboolean flag; /* delete the link; rules wanted; all is there */

  Step step;
  LsHelperRouteState state;
  GPtrArray *writes;
  guint next_write;
  gboolean no_ipv6;
  gboolean changed;
} Operation;

enum
{
  LINK_REMOVED,
  LINK_CHANGED,
  DRIFT,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (LsHelperRoute, ls_helper_route, G_TYPE_OBJECT)

static void advance (LsHelperRoute *self);
static void start_next (LsHelperRoute *self);

static void
operation_free (Operation *operation)
{
  g_free (operation->interface);
  g_clear_pointer (&operation->addresses, g_array_unref);
  g_clear_pointer (&operation->routes, g_array_unref);
  g_clear_pointer (&operation->writes, g_ptr_array_unref);
  ls_helper_route_state_clear (&operation->state);
  g_free (operation);
}

static void
finish_current (LsHelperRoute *self, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->current);

  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
  start_next (self);
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
take_addresses (Operation *operation, GPtrArray *answers)
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
take_routes (Operation *operation, GPtrArray *answers, int family)
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
take_rules (Operation *operation, GPtrArray *answers, int family)
{
  for (guint i = 0; i < answers->len; i++)
    ls_helper_route_state_add_rule (
        &operation->state, family,
        ls_helper_route_message_parse_rule (answer_header (answers, i), family));
}

static void
take_answers (Operation *operation, GPtrArray *answers)
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
accept_dump_error (Operation *operation, const GError *error)
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
accept_write_error (Operation *operation, const struct nlmsghdr *message, const GError *error)
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

static void
answered_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  LsHelperRoute *self = user_data;
  Operation *operation = g_task_get_task_data (self->current);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) answers
      = ls_helper_netlink_request_finish (LS_HELPER_NETLINK (source), result, &error);

  if (answers != NULL)
    take_answers (operation, answers);
  else if (operation->step == STEP_WRITE)
    {
      const struct nlmsghdr *message = g_ptr_array_index (operation->writes, operation->next_write);
      if (!accept_write_error (operation, message, error))
        {
          finish_current (self, write_error (message, error));
          return;
        }
    }
  else if (!accept_dump_error (operation, error))
    {
      finish_current (self, g_error_new (LS_ERROR, LS_ERROR_BACKEND,
                                         _ ("The network's state could not be read: %s"),
                                         error->message));
      return;
    }

  if (operation->step == STEP_WRITE)
    operation->next_write++;
  else
    operation->step++;
  advance (self);
}

static struct nlmsghdr *
dump_message (const Operation *operation)
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
skip_needless_dumps (Operation *operation)
{
  if (operation->step == STEP_LINK && operation->interface == NULL)
    operation->step = STEP_ADDRESSES;
  if (operation->step == STEP_ADDRESSES && operation->state.link == NULL)
    operation->step = STEP_ROUTES_4;
}

static GPtrArray *
plan (Operation *operation)
{
  operation->state.no_ipv6 = operation->no_ipv6;
  switch (operation->kind)
    {
    case OPERATION_APPLY:
      return ls_helper_route_plan_apply (&operation->state, operation->mtu, operation->addresses,
                                         operation->routes);
    case OPERATION_MEND:
      return ls_helper_route_plan_mend (&operation->state, operation->addresses, operation->routes);
    case OPERATION_CHECK:
      operation->flag
          = ls_helper_route_state_has (&operation->state, operation->addresses, operation->routes);
      return g_ptr_array_new ();
    case OPERATION_REMOVE:
      return ls_helper_route_plan_remove (&operation->state, operation->flag);
    case OPERATION_RULES:
    default:
      return ls_helper_route_plan_rules (&operation->state, operation->flag);
    }
}

/* What makes it impossible to go on with what was read. */
static GError *
check_state (const Operation *operation)
{
  if (operation->kind != OPERATION_APPLY && operation->kind != OPERATION_MEND)
    return NULL;
  if (operation->kind == OPERATION_MEND && !ls_helper_route_state_can_be_mended (&operation->state))
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

/* All is read: makes the plan. FALSE if the operation ended. */
static gboolean
begin_writing (LsHelperRoute *self, Operation *operation)
{
  GError *error = check_state (operation);
  gboolean verifying = operation->writes != NULL;

  if (error != NULL)
    {
      finish_current (self, error);
      return FALSE;
    }
  g_clear_pointer (&operation->writes, g_ptr_array_unref);
  operation->writes = plan (operation);
  operation->next_write = 0;
  if (operation->writes->len > 0 && !verifying)
    return TRUE;
  /* What is taken again while it is put back is told anew. */
  if (operation->writes->len == 0 || operation->kind == OPERATION_MEND)
    finish_current (self, NULL);
  else
    finish_current (self, g_error_new_literal (LS_ERROR, LS_ERROR_BACKEND,
                                               _ ("Another program changed the network settings at "
                                                  "the same time. Try again.")));
  return FALSE;
}

static void
read_again (Operation *operation)
{
  ls_helper_route_state_clear (&operation->state);
  ls_helper_route_state_init (&operation->state);
  operation->step = STEP_LINK;
}

static void
advance (LsHelperRoute *self)
{
  Operation *operation = g_task_get_task_data (self->current);
  g_autofree struct nlmsghdr *owned = NULL;
  const struct nlmsghdr *message;

  if (operation->step == STEP_WRITE && operation->next_write >= operation->writes->len)
    read_again (operation);
  skip_needless_dumps (operation);
  if (operation->step == STEP_PLAN)
    {
      g_autoptr (GTask) hold G_GNUC_UNUSED = g_object_ref (self->current);
      if (!begin_writing (self, operation))
        return;
      operation->step = STEP_WRITE;
    }
  if (operation->step == STEP_WRITE)
    message = g_ptr_array_index (operation->writes, operation->next_write);
  else
    message = owned = dump_message (operation);
  ls_helper_netlink_request (self->netlink, message, NULL, answered_cb, self);
}

static void
start_next (LsHelperRoute *self)
{
  if (self->current != NULL)
    return;
  while ((self->current = g_queue_pop_head (&self->waiting)) != NULL)
    {
      if (!g_task_return_error_if_cancelled (self->current))
        {
          advance (self);
          return;
        }
      g_clear_object (&self->current);
    }
}

static Operation *
operation_new (OperationKind kind, const char *interface)
{
  Operation *operation = g_new0 (Operation, 1);

  operation->kind = kind;
  operation->interface = g_strdup (interface);
  ls_helper_route_state_init (&operation->state);
  return operation;
}

static void
queue_operation (LsHelperRoute *self, Operation *operation, gpointer tag, GCancellable *cancellable,
                 GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, tag);
  g_task_set_task_data (task, operation, (GDestroyNotify)operation_free);
  g_queue_push_tail (&self->waiting, task);
  start_next (self);
}

static Operation *
layer3_operation_new (OperationKind kind, const char *interface, const GArray *addresses,
                      const GArray *routes)
{
  Operation *operation = operation_new (kind, interface);

  operation->addresses = g_array_copy ((GArray *)addresses);
  operation->routes = g_array_copy ((GArray *)routes);
  return operation;
}

void
ls_helper_route_apply (LsHelperRoute *self, const char *interface, guint mtu,
                       const GArray *addresses, const GArray *routes, GCancellable *cancellable,
                       GAsyncReadyCallback callback, gpointer user_data)
{
  Operation *operation = layer3_operation_new (OPERATION_APPLY, interface, addresses, routes);

  operation->mtu = mtu;
  queue_operation (self, operation, ls_helper_route_apply, cancellable, callback, user_data);
}

static gboolean
operation_finish (LsHelperRoute *self, GAsyncResult *result, gboolean *out_changed, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  const Operation *operation = g_task_get_task_data (G_TASK (result));
  if (out_changed != NULL)
    *out_changed = operation->changed;
  return g_task_propagate_boolean (G_TASK (result), error);
}

gboolean
ls_helper_route_apply_finish (LsHelperRoute *self, GAsyncResult *result, gboolean *out_changed,
                              GError **error)
{
  return operation_finish (self, result, out_changed, error);
}

void
ls_helper_route_mend (LsHelperRoute *self, const char *interface, const GArray *addresses,
                      const GArray *routes, GCancellable *cancellable, GAsyncReadyCallback callback,
                      gpointer user_data)
{
  queue_operation (self, layer3_operation_new (OPERATION_MEND, interface, addresses, routes),
                   ls_helper_route_mend, cancellable, callback, user_data);
}

gboolean
ls_helper_route_mend_finish (LsHelperRoute *self, GAsyncResult *result, gboolean *out_changed,
                             GError **error)
{
  return operation_finish (self, result, out_changed, error);
}

void
ls_helper_route_check (LsHelperRoute *self, const char *interface, const GArray *addresses,
                       const GArray *routes, GCancellable *cancellable,
                       GAsyncReadyCallback callback, gpointer user_data)
{
  queue_operation (self, layer3_operation_new (OPERATION_CHECK, interface, addresses, routes),
                   ls_helper_route_check, cancellable, callback, user_data);
}

gboolean
ls_helper_route_check_finish (LsHelperRoute *self, GAsyncResult *result, gboolean *out_complete,
                              GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  const Operation *operation = g_task_get_task_data (G_TASK (result));
  *out_complete = operation->flag;
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
ls_helper_route_remove (LsHelperRoute *self, const char *interface, gboolean delete_link,
                        GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  Operation *operation = operation_new (OPERATION_REMOVE, interface);

  operation->flag = delete_link;
  queue_operation (self, operation, ls_helper_route_remove, cancellable, callback, user_data);
}

gboolean
ls_helper_route_remove_finish (LsHelperRoute *self, GAsyncResult *result, GError **error)
{
  return operation_finish (self, result, NULL, error);
}

void
ls_helper_route_sync_rules (LsHelperRoute *self, gboolean wanted, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer user_data)
{
  Operation *operation = operation_new (OPERATION_RULES, NULL);

  operation->flag = wanted;
  queue_operation (self, operation, ls_helper_route_sync_rules, cancellable, callback, user_data);
}

gboolean
ls_helper_route_sync_rules_finish (LsHelperRoute *self, GAsyncResult *result, gboolean *out_changed,
                                   GError **error)
{
  return operation_finish (self, result, out_changed, error);
}

LsHelperNetlink *
ls_helper_route_get_netlink (LsHelperRoute *self)
{
  return self->netlink;
}

void
ls_helper_route_emit_link (LsHelperRoute *self, const char *interface, gboolean exists, gboolean up)
{
  if (exists)
    g_signal_emit (self, signals[LINK_CHANGED], 0, interface, up);
  else
    g_signal_emit (self, signals[LINK_REMOVED], 0, interface);
}

void
ls_helper_route_emit_drift (LsHelperRoute *self, const char *interface)
{
  g_signal_emit (self, signals[DRIFT], 0, interface);
}

void
ls_helper_route_set_watch (LsHelperRoute *self, LsHelperNetlink *watch)
{
  if (self->watch != NULL)
    g_signal_handlers_disconnect_by_data (self->watch, self);
  g_set_object (&self->watch, watch);
}

LsHelperNetlink *
ls_helper_route_get_watch (LsHelperRoute *self)
{
  return self->watch;
}

LsHelperRoute *
ls_helper_route_new (GError **error)
{
  g_autoptr (LsHelperRoute) self = g_object_new (LS_TYPE_HELPER_ROUTE, NULL);

  self->netlink = ls_helper_netlink_new (NETLINK_ROUTE, error);
  return self->netlink != NULL ? g_steal_pointer (&self) : NULL;
}

static void
ls_helper_route_dispose (GObject *object)
{
  LsHelperRoute *self = LS_HELPER_ROUTE (object);

  ls_helper_route_set_watch (self, NULL);
  g_clear_object (&self->netlink);
  G_OBJECT_CLASS (ls_helper_route_parent_class)->dispose (object);
}

static void
ls_helper_route_class_init (LsHelperRouteClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ls_helper_route_dispose;

  signals[LINK_REMOVED] = g_signal_new ("link-removed", LS_TYPE_HELPER_ROUTE, G_SIGNAL_RUN_LAST, 0,
                                        NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[DRIFT] = g_signal_new ("drift", LS_TYPE_HELPER_ROUTE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[LINK_CHANGED]
      = g_signal_new ("link-changed", LS_TYPE_HELPER_ROUTE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                      G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_BOOLEAN);
}

static void
ls_helper_route_init (LsHelperRoute *self)
{
  g_queue_init (&self->waiting);
}
