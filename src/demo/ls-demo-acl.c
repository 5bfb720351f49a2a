/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-acl.h"

static gboolean
selector_matches (const LsAclSelector *selector, const LsNode *node)
{
  const char *const *names = (const char *const *)selector->names;
  const char *const *ids = (const char *const *)selector->node_ids;

  if (selector->any || (*names == NULL && *ids == NULL && *selector->tags == NULL))
    return TRUE;
  if (g_strv_contains (ids, node->id) || g_strv_contains (names, node->name))
    return TRUE;

  for (char **tag = selector->tags; *tag != NULL; tag++)
    if (g_strv_contains ((const char *const *)node->tags, *tag))
      return TRUE;
  return FALSE;
}

gboolean
ls_demo_acl_allows (const LsAclPolicy *policy, const LsNode *src, const LsNode *dst)
{
  for (guint i = 0; i < policy->rules->len; i++)
    {
      const LsAclRule *rule = g_ptr_array_index (policy->rules, i);

      if (selector_matches (rule->src, src) && selector_matches (rule->dst, dst))
        return rule->allow;
    }
  return policy->default_allow;
}
