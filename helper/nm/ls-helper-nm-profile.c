/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-helper-nm-profile.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "ls-error.h"
#include "ls-helper-route.h"

/* The namespace of our names' UUIDs. */
static const guint8 uuid_namespace[16] = { 0x6c, 0x69, 0x67, 0x68, 0x74, 0x73, 0x43, 0x61,
                                           0x8c, 0x65, 0x2d, 0x74, 0x75, 0x6e, 0x6e, 0x65 };

char *
ls_helper_nm_profile_dup_uuid (const char *name)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA1);
  guint8 b[20];
  gsize size = sizeof b;

  g_checksum_update (checksum, uuid_namespace, sizeof uuid_namespace);
  g_checksum_update (checksum, (const guint8 *)name, strlen (name));
  g_checksum_get_digest (checksum, b, &size);
  b[6] = (b[6] & 0x0f) | 0x50;
  b[8] = (b[8] & 0x3f) | 0x80;
  return g_strdup_printf ("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                          b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11],
                          b[12], b[13], b[14], b[15]);
}

static NMSetting *
new_connection_setting (const char *name, const char *interface)
{
  g_autofree char *id = g_strdup_printf ("Lightscale (%s)", name);
  g_autofree char *uuid = ls_helper_nm_profile_dup_uuid (name);
  NMSetting *setting = nm_setting_connection_new ();

  g_object_set (setting, NM_SETTING_CONNECTION_ID, id, NM_SETTING_CONNECTION_UUID, uuid,
                NM_SETTING_CONNECTION_TYPE, NM_SETTING_WIREGUARD_SETTING_NAME,
                NM_SETTING_CONNECTION_INTERFACE_NAME, interface, NM_SETTING_CONNECTION_AUTOCONNECT,
                FALSE, NM_SETTING_CONNECTION_LLMNR, NM_SETTING_CONNECTION_LLMNR_NO,
                NM_SETTING_CONNECTION_MDNS, NM_SETTING_CONNECTION_MDNS_NO, NULL);
  return setting;
}

static NMSetting *
new_wireguard_setting (const LsTunnel *tunnel)
{
  char *key = ls_key_to_text (&tunnel->private_key);
  NMSetting *setting = nm_setting_wireguard_new ();

  /* A listen port of 0 would become another one with each reapply. */
  g_object_set (setting, NM_SETTING_WIREGUARD_PRIVATE_KEY, key,
                NM_SETTING_WIREGUARD_PRIVATE_KEY_FLAGS, NM_SETTING_SECRET_FLAG_NONE,
                NM_SETTING_WIREGUARD_LISTEN_PORT, (guint)tunnel->listen_port,
                NM_SETTING_WIREGUARD_MTU, (guint)tunnel->mtu, NM_SETTING_WIREGUARD_PEER_ROUTES,
                FALSE, NM_SETTING_WIREGUARD_IP4_AUTO_DEFAULT_ROUTE, NM_TERNARY_FALSE,
                NM_SETTING_WIREGUARD_IP6_AUTO_DEFAULT_ROUTE, NM_TERNARY_FALSE, NULL);
  ls_key_text_free (key);
  return setting;
}

static gboolean
add_addresses (NMSettingIPConfig *setting, int family, const GArray *addresses)
{
  gboolean any = FALSE;

  for (guint i = 0; i < addresses->len; i++)
    {
      const LsPrefix *prefix = &g_array_index (addresses, LsPrefix, i);
      NMIPAddress *address;

      if (prefix->address.family != family)
        continue;
      address = nm_ip_address_new_binary (family, prefix->address.bytes, prefix->length, NULL);
      nm_setting_ip_config_add_address (setting, address);
      nm_ip_address_unref (address);
      any = TRUE;
    }
  return any;
}

static void
add_routes (NMSettingIPConfig *setting, int family, const GArray *routes)
{
  for (guint i = 0; i < routes->len; i++)
    {
      const LsPrefix *prefix = &g_array_index (routes, LsPrefix, i);
      NMIPRoute *route;

      if (prefix->address.family != family)
        continue;
      route
          = nm_ip_route_new_binary (family, prefix->address.bytes, prefix->length, NULL, -1, NULL);
      nm_ip_route_set_attribute (route, NM_IP_ROUTE_ATTRIBUTE_TABLE,
                                 g_variant_new_uint32 (LS_HELPER_ROUTE_TABLE));
      nm_setting_ip_config_add_route (setting, route);
      nm_ip_route_unref (route);
    }
}

static void
add_rule (NMSettingIPConfig *setting, int family)
{
  NMIPRoutingRule *rule = nm_ip_routing_rule_new (family);

  nm_ip_routing_rule_set_priority (rule, LS_HELPER_ROUTE_RULE_PRIORITY);
  nm_ip_routing_rule_set_table (rule, LS_HELPER_ROUTE_TABLE);
  nm_setting_ip_config_add_routing_rule (setting, rule);
  nm_ip_routing_rule_unref (rule);
}

/* A family without an address of ours has nothing to route either. */
static NMSetting *
new_ip_setting (int family, const LsTunnel *tunnel)
{
  NMSetting *setting
      = family == AF_INET ? nm_setting_ip4_config_new () : nm_setting_ip6_config_new ();
  NMSettingIPConfig *ip = NM_SETTING_IP_CONFIG (setting);

  g_object_set (setting, NM_SETTING_IP_CONFIG_NEVER_DEFAULT, TRUE,
                NM_SETTING_IP_CONFIG_IGNORE_AUTO_DNS, TRUE, NULL);
  if (add_addresses (ip, family, tunnel->addresses))
    {
      add_routes (ip, family, tunnel->routes);
      add_rule (ip, family);
      g_object_set (setting, NM_SETTING_IP_CONFIG_METHOD, "manual", NULL);
    }
  else
    g_object_set (setting, NM_SETTING_IP_CONFIG_METHOD, "disabled", NULL);
  return setting;
}

NMConnection *
ls_helper_nm_profile_new (const char *name, const char *interface, const LsTunnel *tunnel,
                          GError **error)
{
  g_autoptr (NMConnection) profile = nm_simple_connection_new ();
  g_autoptr (GError) local_error = NULL;

  nm_connection_add_setting (profile, new_connection_setting (name, interface));
  nm_connection_add_setting (profile, new_wireguard_setting (tunnel));
  nm_connection_add_setting (profile, new_ip_setting (AF_INET, tunnel));
  nm_connection_add_setting (profile, new_ip_setting (AF_INET6, tunnel));
  if (nm_connection_normalize (profile, NULL, NULL, &local_error))
    return g_steal_pointer (&profile);
  g_set_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT,
               _ ("NetworkManager does not take this tunnel: %s"), local_error->message);
  return NULL;
}

gboolean
ls_helper_nm_profile_is_ours (NMConnection *profile, const char *interface)
{
  NMSettingConnection *setting = nm_connection_get_setting_connection (profile);

  /* SECURITY: a profile that a user owns (permissions) is not ours whatever its UUID says: he may
   * change it without a password. */
  return setting != NULL && nm_connection_is_type (profile, NM_SETTING_WIREGUARD_SETTING_NAME)
         && g_strcmp0 (nm_setting_connection_get_interface_name (setting), interface) == 0
         && nm_setting_connection_get_num_permissions (setting) == 0;
}
