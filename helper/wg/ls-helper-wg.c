/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-helper-wg.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#include "ls-error.h"
#include "ls-helper-netlink.h"
#include "ls-helper-wg-message.h"

struct _LsHelperWg
{
  GObject parent_instance;

  LsHelperNetlink *netlink;
};

G_DEFINE_FINAL_TYPE (LsHelperWg, ls_helper_wg, G_TYPE_OBJECT)

/* Task data: one call, from the family's number over the dump to the writes, as far as it needs
 * them. The number is asked for each time: it is another one after the module was loaded again. */
typedef struct
{
  char *interface; /* NULL: the family is all that is asked for */
  gboolean dump;
  LsTunnel *desired; /* NULL: the dump is the result */
  LsTunnel *previous;
  GPtrArray *messages; /* of struct nlmsghdr, to write */
  guint written;
  guint16 family;
} Call;

static void
call_free (Call *call)
{
  g_free (call->interface);
  g_clear_pointer (&call->desired, ls_tunnel_free);
  g_clear_pointer (&call->previous, ls_tunnel_free);
  g_clear_pointer (&call->messages, g_ptr_array_unref);
  g_free (call);
}

static void
return_error (GTask *task, GError *error)
{
  g_autoptr (GError) owned = error;
  Call *call = g_task_get_task_data (task);
  int code = ls_helper_netlink_error_get_errno (error);

  if (code == 0)
    g_task_return_error (task, g_steal_pointer (&owned));
  else if (call->family == 0 && code == ENOENT)
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_NOT_SUPPORTED, "%s",
                             _ ("This computer’s kernel has no WireGuard."));
  else if (code == ENODEV)
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_NOT_FOUND,
                             _ ("There is no network interface “%s”."), call->interface);
  else if (code == EOPNOTSUPP)
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_CONFLICT,
                             _ ("The network interface “%s” belongs to something else."),
                             call->interface);
  else if (code == EADDRINUSE)
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_CONFLICT, "%s",
                             _ ("The UDP port for WireGuard is used by another program."));
  else
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_BACKEND, _ ("WireGuard: %s"), error->message);
}

static void write_next (GTask *task);

static void
written_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  g_autoptr (GPtrArray) answers = NULL;
  GError *error = NULL;

  answers = ls_helper_netlink_request_finish (LS_HELPER_NETLINK (source), result, &error);
  if (answers == NULL)
    {
      return_error (task, error);
      return;
    }
  call->written++;
  write_next (g_steal_pointer (&task));
}

/* (transfer full) @task */
static void
write_next (GTask *task)
{
  LsHelperWg *self = g_task_get_source_object (task);
  Call *call = g_task_get_task_data (task);
  struct nlmsghdr *message;

  if (call->written == call->messages->len)
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  message = call->messages->pdata[call->written];
  message->nlmsg_type = call->family;
  ls_helper_netlink_request (self->netlink, message, g_task_get_cancellable (task), written_cb,
                             task);
}

static LsHelperWgDevice *
parse_answers (GPtrArray *answers, GError **error)
{
  g_autoptr (LsHelperWgDevice) device = ls_helper_wg_device_new ();

  for (guint i = 0; i < answers->len; i++)
    if (!ls_helper_wg_message_parse_device (answers->pdata[i], device, error))
      return NULL;
  return g_steal_pointer (&device);
}

static void
dumped_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  GError *error = NULL;
  GPtrArray *answers
      = ls_helper_netlink_request_finish (LS_HELPER_NETLINK (source), result, &error);
  g_autoptr (LsHelperWgDevice) device = NULL;
  g_autoptr (LsHelperWgChange) change = NULL;

  if (answers != NULL)
    device = parse_answers (answers, &error);
  if (device == NULL)
    {
      return_error (task, error);
      return;
    }
  if (call->desired == NULL)
    {
      g_task_return_pointer (task, g_steal_pointer (&device),
                             (GDestroyNotify)ls_helper_wg_device_free);
      return;
    }
  change = ls_helper_wg_device_diff (device, call->desired, call->previous);
  call->messages = ls_helper_wg_message_set_device (call->interface, change);
  write_next (g_steal_pointer (&task));
}

/* (transfer full) @task */
static void
dump (GTask *task)
{
  LsHelperWg *self = g_task_get_source_object (task);
  Call *call = g_task_get_task_data (task);
  struct nlmsghdr *message = ls_helper_wg_message_get_device (call->interface);

  message->nlmsg_type = call->family;
  ls_helper_netlink_request (self->netlink, message, g_task_get_cancellable (task), dumped_cb,
                             task);
  ls_helper_wg_message_free (message);
}

static void
family_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  g_autoptr (GPtrArray) answers = NULL;
  GError *error = NULL;

  answers = ls_helper_netlink_request_finish (LS_HELPER_NETLINK (source), result, &error);
  if (answers == NULL)
    {
      return_error (task, error);
      return;
    }
  for (guint i = 0; i < answers->len && call->family == 0; i++)
    call->family = ls_helper_wg_message_parse_family (answers->pdata[i]);
  if (call->family == 0)
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_NOT_SUPPORTED, "%s",
                             _ ("This computer’s kernel has no WireGuard."));
  else if (call->dump)
    dump (g_steal_pointer (&task));
  else if (call->messages != NULL)
    write_next (g_steal_pointer (&task));
  else
    g_task_return_boolean (task, TRUE);
}

static Call *
call_new (const char *interface)
{
  Call *call = g_new0 (Call, 1);

  call->interface = g_strdup (interface);
  return call;
}

/* Takes @call. */
static void
start (LsHelperWg *self, gpointer tag, Call *call, GCancellable *cancellable,
       GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  struct nlmsghdr *message = ls_helper_wg_message_get_family ();

  g_task_set_source_tag (task, tag);
  g_task_set_task_data (task, call, (GDestroyNotify)call_free);
  ls_helper_netlink_request (self->netlink, message, cancellable, family_cb, task);
  ls_helper_wg_message_free (message);
}

static gboolean
finish_boolean (LsHelperWg *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
ls_helper_wg_check (LsHelperWg *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                    gpointer user_data)
{
  start (self, ls_helper_wg_check, call_new (NULL), cancellable, callback, user_data);
}

gboolean
ls_helper_wg_check_finish (LsHelperWg *self, GAsyncResult *result, GError **error)
{
  return finish_boolean (self, result, error);
}

void
ls_helper_wg_get_device (LsHelperWg *self, const char *interface, GCancellable *cancellable,
                         GAsyncReadyCallback callback, gpointer user_data)
{
  Call *call = call_new (interface);

  call->dump = TRUE;
  start (self, ls_helper_wg_get_device, call, cancellable, callback, user_data);
}

LsHelperWgDevice *
ls_helper_wg_get_device_finish (LsHelperWg *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
ls_helper_wg_write (LsHelperWg *self, const char *interface, const LsHelperWgChange *change,
                    GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  Call *call = call_new (interface);

  call->messages = ls_helper_wg_message_set_device (interface, change);
  start (self, ls_helper_wg_write, call, cancellable, callback, user_data);
}

gboolean
ls_helper_wg_write_finish (LsHelperWg *self, GAsyncResult *result, GError **error)
{
  return finish_boolean (self, result, error);
}

void
ls_helper_wg_apply (LsHelperWg *self, const char *interface, const LsTunnel *desired,
                    const LsTunnel *previous, GCancellable *cancellable,
                    GAsyncReadyCallback callback, gpointer user_data)
{
  Call *call = call_new (interface);

  call->dump = TRUE;
  call->desired = ls_tunnel_copy (desired);
  call->previous = previous != NULL ? ls_tunnel_copy (previous) : NULL;
  start (self, ls_helper_wg_apply, call, cancellable, callback, user_data);
}

gboolean
ls_helper_wg_apply_finish (LsHelperWg *self, GAsyncResult *result, gboolean *out_changed,
                           GError **error)
{
  Call *call = g_task_get_task_data (G_TASK (result));

  if (out_changed != NULL)
    *out_changed = call->written > 0;
  return finish_boolean (self, result, error);
}

LsHelperWg *
ls_helper_wg_new (GError **error)
{
  g_autoptr (LsHelperWg) self = g_object_new (LS_TYPE_HELPER_WG, NULL);

  self->netlink = ls_helper_netlink_new (NETLINK_GENERIC, error);
  return self->netlink != NULL ? g_steal_pointer (&self) : NULL;
}

static void
ls_helper_wg_dispose (GObject *object)
{
  LsHelperWg *self = LS_HELPER_WG (object);

  g_clear_object (&self->netlink);
  G_OBJECT_CLASS (ls_helper_wg_parent_class)->dispose (object);
}

static void
ls_helper_wg_class_init (LsHelperWgClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ls_helper_wg_dispose;
}

static void
ls_helper_wg_init (LsHelperWg *self)
{
}
