/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-store-private.h"

enum
{
  SIGNAL_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (LsDemoStore, ls_demo_store, G_TYPE_OBJECT)

static gint64
system_clock (gpointer user_data)
{
  return g_get_real_time () / G_USEC_PER_SEC;
}

static void
ls_demo_store_finalize (GObject *object)
{
  LsDemoStore *self = LS_DEMO_STORE (object);

  g_clear_pointer (&self->nodes, g_hash_table_unref);
  g_clear_pointer (&self->networks, g_hash_table_unref);
  g_clear_pointer (&self->tokens, g_hash_table_unref);
  g_clear_pointer (&self->audit, g_ptr_array_unref);
  g_clear_pointer (&self->relay, ls_relay_info_free);

  G_OBJECT_CLASS (ls_demo_store_parent_class)->finalize (object);
}

static void
ls_demo_store_class_init (LsDemoStoreClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ls_demo_store_finalize;

  signals[SIGNAL_CHANGED] = g_signal_new ("changed", LS_TYPE_DEMO_STORE, G_SIGNAL_RUN_LAST, 0, NULL,
                                          NULL, NULL, G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
}

static void
ls_demo_store_init (LsDemoStore *self)
{
  self->networks
      = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)ls_demo_network_free);
  self->nodes
      = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)ls_demo_node_free);
  self->tokens
      = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)ls_demo_token_free);
  self->audit = g_ptr_array_new_with_free_func ((GDestroyNotify)ls_audit_entry_free);
  self->clock = system_clock;
}

LsDemoStore *
ls_demo_store_new (void)
{
  return g_object_new (LS_TYPE_DEMO_STORE, NULL);
}

void
ls_demo_store_set_clock (LsDemoStore *self, LsDemoClock clock, gpointer user_data)
{
  self->clock = clock;
  self->clock_data = user_data;
}

gint64
ls_demo_store_now (LsDemoStore *self)
{
  return self->clock (self->clock_data);
}

guint64
ls_demo_store_get_revision (LsDemoStore *self)
{
  return self->revision;
}

void
ls_demo_store_set_relay (LsDemoStore *self, LsRelayInfo *relay)
{
  ls_relay_info_free (self->relay);
  self->relay = relay;
}

void
ls_demo_store_changed (LsDemoStore *self, gboolean durable)
{
  self->revision++;
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0, durable);
}

void
ls_demo_store_audit (LsDemoStore *self, const char *action, const char *network_id,
                     const char *node_id, JsonNode *detail)
{
  LsAuditEntry *entry = g_new0 (LsAuditEntry, 1);

  entry->id = g_uuid_string_random ();
  entry->timestamp = ls_demo_store_now (self);
  entry->network_id = g_strdup (network_id);
  entry->node_id = g_strdup (node_id);
  entry->action = g_strdup (action);
  if (detail != NULL)
    entry->detail = json_to_string (detail, FALSE);
  g_clear_pointer (&detail, json_node_unref);

  g_ptr_array_add (self->audit, entry);
  if (self->audit->len > LS_DEMO_AUDIT_MAX)
    g_ptr_array_remove_range (self->audit, 0, self->audit->len - LS_DEMO_AUDIT_MAX);
}

GPtrArray *
ls_demo_store_list_audit (LsDemoStore *self, const char *network_id, const char *node_id,
                          guint64 limit)
{
  GPtrArray *entries = g_ptr_array_new ();

  for (guint i = 0; i < self->audit->len; i++)
    {
      LsAuditEntry *entry = g_ptr_array_index (self->audit, i);

      if ((network_id == NULL || g_strcmp0 (entry->network_id, network_id) == 0)
          && (node_id == NULL || g_strcmp0 (entry->node_id, node_id) == 0))
        g_ptr_array_add (entries, entry);
    }

  if (entries->len > limit)
    g_ptr_array_remove_range (entries, 0, entries->len - (guint)limit);
  return entries;
}
