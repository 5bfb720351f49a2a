/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ls-helper-nm-watch.h"

#include "ls-helper-nm-call.h"

/* How long a starting NetworkManager may take until it has taken up what was active before. */
#define RETURN_GRACE_SECONDS 5

/* One change of a device comes as several signals. */
#define SETTLE_MILLISECONDS 300

/* Between two activations, and when NetworkManager ends, there is for a moment none. */
#define GONE_MILLISECONDS 300

struct _LsHelperNmWatch
{
  GObject parent_instance;

  NMClient *client;
  char *uuid;
  gboolean following;
  NMActiveConnection *active; /* what should be */
  NMActiveConnection *candidate; /* another activation under way */
  NMDevice *device;
  guint64 version; /* of what is applied to the device; 0: not known yet */
  GCancellable *cancellable; /* of the question for the version */
  guint grace_id; /* NetworkManager has just come back */
  guint gone_id; /* the active connection has just gone */
  guint settle_id;
};

enum
{
  DOWN,
  ACTIVATED,
  REAPPLIED,
  SURE,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (LsHelperNmWatch, ls_helper_nm_watch, G_TYPE_OBJECT)

static void evaluate (LsHelperNmWatch *self);

static gboolean
is_watching (LsHelperNmWatch *self)
{
  return self->following && nm_client_get_nm_running (self->client);
}

gboolean
ls_helper_nm_watch_is_unsure (LsHelperNmWatch *self)
{
  return is_watching (self) && (self->grace_id != 0 || self->gone_id != 0);
}

static void
tell_if_sure (LsHelperNmWatch *self, gboolean down)
{
  if (!ls_helper_nm_watch_is_unsure (self))
    g_signal_emit (self, signals[SURE], 0, down);
}

static void
set_candidate (LsHelperNmWatch *self, NMActiveConnection *candidate)
{
  if (self->candidate == candidate)
    return;
  if (self->candidate != NULL)
    g_signal_handlers_disconnect_by_data (self->candidate, self);
  g_set_object (&self->candidate, candidate);
  if (candidate != NULL)
    g_signal_connect_swapped (candidate, "notify::state", G_CALLBACK (evaluate), self);
}

static void
version_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsHelperNmWatch) self = user_data;
  g_autoptr (NMConnection) applied = NULL;
  guint64 version = 0;

  applied = nm_device_get_applied_connection_finish (NM_DEVICE (source), result, &version, NULL);
  if (applied == NULL || NM_DEVICE (source) != self->device || !self->following)
    return;
  if (self->version == 0)
    self->version = version;
  else if (self->version != version)
    {
      self->following = FALSE;
      g_signal_emit (self, signals[REAPPLIED], 0);
    }
}

static void
ask_version (LsHelperNmWatch *self)
{
  if (self->device != NULL)
    nm_device_get_applied_connection_async (self->device, 0, self->cancellable, version_cb,
                                            g_object_ref (self));
}

static gboolean
settled_cb (gpointer user_data)
{
  LsHelperNmWatch *self = user_data;

  self->settle_id = 0;
  ask_version (self);
  return G_SOURCE_REMOVE;
}

static void
device_changed_cb (LsHelperNmWatch *self)
{
  if (self->following && self->settle_id == 0)
    self->settle_id = g_timeout_add (SETTLE_MILLISECONDS, settled_cb, self);
}

static void
watch_config (LsHelperNmWatch *self, NMIPConfig *config)
{
  if (config == NULL)
    return;
  g_signal_handlers_disconnect_by_data (config, self);
  g_signal_connect_object (config, "notify", G_CALLBACK (device_changed_cb), self,
                           G_CONNECT_SWAPPED);
}

static void
configs_changed_cb (LsHelperNmWatch *self)
{
  watch_config (self, nm_device_get_ip4_config (self->device));
  watch_config (self, nm_device_get_ip6_config (self->device));
  device_changed_cb (self);
}

static void
set_device (LsHelperNmWatch *self, NMDevice *device)
{
  if (self->device == device)
    return;
  if (self->device != NULL)
    g_signal_handlers_disconnect_by_data (self->device, self);
  g_set_object (&self->device, device);
  if (device == NULL)
    return;
  g_signal_connect_swapped (device, "notify::ip4-config", G_CALLBACK (configs_changed_cb), self);
  g_signal_connect_swapped (device, "notify::ip6-config", G_CALLBACK (configs_changed_cb), self);
  watch_config (self, nm_device_get_ip4_config (device));
  watch_config (self, nm_device_get_ip6_config (device));
}

static gboolean
gone_cb (gpointer user_data)
{
  g_autoptr (LsHelperNmWatch) self = g_object_ref (user_data);

  gboolean down = is_watching (self) && self->grace_id == 0
                  && ls_helper_nm_find_active (self->client, self->uuid) == NULL;

  self->gone_id = 0;
  if (down)
    {
      self->following = FALSE;
      g_signal_emit (self, signals[DOWN], 0);
    }
  tell_if_sure (self, down);
  return G_SOURCE_REMOVE;
}

static void
evaluate (LsHelperNmWatch *self)
{
  NMActiveConnection *active;

  if (!is_watching (self))
    return;
  active = ls_helper_nm_find_active (self->client, self->uuid);
  if (active != NULL && active == self->active)
    return;
  set_candidate (self, active);
  if (active == NULL)
    {
      if (self->grace_id == 0 && self->gone_id == 0)
        self->gone_id = g_timeout_add (GONE_MILLISECONDS, gone_cb, self);
    }
  else if (nm_active_connection_get_state (active) == NM_ACTIVE_CONNECTION_STATE_ACTIVATED)
    {
      g_clear_handle_id (&self->grace_id, g_source_remove);
      g_clear_handle_id (&self->gone_id, g_source_remove);
      self->following = FALSE;
      g_signal_emit (self, signals[ACTIVATED], 0, active);
      tell_if_sure (self, FALSE);
    }
}

static gboolean
grace_cb (gpointer user_data)
{
  g_autoptr (LsHelperNmWatch) self = g_object_ref (user_data);

  self->grace_id = 0;
  evaluate (self);
  tell_if_sure (self, FALSE);
  return G_SOURCE_REMOVE;
}

static void
running_cb (LsHelperNmWatch *self)
{
  g_clear_handle_id (&self->grace_id, g_source_remove);
  if (nm_client_get_nm_running (self->client))
    self->grace_id = g_timeout_add_seconds (RETURN_GRACE_SECONDS, grace_cb, self);
  else
    tell_if_sure (self, FALSE);
}

void
ls_helper_nm_watch_follow (LsHelperNmWatch *self, NMActiveConnection *active)
{
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  self->cancellable = g_cancellable_new ();
  if (self->active != active && self->active != NULL)
    g_signal_handlers_disconnect_by_data (self->active, self);
  if (self->active != active && active != NULL)
    g_signal_connect_swapped (active, "notify::state", G_CALLBACK (evaluate), self);
  g_set_object (&self->active, active);
  set_candidate (self, NULL);
  set_device (self, active != NULL ? ls_helper_nm_get_device (active) : NULL);
  self->version = 0;
  self->following = TRUE;
  ask_version (self);
  evaluate (self);
}

void
ls_helper_nm_watch_pause (LsHelperNmWatch *self)
{
  self->following = FALSE;
}

LsHelperNmWatch *
ls_helper_nm_watch_new (NMClient *client, const char *uuid)
{
  LsHelperNmWatch *self = g_object_new (LS_TYPE_HELPER_NM_WATCH, NULL);

  self->client = g_object_ref (client);
  self->uuid = g_strdup (uuid);
  g_signal_connect_object (client, NM_CLIENT_ACTIVE_CONNECTION_ADDED, G_CALLBACK (evaluate), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (client, NM_CLIENT_ACTIVE_CONNECTION_REMOVED, G_CALLBACK (evaluate), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (client, "notify::" NM_CLIENT_NM_RUNNING, G_CALLBACK (running_cb), self,
                           G_CONNECT_SWAPPED);
  return self;
}

static void
ls_helper_nm_watch_dispose (GObject *object)
{
  LsHelperNmWatch *self = LS_HELPER_NM_WATCH (object);

  self->following = FALSE;
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_handle_id (&self->grace_id, g_source_remove);
  g_clear_handle_id (&self->gone_id, g_source_remove);
  g_clear_handle_id (&self->settle_id, g_source_remove);
  set_candidate (self, NULL);
  set_device (self, NULL);
  if (self->active != NULL)
    g_signal_handlers_disconnect_by_data (self->active, self);
  g_clear_object (&self->active);
  g_clear_object (&self->client);
  G_OBJECT_CLASS (ls_helper_nm_watch_parent_class)->dispose (object);
}

static void
ls_helper_nm_watch_finalize (GObject *object)
{
  g_free (LS_HELPER_NM_WATCH (object)->uuid);
  G_OBJECT_CLASS (ls_helper_nm_watch_parent_class)->finalize (object);
}

static void
ls_helper_nm_watch_class_init (LsHelperNmWatchClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GType type = LS_TYPE_HELPER_NM_WATCH;

  object_class->dispose = ls_helper_nm_watch_dispose;
  object_class->finalize = ls_helper_nm_watch_finalize;
  signals[DOWN]
      = g_signal_new ("down", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[ACTIVATED] = g_signal_new ("activated", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                     G_TYPE_NONE, 1, NM_TYPE_ACTIVE_CONNECTION);
  signals[REAPPLIED]
      = g_signal_new ("reapplied", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SURE] = g_signal_new ("sure", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                                1, G_TYPE_BOOLEAN);
}

static void
ls_helper_nm_watch_init (LsHelperNmWatch *self)
{
  self->cancellable = g_cancellable_new ();
}
