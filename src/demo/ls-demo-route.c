/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-route.h"

static const LsDemoRoute routes[] = {
  { "GET", "/healthz", LS_DEMO_AUTH_NONE, ls_demo_api_healthz },
  { "POST", "/v1/register", LS_DEMO_AUTH_NONE, ls_demo_api_register },
  { "POST", "/v1/register-url", LS_DEMO_AUTH_NONE, ls_demo_api_register_url },
  { "GET", "/v1/register/approve/*/*", LS_DEMO_AUTH_NONE, ls_demo_api_approve_by_link },
  { "POST", "/v1/heartbeat", LS_DEMO_AUTH_NODE, ls_demo_api_heartbeat },
  { "GET", "/v1/netmap/*", LS_DEMO_AUTH_NODE, ls_demo_api_netmap },
  { "GET", "/v1/netmap/*/longpoll", LS_DEMO_AUTH_NODE, ls_demo_api_longpoll },
  { "POST", "/v1/nodes/*/rotate-keys", LS_DEMO_AUTH_NODE, ls_demo_api_rotate_keys },
  { "GET", "/v1/nodes/*/keys", LS_DEMO_AUTH_NODE, ls_demo_api_keys },
  { "POST", "/v1/nodes/*/revoke", LS_DEMO_AUTH_ADMIN, ls_demo_api_revoke_node },
  { "DELETE", "/v1/nodes/*", LS_DEMO_AUTH_ADMIN, ls_demo_api_delete_node },
  { "GET", "/v1/admin/networks/*/nodes", LS_DEMO_AUTH_ADMIN, ls_demo_api_list_nodes },
  { "POST", "/v1/admin/nodes/*/approve", LS_DEMO_AUTH_ADMIN, ls_demo_api_approve },
  { "PUT", "/v1/admin/nodes/*", LS_DEMO_AUTH_ADMIN, ls_demo_api_update_node },
  { "POST", "/v1/networks", LS_DEMO_AUTH_ADMIN, ls_demo_api_create_network },
  { "DELETE", "/v1/networks/*", LS_DEMO_AUTH_ADMIN, ls_demo_api_delete_network },
  { "GET", "/v1/networks/*/tokens", LS_DEMO_AUTH_ADMIN, ls_demo_api_list_tokens },
  { "POST", "/v1/networks/*/tokens", LS_DEMO_AUTH_ADMIN, ls_demo_api_create_token },
  { "POST", "/v1/tokens/*/revoke", LS_DEMO_AUTH_ADMIN, ls_demo_api_revoke_token },
  { "GET", "/v1/networks/*/acl", LS_DEMO_AUTH_ADMIN, ls_demo_api_get_acl },
  { "PUT", "/v1/networks/*/acl", LS_DEMO_AUTH_ADMIN, ls_demo_api_put_acl },
  { "GET", "/v1/networks/*/key-policy", LS_DEMO_AUTH_ADMIN, ls_demo_api_get_key_policy },
  { "PUT", "/v1/networks/*/key-policy", LS_DEMO_AUTH_ADMIN, ls_demo_api_put_key_policy },
  { "GET", "/v1/audit", LS_DEMO_AUTH_ADMIN, ls_demo_api_audit },
  { "GET", "/v1/admin/topology", LS_DEMO_AUTH_ADMIN, ls_demo_api_topology },
};

static void
clear_captures (char **captures)
{
  for (guint i = 0; i < LS_DEMO_CAPTURES_MAX; i++)
    g_clear_pointer (&captures[i], g_free);
}

static gboolean
match (const char *const *pattern, const char *const *path, char **captures)
{
  guint n = 0;

  for (; *pattern != NULL && *path != NULL; pattern++, path++)
    {
      if (!g_str_equal (*pattern, "*"))
        {
          if (!g_str_equal (*pattern, *path))
            break;
          continue;
        }
      captures[n] = **path != '\0' ? g_uri_unescape_string (*path, NULL) : NULL;
      if (captures[n] == NULL || !g_utf8_validate (captures[n], -1, NULL))
        break;
      n++;
    }

  if (*pattern == NULL && *path == NULL)
    return TRUE;
  clear_captures (captures);
  return FALSE;
}

const LsDemoRoute *
ls_demo_route_find (const char *method, const char *path, gboolean *out_path_known,
                    char **out_captures)
{
  g_auto (GStrv) segments = g_strsplit (path, "/", -1);

  *out_path_known = FALSE;
  for (guint i = 0; i < LS_DEMO_CAPTURES_MAX; i++)
    out_captures[i] = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (routes); i++)
    {
      g_auto (GStrv) pattern = g_strsplit (routes[i].pattern, "/", -1);

      if (!match ((const char *const *)pattern, (const char *const *)segments, out_captures))
        continue;
      if (g_str_equal (routes[i].method, method))
        return &routes[i];
      *out_path_known = TRUE;
      clear_captures (out_captures);
    }
  return NULL;
}
