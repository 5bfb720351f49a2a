/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-helper.h"

#include <glib/gi18n-lib.h>

#include "ls-agent-helper-link.h"
#include "ls-error.h"

/* A password dialog may stay open for long. */
#define TIMEOUT_INTERACTIVE G_MAXINT
#define TIMEOUT_CALL (60 * 1000)

struct _LsAgentHelper
{
  GObject parent_instance;

  LsAgentHelperLink *link;
};

G_DEFINE_FINAL_TYPE (LsAgentHelper, ls_agent_helper, G_TYPE_OBJECT)

enum
{
  PROP_STATE = 1,
  N_PROPS
};

enum
{
  OWNER_CHANGED,
  TUNNEL_CHANGED,
  N_SIGNALS
};

static GParamSpec *props[N_PROPS];
static guint signals[N_SIGNALS];

void
ls_agent_applied_free (LsAgentApplied *applied)
{
  g_free (applied->interface);
  g_free (applied->backend);
  g_free (applied);
}

static void
state_changed_cb (LsAgentHelper *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE]);
}

static void
owner_changed_cb (LsAgentHelper *self)
{
  g_signal_emit (self, signals[OWNER_CHANGED], 0);
}

static void
tunnel_changed_cb (LsAgentHelper *self, const char *name, const char *state, const char *reason)
{
  g_signal_emit (self, signals[TUNNEL_CHANGED], 0, name, state, reason);
}

static void
ls_agent_helper_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_STATE)
    g_value_set_string (value, ls_agent_helper_get_state (LS_AGENT_HELPER (object)));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
ls_agent_helper_finalize (GObject *object)
{
  LsAgentHelper *self = LS_AGENT_HELPER (object);

  g_signal_handlers_disconnect_by_data (self->link, self);
  g_object_unref (self->link);
  G_OBJECT_CLASS (ls_agent_helper_parent_class)->finalize (object);
}

static void
ls_agent_helper_class_init (LsAgentHelperClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = ls_agent_helper_get_property;
  object_class->finalize = ls_agent_helper_finalize;
  props[PROP_STATE]
      = g_param_spec_string ("state", NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, props);
  signals[OWNER_CHANGED] = g_signal_new ("owner-changed", G_TYPE_FROM_CLASS (klass),
                                         G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[TUNNEL_CHANGED]
      = g_signal_new ("tunnel-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                      NULL, G_TYPE_NONE, 3, G_TYPE_STRING, G_TYPE_STRING, G_TYPE_STRING);
}

static void
ls_agent_helper_init (LsAgentHelper *self)
{
  self->link = ls_agent_helper_link_new ();
  g_signal_connect_swapped (self->link, "notify::state", G_CALLBACK (state_changed_cb), self);
  g_signal_connect_swapped (self->link, "owner-changed", G_CALLBACK (owner_changed_cb), self);
  g_signal_connect_swapped (self->link, "tunnel-changed", G_CALLBACK (tunnel_changed_cb), self);
}

LsAgentHelper *
ls_agent_helper_new (void)
{
  return g_object_new (LS_TYPE_AGENT_HELPER, NULL);
}

const char *
ls_agent_helper_get_state (LsAgentHelper *self)
{
  return ls_agent_helper_link_get_state (self->link);
}

const char *
ls_agent_helper_get_details (LsAgentHelper *self)
{
  return ls_agent_helper_link_get_details (self->link);
}

void
ls_agent_helper_probe (LsAgentHelper *self)
{
  ls_agent_helper_link_probe (self->link);
}

/* An answer that is not what the interface says: a helper of another version. */
static GError *
answer_error (void)
{
  return g_error_new (LS_ERROR, LS_ERROR_NOT_SUPPORTED,
                      _ ("The Lightscale helper is of another version than this agent."));
}

/* Apply */

static LsAgentApplied *
parse_applied (GVariant *reply)
{
  g_autoptr (GVariant) values = NULL;
  g_autoptr (LsAgentApplied) applied = g_new0 (LsAgentApplied, 1);

  if (!g_variant_is_of_type (reply, G_VARIANT_TYPE ("(a{sv})")))
    return NULL;
  values = g_variant_get_child_value (reply, 0);
  if (!g_variant_lookup (values, "interface", "s", &applied->interface)
      || !g_variant_lookup (values, "backend", "s", &applied->backend)
      || !g_variant_lookup (values, "listen-port", "q", &applied->listen_port))
    return NULL;
  return g_steal_pointer (&applied);
}

static void
applied_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (GVariant) reply
      = ls_agent_helper_link_call_finish (LS_AGENT_HELPER_LINK (source), result, &error);
  LsAgentApplied *applied = reply != NULL ? parse_applied (reply) : NULL;

  if (applied != NULL)
    g_task_return_pointer (task, applied, (GDestroyNotify)ls_agent_applied_free);
  else
    g_task_return_error (task, error != NULL ? error : answer_error ());
}

void
ls_agent_helper_apply_async (LsAgentHelper *self, const char *name, const LsTunnel *tunnel,
                             gboolean interactive, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, ls_agent_helper_apply_async);
  ls_agent_helper_link_call_async (
      self->link, "ApplyTunnel", g_variant_new ("(s@a{sv})", name, ls_tunnel_to_variant (tunnel)),
      interactive, interactive ? TIMEOUT_INTERACTIVE : TIMEOUT_CALL, cancellable, applied_cb, task);
}

LsAgentApplied *
ls_agent_helper_apply_finish (LsAgentHelper *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Calls without an answer */

static void
plain_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (GVariant) reply
      = ls_agent_helper_link_call_finish (LS_AGENT_HELPER_LINK (source), result, &error);

  if (reply != NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
call_plain (LsAgentHelper *self, const char *method, GVariant *parameters,
            GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, call_plain);
  ls_agent_helper_link_call_async (self->link, method, parameters, FALSE, TIMEOUT_CALL, cancellable,
                                   plain_cb, task);
}

static GVariant *
key_to_variant (const LsKey *key)
{
  return g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, key->bytes, LS_KEY_SIZE, 1);
}

void
ls_agent_helper_update_peers_async (LsAgentHelper *self, const char *name, const GPtrArray *changed,
                                    const GArray *removed, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer user_data)
{
  GVariantBuilder peers;
  GVariantBuilder keys;

  g_variant_builder_init (&peers, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < changed->len; i++)
    g_variant_builder_add_value (&peers,
                                 ls_tunnel_peer_to_variant (g_ptr_array_index (changed, i)));
  g_variant_builder_init (&keys, G_VARIANT_TYPE ("aay"));
  for (guint i = 0; i < removed->len; i++)
    g_variant_builder_add_value (&keys, key_to_variant (&g_array_index (removed, LsKey, i)));
  call_plain (self, "UpdatePeers", g_variant_new ("(saa{sv}aay)", name, &peers, &keys), cancellable,
              callback, user_data);
}

void
ls_agent_helper_set_endpoints_async (LsAgentHelper *self, const char *name, const GPtrArray *peers,
                                     GCancellable *cancellable, GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  GVariantBuilder endpoints;

  g_variant_builder_init (&endpoints, G_VARIANT_TYPE ("a(ays)"));
  for (guint i = 0; i < peers->len; i++)
    {
      const LsTunnelPeer *peer = g_ptr_array_index (peers, i);
      g_autofree char *text = ls_endpoint_to_text (&peer->endpoint);

      g_variant_builder_add (&endpoints, "(@ays)", key_to_variant (&peer->public_key), text);
    }
  call_plain (self, "SetEndpoints", g_variant_new ("(sa(ays))", name, &endpoints), cancellable,
              callback, user_data);
}

void
ls_agent_helper_remove_async (LsAgentHelper *self, const char *name, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data)
{
  call_plain (self, "RemoveTunnel", g_variant_new ("(s)", name), cancellable, callback, user_data);
}

void
ls_agent_helper_restore_async (LsAgentHelper *self, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data)
{
  call_plain (self, "RestoreNetwork", NULL, cancellable, callback, user_data);
}

gboolean
ls_agent_helper_call_finish (LsAgentHelper *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Status */

typedef struct
{
  char *state;
  GArray *statistics;
} HelperStatus;

static void
helper_status_free (HelperStatus *status)
{
  g_free (status->state);
  g_clear_pointer (&status->statistics, g_array_unref);
  g_free (status);
}

static HelperStatus *
parse_status (GVariant *reply)
{
  g_autoptr (GVariant) values = NULL;
  g_autoptr (GVariant) peers = NULL;
  HelperStatus *status;

  if (!g_variant_is_of_type (reply, G_VARIANT_TYPE ("(a{sv})")))
    return NULL;
  values = g_variant_get_child_value (reply, 0);
  status = g_new0 (HelperStatus, 1);
  peers = g_variant_lookup_value (values, "peers", G_VARIANT_TYPE (LS_PEER_STATISTICS_TYPE));
  if (peers != NULL)
    status->statistics = ls_peer_statistics_from_variant (peers, NULL);
  g_variant_lookup (values, "state", "s", &status->state);
  if (status->statistics != NULL && status->state != NULL)
    return status;
  helper_status_free (status);
  return NULL;
}

static void
status_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (GVariant) reply
      = ls_agent_helper_link_call_finish (LS_AGENT_HELPER_LINK (source), result, &error);
  HelperStatus *status = reply != NULL ? parse_status (reply) : NULL;

  if (status != NULL)
    g_task_return_pointer (task, status, (GDestroyNotify)helper_status_free);
  else
    g_task_return_error (task, error != NULL ? error : answer_error ());
}

void
ls_agent_helper_status_async (LsAgentHelper *self, const char *name, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, ls_agent_helper_status_async);
  ls_agent_helper_link_call_async (self->link, "GetStatus", g_variant_new ("(s)", name), FALSE,
                                   TIMEOUT_CALL, cancellable, status_cb, task);
}

GArray *
ls_agent_helper_status_finish (LsAgentHelper *self, GAsyncResult *result, char **out_state,
                               GError **error)
{
  HelperStatus *status = g_task_propagate_pointer (G_TASK (result), error);
  GArray *statistics;

  if (status == NULL)
    return NULL;
  statistics = g_steal_pointer (&status->statistics);
  if (out_state != NULL)
    *out_state = g_steal_pointer (&status->state);
  helper_status_free (status);
  return statistics;
}
