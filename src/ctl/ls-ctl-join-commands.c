/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "ls-ctl-agent.h"
#include "ls-ctl-commands.h"
#include "ls-ctl-network.h"
#include "ls-ctl-profile.h"
#include "ls-ctl-token.h"
#include "ls-ctl-words.h"
#include "ls-error.h"
#include "ls-ident.h"

/* How long properties may take to follow the answer to a call. */
#define SETTLE_SECONDS 5

static struct
{
  GStrv servers;
  GStrv pins;
  char *token;
  char *token_file;
  char *network;
  char *device;
  gint64 ttl;
  gboolean connect;
  gboolean approve;
  gboolean wait;
  int seconds;
} options;

static const GOptionEntry join_entries[] = {
  { "server", 's', 0, G_OPTION_ARG_STRING_ARRAY, &options.servers,
    N_ ("Add the network with this control server first (repeatable)"), N_ ("URL") },
  { "pin", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.pins, LS_CTL_PIN_HELP, LS_CTL_PIN_VALUE },
  { "token", 0, 0, G_OPTION_ARG_STRING, &options.token,
    N_ ("Join with an enrollment token; - reads it from standard input"), N_ ("TOKEN") },
  { "token-file", 0, 0, G_OPTION_ARG_FILENAME, &options.token_file,
    N_ ("Join with the enrollment token in a file"), N_ ("FILE") },
  { "network", 'n', 0, G_OPTION_ARG_STRING, &options.network,
    N_ ("Ask to join the network of this id: prints a link that approves"), N_ ("ID") },
  { "name", 0, 0, G_OPTION_ARG_STRING, &options.device, N_ ("This device's name (the computer's)"),
    N_ ("DEVICE") },
  { "ttl", 0, 0, G_OPTION_ARG_INT64, &options.ttl, N_ ("How long the link is valid"),
    N_ ("SECONDS") },
  { "connect", 'c', 0, G_OPTION_ARG_NONE, &options.connect,
    N_ ("Connect: at once, or by itself once this device is approved"), NULL },
  { "approve-now", 0, 0, G_OPTION_ARG_NONE, &options.approve,
    N_ ("Open the link that approves, here and now"), NULL },
  { "wait", 'w', 0, G_OPTION_ARG_NONE, &options.wait, N_ ("Wait until approved"), NULL },
  { "timeout", 't', 0, G_OPTION_ARG_INT, &options.seconds,
    N_ ("Wait at most that long (0: for ever)"), N_ ("SECONDS") },
  G_OPTION_ENTRY_NULL,
};

static const char *
device_name (void)
{
  return options.device != NULL ? options.device : g_get_host_name ();
}

static LsAgentIpcProfile *
add (LsCtl *ctl, const char *name, GError **error)
{
  g_auto (GStrv) urls = ls_ctl_urls_normalize ((const char *const *)options.servers, error);
  const char *const *list = (const char *const *)urls;
  g_autoptr (LsPins) pins = ls_pins_new ();
  GVariant *values;

  if (urls == NULL || !ls_ctl_pins_parse (pins, (const char *const *)options.pins, list, error))
    return NULL;
  values = ls_ctl_options_new (pins, -1, -1, NULL, NULL, error);
  return values != NULL ? ls_ctl_add_profile (ctl, name, list, values, error) : NULL;
}

/* The network that is there, or a new one if a server is given. */
static LsAgentIpcProfile *
find_or_add (LsCtl *ctl, const char *name, GError **error)
{
  g_autoptr (GError) not_found = NULL;
  g_autoptr (LsAgentIpcProfile) profile = ls_ctl_find_profile (ctl, name, &not_found);

  if (profile != NULL && options.pins != NULL)
    {
      g_set_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT,
                   _ ("The network \"%s\" is there: change its pins with \"lightscalectl set\"."),
                   name);
      return NULL;
    }
  if (profile != NULL)
    return g_steal_pointer (&profile);
  if (options.servers == NULL)
    {
      g_set_error (error, LS_ERROR, LS_ERROR_NOT_FOUND,
                   _ ("There is no network \"%s\" yet: name its control server with --server URL."),
                   name);
      return NULL;
    }
  return add (ctl, name, error);
}

static gboolean
has_link (gpointer profile)
{
  const char *url = ls_agent_ipc_profile_get_auth_url (profile);

  return url != NULL && url[0] != '\0';
}

/* The link to standard output, alone there, so that a script can pass it on. */
static void
print_link (LsCtl *ctl, LsAgentIpcProfile *profile)
{
  const char *url = ls_agent_ipc_profile_get_auth_url (profile);
  gint64 expires = ls_agent_ipc_profile_get_auth_expires (profile);
  g_autofree char *left = ls_ctl_words_dup_left (expires, g_get_real_time () / G_USEC_PER_SEC);

  if (ctl->json)
    {
      ls_ctl_print_json (g_variant_new_parsed (
          "{'profile': <%s>, 'auth-url': <%s>, 'auth-expires': <%x>}",
          ls_agent_ipc_profile_get_name (profile), url != NULL ? url : "", expires));
      return;
    }
  g_printerr (_ ("Whoever opens this link approves this device. Time left: %s.\n"), left);
  ls_ctl_print ("%s", url != NULL ? url : "");
}

static gboolean
ask_for_approval (LsCtl *ctl, LsAgentIpcProfile *profile, GError **error)
{
  LsCtlAwait await = { NULL };
  g_autoptr (GAsyncResult) result = NULL;

  ls_agent_ipc_profile_call_register_with_approval (profile, options.network, device_name (),
                                                    (guint64)options.ttl, options.connect,
                                                    ctl->cancellable, ls_ctl_await_cb, &await);
  result = ls_ctl_await (&await);
  if (!ls_agent_ipc_profile_call_register_with_approval_finish (profile, result, error))
    return FALSE;
  /* The properties follow the answer. */
  ls_ctl_wait_until (ctl, has_link, profile, SETTLE_SECONDS);
  print_link (ctl, profile);
  return TRUE;
}

static gboolean
approve_now (LsCtl *ctl, LsAgentIpcProfile *profile, GError **error)
{
  return ls_ctl_call (ctl, profile, ls_agent_ipc_profile_call_approve_now,
                      ls_agent_ipc_profile_call_approve_now_finish, error);
}

/* Whatever comes after waiting, good or bad. */
static gboolean
is_decided (gpointer profile)
{
  const char *state = ls_agent_ipc_profile_get_state (profile);

  return g_strcmp0 (state, "waiting-for-approval") != 0 && g_strcmp0 (state, "registering") != 0
         && g_strcmp0 (state, "new") != 0;
}

static gboolean
is_joined (LsAgentIpcProfile *profile)
{
  static const char *const joined[] = { "ready", "connecting", "connected", NULL };
  const char *state = ls_agent_ipc_profile_get_state (profile);

  return state != NULL && g_strv_contains (joined, state);
}

static gboolean
wait_approved (LsCtl *ctl, LsAgentIpcProfile *profile, GError **error)
{
  if (!ls_ctl_wait_until (ctl, is_decided, profile, (guint)options.seconds))
    {
      if (!g_cancellable_set_error_if_cancelled (ctl->cancellable, error))
        g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                     _ ("This device was not approved in %d s; it goes on waiting."),
                     options.seconds);
      return FALSE;
    }
  if (is_joined (profile))
    return TRUE;
  g_set_error (error, LS_ERROR, LS_ERROR_FAILED, _ ("This device was not approved: %s."),
               ls_ctl_words_state (ls_agent_ipc_profile_get_state (profile)));
  return FALSE;
}

static gboolean
register_with_token (LsCtl *ctl, LsAgentIpcProfile *profile, const char *token, GError **error)
{
  LsCtlAwait await = { NULL };
  g_autoptr (GAsyncResult) result = NULL;

  ls_agent_ipc_profile_call_register_with_token (profile, token, device_name (), options.connect,
                                                 ctl->cancellable, ls_ctl_await_cb, &await);
  result = ls_ctl_await (&await);
  return ls_agent_ipc_profile_call_register_with_token_finish (profile, result, error);
}

/* The agent connects by itself; this call only tells how that went. While the device waits for
 * approval there is nothing to tell. */
static gboolean
see_connect (LsCtl *ctl, LsAgentIpcProfile *profile, GError **error)
{
  return !options.connect || ls_ctl_call_connect (ctl, profile, error);
}

/* A network may want approval for devices with a token too. */
static gboolean
join_with_token (LsCtl *ctl, LsAgentIpcProfile *profile, const char *token, GError **error)
{
  return register_with_token (ctl, profile, token, error)
         && (!options.wait || wait_approved (ctl, profile, error))
         && see_connect (ctl, profile, error);
}

static gboolean
join_by_approval (LsCtl *ctl, LsAgentIpcProfile *profile, GError **error)
{
  return ask_for_approval (ctl, profile, error)
         && (!options.approve || approve_now (ctl, profile, error))
         && (!options.wait
             || (wait_approved (ctl, profile, error) && see_connect (ctl, profile, error)));
}

static gboolean
is_known (gpointer profile)
{
  const char *node = ls_agent_ipc_profile_get_node_id (profile);

  return node != NULL && node[0] != '\0' && (!options.wait || is_decided (profile));
}

static LsCtlStatus
print_result (LsCtl *ctl, LsAgentIpcProfile *profile)
{
  g_autofree char *line = NULL;
  const char *next;

  /* The properties follow the answer. */
  ls_ctl_wait_until (ctl, is_known, profile, SETTLE_SECONDS);
  line = ls_ctl_profile_to_line (profile);
  next = ls_ctl_profile_get_next (profile);
  if (ctl->json)
    ls_ctl_print_json (ls_ctl_profile_to_variant (profile));
  else if (options.network == NULL || options.wait)
    ls_ctl_print ("%s", line);
  if (!ctl->json && next != NULL)
    g_printerr ("%s\n", next);
  return LS_CTL_OK;
}

static const char *
wrong_options (void)
{
  gboolean token = options.token != NULL || options.token_file != NULL;

  if (token && options.network != NULL)
    return _ ("Join with a token or with --network, not with both.");
  if (options.token != NULL && options.token_file != NULL)
    return _ ("Give either --token or --token-file.");
  if (options.network == NULL && (options.approve || options.ttl != 0))
    return _ ("--approve-now and --ttl belong to --network.");
  if (options.seconds < 0 || options.ttl < 0)
    return _ ("--timeout and --ttl must not be negative.");
  return NULL;
}

static LsCtlStatus
join (LsCtl *ctl, char **operands)
{
  const char *wrong = wrong_options ();
  g_autoptr (GError) error = NULL;
  g_autoptr (LsAgentIpcProfile) profile = NULL;
  char *token = NULL;
  gboolean done = FALSE;

  if (wrong != NULL)
    return ls_ctl_fail_usage (ctl, wrong);
  if (options.network == NULL)
    token = ls_ctl_token_read (options.token, options.token_file, _ ("Token: "), &error);
  else
    ls_node_id_validate (options.network, &error);
  if (error == NULL && ls_node_name_validate (device_name (), &error)
      && ls_ctl_open_agent (ctl, &error))
    profile = find_or_add (ctl, operands[0], &error);
  if (profile != NULL)
    done = token != NULL ? join_with_token (ctl, profile, token, &error)
                         : join_by_approval (ctl, profile, &error);
  ls_ctl_token_free (token);
  return done ? print_result (ctl, profile) : ls_ctl_fail (ctl, g_steal_pointer (&error));
}

static LsCtlStatus
approve (LsCtl *ctl, char **operands)
{
  LsCtlStatus status = LS_CTL_OK;
  g_autoptr (GError) error = NULL;
  g_autoptr (LsAgentIpcProfile) profile = ls_ctl_open_profile (ctl, operands[0], &status);

  if (profile == NULL)
    return status;
  if (!approve_now (ctl, profile, &error))
    return ls_ctl_fail (ctl, g_steal_pointer (&error));
  return LS_CTL_OK;
}

const LsCtlCommand ls_ctl_join_commands[] = {
  { "join", "NETWORK", N_ ("Join a network with a token or by approval"), join_entries, 1, 1,
    join },
  { "approve", "[NETWORK]", N_ ("Open the link that approves this device"), NULL, 0, 1, approve },
  { NULL },
};
