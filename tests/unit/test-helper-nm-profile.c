/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ls-error.h"
#include "ls-helper-nm-profile.h"

#define KEY_TEXT "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk="

static void
add_address (LsTunnel *tunnel, const char *text)
{
  LsPrefix prefix;

  g_assert_true (ls_prefix_parse_interface (text, &prefix, NULL));
  ls_tunnel_add_address (tunnel, &prefix);
}

static void
add_route (LsTunnel *tunnel, const char *text)
{
  LsPrefix prefix;

  g_assert_true (ls_prefix_parse (text, &prefix, NULL));
  ls_tunnel_add_route (tunnel, &prefix);
}

static LsTunnel *
new_tunnel (void)
{
  LsTunnel *tunnel = ls_tunnel_new ();

  g_assert_true (ls_key_parse (KEY_TEXT, &tunnel->private_key, NULL));
  tunnel->listen_port = 51999;
  add_address (tunnel, "100.64.0.1/32");
  add_address (tunnel, "fd00::1/128");
  add_route (tunnel, "100.64.0.0/10");
  add_route (tunnel, "192.168.77.0/24");
  add_route (tunnel, "fd00::/48");
  return tunnel;
}

static NMConnection *
new_profile (const LsTunnel *tunnel)
{
  g_autoptr (GError) error = NULL;
  NMConnection *profile = ls_helper_nm_profile_new ("home", "ls-home", tunnel, &error);

  g_assert_no_error (error);
  g_assert_true (nm_connection_verify (profile, &error));
  g_assert_no_error (error);
  return profile;
}

static void
test_connection (void)
{
  g_autoptr (LsTunnel) tunnel = new_tunnel ();
  g_autoptr (NMConnection) profile = new_profile (tunnel);
  NMSettingConnection *setting = nm_connection_get_setting_connection (profile);

  g_assert_cmpstr (nm_connection_get_interface_name (profile), ==, "ls-home");
  g_assert_cmpstr (nm_connection_get_id (profile), ==, "Lightscale (home)");
  g_assert_true (nm_connection_is_type (profile, NM_SETTING_WIREGUARD_SETTING_NAME));
  g_assert_false (nm_setting_connection_get_autoconnect (setting));
  g_assert_cmpint (nm_setting_connection_get_llmnr (setting), ==, NM_SETTING_CONNECTION_LLMNR_NO);
  g_assert_cmpint (nm_setting_connection_get_mdns (setting), ==, NM_SETTING_CONNECTION_MDNS_NO);
  g_assert_cmpuint (nm_setting_connection_get_num_permissions (setting), ==, 0);
}

static void
test_wireguard (void)
{
  g_autoptr (LsTunnel) tunnel = new_tunnel ();
  g_autoptr (NMConnection) profile = NULL;
  NMSettingWireGuard *setting;
  LsKey peer_key, peer_private;

  ls_key_generate_wireguard (&peer_private, &peer_key);
  ls_tunnel_take_peer (tunnel, ls_tunnel_peer_new (&peer_key));
  profile = new_profile (tunnel);
  setting = NM_SETTING_WIREGUARD (nm_connection_get_setting (profile, NM_TYPE_SETTING_WIREGUARD));
  g_assert_cmpstr (nm_setting_wireguard_get_private_key (setting), ==, KEY_TEXT);
  g_assert_cmpint (nm_setting_wireguard_get_private_key_flags (setting), ==,
                   NM_SETTING_SECRET_FLAG_NONE);
  g_assert_cmpuint (nm_setting_wireguard_get_listen_port (setting), ==, 51999);
  g_assert_cmpuint (nm_setting_wireguard_get_mtu (setting), ==, LS_TUNNEL_MTU_DEFAULT);
  g_assert_false (nm_setting_wireguard_get_peer_routes (setting));
  g_assert_cmpuint (nm_setting_wireguard_get_peers_len (setting), ==, 0);
  g_assert_cmpint (nm_setting_wireguard_get_ip4_auto_default_route (setting), ==, NM_TERNARY_FALSE);
  g_assert_cmpint (nm_setting_wireguard_get_ip6_auto_default_route (setting), ==, NM_TERNARY_FALSE);
}

static void
assert_ip (NMSettingIPConfig *setting, const char *address, guint n_routes)
{
  const NMIPRoutingRule *rule;

  g_assert_cmpstr (nm_setting_ip_config_get_method (setting), ==, "manual");
  g_assert_true (nm_setting_ip_config_get_never_default (setting));
  g_assert_cmpuint (nm_setting_ip_config_get_num_addresses (setting), ==, 1);
  g_assert_cmpstr (nm_ip_address_get_address (nm_setting_ip_config_get_address (setting, 0)), ==,
                   address);
  g_assert_cmpuint (nm_setting_ip_config_get_num_routes (setting), ==, n_routes);
  for (guint i = 0; i < n_routes; i++)
    {
      NMIPRoute *route = nm_setting_ip_config_get_route (setting, i);
      GVariant *table = nm_ip_route_get_attribute (route, NM_IP_ROUTE_ATTRIBUTE_TABLE);
      g_assert_nonnull (table);
      g_assert_cmpuint (g_variant_get_uint32 (table), ==, 27763);
      g_assert_null (nm_ip_route_get_next_hop (route));
    }
  g_assert_cmpuint (nm_setting_ip_config_get_num_routing_rules (setting), ==, 1);
  rule = nm_setting_ip_config_get_routing_rule (setting, 0);
  g_assert_cmpint (nm_ip_routing_rule_get_priority (rule), ==, 5280);
  g_assert_cmpuint (nm_ip_routing_rule_get_table (rule), ==, 27763);
}

static void
test_ip (void)
{
  g_autoptr (LsTunnel) tunnel = new_tunnel ();
  g_autoptr (NMConnection) profile = new_profile (tunnel);

  assert_ip (nm_connection_get_setting_ip4_config (profile), "100.64.0.1", 2);
  assert_ip (nm_connection_get_setting_ip6_config (profile), "fd00::1", 1);
}

static void
test_one_family (void)
{
  g_autoptr (LsTunnel) tunnel = ls_tunnel_new ();
  g_autoptr (NMConnection) profile = NULL;

  g_assert_true (ls_key_parse (KEY_TEXT, &tunnel->private_key, NULL));
  add_address (tunnel, "100.64.0.1/32");
  add_route (tunnel, "fd00::/48");
  profile = new_profile (tunnel);
  assert_ip (nm_connection_get_setting_ip4_config (profile), "100.64.0.1", 0);
  g_assert_cmpstr (nm_setting_ip_config_get_method (nm_connection_get_setting_ip6_config (profile)),
                   ==, "disabled");
}

static void
test_refused (void)
{
  g_autoptr (LsTunnel) tunnel = new_tunnel ();
  g_autoptr (GError) error = NULL;

  g_assert_null (ls_helper_nm_profile_new ("home", "not a name/", tunnel, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT);
  g_assert_null (strstr (error->message, KEY_TEXT));
}

static void
test_uuid (void)
{
  g_autofree char *home = ls_helper_nm_profile_dup_uuid ("home");
  g_autofree char *again = ls_helper_nm_profile_dup_uuid ("home");
  g_autofree char *work = ls_helper_nm_profile_dup_uuid ("work");

  g_assert_true (g_uuid_string_is_valid (home));
  g_assert_cmpstr (home, ==, again);
  g_assert_cmpstr (home, !=, work);
  g_assert_cmpint (home[14], ==, '5');
}

static void
test_is_ours (void)
{
  g_autoptr (LsTunnel) tunnel = new_tunnel ();
  g_autoptr (NMConnection) profile = new_profile (tunnel);
  NMSettingConnection *setting = nm_connection_get_setting_connection (profile);

  g_assert_true (ls_helper_nm_profile_is_ours (profile, "ls-home"));
  g_assert_false (ls_helper_nm_profile_is_ours (profile, "ls-work"));
  nm_setting_connection_add_permission (setting, "user", "somebody", NULL);
  g_assert_false (ls_helper_nm_profile_is_ours (profile, "ls-home"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/helper/nm/profile/connection", test_connection);
  g_test_add_func ("/helper/nm/profile/wireguard", test_wireguard);
  g_test_add_func ("/helper/nm/profile/ip", test_ip);
  g_test_add_func ("/helper/nm/profile/one-family", test_one_family);
  g_test_add_func ("/helper/nm/profile/refused", test_refused);
  g_test_add_func ("/helper/nm/profile/uuid", test_uuid);
  g_test_add_func ("/helper/nm/profile/is-ours", test_is_ours);
  return g_test_run ();
}
