/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>
#include <linux/netlink.h>

G_BEGIN_DECLS

/* A netlink socket on the main loop: one request at a time, in order, each with its answers. It
 * serves NETLINK_ROUTE and NETLINK_GENERIC alike. */
#define LS_TYPE_HELPER_NETLINK (ls_helper_netlink_get_type ())
G_DECLARE_FINAL_TYPE (LsHelperNetlink, ls_helper_netlink, LS, HELPER_NETLINK, GObject)

/* Size of a buffer that any message of ours fits in. */
#define LS_HELPER_NETLINK_MESSAGE_MAX 32768

/* @protocol: NETLINK_ROUTE or NETLINK_GENERIC. LS_ERROR_BACKEND. The socket lies in the network
 * namespace of the thread that calls this. */
LsHelperNetlink *ls_helper_netlink_new (int protocol, GError **error);

/* Sends @message, whole netlink message; its sequence number and NLM_F_REQUEST are set here, and
 * NLM_F_ACK unless it is a dump (NLM_F_DUMP). Copied. */
void ls_helper_netlink_request (LsHelperNetlink *self, const struct nlmsghdr *message,
                                GCancellable *cancellable, GAsyncReadyCallback callback,
                                gpointer user_data);

/* Errors of requests: the code is the kernel's errno, ETIMEDOUT if the kernel did not answer. */
#define LS_HELPER_NETLINK_ERROR (ls_helper_netlink_error_quark ())
GQuark ls_helper_netlink_error_quark (void);

/* The answers, of GBytes, each one message from its nlmsghdr on, without NLMSG_ERROR and
 * NLMSG_DONE; freed with g_ptr_array_unref(). NULL with LS_HELPER_NETLINK_ERROR or
 * G_IO_ERROR_CANCELLED. An interrupted dump is asked again. */
GPtrArray *
ls_helper_netlink_request_finish (LsHelperNetlink *self, GAsyncResult *result, GError **error);

/* The kernel's errno (positive) of an error from request_finish(), 0 if it is another error. */
int ls_helper_netlink_error_get_errno (const GError *error);

/* Joins the multicast @group. Messages nobody asked for arrive by the signal
 * "message" (GBytes *message), messages lost by an overrun by "overrun" (): dump again. */
gboolean ls_helper_netlink_join (LsHelperNetlink *self, guint group, GError **error);

G_END_DECLS
