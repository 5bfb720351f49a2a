/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ls-agent-tray-tree.h"

typedef struct
{
  gint32 id;
  char *action; /* or NULL */
  GVariant *target; /* or NULL */
  GHashTable *properties; /* name → GVariant */
  GPtrArray *children; /* of Node */
} Node;

struct _LsAgentTrayTree
{
  Node *root;
  gint32 next_id;
};

/* All properties in use, in the order in which they are sent, and what they are where not set. */
static const struct
{
  const char *name;
  const char *value; /* GVariant text */
} defaults[] = {
  { "type", "'standard'" },     { "label", "''" },       { "enabled", "true" },
  { "visible", "true" },        { "toggle-type", "''" }, { "toggle-state", "-1" },
  { "children-display", "''" },
};

static void
node_free (Node *node)
{
  g_free (node->action);
  g_clear_pointer (&node->target, g_variant_unref);
  g_hash_table_unref (node->properties);
  g_ptr_array_unref (node->children);
  g_free (node);
}

static Node *
node_new (LsAgentTrayTree *tree)
{
  Node *node = g_new0 (Node, 1);

  node->id = tree->next_id++;
  node->properties
      = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_variant_unref);
  node->children = g_ptr_array_new_with_free_func ((GDestroyNotify)node_free);
  return node;
}

/* @name must be static. */
static void
node_set (Node *node, const char *name, GVariant *value)
{
  g_hash_table_insert (node->properties, (gpointer)name, g_variant_ref_sink (value));
}

static void
node_set_action (Node *node, GActionGroup *actions)
{
  g_autoptr (GVariant) state = NULL;
  gboolean enabled = FALSE;

  if (node->action == NULL || actions == NULL
      || !g_action_group_query_action (actions, node->action, &enabled, NULL, NULL, NULL, &state))
    enabled = FALSE;
  if (!enabled)
    node_set (node, "enabled", g_variant_new_boolean (FALSE));
  if (state == NULL || node->target != NULL
      || !g_variant_is_of_type (state, G_VARIANT_TYPE_BOOLEAN))
    return;
  node_set (node, "toggle-type", g_variant_new_string ("checkmark"));
  node_set (node, "toggle-state", g_variant_new_int32 (g_variant_get_boolean (state)));
}

static void
add_items (LsAgentTrayTree *tree, Node *parent, GMenuModel *model, GActionGroup *actions);

static Node *
item_new (LsAgentTrayTree *tree, GMenuModel *model, int index, GActionGroup *actions)
{
  Node *node = node_new (tree);
  g_autoptr (GMenuModel) submenu = g_menu_model_get_item_link (model, index, G_MENU_LINK_SUBMENU);
  g_autofree char *label = NULL;

  if (g_menu_model_get_item_attribute (model, index, G_MENU_ATTRIBUTE_LABEL, "s", &label))
    node_set (node, "label", g_variant_new_string (label));
  g_menu_model_get_item_attribute (model, index, G_MENU_ATTRIBUTE_ACTION, "s", &node->action);
  node->target
      = g_menu_model_get_item_attribute_value (model, index, G_MENU_ATTRIBUTE_TARGET, NULL);
  if (submenu != NULL)
    {
      node_set (node, "children-display", g_variant_new_string ("submenu"));
      add_items (tree, node, submenu, actions);
    }
  else
    node_set_action (node, actions);
  return node;
}

static void
add_separator (LsAgentTrayTree *tree, Node *parent)
{
  Node *node = node_new (tree);

  node_set (node, "type", g_variant_new_string ("separator"));
  g_ptr_array_add (parent->children, node);
}

static void
add_items (LsAgentTrayTree *tree, Node *parent, GMenuModel *model, GActionGroup *actions)
{
  gboolean separate = FALSE;

  for (int i = 0; i < g_menu_model_get_n_items (model); i++)
    {
      g_autoptr (GMenuModel) section = g_menu_model_get_item_link (model, i, G_MENU_LINK_SECTION);

      if (section != NULL && g_menu_model_get_n_items (section) == 0)
        continue;
      if ((section != NULL || separate) && parent->children->len > 0)
        add_separator (tree, parent);
      separate = section != NULL;
      if (section != NULL)
        add_items (tree, parent, section, actions);
      else
        g_ptr_array_add (parent->children, item_new (tree, model, i, actions));
    }
}

LsAgentTrayTree *
ls_agent_tray_tree_new (GMenuModel *model, GActionGroup *actions)
{
  LsAgentTrayTree *self = g_new0 (LsAgentTrayTree, 1);

  self->root = node_new (self);
  node_set (self->root, "children-display", g_variant_new_string ("submenu"));
  add_items (self, self->root, model, actions);
  return self;
}

void
ls_agent_tray_tree_free (LsAgentTrayTree *self)
{
  node_free (self->root);
  g_free (self);
}

static gboolean
node_is (const Node *node, const char *name, const char *value)
{
  GVariant *property = g_hash_table_lookup (node->properties, name);

  return property != NULL && g_str_equal (g_variant_get_string (property, NULL), value);
}

/* Whether both are the same item, possibly with other texts and states. */
static gboolean
node_matches (const Node *a, const Node *b)
{
  if (g_strcmp0 (a->action, b->action) != 0 || a->children->len != b->children->len)
    return FALSE;
  if ((a->target == NULL) != (b->target == NULL)
      || (a->target != NULL && !g_variant_equal (a->target, b->target)))
    return FALSE;
  if (node_is (a, "type", "separator") != node_is (b, "type", "separator")
      || node_is (a, "children-display", "submenu") != node_is (b, "children-display", "submenu"))
    return FALSE;
  for (guint i = 0; i < a->children->len; i++)
    if (!node_matches (a->children->pdata[i], b->children->pdata[i]))
      return FALSE;
  return TRUE;
}

static void
node_copy_ids (Node *node, const Node *previous)
{
  node->id = previous->id;
  for (guint i = 0; i < node->children->len; i++)
    node_copy_ids (node->children->pdata[i], previous->children->pdata[i]);
}

static void
node_renumber (Node *node, gint32 *next_id)
{
  node->id = (*next_id)++;
  for (guint i = 0; i < node->children->len; i++)
    node_renumber (node->children->pdata[i], next_id);
}

gboolean
ls_agent_tray_tree_adopt_ids (LsAgentTrayTree *self, const LsAgentTrayTree *previous)
{
  const GPtrArray *old = previous->root->children;
  g_autoptr (GHashTable) taken = g_hash_table_new (NULL, NULL);
  gboolean differs = old->len != self->root->children->len;

  self->next_id = previous->next_id;
  for (guint i = 0; i < self->root->children->len; i++)
    {
      Node *node = self->root->children->pdata[i];
      guint at = 0;

      while (at < old->len
             && (g_hash_table_contains (taken, GUINT_TO_POINTER (at))
                 || !node_matches (node, old->pdata[at])))
        at++;
      differs = differs || at != i;
      if (at == old->len)
        node_renumber (node, &self->next_id);
      else
        {
          g_hash_table_add (taken, GUINT_TO_POINTER (at));
          node_copy_ids (node, old->pdata[at]);
        }
    }
  return differs;
}

static const Node *
node_find (const Node *node, gint32 id)
{
  if (node->id == id)
    return node;
  for (guint i = 0; i < node->children->len; i++)
    {
      const Node *found = node_find (node->children->pdata[i], id);

      if (found != NULL)
        return found;
    }
  return NULL;
}

static GVariant *
node_properties (const Node *node, const char *const *names)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  for (guint i = 0; i < G_N_ELEMENTS (defaults); i++)
    {
      GVariant *value = g_hash_table_lookup (node->properties, defaults[i].name);

      if (value == NULL
          || (names != NULL && names[0] != NULL && !g_strv_contains (names, defaults[i].name)))
        continue;
      g_variant_builder_add (&builder, "{sv}", defaults[i].name, value);
    }
  return g_variant_builder_end (&builder);
}

static GVariant *
node_layout (const Node *node, gint32 depth, const char *const *names)
{
  GVariantBuilder children = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("av"));

  for (guint i = 0; depth != 0 && i < node->children->len; i++)
    g_variant_builder_add (
        &children, "v",
        node_layout (node->children->pdata[i], depth < 0 ? depth : depth - 1, names));
  return g_variant_new ("(i@a{sv}av)", node->id, node_properties (node, names), &children);
}

GVariant *
ls_agent_tray_tree_get_layout (const LsAgentTrayTree *self, gint32 parent, gint32 depth,
                               const char *const *names)
{
  const Node *node = node_find (self->root, parent);

  return node != NULL ? node_layout (node, depth, names) : NULL;
}

static void
add_all (const Node *node, const char *const *names, GVariantBuilder *builder)
{
  g_variant_builder_add (builder, "(i@a{sv})", node->id, node_properties (node, names));
  for (guint i = 0; i < node->children->len; i++)
    add_all (node->children->pdata[i], names, builder);
}

GVariant *
ls_agent_tray_tree_get_group (const LsAgentTrayTree *self, const gint32 *ids, gsize n_ids,
                              const char *const *names)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ia{sv})"));

  if (n_ids == 0)
    add_all (self->root, names, &builder);
  for (gsize i = 0; i < n_ids; i++)
    {
      const Node *node = node_find (self->root, ids[i]);

      if (node != NULL)
        g_variant_builder_add (&builder, "(i@a{sv})", ids[i], node_properties (node, names));
    }
  return g_variant_builder_end (&builder);
}

GVariant *
ls_agent_tray_tree_dup_property (const LsAgentTrayTree *self, gint32 id, const char *name)
{
  const Node *node = node_find (self->root, id);
  GVariant *value;

  if (node == NULL)
    return NULL;
  value = g_hash_table_lookup (node->properties, name);
  if (value != NULL)
    return g_variant_ref (value);
  for (guint i = 0; i < G_N_ELEMENTS (defaults); i++)
    if (g_str_equal (defaults[i].name, name))
      return g_variant_parse (NULL, defaults[i].value, NULL, NULL, NULL);
  return NULL;
}

static void
node_diff (const Node *before, const Node *after, GVariantBuilder *updated,
           GVariantBuilder *removed)
{
  g_auto (GVariantBuilder) set = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_autoptr (GPtrArray) gone = g_ptr_array_new ();
  gboolean any = FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (defaults); i++)
    {
      GVariant *old = g_hash_table_lookup (before->properties, defaults[i].name);
      GVariant *new = g_hash_table_lookup (after->properties, defaults[i].name);

      if (new == NULL && old != NULL)
        g_ptr_array_add (gone, (gpointer)defaults[i].name);
      if (new == NULL || (old != NULL && g_variant_equal (old, new)))
        continue;
      g_variant_builder_add (&set, "{sv}", defaults[i].name, new);
      any = TRUE;
    }
  if (any)
    g_variant_builder_add (updated, "(i@a{sv})", after->id, g_variant_builder_end (&set));
  if (gone->len > 0)
    g_variant_builder_add (removed, "(i@as)", after->id,
                           g_variant_new_strv ((const char *const *)gone->pdata, gone->len));
  for (guint i = 0; i < after->children->len; i++)
    node_diff (before->children->pdata[i], after->children->pdata[i], updated, removed);
}

GVariant *
ls_agent_tray_tree_diff (const LsAgentTrayTree *before, const LsAgentTrayTree *after)
{
  GVariantBuilder updated = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ia{sv})"));
  GVariantBuilder removed = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ias)"));
  g_autoptr (GVariant) set = NULL;
  g_autoptr (GVariant) gone = NULL;

  node_diff (before->root, after->root, &updated, &removed);
  set = g_variant_ref_sink (g_variant_builder_end (&updated));
  gone = g_variant_ref_sink (g_variant_builder_end (&removed));
  if (g_variant_n_children (set) == 0 && g_variant_n_children (gone) == 0)
    return NULL;
  return g_variant_new ("(@a(ia{sv})@a(ias))", set, gone);
}

gboolean
ls_agent_tray_tree_has (const LsAgentTrayTree *self, gint32 id)
{
  return node_find (self->root, id) != NULL;
}

gboolean
ls_agent_tray_tree_get_action (const LsAgentTrayTree *self, gint32 id, const char **out_action,
                               GVariant **out_target)
{
  const Node *node = node_find (self->root, id);

  if (node == NULL || node->action == NULL || g_hash_table_contains (node->properties, "enabled"))
    return FALSE;
  *out_action = node->action;
  *out_target = node->target;
  return TRUE;
}
