/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-keyring-watch.h"

#include "ls-agent-keyring.h"

#define COLLECTION_INTERFACE "org.freedesktop.Secret.Collection"

struct _LsAgentKeyringWatch
{
  GObject parent_instance;

  GDBusConnection *bus; /* NULL until it is connected */
  GCancellable *cancellable; /* of the object's life */
  guint name_watch;
  gboolean present;
  gboolean waiting;
  guint subscription; /* to changes of collections, while waiting; 0: none */
};

G_DEFINE_FINAL_TYPE (LsAgentKeyringWatch, ls_agent_keyring_watch, G_TYPE_OBJECT)

enum
{
  APPEARED,
  MISSING,
  UNLOCKED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/* Unlocking */

static void
locked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsAgentKeyringWatch) self = user_data;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  g_autoptr (GVariant) locked = NULL;

  if (reply == NULL || !self->waiting)
    return;
  g_variant_get (reply, "(v)", &locked);
  if (g_variant_is_of_type (locked, G_VARIANT_TYPE_BOOLEAN) && !g_variant_get_boolean (locked))
    g_signal_emit (self, signals[UNLOCKED], 0);
}

/* The Secret Service tells of any change of a collection, and does not say which. */
static void
collection_changed_cb (GDBusConnection *bus, const char *sender, const char *path,
                       const char *interface, const char *signal, GVariant *parameters,
                       gpointer user_data)
{
  LsAgentKeyringWatch *self = user_data;
  const char *collection;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(o)")))
    return;
  g_variant_get (parameters, "(&o)", &collection);
  g_dbus_connection_call (bus, sender, collection, "org.freedesktop.DBus.Properties", "Get",
                          g_variant_new ("(ss)", COLLECTION_INTERFACE, "Locked"),
                          G_VARIANT_TYPE ("(v)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, -1,
                          self->cancellable, locked_cb, g_object_ref (self));
}

static void
update_subscription (LsAgentKeyringWatch *self)
{
  gboolean wanted = self->waiting && self->bus != NULL;

  if (wanted == (self->subscription != 0))
    return;
  if (wanted)
    self->subscription = g_dbus_connection_signal_subscribe (
        self->bus, LS_AGENT_KEYRING_BUS_NAME, "org.freedesktop.Secret.Service", "CollectionChanged",
        NULL, NULL, G_DBUS_SIGNAL_FLAGS_NONE, collection_changed_cb, self, NULL);
  else
    {
      g_dbus_connection_signal_unsubscribe (self->bus, self->subscription);
      self->subscription = 0;
    }
}

void
ls_agent_keyring_watch_set_waiting (LsAgentKeyringWatch *self, gboolean waiting)
{
  self->waiting = waiting;
  update_subscription (self);
}

/* Being there */

static void
name_appeared_cb (GDBusConnection *bus, const char *name, const char *owner, gpointer user_data)
{
  LsAgentKeyringWatch *self = user_data;

  self->present = TRUE;
  g_signal_emit (self, signals[APPEARED], 0);
}

static void
name_vanished_cb (GDBusConnection *bus, const char *name, gpointer user_data)
{
  LsAgentKeyringWatch *self = user_data;

  self->present = FALSE;
}

/* A service that no file belongs to cannot be started, and may run all the same. */
static void
started_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsAgentKeyringWatch) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (reply != NULL || self->present || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_dbus_error_strip_remote_error (error);
  g_signal_emit (self, signals[MISSING], 0, error->message);
}

static void
session_bus_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsAgentKeyringWatch) self = user_data;
  g_autoptr (GError) error = NULL;

  self->bus = g_bus_get_finish (result, &error);
  if (self->bus == NULL)
    {
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        g_signal_emit (self, signals[MISSING], 0, error->message);
      return;
    }
  self->name_watch = g_bus_watch_name_on_connection (
      self->bus, LS_AGENT_KEYRING_BUS_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE, name_appeared_cb,
      name_vanished_cb, self, NULL);
  update_subscription (self);
  g_dbus_connection_call (
      self->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
      "StartServiceByName", g_variant_new ("(su)", LS_AGENT_KEYRING_BUS_NAME, 0), NULL,
      G_DBUS_CALL_FLAGS_NONE, -1, self->cancellable, started_cb, g_object_ref (self));
}

/* Object */

static void
ls_agent_keyring_watch_dispose (GObject *object)
{
  LsAgentKeyringWatch *self = LS_AGENT_KEYRING_WATCH (object);

  g_cancellable_cancel (self->cancellable);
  ls_agent_keyring_watch_set_waiting (self, FALSE);
  g_clear_handle_id (&self->name_watch, g_bus_unwatch_name);
  g_clear_object (&self->bus);
  G_OBJECT_CLASS (ls_agent_keyring_watch_parent_class)->dispose (object);
}

static void
ls_agent_keyring_watch_finalize (GObject *object)
{
  LsAgentKeyringWatch *self = LS_AGENT_KEYRING_WATCH (object);

  g_object_unref (self->cancellable);
  G_OBJECT_CLASS (ls_agent_keyring_watch_parent_class)->finalize (object);
}

static void
ls_agent_keyring_watch_class_init (LsAgentKeyringWatchClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GType type = G_TYPE_FROM_CLASS (klass);

  object_class->dispose = ls_agent_keyring_watch_dispose;
  object_class->finalize = ls_agent_keyring_watch_finalize;
  signals[APPEARED]
      = g_signal_new ("appeared", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[MISSING] = g_signal_new ("missing", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[UNLOCKED]
      = g_signal_new ("unlocked", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
ls_agent_keyring_watch_init (LsAgentKeyringWatch *self)
{
  self->cancellable = g_cancellable_new ();
}

LsAgentKeyringWatch *
ls_agent_keyring_watch_new (void)
{
  LsAgentKeyringWatch *self = g_object_new (LS_TYPE_AGENT_KEYRING_WATCH, NULL);

  g_bus_get (G_BUS_TYPE_SESSION, self->cancellable, session_bus_cb, g_object_ref (self));
  return self;
}
