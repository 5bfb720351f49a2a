/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ui-device-list.h"

#include "ls-prefix.h"

struct _LsUiDeviceList
{
  GObject parent_instance;

  LsUiDevices *devices; /* owned */
  char **words; /* case-folded */
  gboolean only_online;
  char *sort;
  GtkFilterListModel *filtered;
  GtkSortListModel *sorted;
};

G_DEFINE_FINAL_TYPE (LsUiDeviceList, ls_ui_device_list, G_TYPE_OBJECT)

static gboolean
filter_cb (gpointer item, gpointer user_data)
{
  LsUiDeviceList *self = user_data;

  if (self->only_online && !ls_ui_device_get_online (item))
    return FALSE;
  return ls_ui_device_matches (item, (const char *const *)self->words);
}

static int
compare_addresses (LsUiDevice *a, LsUiDevice *b)
{
  LsAddress address_a = { 0 };
  LsAddress address_b = { 0 };

  ls_address_parse (ls_ui_device_get_address (a), &address_a, NULL);
  ls_address_parse (ls_ui_device_get_address (b), &address_b, NULL);
  return ls_address_compare (&address_a, &address_b);
}

static int
compare_last_seen (LsUiDevice *a, LsUiDevice *b)
{
  gint64 seen_a = ls_ui_device_get_last_seen (a);
  gint64 seen_b = ls_ui_device_get_last_seen (b);

  return (seen_b > seen_a) - (seen_b < seen_a);
}

static int
compare_cb (gconstpointer a, gconstpointer b, gpointer user_data)
{
  LsUiDeviceList *self = user_data;
  LsUiDevice *device_a = (gpointer)a;
  LsUiDevice *device_b = (gpointer)b;
  int order = 0;

  if (!g_str_equal (self->sort, "name") && !g_str_equal (self->sort, "address"))
    order = ls_ui_device_get_online (device_b) - ls_ui_device_get_online (device_a);
  if (order == 0 && g_str_equal (self->sort, "last-seen"))
    order = compare_last_seen (device_a, device_b);
  if (order == 0 && g_str_equal (self->sort, "address"))
    order = compare_addresses (device_a, device_b);
  return order != 0 ? order : ls_ui_device_compare_names (device_a, device_b);
}

static void
changed (LsUiDeviceList *self)
{
  gtk_filter_changed (gtk_filter_list_model_get_filter (self->filtered),
                      GTK_FILTER_CHANGE_DIFFERENT);
}

static void
keys_changed_cb (LsUiDeviceList *self)
{
  changed (self);
  gtk_sorter_changed (gtk_sort_list_model_get_sorter (self->sorted), GTK_SORTER_CHANGE_DIFFERENT);
}

static void
ls_ui_device_list_dispose (GObject *object)
{
  LsUiDeviceList *self = LS_UI_DEVICE_LIST (object);

  ls_ui_device_list_set_devices (self, NULL);

  G_OBJECT_CLASS (ls_ui_device_list_parent_class)->dispose (object);
}

static void
ls_ui_device_list_finalize (GObject *object)
{
  LsUiDeviceList *self = LS_UI_DEVICE_LIST (object);

  /* Somebody may hold the model longer than us. */
  gtk_filter_list_model_set_filter (self->filtered, NULL);
  gtk_sort_list_model_set_sorter (self->sorted, NULL);
  g_clear_object (&self->sorted);
  g_strfreev (self->words);
  g_free (self->sort);

  G_OBJECT_CLASS (ls_ui_device_list_parent_class)->finalize (object);
}

static void
ls_ui_device_list_class_init (LsUiDeviceListClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = ls_ui_device_list_dispose;
  object_class->finalize = ls_ui_device_list_finalize;
}

static void
ls_ui_device_list_init (LsUiDeviceList *self)
{
  GtkFilter *filter = GTK_FILTER (gtk_custom_filter_new (filter_cb, self, NULL));
  GtkSorter *sorter = GTK_SORTER (gtk_custom_sorter_new (compare_cb, self, NULL));

  self->sort = g_strdup ("name");
  self->filtered = gtk_filter_list_model_new (NULL, filter);
  self->sorted = gtk_sort_list_model_new (G_LIST_MODEL (self->filtered), sorter);
}

LsUiDeviceList *
ls_ui_device_list_new (void)
{
  return g_object_new (LS_UI_TYPE_DEVICE_LIST, NULL);
}

void
ls_ui_device_list_set_devices (LsUiDeviceList *self, LsUiDevices *devices)
{
  if (self->devices != NULL)
    g_signal_handlers_disconnect_by_data (self->devices, self);
  if (!g_set_object (&self->devices, devices))
    return;
  if (devices != NULL)
    g_signal_connect_swapped (devices, "keys-changed", G_CALLBACK (keys_changed_cb), self);
  gtk_filter_list_model_set_model (self->filtered, G_LIST_MODEL (devices));
}

void
ls_ui_device_list_set_search (LsUiDeviceList *self, const char *search)
{
  g_autofree char *folded = g_utf8_casefold (search != NULL ? search : "", -1);

  g_strfreev (self->words);
  self->words = g_strsplit_set (g_strstrip (folded), " \t", -1);
  changed (self);
}

void
ls_ui_device_list_set_only_online (LsUiDeviceList *self, gboolean only_online)
{
  self->only_online = only_online;
  changed (self);
}

void
ls_ui_device_list_set_sort (LsUiDeviceList *self, const char *sort)
{
  g_free (self->sort);
  self->sort = g_strdup (sort);
  gtk_sorter_changed (gtk_sort_list_model_get_sorter (self->sorted), GTK_SORTER_CHANGE_DIFFERENT);
}

GListModel *
ls_ui_device_list_get_model (LsUiDeviceList *self)
{
  return G_LIST_MODEL (self->sorted);
}
