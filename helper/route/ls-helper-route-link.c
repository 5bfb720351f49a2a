/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <linux/rtnetlink.h>

#include "ls-error.h"
#include "ls-helper-route-message.h"
#include "ls-helper-route-private.h"

#define ALIAS_PREFIX "Lightscale tunnel "

void
ls_helper_link_free (LsHelperLink *link)
{
  g_free (link->name);
  g_free (link->kind);
  g_free (link->alias);
  g_free (link);
}

char *
ls_helper_route_alias_for (const char *tunnel_name)
{
  return g_strconcat (ALIAS_PREFIX, tunnel_name, NULL);
}

gboolean
ls_helper_link_is_ours (const LsHelperLink *link)
{
  return g_str_has_prefix (link->alias, ALIAS_PREFIX);
}

static const struct nlmsghdr *
answer_header (GPtrArray *answers, guint i)
{
  return g_bytes_get_data (g_ptr_array_index (answers, i), NULL);
}

static void
got_link_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) answers
      = ls_helper_netlink_request_finish (LS_HELPER_NETLINK (source), result, &error);
  LsHelperLink *link = NULL;

  if (answers != NULL && answers->len > 0)
    link = ls_helper_route_message_parse_link (answer_header (answers, 0));
  if (link != NULL)
    g_task_return_pointer (task, link, (GDestroyNotify)ls_helper_link_free);
  else if (error == NULL || ls_helper_netlink_error_get_errno (error) == ENODEV)
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_NOT_FOUND, _ ("The interface is not there."));
  else
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_BACKEND,
                             _ ("The network's state could not be read: %s"), error->message);
}

void
ls_helper_route_get_link (LsHelperRoute *self, const char *interface, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_autofree struct nlmsghdr *message = ls_helper_route_message_get_link (interface);

  g_task_set_source_tag (task, ls_helper_route_get_link);
  ls_helper_netlink_request (ls_helper_route_get_netlink (self), message, cancellable, got_link_cb,
                             task);
}

LsHelperLink *
ls_helper_route_get_link_finish (LsHelperRoute *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
listed_links_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) answers
      = ls_helper_netlink_request_finish (LS_HELPER_NETLINK (source), result, &error);

  if (answers == NULL)
    {
      g_task_return_new_error (task, LS_ERROR, LS_ERROR_BACKEND,
                               _ ("The network's state could not be read: %s"), error->message);
      return;
    }
  GPtrArray *links = g_ptr_array_new_with_free_func ((GDestroyNotify)ls_helper_link_free);
  for (guint i = 0; i < answers->len; i++)
    {
      LsHelperLink *link = ls_helper_route_message_parse_link (answer_header (answers, i));
      if (link != NULL)
        g_ptr_array_add (links, link);
    }
  g_task_return_pointer (task, links, (GDestroyNotify)g_ptr_array_unref);
}

void
ls_helper_route_list_links (LsHelperRoute *self, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_autofree struct nlmsghdr *message = ls_helper_route_message_dump_links ();

  g_task_set_source_tag (task, ls_helper_route_list_links);
  ls_helper_netlink_request (ls_helper_route_get_netlink (self), message, cancellable,
                             listed_links_cb, task);
}

GPtrArray *
ls_helper_route_list_links_finish (LsHelperRoute *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
set_alias_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) answers
      = ls_helper_netlink_request_finish (LS_HELPER_NETLINK (source), result, &error);

  if (answers != NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_BACKEND,
                             _ ("The interface could not be marked: %s"), error->message);
}

static void
got_link_for_alias_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  LsHelperRoute *self = LS_HELPER_ROUTE (source);
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (LsHelperLink) link = ls_helper_route_get_link_finish (self, result, &error);

  if (link == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  g_autofree struct nlmsghdr *message
      = ls_helper_route_message_set_alias (link->index, g_task_get_task_data (task));
  GCancellable *cancellable = g_task_get_cancellable (task);
  ls_helper_netlink_request (ls_helper_route_get_netlink (self), message, cancellable, set_alias_cb,
                             g_steal_pointer (&task));
}

void
ls_helper_route_set_alias (LsHelperRoute *self, const char *interface, const char *alias,
                           GCancellable *cancellable, GAsyncReadyCallback callback,
                           gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, ls_helper_route_set_alias);
  g_task_set_task_data (task, g_strdup (alias), g_free);
  ls_helper_route_get_link (self, interface, cancellable, got_link_for_alias_cb, task);
}

gboolean
ls_helper_route_set_alias_finish (LsHelperRoute *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Task data of ls_helper_route_add_link(). */
typedef struct
{
  char *interface;
  char *alias;
} NewLink;

static void
new_link_free (NewLink *link)
{
  g_free (link->interface);
  g_free (link->alias);
  g_free (link);
}

/* The kernel takes no alias with a new link: a second message sets it. */
static void
marked_link_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (ls_helper_route_set_alias_finish (LS_HELPER_ROUTE (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
added_link_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) answers
      = ls_helper_netlink_request_finish (LS_HELPER_NETLINK (source), result, &error);
  int code = ls_helper_netlink_error_get_errno (error);

  if (answers != NULL)
    {
      const NewLink *link = g_task_get_task_data (task);
      LsHelperRoute *self = g_task_get_source_object (task);
      ls_helper_route_set_alias (self, link->interface, link->alias, NULL, marked_link_cb,
                                 g_steal_pointer (&task));
    }
  else if (code == EEXIST)
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_CONFLICT,
                             _ ("Another program has an interface of the same name."));
  else if (code == EOPNOTSUPP)
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_NOT_SUPPORTED,
                             _ ("The kernel has no WireGuard."));
  else
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_BACKEND,
                             _ ("The interface could not be made: %s"), error->message);
}

void
ls_helper_route_add_link (LsHelperRoute *self, const char *interface, const char *kind,
                          const char *alias, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  g_autofree struct nlmsghdr *message = ls_helper_route_message_add_link (interface, kind);
  NewLink *link = g_new0 (NewLink, 1);

  link->interface = g_strdup (interface);
  link->alias = g_strdup (alias);
  g_task_set_task_data (task, link, (GDestroyNotify)new_link_free);

  g_task_set_source_tag (task, ls_helper_route_add_link);
  ls_helper_netlink_request (ls_helper_route_get_netlink (self), message, cancellable,
                             added_link_cb, task);
}

gboolean
ls_helper_route_add_link_finish (LsHelperRoute *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
