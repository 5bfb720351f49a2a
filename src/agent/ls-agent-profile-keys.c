/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-profile-private.h"

#include <glib/gi18n-lib.h>

#include "ls-error.h"

#define EXPIRY_SECONDS_MAX (30 * 24 * 3600)

/* The name stays taken at the server, and an administrator can still approve. */
static gboolean
link_expired_cb (gpointer user_data)
{
  LsAgentProfile *self = user_data;

  self->expiry_source = 0;
  /* Why another attempt failed is of more interest. */
  if (self->problems[LS_AGENT_PROBLEM_JOIN].what != NULL)
    return G_SOURCE_REMOVE;
  ls_agent_profile_set_problem (
      self, LS_AGENT_PROBLEM_JOIN, _ ("The approval link has expired."),
      _ ("Ask an administrator of the network to approve this device, or ask for approval again "
         "under another name."),
      NULL);
  return G_SOURCE_REMOVE;
}

static void
follow_expiry (LsAgentProfile *self, gboolean waits)
{
  gint64 left = MAX (self->record->auth_expires, 0) - g_get_real_time () / G_USEC_PER_SEC;

  g_clear_handle_id (&self->expiry_source, g_source_remove);
  if (!waits || self->record->auth_expires == 0)
    return;
  self->expiry_source
      = g_timeout_add_seconds (CLAMP (left + 1, 0, EXPIRY_SECONDS_MAX), link_expired_cb, self);
}

/* The link that approves this device, while it waits for that and the link is known. */
void
ls_agent_profile_show_link (LsAgentProfile *self)
{
  g_autofree char *link = NULL;

  if (self->state == LS_AGENT_STATE_WAITING_FOR_APPROVAL && self->credentials != NULL
      && self->credentials->auth_path[0] != '\0' && self->client != NULL)
    link = ls_control_auth_url (ls_control_client_get_url (self->client),
                                self->credentials->auth_path, NULL);
  ls_agent_profile_set_text (self, LS_AGENT_TEXT_AUTH_URL, link);
  follow_expiry (self, link != NULL);
  if (link != NULL || self->record->auth_expires == 0)
    return;
  self->record->auth_expires = 0;
  ls_agent_profile_notify (self, "auth-expires");
}

static void
show_public_key (LsAgentProfile *self)
{
  LsKey public_key;
  g_autofree char *text = NULL;

  ls_key_wireguard_public (&self->credentials->wireguard_private, &public_key);
  text = ls_key_to_text (&public_key);
  ls_agent_profile_set_text (self, LS_AGENT_TEXT_PUBLIC_KEY, text);
}

void
ls_agent_profile_take_keys (LsAgentProfile *self, LsAgentCredentials *credentials)
{
  g_clear_pointer (&self->credentials, ls_agent_credentials_free);
  self->credentials = credentials;
  show_public_key (self);
  ls_agent_profile_clear_problem (self, LS_AGENT_PROBLEM_KEYS);
  if (self->client == NULL)
    return;
  ls_control_client_set_node_token (
      self->client, *credentials->node_token != '\0' ? credentials->node_token : NULL, NULL);
}

/* Loading */

/* A locked keyring may be unlocked; what is gone or spoilt does not come back by itself, and
 * without a keyring what was kept in memory has gone with the last agent. */
static gboolean
keys_are_lost (const GError *error)
{
  return g_error_matches (error, LS_ERROR, LS_ERROR_NOT_FOUND)
         || g_error_matches (error, LS_ERROR, LS_ERROR_SECRETS_UNAVAILABLE)
         || g_error_matches (error, LS_ERROR, LS_ERROR_STORAGE);
}

static void
keys_missing (LsAgentProfile *self, const GError *error)
{
  if (keys_are_lost (error))
    ls_agent_profile_dispatch (self, LS_AGENT_EVENT_KEYS_LOST);
  if (g_error_matches (error, LS_ERROR, LS_ERROR_NOT_FOUND))
    ls_agent_profile_set_problem (
        self, LS_AGENT_PROBLEM_KEYS, _ ("The keys of this device are gone."),
        _ ("Join the network again, under another name or after an administrator has removed "
           "the old device."),
        error->message);
  else if (g_error_matches (error, LS_ERROR, LS_ERROR_SECRETS_UNAVAILABLE))
    ls_agent_profile_set_problem (
        self, LS_AGENT_PROBLEM_KEYS,
        _ ("There is no keyring to take the keys of this device from."),
        _ ("Start the keyring that has them, or join the network again, under another name or "
           "after an administrator has removed the old device."),
        error->message);
  else
    ls_agent_profile_set_problem_error (self, LS_AGENT_PROBLEM_KEYS, error);
  ls_agent_profile_connect_failed (self, error);
  ls_agent_profile_end_refresh (self, error);
}

static void
keys_loaded_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsAgentProfile) self = user_data;
  g_autoptr (GError) error = NULL;
  LsAgentCredentials *credentials
      = ls_agent_secrets_load_finish (LS_AGENT_SECRETS (source), result, &error);

  self->loading_keys = FALSE;
  if (credentials == NULL)
    {
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        keys_missing (self, error);
      return;
    }
  /* A registration that was faster brought newer ones. */
  if (self->credentials != NULL)
    {
      ls_agent_credentials_free (credentials);
      return;
    }
  ls_agent_profile_take_keys (self, credentials);
  ls_agent_profile_clear_problem (self, LS_AGENT_PROBLEM_TUNNEL);
  /* They were held for lost while there was no keyring. */
  if (self->state == LS_AGENT_STATE_NEW && self->record->fact != LS_AGENT_N_EVENTS)
    ls_agent_profile_dispatch (self, self->record->fact);
  ls_agent_profile_show_link (self);
  ls_agent_profile_read_cache (self);
}

void
ls_agent_profile_load_keys (LsAgentProfile *self, gboolean may_ask)
{
  if (self->loading_keys || self->credentials != NULL)
    return;
  self->loading_keys = TRUE;
  ls_agent_secrets_load_async (self->context->secrets, self->record->id, may_ask, self->cancellable,
                               keys_loaded_cb, g_object_ref (self));
}

/* Saving */

static void
keys_saved_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (ls_agent_secrets_save_finish (LS_AGENT_SECRETS (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
ls_agent_profile_save_keys_async (LsAgentProfile *self, const LsAgentCredentials *credentials,
                                  GCancellable *cancellable, GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_autofree char *label
      = g_strdup_printf (_ ("Lightscale keys of the network “%s”"), self->record->name);

  g_task_set_source_tag (task, ls_agent_profile_save_keys_async);
  ls_agent_secrets_save_async (self->context->secrets, self->record->id, label, credentials,
                               cancellable, keys_saved_cb, task);
}

gboolean
ls_agent_profile_save_keys_finish (LsAgentProfile *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
ls_agent_profile_show_unsaved (LsAgentProfile *self, const GError *error)
{
  ls_agent_profile_set_problem (
      self, LS_AGENT_PROBLEM_KEYS,
      _ ("The keys of this device are not stored yet; they are lost if the agent ends."),
      ls_error_get_hint (error), error->message);
}

static void
late_saved_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  LsAgentProfile *self = LS_AGENT_PROFILE (source);
  g_autoptr (GError) error = NULL;

  self->keys_unsaved = !ls_agent_profile_save_keys_finish (self, result, &error);
  if (self->keys_unsaved)
    ls_agent_profile_show_unsaved (self, error);
  else
    ls_agent_profile_clear_problem (self, LS_AGENT_PROBLEM_KEYS);
}

void
ls_agent_profile_keyring_unlocked (LsAgentProfile *self)
{
  if (self->removed || self->registration != NULL || *self->record->node_id == '\0')
    return;
  if (self->credentials == NULL)
    ls_agent_profile_load_keys (self, FALSE);
  else if (self->keys_unsaved)
    ls_agent_profile_save_keys_async (self, self->credentials, NULL, late_saved_cb, NULL);
}
