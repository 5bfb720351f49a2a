/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <polkit/polkit.h>

#include "ls-error.h"
#include "ls-helper-authority.h"

struct _LsHelperAuthority
{
  GObject parent_instance;

  PolkitAuthority *polkit; /* once it has answered */
};

G_DEFINE_FINAL_TYPE (LsHelperAuthority, ls_helper_authority, G_TYPE_OBJECT)

typedef struct
{
  PolkitSubject *subject;
  GStrv actions;
  guint next; /* index into actions of the one being asked */
  PolkitCheckAuthorizationFlags flags;
} Check;

static void ask_next (GTask *task);

static void
check_free (Check *check)
{
  g_object_unref (check->subject);
  g_strfreev (check->actions);
  g_free (check);
}

static void
ls_helper_authority_finalize (GObject *object)
{
  LsHelperAuthority *self = LS_HELPER_AUTHORITY (object);

  g_clear_object (&self->polkit);
  G_OBJECT_CLASS (ls_helper_authority_parent_class)->finalize (object);
}

static void
ls_helper_authority_class_init (LsHelperAuthorityClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ls_helper_authority_finalize;
}

static void
ls_helper_authority_init (LsHelperAuthority *self)
{
}

/* SECURITY: polkit not answering is not a yes. */
static void
return_unavailable (GTask *task, const GError *cause)
{
  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CANCELLED)
      || g_error_matches (cause, POLKIT_ERROR, POLKIT_ERROR_CANCELLED))
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s",
                               _ ("The operation was cancelled"));
      return;
    }
  g_warning ("polkit: %s", cause->message);
  g_task_return_new_error (task, LS_ERROR, LS_ERROR_POLKIT_UNAVAILABLE, "%s",
                           _ ("polkit, which decides who may change the network, did not answer"));
}

static void
return_refused (GTask *task, PolkitAuthorizationResult *result)
{
  const Check *check = g_task_get_task_data (task);

  if (!polkit_authorization_result_get_is_challenge (result)
      || polkit_authorization_result_get_dismissed (result))
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_NOT_AUTHORIZED,
                             _ ("You are not allowed to do this (%s)"),
                             check->actions[check->next]);
  else if (check->flags == POLKIT_CHECK_AUTHORIZATION_FLAGS_NONE)
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_NOT_AUTHORIZED,
                             _ ("A password is needed for this, and the program did not let it be "
                                "asked for (%s)"),
                             check->actions[check->next]);
  else
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_NO_POLKIT_AGENT,
                             _ ("A password is needed for this, and nothing in this session can "
                                "ask for it (%s)"),
                             check->actions[check->next]);
}

static void
checked_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Check *check = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (PolkitAuthorizationResult) answer = NULL;

  answer = polkit_authority_check_authorization_finish (POLKIT_AUTHORITY (source), result, &error);
  if (answer == NULL)
    {
      return_unavailable (task, error);
    }
  else if (!polkit_authorization_result_get_is_authorized (answer))
    {
      return_refused (task, answer);
    }
  else
    {
      check->next++;
      ask_next (task);
    }
}

static void
ask_next (GTask *task)
{
  LsHelperAuthority *self = g_task_get_source_object (task);
  const Check *check = g_task_get_task_data (task);

  if (g_task_return_error_if_cancelled (task))
    return;
  if (check->actions[check->next] == NULL)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  polkit_authority_check_authorization (self->polkit, check->subject, check->actions[check->next],
                                        NULL, check->flags, g_task_get_cancellable (task),
                                        checked_cb, g_object_ref (task));
}

static void
authority_ready_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LsHelperAuthority *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;
  PolkitAuthority *polkit = polkit_authority_get_finish (result, &error);

  if (polkit == NULL)
    {
      return_unavailable (task, error);
      return;
    }
  g_set_object (&self->polkit, polkit);
  g_object_unref (polkit);
  ask_next (task);
}

LsHelperAuthority *
ls_helper_authority_new (void)
{
  return g_object_new (LS_TYPE_HELPER_AUTHORITY, NULL);
}

void
ls_helper_authority_check_async (LsHelperAuthority *self, const char *sender,
                                 const char *const *actions, gboolean interactive,
                                 GCancellable *cancellable, GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  Check *check = g_new0 (Check, 1);

  g_task_set_source_tag (task, ls_helper_authority_check_async);
  /* SECURITY: polkit itself looks up who owns the unique name, so a caller that vanished or another
   * process with its id is never asked about. */
  check->subject = polkit_system_bus_name_new (sender);
  check->actions = g_strdupv ((char **)actions);
  check->flags = interactive ? POLKIT_CHECK_AUTHORIZATION_FLAGS_ALLOW_USER_INTERACTION
                             : POLKIT_CHECK_AUTHORIZATION_FLAGS_NONE;
  g_task_set_task_data (task, check, (GDestroyNotify)check_free);
  if (self->polkit != NULL || check->actions[0] == NULL)
    ask_next (task);
  else
    polkit_authority_get_async (cancellable, authority_ready_cb, g_object_ref (task));
}

gboolean
ls_helper_authority_check_finish (LsHelperAuthority *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
