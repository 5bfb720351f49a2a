/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ls-helper-backend.h"

typedef struct
{
  LsHelperRoute *route;
} LsHelperBackendPrivate;

enum
{
  PROP_ROUTE = 1,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (LsHelperBackend, ls_helper_backend, G_TYPE_OBJECT)

enum
{
  TUNNEL_CHANGED,
  STATE_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static gboolean
finish_boolean (LsHelperBackend *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

LsBackendKind
ls_helper_backend_get_kind (LsHelperBackend *self)
{
  return LS_HELPER_BACKEND_GET_CLASS (self)->kind;
}

void
ls_helper_backend_is_available (LsHelperBackend *self, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data)
{
  LS_HELPER_BACKEND_GET_CLASS (self)->is_available (self, cancellable, callback, user_data);
}

gboolean
ls_helper_backend_is_available_finish (LsHelperBackend *self, GAsyncResult *result, GError **error)
{
  return finish_boolean (self, result, error);
}

void
ls_helper_backend_apply (LsHelperBackend *self, const char *name, const char *interface,
                         const LsTunnel *desired, const LsTunnel *previous,
                         GCancellable *cancellable, GAsyncReadyCallback callback,
                         gpointer user_data)
{
  LS_HELPER_BACKEND_GET_CLASS (self)->apply (self, name, interface, desired, previous, cancellable,
                                             callback, user_data);
}

gboolean
ls_helper_backend_apply_finish (LsHelperBackend *self, GAsyncResult *result,
                                LsHelperApplied *out_applied, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_autofree LsHelperApplied *applied = g_task_propagate_pointer (G_TASK (result), error);
  if (applied == NULL)
    return FALSE;
  if (out_applied != NULL)
    *out_applied = *applied;
  return TRUE;
}

void
ls_helper_backend_mend (LsHelperBackend *self, const char *name, const char *interface,
                        const LsTunnel *tunnel, GCancellable *cancellable,
                        GAsyncReadyCallback callback, gpointer user_data)
{
  LS_HELPER_BACKEND_GET_CLASS (self)->mend (self, name, interface, tunnel, cancellable, callback,
                                            user_data);
}

static void
mended_route_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autofree LsHelperApplied *applied = g_new0 (LsHelperApplied, 1);
  GError *error = NULL;

  if (ls_helper_route_mend_finish (LS_HELPER_ROUTE (source), result, &applied->changed, &error))
    g_task_return_pointer (task, g_steal_pointer (&applied), g_free);
  else
    g_task_return_error (task, error);
}

static void
mend (LsHelperBackend *self, const char *name, const char *interface, const LsTunnel *tunnel,
      GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, mend);
  ls_helper_route_mend (ls_helper_backend_get_route (self), interface, tunnel->addresses,
                        tunnel->routes, cancellable, mended_route_cb, task);
}

void
ls_helper_backend_update_peers (LsHelperBackend *self, const char *interface, GPtrArray *changed,
                                GArray *removed, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data)
{
  LS_HELPER_BACKEND_GET_CLASS (self)->update_peers (self, interface, changed, removed, cancellable,
                                                    callback, user_data);
}

gboolean
ls_helper_backend_update_peers_finish (LsHelperBackend *self, GAsyncResult *result, GError **error)
{
  return finish_boolean (self, result, error);
}

void
ls_helper_backend_set_endpoints (LsHelperBackend *self, const char *interface, GPtrArray *peers,
                                 GCancellable *cancellable, GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  LS_HELPER_BACKEND_GET_CLASS (self)->set_endpoints (self, interface, peers, cancellable, callback,
                                                     user_data);
}

gboolean
ls_helper_backend_set_endpoints_finish (LsHelperBackend *self, GAsyncResult *result, GError **error)
{
  return finish_boolean (self, result, error);
}

void
ls_helper_backend_remove (LsHelperBackend *self, const char *name, const char *interface,
                          GVariant *state, GCancellable *cancellable, GAsyncReadyCallback callback,
                          gpointer user_data)
{
  LS_HELPER_BACKEND_GET_CLASS (self)->remove (self, name, interface, state, cancellable, callback,
                                              user_data);
}

gboolean
ls_helper_backend_remove_finish (LsHelperBackend *self, GAsyncResult *result, GError **error)
{
  return finish_boolean (self, result, error);
}

void
ls_helper_backend_statistics (LsHelperBackend *self, const char *interface,
                              GCancellable *cancellable, GAsyncReadyCallback callback,
                              gpointer user_data)
{
  LS_HELPER_BACKEND_GET_CLASS (self)->statistics (self, interface, cancellable, callback,
                                                  user_data);
}

GArray *
ls_helper_backend_statistics_finish (LsHelperBackend *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
ls_helper_backend_adopt (LsHelperBackend *self, const char *name, const char *interface,
                         const LsTunnel *tunnel, GVariant *state, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer user_data)
{
  LS_HELPER_BACKEND_GET_CLASS (self)->adopt (self, name, interface, tunnel, state, cancellable,
                                             callback, user_data);
}

gboolean
ls_helper_backend_adopt_finish (LsHelperBackend *self, GAsyncResult *result, GError **error)
{
  return finish_boolean (self, result, error);
}

GVariant *
ls_helper_backend_dup_state (LsHelperBackend *self, const char *interface)
{
  LsHelperBackendClass *klass = LS_HELPER_BACKEND_GET_CLASS (self);
  return klass->dup_state != NULL ? klass->dup_state (self, interface) : NULL;
}

void
ls_helper_backend_emit_tunnel_changed (LsHelperBackend *self, const char *interface,
                                       const char *state, const char *reason)
{
  g_signal_emit (self, signals[TUNNEL_CHANGED], 0, interface, state, reason);
}

void
ls_helper_backend_emit_state_changed (LsHelperBackend *self, const char *interface)
{
  g_signal_emit (self, signals[STATE_CHANGED], 0, interface);
}

LsHelperRoute *
ls_helper_backend_get_route (LsHelperBackend *self)
{
  LsHelperBackendPrivate *priv = ls_helper_backend_get_instance_private (self);

  return priv->route;
}

static void
removed_route_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (ls_helper_route_remove_finish (LS_HELPER_ROUTE (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
ls_helper_backend_end_remove (GTask *task, const char *interface, gboolean delete_link)
{
  LsHelperBackend *self = g_task_get_source_object (task);

  ls_helper_route_remove (ls_helper_backend_get_route (self), interface, delete_link,
                          g_task_get_cancellable (task), removed_route_cb, task);
}

static void
ls_helper_backend_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  LsHelperBackendPrivate *priv
      = ls_helper_backend_get_instance_private (LS_HELPER_BACKEND (object));

  if (id == PROP_ROUTE)
    priv->route = g_value_dup_object (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
ls_helper_backend_dispose (GObject *object)
{
  LsHelperBackendPrivate *priv
      = ls_helper_backend_get_instance_private (LS_HELPER_BACKEND (object));

  g_clear_object (&priv->route);
  G_OBJECT_CLASS (ls_helper_backend_parent_class)->dispose (object);
}

static void
ls_helper_backend_class_init (LsHelperBackendClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->set_property = ls_helper_backend_set_property;
  object_class->dispose = ls_helper_backend_dispose;
  klass->mend = mend;

  properties[PROP_ROUTE]
      = g_param_spec_object ("route", NULL, NULL, LS_TYPE_HELPER_ROUTE,
                             G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  signals[TUNNEL_CHANGED]
      = g_signal_new ("tunnel-changed", LS_TYPE_HELPER_BACKEND, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                      NULL, G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_STRING);
  signals[STATE_CHANGED] = g_signal_new ("state-changed", LS_TYPE_HELPER_BACKEND, G_SIGNAL_RUN_LAST,
                                         0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
ls_helper_backend_init (LsHelperBackend *self)
{
}
