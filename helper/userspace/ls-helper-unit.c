/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#define G_LOG_DOMAIN "ls-helper-unit"

#include "config.h"

#include "ls-helper-unit.h"

#include <glib/gi18n-lib.h>
#include <linux/capability.h>
#include <string.h>
#include <unistd.h>

#include "ls-error.h"
#include "ls-helper-uapi-client.h"

#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define STOP_TIMEOUT_USEC (G_GUINT64_CONSTANT (3000000))

gboolean
ls_helper_unit_is_possible (void)
{
  return access ("/run/systemd/system", F_OK) == 0;
}

char *
ls_helper_unit_name (const char *interface)
{
  return g_strconcat ("lightscale-wireguard-", interface, ".service", NULL);
}

gboolean
ls_helper_unit_has_process (const char *name, int pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/cgroup", pid);
  g_autofree char *text = NULL;
  g_autofree char *end = g_strconcat ("/", name, "\n", NULL);

  return g_file_get_contents (path, &text, NULL, NULL) && strstr (text, end) != NULL;
}

static void
add_property (GVariantBuilder *builder, const char *name, GVariant *value)
{
  g_variant_builder_add (builder, "(sv)", name, value);
}

/* Task data: a call of systemd's manager. */
typedef struct
{
  const char *method;
  GVariant *arguments;
} ManagerCall;

static void
manager_call_free (ManagerCall *call)
{
  g_variant_unref (call->arguments);
  g_free (call);
}

/* The sandbox of the helper's own unit, less what the program does not need. */
static void
add_sandbox (GVariantBuilder *builder)
{
  static const char *const yes[]
      = { "NoNewPrivileges",   "PrivateTmp",           "ProtectKernelModules",
          "ProtectKernelLogs", "ProtectControlGroups", "ProtectKernelTunables",
          "ProtectHostname",   "ProtectClock",         "RestrictRealtime",
          "RestrictSUIDSGID",  "LockPersonality",      "MemoryDenyWriteExecute" };

  for (guint i = 0; i < G_N_ELEMENTS (yes); i++)
    add_property (builder, yes[i], g_variant_new_boolean (TRUE));
  add_property (builder, "CapabilityBoundingSet",
                g_variant_new_uint64 (G_GUINT64_CONSTANT (1) << CAP_NET_ADMIN));
  add_property (builder, "ProtectSystem", g_variant_new_string ("strict"));
  add_property (builder, "ProtectHome", g_variant_new_string ("yes"));
  add_property (builder, "ReadWritePaths",
                g_variant_new_strv ((const char *[]){ LS_HELPER_UAPI_DIRECTORY }, 1));
  add_property (builder, "DevicePolicy", g_variant_new_string ("closed"));
  add_property (builder, "DeviceAllow", g_variant_new_parsed ("[('/dev/net/tun', 'rw')]"));
  add_property (builder, "RestrictAddressFamilies",
                g_variant_new_parsed ("(true, ['AF_UNIX', 'AF_NETLINK', 'AF_INET', 'AF_INET6'])"));
  add_property (builder, "SystemCallArchitectures",
                g_variant_new_strv ((const char *[]){ "native" }, 1));
  add_property (builder, "SystemCallFilter", g_variant_new_parsed ("(true, ['@system-service'])"));
  add_property (builder, "UMask", g_variant_new_uint32 (0077));
  add_property (builder, "LimitCORE", g_variant_new_uint64 (0));
}

static GVariant *
build_exec (const char *const *argv)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(sasb)"));
  g_variant_builder_add (&builder, "(s^asb)", argv[0], argv, FALSE);
  return g_variant_builder_end (&builder);
}

GVariant *
ls_helper_unit_build (const char *name, const char *const *argv, const char *const *environment)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(sv)"));
  add_property (&builder, "Description",
                g_variant_new_string ("Userspace WireGuard of Lightscale"));
  add_property (&builder, "Type", g_variant_new_string ("exec"));
  add_property (&builder, "CollectMode", g_variant_new_string ("inactive-or-failed"));
  add_property (&builder, "TimeoutStopUSec", g_variant_new_uint64 (STOP_TIMEOUT_USEC));
  add_property (&builder, "Environment", g_variant_new_strv (environment, -1));
  add_property (&builder, "ExecStart", build_exec (argv));
  add_sandbox (&builder);
  return g_variant_new ("(ssa(sv)a(sa(sv)))", name, "replace", &builder, NULL);
}

static void
called_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (answer != NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_new_error (task, LS_ERROR, LS_ERROR_BACKEND,
                             _ ("systemd did not do what was asked: %s"), error->message);
}

static void
got_bus_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) bus = g_bus_get_finish (result, &error);

  if (bus == NULL)
    {
      g_task_return_new_error (task, LS_ERROR, LS_ERROR_BACKEND,
                               _ ("systemd did not do what was asked: %s"), error->message);
      return;
    }
  const ManagerCall *call = g_task_get_task_data (task);
  GCancellable *cancellable = g_task_get_cancellable (task);
  g_dbus_connection_call (bus, SYSTEMD_NAME, "/org/freedesktop/systemd1", SYSTEMD_NAME ".Manager",
                          call->method, call->arguments, G_VARIANT_TYPE ("(o)"),
                          G_DBUS_CALL_FLAGS_NONE, -1, cancellable, called_cb,
                          g_steal_pointer (&task));
}

/* Takes @arguments (floating). */
static void
call_manager (const char *method, GVariant *arguments, gpointer tag, GCancellable *cancellable,
              GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  ManagerCall *call = g_new0 (ManagerCall, 1);

  g_task_set_source_tag (task, tag);
  call->method = method;
  call->arguments = g_variant_ref_sink (arguments);
  g_task_set_task_data (task, call, (GDestroyNotify)manager_call_free);
  g_bus_get (G_BUS_TYPE_SYSTEM, cancellable, got_bus_cb, task);
}

void
ls_helper_unit_start (const char *name, const char *const *argv, const char *const *environment,
                      GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  call_manager ("StartTransientUnit", ls_helper_unit_build (name, argv, environment),
                ls_helper_unit_start, cancellable, callback, user_data);
}

gboolean
ls_helper_unit_start_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
ls_helper_unit_stop (const char *name, GAsyncReadyCallback callback, gpointer user_data)
{
  call_manager ("StopUnit", g_variant_new ("(ss)", name, "replace"), ls_helper_unit_stop, NULL,
                callback, user_data);
}

gboolean
ls_helper_unit_stop_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
