/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-profile-private.h"

#include <glib/gi18n-lib.h>

#include "ls-error.h"

/* Answers in a row that this device is unknown before it is believed: a server that is being
 * restored says the same. */
#define GONE_ANSWERS 2
#define RESOLVE_SECONDS 3
#define CONTROL_ADDRESSES_MAX 64

/* Whether it answers */

static void
set_reachable (LsAgentProfile *self, gboolean reachable)
{
  if (self->control_since != 0 && self->control_reachable == reachable)
    return;
  self->control_reachable = reachable;
  self->control_since = g_get_real_time () / G_USEC_PER_SEC;
  ls_agent_profile_notify (self, "control-since");
  ls_agent_profile_notify (self, "control-reachable");
}

/* What a control plane says that is there and says no. */
static gboolean
is_answer (const GError *error)
{
  return error->domain == LS_ERROR
         && (error->code == LS_ERROR_CONTROL_NOT_FOUND
             || error->code == LS_ERROR_CONTROL_UNAUTHORIZED
             || error->code == LS_ERROR_CONTROL_CONFLICT
             || error->code == LS_ERROR_CONTROL_INVALID);
}

static gboolean
is_no_answer (const GError *error)
{
  return error->domain == LS_ERROR
         && (error->code == LS_ERROR_CONTROL_UNREACHABLE || error->code == LS_ERROR_CONTROL_TLS
             || error->code == LS_ERROR_CONTROL_PROTOCOL || error->code == LS_ERROR_CONTROL_SERVER
             || error->code == LS_ERROR_LIMIT);
}

void
ls_agent_profile_note_answer (LsAgentProfile *self, const GError *error)
{
  if (error == NULL || is_answer (error))
    set_reachable (self, TRUE);
  else if (is_no_answer (error))
    set_reachable (self, FALSE);
}

/* The client */

void
ls_agent_profile_end_refresh (LsAgentProfile *self, const GError *error)
{
  ls_agent_profile_end_tasks (&self->refreshers, error);
}

static void
netmap_cb (LsAgentProfile *self, LsNetmap *netmap)
{
  self->gone_count = 0;
  ls_agent_profile_clear_problem (self, LS_AGENT_PROBLEM_CONTROL);
  ls_agent_profile_note_answer (self, NULL);
  ls_agent_profile_take_netmap (self, netmap, FALSE);
  ls_agent_profile_end_refresh (self, NULL);
}

gboolean
ls_agent_profile_make_client (LsAgentProfile *self, GError **error)
{
  LsControlClient *client
      = ls_control_client_new ((const char *const *)self->record->urls, self->record->pins, error);

  if (client == NULL)
    return FALSE;
  g_clear_object (&self->client);
  self->client = client;
  if (self->credentials != NULL && self->credentials->node_token[0] != '\0')
    ls_control_client_set_node_token (client, self->credentials->node_token, NULL);
  if (g_signal_handler_find (self->loop, G_SIGNAL_MATCH_FUNC, 0, 0, NULL, netmap_cb, NULL) == 0)
    g_signal_connect_swapped (self->loop, "netmap", G_CALLBACK (netmap_cb), self);
  g_array_set_size (self->control_addresses, 0);
  ls_agent_profile_resolve_control (self);
  return TRUE;
}

static LsAgentControlMode
wanted_mode (LsAgentProfile *self)
{
  if (self->credentials == NULL || self->credentials->node_token[0] == '\0'
      || *self->record->node_id == '\0' || self->state == LS_AGENT_STATE_REGISTERING)
    return LS_AGENT_CONTROL_OFF;
  if (ls_agent_state_is_up (self->state))
    return LS_AGENT_CONTROL_ACTIVE;
  if (self->state == LS_AGENT_STATE_WAITING_FOR_APPROVAL)
    return LS_AGENT_CONTROL_WAIT;
  return LS_AGENT_CONTROL_WATCH;
}

/* Talks to the control plane as the state asks for. */
void
ls_agent_profile_follow (LsAgentProfile *self)
{
  LsAgentControlMode mode = wanted_mode (self);
  g_auto (GStrv) endpoints = NULL;

  if (mode == LS_AGENT_CONTROL_OFF)
    {
      ls_agent_control_loop_set_mode (self->loop, mode);
      return;
    }
  if (self->record->chosen_port != 0)
    {
      endpoints = ls_agent_local_dup_endpoints (self->context->local, self->record->chosen_port);
      ls_agent_control_loop_set_endpoints (self->loop, (const char *const *)endpoints,
                                           self->record->chosen_port);
    }
  ls_agent_control_loop_set_node (self->loop, self->client, self->record->node_id);
  ls_agent_control_loop_set_mode (self->loop, mode);
}

void
ls_agent_profile_network_changed (LsAgentProfile *self)
{
  ls_agent_profile_follow (self);
  if (!self->control_reachable)
    ls_agent_control_loop_kick (self->loop);
  ls_agent_profile_resolve_control (self);
  ls_agent_profile_reconcile (self);
}

/* What the control plane says of this device */

static void
show_fact (LsAgentProfile *self, LsAgentEvent fact)
{
  const LsAgentProblemKind kind = LS_AGENT_PROBLEM_NODE;

  if (fact == LS_AGENT_EVENT_FACT_REVOKED)
    ls_agent_profile_set_problem (
        self, kind, _ ("An administrator has revoked this device's access."),
        _ ("Ask the administrator of the network, or join again with a new token."), NULL);
  else if (fact == LS_AGENT_EVENT_FACT_GONE)
    ls_agent_profile_set_problem (
        self, kind, _ ("The server does not know this device any more."),
        _ ("Join the network again if it was removed. If the server is being restored, wait: "
           "the keys of this device are kept."),
        NULL);
  else if (fact == LS_AGENT_EVENT_FACT_ROTATION_DUE)
    ls_agent_profile_set_problem (
        self, kind, _ ("The keys of this device are older than the network allows."),
        _ ("Ask the administrator of the network to renew this device."), NULL);
  else
    ls_agent_profile_clear_problem (self, kind);
}

/* Once approved the link has done its work. */
static void
forget_link (LsAgentProfile *self)
{
  if (self->credentials == NULL || self->credentials->auth_path[0] == '\0')
    return;
  ls_agent_credentials_set_auth_path (self->credentials, "", NULL);
  ls_agent_profile_save_keys_async (self, self->credentials, NULL, NULL, NULL);
}

void
ls_agent_profile_take_fact (LsAgentProfile *self, LsAgentEvent fact)
{
  gboolean was_up = ls_agent_state_is_up (self->state);

  if (self->state == LS_AGENT_STATE_REGISTERING)
    return;
  if (self->record->fact != fact)
    {
      self->record->fact = fact;
      ls_agent_profile_save (self);
    }
  if (fact != LS_AGENT_EVENT_FACT_PENDING)
    ls_agent_profile_clear_problem (self, LS_AGENT_PROBLEM_JOIN);
  if (fact == LS_AGENT_EVENT_FACT_APPROVED)
    forget_link (self);
  ls_agent_profile_dispatch (self, fact);
  show_fact (self, fact);
  ls_agent_profile_show_link (self);
  if (was_up && !ls_agent_state_is_up (self->state))
    ls_agent_profile_drop_tunnel (self);
  if (self->state == LS_AGENT_STATE_READY && self->record->want_up)
    ls_agent_profile_resume (self);
  else
    ls_agent_profile_follow (self);
}

static void
control_gone (LsAgentProfile *self)
{
  self->gone_count++;
  if (self->gone_count >= GONE_ANSWERS && self->state != LS_AGENT_STATE_DELETED)
    ls_agent_profile_take_fact (self, LS_AGENT_EVENT_FACT_GONE);
}

void
ls_agent_profile_control_failed (LsAgentProfile *self, const GError *error)
{
  ls_agent_profile_note_answer (self, error);
  if (g_error_matches (error, LS_ERROR, LS_ERROR_CONTROL_NOT_FOUND))
    control_gone (self);
  else
    {
      self->gone_count = 0;
      ls_agent_profile_set_problem_error (self, LS_AGENT_PROBLEM_CONTROL, error);
    }
  ls_agent_profile_end_refresh (self, error);
  /* Without any netmap there is nothing to connect with. */
  if (self->netmap == NULL)
    ls_agent_profile_connect_failed (self, error);
}

/* Refresh */

void
ls_agent_profile_refresh_async (LsAgentProfile *self, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, ls_agent_profile_refresh_async);
  if (*self->record->node_id == '\0' || self->state == LS_AGENT_STATE_NEW)
    {
      g_task_return_new_error (task, LS_ERROR, LS_ERROR_WRONG_STATE,
                               _ ("This profile has not joined a network yet."));
      return;
    }
  if (self->state == LS_AGENT_STATE_REGISTERING)
    {
      g_task_return_new_error (task, LS_ERROR, LS_ERROR_BUSY,
                               _ ("A registration of this network is under way."));
      return;
    }
  g_queue_push_tail (&self->refreshers, g_steal_pointer (&task));
  if (self->credentials == NULL)
    ls_agent_profile_load_keys (self, TRUE);
  else
    ls_agent_control_loop_kick (self->loop);
}

gboolean
ls_agent_profile_refresh_finish (LsAgentProfile *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Addresses of the control plane: no route may take them */

/* Old ones stay: names may not resolve at the moment. */
static void
add_control_address (LsAgentProfile *self, const char *text)
{
  GArray *addresses = self->control_addresses;
  LsAddress address;

  if (!ls_address_parse (text, &address, NULL) || addresses->len >= CONTROL_ADDRESSES_MAX)
    return;
  for (guint i = 0; i < addresses->len; i++)
    if (ls_address_equal (&g_array_index (addresses, LsAddress, i), &address))
      return;
  g_array_append_val (addresses, address);
}

static void
resolve_ended (LsAgentProfile *self)
{
  if (self->resolving > 0)
    return;
  g_clear_handle_id (&self->resolve_timeout, g_source_remove);
  ls_agent_profile_reconcile (self);
}

static void
resolved_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsAgentProfile) self = user_data;
  g_autoptr (GError) error = NULL;
  GList *addresses = g_resolver_lookup_by_name_finish (G_RESOLVER (source), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  for (GList *l = addresses; l != NULL; l = l->next)
    {
      g_autofree char *text = g_inet_address_to_string (l->data);

      add_control_address (self, text);
    }
  g_resolver_free_addresses (addresses);
  self->resolving -= self->resolving > 0;
  resolve_ended (self);
}

/* A resolver that does not answer must not hold the tunnel up. */
static gboolean
resolve_timeout_cb (gpointer user_data)
{
  LsAgentProfile *self = user_data;

  self->resolve_timeout = 0;
  self->resolving = 0;
  ls_agent_profile_reconcile (self);
  return G_SOURCE_REMOVE;
}

void
ls_agent_profile_resolve_control (LsAgentProfile *self)
{
  g_autoptr (GResolver) resolver = g_resolver_get_default ();

  for (guint i = 0; self->record->urls[i] != NULL; i++)
    {
      g_autoptr (GUri) uri = g_uri_parse (self->record->urls[i], G_URI_FLAGS_NONE, NULL);
      const char *host = uri != NULL ? g_uri_get_host (uri) : NULL;

      if (host == NULL)
        continue;
      if (g_hostname_is_ip_address (host))
        {
          add_control_address (self, host);
          continue;
        }
      self->resolving++;
      g_resolver_lookup_by_name_async (resolver, host, self->cancellable, resolved_cb,
                                       g_object_ref (self));
    }
  if (self->resolving > 0 && self->resolve_timeout == 0)
    self->resolve_timeout = g_timeout_add_seconds (RESOLVE_SECONDS, resolve_timeout_cb, self);
}
