/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-seed.h"

#define TOKEN_TTL (365 * 24 * 3600) /* seconds */
#define TOKEN_USES 1000000

/* A token of an earlier run that is still good, or a fresh one. Its nodes need no approval only if
 * the network asks for none. */
static const LsEnrollmentToken *
find_token (LsDemoStore *store, LsDemoNetwork *network)
{
  g_autoptr (GPtrArray) tokens = ls_demo_store_list_tokens (store, network);
  gint64 soon = g_get_real_time () / G_USEC_PER_SEC + TOKEN_TTL / 2;
  LsDemoTokenDraft draft = { .ttl = TOKEN_TTL, .uses = TOKEN_USES, .owner_is_admin = TRUE };

  for (guint i = 0; i < tokens->len; i++)
    {
      const LsEnrollmentToken *token = g_ptr_array_index (tokens, i);

      if (token->revoked_at == 0 && token->expires_at > soon && token->uses_left > TOKEN_USES / 2)
        return token;
    }
  return ls_demo_store_create_token (store, network, &draft, NULL);
}

const char *
ls_demo_seed (LsDemoStore *store, char **out_token)
{
  LsDemoNetwork *network = ls_demo_store_find_network_by_name (store, LS_DEMO_SEED_NAME);
  const LsEnrollmentToken *token;
  LsNetworkDraft draft = { .name = LS_DEMO_SEED_NAME, .requires_approval = TRUE };

  if (network == NULL)
    network = ls_demo_store_create_network (store, &draft, &token, NULL);
  *out_token = g_strdup (find_token (store, network)->token);
  return ls_demo_network_get_info (network)->id;
}
