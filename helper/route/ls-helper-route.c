/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "ls-helper-route"

#include "config.h"

#include "ls-helper-route.h"

#include "ls-helper-route-operation.h"
#include "ls-helper-route-private.h"

struct _LsHelperRoute
{
  GObject parent_instance;

  LsHelperNetlink *netlink;
  LsHelperNetlink *watch; /* multicast only; NULL until asked for */
  GQueue waiting; /* of GTask: operations, one after the other, as they share the rules */
  GTask *current;
};

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
finish_current (LsHelperRoute *self, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->current);

  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
  start_next (self);
}

static void
answered_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  LsHelperRoute *self = user_data;
  g_autoptr (GError) failure = NULL;
  g_autoptr (GPtrArray) answers
      = ls_helper_netlink_request_finish (LS_HELPER_NETLINK (source), result, &failure);
  GError *error = NULL;

  if (ls_helper_route_operation_take (g_task_get_task_data (self->current), answers, failure,
                                      &error))
    advance (self);
  else
    finish_current (self, error);
}

static void
advance (LsHelperRoute *self)
{
  GError *error = NULL;
  const struct nlmsghdr *message
      = ls_helper_route_operation_next (g_task_get_task_data (self->current), &error);

  if (message != NULL)
    ls_helper_netlink_request (self->netlink, message, NULL, answered_cb, self);
  else
    finish_current (self, error);
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

static void
queue_operation (LsHelperRoute *self, LsHelperRouteOperation *operation, gpointer tag,
                 GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, tag);
  g_task_set_task_data (task, operation, (GDestroyNotify)ls_helper_route_operation_free);
  g_queue_push_tail (&self->waiting, task);
  start_next (self);
}

static LsHelperRouteOperation *
layer3_operation_new (LsHelperRouteOperationKind kind, const char *interface, guint mtu,
                      const GArray *addresses, const GArray *routes)
{
  LsHelperRouteOperation *operation = ls_helper_route_operation_new (kind, interface, FALSE);

  ls_helper_route_operation_want (operation, mtu, addresses, routes);
  return operation;
}

void
ls_helper_route_apply (LsHelperRoute *self, const char *interface, guint mtu,
                       const GArray *addresses, const GArray *routes, GCancellable *cancellable,
                       GAsyncReadyCallback callback, gpointer user_data)
{
  queue_operation (
      self,
      layer3_operation_new (LS_HELPER_ROUTE_OPERATION_APPLY, interface, mtu, addresses, routes),
      ls_helper_route_apply, cancellable, callback, user_data);
}

static gboolean
operation_finish (LsHelperRoute *self, GAsyncResult *result, gboolean *out_changed, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  const LsHelperRouteOperation *operation = g_task_get_task_data (G_TASK (result));
  if (out_changed != NULL)
    *out_changed = ls_helper_route_operation_has_changed (operation);
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
  queue_operation (
      self, layer3_operation_new (LS_HELPER_ROUTE_OPERATION_MEND, interface, 0, addresses, routes),
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
  queue_operation (
      self, layer3_operation_new (LS_HELPER_ROUTE_OPERATION_CHECK, interface, 0, addresses, routes),
      ls_helper_route_check, cancellable, callback, user_data);
}

gboolean
ls_helper_route_check_finish (LsHelperRoute *self, GAsyncResult *result, gboolean *out_complete,
                              GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  const LsHelperRouteOperation *operation = g_task_get_task_data (G_TASK (result));
  *out_complete = ls_helper_route_operation_is_complete (operation);
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
ls_helper_route_remove (LsHelperRoute *self, const char *interface, gboolean delete_link,
                        GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  LsHelperRouteOperation *operation
      = ls_helper_route_operation_new (LS_HELPER_ROUTE_OPERATION_REMOVE, interface, delete_link);

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
  LsHelperRouteOperation *operation
      = ls_helper_route_operation_new (LS_HELPER_ROUTE_OPERATION_RULES, NULL, wanted);

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
