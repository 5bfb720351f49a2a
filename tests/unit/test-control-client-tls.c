/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* The client and certificates: refused, pinned, changed, one for each URL. */

#include <glib/gstdio.h>
#include <string.h>

#include "control-double.h"
#include "ls-error.h"

static char *certificates;

static char *
pin_of (const char *certificate)
{
  g_autofree char *name = g_strconcat (certificate, ".pem", NULL);
  g_autofree char *path = g_build_filename (certificates, name, NULL);
  g_autoptr (GTlsCertificate) tls = g_tls_certificate_new_from_file (path, NULL);
  g_autoptr (GByteArray) der = NULL;

  g_object_get (tls, "certificate", &der, NULL);
  return g_compute_checksum_for_data (G_CHECKSUM_SHA256, der->data, der->len);
}

static void
test_tls_good (void)
{
  g_autoptr (Double) server = double_new ("good");
  g_autofree char *pin = pin_of ("good");
  g_autofree char *upper = g_ascii_strup (pin, -1);
  g_autoptr (LsControlClient) client = client_new (server->url, NULL, NULL);
  g_autoptr (LsControlClient) pinned = client_new (server->url, NULL, upper);
  g_autoptr (LsControlProbe) seen = NULL;
  g_autoptr (LsNetmap) netmap = NULL;
  g_autoptr (LsNetmap) again = NULL;
  g_autoptr (GError) error = NULL;

  netmap = get_netmap (client, &error);
  g_assert_no_error (error);
  again = get_netmap (pinned, &error);
  g_assert_no_error (error);
  g_clear_pointer (&again, ls_netmap_unref);
  again = get_netmap (pinned, &error);
  g_assert_no_error (error);

  double_answer (server, 200, "text/plain", "ok");
  seen = probe (client, &error);
  g_assert_no_error (error);
  g_assert_true (seen->encrypted);
  g_assert_cmpstr (seen->pin, ==, pin);
  g_assert_null (seen->certificate_error);
}

/* The chain is valid, so that only the pin stands between the token and another server. */
static void
test_tls_wrong_pin (void)
{
  g_autoptr (Double) server = double_new ("good");
  g_autofree char *pin = pin_of ("good");
  g_autofree char *other = pin_of ("self-signed");
  g_autoptr (LsControlClient) client = client_new (server->url, NULL, other);
  g_autoptr (LsControlProbe) seen = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 3; i++)
    {
      g_assert_null (get_netmap (client, &error));
      assert_failure (&error, LS_ERROR_CONTROL_TLS, "pinned");
      g_assert_null (do_register (client, &error));
      assert_failure (&error, LS_ERROR_CONTROL_TLS, "pinned");
    }
  seen = probe (client, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (seen->pin, ==, pin);
  g_assert_nonnull (strstr (seen->certificate_error, "pinned"));
  g_assert_cmpuint (server->n_requests, ==, 0);
}

static void
test_tls_refused (void)
{
  static const struct
  {
    const char *certificate;
    const char *part;
  } cases[] = {
    { "expired", "expired" },
    { "future", "not valid yet" },
    { "other-host", "another host" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (Double) server = double_new (cases[i].certificate);
      g_autofree char *pin = pin_of (cases[i].certificate);
      g_autoptr (LsControlClient) client = client_new (server->url, NULL, NULL);
      g_autoptr (LsControlClient) pinned = client_new (server->url, NULL, pin);
      g_autoptr (LsControlProbe) seen = NULL;
      g_autoptr (GError) error = NULL;

      g_assert_null (get_netmap (client, &error));
      assert_failure (&error, LS_ERROR_CONTROL_TLS, cases[i].part);
      g_assert_null (get_netmap (pinned, &error));
      assert_failure (&error, LS_ERROR_CONTROL_TLS, cases[i].part);
      seen = probe (client, &error);
      g_assert_no_error (error);
      g_assert_true (seen->encrypted);
      g_assert_cmpstr (seen->url, ==, server->url);
      g_assert_cmpstr (seen->pin, ==, pin);
      g_assert_nonnull (strstr (seen->certificate_error, cases[i].part));
      g_assert_cmpuint (server->n_requests, ==, 0);
    }
}

/* A certificate of the server's own is refused, with what it takes to pin it; pinned it is
 * accepted, and only where it is pinned, whatever this process has accepted before. */
static void
test_tls_self_signed (void)
{
  g_autoptr (Double) server = double_new ("self-signed");
  g_autofree char *pin = pin_of ("self-signed");
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (LsControlClient) client = client_new (server->url, NULL, NULL);
      g_autoptr (LsControlClient) pinned = client_new (server->url, NULL, pin);
      g_autoptr (LsNetmap) netmap = NULL;
      guint n = server->n_requests;

      g_assert_null (get_netmap (client, &error));
      g_assert_nonnull (strstr (error->message, pin));
      assert_failure (&error, LS_ERROR_CONTROL_TLS, "authority");
      g_assert_cmpuint (server->n_requests, ==, n);
      netmap = get_netmap (pinned, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (server->n_requests, ==, n + 1);
    }
}

/* Each URL has its own certificate, and the next one is not believed for the pin of the first. */
static void
test_tls_pins_per_url (void)
{
  g_autoptr (Double) first = double_new ("good");
  g_autoptr (Double) second = double_new ("self-signed");
  g_autofree char *good = pin_of ("good");
  g_autofree char *self_signed = pin_of ("self-signed");
  g_autoptr (LsControlClient) client
      = client_new_pinned (first->url, good, second->url, self_signed);
  g_autoptr (LsControlClient) swapped
      = client_new_pinned (first->url, self_signed, second->url, good);
  g_autoptr (LsControlClient) half = client_new_pinned (first->url, good, second->url, NULL);
  g_autoptr (LsNetmap) netmap = NULL;
  g_autoptr (GError) error = NULL;

  double_answer (first, 503, NULL, "");
  netmap = get_netmap (client, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (ls_control_client_get_url (client), ==, second->url);
  g_assert_cmpuint (first->n_requests, ==, 1);
  g_assert_cmpuint (second->n_requests, ==, 1);

  g_assert_null (get_netmap (swapped, &error));
  assert_failure (&error, LS_ERROR_CONTROL_TLS, "pinned");
  g_assert_cmpuint (first->n_requests, ==, 1);
  g_assert_null (get_netmap (half, &error));
  assert_failure (&error, LS_ERROR_CONTROL_TLS, "authority");
  g_assert_cmpuint (second->n_requests, ==, 1);
}

static gboolean
accept_all_cb (SoupMessage *message, GTlsCertificate *certificate, GTlsCertificateFlags flags,
               gpointer user_data)
{
  return TRUE;
}

/* Somebody else in the process accepted the certificate: TLS sessions that are resumed report no
 * failure of their own, and still nothing may be sent. */
static void
test_tls_accepted_elsewhere (void)
{
  g_autoptr (Double) server = double_new ("self-signed");
  g_autoptr (SoupSession) session = soup_session_new ();
  g_autoptr (GError) error = NULL;
  guint n;

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (SoupMessage) message = soup_message_new ("GET", server->url);
      g_autoptr (GAsyncResult) result = NULL;
      g_autoptr (GBytes) body = NULL;

      g_signal_connect (message, "accept-certificate", G_CALLBACK (accept_all_cb), NULL);
      soup_session_send_and_read_async (session, message, G_PRIORITY_DEFAULT, NULL, done_cb,
                                        &result);
      body = soup_session_send_and_read_finish (session, wait_for (&result), &error);
      g_assert_no_error (error);
    }
  n = server->n_requests;
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (LsControlClient) client = client_new (server->url, NULL, NULL);

      g_assert_null (get_netmap (client, &error));
      assert_failure (&error, LS_ERROR_CONTROL_TLS, "authority");
    }
  g_assert_cmpuint (server->n_requests, ==, n);
}

static void
test_no_downgrade (void)
{
  g_autoptr (Double) secure = double_new ("self-signed");
  g_autoptr (Double) plain = double_new (NULL);
  g_autofree char *pin = pin_of ("good");
  g_autofree char *dead = dead_url ();
  g_autofree char *dead_secure = g_strconcat ("https", strchr (dead, ':'), NULL);
  g_autoptr (LsControlClient) client = client_new (secure->url, plain->url, NULL);
  g_autoptr (LsControlClient) unreachable = client_new (dead_secure, plain->url, NULL);
  g_autoptr (LsControlClient) pinned = client_new_pinned (plain->url, NULL, dead_secure, pin);
  g_autoptr (GError) error = NULL;

  g_assert_null (get_netmap (client, &error));
  assert_failure (&error, LS_ERROR_CONTROL_TLS, "authority");
  g_assert_null (get_netmap (unreachable, &error));
  assert_failure (&error, LS_ERROR_CONTROL_UNREACHABLE, "No control server");
  g_assert_null (get_netmap (pinned, &error));
  assert_failure (&error, LS_ERROR_CONTROL_TLS, "not encrypted");
  g_assert_cmpuint (plain->n_requests, ==, 0);
}

static void
test_not_tls (void)
{
  g_autofree char *plain = NULL;
  g_autoptr (GSocketService) service G_GNUC_UNUSED
      = canned_new ("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", &plain);
  g_autofree char *url = g_strconcat ("https", strchr (plain, ':'), NULL);
  g_autoptr (LsControlClient) client = client_new (url, NULL, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (get_netmap (client, &error));
  assert_failure (&error, LS_ERROR_CONTROL_TLS, "encrypted");
  g_socket_service_stop (service);
}

static void
make_certificates (void)
{
  g_autofree char *script
      = g_test_build_filename (G_TEST_DIST, "data", "make-certificates.sh", NULL);
  g_autofree char *output = NULL;
  g_autofree char *authority = NULL;
  g_autoptr (GTlsDatabase) database = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  certificates = g_dir_make_tmp ("lightscale-XXXXXX", &error);
  g_assert_no_error (error);
  g_spawn_sync (NULL, (char *[]){ script, certificates, NULL }, NULL, G_SPAWN_DEFAULT, NULL, NULL,
                NULL, &output, &status, &error);
  g_assert_no_error (error);
  if (!g_spawn_check_wait_status (status, &error))
    g_test_message ("%s", output);
  g_assert_no_error (error);

  authority = g_build_filename (certificates, "ca.pem", NULL);
  database = g_tls_file_database_new (authority, &error);
  g_assert_no_error (error);
  control_double_certificates = certificates;
  g_tls_backend_set_default_database (g_tls_backend_get_default (), database);
}

static void
remove_certificates (void)
{
  g_autoptr (GDir) dir = g_dir_open (certificates, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (certificates, name, NULL);

      g_unlink (path);
    }
  g_rmdir (certificates);
  g_free (certificates);
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  make_certificates ();
  g_test_add_func ("/control-client-tls/good", test_tls_good);
  g_test_add_func ("/control-client-tls/wrong-pin", test_tls_wrong_pin);
  g_test_add_func ("/control-client-tls/self-signed", test_tls_self_signed);
  g_test_add_func ("/control-client-tls/pins-per-url", test_tls_pins_per_url);
  g_test_add_func ("/control-client-tls/refused", test_tls_refused);
  g_test_add_func ("/control-client-tls/accepted-elsewhere", test_tls_accepted_elsewhere);
  g_test_add_func ("/control-client-tls/no-downgrade", test_no_downgrade);
  g_test_add_func ("/control-client-tls/not-tls", test_not_tls);
  status = g_test_run ();
  remove_certificates ();
  return status;
}
