/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "ls-demo-store.h"
#include "ls-prefix.h"

G_BEGIN_DECLS

/* What the files of the store share; nobody else includes this. */

struct _LsDemoNetwork
{
  LsNetwork *info;
  LsAclPolicy *acl;
  gint64 created_at;
  LsPrefix overlay_v4; /* of info, parsed */
  LsPrefix overlay_v6;
  guint64 next_v4; /* offset that is tried first for the next node */
  guint64 next_v6;
  GHashTable *nodes; /* id → LsDemoNode, borrowed from the store */
  GHashTable *addresses; /* set of the addresses in use, as text */
};

struct _LsDemoNode
{
  LsNode *info; /* approved, key_rotation_required and revoked as of the last refresh */
  LsDemoNetwork *network;
  char *token_hash;
  char *link_hash; /* of the approval link's secret, or NULL */
  gint64 link_expires_at;
  gint64 created_at;
  gint64 approved_at; /* 0: not approved */
  gint64 revoked_at; /* 0: not revoked */
  gint64 probe_requested_at; /* not kept over a restart */
  GPtrArray *keys; /* of LsKeyRecord */
  char *peer_text; /* info as a peer in JSON, or NULL: to be made again */
};

typedef struct
{
  LsEnrollmentToken *info;
  char *network_id;
} LsDemoToken;

struct _LsDemoStore
{
  GObject parent_instance;

  GHashTable *networks; /* id → LsDemoNetwork */
  GHashTable *nodes; /* id → LsDemoNode */
  GHashTable *tokens; /* token → LsDemoToken */
  GPtrArray *audit; /* of LsAuditEntry, oldest first */
  LsRelayInfo *relay;
  guint64 revision;
  LsDemoClock clock;
  gpointer clock_data;
};

gint64 ls_demo_store_now (LsDemoStore *self);

/* Raises the revision and tells it. The last step of every write. */
void ls_demo_store_changed (LsDemoStore *self, gboolean durable);

/* Adds an audit entry; @detail is consumed, or NULL. */
void ls_demo_store_audit (LsDemoStore *self, const char *action, const char *network_id,
                          const char *node_id, JsonNode *detail);

LsDemoNetwork *ls_demo_network_new (void);
void ls_demo_network_free (LsDemoNetwork *network);

/* Parses the overlays of @network's info and sets the cursors to their first offsets. */
gboolean ls_demo_network_parse_overlays (LsDemoNetwork *network, GError **error);
LsDemoNode *ls_demo_node_new (void);
void ls_demo_node_free (LsDemoNode *node);

/* Adds a key that is current from @now on; the oldest of too many are forgotten. */
void
ls_demo_node_add_key (LsDemoNode *node, gboolean wireguard, const char *public_key, gint64 now);

/* Puts @node, with its network and addresses set, into the store, which takes it over. */
void ls_demo_store_add_node (LsDemoStore *self, LsDemoNode *node);
LsDemoToken *ls_demo_token_new (const char *network_id);
void ls_demo_token_free (LsDemoToken *token);

/* To be called after a change of @node's info. */
void ls_demo_node_touch (LsDemoNode *node);

/* Sets the effective state in @node's info. */
void ls_demo_node_refresh (LsDemoNode *node, gint64 now);

/* Counts one use of @token down; a used-up one is removed. NULL and 401 if it is not good now.
 * (transfer none) */
LsDemoToken *ls_demo_store_find_usable_token (LsDemoStore *self, const char *text, GError **error);
void ls_demo_store_use_token (LsDemoStore *self, LsDemoToken *token);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsDemoNetwork, ls_demo_network_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsDemoNode, ls_demo_node_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsDemoToken, ls_demo_token_free)

G_END_DECLS
