/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-profile-private.h"

#include <glib/gi18n-lib.h>

#include "ls-agent-diff.h"
#include "ls-agent-port.h"
#include "ls-error.h"

#define PORT_CHANGES_MAX 3

static gint64
monotonic_seconds (void)
{
  return g_get_monotonic_time () / G_USEC_PER_SEC;
}

/* Ends of a connect */

static void
end_connectors (LsAgentProfile *self, const GError *error)
{
  ls_agent_profile_end_tasks (&self->connectors, error);
}

static void
clear_traffic (LsAgentProfile *self)
{
  gboolean had = self->rx_bytes != 0 || self->tx_bytes != 0;

  self->rx_bytes = self->tx_bytes = 0;
  if (!had)
    return;
  ls_agent_profile_notify (self, "rx-bytes");
  ls_agent_profile_notify (self, "tx-bytes");
}

static void
set_left_out (LsAgentProfile *self, GVariant *left_out)
{
  g_variant_ref_sink (left_out);
  if (g_variant_equal (self->left_out, left_out))
    {
      g_variant_unref (left_out);
      return;
    }
  g_variant_unref (self->left_out);
  self->left_out = left_out;
  ls_agent_profile_notify (self, "left-out");
}

static void
tunnel_is_down (LsAgentProfile *self)
{
  g_clear_pointer (&self->plan, ls_agent_plan_free);
  g_hash_table_remove_all (self->told);
  ls_agent_profile_set_text (self, LS_AGENT_TEXT_BACKEND, "");
  set_left_out (self, g_variant_new_array (G_VARIANT_TYPE ("(ss)"), NULL, 0));
  clear_traffic (self);
  ls_agent_profile_count_peers (self);
  ls_agent_profile_tell_all_peers (self);
}

void
ls_agent_profile_drop_tunnel (LsAgentProfile *self)
{
  ls_agent_tunnel_remove_async (self->tunnel, NULL, NULL, NULL);
  tunnel_is_down (self);
}

/* An attempt of the user's that failed switches off again; one of our own goes on trying. */
void
ls_agent_profile_connect_failed (LsAgentProfile *self, const GError *error)
{
  if (g_queue_is_empty (&self->connectors))
    return;
  ls_agent_profile_set_want_up (self, FALSE);
  ls_agent_profile_dispatch (self, LS_AGENT_EVENT_DISCONNECT);
  ls_agent_profile_drop_tunnel (self);
  ls_agent_profile_follow (self);
  ls_agent_profile_set_problem_error (self, LS_AGENT_PROBLEM_TUNNEL, error);
  end_connectors (self, error);
}

/* Connected or not */

static gboolean
any_fresh (LsAgentProfile *self)
{
  for (guint i = 0; i < self->plan->peers->len; i++)
    {
      const LsAgentPlanPeer *peer = g_ptr_array_index (self->plan->peers, i);

      if (ls_agent_endpoints_is_fresh (self->endpoints, &peer->entry->public_key))
        return TRUE;
    }
  return FALSE;
}

static gboolean
any_online (LsAgentProfile *self)
{
  for (guint i = 0; i < self->plan->peers->len; i++)
    {
      const LsAgentPlanPeer *peer = g_ptr_array_index (self->plan->peers, i);
      const LsNode *node = ls_netmap_find_peer (self->netmap, peer->node->id);

      if (node != NULL && ls_agent_peer_is_online (self->netmap, node))
        return TRUE;
    }
  return FALSE;
}

/* A status never lies: connected needs a fresh handshake, or nobody to have one with. */
void
ls_agent_profile_update_alive (LsAgentProfile *self)
{
  gboolean alive;

  if (self->plan == NULL || !ls_agent_state_is_up (self->state)
      || ls_agent_tunnel_get_statistics (self->tunnel) == NULL)
    return;
  alive = any_fresh (self) || !any_online (self);
  ls_agent_profile_dispatch (self, alive ? LS_AGENT_EVENT_ALIVE : LS_AGENT_EVENT_SILENT);
  ls_agent_tunnel_set_watched (self->tunnel, !alive || g_hash_table_size (self->watchers) > 0);
}

static void
update_traffic (LsAgentProfile *self, const GArray *statistics)
{
  guint64 rx = 0;
  guint64 tx = 0;

  for (guint i = 0; i < statistics->len; i++)
    {
      rx += g_array_index (statistics, LsPeerStatistics, i).rx_bytes;
      tx += g_array_index (statistics, LsPeerStatistics, i).tx_bytes;
    }
  if (rx != self->rx_bytes)
    {
      self->rx_bytes = rx;
      ls_agent_profile_notify (self, "rx-bytes");
    }
  if (tx != self->tx_bytes)
    {
      self->tx_bytes = tx;
      ls_agent_profile_notify (self, "tx-bytes");
    }
}

static void
rotate_endpoints (LsAgentProfile *self)
{
  g_autoptr (GArray) changes = ls_agent_endpoints_rotate (self->endpoints, monotonic_seconds ());

  if (changes->len == 0)
    return;
  ls_agent_endpoints_apply_plan (self->endpoints, self->plan, monotonic_seconds ());
  ls_agent_tunnel_want (self->tunnel, self->plan->tunnel, FALSE);
}

static void
statistics_cb (LsAgentProfile *self)
{
  const GArray *statistics = ls_agent_tunnel_get_statistics (self->tunnel);

  if (self->plan == NULL)
    return;
  ls_agent_endpoints_observe (self->endpoints, statistics, g_get_real_time () / G_USEC_PER_SEC);
  update_traffic (self, statistics);
  ls_agent_profile_count_peers (self);
  ls_agent_profile_update_alive (self);
  ls_agent_profile_tell_statistics (self);
  rotate_endpoints (self);
}

/* The helper's answers */

static void
applied_cb (LsAgentProfile *self, const char *interface, const char *backend, guint port)
{
  self->interactive = FALSE;
  self->port_changes = 0;
  ls_agent_profile_set_text (self, LS_AGENT_TEXT_INTERFACE, interface);
  ls_agent_profile_set_text (self, LS_AGENT_TEXT_BACKEND, backend);
  if (port != self->record->chosen_port)
    {
      self->record->chosen_port = port;
      ls_agent_profile_save (self);
      ls_agent_profile_follow (self);
    }
  ls_agent_profile_clear_problem (self, LS_AGENT_PROBLEM_TUNNEL);
  ls_agent_tunnel_set_watched (self->tunnel, TRUE);
  end_connectors (self, NULL);
}

static gboolean
is_refusal (const GError *error)
{
  return g_error_matches (error, LS_ERROR, LS_ERROR_NOT_AUTHORIZED)
         || g_error_matches (error, LS_ERROR, LS_ERROR_NO_POLKIT_AGENT);
}

/* Somebody took our port since it was chosen: another one, unless the user chose it. */
static gboolean
try_another_port (LsAgentProfile *self, const GError *error)
{
  if (!g_error_matches (error, LS_ERROR, LS_ERROR_CONFLICT) || self->record->listen_port != 0
      || self->port_changes >= PORT_CHANGES_MAX
      || ls_agent_port_is_free (self->record->chosen_port))
    return FALSE;
  self->port_changes++;
  self->record->chosen_port = 0;
  ls_agent_profile_reconcile (self);
  return TRUE;
}

static void
failed_cb (LsAgentProfile *self, GError *error)
{
  if (try_another_port (self, error))
    return;
  if (!g_queue_is_empty (&self->connectors))
    {
      ls_agent_profile_connect_failed (self, error);
      return;
    }
  ls_agent_profile_set_problem_error (self, LS_AGENT_PROBLEM_TUNNEL, error);
  if (is_refusal (error))
    {
      ls_agent_profile_dispatch (self, LS_AGENT_EVENT_DISCONNECT);
      ls_agent_profile_drop_tunnel (self);
      ls_agent_profile_follow (self);
      return;
    }
  ls_agent_profile_dispatch (self, LS_AGENT_EVENT_SILENT);
}

/* Switched off elsewhere (nmcli, Quick Settings, ip link): as good as our own switch. */
static void
lost_cb (LsAgentProfile *self)
{
  g_autoptr (GError) error
      = g_error_new (LS_ERROR, LS_ERROR_FAILED, _ ("Another program switched this network off."));

  ls_agent_profile_set_want_up (self, FALSE);
  ls_agent_profile_dispatch (self, LS_AGENT_EVENT_DISCONNECT);
  tunnel_is_down (self);
  ls_agent_profile_follow (self);
  ls_agent_profile_set_problem (self, LS_AGENT_PROBLEM_TUNNEL, error->message,
                                _ ("Switch it on again if that was not meant."), NULL);
  end_connectors (self, error);
}

void
ls_agent_profile_init_tunnel (LsAgentProfile *self)
{
  self->tunnel = ls_agent_tunnel_new (self->context->helper, self->record->name);
  g_signal_connect_swapped (self->tunnel, "applied", G_CALLBACK (applied_cb), self);
  g_signal_connect_swapped (self->tunnel, "failed", G_CALLBACK (failed_cb), self);
  g_signal_connect_swapped (self->tunnel, "lost", G_CALLBACK (lost_cb), self);
  g_signal_connect_swapped (self->tunnel, "statistics", G_CALLBACK (statistics_cb), self);
}

/* The port */

static guint16
choose_port (LsAgentProfile *self)
{
  g_autoptr (GArray) taken = g_array_new (FALSE, FALSE, sizeof (guint16));
  guint n = g_list_model_get_n_items (self->context->profiles);

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (LsAgentProfile) other = g_list_model_get_item (self->context->profiles, i);

      if (other != self && other->record->chosen_port != 0)
        g_array_append_val (taken, other->record->chosen_port);
    }
  return ls_agent_port_choose (LS_TUNNEL_PORT_DEFAULT, taken);
}

static void
set_port (LsAgentProfile *self, guint16 port)
{
  self->port_checked = TRUE;
  if (self->record->chosen_port == port)
    return;
  self->record->chosen_port = port;
  ls_agent_profile_save (self);
}

static void
port_status_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsAgentProfile) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) statistics
      = ls_agent_helper_status_finish (LS_AGENT_HELPER (source), result, NULL, &error);

  self->checking_port = FALSE;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  /* Our own tunnel of before a restart holds its port; anybody else's is in the way. */
  set_port (self, statistics != NULL ? self->record->chosen_port : choose_port (self));
  ls_agent_profile_reconcile (self);
}

/* Whether the port is settled; if not, reconcile is called when it is. */
static gboolean
settle_port (LsAgentProfile *self)
{
  if (self->checking_port)
    return FALSE;
  if (self->record->listen_port != 0)
    set_port (self, self->record->listen_port);
  else if (self->record->chosen_port == 0)
    set_port (self, choose_port (self));
  if (self->record->chosen_port == 0)
    set_port (self, LS_TUNNEL_PORT_DEFAULT);
  if (self->port_checked || ls_agent_port_is_free (self->record->chosen_port))
    {
      self->port_checked = TRUE;
      return TRUE;
    }
  self->checking_port = TRUE;
  ls_agent_helper_status_async (self->context->helper, self->record->name, self->cancellable,
                                port_status_cb, g_object_ref (self));
  return FALSE;
}

/* The plan */

static void
keep_out_profile (LsAgentProfile *other, LsAgentPrefixSet *set)
{
  g_autofree char *label = NULL;

  if (other->plan == NULL)
    return;
  label = g_strdup_printf (_ ("your network “%s”"), other->record->name);
  for (guint i = 0; i < other->plan->tunnel->routes->len; i++)
    ls_agent_prefix_set_add (set, &g_array_index (other->plan->tunnel->routes, LsPrefix, i), label);
  for (guint i = 0; i < other->plan->tunnel->addresses->len; i++)
    ls_agent_prefix_set_add (set, &g_array_index (other->plan->tunnel->addresses, LsPrefix, i),
                             label);
}

static LsAgentPrefixSet *
collect_keep_out (LsAgentProfile *self)
{
  LsAgentPrefixSet *set = ls_agent_prefix_set_new ();
  guint n = g_list_model_get_n_items (self->context->profiles);

  ls_agent_local_add_networks (self->context->local, set);
  for (guint i = 0; i < self->control_addresses->len; i++)
    {
      LsPrefix host;

      ls_prefix_init_host (&host, &g_array_index (self->control_addresses, LsAddress, i));
      ls_agent_prefix_set_add (set, &host, _ ("the control server's address"));
    }
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (LsAgentProfile) other = g_list_model_get_item (self->context->profiles, i);

      if (other != self)
        keep_out_profile (other, set);
    }
  return set;
}

static LsAgentPlan *
make_plan (LsAgentProfile *self, GError **error)
{
  g_autoptr (LsAgentPrefixSet) keep_out = collect_keep_out (self);
  g_autoptr (LsAgentPrefixSet) own = ls_agent_prefix_set_new ();
  LsAgentPlanInput input = {
    .netmap = self->netmap,
    .private_key = &self->credentials->wireguard_private,
    .listen_port = self->record->chosen_port,
    .mtu = self->record->mtu,
    .backend = self->record->backend,
    .keep_out = keep_out,
    .own_addresses = own,
  };

  ls_agent_local_add_addresses (self->context->local, own);
  return ls_agent_plan_new (&input, error);
}

static void
take_plan (LsAgentProfile *self, LsAgentPlan *plan)
{
  g_clear_pointer (&self->plan, ls_agent_plan_free);
  self->plan = plan;
  ls_agent_endpoints_apply_plan (self->endpoints, plan, monotonic_seconds ());
  set_left_out (self, ls_agent_plan_left_out_to_variant (plan));
  ls_agent_tunnel_want (self->tunnel, plan->tunnel, self->interactive);
  ls_agent_profile_update_alive (self);
}

void
ls_agent_profile_reconcile (LsAgentProfile *self)
{
  g_autoptr (GError) error = NULL;
  LsAgentPlan *plan;

  if (!ls_agent_state_is_up (self->state) || self->credentials == NULL || self->netmap == NULL
      || self->resolving > 0 || !settle_port (self))
    return;
  ls_agent_profile_follow (self);
  plan = make_plan (self, &error);
  if (plan != NULL)
    {
      take_plan (self, plan);
      return;
    }
  if (!g_queue_is_empty (&self->connectors))
    {
      ls_agent_profile_connect_failed (self, error);
      return;
    }
  /* What was fine until now stays as it is; the next change is another chance. */
  ls_agent_profile_set_problem_error (self, LS_AGENT_PROBLEM_TUNNEL, error);
}

/* On and off */

static void
bring_up (LsAgentProfile *self)
{
  ls_agent_profile_dispatch (self, LS_AGENT_EVENT_CONNECT);
  ls_agent_profile_follow (self);
  ls_agent_profile_reconcile (self);
}

void
ls_agent_profile_resume (LsAgentProfile *self)
{
  if (self->state == LS_AGENT_STATE_READY)
    bring_up (self);
}

/* Where no connect is possible, nor will be by itself. */
static const char *
why_not (LsAgentState state)
{
  switch (state)
    {
    case LS_AGENT_STATE_NEW:
    case LS_AGENT_STATE_REGISTERING:
      return _ ("This device has not joined the network yet.");
    case LS_AGENT_STATE_NEEDS_KEY_ROTATION:
      return _ ("The keys of this device are older than the network allows.");
    case LS_AGENT_STATE_REVOKED:
      return _ ("An administrator has revoked this device's access.");
    case LS_AGENT_STATE_DELETED:
      return _ ("The server does not know this device any more.");
    default:
      return NULL;
    }
}

void
ls_agent_profile_connect_async (LsAgentProfile *self, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  const char *reason = why_not (self->state);

  g_task_set_source_tag (task, ls_agent_profile_connect_async);
  if (reason != NULL)
    {
      g_task_return_new_error (task, LS_ERROR, LS_ERROR_WRONG_STATE, "%s", reason);
      return;
    }
  if (self->state == LS_AGENT_STATE_WAITING_FOR_APPROVAL)
    {
      ls_agent_profile_set_want_up (self, TRUE);
      ls_agent_profile_end_when_saved (self, task);
      return;
    }
  if (ls_agent_state_is_up (self->state) && ls_agent_tunnel_is_applied (self->tunnel))
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  ls_agent_profile_clear_problem (self, LS_AGENT_PROBLEM_TUNNEL);
  g_queue_push_tail (&self->connectors, g_steal_pointer (&task));
  self->interactive = TRUE;
  ls_agent_profile_set_want_up (self, TRUE);
  if (self->credentials == NULL)
    ls_agent_profile_load_keys (self, TRUE);
  bring_up (self);
}

gboolean
ls_agent_profile_connect_finish (LsAgentProfile *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
removed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsAgentProfile *self = g_task_get_source_object (task);
  GError *error = NULL;

  if (ls_agent_tunnel_remove_finish (LS_AGENT_TUNNEL (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    {
      ls_agent_profile_set_problem_error (self, LS_AGENT_PROBLEM_TUNNEL, error);
      g_task_return_error (task, error);
    }
}

void
ls_agent_profile_shutdown_async (LsAgentProfile *self, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GError) error
      = g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, _ ("The network was switched off."));

  g_task_set_source_tag (task, ls_agent_profile_shutdown_async);
  self->interactive = FALSE;
  end_connectors (self, error);
  ls_agent_profile_dispatch (self, LS_AGENT_EVENT_DISCONNECT);
  ls_agent_tunnel_remove_async (self->tunnel, cancellable, removed_cb, task);
  tunnel_is_down (self);
  ls_agent_profile_follow (self);
}

gboolean
ls_agent_profile_shutdown_finish (LsAgentProfile *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
ls_agent_profile_disconnect_async (LsAgentProfile *self, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer user_data)
{
  ls_agent_profile_set_want_up (self, FALSE);
  ls_agent_profile_clear_problem (self, LS_AGENT_PROBLEM_TUNNEL);
  ls_agent_profile_shutdown_async (self, cancellable, callback, user_data);
}

gboolean
ls_agent_profile_disconnect_finish (LsAgentProfile *self, GAsyncResult *result, GError **error)
{
  return ls_agent_profile_shutdown_finish (self, result, error);
}
