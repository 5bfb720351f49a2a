/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "ls-helper-service"

#include "config.h"

#include "ls-helper-service.h"

#include <glib/gi18n-lib.h>

#include "ls-error.h"
#include "ls-helper-ipc.h"
#include "ls-names.h"
#include "ls-text.h"

struct _LsHelperService
{
  GObject parent_instance;

  GDBusConnection *bus;
  LsHelperEngine *engine;
  LsIpcHelper1 *skeleton;
  GHashTable *senders; /* unique name → Sender */
  guint calls;
};

/* A connection that called, until it leaves the bus. */
typedef struct
{
  LsHelperService *service;
  char *name;
  guint32 uid; /* valid if known */
  gboolean known;
  GQueue waiting; /* of GDBusMethodInvocation: until the uid is known */
  guint calls;
  GCancellable *cancellable; /* cancelled when the connection ends */
  guint watch_id;
} Sender;

enum
{
  IDLE_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (LsHelperService, ls_helper_service, G_TYPE_OBJECT)

static void
sender_free (Sender *sender)
{
  GDBusMethodInvocation *invocation;

  g_cancellable_cancel (sender->cancellable);
  g_clear_handle_id (&sender->watch_id, g_bus_unwatch_name);
  while ((invocation = g_queue_pop_head (&sender->waiting)) != NULL)
    g_object_unref (invocation);
  g_object_unref (sender->cancellable);
  g_free (sender->name);
  g_free (sender);
}

/* One call on its way through the engine. */
typedef struct
{
  LsHelperService *service;
  GDBusMethodInvocation *invocation;
  char *sender;
} Call;

static void
call_end (Call *call)
{
  g_autoptr (LsHelperService) self = call->service;
  Sender *sender = g_hash_table_lookup (self->senders, call->sender);

  if (sender != NULL)
    sender->calls--;
  self->calls--;
  g_free (call->sender);
  g_free (call);
  g_signal_emit (self, signals[IDLE_CHANGED], 0);
}

static void
return_error (GDBusMethodInvocation *invocation, GError *error)
{
  g_autofree char *message = ls_text_sanitize (error->message);

  g_debug ("%s for %s: %s", g_dbus_method_invocation_get_method_name (invocation),
           g_dbus_method_invocation_get_sender (invocation), message);
  g_dbus_method_invocation_take_error (invocation, error);
}

static void
called_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Call *call = user_data;
  GError *error = NULL;
  g_autoptr (GVariant) answer
      = ls_helper_engine_call_finish (LS_HELPER_ENGINE (source), result, &error);

  if (answer != NULL)
    g_dbus_method_invocation_return_value (call->invocation, answer);
  else
    return_error (call->invocation, error);
  call_end (call);
}

/* Takes @invocation. */
static void
dispatch (Sender *sender, GDBusMethodInvocation *invocation)
{
  LsHelperService *self = sender->service;
  GError *error = NULL;
  GDBusMessageFlags flags
      = g_dbus_message_get_flags (g_dbus_method_invocation_get_message (invocation));
  LsHelperRequest *request
      = ls_helper_request_parse (g_dbus_method_invocation_get_method_name (invocation),
                                 g_dbus_method_invocation_get_parameters (invocation), &error);

  if (request == NULL)
    {
      return_error (invocation, error);
      return;
    }
  g_autoptr (LsHelperCaller) caller = ls_helper_caller_new (
      sender->uid, sender->name, flags & G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION,
      sender->cancellable);
  Call *call = g_new0 (Call, 1);
  call->service = g_object_ref (self);
  call->invocation = invocation;
  call->sender = g_strdup (sender->name);
  sender->calls++;
  self->calls++;
  ls_helper_engine_call (self->engine, caller, request, called_cb, call);
}

static void
dispatch_waiting (Sender *sender)
{
  GDBusMethodInvocation *invocation;

  while ((invocation = g_queue_pop_head (&sender->waiting)) != NULL)
    dispatch (sender, invocation);
}

static void
vanished_cb (GDBusConnection *bus, const char *name, gpointer user_data)
{
  Sender *sender = user_data;
  g_hash_table_remove (sender->service->senders, name);
}

static void
got_uid_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  Sender *sender = user_data;

  /* Cancelled: the sender is gone, and with it this structure. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (answer == NULL)
    {
      g_hash_table_remove (sender->service->senders, sender->name);
      return;
    }
  g_variant_get (answer, "(u)", &sender->uid);
  sender->known = TRUE;
  dispatch_waiting (sender);
}

static Sender *
add_sender (LsHelperService *self, const char *name)
{
  Sender *sender = g_new0 (Sender, 1);

  sender->service = self;
  sender->name = g_strdup (name);
  sender->cancellable = g_cancellable_new ();
  g_queue_init (&sender->waiting);
  g_hash_table_insert (self->senders, sender->name, sender);
  sender->watch_id = g_bus_watch_name_on_connection (self->bus, name, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                                     NULL, vanished_cb, sender, NULL);
  /* SECURITY: the bus daemon says whose connection it is; nothing that the caller says counts. */
  g_dbus_connection_call (self->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                          "org.freedesktop.DBus", "GetConnectionUnixUser",
                          g_variant_new ("(s)", name), G_VARIANT_TYPE ("(u)"),
                          G_DBUS_CALL_FLAGS_NONE, -1, sender->cancellable, got_uid_cb, sender);
  return sender;
}

/* Every method of the interface comes here. */
static gboolean
handle_call_cb (LsHelperService *self, GDBusMethodInvocation *invocation)
{
  const char *name = g_dbus_method_invocation_get_sender (invocation);
  Sender *sender = g_hash_table_lookup (self->senders, name);

  if (sender == NULL)
    sender = add_sender (self, name);
  if (sender->calls + g_queue_get_length (&sender->waiting) >= LS_HELPER_CALLS_PER_SENDER_MAX)
    {
      return_error (invocation, g_error_new_literal (LS_ERROR, LS_ERROR_LIMIT,
                                                     _ ("Too many calls at the same time.")));
      return TRUE;
    }
  if (sender->known)
    dispatch (sender, invocation);
  else
    g_queue_push_tail (&sender->waiting, invocation);
  return TRUE;
}

static void
tunnel_changed_cb (LsHelperEngine *engine, const char *owner, const char *name, const char *state,
                   const char *reason, gpointer user_data)
{
  LsHelperService *self = user_data;

  g_message ("%s: %s (%s)", name, state, reason);
  g_dbus_connection_emit_signal (self->bus, owner, LS_HELPER_PATH, LS_HELPER_INTERFACE,
                                 "TunnelChanged", g_variant_new ("(sss)", name, state, reason),
                                 NULL);
}

static void
engine_idle_changed_cb (LsHelperEngine *engine, gpointer user_data)
{
  g_signal_emit (user_data, signals[IDLE_CHANGED], 0);
}

gboolean
ls_helper_service_is_idle (LsHelperService *self)
{
  return self->calls == 0 && ls_helper_engine_is_idle (self->engine);
}

gboolean
ls_helper_service_export (LsHelperService *self, GError **error)
{
  return g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (self->skeleton), self->bus,
                                           LS_HELPER_PATH, error);
}

void
ls_helper_service_unexport (LsHelperService *self)
{
  if (g_dbus_interface_skeleton_get_object_path (G_DBUS_INTERFACE_SKELETON (self->skeleton))
      != NULL)
    g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (self->skeleton));
}

static void
connect_methods (LsHelperService *self)
{
  static const char *const signal_names[]
      = { "handle-apply-tunnel",   "handle-update-peers", "handle-set-endpoints",
          "handle-remove-tunnel",  "handle-list-tunnels", "handle-get-status",
          "handle-restore-network" };

  for (guint i = 0; i < G_N_ELEMENTS (signal_names); i++)
    g_signal_connect_swapped (self->skeleton, signal_names[i], G_CALLBACK (handle_call_cb), self);
}

LsHelperService *
ls_helper_service_new (GDBusConnection *bus, LsHelperEngine *engine)
{
  LsHelperService *self = g_object_new (LS_TYPE_HELPER_SERVICE, NULL);
  static const char *const features[] = { "tunnel", NULL };

  self->bus = g_object_ref (bus);
  self->engine = g_object_ref (engine);
  self->skeleton = ls_ipc_helper1_skeleton_new ();
  ls_ipc_helper1_set_version (self->skeleton, LS_VERSION);
  ls_ipc_helper1_set_features (self->skeleton, features);
  connect_methods (self);
  g_signal_connect_object (engine, "tunnel-changed", G_CALLBACK (tunnel_changed_cb), self, 0);
  g_signal_connect_object (engine, "idle-changed", G_CALLBACK (engine_idle_changed_cb), self, 0);
  return self;
}

static void
ls_helper_service_dispose (GObject *object)
{
  LsHelperService *self = LS_HELPER_SERVICE (object);

  if (self->skeleton != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->skeleton, self);
      ls_helper_service_unexport (self);
    }
  g_clear_object (&self->skeleton);
  g_clear_pointer (&self->senders, g_hash_table_unref);
  g_clear_object (&self->engine);
  g_clear_object (&self->bus);
  G_OBJECT_CLASS (ls_helper_service_parent_class)->dispose (object);
}

static void
ls_helper_service_class_init (LsHelperServiceClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ls_helper_service_dispose;

  signals[IDLE_CHANGED] = g_signal_new ("idle-changed", LS_TYPE_HELPER_SERVICE, G_SIGNAL_RUN_LAST,
                                        0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
ls_helper_service_init (LsHelperService *self)
{
  self->senders
      = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)sender_free);
}
