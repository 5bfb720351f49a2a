/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ui-network-private.h"

/* The calls of the generated proxy begin and end alike. */
typedef void (*BeginFunc) (LsAgentIpcProfile *proxy, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data);
typedef gboolean (*FinishFunc) (LsAgentIpcProfile *proxy, GAsyncResult *result, GError **error);

typedef struct
{
  LsUiNetwork *network; /* owned */
  FinishFunc finish;
} Verb;

static void
verb_free (Verb *verb)
{
  g_object_unref (verb->network);
  g_free (verb);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Verb, verb_free)

static void
verb_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Verb) verb = user_data;
  g_autoptr (GError) error = NULL;

  if (!verb->finish (LS_AGENT_IPC_PROFILE (source), result, &error))
    ls_ui_network_take_failure (verb->network, g_steal_pointer (&error));
}

/* A verb without arguments and answer. */
static void
run_verb (LsUiNetwork *self, BeginFunc begin, FinishFunc finish)
{
  Verb *verb = g_new (Verb, 1);

  verb->network = g_object_ref (self);
  verb->finish = finish;
  ls_ui_network_take_failure (self, NULL);
  begin (self->proxy, self->cancellable, verb_cb, verb);
}

static void
return_to_task (GTask *task, GObject *source, GAsyncResult *result, FinishFunc finish)
{
  g_autoptr (GError) error = NULL;

  if (finish (LS_AGENT_IPC_PROFILE (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

static void
update_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  return_to_task (task, source, result, ls_agent_ipc_profile_call_update_finish);
}

static void
join_with_token_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  return_to_task (task, source, result, ls_agent_ipc_profile_call_register_with_token_finish);
}

static void
ask_approval_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  return_to_task (task, source, result, ls_agent_ipc_profile_call_register_with_approval_finish);
}

void
ls_ui_network_set_enabled (LsUiNetwork *self, gboolean enabled)
{
  if (enabled)
    run_verb (self, ls_agent_ipc_profile_call_connect, ls_agent_ipc_profile_call_connect_finish);
  else
    run_verb (self, ls_agent_ipc_profile_call_disconnect,
              ls_agent_ipc_profile_call_disconnect_finish);
}

void
ls_ui_network_approve_now (LsUiNetwork *self)
{
  run_verb (self, ls_agent_ipc_profile_call_approve_now,
            ls_agent_ipc_profile_call_approve_now_finish);
}

void
ls_ui_network_remove (LsUiNetwork *self)
{
  run_verb (self, ls_agent_ipc_profile_call_remove, ls_agent_ipc_profile_call_remove_finish);
}

void
ls_ui_network_refresh (LsUiNetwork *self)
{
  run_verb (self, ls_agent_ipc_profile_call_refresh, ls_agent_ipc_profile_call_refresh_finish);
}

void
ls_ui_network_dismiss_failure (LsUiNetwork *self)
{
  ls_ui_network_take_failure (self, NULL);
}

void
ls_ui_network_update_async (LsUiNetwork *self, const char *const *urls, LsPins *pins,
                            GCancellable *cancellable, GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GVariantDict options;

  g_task_set_source_tag (task, ls_ui_network_update_async);
  g_variant_dict_init (&options, NULL);
  g_variant_dict_insert_value (&options, "urls", g_variant_new_strv (urls, -1));
  g_variant_dict_insert_value (&options, "pins", ls_pins_to_variant (pins));
  ls_agent_ipc_profile_call_update (self->proxy, g_variant_dict_end (&options), cancellable,
                                    update_cb, g_steal_pointer (&task));
}

gboolean
ls_ui_network_update_finish (LsUiNetwork *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
ls_ui_network_join_with_token_async (LsUiNetwork *self, const char *token, const char *node_name,
                                     GCancellable *cancellable, GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, ls_ui_network_join_with_token_async);
  ls_agent_ipc_profile_call_register_with_token (self->proxy, token, node_name, TRUE, cancellable,
                                                 join_with_token_cb, g_steal_pointer (&task));
}

gboolean
ls_ui_network_join_with_token_finish (LsUiNetwork *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
ls_ui_network_ask_approval_async (LsUiNetwork *self, const char *network_id, const char *node_name,
                                  GCancellable *cancellable, GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, ls_ui_network_ask_approval_async);
  ls_agent_ipc_profile_call_register_with_approval (self->proxy, network_id, node_name, 0, TRUE,
                                                    cancellable, ask_approval_cb,
                                                    g_steal_pointer (&task));
}

gboolean
ls_ui_network_ask_approval_finish (LsUiNetwork *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
