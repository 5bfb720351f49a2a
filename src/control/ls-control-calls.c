/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-control-client-private.h"

/* Each call: build the request, run it, take the result. */

static gpointer
finish (LsControlClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* For calls whose result has nothing that anybody needs. */
static gboolean
finish_ignored (LsControlClient *self, GAsyncResult *result, GDestroyNotify free_answer,
                GError **error)
{
  gpointer answer = finish (self, result, error);
  gboolean ok = answer != NULL;

  if (free_answer != NULL)
    g_clear_pointer (&answer, free_answer);
  return ok;
}

static gboolean
finish_number (LsControlClient *self, GAsyncResult *result, gint64 *out_number, GError **error)
{
  g_autofree gint64 *number = finish (self, result, error);

  if (number != NULL && out_number != NULL)
    *out_number = *number;
  return number != NULL;
}

void
ls_control_client_probe_async (LsControlClient *self, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data)
{
  LsControlRequest *request = ls_control_request_new_probe ();

  ls_control_run_async (self, request, NULL, cancellable, callback, user_data);
}

LsControlProbe *
ls_control_client_probe_finish (LsControlClient *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, error);
}

void
ls_control_client_healthz_async (LsControlClient *self, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data)
{
  LsControlRequest *request = ls_control_request_new_healthz ();

  ls_control_run_async (self, request, NULL, cancellable, callback, user_data);
}

gboolean
ls_control_client_healthz_finish (LsControlClient *self, GAsyncResult *result, GError **error)
{
  return finish_ignored (self, result, NULL, error);
}

void
ls_control_client_register_async (LsControlClient *self, const char *token, const char *node_name,
                                  const char *machine_public_key, const char *wg_public_key,
                                  GCancellable *cancellable, GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  GError *error = NULL;
  LsControlRequest *request = ls_control_request_new_register (token, node_name, machine_public_key,
                                                               wg_public_key, &error);

  ls_control_run_async (self, request, error, cancellable, callback, user_data);
}

LsRegistration *
ls_control_client_register_finish (LsControlClient *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, error);
}

void
ls_control_client_register_url_async (LsControlClient *self, const char *network_id,
                                      const char *node_name, const char *machine_public_key,
                                      const char *wg_public_key, guint64 ttl,
                                      GCancellable *cancellable, GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  GError *error = NULL;
  LsControlRequest *request = ls_control_request_new_register_url (
      network_id, node_name, machine_public_key, wg_public_key, ttl, &error);

  ls_control_run_async (self, request, error, cancellable, callback, user_data);
}

LsPendingRegistration *
ls_control_client_register_url_finish (LsControlClient *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, error);
}

void
ls_control_client_approve_by_link_async (LsControlClient *self, const char *auth_path,
                                         GCancellable *cancellable, GAsyncReadyCallback callback,
                                         gpointer user_data)
{
  GError *error = NULL;
  LsControlRequest *request = ls_control_request_new_approve_by_link (auth_path, &error);

  ls_control_run_async (self, request, error, cancellable, callback, user_data);
}

LsApproval *
ls_control_client_approve_by_link_finish (LsControlClient *self, GAsyncResult *result,
                                          GError **error)
{
  return finish (self, result, error);
}

void
ls_control_client_heartbeat_async (LsControlClient *self, const char *node_id,
                                   const char *const *endpoints, guint16 listen_port,
                                   const GPtrArray *routes, gboolean probe,
                                   GCancellable *cancellable, GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  GError *error = NULL;
  LsControlRequest *request
      = ls_control_request_new_heartbeat (node_id, endpoints, listen_port, routes, probe, &error);

  ls_control_run_async (self, request, error, cancellable, callback, user_data);
}

LsNetmap *
ls_control_client_heartbeat_finish (LsControlClient *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, error);
}

void
ls_control_client_netmap_async (LsControlClient *self, const char *node_id,
                                GCancellable *cancellable, GAsyncReadyCallback callback,
                                gpointer user_data)
{
  GError *error = NULL;
  LsControlRequest *request = ls_control_request_new_netmap (node_id, &error);

  ls_control_run_async (self, request, error, cancellable, callback, user_data);
}

LsNetmap *
ls_control_client_netmap_finish (LsControlClient *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, error);
}

void
ls_control_client_longpoll_async (LsControlClient *self, const char *node_id, guint64 since,
                                  guint hold, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer user_data)
{
  GError *error = NULL;
  LsControlRequest *request = ls_control_request_new_longpoll (node_id, since, hold, &error);

  ls_control_run_async (self, request, error, cancellable, callback, user_data);
}

LsNetmap *
ls_control_client_longpoll_finish (LsControlClient *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, error);
}

void
ls_control_client_rotate_keys_async (LsControlClient *self, const char *node_id,
                                     const char *machine_public_key, const char *wg_public_key,
                                     GCancellable *cancellable, GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  GError *error = NULL;
  LsControlRequest *request
      = ls_control_request_new_rotate_keys (node_id, machine_public_key, wg_public_key, &error);

  ls_control_run_async (self, request, error, cancellable, callback, user_data);
}

LsRotatedKeys *
ls_control_client_rotate_keys_finish (LsControlClient *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, error);
}

void
ls_control_client_key_history_async (LsControlClient *self, const char *node_id,
                                     GCancellable *cancellable, GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  GError *error = NULL;
  LsControlRequest *request = ls_control_request_new_key_history (node_id, &error);

  ls_control_run_async (self, request, error, cancellable, callback, user_data);
}

GPtrArray *
ls_control_client_key_history_finish (LsControlClient *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, error);
}

void
ls_control_client_revoke_node_async (LsControlClient *self, const char *node_id,
                                     GCancellable *cancellable, GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  GError *error = NULL;
  LsControlRequest *request = ls_control_request_new_revoke_node (node_id, &error);

  ls_control_run_async (self, request, error, cancellable, callback, user_data);
}

gboolean
ls_control_client_revoke_node_finish (LsControlClient *self, GAsyncResult *result,
                                      gint64 *out_revoked_at, GError **error)
{
  return finish_number (self, result, out_revoked_at, error);
}

void
ls_control_client_delete_node_async (LsControlClient *self, const char *node_id,
                                     GCancellable *cancellable, GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  GError *error = NULL;
  LsControlRequest *request = ls_control_request_new_delete_node (node_id, &error);

  ls_control_run_async (self, request, error, cancellable, callback, user_data);
}

gboolean
ls_control_client_delete_node_finish (LsControlClient *self, GAsyncResult *result, GError **error)
{
  return finish_ignored (self, result, g_free, error);
}

void
ls_control_client_list_nodes_async (LsControlClient *self, const char *network_id,
                                    GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  GError *error = NULL;
  LsControlRequest *request = ls_control_request_new_list_nodes (network_id, &error);

  ls_control_run_async (self, request, error, cancellable, callback, user_data);
}

GPtrArray *
ls_control_client_list_nodes_finish (LsControlClient *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, error);
}

void
ls_control_client_approve_node_async (LsControlClient *self, const char *node_id,
                                      GCancellable *cancellable, GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  GError *error = NULL;
  LsControlRequest *request = ls_control_request_new_approve_node (node_id, &error);

  ls_control_run_async (self, request, error, cancellable, callback, user_data);
}

LsApproval *
ls_control_client_approve_node_finish (LsControlClient *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, error);
}

void
ls_control_client_update_node_async (LsControlClient *self, const char *node_id, const char *name,
                                     const char *const *tags, GCancellable *cancellable,
                                     GAsyncReadyCallback callback, gpointer user_data)
{
  GError *error = NULL;
  LsControlRequest *request = ls_control_request_new_update_node (node_id, name, tags, &error);

  ls_control_run_async (self, request, error, cancellable, callback, user_data);
}

LsNode *
ls_control_client_update_node_finish (LsControlClient *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, error);
}

void
ls_control_client_create_network_async (LsControlClient *self, const LsNetworkDraft *draft,
                                        GCancellable *cancellable, GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  GError *error = NULL;
  LsControlRequest *request = ls_control_request_new_create_network (draft, &error);

  ls_control_run_async (self, request, error, cancellable, callback, user_data);
}

LsCreatedNetwork *
ls_control_client_create_network_finish (LsControlClient *self, GAsyncResult *result,
                                         GError **error)
{
  return finish (self, result, error);
}

void
ls_control_client_delete_network_async (LsControlClient *self, const char *network_id,
                                        GCancellable *cancellable, GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  GError *error = NULL;
  LsControlRequest *request = ls_control_request_new_delete_network (network_id, &error);

  ls_control_run_async (self, request, error, cancellable, callback, user_data);
}

gboolean
ls_control_client_delete_network_finish (LsControlClient *self, GAsyncResult *result,
                                         GError **error)
{
  return finish_ignored (self, result, NULL, error);
}

void
ls_control_client_list_tokens_async (LsControlClient *self, const char *network_id,
                                     GCancellable *cancellable, GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  GError *error = NULL;
  LsControlRequest *request = ls_control_request_new_list_tokens (network_id, &error);

  ls_control_run_async (self, request, error, cancellable, callback, user_data);
}

GPtrArray *
ls_control_client_list_tokens_finish (LsControlClient *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, error);
}

void
ls_control_client_create_token_async (LsControlClient *self, const char *network_id, guint64 ttl,
                                      guint32 uses, const char *const *tags,
                                      GCancellable *cancellable, GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  GError *error = NULL;
  LsControlRequest *request
      = ls_control_request_new_create_token (network_id, ttl, uses, tags, &error);

  ls_control_run_async (self, request, error, cancellable, callback, user_data);
}

LsEnrollmentToken *
ls_control_client_create_token_finish (LsControlClient *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, error);
}

void
ls_control_client_revoke_token_async (LsControlClient *self, const char *token,
                                      GCancellable *cancellable, GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  GError *error = NULL;
  LsControlRequest *request = ls_control_request_new_revoke_token (token, &error);

  ls_control_run_async (self, request, error, cancellable, callback, user_data);
}

LsEnrollmentToken *
ls_control_client_revoke_token_finish (LsControlClient *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, error);
}

void
ls_control_client_get_acl_async (LsControlClient *self, const char *network_id,
                                 GCancellable *cancellable, GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  GError *error = NULL;
  LsControlRequest *request = ls_control_request_new_get_acl (network_id, &error);

  ls_control_run_async (self, request, error, cancellable, callback, user_data);
}

LsAclPolicy *
ls_control_client_get_acl_finish (LsControlClient *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, error);
}

void
ls_control_client_put_acl_async (LsControlClient *self, const char *network_id,
                                 const LsAclPolicy *policy, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data)
{
  GError *error = NULL;
  LsControlRequest *request = ls_control_request_new_put_acl (network_id, policy, &error);

  ls_control_run_async (self, request, error, cancellable, callback, user_data);
}

LsAclPolicy *
ls_control_client_put_acl_finish (LsControlClient *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, error);
}

void
ls_control_client_get_key_policy_async (LsControlClient *self, const char *network_id,
                                        GCancellable *cancellable, GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  GError *error = NULL;
  LsControlRequest *request = ls_control_request_new_get_key_policy (network_id, &error);

  ls_control_run_async (self, request, error, cancellable, callback, user_data);
}

gboolean
ls_control_client_get_key_policy_finish (LsControlClient *self, GAsyncResult *result,
                                         guint64 *out_max_age, GError **error)
{
  return finish_number (self, result, (gint64 *)out_max_age, error);
}

void
ls_control_client_put_key_policy_async (LsControlClient *self, const char *network_id,
                                        guint64 max_age, GCancellable *cancellable,
                                        GAsyncReadyCallback callback, gpointer user_data)
{
  GError *error = NULL;
  LsControlRequest *request = ls_control_request_new_put_key_policy (network_id, max_age, &error);

  ls_control_run_async (self, request, error, cancellable, callback, user_data);
}

gboolean
ls_control_client_put_key_policy_finish (LsControlClient *self, GAsyncResult *result,
                                         guint64 *out_max_age, GError **error)
{
  return finish_number (self, result, (gint64 *)out_max_age, error);
}

void
ls_control_client_audit_async (LsControlClient *self, const char *network_id, const char *node_id,
                               guint limit, GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer user_data)
{
  GError *error = NULL;
  LsControlRequest *request = ls_control_request_new_audit (network_id, node_id, limit, &error);

  ls_control_run_async (self, request, error, cancellable, callback, user_data);
}

GPtrArray *
ls_control_client_audit_finish (LsControlClient *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, error);
}

void
ls_control_client_topology_async (LsControlClient *self, GCancellable *cancellable,
                                  GAsyncReadyCallback callback, gpointer user_data)
{
  LsControlRequest *request = ls_control_request_new_topology ();

  ls_control_run_async (self, request, NULL, cancellable, callback, user_data);
}

LsTopology *
ls_control_client_topology_finish (LsControlClient *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, error);
}
