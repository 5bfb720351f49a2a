/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-helper-kernel-backend.h"

#include <glib/gi18n-lib.h>

#include "ls-error.h"

#define LINK_KIND "wireguard"

struct _LsHelperKernelBackend
{
  LsHelperWgBackend parent_instance;

  GHashTable *up; /* interfaces (char *) of tunnels that are up: what happens to them is told */
};

G_DEFINE_FINAL_TYPE (LsHelperKernelBackend, ls_helper_kernel_backend, LS_TYPE_HELPER_WG_BACKEND)

/* Task data of all calls. */
typedef struct
{
  char *name;
  char *interface;
  LsTunnel *desired;
  LsTunnel *previous;
  gboolean changed;
} Call;

static void
call_free (Call *call)
{
  g_free (call->name);
  g_free (call->interface);
  g_clear_pointer (&call->desired, ls_tunnel_free);
  g_clear_pointer (&call->previous, ls_tunnel_free);
  g_free (call);
}

static GTask *
new_task (LsHelperBackend *backend, gpointer tag, const char *name, const char *interface,
          GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (backend, cancellable, callback, user_data);
  Call *call = g_new0 (Call, 1);

  call->name = g_strdup (name);
  call->interface = g_strdup (interface);
  g_task_set_source_tag (task, tag);
  g_task_set_task_data (task, call, (GDestroyNotify)call_free);
  return task;
}

/* SECURITY: an interface of somebody else's that has our name is never written to. */
static gboolean
is_ours (const LsHelperLink *link)
{
  return g_str_equal (link->kind, LINK_KIND) && ls_helper_link_is_ours (link);
}

static void
checked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (ls_helper_wg_check_finish (LS_HELPER_WG (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
is_available (LsHelperBackend *backend, GCancellable *cancellable, GAsyncReadyCallback callback,
              gpointer user_data)
{
  LsHelperWg *wg = ls_helper_wg_backend_get_wg (LS_HELPER_WG_BACKEND (backend));
  GTask *task = new_task (backend, is_available, NULL, NULL, cancellable, callback, user_data);

  ls_helper_wg_check (wg, cancellable, checked_cb, task);
}

static void
routed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsHelperKernelBackend *self = g_task_get_source_object (task);
  Call *call = g_task_get_task_data (task);
  LsHelperApplied *applied;
  gboolean changed = FALSE;
  GError *error = NULL;

  if (!ls_helper_route_apply_finish (LS_HELPER_ROUTE (source), result, &changed, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  g_hash_table_add (self->up, g_strdup (call->interface));
  applied = g_new0 (LsHelperApplied, 1);
  applied->listen_port = call->desired->listen_port;
  applied->changed = call->changed || changed;
  g_task_return_pointer (task, applied, g_free);
}

static void
configured_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  const LsTunnel *desired = call->desired;
  LsHelperRoute *route = ls_helper_backend_get_route (g_task_get_source_object (task));
  GCancellable *cancellable = g_task_get_cancellable (task);
  gboolean changed = FALSE;
  GError *error = NULL;

  if (!ls_helper_wg_apply_finish (LS_HELPER_WG (source), result, &changed, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  call->changed |= changed;
  ls_helper_route_apply (route, call->interface, desired->mtu, desired->addresses, desired->routes,
                         cancellable, routed_cb, g_steal_pointer (&task));
}

/* (transfer full) @task */
static void
configure (GTask *task)
{
  LsHelperWg *wg = ls_helper_wg_backend_get_wg (g_task_get_source_object (task));
  Call *call = g_task_get_task_data (task);

  ls_helper_wg_apply (wg, call->interface, call->desired, call->previous,
                      g_task_get_cancellable (task), configured_cb, task);
}

static void
link_added_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  GError *error = NULL;

  if (!ls_helper_route_add_link_finish (LS_HELPER_ROUTE (source), result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  call->changed = TRUE;
  configure (g_steal_pointer (&task));
}

static void
link_found_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  g_autoptr (LsHelperLink) link = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *alias = ls_helper_route_alias_for (call->name);

  link = ls_helper_route_get_link_finish (LS_HELPER_ROUTE (source), result, &error);
  if (link != NULL && is_ours (link))
    configure (g_steal_pointer (&task));
  else if (link != NULL)
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_CONFLICT,
                             _ ("The network interface “%s” belongs to something else."),
                             call->interface);
  else if (g_error_matches (error, LS_ERROR, LS_ERROR_NOT_FOUND))
    ls_helper_route_add_link (LS_HELPER_ROUTE (source), call->interface, LINK_KIND, alias,
                              cancellable, link_added_cb, g_steal_pointer (&task));
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

static void
apply (LsHelperBackend *backend, const char *name, const char *interface, const LsTunnel *desired,
       const LsTunnel *previous, GCancellable *cancellable, GAsyncReadyCallback callback,
       gpointer user_data)
{
  GTask *task = new_task (backend, apply, name, interface, cancellable, callback, user_data);
  Call *call = g_task_get_task_data (task);

  call->desired = ls_tunnel_copy (desired);
  call->previous = previous != NULL ? ls_tunnel_copy (previous) : NULL;
  ls_helper_route_get_link (ls_helper_backend_get_route (backend), interface, cancellable,
                            link_found_cb, task);
}

static void
link_to_remove_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  g_autoptr (LsHelperLink) link = NULL;
  g_autoptr (GError) error = NULL;

  link = ls_helper_route_get_link_finish (LS_HELPER_ROUTE (source), result, &error);
  if (link == NULL && !g_error_matches (error, LS_ERROR, LS_ERROR_NOT_FOUND))
    g_task_return_error (task, g_steal_pointer (&error));
  else if (link != NULL && !is_ours (link))
    g_task_return_boolean (task, TRUE);
  else
    ls_helper_backend_end_remove (g_steal_pointer (&task), call->interface, link != NULL);
}

static void
remove_tunnel (LsHelperBackend *backend, const char *name, const char *interface, GVariant *state,
               GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  LsHelperKernelBackend *self = LS_HELPER_KERNEL_BACKEND (backend);
  GTask *task
      = new_task (backend, remove_tunnel, name, interface, cancellable, callback, user_data);

  g_hash_table_remove (self->up, interface);
  ls_helper_route_get_link (ls_helper_backend_get_route (backend), interface, cancellable,
                            link_to_remove_cb, task);
}

static void
link_to_adopt_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsHelperKernelBackend *self = g_task_get_source_object (task);
  Call *call = g_task_get_task_data (task);
  g_autoptr (LsHelperLink) link = NULL;
  GError *error = NULL;

  link = ls_helper_route_get_link_finish (LS_HELPER_ROUTE (source), result, &error);
  if (link == NULL)
    g_task_return_error (task, error);
  else if (!is_ours (link) || !link->up)
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_NOT_FOUND,
                             _ ("The tunnel’s network interface “%s” is gone."), call->interface);
  else
    {
      g_hash_table_add (self->up, g_strdup (call->interface));
      g_task_return_boolean (task, TRUE);
    }
}

static void
adopt (LsHelperBackend *backend, const char *name, const char *interface, const LsTunnel *tunnel,
       GVariant *state, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = new_task (backend, adopt, name, interface, cancellable, callback, user_data);

  ls_helper_route_get_link (ls_helper_backend_get_route (backend), interface, cancellable,
                            link_to_adopt_cb, task);
}

static void
tell_down (LsHelperKernelBackend *self, const char *interface)
{
  if (g_hash_table_remove (self->up, interface))
    ls_helper_backend_emit_tunnel_changed (LS_HELPER_BACKEND (self), interface, "down",
                                           "by-someone-else");
}

static void
link_removed_cb (LsHelperRoute *route, const char *interface, LsHelperKernelBackend *self)
{
  tell_down (self, interface);
}

static void
link_changed_cb (LsHelperRoute *route, const char *interface, gboolean up,
                 LsHelperKernelBackend *self)
{
  if (!up)
    tell_down (self, interface);
}

LsHelperBackend *
ls_helper_kernel_backend_new (LsHelperRoute *route, LsHelperWg *wg)
{
  LsHelperKernelBackend *self
      = g_object_new (LS_TYPE_HELPER_KERNEL_BACKEND, "route", route, "wg", wg, NULL);

  g_signal_connect_object (route, "link-removed", G_CALLBACK (link_removed_cb), self, 0);
  g_signal_connect_object (route, "link-changed", G_CALLBACK (link_changed_cb), self, 0);
  return LS_HELPER_BACKEND (self);
}

static void
ls_helper_kernel_backend_finalize (GObject *object)
{
  g_hash_table_unref (LS_HELPER_KERNEL_BACKEND (object)->up);
  G_OBJECT_CLASS (ls_helper_kernel_backend_parent_class)->finalize (object);
}

static void
ls_helper_kernel_backend_class_init (LsHelperKernelBackendClass *klass)
{
  LsHelperBackendClass *backend_class = LS_HELPER_BACKEND_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = ls_helper_kernel_backend_finalize;
  backend_class->kind = LS_BACKEND_KERNEL;
  backend_class->is_available = is_available;
  backend_class->apply = apply;
  backend_class->remove = remove_tunnel;
  backend_class->adopt = adopt;
}

static void
ls_helper_kernel_backend_init (LsHelperKernelBackend *self)
{
  self->up = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}
