/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "ls-control-codec.h"
#include "ls-control-scan.h"

#include <string.h>

/* The scanner and json-glib agree on what JSON is, and a netmap that was read and written again
 * reads the same. */
static void
check_netmap (const LsNetmap *netmap)
{
  g_autoptr (JsonNode) node = ls_control_codec_encode_netmap (netmap);
  g_autofree char *text = json_to_string (node, FALSE);
  g_autoptr (JsonNode) root = ls_control_codec_parse (text, strlen (text), NULL);
  g_autoptr (LsNetmap) again = NULL;

  FUZZ_CHECK (root != NULL);
  again = ls_control_codec_decode_netmap (root, NULL);
  FUZZ_CHECK (again != NULL);
  FUZZ_CHECK (again->peers->len == netmap->peers->len);
  FUZZ_CHECK (ls_node_equal_material (again->node, netmap->node));
  for (guint i = 0; i < netmap->peers->len; i++)
    {
      const LsNode *peer = netmap->peers->pdata[i];

      FUZZ_CHECK (ls_node_equal_material (peer, again->peers->pdata[i]));
      FUZZ_CHECK (ls_netmap_find_peer (netmap, peer->id) == peer);
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) root = NULL;
  g_autoptr (LsNetmap) netmap = NULL;
  gboolean has_nul = FALSE;
  gboolean is_json = ls_control_scan ((const char *)data, size, &has_nul, NULL);

  root = ls_control_codec_parse ((const char *)data, size, &error);
  FUZZ_CHECK (is_json == (root != NULL));
  FUZZ_CHECK ((root == NULL) == (error != NULL));
  if (root == NULL)
    return 0;

  netmap = ls_control_codec_decode_netmap (root, &error);
  FUZZ_CHECK ((netmap == NULL) == (error != NULL));
  if (netmap != NULL)
    check_netmap (netmap);
  return 0;
}
