/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-profile-private.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "ls-error.h"
#include "ls-ident.h"

GVariant *
ls_agent_profile_options_to_variant (const LsAgentRecord *record)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  if (g_hash_table_size (record->pins) > 0)
    g_variant_builder_add (&builder, "{sv}", "pins", ls_pins_to_variant (record->pins));
  if (record->listen_port != 0)
    g_variant_builder_add (&builder, "{sv}", "listen-port",
                           g_variant_new_uint16 (record->listen_port));
  if (record->mtu != 0)
    g_variant_builder_add (&builder, "{sv}", "mtu", g_variant_new_uint16 (record->mtu));
  g_variant_builder_add (&builder, "{sv}", "backend",
                         g_variant_new_string (ls_backend_kind_to_text (record->backend)));
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

gboolean
ls_agent_profile_parse_urls (LsAgentRecord *record, const char *const *urls, GError **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  if (urls[0] == NULL || g_strv_length ((char **)urls) > LS_CONTROL_URLS_MAX)
    {
      g_set_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT,
                   _ ("A network needs at least one server address and at most %d."),
                   LS_CONTROL_URLS_MAX);
      return FALSE;
    }
  for (guint i = 0; urls[i] != NULL; i++)
    {
      g_autofree char *url = ls_control_url_normalize (urls[i], error);

      if (url == NULL)
        return FALSE;
      g_strv_builder_add (builder, url);
    }
  g_strfreev (record->urls);
  record->urls = g_strv_builder_end (builder);
  return TRUE;
}

static gboolean
wrong_option (const char *key, GError **error)
{
  g_set_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT, _ ("The option “%s” is not valid."),
               key);
  return FALSE;
}

static gboolean
parse_pins (LsAgentRecord *record, GVariant *value, GError **error)
{
  LsPins *pins = ls_pins_from_variant (value, error);

  if (pins == NULL)
    return FALSE;
  g_hash_table_unref (record->pins);
  record->pins = pins;
  return TRUE;
}

static gboolean
parse_mtu (LsAgentRecord *record, GVariant *value, GError **error)
{
  guint16 mtu = g_variant_get_uint16 (value);

  if (mtu != 0 && (mtu < LS_TUNNEL_MTU_MIN || mtu > LS_TUNNEL_MTU_MAX))
    return wrong_option ("mtu", error);
  record->mtu = mtu;
  return TRUE;
}

static gboolean
parse_option (LsAgentRecord *record, const char *key, GVariant *value, gboolean urls,
              GError **error)
{
  gboolean is_text = g_variant_is_of_type (value, G_VARIANT_TYPE_STRING);
  gboolean is_number = g_variant_is_of_type (value, G_VARIANT_TYPE_UINT16);

  if (g_str_equal (key, "pins") && g_variant_is_of_type (value, G_VARIANT_TYPE ("a{ss}")))
    return parse_pins (record, value, error);
  if (g_str_equal (key, "mtu") && is_number)
    return parse_mtu (record, value, error);
  if (g_str_equal (key, "backend") && is_text)
    return ls_backend_kind_parse (g_variant_get_string (value, NULL), &record->backend, error);
  if (g_str_equal (key, "listen-port") && is_number)
    {
      record->listen_port = g_variant_get_uint16 (value);
      return TRUE;
    }
  if (urls && g_str_equal (key, "urls") && g_variant_is_of_type (value, G_VARIANT_TYPE ("as")))
    {
      g_autofree const char **list = g_variant_get_strv (value, NULL);

      return ls_agent_profile_parse_urls (record, list, error);
    }
  return wrong_option (key, error);
}

gboolean
ls_agent_profile_parse_options (LsAgentRecord *record, GVariant *options, gboolean urls,
                                GError **error)
{
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_iter_init (&iter, options);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value))
    {
      gboolean ok = parse_option (record, key, value, urls, error);

      g_variant_unref (value);
      if (!ok)
        return FALSE;
    }
  value = g_variant_lookup_value (options, "pins", NULL);
  if (value == NULL)
    ls_pins_keep (record->pins, (const char *const *)record->urls);
  g_clear_pointer (&value, g_variant_unref);
  return ls_pins_check_urls (record->pins, (const char *const *)record->urls, error);
}

gboolean
ls_agent_profile_update (LsAgentProfile *self, GVariant *options, GError **error)
{
  g_autoptr (LsAgentRecord) record = ls_agent_record_copy (self->record);
  LsAgentRecord *old = self->record;

  if (!ls_agent_profile_parse_options (record, options, TRUE, error))
    return FALSE;
  if (record->listen_port != old->listen_port)
    record->chosen_port = record->listen_port;
  self->record = g_steal_pointer (&record);
  if (!ls_agent_profile_make_client (self, error))
    {
      ls_agent_record_free (self->record);
      self->record = old;
      return FALSE;
    }
  ls_agent_record_free (old);
  ls_agent_profile_notify (self, "control-urls");
  ls_agent_profile_notify (self, "options");
  ls_agent_profile_save (self);
  ls_agent_profile_show_link (self);
  ls_agent_profile_follow (self);
  ls_agent_profile_reconcile (self);
  return TRUE;
}

/* Remove: tunnel, then keys, then files; what fails keeps the rest, and can be tried again. */

static void
file_removed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsAgentProfile *self = g_task_get_source_object (task);
  GError *error = NULL;

  if (ls_agent_store_write_finish (LS_AGENT_STORE (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    {
      self->removed = FALSE;
      g_task_return_error (task, error);
    }
}

static void
keys_removed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsAgentProfile *self = g_task_get_source_object (task);
  g_autofree char *file = ls_agent_store_profile_file (self->record->name);
  g_autofree char *netmap = ls_agent_store_netmap_file (self->record->name);
  GError *error = NULL;

  if (!ls_agent_secrets_remove_finish (LS_AGENT_SECRETS (source), result, &error))
    {
      self->removed = FALSE;
      ls_agent_profile_follow (self);
      g_task_return_error (task, error);
      return;
    }
  ls_agent_store_write_async (self->context->store, netmap, NULL, NULL, NULL, NULL);
  ls_agent_store_write_async (self->context->store, file, NULL, NULL, file_removed_cb,
                              g_object_ref (task));
}

static void
disconnected_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsAgentProfile *self = LS_AGENT_PROFILE (source);
  GError *error = NULL;

  /* Without a helper there is no tunnel to be left behind. */
  if (!ls_agent_profile_disconnect_finish (self, result, &error)
      && !g_error_matches (error, LS_ERROR, LS_ERROR_HELPER_UNAVAILABLE))
    {
      g_task_return_error (task, error);
      return;
    }
  g_clear_error (&error);
  self->removed = TRUE;
  ls_agent_control_loop_set_mode (self->loop, LS_AGENT_CONTROL_OFF);
  ls_agent_secrets_remove_async (self->context->secrets, self->record->id, NULL, keys_removed_cb,
                                 g_object_ref (task));
}

void
ls_agent_profile_remove_async (LsAgentProfile *self, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, ls_agent_profile_remove_async);
  ls_agent_profile_disconnect_async (self, cancellable, disconnected_cb, task);
}

gboolean
ls_agent_profile_remove_finish (LsAgentProfile *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
