/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz-tunnel.h"

#include "fuzz.h"

static void
check_statistics (GVariant *variant)
{
  g_autoptr (GArray) statistics = ls_peer_statistics_from_variant (variant, NULL);
  g_autoptr (GVariant) again = NULL;
  g_autoptr (GArray) second = NULL;

  if (statistics == NULL)
    return;
  again = g_variant_ref_sink (ls_peer_statistics_to_variant (statistics));
  second = ls_peer_statistics_from_variant (again, NULL);
  FUZZ_CHECK (second != NULL && second->len == statistics->len);
}

static void
check_peer (GVariant *variant)
{
  g_autoptr (LsTunnelPeer) peer = ls_tunnel_peer_from_variant (variant, NULL);
  g_autoptr (GVariant) written = NULL;
  g_autoptr (LsTunnelPeer) again = NULL;

  if (peer == NULL)
    return;
  written = g_variant_ref_sink (ls_tunnel_peer_to_variant (peer));
  again = ls_tunnel_peer_from_variant (written, NULL);
  FUZZ_CHECK (again != NULL && ls_tunnel_peer_equal (peer, again));
}

/* What is taken is written in a form that is taken again as the same tunnel, and holds what its
 * type promises. */
void
fuzz_tunnel_check (GVariant *variant)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LsTunnel) tunnel = ls_tunnel_from_variant (variant, &error);
  g_autoptr (GVariant) written = NULL;
  g_autoptr (LsTunnel) again = NULL;

  check_statistics (variant);
  check_peer (variant);
  FUZZ_CHECK ((tunnel == NULL) == (error != NULL));
  if (tunnel == NULL)
    return;
  FUZZ_CHECK (tunnel->listen_port != 0 && tunnel->mtu >= LS_TUNNEL_MTU_MIN);
  for (guint i = 0; i < tunnel->routes->len; i++)
    FUZZ_CHECK (g_array_index (tunnel->routes, LsPrefix, i).length > 0);
  written = g_variant_ref_sink (ls_tunnel_to_variant (tunnel));
  again = ls_tunnel_from_variant (written, NULL);
  FUZZ_CHECK (again != NULL && ls_tunnel_equal (tunnel, again));
}
