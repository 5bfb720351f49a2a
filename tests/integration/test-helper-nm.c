/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* What the NetworkManager backend makes of failures that a real NetworkManager cannot be made to
 * show, on a bus and in a network namespace of the test's own. */
#include <sched.h>
#include <signal.h>

#include "ls-error.h"
#include "ls-helper-nm-backend.h"

#define NAME "home"
#define INTERFACE "ls-home"
#define NM_NAME "org.freedesktop.NetworkManager"
#define WAIT_SECONDS 60

typedef struct
{
  GSubprocess *manager; /* the double, or NULL: none runs */
  LsHelperBackend *backend;
  LsTunnel *tunnel;
} Fixture;

static GDBusConnection *bus;

static void
got_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **)user_data = g_object_ref (result);
}

static gboolean
late_cb (gpointer user_data)
{
  g_error ("not in time: %s", (const char *)user_data);
  return G_SOURCE_REMOVE;
}

/* Runs the main loop until @slot is filled. */
static GAsyncResult *
await (GAsyncResult **slot, const char *what)
{
  guint late = g_timeout_add_seconds (WAIT_SECONDS, late_cb, (gpointer)what);

  while (*slot == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (late);
  return g_steal_pointer (slot);
}

static void
appeared_cb (GDBusConnection *connection, const char *name, const char *owner, gpointer user_data)
{
  *(gboolean *)user_data = TRUE;
}

static GSubprocess *
start_manager (const char *parameters)
{
  g_autofree char *template
      = g_test_build_filename (G_TEST_DIST, "integration", "nm_double.py", NULL);
  g_autoptr (GError) error = NULL;
  gboolean is_there = FALSE;
  GSubprocess *manager
      = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE, &error, "/usr/bin/python3", "-m",
                          "dbusmock", "--template", template, "--parameters", parameters, NULL);
  guint late
      = g_timeout_add_seconds (WAIT_SECONDS, late_cb, (gpointer) "the double of NetworkManager");
  guint watch = g_bus_watch_name_on_connection (bus, NM_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                                appeared_cb, NULL, &is_there, NULL);

  g_assert_no_error (error);
  while (!is_there)
    g_main_context_iteration (NULL, TRUE);
  g_bus_unwatch_name (watch);
  g_source_remove (late);
  return manager;
}

static LsTunnel *
new_tunnel (void)
{
  LsTunnel *tunnel = ls_tunnel_new ();
  LsKey public_key;
  LsPrefix prefix;

  ls_key_generate_wireguard (&tunnel->private_key, &public_key);
  tunnel->listen_port = 51999;
  g_assert_true (ls_prefix_parse_interface ("100.64.0.1/32", &prefix, NULL));
  ls_tunnel_add_address (tunnel, &prefix);
  g_assert_true (ls_prefix_parse ("100.64.0.0/24", &prefix, NULL));
  ls_tunnel_add_route (tunnel, &prefix);
  return tunnel;
}

static void
set_up (Fixture *fixture, gconstpointer parameters)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LsHelperRoute) route = ls_helper_route_new (&error);
  g_autoptr (LsHelperWg) wg = ls_helper_wg_new (NULL);

  g_assert_no_error (error);
  if (parameters != NULL)
    fixture->manager = start_manager (parameters);
  fixture->backend = ls_helper_nm_backend_new (route, wg);
  fixture->tunnel = new_tunnel ();
}

static void
tear_down (Fixture *fixture, gconstpointer parameters)
{
  ls_tunnel_free (fixture->tunnel);
  g_assert_finalize_object (fixture->backend);
  if (fixture->manager == NULL)
    return;
  g_subprocess_force_exit (fixture->manager);
  g_subprocess_wait (fixture->manager, NULL, NULL);
  g_object_unref (fixture->manager);
}

static void
apply (Fixture *fixture, GCancellable *cancellable, GAsyncResult **slot)
{
  ls_helper_backend_apply (fixture->backend, NAME, INTERFACE, fixture->tunnel, NULL, cancellable,
                           got_cb, slot);
}

/* Returns the error of an apply. */
static GError *
fail_to_apply (Fixture *fixture)
{
  GAsyncResult *slot = NULL;
  GError *error = NULL;

  apply (fixture, NULL, &slot);
  g_autoptr (GAsyncResult) result = await (&slot, "apply");
  g_assert_false (ls_helper_backend_apply_finish (fixture->backend, result, NULL, &error));
  g_test_message ("%s", error->message);
  return error;
}

static GError *
fail_to_be_available (Fixture *fixture)
{
  GAsyncResult *slot = NULL;
  GError *error = NULL;

  ls_helper_backend_is_available (fixture->backend, NULL, got_cb, &slot);
  g_autoptr (GAsyncResult) result = await (&slot, "is_available");
  g_assert_false (ls_helper_backend_is_available_finish (fixture->backend, result, &error));
  return error;
}

static void
remove_tunnel (Fixture *fixture)
{
  GAsyncResult *slot = NULL;
  g_autoptr (GError) error = NULL;

  ls_helper_backend_remove (fixture->backend, NAME, INTERFACE, NULL, NULL, got_cb, &slot);
  g_autoptr (GAsyncResult) result = await (&slot, "remove");
  ls_helper_backend_remove_finish (fixture->backend, result, &error);
  g_assert_no_error (error);
}

/* How many profiles the double has. */
static gsize
count_profiles (void)
{
  GAsyncResult *slot = NULL;
  g_autoptr (GError) error = NULL;

  g_dbus_connection_call (bus, NM_NAME, "/org/freedesktop/NetworkManager/Settings",
                          "org.freedesktop.DBus.Properties", "Get",
                          g_variant_new ("(ss)", NM_NAME ".Settings", "Connections"),
                          G_VARIANT_TYPE ("(v)"), 0, -1, NULL, got_cb, &slot);
  g_autoptr (GAsyncResult) result = await (&slot, "the profiles");
  g_autoptr (GVariant) answer = g_dbus_connection_call_finish (bus, result, &error);
  g_assert_no_error (error);
  g_autoptr (GVariant) boxed = g_variant_get_child_value (answer, 0);
  g_autoptr (GVariant) profiles = g_variant_get_variant (boxed);
  return g_variant_n_children (profiles);
}

static void
test_absent (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) unavailable = fail_to_be_available (fixture);
  g_autoptr (GError) error = fail_to_apply (fixture);

  g_assert_error (unavailable, LS_ERROR, LS_ERROR_NOT_SUPPORTED);
  g_assert_error (error, LS_ERROR, LS_ERROR_BACKEND);
  remove_tunnel (fixture);
}

static void
test_refused (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = fail_to_apply (fixture);

  g_assert_error (error, LS_ERROR, LS_ERROR_BACKEND);
  g_assert_cmpstr (error->message, ==, "NetworkManager: Insufficient privileges");
  remove_tunnel (fixture);
}

static void
test_not_activated (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = fail_to_apply (fixture);

  g_assert_error (error, LS_ERROR, LS_ERROR_BACKEND);
  g_assert_nonnull (strstr (error->message, "config-failed"));
  g_assert_cmpuint (count_profiles (), ==, 1);
  remove_tunnel (fixture);
  g_assert_cmpuint (count_profiles (), ==, 0);
}

/* The backend is then not one to choose, until NetworkManager starts again. */
static void
test_unmanaged (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = fail_to_apply (fixture);
  g_autoptr (GError) unavailable = NULL;

  g_assert_error (error, LS_ERROR, LS_ERROR_NOT_SUPPORTED);
  unavailable = fail_to_be_available (fixture);
  g_assert_error (unavailable, LS_ERROR, LS_ERROR_NOT_SUPPORTED);
  g_assert_cmpstr (unavailable->message, ==, error->message);
  remove_tunnel (fixture);
  g_assert_cmpuint (count_profiles (), ==, 0);
}

static void
test_ends_amid_activation (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = fail_to_apply (fixture);

  g_assert_error (error, LS_ERROR, LS_ERROR_BACKEND);
  g_assert_cmpstr (error->message, ==, "NetworkManager ended while it set up the tunnel.");
  remove_tunnel (fixture);
}

static void
test_cancelled_amid_activation (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  GAsyncResult *slot = NULL;

  apply (fixture, cancellable, &slot);
  while (count_profiles () == 0)
    g_assert_null (slot);
  g_cancellable_cancel (cancellable);
  g_autoptr (GAsyncResult) result = await (&slot, "apply");
  g_assert_false (ls_helper_backend_apply_finish (fixture->backend, result, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
add (const char *path, const char *parameters, void (*test) (Fixture *, gconstpointer))
{
  g_test_add (path, Fixture, parameters, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_autoptr (GTestDBus) dbus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_autoptr (GError) error = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  if (unshare (CLONE_NEWNET) != 0)
    g_error ("no network namespace: run as root");
  g_test_dbus_up (dbus);
  g_setenv ("DBUS_SYSTEM_BUS_ADDRESS", g_test_dbus_get_bus_address (dbus), TRUE);
  bus = g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, &error);
  g_assert_no_error (error);

  add ("/helper-nm/absent", NULL, test_absent);
  add ("/helper-nm/refused", "{\"add\": \"refuse\"}", test_refused);
  add ("/helper-nm/not-activated", "{\"activation\": \"fail\"}", test_not_activated);
  add ("/helper-nm/unmanaged", "{\"activation\": \"unmanaged\"}", test_unmanaged);
  add ("/helper-nm/ends-amid-activation", "{\"activation\": \"die\"}", test_ends_amid_activation);
  add ("/helper-nm/cancelled-amid-activation", "{\"activation\": \"stall\"}",
       test_cancelled_amid_activation);
  status = g_test_run ();
  g_object_unref (bus);
  g_test_dbus_stop (dbus);
  return status;
}
