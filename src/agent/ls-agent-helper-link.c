/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-helper-link.h"

#include <glib/gi18n-lib.h>

#include "ls-error.h"
#include "ls-names.h"

#define DBUS "org.freedesktop.DBus"
#define DBUS_PATH "/org/freedesktop/DBus"

struct _LsAgentHelperLink
{
  GObject parent_instance;

  GDBusConnection *bus;
  char *owner; /* verified unique name, or NULL */
  const char *state;
  char *details; /* of the last failure to reach it, or NULL */
  GQueue waiting; /* of GTask: calls until the helper is found */
  gboolean finding;
  guint name_subscription;
  guint signal_subscription;
};

G_DEFINE_FINAL_TYPE (LsAgentHelperLink, ls_agent_helper_link, G_TYPE_OBJECT)

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

typedef struct
{
  const char *method; /* NULL: only find the helper */
  GVariant *parameters;
  gboolean interactive;
  int timeout;
  gboolean tried; /* once already, at an owner that was gone */
} LinkCall;

static void find_owner (LsAgentHelperLink *self);

static void
link_call_free (LinkCall *call)
{
  g_clear_pointer (&call->parameters, g_variant_unref);
  g_free (call);
}

static void
set_state (LsAgentHelperLink *self, const char *state)
{
  if (g_str_equal (self->state, state))
    return;
  self->state = state;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE]);
}

/* Calls */

static gboolean
owner_is_gone (const GError *error)
{
  return g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN)
         || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER);
}

/* What D-Bus said of a helper that cannot be used: for those who look closer. */
static GError *
unavailable (LsAgentHelperLink *self, const char *what, const char *details)
{
  g_free (self->details);
  self->details = g_strdup (details);
  return g_error_new_literal (LS_ERROR, LS_ERROR_HELPER_UNAVAILABLE, what);
}

/* Makes a D-Bus error one of ours; takes @error. */
static GError *
map_error (LsAgentHelperLink *self, GError *error)
{
  GError *mapped;

  g_dbus_error_strip_remote_error (error);
  if (error->domain == LS_ERROR || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return error;
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED))
    mapped = g_error_new (LS_ERROR, LS_ERROR_NOT_AUTHORIZED,
                          _ ("This user may not use the Lightscale helper (%s)."), error->message);
  else if (owner_is_gone (error) || error->domain == G_IO_ERROR
           || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY)
           || g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_DISCONNECTED))
    mapped = unavailable (self, _ ("The Lightscale helper does not answer."), error->message);
  else
    mapped = g_error_new (LS_ERROR, LS_ERROR_FAILED, _ ("The Lightscale helper failed: %s"),
                          error->message);
  g_error_free (error);
  return mapped;
}

static void
called_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsAgentHelperLink *self = g_task_get_source_object (task);
  LinkCall *call = g_task_get_task_data (task);
  GError *error = NULL;
  GVariant *reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (reply != NULL)
    {
      g_task_return_pointer (task, reply, (GDestroyNotify)g_variant_unref);
      return;
    }
  if (owner_is_gone (error) && !call->tried)
    {
      call->tried = TRUE;
      g_error_free (error);
      g_clear_pointer (&self->owner, g_free);
      g_queue_push_tail (&self->waiting, g_steal_pointer (&task));
      find_owner (self);
      return;
    }
  g_task_return_error (task, map_error (self, error));
}

/* Takes @task. */
static void
send_call (LsAgentHelperLink *self, GTask *task)
{
  LinkCall *call = g_task_get_task_data (task);

  if (call->method == NULL)
    {
      g_task_return_pointer (task, NULL, NULL);
      g_object_unref (task);
      return;
    }
  g_dbus_connection_call (self->bus, self->owner, LS_HELPER_PATH, LS_HELPER_INTERFACE, call->method,
                          call->parameters, NULL,
                          call->interactive ? G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION
                                            : G_DBUS_CALL_FLAGS_NO_AUTO_START,
                          call->timeout, g_task_get_cancellable (task), called_cb, task);
}

/* Finding the helper */

/* Ends the search; takes @error, NULL if the helper was found. */
static void
end_search (LsAgentHelperLink *self, GError *error)
{
  GQueue waiting = self->waiting;
  GTask *task;

  self->finding = FALSE;
  g_queue_init (&self->waiting);
  set_state (self, error == NULL ? "available" : "missing");
  while ((task = g_queue_pop_head (&waiting)) != NULL)
    if (error == NULL)
      send_call (self, task);
    else
      {
        g_task_return_error (task, g_error_copy (error));
        g_object_unref (task);
      }
  g_clear_error (&error);
}

static void
end_search_missing (LsAgentHelperLink *self, GError *error)
{
  g_dbus_error_strip_remote_error (error);
  end_search (self,
              unavailable (self, _ ("The Lightscale helper is not installed or does not start."),
                           error->message));
}

static void
helper_signal_cb (GDBusConnection *bus, const char *sender, const char *path, const char *interface,
                  const char *signal, GVariant *parameters, gpointer user_data)
{
  LsAgentHelperLink *self = user_data;
  const char *name;
  const char *state;
  const char *reason;

  if (!g_str_equal (signal, "TunnelChanged")
      || !g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(sss)")))
    return;
  g_variant_get (parameters, "(&s&s&s)", &name, &state, &reason);
  g_signal_emit (self, signals[TUNNEL_CHANGED], 0, name, state, reason);
}

static void
take_owner (LsAgentHelperLink *self, const char *owner)
{
  g_free (self->owner);
  self->owner = g_strdup (owner);
  if (self->signal_subscription != 0)
    g_dbus_connection_signal_unsubscribe (self->bus, self->signal_subscription);
  self->signal_subscription = g_dbus_connection_signal_subscribe (
      self->bus, owner, LS_HELPER_INTERFACE, NULL, LS_HELPER_PATH, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
      helper_signal_cb, self, NULL);
}

typedef struct
{
  LsAgentHelperLink *self;
  char *owner;
} OwnerCheck;

static void
owner_user_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  OwnerCheck *check = user_data;
  g_autoptr (LsAgentHelperLink) self = check->self;
  g_autofree char *owner = check->owner;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  guint32 user = G_MAXUINT32;

  g_free (check);
  if (reply == NULL)
    {
      end_search_missing (self, error);
      return;
    }
  g_variant_get (reply, "(u)", &user);
  /* SECURITY: the private key goes to root and to nobody else. */
  if (user != 0)
    {
      end_search (self, unavailable (self,
                                     _ ("Somebody else than the system runs under the name of the "
                                        "Lightscale helper."),
                                     owner));
      return;
    }
  take_owner (self, owner);
  end_search (self, NULL);
}

static void
owner_found (LsAgentHelperLink *self, const char *owner)
{
  OwnerCheck *check = g_new0 (OwnerCheck, 1);

  check->self = g_object_ref (self);
  check->owner = g_strdup (owner);
  g_dbus_connection_call (self->bus, DBUS, DBUS_PATH, DBUS, "GetConnectionUnixUser",
                          g_variant_new ("(s)", owner), G_VARIANT_TYPE ("(u)"),
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, owner_user_cb, check);
}

static void ask_owner (LsAgentHelperLink *self, GAsyncReadyCallback callback);

static void
started_owner_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsAgentHelperLink) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  const char *owner;

  if (reply == NULL)
    {
      end_search_missing (self, error);
      return;
    }
  g_variant_get (reply, "(&s)", &owner);
  owner_found (self, owner);
}

static void
started_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsAgentHelperLink) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (reply == NULL)
    end_search_missing (self, error);
  else
    ask_owner (self, started_owner_cb);
}

static void
owner_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsAgentHelperLink) self = user_data;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  const char *owner;

  if (reply != NULL)
    {
      g_variant_get (reply, "(&s)", &owner);
      owner_found (self, owner);
      return;
    }
  g_dbus_connection_call (self->bus, DBUS, DBUS_PATH, DBUS, "StartServiceByName",
                          g_variant_new ("(su)", LS_HELPER_BUS_NAME, 0), NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, started_cb, g_object_ref (self));
}

static void
ask_owner (LsAgentHelperLink *self, GAsyncReadyCallback callback)
{
  g_dbus_connection_call (self->bus, DBUS, DBUS_PATH, DBUS, "GetNameOwner",
                          g_variant_new ("(s)", LS_HELPER_BUS_NAME), G_VARIANT_TYPE ("(s)"),
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, callback, g_object_ref (self));
}

static void
name_owner_changed_cb (GDBusConnection *bus, const char *sender, const char *path,
                       const char *interface, const char *signal, GVariant *parameters,
                       gpointer user_data)
{
  LsAgentHelperLink *self = user_data;
  const char *owner;

  g_variant_get_child (parameters, 2, "&s", &owner);
  if (g_strcmp0 (owner, self->owner) == 0)
    return;
  g_clear_pointer (&self->owner, g_free);
  g_signal_emit (self, signals[OWNER_CHANGED], 0);
}

static void
bus_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsAgentHelperLink) self = user_data;
  g_autoptr (GError) error = NULL;

  self->bus = g_bus_get_finish (result, &error);
  if (self->bus == NULL)
    {
      end_search (self,
                  unavailable (self, _ ("The system bus cannot be reached."), error->message));
      return;
    }
  g_dbus_connection_set_exit_on_close (self->bus, FALSE);
  self->name_subscription = g_dbus_connection_signal_subscribe (
      self->bus, DBUS, DBUS, "NameOwnerChanged", DBUS_PATH, LS_HELPER_BUS_NAME,
      G_DBUS_SIGNAL_FLAGS_NONE, name_owner_changed_cb, self, NULL);
  ask_owner (self, owner_cb);
}

static void
drop_bus (LsAgentHelperLink *self)
{
  if (self->bus == NULL)
    return;
  if (self->name_subscription != 0)
    g_dbus_connection_signal_unsubscribe (self->bus, self->name_subscription);
  if (self->signal_subscription != 0)
    g_dbus_connection_signal_unsubscribe (self->bus, self->signal_subscription);
  self->name_subscription = self->signal_subscription = 0;
  g_clear_object (&self->bus);
}

static void
find_owner (LsAgentHelperLink *self)
{
  if (self->finding)
    return;
  self->finding = TRUE;
  if (self->bus != NULL && g_dbus_connection_is_closed (self->bus))
    drop_bus (self);
  if (self->bus != NULL)
    ask_owner (self, owner_cb);
  else
    g_bus_get (G_BUS_TYPE_SYSTEM, NULL, bus_cb, g_object_ref (self));
}

void
ls_agent_helper_link_call_async (LsAgentHelperLink *self, const char *method, GVariant *parameters,
                                 gboolean interactive, int timeout, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  LinkCall *call = g_new0 (LinkCall, 1);

  g_task_set_source_tag (task, ls_agent_helper_link_call_async);
  call->method = method;
  call->parameters = parameters != NULL ? g_variant_ref_sink (parameters) : NULL;
  call->interactive = interactive;
  call->timeout = timeout;
  g_task_set_task_data (task, call, (GDestroyNotify)link_call_free);
  if (self->owner != NULL && !g_dbus_connection_is_closed (self->bus))
    {
      send_call (self, task);
      return;
    }
  g_queue_push_tail (&self->waiting, task);
  find_owner (self);
}

GVariant *
ls_agent_helper_link_call_finish (LsAgentHelperLink *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
ls_agent_helper_link_probe (LsAgentHelperLink *self)
{
  ls_agent_helper_link_call_async (self, NULL, NULL, FALSE, -1, NULL, NULL, NULL);
}

/* Object */

static void
ls_agent_helper_link_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  if (id == PROP_STATE)
    g_value_set_static_string (value, LS_AGENT_HELPER_LINK (object)->state);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
}

static void
ls_agent_helper_link_finalize (GObject *object)
{
  LsAgentHelperLink *self = LS_AGENT_HELPER_LINK (object);

  drop_bus (self);
  g_free (self->owner);
  g_free (self->details);
  G_OBJECT_CLASS (ls_agent_helper_link_parent_class)->finalize (object);
}

static void
ls_agent_helper_link_class_init (LsAgentHelperLinkClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = ls_agent_helper_link_get_property;
  object_class->finalize = ls_agent_helper_link_finalize;
  /* An error of the helper is known as ours only if the domain was registered before it comes. */
  ls_error_quark ();
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
ls_agent_helper_link_init (LsAgentHelperLink *self)
{
  self->state = "unknown";
  g_queue_init (&self->waiting);
}

LsAgentHelperLink *
ls_agent_helper_link_new (void)
{
  return g_object_new (LS_TYPE_AGENT_HELPER_LINK, NULL);
}

const char *
ls_agent_helper_link_get_state (LsAgentHelperLink *self)
{
  return self->state;
}

const char *
ls_agent_helper_link_get_details (LsAgentHelperLink *self)
{
  return self->details != NULL ? self->details : "";
}
