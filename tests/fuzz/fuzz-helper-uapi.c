/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "ls-helper-uapi.h"

#include <string.h>

/* Answers of a userspace WireGuard; and whatever it says of itself, a request can be made from it.
 */
static void
check_device (const LsHelperUapiDevice *device)
{
  g_autoptr (LsTunnel) desired = ls_tunnel_new ();
  char *request;

  FUZZ_CHECK (device->peers->len <= device->statistics->len);
  for (guint i = 1; i < device->peers->len; i++)
    {
      const LsTunnelPeer *a = device->peers->pdata[i - 1];
      const LsTunnelPeer *b = device->peers->pdata[i];

      FUZZ_CHECK (memcmp (&a->public_key, &b->public_key, LS_KEY_SIZE) <= 0);
    }
  request = ls_helper_uapi_format_apply (device, desired, NULL);
  FUZZ_CHECK (request == NULL || g_str_has_suffix (request, "\n\n"));
  ls_helper_uapi_request_free (request);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LsHelperUapiDevice) device = NULL;

  (void)ls_helper_uapi_answer_is_complete ((const char *)data, size);
  (void)ls_helper_uapi_parse_set ((const char *)data, size, NULL);
  device = ls_helper_uapi_parse_get ((const char *)data, size, &error);
  FUZZ_CHECK ((device == NULL) == (error != NULL));
  if (device != NULL)
    check_device (device);
  return 0;
}
