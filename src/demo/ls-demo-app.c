/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-app.h"

#include "ls-demo-listen.h"
#include "ls-demo-saver.h"
#include "ls-demo-secret.h"
#include "ls-demo-seed.h"
#include "ls-demo-server.h"
#include "ls-demo-stream-relay.h"
#include "ls-demo-udp-relay.h"

struct _LsDemoApp
{
  GObject parent_instance;

  LsDemoStore *store;
  LsDemoSaver *saver; /* NULL: nothing is kept */
  LsDemoServer *server;
  GPtrArray *relays; /* of LsDemoStreamRelay and LsDemoUdpRelay */
};

G_DEFINE_FINAL_TYPE (LsDemoApp, ls_demo_app, G_TYPE_OBJECT)

static void
ls_demo_app_dispose (GObject *object)
{
  LsDemoApp *self = LS_DEMO_APP (object);

  g_clear_pointer (&self->relays, g_ptr_array_unref);
  g_clear_object (&self->server);
  g_clear_object (&self->saver);
  g_clear_object (&self->store);

  G_OBJECT_CLASS (ls_demo_app_parent_class)->dispose (object);
}

static void
ls_demo_app_class_init (LsDemoAppClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ls_demo_app_dispose;
}

static void
ls_demo_app_init (LsDemoApp *self)
{
  self->relays = g_ptr_array_new_with_free_func (g_object_unref);
}

LsDemoApp *
ls_demo_app_new (void)
{
  return g_object_new (LS_TYPE_DEMO_APP, NULL);
}

static gboolean
open_store (LsDemoApp *self, const char *path, GError **error)
{
  g_autofree char *aside = NULL;

  if (path == NULL)
    {
      self->store = ls_demo_store_new ();
      return TRUE;
    }

  self->store = ls_demo_saver_load (path, &aside, error);
  if (self->store == NULL)
    return FALSE;
  if (aside != NULL)
    g_printerr ("lightscale-control: the state file cannot be understood; it is kept as %s, and "
                "the server starts empty\n",
                aside);
  self->saver = ls_demo_saver_new (self->store, path);
  return TRUE;
}

static gboolean
listen_http (LsDemoApp *self, const LsDemoOptions *options, GError **error)
{
  if (options->certificate != NULL)
    ls_demo_server_set_certificate (self->server, options->certificate);
  for (char **url = options->control_urls; url != NULL && *url != NULL; url++)
    ls_demo_server_add_control_url (self->server, *url);

  for (guint i = 0; i < options->listen->len; i++)
    {
      g_autofree char *url = NULL;

      if (!ls_demo_server_listen (self->server, g_ptr_array_index (options->listen, i), &url,
                                  error))
        return FALSE;
      g_print ("listening on %s\n", url);
    }
  return TRUE;
}

static GObject *
make_relay (GSocket *socket, GSocketType type, GError **error)
{
  if (type == G_SOCKET_TYPE_DATAGRAM)
    return G_OBJECT (ls_demo_udp_relay_new (socket));
  return (GObject *)ls_demo_stream_relay_new (socket, error);
}

/* Starts the relays of @addresses and appends where they are to @advertised. */
static gboolean
listen_relays (LsDemoApp *self, GPtrArray *addresses, GSocketType type, GStrv *advertised,
               GError **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  g_strv_builder_addv (builder, (const char **)*advertised);
  for (guint i = 0; i < addresses->len; i++)
    {
      g_autoptr (GSocket) socket
          = ls_demo_listen_bind (g_ptr_array_index (addresses, i), type, error);
      GObject *relay = socket != NULL ? make_relay (socket, type, error) : NULL;
      g_autofree char *where = NULL;

      if (relay == NULL)
        return FALSE;
      g_ptr_array_add (self->relays, relay);
      where = ls_demo_listen_describe (socket);
      g_print ("%s relay on %s\n", type == G_SOCKET_TYPE_DATAGRAM ? "UDP" : "stream", where);
      if (!ls_demo_listen_is_wildcard (socket)
          && !g_strv_contains ((const char *const *)*advertised, where))
        g_strv_builder_add (builder, where);
    }
  g_strfreev (*advertised);
  *advertised = g_strv_builder_end (builder);
  return TRUE;
}

/* Relays first: what netmaps advertise must be known before the first request. */
static gboolean
serve (LsDemoApp *self, LsDemoOptions *options, GError **error)
{
  LsRelayInfo *relay = options->relay;

  if (!listen_relays (self, options->stream_relay_listen, G_SOCKET_TYPE_STREAM,
                      &relay->stream_relay_servers, error)
      || !listen_relays (self, options->udp_relay_listen, G_SOCKET_TYPE_DATAGRAM,
                         &relay->udp_relay_servers, error))
    return FALSE;

  ls_demo_store_set_relay (self->store, g_steal_pointer (&options->relay));
  return listen_http (self, options, error);
}

/* The demo's tokens are printed on purpose: they are what the caller asked for. */
static void
print_demo (LsDemoApp *self, const char *admin_token)
{
  char *token = NULL;
  const char *id = ls_demo_seed (self->store, &token);

  g_print ("network %s\ntoken %s\nadmin-token %s\n", id, token, admin_token);
  ls_control_secret_free (token);
}

gboolean
ls_demo_app_start (LsDemoApp *self, LsDemoOptions *options, GError **error)
{
  char *admin_token = g_strdup (options->admin_token);
  gboolean started = FALSE;

  if (admin_token == NULL && options->demo)
    admin_token = ls_demo_secret_new ();
  if (admin_token == NULL)
    g_printerr ("lightscale-control: no --admin-token: anybody who reaches this server may "
                "administer it\n");

  if (open_store (self, options->state, error))
    {
      self->server = ls_demo_server_new (self->store, admin_token);
      started = serve (self, options, error);
    }
  if (started && options->demo)
    print_demo (self, admin_token);
  ls_control_secret_free (admin_token);
  return started;
}

gboolean
ls_demo_app_stop (LsDemoApp *self, GError **error)
{
  ls_demo_server_stop (self->server);
  g_ptr_array_set_size (self->relays, 0);
  return self->saver == NULL || ls_demo_saver_flush (self->saver, error);
}
