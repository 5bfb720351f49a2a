/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "ls-ctl-agent.h"
#include "ls-ctl-commands.h"
#include "ls-ctl-profile.h"
#include "ls-ctl-table.h"
#include "ls-ctl-words.h"

static gint64
now_seconds (void)
{
  return g_get_real_time () / G_USEC_PER_SEC;
}

static GVariant *
agent_to_variant (LsCtl *ctl)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  static const char *const properties[][2] = {
    { "version", "Version" },
    { "features", "Features" },
    { "helper-state", "HelperState" },
    { "secret-storage", "SecretStorage" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (properties); i++)
    {
      g_autoptr (GVariant) value
          = g_dbus_proxy_get_cached_property (G_DBUS_PROXY (ctl->manager), properties[i][1]);

      if (value != NULL)
        g_variant_builder_add (&builder, "{sv}", properties[i][0], value);
    }
  return g_variant_builder_end (&builder);
}

static LsCtlStatus
print_all_json (LsCtl *ctl)
{
  g_autoptr (GPtrArray) profiles = ls_ctl_list_profiles (ctl);
  GVariantBuilder list = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  for (guint i = 0; i < profiles->len; i++)
    g_variant_builder_add_value (&list, ls_ctl_profile_to_variant (profiles->pdata[i]));
  g_variant_builder_add (&builder, "{sv}", "agent", agent_to_variant (ctl));
  g_variant_builder_add (&builder, "{sv}", "profiles", g_variant_builder_end (&list));
  ls_ctl_print_json (g_variant_builder_end (&builder));
  return LS_CTL_OK;
}

static void
print_agent (LsCtl *ctl)
{
  const char *version = ls_agent_ipc_manager_get_version (ctl->manager);
  const char *helper = ls_agent_ipc_manager_get_helper_state (ctl->manager);
  const char *secrets = ls_agent_ipc_manager_get_secret_storage (ctl->manager);
  g_autoptr (LsCtlTable) table = ls_ctl_table_new (2, 0);
  g_autofree char *text = NULL;

  ls_ctl_table_add (table, _ ("Agent"), version != NULL ? version : "");
  ls_ctl_table_add (table, _ ("Helper"), helper != NULL ? ls_ctl_words_helper (helper) : "");
  ls_ctl_table_add (table, _ ("Keys"), secrets != NULL ? ls_ctl_words_secrets (secrets) : "");
  text = ls_ctl_table_to_text (table);
  g_print ("%s", text);
}

static LsCtlStatus
print_all (LsCtl *ctl)
{
  g_autoptr (GPtrArray) profiles = ls_ctl_list_profiles (ctl);

  print_agent (ctl);
  if (profiles->len == 0)
    ls_ctl_print ("%s", _ ("There is no network yet. Add one with \"lightscalectl join\"."));
  for (guint i = 0; i < profiles->len; i++)
    {
      g_autofree char *text = ls_ctl_profile_to_text (profiles->pdata[i], now_seconds ());

      g_print ("\n%s", text);
    }
  return LS_CTL_OK;
}

static LsCtlStatus
status (LsCtl *ctl, char **operands)
{
  LsCtlStatus result = LS_CTL_OK;
  g_autoptr (GError) error = NULL;
  g_autoptr (LsAgentIpcProfile) profile = NULL;
  g_autofree char *text = NULL;

  if (operands[0] == NULL)
    {
      if (!ls_ctl_open_agent (ctl, &error))
        return ls_ctl_fail (ctl, g_steal_pointer (&error));
      return ctl->json ? print_all_json (ctl) : print_all (ctl);
    }
  profile = ls_ctl_open_profile (ctl, operands[0], &result);
  if (profile == NULL)
    return result;
  if (ctl->json)
    {
      ls_ctl_print_json (ls_ctl_profile_to_variant (profile));
      return LS_CTL_OK;
    }
  text = ls_ctl_profile_to_text (profile, now_seconds ());
  g_print ("%s", text);
  return LS_CTL_OK;
}

static GVariant *
list_peers (LsCtl *ctl, LsAgentIpcProfile *profile, GError **error)
{
  LsCtlAwait await = { NULL };
  g_autoptr (GAsyncResult) result = NULL;
  GVariant *peers = NULL;

  ls_agent_ipc_profile_call_list_peers (profile, ctl->cancellable, ls_ctl_await_cb, &await);
  result = ls_ctl_await (&await);
  ls_agent_ipc_profile_call_list_peers_finish (profile, &peers, result, error);
  return peers;
}

/* How a peer is reached, with the age of what says so. */
static char *
path_text (const char *path, gint64 handshake, gint64 now)
{
  g_autofree char *age = NULL;

  if (handshake == 0 || g_str_equal (path, "off"))
    return g_strdup (ls_ctl_words_path (path));
  age = ls_ctl_words_dup_age (handshake, now);
  return g_strdup_printf ("%s, %s", ls_ctl_words_path (path), age);
}

static void
add_peer (LsCtlTable *table, GVariant *peer, gint64 now)
{
  const char *name = "";
  const char *dns_name = "";
  const char *ipv4 = "";
  const char *path = "";
  gboolean online = FALSE;
  gint64 handshake = 0;
  guint64 received = 0;
  guint64 sent = 0;
  g_autofree char *received_text = NULL;
  g_autofree char *sent_text = NULL;
  g_autofree char *reached = NULL;

  g_variant_lookup (peer, "name", "&s", &name);
  g_variant_lookup (peer, "dns-name", "&s", &dns_name);
  g_variant_lookup (peer, "ipv4", "&s", &ipv4);
  g_variant_lookup (peer, "path", "&s", &path);
  g_variant_lookup (peer, "online", "b", &online);
  g_variant_lookup (peer, "last-handshake", "x", &handshake);
  g_variant_lookup (peer, "rx-bytes", "t", &received);
  g_variant_lookup (peer, "tx-bytes", "t", &sent);
  received_text = ls_ctl_words_dup_bytes (received);
  sent_text = ls_ctl_words_dup_bytes (sent);
  reached = path_text (path, handshake, now);
  ls_ctl_table_add (table, name, ipv4, dns_name, online ? _ ("online") : _ ("offline"), reached,
                    received_text, sent_text);
}

static void
print_peers (GVariant *peers)
{
  g_autoptr (LsCtlTable) table = ls_ctl_table_new (7, 0);
  g_autofree char *text = NULL;

  ls_ctl_table_add (table, _ ("NAME"), _ ("ADDRESS"), _ ("DNS NAME"), _ ("STATE"), _ ("PATH"),
                    _ ("RECEIVED"), _ ("SENT"));
  for (gsize i = 0; i < g_variant_n_children (peers); i++)
    {
      g_autoptr (GVariant) peer = g_variant_get_child_value (peers, i);

      add_peer (table, peer, now_seconds ());
    }
  text = ls_ctl_table_to_text (table);
  g_print ("%s", text);
}

static LsCtlStatus
peers (LsCtl *ctl, char **operands)
{
  LsCtlStatus result = LS_CTL_OK;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) list = NULL;
  g_autoptr (LsAgentIpcProfile) profile = ls_ctl_open_profile (ctl, operands[0], &result);

  if (profile == NULL)
    return result;
  list = list_peers (ctl, profile, &error);
  if (list == NULL)
    return ls_ctl_fail (ctl, g_steal_pointer (&error));
  if (ctl->json)
    ls_ctl_print_json (list);
  else
    print_peers (list);
  return LS_CTL_OK;
}

static LsCtlStatus
refresh (LsCtl *ctl, char **operands)
{
  LsCtlStatus status_of_open = LS_CTL_OK;
  g_autoptr (GError) error = NULL;
  g_autoptr (LsAgentIpcProfile) profile = ls_ctl_open_profile (ctl, operands[0], &status_of_open);

  if (profile == NULL)
    return status_of_open;
  if (!ls_ctl_call (ctl, profile, ls_agent_ipc_profile_call_refresh,
                    ls_agent_ipc_profile_call_refresh_finish, &error))
    return ls_ctl_fail (ctl, g_steal_pointer (&error));
  return LS_CTL_OK;
}

const LsCtlCommand ls_ctl_status_commands[] = {
  { "status", "[NETWORK]", N_ ("Show the agent and the networks"), NULL, 0, 1, status },
  { "peers", "[NETWORK]", N_ ("List the other devices of a network"), NULL, 0, 1, peers },
  { "refresh", "[NETWORK]", N_ ("Ask the control server for news now"), NULL, 0, 1, refresh },
  { NULL },
};
