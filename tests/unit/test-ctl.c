/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "ls-ctl-commands.h"
#include "ls-ctl-json.h"
#include "ls-ctl-network.h"
#include "ls-ctl-profile.h"
#include "ls-ctl-table.h"
#include "ls-ctl-token.h"
#include "ls-ctl-words.h"
#include "ls-error.h"

static void
assert_json (const char *variant, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) value = g_variant_parse (NULL, variant, NULL, NULL, &error);
  g_autofree char *json = NULL;

  g_assert_no_error (error);
  json = ls_ctl_json_from_variant (value);
  g_assert_cmpstr (json, ==, expected);
}

static void
test_json (void)
{
  assert_json ("true", "true");
  assert_json ("-7", "-7");
  assert_json ("uint64 18446744073709551615", "18446744073709551615");
  assert_json ("int64 -9000000000", "-9000000000");
  assert_json ("byte 0x0a", "10");
  assert_json ("uint16 51820", "51820");
  assert_json ("1.5", "1.5");
  assert_json ("'a'", "\"a\"");
  assert_json ("@as []", "[]");
  assert_json ("@a{sv} {}", "{}");
  assert_json ("['a', 'b']", "[\"a\",\"b\"]");
  assert_json ("('a', 1, false)", "[\"a\",1,false]");
  assert_json ("{'last-seen': <int64 5>, 'tags': <['x']>}", "{\"last_seen\":5,\"tags\":[\"x\"]}");
  assert_json ("{1: 'x'}", "[[1,\"x\"]]");
  assert_json ("objectpath '/a/b'", "\"/a/b\"");
}

/* What a terminal might act on is never written as it is. */
static void
test_json_strings (void)
{
  assert_json ("'say \"hi\" \\\\ now'", "\"say \\\"hi\\\" \\\\ now\"");
  assert_json ("'a\\nb\\u001b[31m\\u009b'", "\"a\\u000ab\\u001b[31m\\u009b\"");
  assert_json ("'\\u202eevil'", "\"\\u202eevil\"");
  assert_json ("'日本 é'", "\"日本 é\"");
  assert_json ("'\\U000e0001'", "\"\\udb40\\udc01\"");
  assert_json ("{'a\"b': 1}", "{\"a\\\"b\":1}");
}

static void
test_table (void)
{
  g_autoptr (LsCtlTable) table = ls_ctl_table_new (3, 1);
  g_autofree char *empty = ls_ctl_table_to_text (table);
  g_autofree char *text = NULL;

  g_assert_cmpstr (empty, ==, "");
  ls_ctl_table_add (table, "NAME", "ADDRESS", "X");
  ls_ctl_table_add (table, "日本", "100.64.0.1", "");
  ls_ctl_table_add (table, "a\nb\033[2J", "", "é");
  text = ls_ctl_table_to_text (table);
  g_assert_cmpstr (text, ==,
                   " NAME     ADDRESS     X\n"
                   " 日本     100.64.0.1\n"
                   " a\357\277\275b\357\277\275[2J              é\n");
}

static void
test_safe (void)
{
  g_autofree char *path = g_strnfill (900, 'x');
  g_autofree char *url = g_strconcat ("https://vpn.example.com/", path, NULL);
  g_autofree char *same = ls_ctl_words_dup_safe (url);
  g_autofree char *bell = ls_ctl_words_dup_safe ("a\ab");

  g_assert_cmpstr (same, ==, url);
  g_assert_cmpstr (bell, ==, "a\357\277\275b");
}

static void
assert_age (gint64 then, const char *expected)
{
  g_autofree char *text = ls_ctl_words_dup_age (then, 1000000);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_words (void)
{
  g_autofree char *left = ls_ctl_words_dup_left (1000600, 1000000);
  g_autofree char *over = ls_ctl_words_dup_left (1000000, 1000000);

  assert_age (0, "never");
  assert_age (1000005, "0 s ago");
  assert_age (999941, "59 s ago");
  assert_age (999940, "1 min ago");
  assert_age (996400, "1 h ago");
  assert_age (1000000 - 172800, "2 days ago");
  g_assert_cmpstr (left, ==, "10 min");
  g_assert_cmpstr (over, ==, "over");
  g_assert_cmpstr (ls_ctl_words_state ("ready"), ==, "off");
  g_assert_cmpstr (ls_ctl_words_state ("future-state"), ==, "future-state");
  g_assert_cmpstr (ls_ctl_words_path ("none"), ==, "no answer");
  g_assert_cmpstr (ls_ctl_words_helper ("missing"), ==, "missing");
  g_assert_cmpstr (ls_ctl_words_secrets ("file"), ==, "in a file");
}

#define PIN "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void
assert_options (int port, int mtu, const char *backend, const char *expected)
{
  g_autoptr (GError) error = NULL;
  GVariant *floating = ls_ctl_options_new (NULL, port, mtu, backend, NULL, &error);
  g_autoptr (GVariant) options = floating != NULL ? g_variant_ref_sink (floating) : NULL;
  g_autoptr (GVariant) wanted = NULL;

  if (expected == NULL)
    {
      g_assert_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT);
      g_assert_null (options);
      return;
    }
  g_assert_no_error (error);
  wanted = g_variant_parse (G_VARIANT_TYPE_VARDICT, expected, NULL, NULL, NULL);
  g_assert_true (g_variant_equal (options, wanted));
}

static void
test_options (void)
{
  assert_options (-1, -1, NULL, "{}");
  assert_options (51820, -1, NULL, "{'listen-port': <uint16 51820>}");
  assert_options (-1, 1420, NULL, "{'mtu': <uint16 1420>}");
  assert_options (-1, -1, "userspace", "{'backend': <'userspace'>}");
  assert_options (65536, -1, NULL, NULL);
  assert_options (-1, 9001, NULL, NULL);
  assert_options (-1, -1, "boringtun", NULL);
}

/* @expected: a{ss} as text, NULL: refused. */
static void
assert_pins (LsPins *pins, const char *text1, const char *text2, const char *const *urls,
             const char *expected)
{
  const char *const texts[] = { text1, text2, NULL };
  g_autoptr (GError) error = NULL;
  gboolean ok = ls_ctl_pins_parse (pins, texts, urls, &error);
  g_autoptr (GVariant) variant = NULL;
  g_autofree char *text = NULL;

  if (expected == NULL)
    {
      g_assert_false (ok);
      g_assert_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT);
      return;
    }
  g_assert_no_error (error);
  variant = g_variant_ref_sink (ls_pins_to_variant (pins));
  text = g_variant_print (variant, FALSE);
  g_assert_cmpstr (text, ==, expected);
}

static void
test_pins (void)
{
  const char *const one[] = { "https://a.example", NULL };
  const char *const two[] = { "https://a.example", "https://[fd00::1]:8443/x=y", NULL };
  const char *const plain[] = { "http://a.example", NULL };
  g_autoptr (LsPins) pins = ls_pins_new ();

  assert_pins (pins, PIN, NULL, one, "{'https://a.example': '" PIN "'}");
  assert_pins (pins, "https://[fd00::1]:8443/x=y/=" PIN, "https://a.example=", two,
               "{'https://[fd00::1]:8443/x=y': '" PIN "'}");
  assert_pins (pins, "", NULL, two, "{}");
  assert_pins (pins, PIN, NULL, two, NULL);
  assert_pins (pins, "AB:cd", NULL, one, NULL);
  assert_pins (pins, "https://b.example=" PIN, NULL, one, NULL);
  assert_pins (pins, PIN, NULL, plain, NULL);
}

static void
test_urls (void)
{
  const char *const good[] = { "http://127.0.0.1:8080/", "https://vpn.example.com", NULL };
  const char *const bad[] = { "http://127.0.0.1:8080/", "ftp://example.com", NULL };
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) urls = ls_ctl_urls_normalize (good, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (urls[0], ==, "http://127.0.0.1:8080");
  g_assert_cmpstr (urls[1], ==, "https://vpn.example.com");
  g_assert_null (ls_ctl_urls_normalize (bad, &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT);
}

static void
test_token (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("ls-ctl-token-XXXXXX", &path, NULL);
  char *token;

  g_assert_cmpint (fd, >=, 0);
  close (fd);
  g_assert_true (g_file_set_contents (path, "  from-file \nmore\n", -1, NULL));
  token = ls_ctl_token_read (NULL, path, "", &error);
  g_assert_cmpstr (token, ==, "from-file");
  ls_ctl_token_free (token);
  token = ls_ctl_token_read ("given", NULL, "", &error);
  g_assert_cmpstr (token, ==, "given");
  ls_ctl_token_free (token);
  g_assert_null (ls_ctl_token_read ("not a token", NULL, "", &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT);
  g_assert_null (strstr (error->message, "not a token"));
  g_clear_error (&error);
  g_unlink (path);
  g_assert_null (ls_ctl_token_read (NULL, path, "", &error));
  g_assert_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT);
}

static LsAgentIpcProfile *
profile_new (void)
{
  LsAgentIpcProfile *profile = ls_agent_ipc_profile_skeleton_new ();
  const char *const urls[] = { "http://10.0.0.1:8080", NULL };

  g_object_set (profile, "name", "home", "network-name", "lab", "state", "connected",
                "control-urls", urls, "control-reachable", TRUE, "control-since",
                G_GINT64_CONSTANT (900), "node-name", "laptop", "dns-name", "laptop.lab", "ipv4",
                "100.64.0.2", "ipv6", "fd00::2", "peer-count", 3u, "peers-online", 2u, "interface",
                "ls-home", "backend", "userspace", "rx-bytes", G_GUINT64_CONSTANT (1500),
                "tx-bytes", G_GUINT64_CONSTANT (20), "problem", g_variant_new ("(sss)", "", "", ""),
                "left-out", g_variant_new_array (G_VARIANT_TYPE ("(ss)"), NULL, 0), NULL);
  return profile;
}

static void
test_profile_text (void)
{
  g_autoptr (LsAgentIpcProfile) profile = profile_new ();
  g_autofree char *text = ls_ctl_profile_to_text (profile, 1000);
  g_autofree char *line = ls_ctl_profile_to_line (profile);

  g_assert_cmpstr (text, ==,
                   "home (lab): connected\n"
                   "  This device    laptop.lab · 100.64.0.2 · fd00::2\n"
                   "  Other devices  3, 2 of them online\n"
                   "  Interface      ls-home · userspace\n"
                   "  Traffic        1.5\302\240kB received, 20 bytes sent\n"
                   "  Server         http://10.0.0.1:8080 · answers\n");
  g_assert_cmpstr (line, ==, "home: connected");
}

static void
test_profile_trouble (void)
{
  g_autoptr (LsAgentIpcProfile) profile = profile_new ();
  g_autofree char *text = NULL;
  g_autofree char *line = NULL;

  g_object_set (profile, "state", "waiting-for-approval", "control-reachable", FALSE, "auth-url",
                "http://10.0.0.1:8080/v1/register/approve/n/s", "auth-expires",
                G_GINT64_CONSTANT (1300), "problem",
                g_variant_new ("(sss)", "It broke.", "Mend it.", ""), "left-out",
                g_variant_new_parsed ("[('10.0.0.0/8', 'overlaps eth0')]"), NULL);
  text = ls_ctl_profile_to_text (profile, 1000);
  line = ls_ctl_profile_to_line (profile);
  g_assert_nonnull (strstr (text, "home (lab): waiting for approval\n"));
  g_assert_nonnull (strstr (text, "  Problem        It broke.\n  What to do     Mend it.\n"));
  g_assert_nonnull (strstr (text, "http://10.0.0.1:8080/v1/register/approve/n/s\n"));
  g_assert_nonnull (strstr (text, "  Time left      5 min\n"));
  g_assert_nonnull (strstr (text, "no answer since 1 min ago\n"));
  g_assert_nonnull (strstr (text, "  Not used       10.0.0.0/8: overlaps eth0\n"));
  g_assert_cmpstr (line, ==, "home: waiting for approval. It broke.");
}

static void
test_commands (void)
{
  static const char *const names[]
      = { "profiles", "add",   "set",          "remove",  "join",
          "approve",  "up",    "down",         "status",  "peers",
          "refresh",  "watch", "check-server", "notices", "restore-network",
          "quit" };
  g_autofree char *text = ls_ctl_commands_to_text ();

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const LsCtlCommand *command = ls_ctl_commands_find (names[i]);

      g_assert_nonnull (command);
      g_assert_nonnull (command->run);
      g_assert_nonnull (strstr (text, names[i]));
    }
  g_assert_null (ls_ctl_commands_find ("frobnicate"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ctl/json/values", test_json);
  g_test_add_func ("/ctl/json/strings", test_json_strings);
  g_test_add_func ("/ctl/table", test_table);
  g_test_add_func ("/ctl/words/safe", test_safe);
  g_test_add_func ("/ctl/words/all", test_words);
  g_test_add_func ("/ctl/options", test_options);
  g_test_add_func ("/ctl/pins", test_pins);
  g_test_add_func ("/ctl/urls", test_urls);
  g_test_add_func ("/ctl/token", test_token);
  g_test_add_func ("/ctl/profile/text", test_profile_text);
  g_test_add_func ("/ctl/profile/trouble", test_profile_trouble);
  g_test_add_func ("/ctl/commands", test_commands);
  return g_test_run ();
}
