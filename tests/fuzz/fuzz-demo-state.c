/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "ls-control-codec.h"
#include "ls-demo-state.h"

#include <string.h>

/* What the control plane tells a device must be what a device can read. */
static void
check_netmap (LsDemoStore *store, const char *id)
{
  LsDemoNode *node = ls_demo_store_get_node (store, id, NULL);
  g_autofree char *text = ls_demo_store_build_netmap_text (store, node);
  g_autoptr (JsonNode) json = ls_control_codec_parse (text, strlen (text), NULL);
  g_autoptr (LsNetmap) netmap = NULL;

  FUZZ_CHECK (json != NULL);
  netmap = ls_control_codec_decode_netmap (json, NULL);
  FUZZ_CHECK (netmap != NULL);
  FUZZ_CHECK (strcmp (netmap->node->id, id) == 0);
}

static void
check_nodes (LsDemoStore *store, JsonNode *state)
{
  JsonArray *nodes = json_object_get_array_member (json_node_get_object (state), "nodes");

  for (guint i = 0; i < json_array_get_length (nodes); i++)
    {
      JsonObject *record = json_array_get_object_element (nodes, i);

      check_netmap (store, json_object_get_string_member (
                               json_object_get_object_member (record, "node"), "id"));
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (LsDemoStore) store = ls_demo_store_new ();
  g_autoptr (LsDemoStore) again = ls_demo_store_new ();
  g_autoptr (JsonNode) state = NULL;
  g_autofree char *text = NULL;

  if (!ls_demo_state_decode (store, (const char *)data, size, NULL))
    return 0;

  state = ls_demo_state_encode (store);
  text = json_to_string (state, FALSE);
  FUZZ_CHECK (ls_demo_state_decode (again, text, strlen (text), NULL));
  check_nodes (store, state);
  return 0;
}
