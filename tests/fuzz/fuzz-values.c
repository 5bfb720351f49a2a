/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include "ls-control-client.h"
#include "ls-endpoint.h"
#include "ls-ident.h"
#include "ls-key.h"
#include "ls-prefix.h"
#include "ls-text.h"

#include <string.h>

/* The parsers of single values on one text. What they take, they write in a form that they take
 * again as the same value. */
static void
check_key (const char *text)
{
  LsKey key;

  if (!ls_key_parse (text, &key, NULL))
    return;
  {
    g_autofree char *again = ls_key_to_text (&key);

    FUZZ_CHECK (g_str_equal (again, text));
  }
}

static void
check_address (const char *text)
{
  LsAddress address;
  LsAddress other;

  if (!ls_address_parse (text, &address, NULL))
    return;
  {
    g_autofree char *again = ls_address_to_text (&address);

    FUZZ_CHECK (ls_address_parse (again, &other, NULL));
    FUZZ_CHECK (ls_address_equal (&address, &other));
  }
}

static void
check_prefix (const char *text)
{
  LsPrefix prefix;
  LsPrefix other;

  if (!ls_prefix_parse_interface (text, &prefix, NULL))
    {
      FUZZ_CHECK (!ls_prefix_parse (text, &other, NULL));
      return;
    }
  {
    g_autofree char *again = ls_prefix_to_text (&prefix);

    FUZZ_CHECK (prefix.length <= ls_address_bits (&prefix.address));
    FUZZ_CHECK (ls_prefix_parse_interface (again, &other, NULL));
    FUZZ_CHECK (ls_prefix_equal (&prefix, &other));
    FUZZ_CHECK (ls_prefix_contains (&prefix, &prefix.address));
    FUZZ_CHECK (ls_prefix_overlaps (&prefix, &other));
  }
}

static void
check_endpoint (const char *text)
{
  LsEndpoint endpoint;
  LsEndpoint other;

  if (!ls_endpoint_parse (text, &endpoint, NULL))
    return;
  {
    g_autofree char *again = ls_endpoint_to_text (&endpoint);

    FUZZ_CHECK (endpoint.port != 0);
    FUZZ_CHECK (ls_endpoint_parse (again, &other, NULL));
    FUZZ_CHECK (ls_endpoint_equal (&endpoint, &other));
    (void)ls_endpoint_is_usable (&endpoint);
  }
}

static void
check_names (const char *text)
{
  g_autofree char *interface = ls_interface_name_for_profile (text);

  FUZZ_CHECK ((interface != NULL) == ls_profile_name_validate (text, NULL));
  if (interface != NULL)
    FUZZ_CHECK (ls_interface_name_validate (interface, NULL));
  if (ls_node_id_validate (text, NULL))
    FUZZ_CHECK (strlen (text) <= LS_NODE_ID_MAX && strchr (text, '/') == NULL);
  if (ls_node_name_validate (text, NULL))
    FUZZ_CHECK (g_utf8_validate (text, -1, NULL) && *text != '\0');
  if (ls_token_validate (text, NULL))
    FUZZ_CHECK (strchr (text, '\n') == NULL && strlen (text) <= LS_TOKEN_MAX);
}

static void
check_links (const char *text)
{
  g_autofree char *url = ls_control_url_normalize (text, NULL);
  g_autofree char *pin = ls_pin_normalize (text, NULL);
  g_autofree char *link = ls_control_auth_url ("https://vpn.example.com:8080/", text, NULL);

  if (url != NULL)
    {
      g_autofree char *again = ls_control_url_normalize (url, NULL);

      FUZZ_CHECK (g_strcmp0 (again, url) == 0);
    }
  if (pin != NULL)
    FUZZ_CHECK (strlen (pin) == 64);
  if (link != NULL)
    {
      g_autoptr (GUri) uri = g_uri_parse (link, G_URI_FLAGS_NONE, NULL);

      FUZZ_CHECK (uri != NULL && g_str_equal (g_uri_get_host (uri), "vpn.example.com"));
      FUZZ_CHECK (g_uri_get_port (uri) == 8080 && g_uri_get_userinfo (uri) == NULL);
    }
}

static void
check_text (const char *text)
{
  g_autofree char *shown = ls_text_sanitize (text);

  FUZZ_CHECK (g_utf8_validate (shown, -1, NULL));
  FUZZ_CHECK (g_utf8_strlen (shown, -1) <= LS_TEXT_SHOWN_MAX + 1); /* "…" */
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = g_strndup ((const char *)data, size);

  check_key (text);
  check_address (text);
  check_prefix (text);
  check_endpoint (text);
  check_names (text);
  check_links (text);
  check_text (text);
  return 0;
}
