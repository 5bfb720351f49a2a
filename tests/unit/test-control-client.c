/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The client: where it sends what, failover, cancelling, arguments. */

#include <string.h>

#include "control-double.h"
#include "ls-error.h"

#define PIN "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void
test_good (void)
{
  g_autoptr (Double) server = double_new (NULL);
  g_autoptr (LsControlClient) client = client_new (server->url, NULL, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (LsNetmap) netmap = get_netmap (client, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (netmap->revision, ==, 9);
  g_assert_cmpstr (server->authorization, ==, "Bearer " NODE_TOKEN);

  g_assert_true (ls_control_client_set_node_token (client, NULL, &error));
  g_clear_pointer (&netmap, ls_netmap_unref);
  netmap = get_netmap (client, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (server->authorization, ==, "Bearer " ADMIN_TOKEN);
}

static void
test_no_token_where_none_belongs (void)
{
  g_autoptr (Double) server = double_new (NULL);
  g_autoptr (LsControlClient) client = client_new (server->url, NULL, NULL);
  g_autoptr (LsControlProbe) seen = NULL;
  g_autoptr (GError) error = NULL;

  double_answer (server, 200, "text/plain", "ok");
  seen = probe (client, &error);
  g_assert_no_error (error);
  g_assert_null (server->authorization);
  g_assert_cmpstr (seen->url, ==, server->url);
  g_assert_false (seen->encrypted);
  g_assert_null (seen->pin);
  g_assert_null (seen->certificate_error);

  g_assert_null (do_register (client, &error));
  g_assert_cmpuint (server->n_requests, ==, 2);
  g_assert_null (server->authorization);
}

static void
count_cb (GObject *object, GParamSpec *pspec, guint *count)
{
  (*count)++;
}

static void
test_failover (void)
{
  g_autoptr (Double) server = double_new (NULL);
  g_autoptr (Double) broken = double_new (NULL);
  g_autofree char *dead = dead_url ();
  const char *urls[] = { dead, broken->url, server->url, NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (LsControlClient) client = ls_control_client_new (urls, NULL, &error);
  g_autoptr (LsNetmap) netmap = NULL;
  guint notified = 0;

  g_assert_no_error (error);
  g_signal_connect (client, "notify::url", G_CALLBACK (count_cb), &notified);
  double_answer (broken, 503, "text/html", "<html><title>Down</title></html>");
  netmap = get_netmap (client, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (ls_control_client_get_url (client), ==, server->url);
  g_assert_cmpuint (notified, ==, 1);
  g_assert_cmpuint (broken->n_requests, ==, 1);

  /* The URL that answered is the new start; once round from there. */
  g_clear_pointer (&netmap, ls_netmap_unref);
  netmap = get_netmap (client, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (broken->n_requests, ==, 1);
  double_answer (server, 500, NULL, "");
  g_assert_null (get_netmap (client, &error));
  assert_failure (&error, LS_ERROR_CONTROL_SERVER, "status 500");
  g_assert_cmpuint (broken->n_requests, ==, 2);
  g_assert_cmpuint (server->n_requests, ==, 3);

  ls_control_client_prefer_url (client, broken->url);
  g_assert_cmpstr (ls_control_client_get_url (client), ==, broken->url);
  ls_control_client_prefer_url (client, "http://unknown.example");
  g_assert_cmpstr (ls_control_client_get_url (client), ==, broken->url);
}

/* Any answer but a 5xx is final. */
static void
test_no_failover_after_answer (void)
{
  g_autoptr (Double) first = double_new (NULL);
  g_autoptr (Double) second = double_new (NULL);
  g_autoptr (LsControlClient) client = client_new (first->url, second->url, NULL);
  g_autoptr (GError) error = NULL;

  double_answer (first, 401, "application/json", "{\"error\":\"node token required\"}");
  g_assert_null (get_netmap (client, &error));
  assert_failure (&error, LS_ERROR_CONTROL_UNAUTHORIZED, "node token required");
  g_assert_cmpuint (second->n_requests, ==, 0);
}

static void
test_registration_once (void)
{
  g_autoptr (Double) first = double_new (NULL);
  g_autoptr (Double) second = double_new (NULL);
  g_autofree char *dead = dead_url ();
  g_autoptr (LsControlClient) client = client_new (first->url, second->url, NULL);
  g_autoptr (LsControlClient) other = client_new (dead, second->url, NULL);
  g_autoptr (LsRegistration) registration = NULL;
  g_autoptr (GError) error = NULL;

  double_answer (first, 500, NULL, "");
  g_assert_null (do_register (client, &error));
  assert_failure (&error, LS_ERROR_CONTROL_SERVER, "500");
  g_assert_cmpuint (second->n_requests, ==, 0);

  /* Nothing was sent to the first: the second may be asked. */
  double_answer (second, 200, "application/json", "{\"node_token\":\"t\",\"netmap\":" NETMAP "}");
  registration = do_register (other, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (registration->node_token, ==, "t");
}

static gboolean
cancel_cb (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
  return G_SOURCE_REMOVE;
}

static void
test_cancel (void)
{
  g_autoptr (Double) server = double_new (NULL);
  g_autoptr (Double) second = double_new (NULL);
  g_autoptr (LsControlClient) client = client_new (server->url, second->url, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GAsyncResult) again = NULL;
  g_autoptr (GError) error = NULL;

  server->hang = TRUE;
  ls_control_client_longpoll_async (client, "n1", 5, 300, cancellable, done_cb, &result);
  while (server->n_requests == 0)
    g_main_context_iteration (NULL, TRUE);
  g_timeout_add (10, cancel_cb, cancellable);
  g_assert_null (ls_control_client_longpoll_finish (client, wait_for (&result), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  ls_control_client_netmap_async (client, "n1", cancellable, done_cb, &again);
  g_assert_null (ls_control_client_netmap_finish (client, wait_for (&again), &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (second->n_requests, ==, 0);
}

/* Two calls at once on one client: a held long poll keeps nothing waiting. */
static void
test_parallel (void)
{
  g_autoptr (Double) server = double_new (NULL);
  g_autoptr (LsControlClient) client = client_new (server->url, NULL, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GAsyncResult *held[4] = { NULL };
  g_autoptr (LsNetmap) netmap = NULL;
  g_autoptr (GError) error = NULL;

  server->hang = TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (held); i++)
    ls_control_client_longpoll_async (client, "n1", 5, 300, cancellable, done_cb, &held[i]);
  while (server->n_requests < G_N_ELEMENTS (held))
    g_main_context_iteration (NULL, TRUE);
  server->hang = FALSE;
  netmap = get_netmap (client, &error);
  g_assert_no_error (error);

  g_cancellable_cancel (cancellable);
  for (guint i = 0; i < G_N_ELEMENTS (held); i++)
    {
      g_assert_null (ls_control_client_longpoll_finish (client, wait_for (&held[i]), NULL));
      g_object_unref (held[i]);
    }
}

static void
test_key_policy (void)
{
  g_autoptr (Double) server = double_new (NULL);
  g_autoptr (LsControlClient) client = client_new (server->url, NULL, NULL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GAsyncResult) again = NULL;
  g_autoptr (GError) error = NULL;
  guint64 max_age = 1;

  double_answer (server, 200, "application/json", "{\"policy\":{}}");
  ls_control_client_get_key_policy_async (client, "net", NULL, done_cb, &result);
  g_assert_true (
      ls_control_client_get_key_policy_finish (client, wait_for (&result), &max_age, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (max_age, ==, 0);

  double_answer (server, 200, "application/json", "{\"policy\":{\"max_age_seconds\":86400}}");
  ls_control_client_put_key_policy_async (client, "net", 86400, NULL, done_cb, &again);
  g_assert_true (
      ls_control_client_put_key_policy_finish (client, wait_for (&again), &max_age, &error));
  g_assert_cmpuint (max_age, ==, 86400);
}

static void
test_bad_arguments (void)
{
  static const char *const bad_ids[] = { "", "..", "a/b", "a?b", "a b", "\xc3\xa9", "%2e" };
  const char *const none[] = { NULL };
  const char *const bad_urls[] = { "ftp://example.com", NULL };
  const char *const urls[] = { "http://example.com", NULL };
  g_autoptr (Double) server = double_new (NULL);
  g_autoptr (LsControlClient) client = client_new (server->url, NULL, NULL);
  g_autoptr (LsPins) pins = ls_pins_new ();
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (bad_ids); i++)
    {
      g_autoptr (GAsyncResult) result = NULL;

      ls_control_client_netmap_async (client, bad_ids[i], NULL, done_cb, &result);
      g_assert_null (ls_control_client_netmap_finish (client, wait_for (&result), &error));
      g_assert_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT);
      g_clear_error (&error);
    }
  g_assert_cmpuint (server->n_requests, ==, 0);

  g_assert_false (ls_control_client_set_node_token (client, "a\r\nX: y", &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (ls_control_client_new (none, NULL, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (ls_control_client_new (bad_urls, NULL, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_true (ls_pins_set (pins, "https://another.example", PIN, NULL));
  g_assert_null (ls_control_client_new (urls, pins, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT);
}

static void
test_auth_url (void)
{
  static const char *const bad[] = {
    "",
    "/",
    "//evil.example/x",
    "http://evil.example/",
    "javascript:x",
    "file:///x",
    "v1/register",
    "/v1/../admin",
    "/v1/..",
    "/a b",
    "/a\r\nb",
    "/a\\b",
    "/a?b",
    "/a#b",
    "/@evil.example/",
    "/a%2fb",
    NULL,
  };
  g_autoptr (GError) error = NULL;
  g_autofree char *url = ls_control_auth_url ("https://vpn.example.com:8080/ls/",
                                              "/v1/register/approve/n/s_-", &error);

  g_assert_no_error (error);
  g_assert_cmpstr (url, ==, "https://vpn.example.com:8080/ls/v1/register/approve/n/s_-");
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_assert_null (ls_control_auth_url ("https://vpn.example.com", bad[i], &error));
      g_assert_error (error, LS_ERROR, LS_ERROR_CONTROL_PROTOCOL);
      g_clear_error (&error);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/control-client/good", test_good);
  g_test_add_func ("/control-client/no-token-where-none-belongs", test_no_token_where_none_belongs);
  g_test_add_func ("/control-client/failover", test_failover);
  g_test_add_func ("/control-client/no-failover-after-answer", test_no_failover_after_answer);
  g_test_add_func ("/control-client/registration-once", test_registration_once);
  g_test_add_func ("/control-client/cancel", test_cancel);
  g_test_add_func ("/control-client/parallel", test_parallel);
  g_test_add_func ("/control-client/key-policy", test_key_policy);
  g_test_add_func ("/control-client/bad-arguments", test_bad_arguments);
  g_test_add_func ("/control-client/auth-url", test_auth_url);
  return g_test_run ();
}
