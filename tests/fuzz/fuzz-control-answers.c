/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "ls-control-answers.h"
#include "ls-control-codec.h"
#include "ls-control-reader.h"

/* Every decoder but the netmap's on the same text: a value or an error, never both or neither. */
static const struct
{
  LsControlDecode decode;
  GDestroyNotify free_value;
} decoders[] = {
  { (LsControlDecode)ls_control_answer_registration, (GDestroyNotify)ls_registration_free },
  { (LsControlDecode)ls_control_answer_heartbeat, (GDestroyNotify)ls_netmap_unref },
  { (LsControlDecode)ls_control_answer_approval, (GDestroyNotify)ls_approval_free },
  { (LsControlDecode)ls_control_answer_rotated_keys, (GDestroyNotify)ls_rotated_keys_free },
  { (LsControlDecode)ls_control_answer_keys, (GDestroyNotify)g_ptr_array_unref },
  { (LsControlDecode)ls_control_answer_revoked_at, g_free },
  { (LsControlDecode)ls_control_answer_node_id, g_free },
  { (LsControlDecode)ls_control_answer_nodes, (GDestroyNotify)g_ptr_array_unref },
  { (LsControlDecode)ls_control_answer_node, (GDestroyNotify)ls_node_free },
  { (LsControlDecode)ls_control_answer_created_network, (GDestroyNotify)ls_created_network_free },
  { (LsControlDecode)ls_control_answer_tokens, (GDestroyNotify)g_ptr_array_unref },
  { (LsControlDecode)ls_control_answer_token, (GDestroyNotify)ls_enrollment_token_free },
  { (LsControlDecode)ls_control_answer_acl, (GDestroyNotify)ls_acl_policy_free },
  { (LsControlDecode)ls_control_answer_max_age, g_free },
  { (LsControlDecode)ls_control_answer_audit, (GDestroyNotify)g_ptr_array_unref },
  { (LsControlDecode)ls_control_codec_decode_network, (GDestroyNotify)ls_network_free },
  { (LsControlDecode)ls_control_codec_decode_token, (GDestroyNotify)ls_enrollment_token_free },
  { (LsControlDecode)ls_control_codec_decode_acl, (GDestroyNotify)ls_acl_policy_free },
  { (LsControlDecode)ls_control_codec_decode_topology, (GDestroyNotify)ls_topology_free },
  { (LsControlDecode)ls_control_codec_decode_pending,
    (GDestroyNotify)ls_pending_registration_free },
};

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (JsonNode) root = ls_control_codec_parse ((const char *)data, size, NULL);

  for (guint i = 0; root != NULL && i < G_N_ELEMENTS (decoders); i++)
    {
      g_autoptr (GError) error = NULL;
      gpointer value = decoders[i].decode (root, &error);

      FUZZ_CHECK ((value == NULL) == (error != NULL));
      g_clear_pointer (&value, decoders[i].free_value);
    }
  return 0;
}
