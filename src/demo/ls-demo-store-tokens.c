/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-demo-store-private.h"

#include "ls-control-writer.h"
#include "ls-demo-secret.h"
#include "ls-error.h"

LsDemoToken *
ls_demo_token_new (const char *network_id)
{
  LsDemoToken *token = g_new0 (LsDemoToken, 1);

  token->network_id = g_strdup (network_id);
  return token;
}

void
ls_demo_token_free (LsDemoToken *token)
{
  if (token == NULL)
    return;

  ls_enrollment_token_free (token->info);
  g_free (token->network_id);
  g_free (token);
}

static JsonNode *
token_detail (const LsEnrollmentToken *token)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "expires_at", token->expires_at);
  json_object_set_int_member (object, "uses", token->uses_left);
  ls_control_writer_set_strv (object, "tags", (const char *const *)token->tags);
  ls_control_writer_set_text (object, "owner_user_id", token->owner_user_id);
  ls_control_writer_set_text (object, "owner_email", token->owner_email);
  json_object_set_boolean_member (object, "owner_is_admin", token->owner_is_admin);
  return ls_control_writer_take_object (object);
}

static char *
dup_trimmed (const char *text)
{
  g_autofree char *trimmed = text != NULL ? g_strstrip (g_strdup (text)) : NULL;

  return trimmed != NULL && *trimmed != '\0' ? g_steal_pointer (&trimmed) : NULL;
}

const LsEnrollmentToken *
ls_demo_store_create_token (LsDemoStore *self, LsDemoNetwork *network,
                            const LsDemoTokenDraft *draft, GError **error)
{
  LsDemoToken *token;
  LsEnrollmentToken *info;

  if (draft->ttl == 0 || draft->uses == 0)
    {
      g_set_error_literal (error, LS_ERROR, LS_ERROR_CONTROL_INVALID,
                           "ttl_seconds and uses must be > 0");
      return NULL;
    }

  info = g_new0 (LsEnrollmentToken, 1);
  info->token = ls_demo_secret_new ();
  info->expires_at = ls_demo_store_now (self) + (gint64)MIN (draft->ttl, LS_DEMO_TTL_MAX);
  info->uses_left = draft->uses;
  info->tags = draft->tags != NULL ? g_strdupv ((GStrv)draft->tags) : g_new0 (char *, 1);
  info->owner_user_id = dup_trimmed (draft->owner_user_id);
  info->owner_email = dup_trimmed (draft->owner_email);
  info->owner_is_admin = draft->owner_is_admin;

  token = ls_demo_token_new (network->info->id);
  token->info = info;
  g_hash_table_insert (self->tokens, info->token, token);
  ls_demo_store_audit (self, "token.create", network->info->id, NULL, token_detail (info));
  ls_demo_store_changed (self, TRUE);
  return info;
}

const LsEnrollmentToken *
ls_demo_store_revoke_token (LsDemoStore *self, const char *text, GError **error)
{
  LsDemoToken *token = g_hash_table_lookup (self->tokens, text);
  JsonObject *detail;

  if (token == NULL)
    {
      g_set_error_literal (error, LS_ERROR, LS_ERROR_CONTROL_NOT_FOUND, "token");
      return NULL;
    }

  token->info->revoked_at = ls_demo_store_now (self);
  detail = json_object_new ();
  json_object_set_int_member (detail, "revoked_at", token->info->revoked_at);
  ls_demo_store_audit (self, "token.revoke", token->network_id, NULL,
                       ls_control_writer_take_object (detail));
  ls_demo_store_changed (self, TRUE);
  return token->info;
}

static int
compare_expiry (gconstpointer a, gconstpointer b)
{
  const LsEnrollmentToken *x = *(const LsEnrollmentToken *const *)a;
  const LsEnrollmentToken *y = *(const LsEnrollmentToken *const *)b;

  if (x->expires_at != y->expires_at)
    return x->expires_at > y->expires_at ? -1 : 1;
  return g_strcmp0 (x->token, y->token);
}

GPtrArray *
ls_demo_store_list_tokens (LsDemoStore *self, LsDemoNetwork *network)
{
  GPtrArray *tokens = g_ptr_array_new ();
  GHashTableIter iter;
  LsDemoToken *token;

  g_hash_table_iter_init (&iter, self->tokens);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *)&token))
    if (g_str_equal (token->network_id, network->info->id))
      g_ptr_array_add (tokens, token->info);
  g_ptr_array_sort (tokens, compare_expiry);
  return tokens;
}

LsDemoToken *
ls_demo_store_find_usable_token (LsDemoStore *self, const char *text, GError **error)
{
  LsDemoToken *token = g_hash_table_lookup (self->tokens, text);
  const char *wrong = NULL;

  if (token == NULL)
    wrong = "token not found";
  else if (token->info->expires_at <= ls_demo_store_now (self))
    wrong = "token expired";
  else if (token->info->revoked_at != 0)
    wrong = "token revoked";

  if (wrong == NULL)
    return token;
  g_set_error_literal (error, LS_ERROR, LS_ERROR_CONTROL_UNAUTHORIZED, wrong);
  return NULL;
}

void
ls_demo_store_use_token (LsDemoStore *self, LsDemoToken *token)
{
  token->info->uses_left--;
  if (token->info->uses_left == 0)
    g_hash_table_remove (self->tokens, token->info->token);
}
