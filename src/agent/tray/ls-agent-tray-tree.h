/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A menu as com.canonical.dbusmenu describes it: an immutable snapshot of a GMenuModel and of the
 * actions that it names. Each item has an id (the root's is 0) and properties; ids are never used
 * twice, since hosts cache submenus by them.
 *
 * Of the model are used: the attributes "label" (an underscore marks the mnemonic, a doubled one is
 * literal, the same in both worlds), "action" (a name in the group, without prefix), "target", and
 * the links "section" (set apart by separators) and "submenu". A boolean action without a target is
 * a check item; an item whose action is missing or disabled is insensitive. */
typedef struct _LsAgentTrayTree LsAgentTrayTree;

/* The snapshot; @actions may be NULL. (transfer full) */
LsAgentTrayTree *ls_agent_tray_tree_new (GMenuModel *model, GActionGroup *actions);
void ls_agent_tray_tree_free (LsAgentTrayTree *self);

/* Gives the items of @self the ids they had in @previous and new ones to those that were not there;
 * a submenu with other items than before counts as new. To be called once, before @self is shown.
 * Returns whether the structure differs, so that hosts must fetch the layout again. */
gboolean ls_agent_tray_tree_adopt_ids (LsAgentTrayTree *self, const LsAgentTrayTree *previous);

/* The layout (ia{sv}av) below @parent, floating. @depth: levels of children, negative for all.
 * @names: the properties wanted, empty or NULL for all. NULL if there is no item @parent. */
GVariant *ls_agent_tray_tree_get_layout (const LsAgentTrayTree *self, gint32 parent, gint32 depth,
                                         const char *const *names);

/* Properties a(ia{sv}) of @ids, of all items if @n_ids is 0; unknown ids are left out. Floating. */
GVariant *ls_agent_tray_tree_get_group (const LsAgentTrayTree *self, const gint32 *ids, gsize n_ids,
                                        const char *const *names);

/* One property, with its default if it is not set; NULL if there is no such item or property.
 * (transfer full) */
GVariant *
ls_agent_tray_tree_dup_property (const LsAgentTrayTree *self, gint32 id, const char *name);

/* What differs between two trees of equal structure: (a(ia{sv})a(ias)), the properties that are new
 * or other and those that are gone, or NULL if nothing does. Floating. */
GVariant *ls_agent_tray_tree_diff (const LsAgentTrayTree *before, const LsAgentTrayTree *after);

gboolean ls_agent_tray_tree_has (const LsAgentTrayTree *self, gint32 id);

/* The action and target of item @id; FALSE if it has none that can be activated. Borrowed; the
 * target may be NULL. */
gboolean ls_agent_tray_tree_get_action (const LsAgentTrayTree *self, gint32 id,
                                        const char **out_action, GVariant **out_target);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsAgentTrayTree, ls_agent_tray_tree_free)

G_END_DECLS
