/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>
#include <linux/netlink.h>

#include "ls-helper-wg-device.h"

G_BEGIN_DECLS

/* Messages of WireGuard's generic netlink family (linux/wireguard.h), built and read without any
 * I/O. Builders leave the message type of WireGuard's messages 0: the sender sets the family's
 * number. Messages are freed with ls_helper_wg_message_free(). */

/* A message of ours is never longer than this; what does not fit goes into the next. */
#define LS_HELPER_WG_MESSAGE_MAX 16384

/* Wipes @message: it may hold keys. */
void ls_helper_wg_message_free (struct nlmsghdr *message);

/* Asks the controller for the number of WireGuard's family; the kernel loads the module for it. */
struct nlmsghdr *ls_helper_wg_message_get_family (void);

/* The family's number in the answer @bytes; 0 if it is not there. */
guint16 ls_helper_wg_message_parse_family (GBytes *bytes);

/* Asks for the device @interface. */
struct nlmsghdr *ls_helper_wg_message_get_device (const char *interface);

/* Adds one message of the answer, which comes in any number of them, to @device. @bytes is a whole
 * netlink message. LS_ERROR_BACKEND if it makes no sense; @device is to be thrown away then. */
gboolean
ls_helper_wg_message_parse_device (GBytes *bytes, LsHelperWgDevice *device, GError **error);

/* The messages (of struct nlmsghdr) that write @change to @interface, to be sent in this order;
 * empty if there is nothing to write. */
GPtrArray *ls_helper_wg_message_set_device (const char *interface, const LsHelperWgChange *change);

G_END_DECLS
