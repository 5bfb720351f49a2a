/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ctl-profile.h"

#include <glib/gi18n-lib.h>

#include "ls-ctl-table.h"
#include "ls-ctl-words.h"

static const char *
or_empty (const char *text)
{
  return text != NULL ? text : "";
}

/* The properties as they are on the bus, their names in the style of the rest: "ControlUrls" is
 * control-urls. */
static char *
key_for (const char *property)
{
  g_autoptr (GString) key = g_string_new (NULL);

  for (const char *at = property; *at != '\0'; at++)
    {
      if (g_ascii_isupper (*at) && at > property)
        g_string_append_c (key, '-');
      g_string_append_c (key, g_ascii_tolower (*at));
    }
  return g_string_free (g_steal_pointer (&key), FALSE);
}

static GVariant *
problem_to_variant (LsAgentIpcProfile *profile)
{
  const char *what = "";
  const char *hint = "";
  const char *details = "";
  GVariant *problem = ls_agent_ipc_profile_get_problem (profile);
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  if (problem != NULL)
    g_variant_get (problem, "(&s&s&s)", &what, &hint, &details);
  g_variant_builder_add (&builder, "{sv}", "message", g_variant_new_string (what));
  g_variant_builder_add (&builder, "{sv}", "hint", g_variant_new_string (hint));
  g_variant_builder_add (&builder, "{sv}", "details", g_variant_new_string (details));
  return g_variant_builder_end (&builder);
}

static GVariant *
left_out_to_variant (LsAgentIpcProfile *profile)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{ss}"));
  GVariant *list = ls_agent_ipc_profile_get_left_out (profile);
  const char *subject;
  const char *reason;
  GVariantIter iter;

  if (list == NULL)
    return g_variant_builder_end (&builder);
  g_variant_iter_init (&iter, list);
  while (g_variant_iter_next (&iter, "(&s&s)", &subject, &reason))
    {
      g_variant_builder_open (&builder, G_VARIANT_TYPE ("a{ss}"));
      g_variant_builder_add (&builder, "{ss}", "subject", subject);
      g_variant_builder_add (&builder, "{ss}", "reason", reason);
      g_variant_builder_close (&builder);
    }
  return g_variant_builder_end (&builder);
}

static GVariant *
property_to_variant (LsAgentIpcProfile *profile, const char *name)
{
  if (g_str_equal (name, "Problem"))
    return g_variant_ref_sink (problem_to_variant (profile));
  if (g_str_equal (name, "LeftOut"))
    return g_variant_ref_sink (left_out_to_variant (profile));
  return g_dbus_proxy_get_cached_property (G_DBUS_PROXY (profile), name);
}

/* Of all properties, or of those in @only. */
static GVariant *
properties_to_variant (LsAgentIpcProfile *profile, GVariant *only)
{
  GDBusPropertyInfo **properties = ls_agent_ipc_profile_interface_info ()->properties;
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  for (guint i = 0; properties[i] != NULL; i++)
    {
      const char *name = properties[i]->name;
      g_autofree char *key = key_for (name);
      g_autoptr (GVariant) wanted = only != NULL ? g_variant_lookup_value (only, name, NULL) : NULL;
      g_autoptr (GVariant) value
          = only == NULL || wanted != NULL ? property_to_variant (profile, name) : NULL;

      if (value != NULL)
        g_variant_builder_add (&builder, "{sv}", key, value);
    }
  return g_variant_builder_end (&builder);
}

GVariant *
ls_ctl_profile_to_variant (LsAgentIpcProfile *profile)
{
  return properties_to_variant (profile, NULL);
}

GVariant *
ls_ctl_profile_changes_to_variant (LsAgentIpcProfile *profile, GVariant *changed)
{
  return properties_to_variant (profile, changed);
}

/* A row of the details, unless there is nothing to say. */
static void
add_row (LsCtlTable *table, const char *name, const char *value)
{
  if (value[0] != '\0')
    ls_ctl_table_add (table, name, value);
}

static char *
join_words (const char *a, const char *b, const char *c)
{
  const char *const parts[] = { a, b, c };
  g_autoptr (GString) joined = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    if (parts[i] != NULL && parts[i][0] != '\0')
      g_string_append_printf (joined, "%s%s", joined->len > 0 ? " · " : "", parts[i]);
  return g_string_free (g_steal_pointer (&joined), FALSE);
}

static void
add_device (LsCtlTable *table, LsAgentIpcProfile *profile)
{
  const char *dns_name = or_empty (ls_agent_ipc_profile_get_dns_name (profile));
  g_autofree char *device = join_words (
      dns_name[0] != '\0' ? dns_name : ls_agent_ipc_profile_get_node_name (profile),
      ls_agent_ipc_profile_get_ipv4 (profile), ls_agent_ipc_profile_get_ipv6 (profile));

  add_row (table, _ ("This device"), device);
}

static void
add_traffic (LsCtlTable *table, LsAgentIpcProfile *profile)
{
  g_autofree char *received = ls_ctl_words_dup_bytes (ls_agent_ipc_profile_get_rx_bytes (profile));
  g_autofree char *sent = ls_ctl_words_dup_bytes (ls_agent_ipc_profile_get_tx_bytes (profile));
  g_autofree char *devices
      = g_strdup_printf (_ ("%u, %u of them online"), ls_agent_ipc_profile_get_peer_count (profile),
                         ls_agent_ipc_profile_get_peers_online (profile));
  g_autofree char *traffic = g_strdup_printf (_ ("%s received, %s sent"), received, sent);
  g_autofree char *interface = join_words (ls_agent_ipc_profile_get_interface (profile),
                                           ls_agent_ipc_profile_get_backend (profile), NULL);

  add_row (table, _ ("Other devices"), devices);
  add_row (table, _ ("Interface"), interface);
  add_row (table, _ ("Traffic"), traffic);
}

static void
add_server (LsCtlTable *table, LsAgentIpcProfile *profile, gint64 now)
{
  const char *const *urls = ls_agent_ipc_profile_get_control_urls (profile);
  gint64 since = ls_agent_ipc_profile_get_control_since (profile);
  g_autofree char *list = urls != NULL ? g_strjoinv (", ", (GStrv)urls) : g_strdup ("");
  g_autofree char *age = ls_ctl_words_dup_age (since, now);
  g_autofree char *reached = NULL;
  g_autofree char *text = NULL;

  if (since == 0)
    reached = g_strdup (_ ("not asked yet"));
  else if (ls_agent_ipc_profile_get_control_reachable (profile))
    reached = g_strdup (_ ("answers"));
  else
    /* TRANSLATORS: as in "no answer since 3 min ago" */
    reached = g_strdup_printf (_ ("no answer since %s"), age);
  text = join_words (list, reached, NULL);
  add_row (table, _ ("Server"), text);
}

const char *
ls_ctl_profile_get_next (LsAgentIpcProfile *profile)
{
  if (g_strcmp0 (ls_agent_ipc_profile_get_state (profile), "waiting-for-approval") != 0)
    return NULL;
  if (ls_agent_ipc_profile_get_want_up (profile))
    return _ ("An administrator of the network has to approve this device; it connects by itself "
              "then.");
  return _ ("An administrator of the network has to approve this device; it stays off then until "
            "\"lightscalectl up\".");
}

static void
add_approval (LsCtlTable *table, LsAgentIpcProfile *profile, gint64 now)
{
  const char *url = or_empty (ls_agent_ipc_profile_get_auth_url (profile));
  gint64 expires = ls_agent_ipc_profile_get_auth_expires (profile);
  g_autofree char *left = ls_ctl_words_dup_left (expires, now);

  add_row (table, _ ("Next"), or_empty (ls_ctl_profile_get_next (profile)));
  if (url[0] == '\0')
    return;
  add_row (table, _ ("Approval link"), url);
  add_row (table, _ ("Time left"), expires != 0 ? left : "");
}

static void
add_problem (LsCtlTable *table, LsAgentIpcProfile *profile)
{
  GVariant *problem = ls_agent_ipc_profile_get_problem (profile);
  const char *what = "";
  const char *hint = "";
  const char *details = "";

  if (problem != NULL)
    g_variant_get (problem, "(&s&s&s)", &what, &hint, &details);
  add_row (table, _ ("Problem"), what);
  add_row (table, _ ("What to do"), hint);
  add_row (table, _ ("Details"), details);
}

static void
add_left_out (LsCtlTable *table, LsAgentIpcProfile *profile)
{
  GVariant *list = ls_agent_ipc_profile_get_left_out (profile);
  const char *subject;
  const char *reason;
  GVariantIter iter;

  if (list == NULL)
    return;
  g_variant_iter_init (&iter, list);
  while (g_variant_iter_next (&iter, "(&s&s)", &subject, &reason))
    {
      g_autofree char *text = g_strdup_printf ("%s: %s", subject, reason);

      add_row (table, _ ("Not used"), text);
    }
}

/* "NAME (network): state" */
static char *
heading (LsAgentIpcProfile *profile)
{
  const char *name = ls_agent_ipc_profile_get_name (profile);
  const char *network = or_empty (ls_agent_ipc_profile_get_network_name (profile));
  const char *state = ls_ctl_words_state (or_empty (ls_agent_ipc_profile_get_state (profile)));

  if (network[0] == '\0' || g_str_equal (network, name))
    return g_strdup_printf ("%s: %s", name, state);
  return g_strdup_printf ("%s (%s): %s", name, network, state);
}

char *
ls_ctl_profile_to_text (LsAgentIpcProfile *profile, gint64 now)
{
  g_autoptr (LsCtlTable) title = ls_ctl_table_new (1, 0);
  g_autoptr (LsCtlTable) table = ls_ctl_table_new (2, 2);
  g_autofree char *first = heading (profile);
  g_autofree char *title_text = NULL;
  g_autofree char *rest = NULL;

  ls_ctl_table_add (title, first);
  add_problem (table, profile);
  add_approval (table, profile, now);
  add_device (table, profile);
  add_traffic (table, profile);
  add_server (table, profile, now);
  add_left_out (table, profile);
  title_text = ls_ctl_table_to_text (title);
  rest = ls_ctl_table_to_text (table);
  return g_strconcat (title_text, rest, NULL);
}

char *
ls_ctl_profile_to_line (LsAgentIpcProfile *profile)
{
  GVariant *problem = ls_agent_ipc_profile_get_problem (profile);
  const char *state = ls_ctl_words_state (or_empty (ls_agent_ipc_profile_get_state (profile)));
  const char *what = "";

  if (problem != NULL)
    g_variant_get (problem, "(&s&s&s)", &what, NULL, NULL);
  if (what[0] == '\0')
    return g_strdup_printf ("%s: %s", ls_agent_ipc_profile_get_name (profile), state);
  return g_strdup_printf ("%s: %s. %s", ls_agent_ipc_profile_get_name (profile), state, what);
}

char *
ls_ctl_profiles_to_text (GPtrArray *profiles)
{
  g_autoptr (LsCtlTable) table = ls_ctl_table_new (5, 0);

  ls_ctl_table_add (table, _ ("NAME"), _ ("NETWORK"), _ ("STATE"), _ ("ADDRESS"), _ ("DEVICES"));
  for (guint i = 0; i < profiles->len; i++)
    {
      LsAgentIpcProfile *profile = profiles->pdata[i];
      g_autofree char *devices
          = g_strdup_printf ("%u", ls_agent_ipc_profile_get_peer_count (profile));

      ls_ctl_table_add (table, ls_agent_ipc_profile_get_name (profile),
                        or_empty (ls_agent_ipc_profile_get_network_name (profile)),
                        ls_ctl_words_state (or_empty (ls_agent_ipc_profile_get_state (profile))),
                        or_empty (ls_agent_ipc_profile_get_ipv4 (profile)), devices);
    }
  return ls_ctl_table_to_text (table);
}
