/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ls-helper-lease.h"

struct _LsHelperLease
{
  GObject parent_instance;

  guint32 uid;
  char *owner;
  guint grace_seconds;
  guint watch_id;
  guint grace_id; /* not 0: orphaned and waiting */
  gboolean orphaned;
};

enum
{
  EXPIRED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (LsHelperLease, ls_helper_lease, G_TYPE_OBJECT)

static gboolean
expired_cb (gpointer user_data)
{
  LsHelperLease *self = user_data;

  self->grace_id = 0;
  g_signal_emit (self, signals[EXPIRED], 0);
  return G_SOURCE_REMOVE;
}

static void
become_orphan (LsHelperLease *self)
{
  if (self->orphaned)
    return;
  self->orphaned = TRUE;
  self->grace_id = g_timeout_add_seconds (self->grace_seconds, expired_cb, self);
}

static void
vanished_cb (GDBusConnection *bus, const char *name, gpointer user_data)
{
  become_orphan (user_data);
}

LsHelperLease *
ls_helper_lease_new (GDBusConnection *bus, guint32 uid, const char *owner, guint grace_seconds)
{
  LsHelperLease *self = g_object_new (LS_TYPE_HELPER_LEASE, NULL);

  self->uid = uid;
  self->owner = g_strdup (owner);
  self->grace_seconds = grace_seconds;
  if (bus != NULL && g_dbus_is_unique_name (owner))
    self->watch_id = g_bus_watch_name_on_connection (bus, owner, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                                     NULL, vanished_cb, self, NULL);
  else
    become_orphan (self);
  return self;
}

guint32
ls_helper_lease_get_uid (LsHelperLease *self)
{
  return self->uid;
}

const char *
ls_helper_lease_get_owner (LsHelperLease *self)
{
  return self->owner;
}

gboolean
ls_helper_lease_is_orphaned (LsHelperLease *self)
{
  return self->orphaned;
}

gboolean
ls_helper_lease_is_owned_by (LsHelperLease *self, guint32 uid, const char *owner)
{
  return !self->orphaned && self->uid == uid && g_strcmp0 (self->owner, owner) == 0;
}

static void
ls_helper_lease_dispose (GObject *object)
{
  LsHelperLease *self = LS_HELPER_LEASE (object);

  g_clear_handle_id (&self->watch_id, g_bus_unwatch_name);
  g_clear_handle_id (&self->grace_id, g_source_remove);
  g_clear_pointer (&self->owner, g_free);
  G_OBJECT_CLASS (ls_helper_lease_parent_class)->dispose (object);
}

static void
ls_helper_lease_class_init (LsHelperLeaseClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ls_helper_lease_dispose;

  signals[EXPIRED] = g_signal_new ("expired", LS_TYPE_HELPER_LEASE, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
}

static void
ls_helper_lease_init (LsHelperLease *self)
{
}
