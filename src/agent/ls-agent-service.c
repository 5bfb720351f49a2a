/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-service.h"

#include <glib/gi18n-lib.h>

#include "ls-agent-private.h"
#include "ls-agent-service-profile.h"
#include "ls-control-client.h"
#include "ls-error.h"
#include "ls-ident.h"
#include "ls-names.h"

struct _LsAgentService
{
  GObject parent_instance;

  LsAgent *agent;
  LsAgentIpcManager *manager;
  GDBusObjectManagerServer *objects;
  GPtrArray *paths; /* of char*, as exported, in the list's order */
  guint checks; /* CheckServer under way */
};

#define CHECKS_MAX 8 /* each is connections, and nobody looks at more servers at once */

/* A CheckServer under way. */
typedef struct
{
  LsAgentService *service;
  GDBusMethodInvocation *invocation;
} Check;

G_DEFINE_FINAL_TYPE (LsAgentService, ls_agent_service, G_TYPE_OBJECT)

/* What this agent can do, for windows of another version. */
static const char *const features[] = { "token", "approval", NULL };

static void
ls_agent_service_dispose (GObject *object)
{
  LsAgentService *self = LS_AGENT_SERVICE (object);

  if (self->agent != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->agent, self);
      g_signal_handlers_disconnect_by_data (ls_agent_get_context (self->agent)->notices, self);
    }
  if (self->manager != NULL)
    g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (self->manager));
  if (self->objects != NULL)
    g_dbus_object_manager_server_set_connection (self->objects, NULL);
  g_clear_object (&self->manager);
  g_clear_object (&self->objects);
  g_clear_object (&self->agent);
  g_clear_pointer (&self->paths, g_ptr_array_unref);
  G_OBJECT_CLASS (ls_agent_service_parent_class)->dispose (object);
}

static void
ls_agent_service_class_init (LsAgentServiceClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = ls_agent_service_dispose;
}

static void
ls_agent_service_init (LsAgentService *self)
{
  self->paths = g_ptr_array_new_with_free_func (g_free);
}

/* Objects of the profiles */

static void
export_profile (LsAgentService *self, guint position)
{
  g_autoptr (LsAgentProfile) profile = g_list_model_get_item (G_LIST_MODEL (self->agent), position);
  char *path = ls_profile_object_path (ls_agent_profile_get_name (profile));
  g_autoptr (LsAgentIpcObjectSkeleton) object = ls_agent_ipc_object_skeleton_new (path);
  g_autoptr (LsAgentIpcProfile) skeleton = ls_agent_service_profile_new (self->agent, profile);

  ls_agent_ipc_object_skeleton_set_profile (object, skeleton);
  g_dbus_object_manager_server_export (self->objects, G_DBUS_OBJECT_SKELETON (object));
  g_ptr_array_insert (self->paths, position, path);
}

static void
items_changed_cb (LsAgentService *self, guint position, guint removed, guint added)
{
  for (guint i = 0; i < removed; i++)
    {
      g_dbus_object_manager_server_unexport (self->objects,
                                             g_ptr_array_index (self->paths, position));
      g_ptr_array_remove_index (self->paths, position);
    }
  for (guint i = 0; i < added; i++)
    export_profile (self, position + i);
}

/* Manager */

static void
notices_changed_cb (LsAgentService *self)
{
  ls_agent_ipc_manager_set_notices (
      self->manager, ls_agent_notices_to_variant (ls_agent_get_context (self->agent)->notices));
}

static GVariant *
probe_to_variant (const LsControlProbe *probe)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "url", g_variant_new_string (probe->url));
  g_variant_builder_add (&builder, "{sv}", "encrypted", g_variant_new_boolean (probe->encrypted));
  if (probe->certificate_error != NULL)
    g_variant_builder_add (&builder, "{sv}", "certificate-error",
                           g_variant_new_string (probe->certificate_error));
  if (probe->pin != NULL)
    g_variant_builder_add (&builder, "{sv}", "pin", g_variant_new_string (probe->pin));
  return g_variant_builder_end (&builder);
}

static void
probed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Check *check = user_data;
  GError *error = NULL;
  g_autoptr (LsControlProbe) probe
      = ls_control_client_probe_finish (LS_CONTROL_CLIENT (source), result, &error);

  if (probe != NULL)
    g_dbus_method_invocation_return_value (check->invocation,
                                           g_variant_new ("(@a{sv})", probe_to_variant (probe)));
  else
    ls_agent_service_return_error (check->invocation, error);
  check->service->checks--;
  g_object_unref (check->service);
  g_free (check);
}

static void
start_check (LsAgentService *self, LsControlClient *client, GDBusMethodInvocation *invocation)
{
  Check *check = g_new0 (Check, 1);

  check->service = g_object_ref (self);
  check->invocation = invocation;
  self->checks++;
  ls_control_client_probe_async (client, NULL, probed_cb, check);
}

static gboolean
handle_check_server (LsAgentIpcManager *manager, GDBusMethodInvocation *invocation,
                     const char *const *urls, GVariant *options, gpointer user_data)
{
  LsAgentService *self = user_data;
  g_autoptr (GVariant) given = g_variant_lookup_value (options, "pins", G_VARIANT_TYPE ("a{ss}"));
  g_autoptr (LsPins) pins = NULL;
  GError *error = NULL;
  g_autoptr (LsControlClient) client = NULL;

  if (self->checks >= CHECKS_MAX)
    g_set_error (&error, LS_ERROR, LS_ERROR_BUSY, _ ("Other servers are being looked at."));
  else if (given != NULL)
    pins = ls_pins_from_variant (given, &error);
  if (error == NULL)
    client = ls_control_client_new (urls, pins, &error);
  if (client == NULL)
    ls_agent_service_return_error (invocation, error);
  else
    start_check (self, client, invocation);
  return TRUE;
}

static void
added_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  GError *error = NULL;
  LsAgentProfile *profile = ls_agent_add_profile_finish (LS_AGENT (source), result, &error);
  g_autofree char *path = NULL;

  if (profile == NULL)
    {
      ls_agent_service_return_error (invocation, error);
      return;
    }
  path = ls_profile_object_path (ls_agent_profile_get_name (profile));
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(o)", path));
}

static gboolean
handle_add_profile (LsAgentIpcManager *manager, GDBusMethodInvocation *invocation, const char *name,
                    const char *const *urls, GVariant *options, gpointer user_data)
{
  LsAgentService *self = user_data;

  ls_agent_add_profile_async (self->agent, name, urls, options, NULL, added_cb, invocation);
  return TRUE;
}

static gboolean
handle_dismiss_notice (LsAgentIpcManager *manager, GDBusMethodInvocation *invocation,
                       const char *id, gpointer user_data)
{
  LsAgentService *self = user_data;

  if (ls_agent_notices_remove (ls_agent_get_context (self->agent)->notices, id))
    {
      g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (manager));
      ls_agent_ipc_manager_complete_dismiss_notice (manager, invocation);
    }
  else
    g_dbus_method_invocation_return_error_literal (invocation, LS_ERROR, LS_ERROR_NOT_FOUND,
                                                   _ ("There is no such notice."));
  return TRUE;
}

static void
restored_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  GError *error = NULL;

  if (ls_agent_restore_network_finish (LS_AGENT (source), result, &error))
    g_dbus_method_invocation_return_value (invocation, NULL);
  else
    ls_agent_service_return_error (invocation, error);
}

static gboolean
handle_restore_network (LsAgentIpcManager *manager, GDBusMethodInvocation *invocation,
                        gpointer user_data)
{
  LsAgentService *self = user_data;

  ls_agent_restore_network_async (self->agent, NULL, restored_cb, invocation);
  return TRUE;
}

static gboolean
handle_quit (LsAgentIpcManager *manager, GDBusMethodInvocation *invocation, gpointer user_data)
{
  LsAgentService *self = user_data;

  ls_agent_ipc_manager_complete_quit (manager, invocation);
  ls_agent_quit (self->agent);
  return TRUE;
}

static void
setup_manager (LsAgentService *self)
{
  LsAgentContext *context = ls_agent_get_context (self->agent);
  LsAgentIpcManager *manager = ls_agent_ipc_manager_skeleton_new ();

  self->manager = manager;
  ls_agent_ipc_manager_set_version (manager, LS_VERSION);
  ls_agent_ipc_manager_set_features (manager, features);
  g_object_bind_property (context->helper, "state", manager, "helper-state", G_BINDING_SYNC_CREATE);
  g_object_bind_property (context->secrets, "storage", manager, "secret-storage",
                          G_BINDING_SYNC_CREATE);
  g_signal_connect_swapped (context->notices, "changed", G_CALLBACK (notices_changed_cb), self);
  notices_changed_cb (self);
  g_signal_connect (manager, "handle-check-server", G_CALLBACK (handle_check_server), self);
  g_signal_connect (manager, "handle-add-profile", G_CALLBACK (handle_add_profile), self);
  g_signal_connect (manager, "handle-dismiss-notice", G_CALLBACK (handle_dismiss_notice), self);
  g_signal_connect (manager, "handle-restore-network", G_CALLBACK (handle_restore_network), self);
  g_signal_connect (manager, "handle-quit", G_CALLBACK (handle_quit), self);
}

LsAgentService *
ls_agent_service_new (LsAgent *agent, GDBusConnection *bus, GError **error)
{
  g_autoptr (LsAgentService) self = g_object_new (LS_TYPE_AGENT_SERVICE, NULL);

  self->agent = g_object_ref (agent);
  self->objects = g_dbus_object_manager_server_new (LS_AGENT_ROOT_PATH);
  setup_manager (self);
  g_signal_connect_swapped (agent, "items-changed", G_CALLBACK (items_changed_cb), self);
  items_changed_cb (self, 0, 0, g_list_model_get_n_items (G_LIST_MODEL (agent)));
  g_dbus_object_manager_server_set_connection (self->objects, bus);
  if (!g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (self->manager), bus,
                                         LS_AGENT_ROOT_PATH, error))
    return NULL;
  return g_steal_pointer (&self);
}
