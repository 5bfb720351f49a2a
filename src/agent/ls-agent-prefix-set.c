/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-prefix-set.h"

#include <string.h>
#include <sys/socket.h>

struct _LsAgentPrefixSet
{
  GHashTable *items; /* LsPrefix to label */
  guint lengths[2][129]; /* how many prefixes of each length: IPv4, IPv6 */
};

static guint
prefix_hash (gconstpointer key)
{
  const LsPrefix *prefix = key;

  return ls_address_hash (&prefix->address) * 31 + prefix->length;
}

static gboolean
prefix_equal (gconstpointer a, gconstpointer b)
{
  return ls_prefix_equal (a, b);
}

static guint
family_index (const LsAddress *address)
{
  return address->family == AF_INET6;
}

static LsPrefix
masked (const LsAddress *address, guint length)
{
  LsPrefix prefix = { .address = *address, .length = length };

  for (guint i = 0; i < LS_ADDRESS_SIZE; i++)
    {
      guint kept = length > i * 8 ? MIN (length - i * 8, 8) : 0;

      prefix.address.bytes[i] &= (guint8)(0xff00 >> kept);
    }
  return prefix;
}

LsAgentPrefixSet *
ls_agent_prefix_set_new (void)
{
  LsAgentPrefixSet *set = g_new0 (LsAgentPrefixSet, 1);

  set->items = g_hash_table_new_full (prefix_hash, prefix_equal, g_free, g_free);
  return set;
}

void
ls_agent_prefix_set_free (LsAgentPrefixSet *set)
{
  g_hash_table_unref (set->items);
  g_free (set);
}

void
ls_agent_prefix_set_add (LsAgentPrefixSet *set, const LsPrefix *prefix, const char *label)
{
  LsPrefix key = masked (&prefix->address, prefix->length);

  if (g_hash_table_contains (set->items, &key))
    return;
  g_hash_table_insert (set->items, g_memdup2 (&key, sizeof key), g_strdup (label));
  set->lengths[family_index (&key.address)][key.length]++;
}

static const char *
find_holder (const LsAgentPrefixSet *set, const LsAddress *address, guint longest)
{
  const guint *lengths = set->lengths[family_index (address)];

  for (guint length = 0; length <= longest; length++)
    {
      LsPrefix key;
      const char *label;

      if (lengths[length] == 0)
        continue;
      key = masked (address, length);
      label = g_hash_table_lookup (set->items, &key);
      if (label != NULL)
        return label;
    }
  return NULL;
}

const char *
ls_agent_prefix_set_find_address (const LsAgentPrefixSet *set, const LsAddress *address)
{
  return find_holder (set, address, ls_address_bits (address));
}

const char *
ls_agent_prefix_set_find_overlap (const LsAgentPrefixSet *set, const LsPrefix *prefix)
{
  const char *label = find_holder (set, &prefix->address, prefix->length);
  const guint *lengths = set->lengths[family_index (&prefix->address)];
  guint inside = 0;
  GHashTableIter iter;
  gpointer key;
  gpointer value;

  for (guint length = prefix->length + 1; length <= ls_address_bits (&prefix->address); length++)
    inside += lengths[length];
  if (label != NULL || inside == 0)
    return label;
  g_hash_table_iter_init (&iter, set->items);
  while (g_hash_table_iter_next (&iter, &key, &value))
    if (ls_prefix_contains_prefix (prefix, key))
      return value;
  return NULL;
}
