/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "ls-helper-wg-message.h"

#include <string.h>

/* Netlink messages of WireGuard's family, one behind the other as they come from the kernel. */
static GBytes *
next_message (const guint8 *data, gsize size)
{
  struct nlmsghdr header;

  if (size < sizeof header)
    return NULL;
  memcpy (&header, data, sizeof header);
  return g_bytes_new (data, CLAMP (header.nlmsg_len, sizeof header, size));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (LsHelperWgDevice) device = ls_helper_wg_device_new ();
  g_autoptr (LsTunnel) desired = ls_tunnel_new ();
  g_autoptr (LsHelperWgChange) change = NULL;
  g_autoptr (GArray) statistics = NULL;

  for (;;)
    {
      g_autoptr (GBytes) message = next_message (data, size);
      gsize length;

      if (message == NULL)
        break;
      (void)ls_helper_wg_message_parse_family (message);
      if (!ls_helper_wg_message_parse_device (message, device, NULL))
        return 0;
      length = MIN (NLMSG_ALIGN (g_bytes_get_size (message)), size);
      data += length;
      size -= length;
    }
  statistics = ls_helper_wg_device_dup_statistics (device);
  FUZZ_CHECK (statistics->len == device->peers->len);
  change = ls_helper_wg_device_diff (device, desired, NULL);
  {
    g_autoptr (GPtrArray) messages = ls_helper_wg_message_set_device ("ls-fuzz", change);

    FUZZ_CHECK ((messages->len == 0) == ls_helper_wg_change_is_empty (change));
  }
  return 0;
}
