/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* A tunnel of this program's own connection, with backends that do as they are told: what its owner
 * has and hears when a change fails. */
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "ls-error.h"
#include "ls-helper-tunnel.h"

typedef LsHelperBackendClass FakeBackendClass;

typedef struct
{
  LsHelperBackend parent_instance;

  GString *log; /* shared */
  char letter;
  gboolean absent;
  gboolean damaged; /* there is something to mend, whenever */
  guint failing_applies;
  guint failing_removes;
} FakeBackend;

static GType fake_backend_get_type (void);
G_DEFINE_TYPE (FakeBackend, fake_backend, LS_TYPE_HELPER_BACKEND)

static void
note (FakeBackend *self, const char *what, gboolean ok)
{
  g_string_append_printf (self->log, "%c:%s%s ", self->letter, what, ok ? "" : "!");
}

static void
answer (FakeBackend *self, const char *what, gboolean ok, GAsyncReadyCallback callback,
        gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);

  note (self, what, ok);
  if (ok)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_BACKEND, "%s", what);
}

static gboolean
should_fail (guint *failing)
{
  return *failing > 0 && (*failing)-- > 0;
}

static void
is_available (LsHelperBackend *backend, GCancellable *cancellable, GAsyncReadyCallback callback,
              gpointer user_data)
{
  FakeBackend *self = (FakeBackend *)backend;
  answer (self, "available", !self->absent, callback, user_data);
}

static void
apply (LsHelperBackend *backend, const char *name, const char *interface, const LsTunnel *desired,
       const LsTunnel *previous, GCancellable *cancellable, GAsyncReadyCallback callback,
       gpointer user_data)
{
  FakeBackend *self = (FakeBackend *)backend;
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  gboolean ok = !should_fail (&self->failing_applies);

  note (self, "apply", ok);
  if (!ok)
    {
      g_task_return_new_error (task, LS_ERROR, LS_ERROR_BACKEND, "apply");
      return;
    }
  LsHelperApplied *applied = g_new0 (LsHelperApplied, 1);
  applied->listen_port = desired->listen_port;
  applied->changed = TRUE;
  g_task_return_pointer (task, applied, g_free);
}

static void
remove_tunnel (LsHelperBackend *backend, const char *name, const char *interface, GVariant *state,
               GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  FakeBackend *self = (FakeBackend *)backend;
  answer (self, "remove", !should_fail (&self->failing_removes), callback, user_data);
}

static void
adopt (LsHelperBackend *backend, const char *name, const char *interface, const LsTunnel *tunnel,
       GVariant *state, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  answer ((FakeBackend *)backend, "adopt", TRUE, callback, user_data);
}

static void
mend (LsHelperBackend *backend, const char *name, const char *interface, const LsTunnel *tunnel,
      GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  FakeBackend *self = (FakeBackend *)backend;
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  LsHelperApplied *applied = g_new0 (LsHelperApplied, 1);

  note (self, "mend", TRUE);
  applied->changed = self->damaged;
  g_task_return_pointer (task, applied, g_free);
}

static void
fake_backend_class_init (FakeBackendClass *klass)
{
  LsHelperBackendClass *backend_class = LS_HELPER_BACKEND_CLASS (klass);

  backend_class->kind = LS_BACKEND_KERNEL;
  backend_class->is_available = is_available;
  backend_class->apply = apply;
  backend_class->mend = mend;
  backend_class->remove = remove_tunnel;
  backend_class->adopt = adopt;
}

static void
fake_backend_init (FakeBackend *self)
{
}

/* Another one, of another kind. */
typedef FakeBackend OtherBackend;
typedef FakeBackendClass OtherBackendClass;

static GType other_backend_get_type (void);
G_DEFINE_TYPE (OtherBackend, other_backend, fake_backend_get_type ())

static void
other_backend_class_init (OtherBackendClass *klass)
{
  klass->kind = LS_BACKEND_USERSPACE;
}

static void
other_backend_init (OtherBackend *self)
{
}

/* One for all cases: it changes the environment, which is not to be done beside other threads. */
static GTestDBus *bus;

typedef struct
{
  GDBusConnection *connection;
  char *folder;
  GString *log;
  FakeBackend *kernel, *userspace;
  LsHelperAuthority *authority;
  GHashTable *interfaces;
  LsHelperTunnel *tunnel;
  LsTunnel *values;
  GString *told; /* to the owner */
  gboolean gone;
  GAsyncResult *result;
} Case;

static void
changed_cb (LsHelperTunnel *tunnel, const char *owner, const char *state, const char *reason,
            gpointer user_data)
{
  g_string_append_printf (((Case *)user_data)->told, "%s (%s) ", state, reason);
}

static void
gone_cb (LsHelperTunnel *tunnel, gpointer user_data)
{
  ((Case *)user_data)->gone = TRUE;
}

static FakeBackend *
backend_new (GType type, char letter, GString *log)
{
  FakeBackend *backend = g_object_new (type, NULL);

  backend->letter = letter;
  backend->log = log;
  return backend;
}

/* The tunnel as a helper before this one has left it: made by the kernel's backend, and ours. */
static void
load (Case *self)
{
  LsHelperJournalEntry entry = {
    .name = (char *)"home",
    .interface = (char *)"ls-home",
    .backend = LS_BACKEND_KERNEL,
    .uid = getuid (),
    .owner = (char *)g_dbus_connection_get_unique_name (self->connection),
    .bus_id = (char *)g_dbus_connection_get_guid (self->connection),
    .wanted_port = self->values->listen_port,
    .tunnel = self->values,
  };

  ls_helper_tunnel_load (self->tunnel, &entry);
  while (ls_helper_tunnel_is_busy (self->tunnel))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (self->log->str, ==, "k:adopt ");
  g_string_truncate (self->log, 0);
}

static LsTunnel *
new_values (void)
{
  LsTunnel *tunnel = ls_tunnel_new ();
  LsKey public_key;
  LsPrefix prefix;

  ls_key_generate_wireguard (&tunnel->private_key, &public_key);
  g_assert_true (ls_prefix_parse ("100.64.0.2/32", &prefix, NULL));
  ls_tunnel_add_address (tunnel, &prefix);
  return tunnel;
}

static void
set_up (Case *self, gconstpointer data)
{
  g_autoptr (GPtrArray) backends = g_ptr_array_new_with_free_func (g_object_unref);

  self->connection = g_dbus_connection_new_for_address_sync (
      g_test_dbus_get_bus_address (bus),
      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
          | G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
      NULL, NULL, NULL);
  g_assert_nonnull (self->connection);
  self->folder = g_dir_make_tmp ("ls-tunnel-XXXXXX", NULL);
  self->log = g_string_new (NULL);
  self->told = g_string_new (NULL);
  self->kernel = backend_new (fake_backend_get_type (), 'k', self->log);
  self->userspace = backend_new (other_backend_get_type (), 'u', self->log);
  g_ptr_array_add (backends, self->kernel);
  g_ptr_array_add (backends, self->userspace);
  self->authority = ls_helper_authority_new ();
  self->interfaces = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->tunnel = ls_helper_tunnel_new (self->connection, self->authority, backends,
                                       self->interfaces, self->folder, "home");
  self->values = new_values ();
  g_signal_connect (self->tunnel, "changed", G_CALLBACK (changed_cb), self);
  g_signal_connect (self->tunnel, "gone", G_CALLBACK (gone_cb), self);
  load (self);
}

static void
tear_down (Case *self, gconstpointer data)
{
  g_object_unref (self->tunnel);
  g_hash_table_unref (self->interfaces);
  g_object_unref (self->authority);
  ls_tunnel_free (self->values);
  ls_helper_journal_delete (self->folder, "home");
  g_assert_cmpint (g_rmdir (self->folder), ==, 0);
  g_free (self->folder);
  g_string_free (self->log, TRUE);
  g_string_free (self->told, TRUE);
  g_dbus_connection_close_sync (self->connection, NULL, NULL);
  g_object_unref (self->connection);
}

static void
called_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  ((Case *)user_data)->result = g_object_ref (result);
}

/* ApplyTunnel with the other backend. */
static GVariant *
change_backend (Case *self, GError **error)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (LsHelperCaller) caller = ls_helper_caller_new (
      getuid (), g_dbus_connection_get_unique_name (self->connection), FALSE, cancellable);
  LsHelperRequest *request = g_new0 (LsHelperRequest, 1);

  request->method = LS_HELPER_METHOD_APPLY_TUNNEL;
  request->name = g_strdup ("home");
  request->tunnel = ls_tunnel_copy (self->values);
  request->tunnel->backend = LS_BACKEND_USERSPACE;
  request->peers = g_ptr_array_new ();
  request->removed = g_array_new (FALSE, FALSE, sizeof (LsKey));
  ls_helper_tunnel_call (self->tunnel, caller, request, called_cb, self);
  while (self->result == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_autoptr (GAsyncResult) result = g_steal_pointer (&self->result);
  return ls_helper_tunnel_call_finish (self->tunnel, result, error);
}

static void
assert_kept (Case *self, const char *log)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = change_backend (self, &error);

  g_assert_null (answer);
  g_assert_error (error, LS_ERROR, LS_ERROR_BACKEND);
  g_assert_cmpstr (self->log->str, ==, log);
  g_assert_cmpstr (self->told->str, ==, "");
  g_assert_false (self->gone);
  g_assert_cmpstr (ls_helper_tunnel_get_state (self->tunnel), ==, "up");
  g_assert_true (ls_helper_tunnel_get_backend (self->tunnel) == (LsHelperBackend *)self->kernel);
  g_autoptr (GPtrArray) entries = ls_helper_journal_load (self->folder);
  g_assert_cmpuint (entries->len, ==, 1);
  const LsHelperJournalEntry *entry = entries->pdata[0];
  g_assert_cmpint (entry->backend, ==, LS_BACKEND_KERNEL);
  g_assert_false (entry->applying);
  g_assert_true (ls_tunnel_equal (entry->tunnel, self->values));
}

static void
test_change (Case *self, gconstpointer data)
{
  g_autoptr (GVariant) answer = change_backend (self, NULL);

  g_assert_nonnull (answer);
  g_assert_cmpstr (self->log->str, ==, "u:available k:remove u:apply ");
  g_assert_cmpstr (self->told->str, ==, "up (applied) ");
}

static void
test_apply_fails (Case *self, gconstpointer data)
{
  self->userspace->failing_applies = 1;
  assert_kept (self, "u:available k:remove u:apply! u:remove k:apply ");
}

static void
test_apply_and_undo_fail (Case *self, gconstpointer data)
{
  self->userspace->failing_applies = 1;
  self->userspace->failing_removes = 1;
  g_test_expect_message ("ls-helper-tunnel", G_LOG_LEVEL_WARNING, "*could not be undone*");
  assert_kept (self, "u:available k:remove u:apply! u:remove! k:apply ");
  g_test_assert_expected_messages ();
}

static void
test_remove_fails (Case *self, gconstpointer data)
{
  self->kernel->failing_removes = 1;
  assert_kept (self, "u:available k:remove! k:apply ");
}

static void
test_going_back_fails (Case *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  self->userspace->failing_applies = 1;
  self->kernel->failing_applies = 1;
  g_assert_null (change_backend (self, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_BACKEND);
  g_assert_cmpstr (self->log->str, ==, "u:available k:remove u:apply! u:remove k:apply! k:remove ");
  g_assert_cmpstr (self->told->str, ==, "down (removed) ");
  g_assert_true (self->gone);
  g_assert_cmpuint (g_hash_table_size (self->interfaces), ==, 0);
}

static guint
count (const GString *text, const char *word)
{
  guint n = 0;

  for (const char *p = text->str; (p = strstr (p, word)) != NULL; p++)
    n++;
  return n;
}

/* How many mendings there are in @milliseconds in which others never rest. */
static guint
mendings (Case *self, guint milliseconds)
{
  gint64 end = g_get_monotonic_time () + milliseconds * (gint64)1000;

  g_string_truncate (self->log, 0);
  while (g_get_monotonic_time () < end)
    {
      ls_helper_tunnel_mend_soon (self->tunnel);
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
  return count (self->log, "k:mend");
}

static void
test_mend (Case *self, gconstpointer data)
{
  /* That somebody looks in vain is no mending and is not told. */
  g_assert_cmpuint (mendings (self, (LS_HELPER_MENDS_MAX + 5) * LS_HELPER_MEND_SETTLE_MS), >, 0);
  g_assert_cmpstr (self->told->str, ==, "");
  self->kernel->damaged = TRUE;
  while (count (self->told, "up (repaired)") == 0)
    mendings (self, LS_HELPER_MEND_SETTLE_MS);
}

/* Who never rests is not answered without end. */
static void
test_fight (Case *self, gconstpointer data)
{
  gint64 end = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;
  guint done = 0;

  self->kernel->damaged = TRUE;
  while (done < LS_HELPER_MENDS_MAX && g_get_monotonic_time () < end)
    done += mendings (self, LS_HELPER_MEND_SETTLE_MS);
  g_assert_cmpuint (done, ==, LS_HELPER_MENDS_MAX);
  g_assert_cmpuint (mendings (self, 5 * LS_HELPER_MEND_SETTLE_MS), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  bus = g_test_dbus_new (G_TEST_DBUS_NONE);
  g_test_dbus_up (bus);
#define ADD(name, test)                                                                            \
  g_test_add ("/helper-tunnel/change-backend/" name, Case, NULL, set_up, test, tear_down)
  ADD ("done", test_change);
  ADD ("apply-fails", test_apply_fails);
  ADD ("apply-and-undo-fail", test_apply_and_undo_fail);
  ADD ("remove-fails", test_remove_fails);
  ADD ("going-back-fails", test_going_back_fails);
  g_test_add ("/helper-tunnel/mend", Case, NULL, set_up, test_mend, tear_down);
  g_test_add ("/helper-tunnel/fight", Case, NULL, set_up, test_fight, tear_down);
  int status = g_test_run ();
  g_test_dbus_down (bus);
  g_object_unref (bus);
  return status;
}
