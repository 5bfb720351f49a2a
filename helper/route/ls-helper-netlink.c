/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "ls-helper-netlink"

#include "ls-helper-netlink.h"

#include <errno.h>
#include <glib-unix.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <string.h>

#include "ls-error.h"
#include "ls-secret.h"

#define REQUEST_TIMEOUT_SECONDS 5
#define REQUEST_TRIES_MAX 5
#define RECEIVE_BUFFER_BYTES (4 * 1024 * 1024)

struct _LsHelperNetlink
{
  GObject parent_instance;

  struct mnl_socket *socket;
  guint source_id;
  guint timeout_id;
  guint32 sequence;
  GQueue waiting; /* of GTask */
  GTask *current; /* the request that was sent */
};

/* Task data of a request. */
typedef struct
{
  struct nlmsghdr *message;
  GPtrArray *answers; /* of GBytes */
  guint tries;
  gboolean interrupted;
} Request;

enum
{
  MESSAGE,
  OVERRUN,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (LsHelperNetlink, ls_helper_netlink, G_TYPE_OBJECT)
G_DEFINE_QUARK (ls - helper - netlink - error - quark, ls_helper_netlink_error)

static void send_next (LsHelperNetlink *self);

static void
request_free (Request *request)
{
  /* SECURITY: a message to WireGuard holds the private key. */
  explicit_bzero (request->message, request->message->nlmsg_len);
  g_free (request->message);
  g_ptr_array_unref (request->answers);
  g_free (request);
}

/* The kernel's own words, if it sent some (NETLINK_EXT_ACK). */
static const char *
extended_ack_text (const struct nlmsghdr *header)
{
  const struct nlmsgerr *ack = mnl_nlmsg_get_payload (header);
  gsize offset = sizeof *ack;
  const struct nlattr *attr;

  if (!(header->nlmsg_flags & NLM_F_ACK_TLVS))
    return NULL;
  if (!(header->nlmsg_flags & NLM_F_CAPPED))
    offset += MNL_ALIGN (ack->msg.nlmsg_len - sizeof (struct nlmsghdr));
  if (ack->msg.nlmsg_len < sizeof (struct nlmsghdr) || mnl_nlmsg_get_payload_len (header) < offset)
    return NULL;
  mnl_attr_for_each (attr, header, offset)
  {
    if (mnl_attr_get_type (attr) == NLMSGERR_ATTR_MSG
        && mnl_attr_validate (attr, MNL_TYPE_NUL_STRING) >= 0)
      return mnl_attr_get_str (attr);
  }
  return NULL;
}

static GTask *
take_current (LsHelperNetlink *self)
{
  g_clear_handle_id (&self->timeout_id, g_source_remove);
  return g_steal_pointer (&self->current);
}

static void
complete (LsHelperNetlink *self)
{
  g_autoptr (GTask) task = take_current (self);
  Request *request = g_task_get_task_data (task);

  g_task_return_pointer (task, g_ptr_array_ref (request->answers),
                         (GDestroyNotify)g_ptr_array_unref);
  send_next (self);
}

static void
fail (LsHelperNetlink *self, int code, const char *text)
{
  g_autoptr (GTask) task = take_current (self);

  if (text != NULL)
    g_task_return_new_error (task, LS_HELPER_NETLINK_ERROR, code, "%s (%s)", g_strerror (code),
                             text);
  else
    g_task_return_new_error (task, LS_HELPER_NETLINK_ERROR, code, "%s", g_strerror (code));
  send_next (self);
}

/* A dump that changed under way, or lost messages: once more. */
static void
retry (LsHelperNetlink *self)
{
  Request *request = g_task_get_task_data (self->current);

  if (!(request->message->nlmsg_flags & NLM_F_DUMP) || request->tries >= REQUEST_TRIES_MAX)
    {
      fail (self, EINTR, NULL);
      return;
    }
  g_ptr_array_set_size (request->answers, 0);
  g_queue_push_head (&self->waiting, take_current (self));
  send_next (self);
}

static gboolean
timeout_cb (gpointer user_data)
{
  LsHelperNetlink *self = user_data;

  self->timeout_id = 0;
  fail (self, ETIMEDOUT, NULL);
  return G_SOURCE_REMOVE;
}

static void
send_next (LsHelperNetlink *self)
{
  while (self->current == NULL && !g_queue_is_empty (&self->waiting))
    {
      g_autoptr (GTask) task = g_queue_pop_head (&self->waiting);
      Request *request = g_task_get_task_data (task);

      if (g_task_return_error_if_cancelled (task))
        continue;
      if (++self->sequence == 0)
        self->sequence = 1;
      request->message->nlmsg_seq = self->sequence;
      request->interrupted = FALSE;
      request->tries++;
      if (mnl_socket_sendto (self->socket, request->message, request->message->nlmsg_len) < 0)
        {
          int code = errno;
          g_task_return_new_error (task, LS_HELPER_NETLINK_ERROR, code, "%s", g_strerror (code));
          continue;
        }
      self->current = g_steal_pointer (&task);
      self->timeout_id = g_timeout_add_seconds (REQUEST_TIMEOUT_SECONDS, timeout_cb, self);
    }
}

static void
handle_answer (LsHelperNetlink *self, const struct nlmsghdr *header)
{
  Request *request = g_task_get_task_data (self->current);

  if (header->nlmsg_flags & NLM_F_DUMP_INTR)
    request->interrupted = TRUE;
  if (header->nlmsg_type == NLMSG_ERROR)
    {
      const struct nlmsgerr *ack = mnl_nlmsg_get_payload (header);
      if (mnl_nlmsg_get_payload_len (header) < sizeof *ack)
        fail (self, EBADMSG, NULL);
      else if (ack->error != 0)
        fail (self, -ack->error, extended_ack_text (header));
      else
        complete (self);
    }
  else if (header->nlmsg_type == NLMSG_DONE)
    {
      const int *code = mnl_nlmsg_get_payload (header);
      if (mnl_nlmsg_get_payload_len (header) >= sizeof *code && *code < 0)
        fail (self, -*code, NULL);
      else if (request->interrupted)
        retry (self);
      else
        complete (self);
    }
  else if (header->nlmsg_type >= NLMSG_MIN_TYPE)
    {
      gpointer copy = g_memdup2 (header, header->nlmsg_len);
      g_ptr_array_add (request->answers, ls_secret_bytes_new_take (copy, header->nlmsg_len));
    }
}

static void
handle_message (LsHelperNetlink *self, const struct nlmsghdr *header)
{
  if (self->current != NULL && header->nlmsg_seq == self->sequence)
    handle_answer (self, header);
  else if (header->nlmsg_type >= NLMSG_MIN_TYPE)
    {
      g_autoptr (GBytes) bytes = g_bytes_new (header, header->nlmsg_len);
      g_signal_emit (self, signals[MESSAGE], 0, bytes);
    }
}

static gboolean
readable_cb (int fd, GIOCondition condition, gpointer user_data)
{
  g_autoptr (LsHelperNetlink) self = g_object_ref (user_data);
  g_autofree guint8 *buffer = g_malloc (LS_HELPER_NETLINK_MESSAGE_MAX);
  ssize_t size = mnl_socket_recvfrom (self->socket, buffer, LS_HELPER_NETLINK_MESSAGE_MAX);

  if (size < 0 && errno == ENOBUFS)
    {
      g_signal_emit (self, signals[OVERRUN], 0);
      if (self->current != NULL)
        retry (self);
    }
  if (size < 0)
    return G_SOURCE_CONTINUE;

  int left = size;
  for (const struct nlmsghdr *header = (const struct nlmsghdr *)buffer; mnl_nlmsg_ok (header, left);
       header = mnl_nlmsg_next (header, &left))
    handle_message (self, header);
  /* SECURITY: WireGuard's answers hold the private key and pre-shared keys. */
  explicit_bzero (buffer, size);
  return G_SOURCE_CONTINUE;
}

void
ls_helper_netlink_request (LsHelperNetlink *self, const struct nlmsghdr *message,
                           GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  Request *request = g_new0 (Request, 1);

  g_task_set_source_tag (task, ls_helper_netlink_request);
  request->message = g_memdup2 (message, message->nlmsg_len);
  request->message->nlmsg_flags |= NLM_F_REQUEST;
  if ((message->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
    request->message->nlmsg_flags |= NLM_F_ACK;
  request->answers = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  g_task_set_task_data (task, request, (GDestroyNotify)request_free);
  g_queue_push_tail (&self->waiting, g_steal_pointer (&task));
  send_next (self);
}

GPtrArray *
ls_helper_netlink_request_finish (LsHelperNetlink *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

int
ls_helper_netlink_error_get_errno (const GError *error)
{
  return error != NULL && error->domain == LS_HELPER_NETLINK_ERROR ? error->code : 0;
}

gboolean
ls_helper_netlink_join (LsHelperNetlink *self, guint group, GError **error)
{
  int value = group;

  if (mnl_socket_setsockopt (self->socket, NETLINK_ADD_MEMBERSHIP, &value, sizeof value) == 0)
    return TRUE;
  g_set_error (error, LS_ERROR, LS_ERROR_BACKEND, "Netlink group %u: %s", group,
               g_strerror (errno));
  return FALSE;
}

static void
set_options (struct mnl_socket *socket)
{
  int on = 1;
  int size = RECEIVE_BUFFER_BYTES;

  /* Conveniences that an old kernel may lack: nothing relies on them. */
  (void)mnl_socket_setsockopt (socket, NETLINK_EXT_ACK, &on, sizeof on);
  (void)mnl_socket_setsockopt (socket, NETLINK_CAP_ACK, &on, sizeof on);
  (void)mnl_socket_setsockopt (socket, NETLINK_GET_STRICT_CHK, &on, sizeof on);
  (void)setsockopt (mnl_socket_get_fd (socket), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
}

LsHelperNetlink *
ls_helper_netlink_new (int protocol, GError **error)
{
  g_autoptr (LsHelperNetlink) self = g_object_new (LS_TYPE_HELPER_NETLINK, NULL);

  self->socket = mnl_socket_open2 (protocol, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (self->socket == NULL || mnl_socket_bind (self->socket, 0, MNL_SOCKET_AUTOPID) < 0)
    {
      g_set_error (error, LS_ERROR, LS_ERROR_BACKEND, "Netlink: %s", g_strerror (errno));
      return NULL;
    }
  set_options (self->socket);
  self->source_id = g_unix_fd_add (mnl_socket_get_fd (self->socket), G_IO_IN, readable_cb, self);
  return g_steal_pointer (&self);
}

static void
ls_helper_netlink_dispose (GObject *object)
{
  LsHelperNetlink *self = LS_HELPER_NETLINK (object);

  g_clear_handle_id (&self->source_id, g_source_remove);
  g_clear_pointer (&self->socket, mnl_socket_close);
  G_OBJECT_CLASS (ls_helper_netlink_parent_class)->dispose (object);
}

static void
ls_helper_netlink_class_init (LsHelperNetlinkClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ls_helper_netlink_dispose;

  signals[MESSAGE] = g_signal_new ("message", LS_TYPE_HELPER_NETLINK, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 1, G_TYPE_BYTES);
  signals[OVERRUN] = g_signal_new ("overrun", LS_TYPE_HELPER_NETLINK, G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
}

static void
ls_helper_netlink_init (LsHelperNetlink *self)
{
  g_queue_init (&self->waiting);
}
