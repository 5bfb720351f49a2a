/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-longpoll.h"

#include "ls-demo-call.h"

/* The rest is at least this often as long as the answering took. */
#define REST_FACTOR 3

typedef struct
{
  LsDemoLongpoll *owner; /* borrowed */
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
  gint64 rested_at; /* when it may wake again at once; monotonic, microseconds */
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
  g_autoptr (GError) error = NULL;
  LsDemoStore *store = waiter->owner->store;
  LsDemoNode *own = ls_demo_store_get_node (store, waiter->node_id, &error);

  if (own != NULL)
    ls_demo_reply_text (waiter->message, ls_demo_store_build_netmap_text (store, own));
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
  gint64 start = g_get_monotonic_time ();
  gint64 end;

  for (guint i = self->waiters->len; i > 0; i--)
    {
      Waiter *waiter = g_ptr_array_index (self->waiters, i - 1);

      if (revision <= waiter->since)
        continue;
      answer (waiter);
      g_ptr_array_remove_index_fast (self->waiters, i - 1);
    }

  end = g_get_monotonic_time ();
  self->rested_at = end + MAX (LS_DEMO_LONGPOLL_REST * 1000, REST_FACTOR * (end - start));
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
  gint64 left = self->rested_at - g_get_monotonic_time ();

  if (self->wake_id != 0 || self->waiters->len == 0)
    return;
  if (left <= 0)
    self->wake_id = g_idle_add (wake_cb, self);
  else
    self->wake_id = g_timeout_add ((guint)(left / 1000) + 1, wake_cb, self);
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
