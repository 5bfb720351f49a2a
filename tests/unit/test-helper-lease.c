/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A lease whose connection has gone already; how one goes is for the integration tests. */
#include "ls-helper-lease.h"

static void
expired_cb (LsHelperLease *lease, gpointer user_data)
{
  (*(int *)user_data)++;
}

static void
test_expires (void)
{
  g_autoptr (LsHelperLease) lease = ls_helper_lease_new (NULL, 1000, ":1.5", 1);
  gint64 start = g_get_monotonic_time ();
  int expired = 0;

  g_signal_connect (lease, "expired", G_CALLBACK (expired_cb), &expired);
  g_assert_true (ls_helper_lease_is_orphaned (lease));
  g_assert_cmpint (ls_helper_lease_get_uid (lease), ==, 1000);
  g_assert_cmpstr (ls_helper_lease_get_owner (lease), ==, ":1.5");
  /* An orphan belongs to nobody, not even to a connection of the same name. */
  g_assert_false (ls_helper_lease_is_owned_by (lease, 1000, ":1.5"));
  while (expired == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (g_get_monotonic_time () - start, >=, G_USEC_PER_SEC / 2);
  g_assert_cmpint (expired, ==, 1);
}

static void
test_given_up (void)
{
  LsHelperLease *lease = ls_helper_lease_new (NULL, 1000, "", 1);
  gint64 end = g_get_monotonic_time () + 3 * G_USEC_PER_SEC / 2;
  int expired = 0;

  g_signal_connect (lease, "expired", G_CALLBACK (expired_cb), &expired);
  g_object_unref (lease);
  while (g_get_monotonic_time () < end)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (10000);
    }
  g_assert_cmpint (expired, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (LS_HELPER_LEASE_GRACE_SECONDS, ==, 30);
  g_test_add_func ("/helper-lease/expires", test_expires);
  g_test_add_func ("/helper-lease/given-up", test_given_up);
  return g_test_run ();
}
