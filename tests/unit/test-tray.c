/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <gio/gio.h>

#include "ls-agent-tray-content.h"
#include "ls-agent-tray-summary.h"
#include "ls-agent-tray-tree.h"

static GSimpleActionGroup *
actions_new (gboolean home_up)
{
  GSimpleActionGroup *group = g_simple_action_group_new ();
  g_autoptr (GSimpleAction) open = g_simple_action_new ("open", NULL);
  g_autoptr (GSimpleAction) quit = g_simple_action_new ("quit", NULL);
  g_autoptr (GSimpleAction) copy = g_simple_action_new ("copy", G_VARIANT_TYPE_STRING);
  g_autoptr (GSimpleAction) home
      = g_simple_action_new_stateful ("network-home", NULL, g_variant_new_boolean (home_up));

  g_action_map_add_action (G_ACTION_MAP (group), G_ACTION (open));
  g_action_map_add_action (G_ACTION_MAP (group), G_ACTION (quit));
  g_action_map_add_action (G_ACTION_MAP (group), G_ACTION (copy));
  g_action_map_add_action (G_ACTION_MAP (group), G_ACTION (home));
  return group;
}

static LsAgentTrayNetwork
network (const char *name, LsAgentState state, gboolean want_up, const char *problem)
{
  return (LsAgentTrayNetwork){ .name = name,
                               .title = name,
                               .state = state,
                               .want_up = want_up,
                               .problem = problem,
                               .address = "100.64.0.1",
                               .device = "my_laptop.home.ls" };
}

static GArray *
networks_new (const LsAgentTrayNetwork *first, guint count)
{
  GArray *networks = g_array_new (FALSE, TRUE, sizeof (LsAgentTrayNetwork));

  g_array_append_vals (networks, first, count);
  return networks;
}

static LsAgentTrayTree *
tree_new (const GArray *networks, const char *line, gboolean home_up)
{
  g_autoptr (GSimpleActionGroup) actions = actions_new (home_up);
  g_autoptr (GMenu) menu = ls_agent_tray_content_new (networks, line);

  return ls_agent_tray_tree_new (G_MENU_MODEL (menu), G_ACTION_GROUP (actions));
}

static LsAgentTrayTree *
home_tree_new (const char *line, gboolean up)
{
  const LsAgentTrayNetwork home
      = network ("home", up ? LS_AGENT_STATE_CONNECTED : LS_AGENT_STATE_READY, up, "");
  g_autoptr (GArray) networks = networks_new (&home, 1);

  return tree_new (networks, line, up);
}

/* "id label (children…)" of a layout, to compare with. */
static void
print_layout (GVariant *layout, GString *out)
{
  g_autoptr (GVariant) properties = g_variant_get_child_value (layout, 1);
  g_autoptr (GVariant) children = g_variant_get_child_value (layout, 2);
  g_autoptr (GVariant) id = g_variant_get_child_value (layout, 0);
  const char *text = "";

  if (!g_variant_lookup (properties, "label", "&s", &text))
    g_variant_lookup (properties, "type", "&s", &text);
  g_string_append_printf (out, "%d=%s", g_variant_get_int32 (id), text);
  if (g_variant_n_children (children) > 0)
    g_string_append (out, "(");
  for (gsize i = 0; i < g_variant_n_children (children); i++)
    {
      g_autoptr (GVariant) boxed = g_variant_get_child_value (children, i);
      g_autoptr (GVariant) child = g_variant_get_variant (boxed);

      if (i > 0)
        g_string_append (out, ", ");
      print_layout (child, out);
    }
  if (g_variant_n_children (children) > 0)
    g_string_append (out, ")");
}

static char *
layout_text (const LsAgentTrayTree *tree, gint32 parent, gint32 depth)
{
  g_autoptr (GString) out = g_string_new (NULL);
  GVariant *floating = ls_agent_tray_tree_get_layout (tree, parent, depth, NULL);
  g_autoptr (GVariant) layout = floating != NULL ? g_variant_ref_sink (floating) : NULL;

  if (layout == NULL)
    return g_strdup ("none");
  g_assert_cmpstr (g_variant_get_type_string (layout), ==, "(ia{sv}av)");
  print_layout (layout, out);
  return g_string_free (g_steal_pointer (&out), FALSE);
}

static void
assert_layout (const LsAgentTrayTree *tree, gint32 parent, gint32 depth, const char *expected)
{
  g_autofree char *text = layout_text (tree, parent, depth);

  g_assert_cmpstr (text, ==, expected);
}

#define HOME_OFF                                                                                   \
  "0=(1=Not connected, 2=separator, 3=home, 4=separator, 5=This device(6=Copy address: "           \
  "100.64.0.1, 7=Copy name: my__laptop.home.ls), 8=separator, 9=Open Lightscale, 10=Quit)"

static void
test_layout (void)
{
  g_autoptr (LsAgentTrayTree) tree = home_tree_new ("Not connected", FALSE);

  assert_layout (tree, 0, -1, HOME_OFF);
  assert_layout (tree, 0, 2, HOME_OFF);
  assert_layout (tree, 0, 0, "0=");
  assert_layout (tree, 0, 1,
                 "0=(1=Not connected, 2=separator, 3=home, 4=separator, 5=This device, "
                 "8=separator, 9=Open Lightscale, 10=Quit)");
  assert_layout (tree, 5, 1,
                 "5=This device(6=Copy address: 100.64.0.1, 7=Copy name: my__laptop.home.ls)");
  assert_layout (tree, 3, -1, "3=home");
  assert_layout (tree, 11, -1, "none");
  assert_layout (tree, -1, -1, "none");
}

static char *
properties_text (const LsAgentTrayTree *tree, gint32 id, const char *const *names)
{
  g_autoptr (GVariant) group
      = g_variant_ref_sink (ls_agent_tray_tree_get_group (tree, &id, 1, names));

  return g_variant_print (group, FALSE);
}

static void
test_properties (void)
{
  const char *const some[] = { "label", "enabled", "unknown", NULL };
  const char *const none[] = { NULL };
  g_autoptr (LsAgentTrayTree) tree = home_tree_new ("Not connected", TRUE);
  g_autofree char *line = properties_text (tree, 1, none);
  g_autofree char *home = properties_text (tree, 3, NULL);
  g_autofree char *home_some = properties_text (tree, 3, some);
  g_autofree char *submenu = properties_text (tree, 5, none);
  g_autofree char *unknown = properties_text (tree, 99, none);
  g_autoptr (GVariant) all
      = g_variant_ref_sink (ls_agent_tray_tree_get_group (tree, NULL, 0, none));

  g_assert_cmpstr (line, ==, "[(1, {'label': <'Not connected'>, 'enabled': <false>})]");
  g_assert_cmpstr (home, ==,
                   "[(3, {'label': <'home'>, 'toggle-type': <'checkmark'>, 'toggle-state': <1>})]");
  g_assert_cmpstr (home_some, ==, "[(3, {'label': <'home'>})]");
  g_assert_cmpstr (submenu, ==,
                   "[(5, {'label': <'This device'>, 'children-display': <'submenu'>})]");
  g_assert_cmpstr (unknown, ==, "[]");
  g_assert_cmpuint (g_variant_n_children (all), ==, 11);
}

static void
test_one_property (void)
{
  g_autoptr (LsAgentTrayTree) tree = home_tree_new ("Not connected", FALSE);
  g_autoptr (GVariant) state = ls_agent_tray_tree_dup_property (tree, 3, "toggle-state");
  g_autoptr (GVariant) enabled = ls_agent_tray_tree_dup_property (tree, 3, "enabled");
  g_autoptr (GVariant) disabled = ls_agent_tray_tree_dup_property (tree, 1, "enabled");

  g_assert_cmpint (g_variant_get_int32 (state), ==, 0);
  g_assert_true (g_variant_get_boolean (enabled));
  g_assert_false (g_variant_get_boolean (disabled));
  g_assert_null (ls_agent_tray_tree_dup_property (tree, 3, "icon-data"));
  g_assert_null (ls_agent_tray_tree_dup_property (tree, 77, "label"));
}

static void
test_actions (void)
{
  g_autoptr (LsAgentTrayTree) tree = home_tree_new ("Not connected", FALSE);
  const char *action = NULL;
  GVariant *target = NULL;

  g_assert_true (ls_agent_tray_tree_get_action (tree, 3, &action, &target));
  g_assert_cmpstr (action, ==, "network-home");
  g_assert_null (target);
  g_assert_true (ls_agent_tray_tree_get_action (tree, 7, &action, &target));
  g_assert_cmpstr (action, ==, "copy");
  g_assert_cmpstr (g_variant_get_string (target, NULL), ==, "my_laptop.home.ls");
  g_assert_false (ls_agent_tray_tree_get_action (tree, 1, &action, &target));
  g_assert_false (ls_agent_tray_tree_get_action (tree, 2, &action, &target));
  g_assert_false (ls_agent_tray_tree_get_action (tree, 5, &action, &target));
  g_assert_false (ls_agent_tray_tree_get_action (tree, 12, &action, &target));
}

/* Texts and states change: the ids stay, and only what differs is told. */
static void
test_update_properties (void)
{
  g_autoptr (LsAgentTrayTree) before = home_tree_new ("Not connected", FALSE);
  g_autoptr (LsAgentTrayTree) after = home_tree_new ("Connected to home", TRUE);
  g_autoptr (LsAgentTrayTree) same = home_tree_new ("Connected to home", TRUE);
  g_autoptr (GVariant) changes = NULL;
  g_autofree char *text = NULL;

  g_assert_false (ls_agent_tray_tree_adopt_ids (after, before));
  changes = g_variant_ref_sink (ls_agent_tray_tree_diff (before, after));
  text = g_variant_print (changes, FALSE);
  g_assert_cmpstr (text, ==,
                   "([(1, {'label': <'Connected to home'>}), (3, {'toggle-state': <1>})], [])");
  g_assert_false (ls_agent_tray_tree_adopt_ids (same, after));
  g_assert_null (ls_agent_tray_tree_diff (after, same));
}

static void
test_removed_property (void)
{
  g_autoptr (GMenu) menu = g_menu_new ();
  g_autoptr (GSimpleActionGroup) actions = actions_new (FALSE);
  g_autoptr (LsAgentTrayTree) before = NULL;
  g_autoptr (LsAgentTrayTree) after = NULL;
  g_autoptr (GVariant) changes = NULL;
  g_autofree char *text = NULL;

  g_menu_append (menu, "Home", "network-home");
  before = ls_agent_tray_tree_new (G_MENU_MODEL (menu), NULL);
  after = ls_agent_tray_tree_new (G_MENU_MODEL (menu), G_ACTION_GROUP (actions));
  g_assert_false (ls_agent_tray_tree_adopt_ids (after, before));
  changes = g_variant_ref_sink (ls_agent_tray_tree_diff (before, after));
  text = g_variant_print (changes, FALSE);
  g_assert_cmpstr (text, ==,
                   "([(1, {'toggle-type': <'checkmark'>, 'toggle-state': <0>})], "
                   "[(1, ['enabled'])])");
}

/* Items come and go: those that stay keep their ids, a submenu with other items is a new one, and
 * no id is used twice. */
static void
test_update_structure (void)
{
  LsAgentTrayNetwork list[] = { network ("home", LS_AGENT_STATE_READY, FALSE, ""),
                                network ("work", LS_AGENT_STATE_READY, FALSE, "") };
  g_autoptr (GArray) both = networks_new (list, 2);
  g_autoptr (LsAgentTrayTree) before = home_tree_new ("Not connected", FALSE);
  g_autoptr (LsAgentTrayTree) after = NULL;
  g_autoptr (LsAgentTrayTree) back = home_tree_new ("Not connected", FALSE);

  after = tree_new (both, "Not connected", FALSE);
  g_assert_true (ls_agent_tray_tree_adopt_ids (after, before));
  assert_layout (after, 0, -1,
                 "0=(1=Not connected, 2=separator, 3=home, 11=work, 4=separator, "
                 "12=This device(13=Copy address: 100.64.0.1, 14=Copy name: my__laptop.home.ls, "
                 "15=separator, 16=Copy address: 100.64.0.1, 17=Copy name: my__laptop.home.ls), "
                 "8=separator, 9=Open Lightscale, 10=Quit)");
  g_assert_true (ls_agent_tray_tree_adopt_ids (back, after));
  assert_layout (back, 0, -1,
                 "0=(1=Not connected, 2=separator, 3=home, 4=separator, 18=This device(19=Copy "
                 "address: 100.64.0.1, 20=Copy name: my__laptop.home.ls), 8=separator, 9=Open "
                 "Lightscale, 10=Quit)");
}

static void
test_content_empty (void)
{
  g_autoptr (GArray) none = networks_new (NULL, 0);
  g_autofree char *line = ls_agent_tray_summary_dup_text (none);
  g_autoptr (LsAgentTrayTree) tree = tree_new (none, line, FALSE);

  assert_layout (tree, 0, -1,
                 "0=(1=No network yet, 2=separator, 3=Add a network…, 4=separator, 5=Open "
                 "Lightscale, 6=Quit)");
  g_assert_cmpint (ls_agent_tray_summary_get_look (none), ==, LS_AGENT_TRAY_LOOK_OFF);
}

/* Names of networks are foreign text: no mnemonic, and never more than five of them. */
static void
test_content_many (void)
{
  LsAgentTrayNetwork list[6];
  g_autoptr (GArray) networks = NULL;
  g_autoptr (LsAgentTrayTree) tree = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (list); i++)
    {
      list[i] = network ("a", LS_AGENT_STATE_READY, FALSE, "");
      list[i].address = list[i].device = "";
    }
  list[0].title = "_lab_";
  list[1].state = LS_AGENT_STATE_WAITING_FOR_APPROVAL;
  list[2].problem = "No helper";
  list[3].state = LS_AGENT_STATE_CONNECTING;
  list[4].state = LS_AGENT_STATE_NEW;
  networks = networks_new (list, G_N_ELEMENTS (list));
  tree = tree_new (networks, "x_y", FALSE);
  assert_layout (tree, 0, -1,
                 "0=(1=x__y, 2=separator, 3=__lab__, 4=a (waiting for approval), 5=a (needs "
                 "attention), 6=a (connecting), 7=a (not joined), 8=More…, 9=separator, 10=Open "
                 "Lightscale, 11=Quit)");
}

static void
test_content_long_line (void)
{
  g_autofree char *line = g_strnfill (300, 'x');
  g_autoptr (LsAgentTrayTree) tree = home_tree_new (line, FALSE);
  g_autoptr (GVariant) label = ls_agent_tray_tree_dup_property (tree, 1, "label");

  g_assert_cmpint (g_utf8_strlen (g_variant_get_string (label, NULL), -1), ==, 80);
  g_assert_true (g_str_has_suffix (g_variant_get_string (label, NULL), "x…"));
}

static void
assert_summary (const LsAgentTrayNetwork *list, guint count, LsAgentTrayLook look, const char *text)
{
  g_autoptr (GArray) networks = networks_new (list, count);
  g_autofree char *line = ls_agent_tray_summary_dup_text (networks);

  g_assert_cmpint (ls_agent_tray_summary_get_look (networks), ==, look);
  g_assert_cmpstr (line, ==, text);
}

static void
test_summary (void)
{
  static const struct
  {
    LsAgentState state;
    gboolean want_up;
    const char *problem;
    LsAgentTrayLook look;
    const char *text;
  } rows[] = {
    { LS_AGENT_STATE_NEW, FALSE, "", LS_AGENT_TRAY_LOOK_OFF, "Not connected" },
    { LS_AGENT_STATE_REGISTERING, FALSE, "", LS_AGENT_TRAY_LOOK_OFF, "lab: joining…" },
    { LS_AGENT_STATE_WAITING_FOR_APPROVAL, FALSE, "", LS_AGENT_TRAY_LOOK_OFF,
      "lab: waiting for approval" },
    { LS_AGENT_STATE_READY, FALSE, "", LS_AGENT_TRAY_LOOK_OFF, "Not connected" },
    { LS_AGENT_STATE_READY, TRUE, "", LS_AGENT_TRAY_LOOK_CONNECTING, "Connecting to lab…" },
    { LS_AGENT_STATE_READY, FALSE, "No helper", LS_AGENT_TRAY_LOOK_ATTENTION, "lab: No helper" },
    { LS_AGENT_STATE_CONNECTING, TRUE, "", LS_AGENT_TRAY_LOOK_CONNECTING, "Connecting to lab…" },
    { LS_AGENT_STATE_CONNECTED, TRUE, "", LS_AGENT_TRAY_LOOK_CONNECTED, "Connected to lab" },
    { LS_AGENT_STATE_NEEDS_KEY_ROTATION, FALSE, "", LS_AGENT_TRAY_LOOK_ATTENTION,
      "lab: the keys of this device must be renewed" },
    { LS_AGENT_STATE_REVOKED, FALSE, "", LS_AGENT_TRAY_LOOK_ATTENTION,
      "lab: this device was revoked" },
    { LS_AGENT_STATE_DELETED, FALSE, "", LS_AGENT_TRAY_LOOK_ATTENTION,
      "lab: the server does not know this device any more" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const LsAgentTrayNetwork lab
          = network ("lab", rows[i].state, rows[i].want_up, rows[i].problem);

      assert_summary (&lab, 1, rows[i].look, rows[i].text);
    }
}

static void
test_summary_many (void)
{
  LsAgentTrayNetwork list[] = { network ("a", LS_AGENT_STATE_CONNECTED, TRUE, ""),
                                network ("b", LS_AGENT_STATE_CONNECTED, TRUE, ""),
                                network ("c", LS_AGENT_STATE_READY, FALSE, "") };

  assert_summary (list, 3, LS_AGENT_TRAY_LOOK_CONNECTED, "Connected to 2 networks");
  assert_summary (list + 1, 2, LS_AGENT_TRAY_LOOK_CONNECTED, "Connected to b");
  list[1].state = LS_AGENT_STATE_CONNECTING;
  assert_summary (list, 3, LS_AGENT_TRAY_LOOK_CONNECTING, "Connecting to b…");
  list[2].state = LS_AGENT_STATE_REVOKED;
  assert_summary (list, 3, LS_AGENT_TRAY_LOOK_ATTENTION, "c: this device was revoked");
  list[0].state = LS_AGENT_STATE_READY;
  list[0].want_up = FALSE;
  list[1].state = LS_AGENT_STATE_WAITING_FOR_APPROVAL;
  assert_summary (list, 2, LS_AGENT_TRAY_LOOK_OFF, "b: waiting for approval");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tray/tree/layout", test_layout);
  g_test_add_func ("/tray/tree/properties", test_properties);
  g_test_add_func ("/tray/tree/one-property", test_one_property);
  g_test_add_func ("/tray/tree/actions", test_actions);
  g_test_add_func ("/tray/tree/update-properties", test_update_properties);
  g_test_add_func ("/tray/tree/removed-property", test_removed_property);
  g_test_add_func ("/tray/tree/update-structure", test_update_structure);
  g_test_add_func ("/tray/content/empty", test_content_empty);
  g_test_add_func ("/tray/content/many", test_content_many);
  g_test_add_func ("/tray/content/long-line", test_content_long_line);
  g_test_add_func ("/tray/summary/one", test_summary);
  g_test_add_func ("/tray/summary/many", test_summary_many);
  return g_test_run ();
}
