/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-app.h"

#include "ls-demo-saver.h"
#include "ls-demo-secret.h"
#include "ls-demo-seed.h"
#include "ls-demo-server.h"

struct _LsDemoApp
{
  GObject parent_instance;

  LsDemoStore *store;
  LsDemoSaver *saver; /* NULL: nothing is kept */
  LsDemoServer *server;
};

G_DEFINE_FINAL_TYPE (LsDemoApp, ls_demo_app, G_TYPE_OBJECT)

static void
ls_demo_app_dispose (GObject *object)
{
  LsDemoApp *self = LS_DEMO_APP (object);

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
ls_demo_app_start (LsDemoApp *self, const LsDemoOptions *options, GError **error)
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
      started = listen_http (self, options, error);
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
  return self->saver == NULL || ls_demo_saver_flush (self->saver, error);
}
