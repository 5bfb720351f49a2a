/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ls-helper-wg-backend.h"

typedef struct
{
  LsHelperWg *wg;
} LsHelperWgBackendPrivate;

enum
{
  PROP_WG = 1,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (LsHelperWgBackend, ls_helper_wg_backend,
                                     LS_TYPE_HELPER_BACKEND)

LsHelperWg *
ls_helper_wg_backend_get_wg (LsHelperWgBackend *self)
{
  LsHelperWgBackendPrivate *priv = ls_helper_wg_backend_get_instance_private (self);

  return priv->wg;
}

static void
written_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (ls_helper_wg_write_finish (LS_HELPER_WG (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* Takes @change. */
static void
write_change (LsHelperBackend *backend, const char *interface, LsHelperWgChange *change,
              GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  LsHelperWg *wg = ls_helper_wg_backend_get_wg (LS_HELPER_WG_BACKEND (backend));
  GTask *task = g_task_new (backend, cancellable, callback, user_data);

  g_task_set_source_tag (task, write_change);
  ls_helper_wg_write (wg, interface, change, cancellable, written_cb, task);
  ls_helper_wg_change_free (change);
}

static void
update_peers (LsHelperBackend *backend, const char *interface, GPtrArray *changed, GArray *removed,
              GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  write_change (backend, interface, ls_helper_wg_change_for_update (changed, removed), cancellable,
                callback, user_data);
}

static void
set_endpoints (LsHelperBackend *backend, const char *interface, GPtrArray *peers,
               GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  write_change (backend, interface, ls_helper_wg_change_for_endpoints (peers), cancellable,
                callback, user_data);
}

static void
dumped_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (LsHelperWgDevice) device = NULL;
  GError *error = NULL;

  device = ls_helper_wg_get_device_finish (LS_HELPER_WG (source), result, &error);
  if (device == NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, ls_helper_wg_device_dup_statistics (device),
                           (GDestroyNotify)g_array_unref);
}

static void
statistics (LsHelperBackend *backend, const char *interface, GCancellable *cancellable,
            GAsyncReadyCallback callback, gpointer user_data)
{
  LsHelperWg *wg = ls_helper_wg_backend_get_wg (LS_HELPER_WG_BACKEND (backend));
  GTask *task = g_task_new (backend, cancellable, callback, user_data);

  g_task_set_source_tag (task, statistics);
  ls_helper_wg_get_device (wg, interface, cancellable, dumped_cb, task);
}

static void
ls_helper_wg_backend_set_property (GObject *object, guint id, const GValue *value,
                                   GParamSpec *pspec)
{
  LsHelperWgBackendPrivate *priv
      = ls_helper_wg_backend_get_instance_private (LS_HELPER_WG_BACKEND (object));

  if (id == PROP_WG)
    priv->wg = g_value_dup_object (value);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
ls_helper_wg_backend_dispose (GObject *object)
{
  LsHelperWgBackendPrivate *priv
      = ls_helper_wg_backend_get_instance_private (LS_HELPER_WG_BACKEND (object));

  g_clear_object (&priv->wg);
  G_OBJECT_CLASS (ls_helper_wg_backend_parent_class)->dispose (object);
}

static void
ls_helper_wg_backend_class_init (LsHelperWgBackendClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  LsHelperBackendClass *backend_class = LS_HELPER_BACKEND_CLASS (klass);
  const GParamFlags flags = G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  object_class->set_property = ls_helper_wg_backend_set_property;
  object_class->dispose = ls_helper_wg_backend_dispose;
  backend_class->update_peers = update_peers;
  backend_class->set_endpoints = set_endpoints;
  backend_class->statistics = statistics;

  properties[PROP_WG] = g_param_spec_object ("wg", NULL, NULL, LS_TYPE_HELPER_WG, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
ls_helper_wg_backend_init (LsHelperWgBackend *self)
{
}
