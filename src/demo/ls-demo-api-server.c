/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-call.h"

#include "ls-control-codec.h"
#include "ls-control-writer.h"

#include <string.h>

/* Calls about the server itself: health, audit log, topology. */

JsonNode *
ls_demo_api_healthz (LsDemoCall *call, GError **error)
{
  soup_server_message_set_status (call->message, SOUP_STATUS_OK, NULL);
  soup_server_message_set_response (call->message, "text/plain; charset=utf-8", SOUP_MEMORY_STATIC,
                                    "ok", strlen ("ok"));
  call->answers_itself = TRUE;
  return NULL;
}

JsonNode *
ls_demo_api_audit (LsDemoCall *call, GError **error)
{
  g_autoptr (GPtrArray) entries = NULL;
  JsonObject *object;
  guint64 limit;

  if (!ls_demo_call_get_number (call, "limit", G_MAXUINT64, &limit, error))
    return NULL;

  entries = ls_demo_store_list_audit (call->store, ls_demo_call_get_query (call, "network_id"),
                                      ls_demo_call_get_query (call, "node_id"), limit);
  object = json_object_new ();
  ls_control_writer_set_list (object, "entries", entries,
                              (LsControlEncode)ls_control_codec_encode_audit_entry);
  return ls_control_writer_take_object (object);
}

JsonNode *
ls_demo_api_topology (LsDemoCall *call, GError **error)
{
  LsTopology topology = { .control_urls = (GStrv)call->control_urls,
                          .generated_at = g_get_real_time () / G_USEC_PER_SEC };
  g_autoptr (GPtrArray) none = g_ptr_array_new ();

  topology.mesh_peer_ids = none;
  topology.mesh_peer_addresses = none;
  return ls_control_codec_encode_topology (&topology);
}
