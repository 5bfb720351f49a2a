/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ui-networks-private.h"

#include <glib/gi18n-lib.h>

#include "ls-error.h"

/* A task for a call, or NULL if there is no agent: then @callback gets that as its error. */
static GTask *
begin_call (LsUiNetworks *self, GCancellable *cancellable, GAsyncReadyCallback callback,
            gpointer user_data, gpointer tag)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, tag);
  if (self->manager != NULL)
    return g_steal_pointer (&task);
  g_task_return_new_error (task, LS_ERROR, LS_ERROR_NOT_FOUND, "%s",
                           _ ("The Lightscale agent does not run."));
  return NULL;
}

/* (floating) */
static GVariant *
pins_to_options (LsPins *pins)
{
  GVariantDict options;

  g_variant_dict_init (&options, NULL);
  g_variant_dict_insert_value (&options, "pins", ls_pins_to_variant (pins));
  return g_variant_dict_end (&options);
}

static char *
lookup_text (GVariant *dict, const char *key)
{
  char *text = NULL;

  return g_variant_lookup (dict, key, "s", &text) ? text : g_strdup ("");
}

static void
check_server_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GVariant) answer = NULL;
  g_autoptr (GError) error = NULL;
  LsUiServer *server;

  if (!ls_agent_ipc_manager_call_check_server_finish (LS_AGENT_IPC_MANAGER (source), &answer,
                                                      result, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  server = g_new0 (LsUiServer, 1);
  server->url = lookup_text (answer, "url");
  server->certificate_error = lookup_text (answer, "certificate-error");
  server->pin = lookup_text (answer, "pin");
  g_variant_lookup (answer, "encrypted", "b", &server->encrypted);
  g_task_return_pointer (task, server, (GDestroyNotify)ls_ui_server_free);
}

static void
add_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsUiNetworks *self = g_task_get_source_object (task);
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  LsUiNetwork *network;

  if (!ls_agent_ipc_manager_call_add_profile_finish (LS_AGENT_IPC_MANAGER (source), &path, result,
                                                     &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  /* The agent tells of the new object before it answers. */
  network = ls_ui_networks_find (self, path);
  if (network == NULL)
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_NOT_FOUND, "%s",
                             _ ("The agent has not shown the new network."));
  else
    g_task_return_pointer (task, g_object_ref (network), g_object_unref);
}

/* The calls without an answer end alike. */
typedef gboolean (*FinishFunc) (LsAgentIpcManager *proxy, GAsyncResult *result, GError **error);

static void
return_to_task (GTask *task, GObject *source, GAsyncResult *result, FinishFunc finish)
{
  g_autoptr (GError) error = NULL;

  if (finish (LS_AGENT_IPC_MANAGER (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

static void
restore_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  return_to_task (task, source, result, ls_agent_ipc_manager_call_restore_network_finish);
}

static void
quit_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  return_to_task (task, source, result, ls_agent_ipc_manager_call_quit_finish);
}

static void
dismiss_notice_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  /* A notice that does not go away stays visible; there is no more to say. */
  if (!ls_agent_ipc_manager_call_dismiss_notice_finish (LS_AGENT_IPC_MANAGER (source), result,
                                                        &error))
    g_debug ("Dismissing a notice: %s", error->message);
}

void
ls_ui_server_free (LsUiServer *server)
{
  g_free (server->url);
  g_free (server->certificate_error);
  g_free (server->pin);
  g_free (server);
}

void
ls_ui_networks_dismiss_notice (LsUiNetworks *self, const char *id)
{
  if (self->manager != NULL)
    ls_agent_ipc_manager_call_dismiss_notice (self->manager, id, self->cancellable,
                                              dismiss_notice_cb, NULL);
}

void
ls_ui_networks_check_server_async (LsUiNetworks *self, const char *const *urls, LsPins *pins,
                                   GCancellable *cancellable, GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  GTask *task
      = begin_call (self, cancellable, callback, user_data, ls_ui_networks_check_server_async);

  if (task != NULL)
    ls_agent_ipc_manager_call_check_server (self->manager, urls, pins_to_options (pins),
                                            cancellable, check_server_cb, task);
}

LsUiServer *
ls_ui_networks_check_server_finish (LsUiNetworks *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
ls_ui_networks_add_async (LsUiNetworks *self, const char *const *urls, LsPins *pins,
                          GCancellable *cancellable, GAsyncReadyCallback callback,
                          gpointer user_data)
{
  GTask *task = begin_call (self, cancellable, callback, user_data, ls_ui_networks_add_async);

  if (task != NULL)
    ls_agent_ipc_manager_call_add_profile (self->manager, "", urls, pins_to_options (pins),
                                           cancellable, add_cb, task);
}

LsUiNetwork *
ls_ui_networks_add_finish (LsUiNetworks *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
ls_ui_networks_restore_async (LsUiNetworks *self, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = begin_call (self, cancellable, callback, user_data, ls_ui_networks_restore_async);

  if (task != NULL)
    ls_agent_ipc_manager_call_restore_network (self->manager, cancellable, restore_cb, task);
}

gboolean
ls_ui_networks_restore_finish (LsUiNetworks *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
ls_ui_networks_quit_async (LsUiNetworks *self, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = begin_call (self, cancellable, callback, user_data, ls_ui_networks_quit_async);

  if (task != NULL)
    ls_agent_ipc_manager_call_quit (self->manager, cancellable, quit_cb, task);
}

gboolean
ls_ui_networks_quit_finish (LsUiNetworks *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
