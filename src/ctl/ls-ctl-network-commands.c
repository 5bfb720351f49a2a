/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>
#include <stdio.h>
#include <unistd.h>

#include "ls-ctl-agent.h"
#include "ls-ctl-commands.h"
#include "ls-ctl-network.h"
#include "ls-ctl-profile.h"

static struct
{
  GStrv pins;
  int port;
  int mtu;
  char *backend;
  GStrv urls;
  gboolean yes;
} options = { .port = -1, .mtu = -1 };

#define OPTION_ENTRIES                                                                             \
  { "pin", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.pins, LS_CTL_PIN_HELP, LS_CTL_PIN_VALUE },    \
      { "listen-port",                                                                             \
        0,                                                                                         \
        0,                                                                                         \
        G_OPTION_ARG_INT,                                                                          \
        &options.port,                                                                             \
        N_ ("WireGuard's UDP port (0: the default or the next free one)"),                         \
        N_ ("PORT") },                                                                             \
      { "mtu", 0, 0, G_OPTION_ARG_INT, &options.mtu, N_ ("Largest packet"), N_ ("BYTES") },        \
  {                                                                                                \
    "backend", 0, 0, G_OPTION_ARG_STRING, &options.backend,                                        \
        N_ ("auto, networkmanager, kernel or userspace"), N_ ("BACKEND")                           \
  }

static const GOptionEntry add_entries[] = { OPTION_ENTRIES, G_OPTION_ENTRY_NULL };

static const GOptionEntry set_entries[]
    = { { "server", 's', 0, G_OPTION_ARG_STRING_ARRAY, &options.urls,
          N_ ("The control servers in place of those before (repeatable)"), N_ ("URL") },
        OPTION_ENTRIES,
        G_OPTION_ENTRY_NULL };

static const GOptionEntry remove_entries[]
    = { { "yes", 'y', 0, G_OPTION_ARG_NONE, &options.yes, N_ ("Do not ask"), NULL },
        G_OPTION_ENTRY_NULL };

/* The options as given; of a network with @urls that has @pins until now (changed). */
static GVariant *
options_from_command_line (LsPins *pins, const char *const *urls, GError **error)
{
  const char *const *texts = (const char *const *)options.pins;
  GVariant *values;

  if (!ls_ctl_pins_parse (pins, texts, urls, error))
    return NULL;
  values = ls_ctl_options_new (texts != NULL ? pins : NULL, options.port, options.mtu,
                               options.backend, (const char *const *)options.urls, error);
  return values != NULL ? g_variant_ref_sink (values) : NULL;
}

static LsCtlStatus
profiles (LsCtl *ctl, char **operands)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) list = NULL;
  g_autofree char *text = NULL;

  if (!ls_ctl_open_agent (ctl, &error))
    return ls_ctl_fail (ctl, g_steal_pointer (&error));
  list = ls_ctl_list_profiles (ctl);
  if (!ctl->json)
    {
      text = ls_ctl_profiles_to_text (list);
      g_print ("%s", text);
      return LS_CTL_OK;
    }
  for (guint i = 0; i < list->len; i++)
    g_variant_builder_add_value (&builder, ls_ctl_profile_to_variant (list->pdata[i]));
  ls_ctl_print_json (g_variant_builder_end (&builder));
  return LS_CTL_OK;
}

static LsCtlStatus
add (LsCtl *ctl, char **operands)
{
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) urls = ls_ctl_urls_normalize ((const char *const *)operands + 1, &error);
  const char *const *list = (const char *const *)urls;
  g_autoptr (LsPins) pins = ls_pins_new ();
  g_autoptr (GVariant) values
      = urls != NULL ? options_from_command_line (pins, list, &error) : NULL;
  g_autoptr (LsAgentIpcProfile) profile = NULL;

  if (values != NULL && ls_ctl_open_agent (ctl, &error))
    profile = ls_ctl_add_profile (ctl, operands[0], list, values, &error);
  if (profile == NULL)
    return ls_ctl_fail (ctl, g_steal_pointer (&error));
  if (ctl->json)
    ls_ctl_print_json (ls_ctl_profile_to_variant (profile));
  else
    ls_ctl_print (_ ("%s was added. Join with \"lightscalectl join %s\"."), operands[0],
                  operands[0]);
  return LS_CTL_OK;
}

/* What a network has now: its options change one by one. */
static LsPins *
pins_of (LsAgentIpcProfile *profile, const char *const *urls)
{
  GVariant *values = ls_agent_ipc_profile_get_options (profile);
  g_autoptr (GVariant) value
      = values != NULL ? g_variant_lookup_value (values, "pins", G_VARIANT_TYPE ("a{ss}")) : NULL;
  LsPins *pins = value != NULL ? ls_pins_from_variant (value, NULL) : NULL;

  if (pins == NULL)
    return ls_pins_new ();
  ls_pins_keep (pins, urls);
  return pins;
}

static GVariant *
changes_of (LsAgentIpcProfile *profile, GError **error)
{
  const char *const *now = ls_agent_ipc_profile_get_control_urls (profile);
  const char *const *given = (const char *const *)options.urls;
  const char *const none[] = { NULL };
  g_auto (GStrv) urls = ls_ctl_urls_normalize (given != NULL ? given
                                               : now != NULL ? now
                                                             : none,
                                               error);
  g_autoptr (LsPins) pins = NULL;

  if (urls == NULL)
    return NULL;
  pins = pins_of (profile, (const char *const *)urls);
  return options_from_command_line (pins, (const char *const *)urls, error);
}

static LsCtlStatus
set (LsCtl *ctl, char **operands)
{
  LsCtlStatus status = LS_CTL_OK;
  LsCtlAwait await = { NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) values = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (LsAgentIpcProfile) profile = ls_ctl_open_profile (ctl, operands[0], &status);

  if (profile == NULL)
    return status;
  values = changes_of (profile, &error);
  if (values == NULL)
    return ls_ctl_fail (ctl, g_steal_pointer (&error));
  ls_agent_ipc_profile_call_update (profile, values, ctl->cancellable, ls_ctl_await_cb, &await);
  result = ls_ctl_await (&await);
  if (!ls_agent_ipc_profile_call_update_finish (profile, result, &error))
    return ls_ctl_fail (ctl, g_steal_pointer (&error));
  return LS_CTL_OK;
}

/* The keys are gone afterwards, so a person is asked. */
static gboolean
confirm (const char *name)
{
  char answer[8] = "";

  g_print (_ ("Forget %s with the keys of this device? [y/N] "), name);
  fflush (stdout);
  return fgets (answer, sizeof answer, stdin) != NULL
         && g_ascii_tolower (answer[0]) == g_ascii_tolower (_ ("y")[0]);
}

static LsCtlStatus
remove_profile (LsCtl *ctl, char **operands)
{
  LsCtlStatus status = LS_CTL_OK;
  g_autoptr (GError) error = NULL;
  g_autoptr (LsAgentIpcProfile) profile = ls_ctl_open_profile (ctl, operands[0], &status);

  if (profile == NULL)
    return status;
  if (!options.yes && !isatty (STDIN_FILENO))
    return ls_ctl_fail_usage (ctl, _ ("Nobody can be asked here: confirm with --yes."));
  if (!options.yes && !confirm (operands[0]))
    return LS_CTL_FAILED;
  if (!ls_ctl_call (ctl, profile, ls_agent_ipc_profile_call_remove,
                    ls_agent_ipc_profile_call_remove_finish, &error))
    return ls_ctl_fail (ctl, g_steal_pointer (&error));
  if (!ctl->json)
    ls_ctl_print (_ ("%s was removed."), operands[0]);
  return LS_CTL_OK;
}

const LsCtlCommand ls_ctl_network_commands[] = {
  { "profiles", NULL, N_ ("List the networks"), NULL, 0, 0, profiles },
  { "add", "NETWORK URL…", N_ ("Add a network of a control server"), add_entries, 2, G_MAXUINT,
    add },
  { "set", "NETWORK", N_ ("Change a network's servers and options"), set_entries, 1, 1, set },
  { "remove", "NETWORK", N_ ("Disconnect from a network and forget it"), remove_entries, 1, 1,
    remove_profile },
  { NULL },
};
