/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-profile-private.h"

#include <glib/gi18n-lib.h>

#include "ls-error.h"
#include "ls-ident.h"

G_DEFINE_FINAL_TYPE (LsAgentProfile, ls_agent_profile, G_TYPE_OBJECT)

enum
{
  PROP_NAME = 1,
  PROP_STATE,
  PROP_WANT_UP,
  PROP_PROBLEM,
  PROP_PROBLEM_HINT,
  PROP_PROBLEM_DETAILS,
  PROP_CONTROL_URLS,
  PROP_OPTIONS,
  PROP_CONTROL_REACHABLE,
  PROP_CONTROL_SINCE,
  PROP_AUTH_EXPIRES,
  PROP_PEER_COUNT,
  PROP_PEERS_ONLINE,
  PROP_RX_BYTES,
  PROP_TX_BYTES,
  PROP_LEFT_OUT,
  PROP_TEXTS, /* LS_AGENT_N_TEXTS of them */
  N_PROPS = PROP_TEXTS + LS_AGENT_N_TEXTS
};

static GParamSpec *props[N_PROPS];

static const char *const text_names[LS_AGENT_N_TEXTS] = {
  [LS_AGENT_TEXT_NETWORK_ID] = "network-id",
  [LS_AGENT_TEXT_NETWORK_NAME] = "network-name",
  [LS_AGENT_TEXT_DNS_DOMAIN] = "dns-domain",
  [LS_AGENT_TEXT_NODE_ID] = "node-id",
  [LS_AGENT_TEXT_NODE_NAME] = "node-name",
  [LS_AGENT_TEXT_DNS_NAME] = "dns-name",
  [LS_AGENT_TEXT_IPV4] = "ipv4",
  [LS_AGENT_TEXT_IPV6] = "ipv6",
  [LS_AGENT_TEXT_PUBLIC_KEY] = "public-key",
  [LS_AGENT_TEXT_AUTH_URL] = "auth-url",
  [LS_AGENT_TEXT_INTERFACE] = "interface",
  [LS_AGENT_TEXT_BACKEND] = "backend",
};

static void
get_text_property (LsAgentProfile *self, guint id, GValue *value)
{
  if (id >= PROP_TEXTS && id < N_PROPS)
    g_value_set_string (value, self->texts[id - PROP_TEXTS]);
  else if (id == PROP_NAME)
    g_value_set_string (value, self->record->name);
  else if (id == PROP_PROBLEM)
    g_value_set_string (value, self->shown.what);
  else if (id == PROP_PROBLEM_HINT)
    g_value_set_string (value, self->shown.hint);
  else if (id == PROP_PROBLEM_DETAILS)
    g_value_set_string (value, self->shown.details);
}

static void
ls_agent_profile_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  LsAgentProfile *self = LS_AGENT_PROFILE (object);

  switch (id)
    {
    case PROP_STATE:
      g_value_set_enum (value, self->state);
      break;
    case PROP_WANT_UP:
      g_value_set_boolean (value, self->record->want_up);
      break;
    case PROP_CONTROL_URLS:
      g_value_set_boxed (value, self->record->urls);
      break;
    case PROP_OPTIONS:
      g_value_take_variant (value, ls_agent_profile_options_to_variant (self->record));
      break;
    case PROP_CONTROL_REACHABLE:
      g_value_set_boolean (value, self->control_reachable);
      break;
    case PROP_CONTROL_SINCE:
      g_value_set_int64 (value, self->control_since);
      break;
    case PROP_AUTH_EXPIRES:
      g_value_set_int64 (value, self->record->auth_expires);
      break;
    case PROP_PEER_COUNT:
      g_value_set_uint (value, ls_agent_profile_get_peer_count (self));
      break;
    case PROP_PEERS_ONLINE:
      g_value_set_uint (value, self->peers_online);
      break;
    case PROP_RX_BYTES:
      g_value_set_uint64 (value, self->rx_bytes);
      break;
    case PROP_TX_BYTES:
      g_value_set_uint64 (value, self->tx_bytes);
      break;
    case PROP_LEFT_OUT:
      g_value_set_variant (value, self->left_out);
      break;
    default:
      get_text_property (self, id, value);
      break;
    }
}

static void
ls_agent_profile_dispose (GObject *object)
{
  LsAgentProfile *self = LS_AGENT_PROFILE (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->resolve_timeout, g_source_remove);
  g_clear_handle_id (&self->cache_source, g_source_remove);
  g_clear_handle_id (&self->expiry_source, g_source_remove);
  if (self->tunnel != NULL)
    g_signal_handlers_disconnect_by_data (self->tunnel, self);
  if (self->loop != NULL)
    g_signal_handlers_disconnect_by_data (self->loop, self);
  g_clear_object (&self->loop);
  g_clear_object (&self->tunnel);
  g_clear_object (&self->client);
  G_OBJECT_CLASS (ls_agent_profile_parent_class)->dispose (object);
}

static void
ls_agent_profile_finalize (GObject *object)
{
  LsAgentProfile *self = LS_AGENT_PROFILE (object);

  for (guint i = 0; i < LS_AGENT_N_PROBLEMS; i++)
    ls_agent_profile_clear_problem (self, i);
  for (guint i = 0; i < LS_AGENT_N_TEXTS; i++)
    g_free (self->texts[i]);
  g_clear_pointer (&self->credentials, ls_agent_credentials_free);
  g_clear_pointer (&self->netmap, ls_netmap_unref);
  g_clear_pointer (&self->plan, ls_agent_plan_free);
  ls_agent_endpoints_free (self->endpoints);
  g_array_unref (self->control_addresses);
  g_variant_unref (self->left_out);
  g_hash_table_unref (self->told);
  g_hash_table_unref (self->watchers);
  g_object_unref (self->cancellable);
  ls_agent_record_free (self->record);
  G_OBJECT_CLASS (ls_agent_profile_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  props[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, flags);
  props[PROP_STATE]
      = g_param_spec_enum ("state", NULL, NULL, LS_TYPE_AGENT_STATE, LS_AGENT_STATE_NEW, flags);
  props[PROP_WANT_UP] = g_param_spec_boolean ("want-up", NULL, NULL, FALSE, flags);
  props[PROP_PROBLEM] = g_param_spec_string ("problem", NULL, NULL, NULL, flags);
  props[PROP_PROBLEM_HINT] = g_param_spec_string ("problem-hint", NULL, NULL, NULL, flags);
  props[PROP_PROBLEM_DETAILS] = g_param_spec_string ("problem-details", NULL, NULL, NULL, flags);
  props[PROP_CONTROL_URLS] = g_param_spec_boxed ("control-urls", NULL, NULL, G_TYPE_STRV, flags);
  props[PROP_OPTIONS]
      = g_param_spec_variant ("options", NULL, NULL, G_VARIANT_TYPE_VARDICT, NULL, flags);
  props[PROP_CONTROL_REACHABLE]
      = g_param_spec_boolean ("control-reachable", NULL, NULL, FALSE, flags);
  props[PROP_CONTROL_SINCE]
      = g_param_spec_int64 ("control-since", NULL, NULL, 0, G_MAXINT64, 0, flags);
  props[PROP_AUTH_EXPIRES]
      = g_param_spec_int64 ("auth-expires", NULL, NULL, G_MININT64, G_MAXINT64, 0, flags);
  props[PROP_PEER_COUNT] = g_param_spec_uint ("peer-count", NULL, NULL, 0, G_MAXUINT, 0, flags);
  props[PROP_PEERS_ONLINE] = g_param_spec_uint ("peers-online", NULL, NULL, 0, G_MAXUINT, 0, flags);
  props[PROP_RX_BYTES] = g_param_spec_uint64 ("rx-bytes", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  props[PROP_TX_BYTES] = g_param_spec_uint64 ("tx-bytes", NULL, NULL, 0, G_MAXUINT64, 0, flags);
  props[PROP_LEFT_OUT]
      = g_param_spec_variant ("left-out", NULL, NULL, G_VARIANT_TYPE ("a(ss)"), NULL, flags);
  for (guint i = 0; i < LS_AGENT_N_TEXTS; i++)
    props[PROP_TEXTS + i] = g_param_spec_string (text_names[i], NULL, NULL, NULL, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
ls_agent_profile_class_init (LsAgentProfileClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = ls_agent_profile_get_property;
  object_class->dispose = ls_agent_profile_dispose;
  object_class->finalize = ls_agent_profile_finalize;
  install_properties (object_class);
  g_signal_new ("peers-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                G_TYPE_NONE, 2, G_TYPE_VARIANT, G_TYPE_VARIANT);
}

static const LsAgentProblem no_problem = { (char *)"", (char *)"", (char *)"" };

static void
ls_agent_profile_init (LsAgentProfile *self)
{
  self->state = LS_AGENT_STATE_NEW;
  self->shown = no_problem;
  self->cancellable = g_cancellable_new ();
  self->control_addresses = g_array_new (FALSE, FALSE, sizeof (LsAddress));
  self->endpoints = ls_agent_endpoints_new ();
  self->left_out = g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE ("(ss)"), NULL, 0));
  self->told = g_hash_table_new_full (ls_key_hash, ls_key_equal, NULL, g_free);
  self->watchers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_queue_init (&self->refreshers);
  g_queue_init (&self->connectors);
  g_queue_init (&self->savers);
  for (guint i = 0; i < LS_AGENT_N_TEXTS; i++)
    self->texts[i] = g_strdup ("");
}

static void
show_record (LsAgentProfile *self)
{
  const LsAgentRecord *record = self->record;

  ls_agent_profile_set_text (self, LS_AGENT_TEXT_NETWORK_ID, record->network_id);
  ls_agent_profile_set_text (self, LS_AGENT_TEXT_NETWORK_NAME, record->network_name);
  ls_agent_profile_set_text (self, LS_AGENT_TEXT_DNS_DOMAIN, record->dns_domain);
  ls_agent_profile_set_text (self, LS_AGENT_TEXT_NODE_ID, record->node_id);
  ls_agent_profile_set_text (self, LS_AGENT_TEXT_NODE_NAME, record->node_name);
  ls_agent_profile_set_text (self, LS_AGENT_TEXT_DNS_NAME, record->dns_name);
  ls_agent_profile_set_text (self, LS_AGENT_TEXT_IPV4, record->ipv4);
  ls_agent_profile_set_text (self, LS_AGENT_TEXT_IPV6, record->ipv6);
}

LsAgentProfile *
ls_agent_profile_new (LsAgentContext *context, LsAgentRecord *record)
{
  LsAgentProfile *self = g_object_new (LS_TYPE_AGENT_PROFILE, NULL);
  g_autofree char *interface = ls_interface_name_for_profile (record->name);

  self->context = context;
  self->record = record;
  self->loop = ls_agent_control_loop_new ();
  g_signal_connect_swapped (self->loop, "failed", G_CALLBACK (ls_agent_profile_control_failed),
                            self);
  ls_agent_profile_init_tunnel (self);
  ls_agent_profile_set_text (self, LS_AGENT_TEXT_INTERFACE, interface);
  show_record (self);
  return self;
}

void
ls_agent_profile_start (LsAgentProfile *self)
{
  g_autoptr (GError) error = NULL;

  if (!ls_agent_profile_make_client (self, &error))
    {
      ls_agent_profile_set_problem_error (self, LS_AGENT_PROBLEM_CONTROL, error);
      return;
    }
  if (*self->record->node_id == '\0')
    return;
  if (self->record->fact != LS_AGENT_N_EVENTS)
    ls_agent_profile_dispatch (self, self->record->fact);
  ls_agent_profile_load_keys (self, TRUE);
}

/* Properties */

void
ls_agent_profile_notify (LsAgentProfile *self, const char *property)
{
  g_object_notify (G_OBJECT (self), property);
}

void
ls_agent_profile_set_text (LsAgentProfile *self, LsAgentTextKind kind, const char *text)
{
  if (g_strcmp0 (self->texts[kind], text) == 0)
    return;
  g_free (self->texts[kind]);
  self->texts[kind] = g_strdup (text != NULL ? text : "");
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_TEXTS + kind]);
}

static void
show_problem (LsAgentProfile *self)
{
  GObject *object = G_OBJECT (self);

  self->shown = no_problem;
  for (guint i = 0; i < LS_AGENT_N_PROBLEMS; i++)
    if (self->problems[i].what != NULL)
      {
        self->shown = self->problems[i];
        break;
      }
  g_object_freeze_notify (object);
  g_object_notify_by_pspec (object, props[PROP_PROBLEM_HINT]);
  g_object_notify_by_pspec (object, props[PROP_PROBLEM_DETAILS]);
  g_object_notify_by_pspec (object, props[PROP_PROBLEM]);
  g_object_thaw_notify (object);
}

static void
problem_clear (LsAgentProblem *problem)
{
  g_clear_pointer (&problem->what, g_free);
  g_clear_pointer (&problem->hint, g_free);
  g_clear_pointer (&problem->details, g_free);
}

void
ls_agent_profile_set_problem (LsAgentProfile *self, LsAgentProblemKind kind, const char *what,
                              const char *hint, const char *details)
{
  LsAgentProblem *problem = &self->problems[kind];
  LsAgentProblem fresh = { g_strdup (what), g_strdup (hint != NULL ? hint : ""),
                           g_strdup (details != NULL ? details : "") };

  if (g_strcmp0 (problem->what, what) != 0)
    g_message ("%s: %s", self->record->name, what);
  problem_clear (problem);
  *problem = fresh;
  show_problem (self);
}

void
ls_agent_profile_set_problem_error (LsAgentProfile *self, LsAgentProblemKind kind,
                                    const GError *error)
{
  g_autofree char *what = ls_error_dup_message (error);
  g_autofree char *name = g_dbus_error_encode_gerror (error);
  gboolean helper = g_error_matches (error, LS_ERROR, LS_ERROR_HELPER_UNAVAILABLE);
  g_autofree char *details
      = helper
            ? g_strdup_printf ("%s: %s", name, ls_agent_helper_get_details (self->context->helper))
            : g_strdup (name);

  ls_agent_profile_set_problem (self, kind, what, ls_error_get_hint (error), details);
}

void
ls_agent_profile_clear_problem (LsAgentProfile *self, LsAgentProblemKind kind)
{
  if (self->problems[kind].what == NULL)
    return;
  problem_clear (&self->problems[kind]);
  show_problem (self);
}

gboolean
ls_agent_profile_dispatch (LsAgentProfile *self, LsAgentEvent event)
{
  LsAgentState next;

  if (!ls_agent_state_next (self->state, event, &next))
    return FALSE;
  if (next == self->state)
    return TRUE;
  g_debug ("%s: %s -> %s", self->record->name, ls_agent_state_to_text (self->state),
           ls_agent_state_to_text (next));
  self->state = next;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE]);
  return TRUE;
}

void
ls_agent_profile_set_want_up (LsAgentProfile *self, gboolean want_up)
{
  if (self->record->want_up == want_up)
    return;
  self->record->want_up = want_up;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_WANT_UP]);
  ls_agent_profile_save (self);
}

void
ls_agent_profile_end_tasks (GQueue *tasks, const GError *error)
{
  GTask *task;

  while ((task = g_queue_pop_head (tasks)) != NULL)
    {
      if (error == NULL)
        g_task_return_boolean (task, TRUE);
      else
        g_task_return_error (task, g_error_copy (error));
      g_object_unref (task);
    }
}

/* Saving */

static void
saved_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsAgentProfile) self = user_data;
  g_autoptr (GError) error = NULL;

  self->saving = FALSE;
  if (ls_agent_store_write_finish (LS_AGENT_STORE (source), result, &error))
    ls_agent_profile_clear_problem (self, LS_AGENT_PROBLEM_STORE);
  else
    ls_agent_profile_set_problem_error (self, LS_AGENT_PROBLEM_STORE, error);
  if (self->save_again)
    {
      ls_agent_profile_save (self);
      return;
    }
  ls_agent_profile_end_tasks (&self->savers, NULL);
}

void
ls_agent_profile_save (LsAgentProfile *self)
{
  g_autofree char *file = NULL;
  g_autoptr (GBytes) data = NULL;
  char *text;

  self->save_again = self->saving && !self->removed;
  if (self->saving || self->removed)
    return;
  self->saving = TRUE;
  file = ls_agent_store_profile_file (self->record->name);
  text = ls_agent_record_to_text (self->record);
  data = g_bytes_new_take (text, strlen (text));
  ls_agent_store_write_async (self->context->store, file, data, NULL, saved_cb,
                              g_object_ref (self));
}

void
ls_agent_profile_end_when_saved (LsAgentProfile *self, GTask *task)
{
  ls_agent_profile_save (self);
  if (self->saving)
    g_queue_push_tail (&self->savers, g_object_ref (task));
  else
    g_task_return_boolean (task, TRUE);
}

/* What the tray and others read */

const char *
ls_agent_profile_get_name (LsAgentProfile *self)
{
  return self->record->name;
}

LsAgentState
ls_agent_profile_get_state (LsAgentProfile *self)
{
  return self->state;
}

gboolean
ls_agent_profile_get_want_up (LsAgentProfile *self)
{
  return self->record->want_up;
}

const char *
ls_agent_profile_get_network_name (LsAgentProfile *self)
{
  return self->texts[LS_AGENT_TEXT_NETWORK_NAME];
}

const char *
ls_agent_profile_get_node_name (LsAgentProfile *self)
{
  return self->texts[LS_AGENT_TEXT_NODE_NAME];
}

const char *
ls_agent_profile_get_dns_name (LsAgentProfile *self)
{
  return self->texts[LS_AGENT_TEXT_DNS_NAME];
}

const char *
ls_agent_profile_get_ipv4 (LsAgentProfile *self)
{
  return self->texts[LS_AGENT_TEXT_IPV4];
}

const char *
ls_agent_profile_get_ipv6 (LsAgentProfile *self)
{
  return self->texts[LS_AGENT_TEXT_IPV6];
}

const char *
ls_agent_profile_get_problem (LsAgentProfile *self)
{
  return self->shown.what;
}

const char *
ls_agent_profile_get_problem_hint (LsAgentProfile *self)
{
  return self->shown.hint;
}

guint
ls_agent_profile_get_peer_count (LsAgentProfile *self)
{
  return self->netmap != NULL ? self->netmap->peers->len : 0;
}

guint
ls_agent_profile_get_peers_online (LsAgentProfile *self)
{
  return self->peers_online;
}
