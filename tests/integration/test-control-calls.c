/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

/* Every call of the client against a real lightscale-control. */

#include <gio/gio.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#include "ls-control-client.h"
#include "ls-error.h"
#include "ls-key.h"

#define ADMIN "administrators-token"
#define READY "listening on "

static LsControlClient *client;
static GMainLoop *loop;

static void
done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **place = user_data;

  *place = g_object_ref (result);
  g_main_loop_quit (loop);
}

/* Runs an _async call, whose last arguments are the cancellable, the callback and its data, until
 * it is done, and its _finish. */
#define CALL(name, error, ...)                                                                     \
  ({                                                                                               \
    g_autoptr (GAsyncResult) result_ = NULL;                                                       \
    ls_control_client_##name##_async (client, ##__VA_ARGS__, NULL, done_cb, &result_);             \
    g_main_loop_run (loop);                                                                        \
    ls_control_client_##name##_finish (client, result_, error);                                    \
  })
#define CALL_OUT(name, out, error, ...)                                                            \
  ({                                                                                               \
    g_autoptr (GAsyncResult) result_ = NULL;                                                       \
    ls_control_client_##name##_async (client, ##__VA_ARGS__, NULL, done_cb, &result_);             \
    g_main_loop_run (loop);                                                                        \
    ls_control_client_##name##_finish (client, result_, out, error);                               \
  })

typedef struct
{
  char *machine;
  char *wireguard;
} Keys;

static void
keys_init (Keys *keys)
{
  g_auto (LsKey) private_key = { { 0 } };
  LsKey public_key;

  ls_key_generate_machine (&private_key, &public_key);
  keys->machine = ls_key_to_text (&public_key);
  ls_key_generate_wireguard (&private_key, &public_key);
  keys->wireguard = ls_key_to_text (&public_key);
}

static void
keys_clear (Keys *keys)
{
  g_free (keys->machine);
  g_free (keys->wireguard);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Keys, keys_clear)

static LsCreatedNetwork *
create_network (gboolean requires_approval)
{
  static guint count = 0;
  static const char *const tags[] = { "boot", NULL };
  g_autofree char *name = g_strdup_printf ("lab-%u", ++count);
  g_autoptr (GError) error = NULL;
  LsNetworkDraft draft = { .name = name,
                           .requires_approval = requires_approval,
                           .bootstrap_token_uses = 9,
                           .bootstrap_token_ttl = 600,
                           .bootstrap_token_tags = tags };
  LsCreatedNetwork *created = CALL (create_network, &error, &draft);

  g_assert_no_error (error);
  g_assert_cmpstr (created->network->name, ==, name);
  g_assert_cmpuint (created->bootstrap_token->uses_left, ==, 9);
  g_assert_cmpstr (created->bootstrap_token->tags[0], ==, "boot");
  return created;
}

static LsRegistration *
join (const LsCreatedNetwork *network, const char *name)
{
  g_auto (Keys) keys = { NULL, NULL };
  g_autoptr (GError) error = NULL;
  LsRegistration *registration;

  keys_init (&keys);
  registration = CALL (register, &error, network->bootstrap_token->token, name, keys.machine,
                       keys.wireguard);
  g_assert_no_error (error);
  return registration;
}

static void
test_server (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LsControlProbe) probe = NULL;
  g_autoptr (LsTopology) topology = NULL;

  g_assert_true (CALL (healthz, &error));
  g_assert_no_error (error);
  probe = CALL (probe, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (probe->url, ==, ls_control_client_get_url (client));
  topology = CALL (topology, &error);
  g_assert_no_error (error);
  g_assert_nonnull (topology->control_urls);
}

static void
test_token_registration (void)
{
  g_autoptr (LsCreatedNetwork) network = create_network (FALSE);
  g_autoptr (LsRegistration) a = join (network, "a");
  g_autoptr (LsRegistration) b = join (network, "b");
  const char *id = a->netmap->node->id;
  static const char *const endpoints[] = { "192.0.2.1:51820", NULL };
  g_autoptr (GPtrArray) routes = g_ptr_array_new_with_free_func ((GDestroyNotify)ls_route_free);
  g_autoptr (LsNetmap) netmap = NULL;
  g_autoptr (LsNetmap) later = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (ls_control_client_set_node_token (client, a->node_token, &error));
  g_ptr_array_add (routes, ls_route_new ("192.168.9.0/24", FALSE, TRUE, "10.9.9.0/24"));
  netmap = CALL (heartbeat, &error, id, endpoints, 51820, routes, TRUE);
  g_assert_no_error (error);
  g_assert_true (g_strv_contains ((const char *const *)netmap->node->endpoints, endpoints[0]));
  g_assert_cmpuint (netmap->node->routes->len, ==, 1);
  g_assert_cmpuint (netmap->peers->len, ==, 1);
  g_assert_nonnull (ls_netmap_find_peer (netmap, b->netmap->node->id));

  later = CALL (netmap, &error, id);
  g_assert_no_error (error);
  g_assert_true (ls_node_equal_material (netmap->node, later->node));
  g_clear_pointer (&later, ls_netmap_unref);
  later = CALL (longpoll, &error, id, netmap->revision - 1, 20);
  g_assert_no_error (error);
  g_assert_cmpuint (later->revision, >=, netmap->revision);
}

static void
test_link_registration (void)
{
  g_autoptr (LsCreatedNetwork) network = create_network (TRUE);
  g_auto (Keys) keys = { NULL, NULL };
  g_autoptr (LsPendingRegistration) pending = NULL;
  g_autoptr (LsNetmap) netmap = NULL;
  g_autoptr (LsApproval) approval = NULL;
  g_autoptr (GError) error = NULL;

  keys_init (&keys);
  pending = CALL (register_url, &error, network->network->id, "laptop", keys.machine,
                  keys.wireguard, 300);
  g_assert_no_error (error);
  g_assert_true (ls_control_client_set_node_token (client, pending->node_token, &error));
  netmap = CALL (netmap, &error, pending->node_id);
  g_assert_no_error (error);
  g_assert_false (netmap->node->approved);

  approval = CALL (approve_by_link, &error, pending->auth_path);
  g_assert_no_error (error);
  g_assert_true (approval->approved);
  g_clear_pointer (&netmap, ls_netmap_unref);
  netmap = CALL (netmap, &error, pending->node_id);
  g_assert_true (netmap->node->approved);
}

static void
test_keys (void)
{
  g_autoptr (LsCreatedNetwork) network = create_network (FALSE);
  g_autoptr (LsRegistration) device = join (network, "device");
  const char *id = device->netmap->node->id;
  g_auto (Keys) keys = { NULL, NULL };
  g_autoptr (LsRotatedKeys) rotated = NULL;
  g_autoptr (GPtrArray) history = NULL;
  g_autoptr (GError) error = NULL;

  keys_init (&keys);
  g_assert_true (ls_control_client_set_node_token (client, device->node_token, &error));
  rotated = CALL (rotate_keys, &error, id, NULL, keys.wireguard);
  g_assert_no_error (error);
  g_assert_cmpstr (rotated->wg_public_key, ==, keys.wireguard);
  g_assert_cmpstr (rotated->machine_public_key, ==, device->netmap->node->machine_public_key);
  g_assert_null (CALL (rotate_keys, &error, id, NULL, keys.wireguard));
  g_assert_error (error, LS_ERROR, LS_ERROR_CONTROL_INVALID);
  g_clear_error (&error);

  history = CALL (key_history, &error, id);
  g_assert_no_error (error);
  g_assert_cmpuint (history->len, ==, 3);
}

static void
test_nodes (void)
{
  g_autoptr (LsCreatedNetwork) network = create_network (TRUE);
  g_autoptr (LsRegistration) device = join (network, "device");
  const char *id = device->netmap->node->id;
  static const char *const tags[] = { "x", "y", NULL };
  g_autoptr (GPtrArray) nodes = NULL;
  g_autoptr (LsApproval) approval = NULL;
  g_autoptr (LsNode) node = NULL;
  g_autoptr (GError) error = NULL;
  gint64 revoked_at = 0;

  nodes = CALL (list_nodes, &error, network->network->id);
  g_assert_no_error (error);
  g_assert_cmpuint (nodes->len, ==, 1);
  approval = CALL (approve_node, &error, id);
  g_assert_no_error (error);
  g_assert_cmpstr (approval->node_id, ==, id);
  node = CALL (update_node, &error, id, "renamed", tags);
  g_assert_no_error (error);
  g_assert_cmpstr (node->name, ==, "renamed");
  g_assert_cmpstr (node->tags[1], ==, "y");
  g_assert_true (CALL_OUT (revoke_node, &revoked_at, &error, id));
  g_assert_no_error (error);
  g_assert_cmpint (revoked_at, >, 1700000000);

  g_assert_true (CALL (delete_node, &error, id));
  g_assert_no_error (error);
  g_assert_null (CALL (netmap, &error, id));
  g_assert_error (error, LS_ERROR, LS_ERROR_CONTROL_NOT_FOUND);
}

static void
test_networks (void)
{
  g_autoptr (LsCreatedNetwork) network = create_network (FALSE);
  g_autoptr (LsRegistration) device = join (network, "device");
  g_autoptr (GError) error = NULL;

  g_assert_false (CALL (delete_network, &error, network->network->id));
  g_assert_error (error, LS_ERROR, LS_ERROR_CONTROL_CONFLICT);
  g_clear_error (&error);
  g_assert_true (CALL (delete_node, &error, device->netmap->node->id));
  g_assert_true (CALL (delete_network, &error, network->network->id));
  g_assert_no_error (error);
  g_assert_null (CALL (list_nodes, &error, network->network->id));
  g_assert_error (error, LS_ERROR, LS_ERROR_CONTROL_NOT_FOUND);
}

static void
test_tokens (void)
{
  g_autoptr (LsCreatedNetwork) network = create_network (FALSE);
  const char *id = network->network->id;
  static const char *const tags[] = { "lab", NULL };
  g_autoptr (LsEnrollmentToken) token = NULL;
  g_autoptr (LsEnrollmentToken) revoked = NULL;
  g_autoptr (GPtrArray) tokens = NULL;
  g_autoptr (GError) error = NULL;

  token = CALL (create_token, &error, id, 3600, 2, tags);
  g_assert_no_error (error);
  g_assert_cmpuint (token->uses_left, ==, 2);
  tokens = CALL (list_tokens, &error, id);
  g_assert_no_error (error);
  g_assert_cmpuint (tokens->len, ==, 2);
  revoked = CALL (revoke_token, &error, token->token);
  g_assert_no_error (error);
  g_assert_cmpint (revoked->revoked_at, >, 0);

  g_assert_null (CALL (register, &error, token->token, "x", "m", "w"));
  g_assert_error (error, LS_ERROR, LS_ERROR_CONTROL_UNAUTHORIZED);
  g_assert_null (strstr (error->message, token->token));
}

static void
test_policies (void)
{
  g_autoptr (LsCreatedNetwork) network = create_network (FALSE);
  const char *id = network->network->id;
  g_autoptr (LsAclPolicy) policy = ls_acl_policy_new ();
  g_autoptr (LsAclPolicy) stored = NULL;
  LsAclRule *rule = ls_acl_rule_new ();
  g_autoptr (GError) error = NULL;
  guint64 max_age = 1;

  rule->src->any = TRUE;
  g_ptr_array_add (policy->rules, rule);
  stored = CALL (put_acl, &error, id, policy);
  g_assert_no_error (error);
  g_clear_pointer (&stored, ls_acl_policy_free);
  stored = CALL (get_acl, &error, id);
  g_assert_no_error (error);
  g_assert_false (stored->default_allow);
  rule = g_ptr_array_index (stored->rules, 0);
  g_assert_true (rule->src->any);

  g_assert_true (CALL_OUT (get_key_policy, &max_age, &error, id));
  g_assert_no_error (error);
  g_assert_cmpuint (max_age, ==, 0);
  g_assert_true (CALL_OUT (put_key_policy, &max_age, &error, id, 86400));
  g_assert_cmpuint (max_age, ==, 86400);
  g_assert_true (CALL_OUT (put_key_policy, &max_age, &error, id, 0));
  g_assert_no_error (error);
  g_assert_cmpuint (max_age, ==, 0);
}

static void
test_audit (void)
{
  g_autoptr (LsCreatedNetwork) network = create_network (FALSE);
  g_autoptr (LsRegistration) device = join (network, "device");
  g_autoptr (GPtrArray) entries = NULL;
  g_autoptr (GError) error = NULL;
  const LsAuditEntry *entry;

  entries = CALL (audit, &error, network->network->id, device->netmap->node->id, 1);
  g_assert_no_error (error);
  g_assert_cmpuint (entries->len, ==, 1);
  entry = g_ptr_array_index (entries, 0);
  g_assert_cmpstr (entry->action, ==, "node.register");
  g_assert_cmpstr (entry->network_id, ==, network->network->id);
}

static void
test_wrong_admin_token (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (ls_control_client_set_admin_token (client, "another", &error));
  g_assert_null (CALL (topology, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_CONTROL_UNAUTHORIZED);
  g_clear_error (&error);
  g_assert_true (ls_control_client_set_admin_token (client, ADMIN, &error));
}

/* In the child: the server ends with the test, however that ends. */
static void
end_with_parent (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

static GSubprocess *
start_server (char **out_url)
{
  g_autofree char *program
      = g_build_filename (g_getenv ("LS_TEST_BUILD_ROOT"), "src/demo/lightscale-control", NULL);
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDataInputStream) output = NULL;
  g_autofree char *line = NULL;
  GSubprocess *server;

  g_subprocess_launcher_set_child_setup (launcher, end_with_parent, NULL, NULL);
  server = g_subprocess_launcher_spawn (launcher, &error, program, "--listen", "127.0.0.1:0",
                                        "--admin-token", ADMIN, NULL);
  g_assert_no_error (error);
  output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (server));
  line = g_data_input_stream_read_line (output, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (line != NULL && g_str_has_prefix (line, READY));
  *out_url = g_strdup (line + strlen (READY));
  return server;
}

int
main (int argc, char *argv[])
{
  g_autofree char *url = NULL;
  g_autoptr (GSubprocess) server = NULL;
  g_autoptr (GError) error = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  loop = g_main_loop_new (NULL, FALSE);
  server = start_server (&url);
  client = ls_control_client_new ((const char *[]){ url, NULL }, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (ls_control_client_set_admin_token (client, ADMIN, &error));

  g_test_add_func ("/control-calls/server", test_server);
  g_test_add_func ("/control-calls/token-registration", test_token_registration);
  g_test_add_func ("/control-calls/link-registration", test_link_registration);
  g_test_add_func ("/control-calls/keys", test_keys);
  g_test_add_func ("/control-calls/nodes", test_nodes);
  g_test_add_func ("/control-calls/networks", test_networks);
  g_test_add_func ("/control-calls/tokens", test_tokens);
  g_test_add_func ("/control-calls/policies", test_policies);
  g_test_add_func ("/control-calls/audit", test_audit);
  g_test_add_func ("/control-calls/wrong-admin-token", test_wrong_admin_token);
  status = g_test_run ();

  g_subprocess_force_exit (server);
  g_subprocess_wait (server, NULL, NULL);
  g_object_unref (client);
  g_main_loop_unref (loop);
  return status;
}
