/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "ls-control-codec.h"
#include "ls-control-scan.h"
#include "ls-error.h"

#define NODE_TAIL                                                                                  \
  "\"dns_name\":\"a.lab\",\"ipv4\":\"100.64.0.1\",\"ipv6\":\"fd00::1\",\"wg_public_key\":\"k\","   \
  "\"endpoints\":[],\"tags\":[],\"routes\":[],\"last_seen\":5"
#define PEER(id) "{\"id\":\"" id "\",\"name\":\"n\"," NODE_TAIL "}"
#define NODE "{\"id\":\"self\",\"name\":\"me\",\"machine_public_key\":\"m\"," NODE_TAIL "}"
#define NETWORK                                                                                    \
  "{\"id\":\"net\",\"name\":\"lab\",\"overlay_v4\":\"100.64.0.0/24\",\"overlay_v6\":\"fd00::/"     \
  "48\","                                                                                          \
  "\"dns_domain\":\"lab\"}"
#define NETMAP(peers)                                                                              \
  "{\"network\":" NETWORK ",\"node\":" NODE ",\"peers\":[" peers "],\"generated_at\":7}"

static LsNetmap *
decode_netmap (const char *text, GError **error)
{
  g_autoptr (JsonNode) root = ls_control_codec_parse (text, strlen (text), error);

  return root != NULL ? ls_control_codec_decode_netmap (root, error) : NULL;
}

static void
test_minimal (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LsNetmap) netmap
      = decode_netmap (NETMAP (PEER ("b") "," PEER ("a") "," PEER ("c")), &error);

  g_assert_no_error (error);
  g_assert_cmpuint (netmap->peers->len, ==, 3);
  g_assert_cmpstr (((LsNode *)netmap->peers->pdata[0])->id, ==, "a");
  g_assert_cmpstr (ls_netmap_find_peer (netmap, "c")->id, ==, "c");
  g_assert_null (netmap->relay);
  g_assert_cmpuint (netmap->probe_requests->len, ==, 0);
  g_assert_cmpuint (netmap->revision, ==, 0);
  g_assert_true (netmap->node->approved);
  g_assert_false (netmap->network->requires_approval);
}

static void
test_unknown_members (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (LsNetmap) netmap
      = decode_netmap ("{\"network\":" NETWORK ",\"node\":" NODE
                       ",\"peers\":[],\"generated_at\":-7,\"x\":{\"y\":[1.5e3,"
                       "null]},\"relay\":null,\"probe_requests\":null,\"revision\":null}",
                       &error);

  g_assert_no_error (error);
  g_assert_cmpint (netmap->generated_at, ==, -7);
}

typedef struct
{
  const char *text;
  int code;
} Bad;

static void
check_bad (const Bad *bad, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (LsNetmap) netmap = decode_netmap (bad[i].text, &error);

      g_test_message ("text %u", i);
      g_assert_null (netmap);
      g_assert_error (error, LS_ERROR, bad[i].code);
    }
}

static void
test_bad_netmaps (void)
{
  static const Bad bad[] = {
    { "{}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"network\":[],\"node\":" NODE ",\"peers\":[],\"generated_at\":7}",
      LS_ERROR_CONTROL_PROTOCOL },
    { "{\"network\":" NETWORK ",\"peers\":[],\"generated_at\":7}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"network\":" NETWORK ",\"node\":" NODE ",\"generated_at\":7}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"network\":" NETWORK ",\"node\":" NODE ",\"peers\":{},\"generated_at\":7}",
      LS_ERROR_CONTROL_PROTOCOL },
    { "{\"network\":" NETWORK ",\"node\":" NODE ",\"peers\":null,\"generated_at\":7}",
      LS_ERROR_CONTROL_PROTOCOL },
    { "{\"network\":" NETWORK ",\"node\":" NODE ",\"peers\":[],\"generated_at\":\"7\"}",
      LS_ERROR_CONTROL_PROTOCOL },
    { "{\"network\":" NETWORK ",\"node\":" NODE ",\"peers\":[],\"generated_at\":7.0}",
      LS_ERROR_CONTROL_PROTOCOL },
    { "{\"network\":" NETWORK ",\"node\":" NODE ",\"peers\":[],\"generated_at\":7,\"revision\":-1}",
      LS_ERROR_CONTROL_PROTOCOL },
    { "{\"network\":" NETWORK ",\"node\":" NODE
      ",\"peers\":[],\"generated_at\":7,\"revision\":1e2}",
      LS_ERROR_CONTROL_PROTOCOL },
    { "{\"network\":" NETWORK ",\"node\":" NODE
      ",\"peers\":[],\"generated_at\":7,\"relay\":{\"stun_servers\":\"x\"}}",
      LS_ERROR_CONTROL_PROTOCOL },
    { NETMAP ("1"), LS_ERROR_CONTROL_PROTOCOL },
    { NETMAP ("null"), LS_ERROR_CONTROL_PROTOCOL },
    { NETMAP ("[]"), LS_ERROR_CONTROL_PROTOCOL },
    { NETMAP ("{\"id\":1,\"name\":\"n\"," NODE_TAIL "}"), LS_ERROR_CONTROL_PROTOCOL },
    { NETMAP ("{\"id\":\"a\",\"name\":null," NODE_TAIL "}"), LS_ERROR_CONTROL_PROTOCOL },
    { NETMAP ("{\"id\":\"a\",\"name\":[\"n\"]," NODE_TAIL "}"), LS_ERROR_CONTROL_PROTOCOL },
    { NETMAP (PEER ("a") "," PEER ("a")), LS_ERROR_CONTROL_PROTOCOL },
  };

  check_bad (bad, G_N_ELEMENTS (bad));
}

static void
test_bad_json (void)
{
  static const Bad bad[] = {
    { "", LS_ERROR_CONTROL_PROTOCOL },
    { " ", LS_ERROR_CONTROL_PROTOCOL },
    { "null", LS_ERROR_CONTROL_PROTOCOL },
    { "[]", LS_ERROR_CONTROL_PROTOCOL },
    { "\"x\"", LS_ERROR_CONTROL_PROTOCOL },
    { "<html>", LS_ERROR_CONTROL_PROTOCOL },
    { "\xef\xbb\xbf{}", LS_ERROR_CONTROL_PROTOCOL },
    { "{} {}", LS_ERROR_CONTROL_PROTOCOL },
    { "{}x", LS_ERROR_CONTROL_PROTOCOL },
    { "{", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\"", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":1,}", LS_ERROR_CONTROL_PROTOCOL },
    { "{a:1}", LS_ERROR_CONTROL_PROTOCOL },
    { "{'a':1}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":'x'}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":[1,]}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":[1 2]}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":[1}", LS_ERROR_CONTROL_PROTOCOL },
    { "/* c */{}", LS_ERROR_CONTROL_PROTOCOL },
    { "{}// c", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":1/**/}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":0x10}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":010}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":+1}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":.5}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":1.}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":1e}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":-}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":NaN}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":True}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":tru}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":nulll}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":9223372036854775808}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":-9223372036854775809}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":1208925819614629174706176}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":\"x}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":\"\\x\"}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":\"\\u12\"}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":\"\\ud800\"}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":\"\\ud800\\u0041\"}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":\"\\udc00\"}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":\"\n\"}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":\"\xff\"}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":\"\xed\xa0\x80\"}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":1,\"a\":2}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"a\":1,\"\\u0061\":2}", LS_ERROR_CONTROL_PROTOCOL },
    { "{\"b\":{\"/\":1,\"\\/\":2}}", LS_ERROR_CONTROL_PROTOCOL },
  };

  check_bad (bad, G_N_ELEMENTS (bad));
}

static void
test_good_json (void)
{
  static const char *const good[] = {
    "{}",
    " {\r\n\t} ",
    "{\"a\":9223372036854775807,\"b\":-9223372036854775808,\"c\":-0,\"d\":0}",
    "{\"a\":[1.5,-2e10,3E-2,0.1e+1,true,false,null,\"\",[],{}]}",
    "{\"a\":{\"a\":{\"a\":1}}}",
    "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"}",
    "{\"\":1}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) root = ls_control_codec_parse (good[i], strlen (good[i]), &error);

      g_assert_no_error (error);
      g_assert_nonnull (root);
    }
}

static void
test_raw_nul (void)
{
  static const char text[] = "{\"a\":\"x\0y\"}";
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) root = ls_control_codec_parse (text, sizeof text - 1, &error);

  g_assert_null (root);
  g_assert_error (error, LS_ERROR, LS_ERROR_CONTROL_PROTOCOL);
}

/* A name with U+0000 of one node neither cuts the name nor makes the netmap unreadable. */
static void
test_escaped_nul (void)
{
  static const char text[] = "{\"a\":\"x\\u0000y\\\\u0000\"}";
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) root = ls_control_codec_parse (text, sizeof text - 1, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (json_object_get_string_member (json_node_get_object (root), "a"), ==,
                   "x\xef\xbf\xbdy\\u0000");
}

static char *
nested (guint depth, char open, char close)
{
  GString *text = g_string_new ("{\"a\":");

  for (guint i = 1; i < depth; i++)
    g_string_append_c (text, open);
  for (guint i = 1; i < depth; i++)
    g_string_append_c (text, close);
  g_string_append_c (text, '}');
  return g_string_free (text, FALSE);
}

static void
test_depth (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *deepest = nested (LS_CONTROL_DEPTH_MAX, '[', ']');
  g_autofree char *deeper = nested (LS_CONTROL_DEPTH_MAX + 1, '[', ']');
  g_autofree char *bomb = g_strnfill (1000000, '[');
  g_autofree char *object_bomb = NULL;
  g_autoptr (JsonNode) root = NULL;
  GString *objects = g_string_new (NULL);

  root = ls_control_codec_parse (deepest, strlen (deepest), &error);
  g_assert_no_error (error);
  g_assert_nonnull (root);

  g_assert_null (ls_control_codec_parse (deeper, strlen (deeper), &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_LIMIT);
  g_clear_error (&error);

  g_assert_null (ls_control_codec_parse (bomb, strlen (bomb), &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_CONTROL_PROTOCOL);
  g_clear_error (&error);

  for (guint i = 0; i < 100000; i++)
    g_string_append (objects, "{\"a\":");
  object_bomb = g_string_free (objects, FALSE);
  g_assert_null (ls_control_codec_parse (object_bomb, strlen (object_bomb), &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_LIMIT);
}

static void
test_many_members (void)
{
  GString *text = g_string_new ("{\"x\":0");
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < LS_CONTROL_MEMBERS_MAX; i++)
    g_string_append_printf (text, ",\"m%u\":%u", i, i);
  g_string_append_c (text, '}');
  g_assert_null (ls_control_codec_parse (text->str, text->len, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_LIMIT);
  g_string_free (text, TRUE);
}

static void
test_many_values (void)
{
  g_autoptr (GError) error = NULL;
  GString *text = g_string_new ("{\"a\":[0");

  for (guint i = 0; i < LS_CONTROL_VALUES_MAX; i++)
    g_string_append (text, ",0");
  g_string_append (text, "]}");
  g_assert_null (ls_control_codec_parse (text->str, text->len, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_LIMIT);
  g_string_free (text, TRUE);
}

static void
test_too_large (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = g_strnfill (LS_CONTROL_BODY_MAX + 1, ' ');

  g_assert_null (ls_control_codec_parse (text, LS_CONTROL_BODY_MAX + 1, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_LIMIT);
}

static char *
netmap_of (guint n_peers)
{
  GString *peers = g_string_new (NULL);
  g_autofree char *all = NULL;

  for (guint i = 0; i < n_peers; i++)
    g_string_append_printf (peers, "%s{\"id\":\"p%u\",\"name\":\"n\"," NODE_TAIL "}",
                            i > 0 ? "," : "", i);
  all = g_string_free (peers, FALSE);
  return g_strdup_printf (
      "{\"network\":" NETWORK ",\"node\":" NODE ",\"peers\":[%s],\"generated_at\":7}", all);
}

static void
test_peer_limit (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *most = netmap_of (LS_CONTROL_PEERS_MAX);
  g_autofree char *more = netmap_of (LS_CONTROL_PEERS_MAX + 1);
  g_autoptr (LsNetmap) netmap = decode_netmap (most, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (netmap->peers->len, ==, LS_CONTROL_PEERS_MAX);
  g_assert_null (decode_netmap (more, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_LIMIT);
}

/* What one node makes too long is cut, so that the others still get their netmap. */
static void
test_cut (void)
{
  GString *endpoints = g_string_new ("\"e\"");
  g_autofree char *name = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (LsNetmap) netmap = NULL;
  const LsNode *peer;

  for (guint i = 0; i < LS_CONTROL_LIST_MAX; i++)
    g_string_append (endpoints, ",\"e\"");
  name = g_strnfill (LS_CONTROL_STRING_MAX - 1, 'n');
  text = g_strdup_printf (
      "{\"network\":" NETWORK ",\"node\":" NODE
      ",\"generated_at\":7,\"peers\":[{\"id\":\"a\",\"name\":"
      "\"%s\xc3\xa9x\",\"dns_name\":\"d\",\"ipv4\":\"4\",\"ipv6\":\"6\",\"wg_public_key\":\"k\","
      "\"endpoints\":[%s],\"tags\":[],\"routes\":[],\"last_seen\":5}]}",
      name, endpoints->str);
  g_string_free (endpoints, TRUE);
  netmap = decode_netmap (text, &error);
  g_assert_no_error (error);
  peer = ls_netmap_find_peer (netmap, "a");
  g_assert_cmpuint (g_strv_length (peer->endpoints), ==, LS_CONTROL_LIST_MAX);
  g_assert_cmpstr (peer->name, ==, name);
}

static void
test_no_secret_in_errors (void)
{
  static const char *const texts[]
      = { "{\"token\":\"canary\",\"expires_at\":0,\"uses_left\":-1,\"tags\":[]}",
          "{\"token\":\"canary\",\"token\":1}", "{\"token\":\"canary\" canary}",
          "{\"token\":\"can ary\",\"expires_at\":0,\"uses_left\":1,\"tags\":[]}",
          "{\"token\":\"canary\",\"expires_at\":0,\"uses_left\":4294967296,\"tags\":[]}" };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (JsonNode) root = ls_control_codec_parse (texts[i], strlen (texts[i]), &error);
      g_autoptr (LsEnrollmentToken) token = NULL;

      if (root != NULL)
        token = ls_control_codec_decode_token (root, &error);
      g_assert_null (token);
      g_assert_nonnull (error);
      g_assert_null (strstr (error->message, "can"));
    }
}

static void
test_bad_acl (void)
{
  static const char *const bad[] = {
    "{\"default_action\":\"maybe\",\"rules\":[]}",
    "{\"default_action\":\"allow\"}",
    "{\"default_action\":\"allow\",\"rules\":[{\"action\":\"allow\",\"src\":{}}]}",
    "{\"default_action\":\"allow\",\"rules\":[{\"action\":true,\"src\":{},\"dst\":{}}]}",
    "{\"default_action\":\"allow\",\"rules\":[{\"action\":\"deny\",\"src\":{\"any\":1},\"dst\":{}}]"
    "}",
    "{\"default_action\":\"allow\",\"rules\":[{\"action\":\"deny\",\"src\":{\"tags\":[1]},\"dst\":{"
    "}}]}",
  };
  static const char good[]
      = "{\"default_action\":\"deny\",\"rules\":[{\"action\":\"allow\",\"src\":{},"
        "\"dst\":{\"tags\":[\"x\"],\"names\":null}}]}";
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) root = ls_control_codec_parse (good, sizeof good - 1, &error);
  g_autoptr (LsAclPolicy) policy = ls_control_codec_decode_acl (root, &error);
  const LsAclRule *rule;

  g_assert_no_error (error);
  rule = g_ptr_array_index (policy->rules, 0);
  g_assert_true (rule->allow);
  g_assert_cmpstr (rule->dst->tags[0], ==, "x");
  g_assert_null (rule->src->names[0]);

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (JsonNode) node = ls_control_codec_parse (bad[i], strlen (bad[i]), &error);

      g_assert_no_error (error);
      g_assert_null (ls_control_codec_decode_acl (node, &error));
      g_assert_error (error, LS_ERROR, LS_ERROR_CONTROL_PROTOCOL);
      g_clear_error (&error);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/control-codec/minimal", test_minimal);
  g_test_add_func ("/control-codec/unknown-members", test_unknown_members);
  g_test_add_func ("/control-codec/bad-netmaps", test_bad_netmaps);
  g_test_add_func ("/control-codec/bad-json", test_bad_json);
  g_test_add_func ("/control-codec/good-json", test_good_json);
  g_test_add_func ("/control-codec/raw-nul", test_raw_nul);
  g_test_add_func ("/control-codec/escaped-nul", test_escaped_nul);
  g_test_add_func ("/control-codec/depth", test_depth);
  g_test_add_func ("/control-codec/many-members", test_many_members);
  g_test_add_func ("/control-codec/many-values", test_many_values);
  g_test_add_func ("/control-codec/too-large", test_too_large);
  g_test_add_func ("/control-codec/peer-limit", test_peer_limit);
  g_test_add_func ("/control-codec/cut", test_cut);
  g_test_add_func ("/control-codec/no-secret-in-errors", test_no_secret_in_errors);
  g_test_add_func ("/control-codec/bad-acl", test_bad_acl);
  return g_test_run ();
}
