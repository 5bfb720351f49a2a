/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-profile-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "ls-error.h"
#include "ls-ident.h"

/* A registration: keys are made (or kept) and stored, then the server is asked, then its token is
 * stored, and only then anything is shown. So nothing that the server counts on is ever lost. */
typedef struct
{
  char *token; /* NULL: by link */
  char *network_id;
  char *node_name;
  guint64 ttl;
  gboolean connect;
  LsAgentCredentials *credentials;
  /* the answer */
  LsNetmap *netmap;
  LsPendingRegistration *pending;
} Registration;

static void
registration_free (Registration *registration)
{
  ls_control_secret_free (registration->token);
  g_free (registration->network_id);
  g_free (registration->node_name);
  g_clear_pointer (&registration->credentials, ls_agent_credentials_free);
  g_clear_pointer (&registration->netmap, ls_netmap_unref);
  g_clear_pointer (&registration->pending, ls_pending_registration_free);
  g_free (registration);
}

static gboolean
has_device (LsAgentProfile *self)
{
  return *self->record->node_id != '\0';
}

/* Takes @error. Back to what was before, with the reason shown. */
static void
registration_failed (GTask *task, GError *error)
{
  LsAgentProfile *self = g_task_get_source_object (task);

  self->registration = NULL;
  ls_agent_profile_dispatch (self, LS_AGENT_EVENT_REGISTER_FAILED);
  if (has_device (self) && self->record->fact != LS_AGENT_N_EVENTS)
    ls_agent_profile_dispatch (self, self->record->fact);
  ls_agent_profile_show_link (self);
  ls_agent_profile_note_answer (self, error);
  ls_agent_profile_follow (self);
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    ls_agent_profile_set_problem_error (self, LS_AGENT_PROBLEM_JOIN, error);
  g_task_return_error (task, error);
}

/* 4: the device is known here */

static void
take_node (LsAgentProfile *self, const char *network_id, const char *node_id, const char *node_name,
           const char *ipv4, const char *ipv6)
{
  LsAgentRecord *record = self->record;

  g_clear_pointer (&self->netmap, ls_netmap_unref);
  ls_agent_record_set (&record->network_id, network_id);
  ls_agent_record_set (&record->node_id, node_id);
  ls_agent_record_set (&record->node_name, node_name);
  ls_agent_record_set (&record->ipv4, ipv4);
  ls_agent_record_set (&record->ipv6, ipv6);
  ls_agent_profile_set_text (self, LS_AGENT_TEXT_NETWORK_ID, network_id);
  ls_agent_profile_set_text (self, LS_AGENT_TEXT_NODE_ID, node_id);
  ls_agent_profile_set_text (self, LS_AGENT_TEXT_NODE_NAME, node_name);
  ls_agent_profile_set_text (self, LS_AGENT_TEXT_IPV4, ipv4);
  ls_agent_profile_set_text (self, LS_AGENT_TEXT_IPV6, ipv6);
}

static void
take_pending (LsAgentProfile *self, const Registration *registration)
{
  const LsPendingRegistration *pending = registration->pending;

  take_node (self, pending->network_id, pending->node_id, registration->node_name, pending->ipv4,
             pending->ipv6);
  self->record->auth_expires = pending->expires_at;
  ls_agent_profile_notify (self, "auth-expires");
  self->record->fact = LS_AGENT_EVENT_FACT_PENDING;
  ls_agent_profile_dispatch (self, LS_AGENT_EVENT_FACT_PENDING);
  ls_agent_profile_show_link (self);
}

static void
take_netmap (LsAgentProfile *self, const Registration *registration)
{
  LsNetmap *netmap = registration->netmap;

  take_node (self, netmap->network->id, netmap->node->id, netmap->node->name, netmap->node->ipv4,
             netmap->node->ipv6);
  self->record->fact = LS_AGENT_N_EVENTS;
  /* polkit may ask for a password now, but not at some time when somebody approves. */
  self->interactive = registration->connect && netmap->node->approved;
  ls_agent_profile_dispatch (self, LS_AGENT_EVENT_FACT_PENDING);
  ls_agent_profile_take_netmap (self, netmap, FALSE);
}

static void
token_saved_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsAgentProfile *self = LS_AGENT_PROFILE (source);
  Registration *registration = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  /* The device exists at the server now: a storage that failed since is told, but the token is
   * used. */
  self->keys_unsaved = !ls_agent_profile_save_keys_finish (self, result, &error);
  self->registration = NULL;
  if (self->removed)
    {
      g_task_return_new_error (task, LS_ERROR, LS_ERROR_NOT_FOUND, _ ("The network was removed."));
      return;
    }
  ls_agent_profile_take_keys (self, g_steal_pointer (&registration->credentials));
  if (self->keys_unsaved)
    ls_agent_profile_show_unsaved (self, error);
  ls_agent_profile_clear_problem (self, LS_AGENT_PROBLEM_NODE);
  ls_agent_profile_note_answer (self, NULL);
  /* Before the netmap: one that approves connects. */
  ls_agent_profile_set_want_up (self, registration->connect);
  if (registration->pending != NULL)
    take_pending (self, registration);
  else
    take_netmap (self, registration);
  ls_agent_profile_follow (self);
  ls_agent_profile_end_when_saved (self, task);
}

/* 3: the server has answered */

static void
save_token (GTask *task, const char *token, const char *auth_path)
{
  LsAgentProfile *self = g_task_get_source_object (task);
  Registration *registration = g_task_get_task_data (task);
  GError *error = NULL;

  if (!ls_agent_credentials_set_token (registration->credentials, token, &error)
      || !ls_agent_credentials_set_auth_path (registration->credentials, auth_path, &error))
    {
      registration_failed (task, error);
      return;
    }
  ls_agent_profile_save_keys_async (self, registration->credentials, NULL, token_saved_cb,
                                    g_object_ref (task));
}

/* 409 says "taken" of a name and of addresses alike; the text tells which. */
static GError *
explain_conflict (const Registration *registration, GError *error)
{
  g_autofree char *text = NULL;

  if (!g_error_matches (error, LS_ERROR, LS_ERROR_CONTROL_CONFLICT))
    return error;
  text = g_ascii_strdown (error->message, -1);
  if (strstr (text, "name") == NULL)
    return error;
  g_error_free (error);
  return g_error_new (LS_ERROR, LS_ERROR_CONTROL_CONFLICT,
                      _ ("The name “%s” is taken: another device of this network has it, or it "
                         "waits for approval under it."),
                      registration->node_name);
}

static void
registered_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Registration *registration = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (LsRegistration) answer
      = ls_control_client_register_finish (LS_CONTROL_CLIENT (source), result, &error);

  if (answer == NULL || !ls_node_id_validate (answer->netmap->node->id, &error))
    {
      registration_failed (task, explain_conflict (registration, error));
      return;
    }
  registration->netmap = ls_netmap_ref (answer->netmap);
  save_token (task, answer->node_token, "");
}

static void
link_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsAgentProfile *self = g_task_get_source_object (task);
  Registration *registration = g_task_get_task_data (task);
  GError *error = NULL;
  g_autofree char *link = NULL;

  registration->pending
      = ls_control_client_register_url_finish (LS_CONTROL_CLIENT (source), result, &error);
  if (registration->pending != NULL)
    link = ls_control_auth_url (ls_control_client_get_url (self->client),
                                registration->pending->auth_path, &error);
  if (link == NULL || !ls_node_id_validate (registration->pending->node_id, &error))
    {
      registration_failed (task, explain_conflict (registration, error));
      return;
    }
  save_token (task, registration->pending->node_token, registration->pending->auth_path);
}

/* 2: the keys are stored */

static void
ask_server (GTask *task)
{
  LsAgentProfile *self = g_task_get_source_object (task);
  Registration *registration = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  g_autofree char *machine = NULL;
  g_autofree char *wireguard = NULL;
  LsKey public_key;

  ls_key_machine_public (&registration->credentials->machine_seed, &public_key);
  machine = ls_key_to_text (&public_key);
  ls_key_wireguard_public (&registration->credentials->wireguard_private, &public_key);
  wireguard = ls_key_to_text (&public_key);
  if (registration->token != NULL)
    ls_control_client_register_async (self->client, registration->token, registration->node_name,
                                      machine, wireguard, cancellable, registered_cb,
                                      g_object_ref (task));
  else
    ls_control_client_register_url_async (
        self->client, registration->network_id, registration->node_name, machine, wireguard,
        registration->ttl, cancellable, link_cb, g_object_ref (task));
}

static void
keys_saved_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (ls_agent_profile_save_keys_finish (LS_AGENT_PROFILE (source), result, &error))
    ask_server (task);
  else
    registration_failed (task, error);
}

/* 1: what was asked is checked */

/* Another registration keeps the keys of a device that still waits; what was approved once gets
 * new ones, so that a revoked key never comes back. */
static LsAgentCredentials *
keys_for_registration (LsAgentProfile *self, GError **error)
{
  gboolean fresh = self->credentials == NULL || self->state == LS_AGENT_STATE_REVOKED
                   || self->state == LS_AGENT_STATE_DELETED;

  return fresh ? ls_agent_credentials_new (error)
               : ls_agent_credentials_copy (self->credentials, error);
}

static gboolean
check_registration (LsAgentProfile *self, const Registration *registration, GError **error)
{
  if (self->registration != NULL || self->loading_keys)
    {
      g_set_error (error, LS_ERROR, LS_ERROR_BUSY,
                   _ ("A registration of this network is under way."));
      return FALSE;
    }
  if (!ls_node_name_validate (registration->node_name, error))
    return FALSE;
  if (registration->token != NULL)
    return ls_token_validate (registration->token, error);
  return ls_node_id_validate (registration->network_id, error);
}

/* Takes @registration. */
static void
start_registration (LsAgentProfile *self, Registration *registration, GCancellable *cancellable,
                    GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (task, start_registration);
  g_task_set_task_data (task, registration, (GDestroyNotify)registration_free);
  if (!check_registration (self, registration, &error)
      || (self->client == NULL && !ls_agent_profile_make_client (self, &error))
      || (registration->credentials = keys_for_registration (self, &error)) == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  if (!ls_agent_profile_dispatch (self, LS_AGENT_EVENT_REGISTER))
    {
      g_task_return_new_error (task, LS_ERROR, LS_ERROR_WRONG_STATE,
                               _ ("This profile has joined a network already."));
      return;
    }
  self->registration = task;
  ls_agent_profile_clear_problem (self, LS_AGENT_PROBLEM_JOIN);
  ls_agent_profile_clear_problem (self, LS_AGENT_PROBLEM_CONTROL);
  ls_agent_profile_follow (self);
  ls_agent_profile_save_keys_async (self, registration->credentials, cancellable, keys_saved_cb,
                                    g_object_ref (task));
}

void
ls_agent_profile_register_token_async (LsAgentProfile *self, const char *token,
                                       const char *node_name, gboolean connect,
                                       GCancellable *cancellable, GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  Registration *registration = g_new0 (Registration, 1);

  registration->token = g_strdup (token);
  registration->node_name = g_strstrip (g_strdup (node_name));
  registration->connect = connect;
  start_registration (self, registration, cancellable, callback, user_data);
}

void
ls_agent_profile_register_link_async (LsAgentProfile *self, const char *network_id,
                                      const char *node_name, guint64 ttl, gboolean connect,
                                      GCancellable *cancellable, GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  Registration *registration = g_new0 (Registration, 1);

  registration->network_id = g_strdup (network_id);
  registration->node_name = g_strstrip (g_strdup (node_name));
  registration->ttl = ttl;
  registration->connect = connect;
  start_registration (self, registration, cancellable, callback, user_data);
}

gboolean
ls_agent_profile_register_finish (LsAgentProfile *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Approve now */

static void
approved_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsAgentProfile *self = g_task_get_source_object (task);
  GError *error = NULL;
  g_autoptr (LsApproval) approval
      = ls_control_client_approve_by_link_finish (LS_CONTROL_CLIENT (source), result, &error);

  if (approval == NULL)
    {
      ls_agent_profile_set_problem_error (self, LS_AGENT_PROBLEM_JOIN, error);
      g_task_return_error (task, error);
      return;
    }
  ls_agent_profile_clear_problem (self, LS_AGENT_PROBLEM_JOIN);
  ls_agent_control_loop_kick (self->loop);
  g_task_return_boolean (task, TRUE);
}

void
ls_agent_profile_approve_now_async (LsAgentProfile *self, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, ls_agent_profile_approve_now_async);
  if (*self->texts[LS_AGENT_TEXT_AUTH_URL] == '\0')
    {
      g_task_return_new_error (task, LS_ERROR, LS_ERROR_WRONG_STATE,
                               _ ("There is no approval link to open."));
      return;
    }
  ls_control_client_approve_by_link_async (self->client, self->credentials->auth_path, cancellable,
                                           approved_cb, g_steal_pointer (&task));
}

gboolean
ls_agent_profile_approve_now_finish (LsAgentProfile *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
