/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-options.h"

#include "ls-demo-listen.h"
#include "ls-error.h"
#include "ls-ident.h"

#include <string.h>

/* The options as GOption leaves them. */
typedef struct
{
  GStrv listen;
  GStrv stream_relay_listen;
  GStrv udp_relay_listen;
  GStrv control_urls;
  GStrv stun;
  GStrv turn;
  GStrv stream_relay;
  GStrv udp_relay;
  GStrv dns;
  char *state;
  char *admin_token;
  char *admin_token_file;
  char *cert;
  char *key;
  gboolean demo;
  gboolean version;
} Raw;

static void
raw_clear (Raw *raw)
{
  g_strfreev (raw->listen);
  g_strfreev (raw->stream_relay_listen);
  g_strfreev (raw->udp_relay_listen);
  g_strfreev (raw->control_urls);
  g_strfreev (raw->stun);
  g_strfreev (raw->turn);
  g_strfreev (raw->stream_relay);
  g_strfreev (raw->udp_relay);
  g_strfreev (raw->dns);
  g_free (raw->state);
  ls_control_secret_free (raw->admin_token);
  g_free (raw->admin_token_file);
  g_free (raw->cert);
  g_free (raw->key);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Raw, raw_clear)

static gboolean
parse_raw (int *argc, char ***argv, Raw *raw, GError **error)
{
  const GOptionEntry entries[] = {
    { "listen", 'l', 0, G_OPTION_ARG_STRING_ARRAY, &raw->listen,
      "Serve at this address, port 0 is any (default " LS_DEMO_DEFAULT_LISTEN "); repeatable",
      "ADDRESS:PORT" },
    { "state", 's', 0, G_OPTION_ARG_FILENAME, &raw->state,
      "Keep the state in this file; without it all is lost at the end", "FILE" },
    { "admin-token", 0, 0, G_OPTION_ARG_STRING, &raw->admin_token,
      "The administrator's token; others can see it in the process list: better use a file",
      "TOKEN" },
    { "admin-token-file", 0, 0, G_OPTION_ARG_FILENAME, &raw->admin_token_file,
      "Read the administrator's token from this file", "FILE" },
    { "cert", 0, 0, G_OPTION_ARG_FILENAME, &raw->cert, "Serve https with this certificate (PEM)",
      "FILE" },
    { "key", 0, 0, G_OPTION_ARG_FILENAME, &raw->key, "The certificate's private key (PEM)",
      "FILE" },
    { "control-url", 0, 0, G_OPTION_ARG_STRING_ARRAY, &raw->control_urls,
      "An address that this server is also reached at; repeatable", "URL" },
    { "stun", 0, 0, G_OPTION_ARG_STRING_ARRAY, &raw->stun, "Advertise a STUN server; repeatable",
      "HOST:PORT" },
    { "turn", 0, 0, G_OPTION_ARG_STRING_ARRAY, &raw->turn, "Advertise a TURN server; repeatable",
      "HOST:PORT" },
    { "stream-relay", 0, 0, G_OPTION_ARG_STRING_ARRAY, &raw->stream_relay,
      "Advertise a stream relay; repeatable", "HOST:PORT" },
    { "udp-relay", 0, 0, G_OPTION_ARG_STRING_ARRAY, &raw->udp_relay,
      "Advertise a UDP relay; repeatable", "HOST:PORT" },
    { "dns", 0, 0, G_OPTION_ARG_STRING_ARRAY, &raw->dns, "Advertise a DNS server; repeatable",
      "HOST:PORT" },
    { "stream-relay-listen", 0, 0, G_OPTION_ARG_STRING_ARRAY, &raw->stream_relay_listen,
      "Serve a stream relay and advertise it; repeatable", "ADDRESS:PORT" },
    { "udp-relay-listen", 0, 0, G_OPTION_ARG_STRING_ARRAY, &raw->udp_relay_listen,
      "Serve a UDP relay and advertise it; repeatable", "ADDRESS:PORT" },
    { "demo", 0, 0, G_OPTION_ARG_NONE, &raw->demo,
      "Have a network named demo and print its id and tokens", NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &raw->version, "Print the version", NULL },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_summary (context, "A small control plane for Lightscale networks.");
  g_option_context_set_description (context,
                                    "The administrator's token may also be in the environment "
                                    "variable " LS_DEMO_ADMIN_TOKEN_VARIABLE ".");
  g_option_context_add_main_entries (context, entries, NULL);
  return g_option_context_parse (context, argc, argv, error);
}

static GPtrArray *
parse_addresses (GStrv texts, const char *fallback, GError **error)
{
  g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func (g_object_unref);
  const char *only[] = { fallback, NULL };
  const char *const *text = texts != NULL ? (const char *const *)texts : only;

  for (; *text != NULL; text++)
    {
      GSocketAddress *address = ls_demo_listen_parse (*text, error);

      if (address == NULL)
        return NULL;
      g_ptr_array_add (addresses, address);
    }
  return g_steal_pointer (&addresses);
}

static char *
read_token_file (const char *path, GError **error)
{
  char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, error))
    return NULL;
  return g_strstrip (text);
}

static gboolean
find_admin_token (Raw *raw, char **out_token, GError **error)
{
  if (raw->admin_token != NULL)
    *out_token = g_steal_pointer (&raw->admin_token);
  else if (raw->admin_token_file != NULL)
    *out_token = read_token_file (raw->admin_token_file, error);
  else
    {
      *out_token = g_strdup (g_getenv (LS_DEMO_ADMIN_TOKEN_VARIABLE));
      if (*out_token == NULL)
        return TRUE;
    }
  return *out_token != NULL && ls_token_validate (*out_token, error);
}

static gboolean
load_certificate (const Raw *raw, GTlsCertificate **out_certificate, GError **error)
{
  if (raw->cert == NULL && raw->key == NULL)
    return TRUE;
  if (raw->cert == NULL)
    {
      g_set_error_literal (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT,
                           "--key needs --cert with it");
      return FALSE;
    }

  if (raw->key != NULL)
    *out_certificate = g_tls_certificate_new_from_files (raw->cert, raw->key, error);
  else
    *out_certificate = g_tls_certificate_new_from_file (raw->cert, error);
  return *out_certificate != NULL;
}

static void
take_list (GStrv *from, GStrv *to)
{
  if (*from == NULL)
    return;
  g_strfreev (*to);
  *to = g_steal_pointer (from);
}

static LsRelayInfo *
take_relay (Raw *raw)
{
  LsRelayInfo *relay = ls_relay_info_new ();

  take_list (&raw->stun, &relay->stun_servers);
  take_list (&raw->turn, &relay->turn_servers);
  take_list (&raw->stream_relay, &relay->stream_relay_servers);
  take_list (&raw->udp_relay, &relay->udp_relay_servers);
  take_list (&raw->dns, &relay->dns_servers);
  return relay;
}

LsDemoOptions *
ls_demo_options_parse (int *argc, char ***argv, GError **error)
{
  g_autoptr (LsDemoOptions) options = g_new0 (LsDemoOptions, 1);
  g_auto (Raw) raw = { 0 };

  if (!parse_raw (argc, argv, &raw, error))
    return NULL;
  if (*argc > 1)
    {
      g_set_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT, "“%s” is not an option", (*argv)[1]);
      return NULL;
    }

  options->version = raw.version;
  options->demo = raw.demo;
  options->state = g_steal_pointer (&raw.state);
  options->control_urls = g_steal_pointer (&raw.control_urls);
  options->relay = take_relay (&raw);
  options->listen = parse_addresses (raw.listen, LS_DEMO_DEFAULT_LISTEN, error);
  if (options->listen == NULL)
    return NULL;
  options->stream_relay_listen = parse_addresses (raw.stream_relay_listen, NULL, error);
  if (options->stream_relay_listen == NULL)
    return NULL;
  options->udp_relay_listen = parse_addresses (raw.udp_relay_listen, NULL, error);
  if (options->udp_relay_listen == NULL || !find_admin_token (&raw, &options->admin_token, error)
      || !load_certificate (&raw, &options->certificate, error))
    return NULL;
  return g_steal_pointer (&options);
}

void
ls_demo_options_free (LsDemoOptions *options)
{
  if (options == NULL)
    return;

  g_clear_pointer (&options->listen, g_ptr_array_unref);
  g_clear_pointer (&options->stream_relay_listen, g_ptr_array_unref);
  g_clear_pointer (&options->udp_relay_listen, g_ptr_array_unref);
  g_strfreev (options->control_urls);
  ls_relay_info_free (options->relay);
  g_free (options->state);
  ls_control_secret_free (options->admin_token);
  g_clear_object (&options->certificate);
  g_free (options);
}
