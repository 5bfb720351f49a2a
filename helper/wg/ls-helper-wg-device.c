/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "ls-helper-wg-device.h"

#define ALL_PARTS                                                                                  \
  (LS_HELPER_WG_ENDPOINT | LS_HELPER_WG_KEEPALIVE | LS_HELPER_WG_PRESHARED_KEY                     \
   | LS_HELPER_WG_ALLOWED_IPS)

static void
peer_free (LsHelperWgPeer *peer)
{
  ls_tunnel_peer_free (peer->peer);
  g_free (peer);
}

LsHelperWgDevice *
ls_helper_wg_device_new (void)
{
  LsHelperWgDevice *device = g_new0 (LsHelperWgDevice, 1);

  device->peers = g_ptr_array_new_with_free_func ((GDestroyNotify)peer_free);
  return device;
}

void
ls_helper_wg_device_free (LsHelperWgDevice *device)
{
  ls_key_clear (&device->private_key);
  g_ptr_array_unref (device->peers);
  g_free (device);
}

LsHelperWgPeer *
ls_helper_wg_device_take_peer (LsHelperWgDevice *device, LsTunnelPeer *peer)
{
  LsHelperWgPeer *added = g_new0 (LsHelperWgPeer, 1);

  added->peer = peer;
  g_ptr_array_add (device->peers, added);
  return added;
}

GArray *
ls_helper_wg_device_dup_statistics (const LsHelperWgDevice *device)
{
  GArray *statistics
      = g_array_sized_new (FALSE, FALSE, sizeof (LsPeerStatistics), device->peers->len);

  for (guint i = 0; i < device->peers->len; i++)
    {
      const LsHelperWgPeer *peer = device->peers->pdata[i];
      LsPeerStatistics entry = {
        .public_key = peer->peer->public_key,
        .endpoint = peer->peer->endpoint,
        .has_endpoint = peer->peer->has_endpoint,
        .last_handshake = peer->last_handshake,
        .rx_bytes = peer->rx_bytes,
        .tx_bytes = peer->tx_bytes,
      };
      g_array_append_val (statistics, entry);
    }
  return statistics;
}

static void
peer_change_free (LsHelperWgPeerChange *change)
{
  g_clear_pointer (&change->peer, ls_tunnel_peer_free);
  g_free (change);
}

LsHelperWgChange *
ls_helper_wg_change_new (void)
{
  LsHelperWgChange *change = g_new0 (LsHelperWgChange, 1);

  change->peers = g_ptr_array_new_with_free_func ((GDestroyNotify)peer_change_free);
  return change;
}

void
ls_helper_wg_change_free (LsHelperWgChange *change)
{
  ls_key_clear (&change->private_key);
  g_ptr_array_unref (change->peers);
  g_free (change);
}

gboolean
ls_helper_wg_change_is_empty (const LsHelperWgChange *change)
{
  return !change->set_private_key && !change->set_listen_port && change->peers->len == 0;
}

void
ls_helper_wg_change_remove_peer (LsHelperWgChange *change, const LsKey *public_key)
{
  LsHelperWgPeerChange *entry = g_new0 (LsHelperWgPeerChange, 1);

  entry->public_key = *public_key;
  entry->parts = LS_HELPER_WG_REMOVE;
  g_ptr_array_add (change->peers, entry);
}

void
ls_helper_wg_change_write_peer (LsHelperWgChange *change, const LsTunnelPeer *peer,
                                LsHelperWgParts parts)
{
  LsHelperWgPeerChange *entry = g_new0 (LsHelperWgPeerChange, 1);

  entry->public_key = peer->public_key;
  entry->parts = peer->has_endpoint ? parts : parts & ~LS_HELPER_WG_ENDPOINT;
  entry->peer = ls_tunnel_peer_copy (peer);
  g_ptr_array_add (change->peers, entry);
}

LsHelperWgChange *
ls_helper_wg_change_for_update (const GPtrArray *changed, const GArray *removed)
{
  LsHelperWgChange *change = ls_helper_wg_change_new ();

  for (guint i = 0; i < removed->len; i++)
    ls_helper_wg_change_remove_peer (change, &g_array_index (removed, LsKey, i));
  for (guint i = 0; i < changed->len; i++)
    ls_helper_wg_change_write_peer (change, changed->pdata[i], ALL_PARTS);
  return change;
}

LsHelperWgChange *
ls_helper_wg_change_for_endpoints (const GPtrArray *peers)
{
  LsHelperWgChange *change = ls_helper_wg_change_new ();

  for (guint i = 0; i < peers->len; i++)
    ls_helper_wg_change_write_peer (change, peers->pdata[i],
                                    LS_HELPER_WG_ENDPOINT | LS_HELPER_WG_UPDATE_ONLY);
  return change;
}

static gboolean
allowed_ips_equal (const GArray *a, const GArray *b)
{
  if (a->len != b->len)
    return FALSE;
  for (guint i = 0; i < a->len; i++)
    if (!ls_prefix_equal (&g_array_index (a, LsPrefix, i), &g_array_index (b, LsPrefix, i)))
      return FALSE;
  return TRUE;
}

static gboolean
preshared_keys_equal (const LsTunnelPeer *a, const LsTunnelPeer *b)
{
  return a->has_preshared_key == b->has_preshared_key
         && (!a->has_preshared_key || ls_key_equal (&a->preshared_key, &b->preshared_key));
}

static gboolean
endpoint_needs_writing (const LsTunnelPeer *current, const LsTunnelPeer *desired,
                        const LsTunnelPeer *previous)
{
  if (!desired->has_endpoint)
    return FALSE;
  if (!current->has_endpoint)
    return TRUE;
  if (ls_endpoint_equal (&current->endpoint, &desired->endpoint))
    return FALSE;
  return previous == NULL || !previous->has_endpoint
         || !ls_endpoint_equal (&previous->endpoint, &desired->endpoint);
}

static LsHelperWgParts
compare_peers (const LsTunnelPeer *current, const LsTunnelPeer *desired,
               const LsTunnelPeer *previous)
{
  LsHelperWgParts parts = 0;

  if (endpoint_needs_writing (current, desired, previous))
    parts |= LS_HELPER_WG_ENDPOINT;
  if (current->keepalive != desired->keepalive)
    parts |= LS_HELPER_WG_KEEPALIVE;
  if (!preshared_keys_equal (current, desired))
    parts |= LS_HELPER_WG_PRESHARED_KEY;
  if (!allowed_ips_equal (current->allowed_ips, desired->allowed_ips))
    parts |= LS_HELPER_WG_ALLOWED_IPS;
  return parts;
}

/* Key to LsTunnelPeer, both borrowed. */
static GHashTable *
index_peers (const LsTunnel *tunnel)
{
  GHashTable *table = g_hash_table_new (ls_key_hash, ls_key_equal);

  for (guint i = 0; tunnel != NULL && i < tunnel->peers->len; i++)
    {
      LsTunnelPeer *peer = tunnel->peers->pdata[i];
      g_hash_table_insert (table, &peer->public_key, peer);
    }
  return table;
}

/* Peers go first, so that what they were allowed is free for those that come. */
static void
diff_present_peers (LsHelperWgChange *change, const LsHelperWgDevice *device, GHashTable *wanted,
                    GHashTable *asked)
{
  g_autoptr (GPtrArray) kept = g_ptr_array_new ();

  for (guint i = 0; i < device->peers->len; i++)
    {
      const LsTunnelPeer *current = ((LsHelperWgPeer *)device->peers->pdata[i])->peer;

      if (!g_hash_table_contains (wanted, &current->public_key))
        ls_helper_wg_change_remove_peer (change, &current->public_key);
      else
        g_ptr_array_add (kept, (gpointer)current);
    }
  for (guint i = 0; i < kept->len; i++)
    {
      const LsTunnelPeer *current = kept->pdata[i];
      const LsTunnelPeer *desired = g_hash_table_lookup (wanted, &current->public_key);
      LsHelperWgParts parts
          = compare_peers (current, desired, g_hash_table_lookup (asked, &current->public_key));

      if (parts != 0)
        ls_helper_wg_change_write_peer (change, desired, parts);
      g_hash_table_remove (wanted, &current->public_key);
    }
}

LsHelperWgChange *
ls_helper_wg_device_diff (const LsHelperWgDevice *device, const LsTunnel *desired,
                          const LsTunnel *previous)
{
  LsHelperWgChange *change = ls_helper_wg_change_new ();
  g_autoptr (GHashTable) wanted = index_peers (desired);
  g_autoptr (GHashTable) asked = index_peers (previous);

  change->set_private_key = !ls_key_equal (&device->private_key, &desired->private_key);
  change->private_key = desired->private_key;
  change->set_listen_port = device->listen_port != desired->listen_port;
  change->listen_port = desired->listen_port;
  diff_present_peers (change, device, wanted, asked);
  for (guint i = 0; i < desired->peers->len; i++)
    {
      const LsTunnelPeer *peer = desired->peers->pdata[i];

      if (g_hash_table_contains (wanted, &peer->public_key))
        ls_helper_wg_change_write_peer (change, peer, ALL_PARTS);
    }
  return change;
}
