/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-agent-helper.h"
#include "ls-agent-local.h"
#include "ls-agent-notices.h"
#include "ls-agent-secrets.h"
#include "ls-agent-store.h"

G_BEGIN_DECLS

/* What the profiles share. Owned by the LsAgent, which outlives them. */
typedef struct
{
  LsAgentStore *store;
  LsAgentNotices *notices;
  LsAgentSecrets *secrets;
  LsAgentHelper *helper;
  LsAgentLocal *local;
  GListModel *profiles; /* all of them, of LsAgentProfile */
} LsAgentContext;

G_END_DECLS
