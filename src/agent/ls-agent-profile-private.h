/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-agent-context.h"
#include "ls-agent-control-loop.h"
#include "ls-agent-endpoints.h"
#include "ls-agent-plan.h"
#include "ls-agent-profile.h"
#include "ls-agent-tunnel.h"

G_BEGIN_DECLS

/* Shared by the files ls-agent-profile-*.c, by ls-agent.c and by the D-Bus service. */

/* Where a problem comes from; the first one there is, is shown. */
typedef enum
{
  LS_AGENT_PROBLEM_TUNNEL,
  LS_AGENT_PROBLEM_JOIN,
  LS_AGENT_PROBLEM_KEYS,
  LS_AGENT_PROBLEM_NODE, /* revoked, deleted, key rotation due */
  LS_AGENT_PROBLEM_CONTROL,
  LS_AGENT_PROBLEM_STORE,
  LS_AGENT_N_PROBLEMS
} LsAgentProblemKind;

typedef struct
{
  char *what;
  char *hint;
  char *details;
} LsAgentProblem;

/* The string properties that are plain values. */
typedef enum
{
  LS_AGENT_TEXT_NETWORK_ID,
  LS_AGENT_TEXT_NETWORK_NAME,
  LS_AGENT_TEXT_DNS_DOMAIN,
  LS_AGENT_TEXT_NODE_ID,
  LS_AGENT_TEXT_NODE_NAME,
  LS_AGENT_TEXT_DNS_NAME,
  LS_AGENT_TEXT_IPV4,
  LS_AGENT_TEXT_IPV6,
  LS_AGENT_TEXT_PUBLIC_KEY,
  LS_AGENT_TEXT_AUTH_URL,
  LS_AGENT_TEXT_INTERFACE,
  LS_AGENT_TEXT_BACKEND,
  LS_AGENT_N_TEXTS
} LsAgentTextKind;

struct _LsAgentProfile
{
  GObject parent_instance;

  LsAgentContext *context; /* borrowed */
  LsAgentRecord *record;
  LsAgentState state;
  LsAgentProblem problems[LS_AGENT_N_PROBLEMS];
  LsAgentProblem shown; /* borrowed from one of them, or "" */
  char *texts[LS_AGENT_N_TEXTS];
  GCancellable *cancellable; /* of the object's life */
  gboolean removed;

  /* keys */
  LsAgentCredentials *credentials;
  gboolean loading_keys;
  gboolean keys_unsaved; /* the keyring was locked when they came */

  /* control plane */
  LsControlClient *client;
  LsAgentControlLoop *loop;
  LsNetmap *netmap;
  gboolean suspicious_empty; /* the last answer had no peers any more, not believed yet */
  gboolean control_reachable;
  gint64 control_since;
  guint gone_count; /* answers in a row that this device is unknown */
  GArray *control_addresses; /* of LsAddress */
  guint resolving; /* lookups under way */
  guint resolve_timeout;
  GQueue refreshers; /* of GTask */
  guint cache_source;

  /* tunnel */
  LsAgentTunnel *tunnel;
  LsAgentEndpoints *endpoints;
  LsAgentPlan *plan;
  GQueue connectors; /* of GTask */
  gboolean interactive;
  gboolean port_checked;
  gboolean checking_port;
  guint port_changes; /* after conflicts in a row */
  GVariant *left_out;
  guint peers_online;
  guint64 rx_bytes;
  guint64 tx_bytes;
  GHashTable *told; /* LsKey to what was told by "peers-changed" */
  GHashTable *watchers; /* bus names that look */

  /* registration */
  GTask *registration;
  guint expiry_source; /* of the approval link */
  gboolean saving;
  gboolean save_again;
  GQueue savers; /* of GTask: they end when the record is written */
};

/* ls-agent-profile.c */
LsAgentProfile *ls_agent_profile_new (LsAgentContext *context, LsAgentRecord *record);

/* Resumes what the record says: reads the keys, follows the control plane, and connects if it was
 * on. */
void ls_agent_profile_start (LsAgentProfile *self);
void ls_agent_profile_set_text (LsAgentProfile *self, LsAgentTextKind kind, const char *text);
void ls_agent_profile_notify (LsAgentProfile *self, const char *property);
void ls_agent_profile_set_problem (LsAgentProfile *self, LsAgentProblemKind kind, const char *what,
                                   const char *hint, const char *details);
void ls_agent_profile_set_problem_error (LsAgentProfile *self, LsAgentProblemKind kind,
                                         const GError *error);
void ls_agent_profile_clear_problem (LsAgentProfile *self, LsAgentProblemKind kind);

/* The one place where the state changes. Returns whether @event may happen. */
gboolean ls_agent_profile_dispatch (LsAgentProfile *self, LsAgentEvent event);
void ls_agent_profile_set_want_up (LsAgentProfile *self, gboolean want_up);

/* Ends each of @tasks, with TRUE or with a copy of @error; they are gone then. */
void ls_agent_profile_end_tasks (GQueue *tasks, const GError *error);

/* Writes the record, soon; a failure becomes a problem and a notice. */
void ls_agent_profile_save (LsAgentProfile *self);

/* Writes the record and then returns TRUE from @task: what was told to a caller survives a crash.
 */
void ls_agent_profile_end_when_saved (LsAgentProfile *self, GTask *task);

/* ls-agent-profile-keys.c */

/* @may_ask: whether a person may be asked to unlock the keyring. */
void ls_agent_profile_load_keys (LsAgentProfile *self, gboolean may_ask);

/* The problem of keys that the server counts on and that could not be stored because of @error. */
void ls_agent_profile_show_unsaved (LsAgentProfile *self, const GError *error);

/* The keyring can be used now: reads the keys that were out of reach, writes those that could not
 * be written. */
void ls_agent_profile_keyring_unlocked (LsAgentProfile *self);
void ls_agent_profile_take_keys (LsAgentProfile *self, LsAgentCredentials *credentials);
void ls_agent_profile_save_keys_async (LsAgentProfile *self, const LsAgentCredentials *credentials,
                                       GCancellable *cancellable, GAsyncReadyCallback callback,
                                       gpointer user_data);
gboolean
ls_agent_profile_save_keys_finish (LsAgentProfile *self, GAsyncResult *result, GError **error);
void ls_agent_profile_show_link (LsAgentProfile *self);

/* ls-agent-profile-control.c */
gboolean ls_agent_profile_make_client (LsAgentProfile *self, GError **error);
void ls_agent_profile_follow (LsAgentProfile *self);
void ls_agent_profile_control_failed (LsAgentProfile *self, const GError *error);
void ls_agent_profile_resolve_control (LsAgentProfile *self);

/* A call to the control plane ended with @error, or well if NULL: whether it is reachable. */
void ls_agent_profile_note_answer (LsAgentProfile *self, const GError *error);

/* The machine's networks changed. */
void ls_agent_profile_network_changed (LsAgentProfile *self);

/* The control plane says @fact of this device: state, tunnel and problem follow. */
void ls_agent_profile_take_fact (LsAgentProfile *self, LsAgentEvent fact);
void ls_agent_profile_refresh_async (LsAgentProfile *self, GCancellable *cancellable,
                                     GAsyncReadyCallback callback, gpointer user_data);
gboolean
ls_agent_profile_refresh_finish (LsAgentProfile *self, GAsyncResult *result, GError **error);

/* Ends those who wait for a refresh; @error NULL: it succeeded. */
void ls_agent_profile_end_refresh (LsAgentProfile *self, const GError *error);

/* ls-agent-profile-netmap.c */
void ls_agent_profile_take_netmap (LsAgentProfile *self, LsNetmap *netmap, gboolean cached);
void ls_agent_profile_read_cache (LsAgentProfile *self);
void ls_agent_profile_write_cache (LsAgentProfile *self);

/* ls-agent-profile-tunnel.c */
void ls_agent_profile_init_tunnel (LsAgentProfile *self);

/* Makes the tunnel what state, netmap and local networks ask for. */
void ls_agent_profile_reconcile (LsAgentProfile *self);

/* Ends those who wait for a connect, and with them the attempt. */
void ls_agent_profile_connect_failed (LsAgentProfile *self, const GError *error);

/* The remembered switch is on and nothing is in the way any more. */
void ls_agent_profile_resume (LsAgentProfile *self);

/* Takes the tunnel down without touching the switch; for the end of the program. */
void ls_agent_profile_shutdown_async (LsAgentProfile *self, GCancellable *cancellable,
                                      GAsyncReadyCallback callback, gpointer user_data);
gboolean
ls_agent_profile_shutdown_finish (LsAgentProfile *self, GAsyncResult *result, GError **error);
void ls_agent_profile_drop_tunnel (LsAgentProfile *self);
void ls_agent_profile_update_alive (LsAgentProfile *self);

/* ls-agent-profile-peers.c */

/* aa{sv} as ListPeers of the D-Bus API, floating. */
GVariant *ls_agent_profile_list_peers (LsAgentProfile *self);

/* Emits "peers-changed" (aa{sv}, as) for @changed and @removed ids, both of borrowed char*. */
void ls_agent_profile_tell_peers (LsAgentProfile *self, const GPtrArray *changed,
                                  const GPtrArray *removed);

/* The same for peers whose statistics changed since they were told. */
void ls_agent_profile_tell_statistics (LsAgentProfile *self);

/* The same for all: the tunnel went up or down. */
void ls_agent_profile_tell_all_peers (LsAgentProfile *self);
void ls_agent_profile_count_peers (LsAgentProfile *self);

/* @sender looks at the peers until ls_agent_profile_remove_watcher(). Returns whether it is new. */
gboolean ls_agent_profile_add_watcher (LsAgentProfile *self, const char *sender);
void ls_agent_profile_remove_watcher (LsAgentProfile *self, const char *sender);

/* ls-agent-profile-register.c */
void ls_agent_profile_register_token_async (LsAgentProfile *self, const char *token,
                                            const char *node_name, gboolean connect,
                                            GCancellable *cancellable, GAsyncReadyCallback callback,
                                            gpointer user_data);
void ls_agent_profile_register_link_async (LsAgentProfile *self, const char *network_id,
                                           const char *node_name, guint64 ttl, gboolean connect,
                                           GCancellable *cancellable, GAsyncReadyCallback callback,
                                           gpointer user_data);
gboolean
ls_agent_profile_register_finish (LsAgentProfile *self, GAsyncResult *result, GError **error);
void ls_agent_profile_approve_now_async (LsAgentProfile *self, GCancellable *cancellable,
                                         GAsyncReadyCallback callback, gpointer user_data);
gboolean
ls_agent_profile_approve_now_finish (LsAgentProfile *self, GAsyncResult *result, GError **error);

/* ls-agent-profile-settings.c */

/* Reads options as in AddProfile and Update into @record: pins a{ss}, listen-port q, mtu q,
 * backend s, and with @urls also urls as. Pins of URLs that are gone go too.
 * LS_ERROR_INVALID_ARGUMENT names the one that is wrong. */
gboolean ls_agent_profile_parse_options (LsAgentRecord *record, GVariant *options, gboolean urls,
                                         GError **error);

/* Normalises @urls into @record; at least one. */
gboolean
ls_agent_profile_parse_urls (LsAgentRecord *record, const char *const *urls, GError **error);
GVariant *ls_agent_profile_options_to_variant (const LsAgentRecord *record);
gboolean ls_agent_profile_update (LsAgentProfile *self, GVariant *options, GError **error);

/* Disconnects and forgets everything of this profile. The agent takes it off the list then. */
void ls_agent_profile_remove_async (LsAgentProfile *self, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer user_data);
gboolean
ls_agent_profile_remove_finish (LsAgentProfile *self, GAsyncResult *result, GError **error);

G_END_DECLS
