/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ui-device-list.h"
#include "ls-ui-devices.h"
#include "ls-ui-format.h"
#include "ls-ui-state.h"

#define NOW 1700000000

static void
test_state_words (void)
{
  GHashTable *seen = g_hash_table_new (g_str_hash, g_str_equal);

  g_assert_cmpint (ls_ui_state_parse ("connected"), ==, LS_UI_STATE_CONNECTED);
  g_assert_cmpint (ls_ui_state_parse ("needs-key-rotation"), ==, LS_UI_STATE_NEEDS_KEY_ROTATION);
  g_assert_cmpint (ls_ui_state_parse ("of-a-newer-agent"), ==, LS_UI_STATE_UNKNOWN);
  g_assert_cmpint (ls_ui_state_parse (NULL), ==, LS_UI_STATE_UNKNOWN);
  for (int state = 0; state < LS_UI_N_STATES; state++)
    {
      g_assert_true (g_hash_table_add (seen, (gpointer)ls_ui_state_get_label (state)));
      g_assert_cmpstr (ls_ui_state_get_icon_name (state), !=, NULL);
      g_assert_cmpstr (ls_ui_state_get_style (state), !=, NULL);
    }
  g_assert_cmpstr (ls_ui_state_get_label (1000), ==, ls_ui_state_get_label (LS_UI_STATE_UNKNOWN));
  g_hash_table_unref (seen);
}

static void
test_state_switch (void)
{
  g_assert_true (ls_ui_state_can_switch (LS_UI_STATE_READY));
  g_assert_true (ls_ui_state_can_switch (LS_UI_STATE_CONNECTED));
  g_assert_false (ls_ui_state_can_switch (LS_UI_STATE_NEW));
  g_assert_false (ls_ui_state_can_switch (LS_UI_STATE_WAITING_FOR_APPROVAL));
  g_assert_false (ls_ui_state_can_switch (LS_UI_STATE_REGISTERING));
}

/* Off, on and in need of attention differ by shape, not by colour alone. */
static void
test_state_shapes (void)
{
  const LsUiState states[] = { LS_UI_STATE_READY,     LS_UI_STATE_CONNECTING,
                               LS_UI_STATE_CONNECTED, LS_UI_STATE_WAITING_FOR_APPROVAL,
                               LS_UI_STATE_REVOKED,   LS_UI_STATE_NEEDS_KEY_ROTATION,
                               LS_UI_STATE_DELETED };

  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    for (guint j = 0; j < i; j++)
      g_assert_cmpstr (ls_ui_state_get_icon_name (states[i]), !=,
                       ls_ui_state_get_icon_name (states[j]));
}

static void
assert_text (char *text, const char *expected)
{
  g_assert_cmpstr (text, ==, expected);
  g_free (text);
}

static void
test_age (void)
{
  assert_text (ls_ui_format_age (0, NOW), "never");
  assert_text (ls_ui_format_age (NOW, NOW), "just now");
  assert_text (ls_ui_format_age (NOW + 500, NOW), "just now");
  assert_text (ls_ui_format_age (NOW - 10, NOW), "10 seconds ago");
  assert_text (ls_ui_format_age (NOW - 60, NOW), "1 minute ago");
  assert_text (ls_ui_format_age (NOW - 3599, NOW), "59 minutes ago");
  assert_text (ls_ui_format_age (NOW - 7200, NOW), "2 hours ago");
  assert_text (ls_ui_format_age (NOW - 86400, NOW), "1 day ago");
  g_free (ls_ui_format_age (G_MININT64 / 2, G_MAXINT64 / 2));
}

static void
test_time_left (void)
{
  assert_text (ls_ui_format_time_left (0, NOW), "");
  assert_text (ls_ui_format_time_left (NOW, NOW), "");
  assert_text (ls_ui_format_time_left (NOW + 9, NOW), "0:09");
  assert_text (ls_ui_format_time_left (NOW + 600, NOW), "10:00");
  assert_text (ls_ui_format_time_left (NOW + 3723, NOW), "1:02:03");
}

static void
test_numbers (void)
{
  assert_text (ls_ui_format_devices (0, 0), "No other device");
  assert_text (ls_ui_format_devices (1, 1), "1 device, 1 online");
  assert_text (ls_ui_format_devices (12, 9), "12 devices, 9 online");
  assert_text (ls_ui_format_bytes (1500000), "1.5\302\240MB");
  assert_text (ls_ui_format_clock (NOW, NOW + 60), "22:13");
  g_assert_cmpstr (ls_ui_format_path ("direct"), ==, "Direct");
  g_assert_cmpstr (ls_ui_format_path ("off"), ==, "");
  g_assert_cmpstr (ls_ui_format_path (NULL), ==, "");
}

static GVariant *
peer_new (const char *id, const char *name, const char *ipv4, gboolean online, const char *tag)
{
  const char *const tags[] = { tag, NULL };
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "id", "s", id);
  g_variant_dict_insert (&dict, "name", "s", name);
  g_variant_dict_insert (&dict, "dns-name", "s", "host.lab.example");
  g_variant_dict_insert (&dict, "ipv4", "s", ipv4);
  g_variant_dict_insert (&dict, "online", "b", online);
  g_variant_dict_insert (&dict, "path", "s", "direct");
  g_variant_dict_insert_value (&dict, "tags", g_variant_new_strv (tags, -1));
  return g_variant_dict_end (&dict);
}

static GVariant *
peers_new (GVariant *first, GVariant *second)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  if (first != NULL)
    g_variant_builder_add_value (&builder, first);
  if (second != NULL)
    g_variant_builder_add_value (&builder, second);
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static LsUiDevices *
devices_new (void)
{
  LsUiDevices *devices = ls_ui_devices_new ();
  g_autoptr (GVariant) peers = peers_new (peer_new ("a", "Nas", "100.64.0.10", TRUE, "server"),
                                          peer_new ("b", "laptop", "100.64.0.9", FALSE, "lab"));

  ls_ui_devices_set (devices, peers);
  return devices;
}

static void
count_cb (guint *count)
{
  *count += 1;
}

static void
test_devices_update_by_id (void)
{
  g_autoptr (LsUiDevices) devices = devices_new ();
  LsUiDevice *nas = ls_ui_devices_find (devices, "a");
  g_autoptr (GVariant) changed
      = peers_new (peer_new ("c", "phone", "100.64.0.3", TRUE, "x"),
                   peer_new ("a", "storage", "100.64.0.10", TRUE, "server"));
  const char *const removed[] = { "b", "unknown", NULL };
  guint keys_changed = 0;

  g_signal_connect_swapped (devices, "keys-changed", G_CALLBACK (count_cb), &keys_changed);
  ls_ui_devices_change (devices, changed, removed);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (devices)), ==, 2);
  g_assert_true (ls_ui_devices_find (devices, "a") == nas);
  g_assert_cmpstr (ls_ui_device_get_name (nas), ==, "storage");
  g_assert_null (ls_ui_devices_find (devices, "b"));
  g_assert_nonnull (ls_ui_devices_find (devices, "c"));
  g_assert_cmpuint (keys_changed, ==, 1);
}

static void
test_devices_set_keeps_known (void)
{
  g_autoptr (LsUiDevices) devices = devices_new ();
  LsUiDevice *laptop = ls_ui_devices_find (devices, "b");
  g_autoptr (GVariant) peers
      = peers_new (peer_new ("b", "laptop", "100.64.0.9", TRUE, "lab"), NULL);
  g_autoptr (GVariant) none = peers_new (NULL, NULL);

  ls_ui_devices_set (devices, peers);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (devices)), ==, 1);
  g_assert_true (ls_ui_devices_find (devices, "b") == laptop);
  g_assert_true (ls_ui_device_get_online (laptop));
  ls_ui_devices_set (devices, none);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (devices)), ==, 0);
}

/* Values of a wrong type, or none at all, are empty: never a crash. */
static void
test_device_of_nothing (void)
{
  g_autoptr (GVariant) peer
      = g_variant_ref_sink (g_variant_new_parsed ("{'id': <'z'>, 'name': <7>, 'tags': <'no'>}"));
  g_autoptr (LsUiDevice) device = ls_ui_device_new (peer);
  g_autofree char *status = NULL;
  g_autofree char *subtitle = NULL;

  g_object_get (device, "status", &status, "subtitle", &subtitle, NULL);
  g_assert_cmpstr (ls_ui_device_get_name (device), ==, "");
  g_assert_cmpstr (ls_ui_device_get_address (device), ==, "");
  g_assert_cmpstr (status, ==, "Never seen");
  g_assert_cmpstr (subtitle, ==, "");
}

static const char *
first_name (LsUiDeviceList *list)
{
  g_autoptr (LsUiDevice) device = g_list_model_get_item (ls_ui_device_list_get_model (list), 0);

  return device != NULL ? ls_ui_device_get_name (device) : NULL;
}

static void
test_list_search (void)
{
  g_autoptr (LsUiDevices) devices = devices_new ();
  g_autoptr (LsUiDeviceList) list = ls_ui_device_list_new ();
  const char *const searches[][2]
      = { { "NAS", "Nas" },    { " lap", "laptop" },     { "64.0.9", "laptop" },
          { "server", "Nas" }, { "host lab", "laptop" }, { "nas lab nothing", NULL } };

  ls_ui_device_list_set_devices (list, devices);
  for (guint i = 0; i < G_N_ELEMENTS (searches); i++)
    {
      ls_ui_device_list_set_search (list, searches[i][0]);
      g_assert_cmpstr (first_name (list), ==, searches[i][1]);
    }
}

static void
test_list_order (void)
{
  g_autoptr (LsUiDevices) devices = devices_new ();
  g_autoptr (LsUiDeviceList) list = ls_ui_device_list_new ();
  g_autoptr (GVariant) renamed
      = peers_new (peer_new ("b", "zebra", "100.64.0.9", FALSE, "lab"), NULL);

  ls_ui_device_list_set_devices (list, devices);
  g_assert_cmpstr (first_name (list), ==, "laptop");
  ls_ui_device_list_set_sort (list, "online");
  g_assert_cmpstr (first_name (list), ==, "Nas");
  ls_ui_device_list_set_sort (list, "address");
  g_assert_cmpstr (first_name (list), ==, "laptop");
  ls_ui_device_list_set_sort (list, "name");
  ls_ui_devices_change (devices, renamed, NULL);
  g_assert_cmpstr (first_name (list), ==, "Nas");
  ls_ui_device_list_set_only_online (list, TRUE);
  g_assert_cmpuint (g_list_model_get_n_items (ls_ui_device_list_get_model (list)), ==, 1);
}

static void
test_list_many (void)
{
  g_autoptr (LsUiDevices) devices = ls_ui_devices_new ();
  g_autoptr (LsUiDeviceList) list = ls_ui_device_list_new ();
  g_autoptr (GVariant) peers = NULL;
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < 10000; i++)
    {
      g_autofree char *id = g_strdup_printf ("id-%u", i);
      g_autofree char *name = g_strdup_printf ("device-%u", i);
      g_variant_builder_add_value (&builder, peer_new (id, name, "100.64.0.1", i % 2, "t"));
    }
  peers = g_variant_ref_sink (g_variant_builder_end (&builder));
  ls_ui_device_list_set_devices (list, devices);
  ls_ui_devices_set (devices, peers);
  g_assert_cmpuint (g_list_model_get_n_items (ls_ui_device_list_get_model (list)), ==, 10000);
  ls_ui_device_list_set_search (list, "device-99");
  g_assert_cmpuint (g_list_model_get_n_items (ls_ui_device_list_get_model (list)), ==, 111);
  g_assert_cmpstr (first_name (list), ==, "device-99");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/window/state/words", test_state_words);
  g_test_add_func ("/window/state/switch", test_state_switch);
  g_test_add_func ("/window/state/shapes", test_state_shapes);
  g_test_add_func ("/window/format/age", test_age);
  g_test_add_func ("/window/format/time-left", test_time_left);
  g_test_add_func ("/window/format/numbers", test_numbers);
  g_test_add_func ("/window/devices/update-by-id", test_devices_update_by_id);
  g_test_add_func ("/window/devices/set-keeps-known", test_devices_set_keeps_known);
  g_test_add_func ("/window/devices/of-nothing", test_device_of_nothing);
  g_test_add_func ("/window/list/search", test_list_search);
  g_test_add_func ("/window/list/order", test_list_order);
  g_test_add_func ("/window/list/many", test_list_many);
  return g_test_run ();
}
