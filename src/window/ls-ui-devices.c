/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ui-devices.h"

struct _LsUiDevices
{
  GObject parent_instance;

  GPtrArray *items; /* owned LsUiDevice */
  GHashTable *positions; /* id, borrowed from the item, to position + 1 */
};

enum
{
  SIGNAL_KEYS_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void ls_ui_devices_list_model_init (GListModelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (LsUiDevices, ls_ui_devices, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL,
                                                      ls_ui_devices_list_model_init))

static GType
ls_ui_devices_get_item_type (GListModel *model)
{
  return LS_UI_TYPE_DEVICE;
}

static guint
ls_ui_devices_get_n_items (GListModel *model)
{
  return LS_UI_DEVICES (model)->items->len;
}

static gpointer
ls_ui_devices_get_item (GListModel *model, guint position)
{
  LsUiDevices *self = LS_UI_DEVICES (model);

  return position < self->items->len ? g_object_ref (self->items->pdata[position]) : NULL;
}

static void
ls_ui_devices_list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = ls_ui_devices_get_item_type;
  iface->get_n_items = ls_ui_devices_get_n_items;
  iface->get_item = ls_ui_devices_get_item;
}

static void
index_from (LsUiDevices *self, guint first)
{
  for (guint i = first; i < self->items->len; i++)
    {
      const char *id = ls_ui_device_get_id (self->items->pdata[i]);
      g_hash_table_replace (self->positions, (gpointer)id, GUINT_TO_POINTER (i + 1));
    }
}

/* Updates the known ones in place and appends the others in one splice. Whether a key changed. */
static gboolean
merge (LsUiDevices *self, GVariant *peers)
{
  guint old_length = self->items->len;
  gboolean moved = FALSE;
  GVariantIter iter;
  GVariant *peer;

  g_variant_iter_init (&iter, peers);
  while ((peer = g_variant_iter_next_value (&iter)) != NULL)
    {
      const char *id = "";
      LsUiDevice *known;

      g_variant_lookup (peer, "id", "&s", &id);
      known = ls_ui_devices_find (self, id);
      if (known != NULL)
        moved |= ls_ui_device_update (known, peer);
      else if (*id != '\0')
        {
          g_ptr_array_add (self->items, ls_ui_device_new (peer));
          index_from (self, self->items->len - 1);
        }
      g_variant_unref (peer);
    }
  if (self->items->len > old_length)
    g_list_model_items_changed (G_LIST_MODEL (self), old_length, 0, self->items->len - old_length);
  return moved;
}

static void
remove_id (LsUiDevices *self, const char *id)
{
  guint position = GPOINTER_TO_UINT (g_hash_table_lookup (self->positions, id));

  if (position == 0)
    return;
  g_hash_table_remove (self->positions, id);
  g_ptr_array_remove_index (self->items, position - 1);
  index_from (self, position - 1);
  g_list_model_items_changed (G_LIST_MODEL (self), position - 1, 1, 0);
}

static GHashTable *
collect_ids (GVariant *peers)
{
  GHashTable *ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GVariantIter iter;
  GVariant *peer;

  g_variant_iter_init (&iter, peers);
  while ((peer = g_variant_iter_next_value (&iter)) != NULL)
    {
      char *id = NULL;

      if (g_variant_lookup (peer, "id", "s", &id))
        g_hash_table_add (ids, id);
      g_variant_unref (peer);
    }
  return ids;
}

/* Keeps only the devices in @ids; one change for the list as a whole. */
static void
keep_only (LsUiDevices *self, GHashTable *ids)
{
  g_autoptr (GPtrArray) kept = g_ptr_array_new_with_free_func (g_object_unref);
  guint old_length = self->items->len;

  for (guint i = 0; i < old_length; i++)
    if (g_hash_table_contains (ids, ls_ui_device_get_id (self->items->pdata[i])))
      g_ptr_array_add (kept, g_object_ref (self->items->pdata[i]));
  if (kept->len == old_length)
    return;
  g_hash_table_remove_all (self->positions);
  g_ptr_array_unref (self->items);
  self->items = g_steal_pointer (&kept);
  index_from (self, 0);
  g_list_model_items_changed (G_LIST_MODEL (self), 0, old_length, self->items->len);
}

static void
ls_ui_devices_finalize (GObject *object)
{
  LsUiDevices *self = LS_UI_DEVICES (object);

  g_hash_table_unref (self->positions);
  g_ptr_array_unref (self->items);

  G_OBJECT_CLASS (ls_ui_devices_parent_class)->finalize (object);
}

static void
ls_ui_devices_class_init (LsUiDevicesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ls_ui_devices_finalize;

  signals[SIGNAL_KEYS_CHANGED]
      = g_signal_new ("keys-changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                      NULL, G_TYPE_NONE, 0);
}

static void
ls_ui_devices_init (LsUiDevices *self)
{
  self->items = g_ptr_array_new_with_free_func (g_object_unref);
  self->positions = g_hash_table_new (g_str_hash, g_str_equal);
}

LsUiDevices *
ls_ui_devices_new (void)
{
  return g_object_new (LS_UI_TYPE_DEVICES, NULL);
}

void
ls_ui_devices_set (LsUiDevices *self, GVariant *peers)
{
  g_autoptr (GHashTable) ids = collect_ids (peers);

  keep_only (self, ids);
  if (merge (self, peers))
    g_signal_emit (self, signals[SIGNAL_KEYS_CHANGED], 0);
}

void
ls_ui_devices_change (LsUiDevices *self, GVariant *changed, const char *const *removed)
{
  for (guint i = 0; removed != NULL && removed[i] != NULL; i++)
    remove_id (self, removed[i]);
  if (merge (self, changed))
    g_signal_emit (self, signals[SIGNAL_KEYS_CHANGED], 0);
}

LsUiDevice *
ls_ui_devices_find (LsUiDevices *self, const char *id)
{
  guint position = GPOINTER_TO_UINT (g_hash_table_lookup (self->positions, id));

  return position == 0 ? NULL : self->items->pdata[position - 1];
}

void
ls_ui_devices_refresh_ages (LsUiDevices *self)
{
  for (guint i = 0; i < self->items->len; i++)
    ls_ui_device_refresh_ages (self->items->pdata[i]);
}
