/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-profile-private.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "ls-agent-diff.h"
#include "ls-control-codec.h"
#include "ls-error.h"
#include "ls-text.h"

/* A network that changes all the time is not written down all the time. */
#define CACHE_SECONDS 10

/* The last netmap on disk: a tunnel comes up while the control plane is away. */

static void
cache_written_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsAgentProfile) self = user_data;
  g_autoptr (GError) error = NULL;

  if (ls_agent_store_write_finish (LS_AGENT_STORE (source), result, &error))
    ls_agent_profile_clear_problem (self, LS_AGENT_PROBLEM_STORE);
  else
    ls_agent_profile_set_problem_error (self, LS_AGENT_PROBLEM_STORE, error);
}

static gboolean
write_cache_cb (gpointer user_data)
{
  LsAgentProfile *self = user_data;
  g_autoptr (JsonNode) node = NULL;
  g_autoptr (GBytes) data = NULL;
  g_autofree char *file = ls_agent_store_netmap_file (self->record->name);
  char *text;

  self->cache_source = 0;
  if (self->netmap == NULL || self->removed)
    return G_SOURCE_REMOVE;
  node = ls_control_codec_encode_netmap (self->netmap);
  text = json_to_string (node, FALSE);
  data = g_bytes_new_take (text, strlen (text));
  ls_agent_store_write_async (self->context->store, file, data, NULL, cache_written_cb,
                              g_object_ref (self));
  return G_SOURCE_REMOVE;
}

void
ls_agent_profile_write_cache (LsAgentProfile *self)
{
  if (self->cache_source == 0)
    self->cache_source = g_timeout_add_seconds (CACHE_SECONDS, write_cache_cb, self);
}

static LsNetmap *
decode_cache (LsAgentProfile *self, GBytes *bytes)
{
  gsize length;
  const char *text = g_bytes_get_data (bytes, &length);
  g_autoptr (JsonNode) node = ls_control_codec_parse (text, length, NULL);
  g_autoptr (LsNetmap) netmap = node != NULL ? ls_control_codec_decode_netmap (node, NULL) : NULL;

  if (netmap == NULL || !g_str_equal (netmap->node->id, self->record->node_id))
    return NULL;
  return g_steal_pointer (&netmap);
}

static void
cache_read_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsAgentProfile) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = ls_agent_store_read_finish (LS_AGENT_STORE (source), result, &error);
  g_autoptr (LsNetmap) netmap = NULL;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  /* A copy that cannot be read is no loss: the control plane has the original. */
  if (bytes != NULL && self->netmap == NULL)
    netmap = decode_cache (self, bytes);
  if (netmap != NULL)
    ls_agent_profile_take_netmap (self, netmap, TRUE);
  if (self->netmap != NULL && self->state == LS_AGENT_STATE_READY && self->record->want_up)
    ls_agent_profile_resume (self);
  else
    ls_agent_profile_follow (self);
}

void
ls_agent_profile_read_cache (LsAgentProfile *self)
{
  g_autofree char *file = ls_agent_store_netmap_file (self->record->name);

  ls_agent_store_read_async (self->context->store, file, self->cancellable, cache_read_cb,
                             g_object_ref (self));
}

/* Taking a netmap in */

static LsAgentEvent
fact_of (const LsNode *node)
{
  if (node->revoked)
    return LS_AGENT_EVENT_FACT_REVOKED;
  if (node->approved)
    return LS_AGENT_EVENT_FACT_APPROVED;
  return node->key_rotation_required ? LS_AGENT_EVENT_FACT_ROTATION_DUE
                                     : LS_AGENT_EVENT_FACT_PENDING;
}

static void
set_shown (LsAgentProfile *self, LsAgentTextKind kind, char **field, const char *value)
{
  g_autofree char *shown = ls_text_sanitize (value != NULL ? value : "");

  ls_agent_record_set (field, shown);
  ls_agent_profile_set_text (self, kind, shown);
}

static void
show_netmap (LsAgentProfile *self, const LsNetmap *netmap)
{
  LsAgentRecord *record = self->record;
  const LsNode *node = netmap->node;

  set_shown (self, LS_AGENT_TEXT_NETWORK_ID, &record->network_id, netmap->network->id);
  set_shown (self, LS_AGENT_TEXT_NETWORK_NAME, &record->network_name, netmap->network->name);
  set_shown (self, LS_AGENT_TEXT_DNS_DOMAIN, &record->dns_domain, netmap->network->dns_domain);
  set_shown (self, LS_AGENT_TEXT_NODE_NAME, &record->node_name, node->name);
  set_shown (self, LS_AGENT_TEXT_DNS_NAME, &record->dns_name, node->dns_name);
  set_shown (self, LS_AGENT_TEXT_IPV4, &record->ipv4, node->ipv4);
  set_shown (self, LS_AGENT_TEXT_IPV6, &record->ipv6, node->ipv6);
}

/* A server that lost its database says that a network is empty; the answer after that is believed.
 */
static gboolean
wait_for_second_answer (LsAgentProfile *self, const LsNetmap *netmap)
{
  if (self->suspicious_empty || self->netmap == NULL || self->netmap->peers->len == 0
      || netmap->peers->len > 0 || !netmap->node->approved)
    {
      self->suspicious_empty = FALSE;
      return FALSE;
    }
  self->suspicious_empty = TRUE;
  return TRUE;
}

static void
tell_online (LsAgentProfile *self, const LsAgentDiff *diff)
{
  g_autoptr (GPtrArray) none = g_ptr_array_new ();

  if (diff->online->len == 0)
    return;
  ls_agent_profile_count_peers (self);
  ls_agent_profile_tell_peers (self, diff->online, none);
  ls_agent_profile_update_alive (self);
}

static void
take_changed (LsAgentProfile *self, const LsAgentDiff *diff, guint old_count, gboolean cached)
{
  if (old_count != self->netmap->peers->len)
    ls_agent_profile_notify (self, "peer-count");
  if (diff->network || diff->node)
    {
      show_netmap (self, self->netmap);
      ls_agent_profile_save (self);
    }
  ls_agent_profile_count_peers (self);
  if (!cached)
    ls_agent_profile_write_cache (self);
}

void
ls_agent_profile_take_netmap (LsAgentProfile *self, LsNetmap *netmap, gboolean cached)
{
  g_autoptr (LsNetmap) older = NULL;
  g_autoptr (LsAgentDiff) diff = NULL;
  guint old_count;

  if (wait_for_second_answer (self, netmap))
    return;
  older = g_steal_pointer (&self->netmap);
  self->netmap = ls_netmap_ref (netmap);
  diff = ls_agent_diff_new (older, netmap);
  old_count = older != NULL ? older->peers->len : 0;
  if (ls_agent_diff_is_material (diff))
    {
      take_changed (self, diff, old_count, cached);
      ls_agent_profile_tell_peers (self, diff->changed, diff->removed);
    }
  tell_online (self, diff);
  /* A copy is older than what the record knows of this device's standing. */
  if (!cached && (older == NULL || self->record->fact != fact_of (netmap->node)))
    ls_agent_profile_take_fact (self, fact_of (netmap->node));
  if (ls_agent_diff_is_material (diff))
    ls_agent_profile_reconcile (self);
}
