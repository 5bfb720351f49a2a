/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-prefix.h"

G_BEGIN_DECLS

/* A set of prefixes, each with a word to say whose it is, that answers quickly for addresses: the
 * time depends on how many lengths occur, not on how many prefixes there are. */
typedef struct _LsAgentPrefixSet LsAgentPrefixSet;

LsAgentPrefixSet *ls_agent_prefix_set_new (void);
void ls_agent_prefix_set_free (LsAgentPrefixSet *set);

/* Host bits of @prefix are ignored. The first @label of a prefix stays. */
void ls_agent_prefix_set_add (LsAgentPrefixSet *set, const LsPrefix *prefix, const char *label);

/* The label of a prefix that holds @address, or NULL. */
const char *
ls_agent_prefix_set_find_address (const LsAgentPrefixSet *set, const LsAddress *address);

/* The label of a prefix that has an address in common with @prefix, or NULL. */
const char *ls_agent_prefix_set_find_overlap (const LsAgentPrefixSet *set, const LsPrefix *prefix);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsAgentPrefixSet, ls_agent_prefix_set_free)

G_END_DECLS
