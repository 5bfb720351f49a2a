/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "ls-error.h"
#include "ls-helper-authorize.h"
#include "ls-helper-ipc.h"
#include "ls-names.h"

#define OWNER 1000
#define OTHER 1001

static LsPrefix
prefix (const char *text)
{
  LsPrefix value;

  g_assert_true (ls_prefix_parse (text, &value, NULL));
  return value;
}

static LsTunnel *
new_tunnel (const char *subnet)
{
  LsTunnel *tunnel = ls_tunnel_new ();
  LsPrefix own = prefix ("100.64.0.2/32");
  LsPrefix overlay = prefix ("100.64.0.0/24");

  memset (tunnel->private_key.bytes, 7, LS_KEY_SIZE);
  ls_tunnel_add_address (tunnel, &own);
  ls_tunnel_add_route (tunnel, &overlay);
  if (subnet != NULL)
    {
      LsPrefix route = prefix (subnet);
      ls_tunnel_add_route (tunnel, &route);
    }
  return tunnel;
}

/* The actions for @method on a tunnel of OWNER's that was granted with @granted (NULL: there is
 * none), joined with commas and without what all have in front. */
static char *
actions_for (LsHelperMethod method, LsTunnel *tunnel, LsTunnel *granted, guint32 uid,
             gboolean owned)
{
  LsHelperRequest request = { .method = method, .name = (char *)"home", .tunnel = tunnel };
  LsHelperTunnelFacts facts
      = { .exists = granted != NULL, .uid = OWNER, .owned_by_caller = owned, .granted = granted };
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) actions = ls_helper_required_actions (method, &request, &facts, uid, &error);

  g_assert_no_error (error);
  for (guint i = 0; actions[i] != NULL; i++)
    {
      g_assert_true (g_str_has_prefix (actions[i], "org.lightscale.helper.tunnel."));
      memmove (actions[i], actions[i] + strlen ("org.lightscale.helper.tunnel."),
               strlen (actions[i]) - strlen ("org.lightscale.helper.tunnel.") + 1);
    }
  return g_strjoinv (",", actions);
}

static void
check (LsHelperMethod method, LsTunnel *tunnel, LsTunnel *granted, guint32 uid, gboolean owned,
       const char *expected)
{
  g_autofree char *actions = actions_for (method, tunnel, granted, uid, owned);
  g_assert_cmpstr (actions, ==, expected);
}

static void
test_apply (void)
{
  g_autoptr (LsTunnel) plain = new_tunnel (NULL);
  g_autoptr (LsTunnel) subnet = new_tunnel ("10.0.0.0/16");
  g_autoptr (LsTunnel) other_subnet = new_tunnel ("10.1.0.0/16");
  g_autoptr (LsTunnel) moved = new_tunnel (NULL);
  LsPrefix address = prefix ("100.64.0.9/32");
  const LsHelperMethod apply = LS_HELPER_METHOD_APPLY_TUNNEL;

  ls_tunnel_add_address (moved, &address);
  /* A lease is made. */
  check (apply, plain, NULL, OWNER, FALSE, "control");
  check (apply, subnet, NULL, OWNER, FALSE, "control,routes");
  /* Its owner's own changes, and its widening. */
  check (apply, plain, plain, OWNER, TRUE, "");
  check (apply, subnet, subnet, OWNER, TRUE, "");
  check (apply, plain, subnet, OWNER, TRUE, "");
  check (apply, subnet, plain, OWNER, TRUE, "routes");
  check (apply, other_subnet, subnet, OWNER, TRUE, "routes");
  check (apply, moved, plain, OWNER, TRUE, "control");
  /* It is taken over. */
  check (apply, subnet, subnet, OWNER, FALSE, "control,routes");
  check (apply, plain, plain, OTHER, FALSE, "manage-others,control");
  check (apply, subnet, plain, OTHER, FALSE, "manage-others,control,routes");
}

/* Addresses that the caller chose so that a subnet looks like the overlay. */
static void
test_false_overlays (void)
{
  static const struct
  {
    const char *address, *route;
  } extra[] = {
    { "10.0.0.1/32", "10.0.0.0/16" },
    { "8.8.8.1/32", "8.8.8.0/24" },
    { "192.168.1.2/32", "192.168.0.0/16" },
  };
  g_autoptr (LsTunnel) public_overlay = ls_tunnel_new ();
  LsPrefix own = prefix ("8.8.8.1/32");
  LsPrefix wide = prefix ("8.0.0.0/8");

  for (guint i = 0; i < G_N_ELEMENTS (extra); i++)
    {
      g_autoptr (LsTunnel) plain = new_tunnel (NULL);
      g_autoptr (LsTunnel) tunnel = new_tunnel (extra[i].route);
      LsPrefix address = prefix (extra[i].address);

      ls_tunnel_add_address (tunnel, &address);
      check (LS_HELPER_METHOD_APPLY_TUNNEL, tunnel, NULL, OWNER, FALSE, "control,routes");
      check (LS_HELPER_METHOD_APPLY_TUNNEL, tunnel, plain, OWNER, TRUE, "control,routes");
    }
  /* What was granted as the overlay does not become a subnet behind the back of polkit. */
  g_autoptr (LsTunnel) first = ls_tunnel_new ();
  g_autoptr (LsTunnel) second = ls_tunnel_new ();
  LsPrefix old = prefix ("10.0.0.1/32");
  LsPrefix lan = prefix ("10.0.0.0/16");
  LsPrefix other = prefix ("100.64.0.2/32");

  ls_tunnel_add_address (first, &old);
  ls_tunnel_add_route (first, &lan);
  check (LS_HELPER_METHOD_APPLY_TUNNEL, first, NULL, OWNER, FALSE, "control");
  ls_tunnel_add_address (second, &other);
  ls_tunnel_add_route (second, &lan);
  check (LS_HELPER_METHOD_APPLY_TUNNEL, second, first, OWNER, TRUE, "control,routes");

  memset (public_overlay->private_key.bytes, 7, LS_KEY_SIZE);
  ls_tunnel_add_address (public_overlay, &own);
  ls_tunnel_add_route (public_overlay, &wide);
  check (LS_HELPER_METHOD_APPLY_TUNNEL, public_overlay, NULL, OWNER, FALSE, "control,routes");
}

static void
test_others (void)
{
  g_autoptr (LsTunnel) plain = new_tunnel (NULL);
  static const LsHelperMethod changes[]
      = { LS_HELPER_METHOD_UPDATE_PEERS, LS_HELPER_METHOD_SET_ENDPOINTS };
  static const LsHelperMethod plain_ones[]
      = { LS_HELPER_METHOD_REMOVE_TUNNEL, LS_HELPER_METHOD_GET_STATUS };

  for (guint i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      check (changes[i], NULL, plain, OWNER, TRUE, "");
      check (changes[i], NULL, plain, OWNER, FALSE, "control");
      check (changes[i], NULL, plain, OTHER, FALSE, "manage-others");
      check (changes[i], NULL, NULL, OTHER, FALSE, "");
    }
  for (guint i = 0; i < G_N_ELEMENTS (plain_ones); i++)
    {
      check (plain_ones[i], NULL, plain, OWNER, TRUE, "");
      check (plain_ones[i], NULL, plain, OWNER, FALSE, "");
      check (plain_ones[i], NULL, plain, OTHER, FALSE, "manage-others");
    }
  check (LS_HELPER_METHOD_LIST_TUNNELS, NULL, NULL, OTHER, FALSE, "");
  check (LS_HELPER_METHOD_RESTORE_NETWORK, NULL, NULL, OTHER, FALSE, "");
}

/* Every method of the interface is known, and what another user may not do is not forgotten. */
static void
test_introspection (void)
{
  const GDBusInterfaceInfo *info = ls_ipc_helper1_interface_info ();
  g_autoptr (LsTunnel) tunnel = new_tunnel (NULL);
  guint count = 0;

  for (; info->methods[count] != NULL; count++)
    {
      const GDBusMethodInfo *info_method = info->methods[count];
      LsHelperMethod method = ls_helper_method_from_text (info_method->name);
      g_autofree char *own = NULL;
      g_autofree char *foreign = NULL;

      g_assert_cmpint (method, !=, LS_HELPER_METHOD_UNKNOWN);
      own = actions_for (method, tunnel, tunnel, OWNER, TRUE);
      g_assert_cmpstr (own, ==, "");
      foreign = actions_for (method, tunnel, tunnel, OTHER, FALSE);
      if (info_method->in_args != NULL && info_method->in_args[0] != NULL)
        g_assert_nonnull (strstr (foreign, "manage-others"));
    }
  g_assert_cmpint (count, ==, LS_HELPER_METHOD_UNKNOWN);
  for (guint i = 0; info->properties[i] != NULL; i++)
    g_assert_cmpint (info->properties[i]->flags, ==, G_DBUS_PROPERTY_INFO_FLAGS_READABLE);
}

static void
test_unknown (void)
{
  LsHelperRequest request = { .method = LS_HELPER_METHOD_UNKNOWN };
  LsHelperTunnelFacts facts = { .exists = FALSE };
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) empty = g_variant_ref_sink (g_variant_new ("()"));

  g_assert_null (
      ls_helper_required_actions (LS_HELPER_METHOD_UNKNOWN, &request, &facts, 0, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_NOT_AUTHORIZED);
  g_clear_error (&error);
  g_assert_null (ls_helper_required_actions (99, &request, &facts, 0, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_NOT_AUTHORIZED);
  g_clear_error (&error);
  g_assert_null (ls_helper_request_parse ("Reboot", empty, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_NOT_SUPPORTED);
}

/* Arguments of another signature than the interface has are refused, whatever GDBus lets through.
 */
static void
test_signatures (void)
{
  const GDBusInterfaceInfo *info = ls_ipc_helper1_interface_info ();
  g_autoptr (GVariant) odd
      = g_variant_ref_sink (g_variant_new ("(sssss)", "a", "b", "c", "d", "e"));

  for (guint i = 0; info->methods[i] != NULL; i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (ls_helper_request_parse (info->methods[i]->name, odd, &error));
      g_assert_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/helper-authorize/apply", test_apply);
  g_test_add_func ("/helper-authorize/false-overlays", test_false_overlays);
  g_test_add_func ("/helper-authorize/others", test_others);
  g_test_add_func ("/helper-authorize/introspection", test_introspection);
  g_test_add_func ("/helper-authorize/unknown", test_unknown);
  g_test_add_func ("/helper-authorize/signatures", test_signatures);
  return g_test_run ();
}
