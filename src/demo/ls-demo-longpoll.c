/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-longpoll.h"

#include "ls-control-codec.h"
#include "ls-demo-call.h"

typedef struct
{
  LsDemoLongpoll *owner; /* borrowed; NULL once taken out */
  SoupServerMessage *message;
  char *node_id;
  guint64 since;
  guint timeout_id;
  gulong disconnected_id;
} Waiter;

struct _LsDemoLongpoll
{
  GObject parent_instance;

  LsDemoStore *store;
  GPtrArray *waiters; /* of Waiter */
  guint wake_id;
  gint64 woken_at; /* monotonic, microseconds */
};

G_DEFINE_FINAL_TYPE (LsDemoLongpoll, ls_demo_longpoll, G_TYPE_OBJECT)

static void
waiter_free (Waiter *waiter)
{
  g_clear_handle_id (&waiter->timeout_id, g_source_remove);
  g_clear_signal_handler (&waiter->disconnected_id, waiter->message);
  g_clear_object (&waiter->message);
  g_free (waiter->node_id);
  g_free (waiter);
}

static void
answer (Waiter *waiter)
{
  g_autoptr (LsNetmap) netmap = NULL;
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (GError) error = NULL;
  LsDemoStore *store = waiter->owner->store;
  LsDemoNode *own = ls_demo_store_get_node (store, waiter->node_id, &error);

  if (own != NULL)
    {
      netmap = ls_demo_store_build_netmap (store, own);
      node = ls_control_codec_encode_netmap (netmap);
      ls_demo_reply_json (waiter->message, node);
    }
  else
    ls_demo_reply_error (waiter->message, error);
  soup_server_message_unpause (waiter->message);
}

static gboolean
timeout_cb (gpointer user_data)
{
  Waiter *waiter = user_data;

  waiter->timeout_id = 0;
  answer (waiter);
  g_ptr_array_remove_fast (waiter->owner->waiters, waiter);
  return G_SOURCE_REMOVE;
}

static void
disconnected_cb (SoupServerMessage *message, Waiter *waiter)
{
  g_ptr_array_remove_fast (waiter->owner->waiters, waiter);
}

static void
wake (LsDemoLongpoll *self)
{
  guint64 revision = ls_demo_store_get_revision (self->store);

  self->woken_at = g_get_monotonic_time ();
  for (guint i = self->waiters->len; i > 0; i--)
    {
      Waiter *waiter = g_ptr_array_index (self->waiters, i - 1);

      if (revision <= waiter->since)
        continue;
      answer (waiter);
      g_ptr_array_remove_index_fast (self->waiters, i - 1);
    }
}

static gboolean
wake_cb (gpointer user_data)
{
  LsDemoLongpoll *self = user_data;

  self->wake_id = 0;
  wake (self);
  return G_SOURCE_REMOVE;
}

static void
changed_cb (LsDemoLongpoll *self)
{
  gint64 rested = (g_get_monotonic_time () - self->woken_at) / 1000;

  if (self->wake_id != 0 || self->waiters->len == 0)
    return;
  if (rested >= LS_DEMO_LONGPOLL_REST)
    self->wake_id = g_idle_add (wake_cb, self);
  else
    self->wake_id = g_timeout_add (LS_DEMO_LONGPOLL_REST - (guint)rested, wake_cb, self);
}

static void
ls_demo_longpoll_dispose (GObject *object)
{
  LsDemoLongpoll *self = LS_DEMO_LONGPOLL (object);

  g_clear_handle_id (&self->wake_id, g_source_remove);
  g_clear_pointer (&self->waiters, g_ptr_array_unref);
  g_clear_object (&self->store);

  G_OBJECT_CLASS (ls_demo_longpoll_parent_class)->dispose (object);
}

static void
ls_demo_longpoll_class_init (LsDemoLongpollClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ls_demo_longpoll_dispose;
}

static void
ls_demo_longpoll_init (LsDemoLongpoll *self)
{
  self->waiters = g_ptr_array_new_with_free_func ((GDestroyNotify)waiter_free);
  self->woken_at = g_get_monotonic_time () - G_USEC_PER_SEC;
}

LsDemoLongpoll *
ls_demo_longpoll_new (LsDemoStore *store)
{
  LsDemoLongpoll *self = g_object_new (LS_TYPE_DEMO_LONGPOLL, NULL);

  self->store = g_object_ref (store);
  g_signal_connect_object (store, "changed", G_CALLBACK (changed_cb), self, G_CONNECT_SWAPPED);
  return self;
}

void
ls_demo_longpoll_hold (LsDemoLongpoll *self, SoupServerMessage *message, const char *node_id,
                       guint64 since, guint seconds)
{
  Waiter *waiter = g_new0 (Waiter, 1);

  waiter->owner = self;
  waiter->message = g_object_ref (message);
  waiter->node_id = g_strdup (node_id);
  waiter->since = since;
  waiter->timeout_id
      = g_timeout_add (MIN (seconds, LS_DEMO_LONGPOLL_MAX) * 1000, timeout_cb, waiter);
  waiter->disconnected_id
      = g_signal_connect (message, "disconnected", G_CALLBACK (disconnected_cb), waiter);
  g_ptr_array_add (self->waiters, waiter);
  soup_server_message_pause (message);
}

void
ls_demo_longpoll_forget (LsDemoLongpoll *self)
{
  g_ptr_array_set_size (self->waiters, 0);
}
