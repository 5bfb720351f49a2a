/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "ls-agent-state.h"
#include "ls-pins.h"
#include "ls-tunnel.h"

G_BEGIN_DECLS

/* What is kept of a profile in a file: nothing secret. Strings are never NULL. */
typedef struct
{
  char *name;
  char *id; /* names its secrets; random */
  GStrv urls;
  LsPins *pins; /* of some of the URLs */
  guint16 listen_port; /* as set; 0: chosen by us */
  guint16 mtu; /* as set; 0: the default */
  LsBackendKind backend;
  guint16 chosen_port; /* the port in use; 0: none chosen yet */
  gboolean want_up;
  LsAgentEvent fact; /* the last one that the control plane told; LS_AGENT_N_EVENTS: none */
  gint64 auth_expires; /* Unix seconds, 0: none */
  char *network_id;
  char *network_name;
  char *dns_domain;
  char *node_id;
  char *node_name;
  char *dns_name;
  char *ipv4;
  char *ipv6;
} LsAgentRecord;

LsAgentRecord *ls_agent_record_new (const char *name);
LsAgentRecord *ls_agent_record_copy (const LsAgentRecord *record);
void ls_agent_record_free (LsAgentRecord *record);

/* Sets one of the strings above. */
void ls_agent_record_set (char **field, const char *value);

/* To the text of a key file and back. Every value is validated: LS_ERROR_STORAGE names the entry
 * that is wrong. @name is the file's own and must be the one inside. */
char *ls_agent_record_to_text (const LsAgentRecord *record);
LsAgentRecord *
ls_agent_record_from_text (const char *name, const char *text, gsize length, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsAgentRecord, ls_agent_record_free)

G_END_DECLS
