/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-helper-choice.h"

#include <glib/gi18n-lib.h>

#include "ls-error.h"

/* Task data. */
typedef struct
{
  GPtrArray *backends;
  LsBackendKind kind;
  guint next;
  GString *reasons;
} Choice;

static void try_next (GTask *task);

static void
choice_free (Choice *choice)
{
  g_ptr_array_unref (choice->backends);
  g_string_free (choice->reasons, TRUE);
  g_free (choice);
}

static void
asked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Choice *choice = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  if (ls_helper_backend_is_available_finish (LS_HELPER_BACKEND (source), result, &error))
    {
      g_task_return_pointer (task, g_object_ref (source), g_object_unref);
      return;
    }
  if (choice->reasons->len > 0)
    g_string_append_c (choice->reasons, ' ');
  g_string_append (choice->reasons, error->message);
  try_next (task);
}

static void
try_next (GTask *task)
{
  Choice *choice = g_task_get_task_data (task);

  while (choice->next < choice->backends->len)
    {
      LsHelperBackend *backend = g_ptr_array_index (choice->backends, choice->next++);
      if (choice->kind != LS_BACKEND_AUTO && ls_helper_backend_get_kind (backend) != choice->kind)
        continue;
      ls_helper_backend_is_available (backend, NULL, asked_cb, g_object_ref (task));
      return;
    }
  if (choice->kind != LS_BACKEND_AUTO && choice->reasons->len > 0)
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_BACKEND, "%s", choice->reasons->str);
  else
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_NOT_SUPPORTED,
                             _ ("WireGuard cannot be used on this machine. %s"),
                             choice->reasons->str);
}

void
ls_helper_choose_backend (GPtrArray *backends, LsBackendKind kind, GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  Choice *choice = g_new0 (Choice, 1);

  g_task_set_source_tag (task, ls_helper_choose_backend);
  choice->backends = g_ptr_array_ref (backends);
  choice->kind = kind;
  choice->reasons = g_string_new (NULL);
  g_task_set_task_data (task, choice, (GDestroyNotify)choice_free);
  try_next (task);
}

LsHelperBackend *
ls_helper_choose_backend_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}
