/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-pins.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#include "ls-error.h"
#include "ls-ident.h"

#define PINS_MAX 64 /* more than a network may have URLs */

LsPins *
ls_pins_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
}

LsPins *
ls_pins_copy (LsPins *pins)
{
  LsPins *copy = ls_pins_new ();
  GHashTableIter iter;
  gpointer url;
  gpointer pin;

  g_hash_table_iter_init (&iter, pins);
  while (g_hash_table_iter_next (&iter, &url, &pin))
    g_hash_table_insert (copy, g_strdup (url), g_strdup (pin));
  return copy;
}

gboolean
ls_pins_set (LsPins *pins, const char *url, const char *pin, GError **error)
{
  g_autofree char *key = ls_control_url_normalize (url, error);
  g_autofree char *value = NULL;

  if (key == NULL)
    return FALSE;
  if (*pin == '\0')
    {
      g_hash_table_remove (pins, key);
      return TRUE;
    }
  if (!g_str_has_prefix (key, "https:"))
    {
      g_set_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT,
                   _ ("%s is not encrypted and shows no certificate that could be pinned."), key);
      return FALSE;
    }
  value = ls_pin_normalize (pin, error);
  if (value == NULL)
    return FALSE;
  g_hash_table_replace (pins, g_steal_pointer (&key), g_steal_pointer (&value));
  return TRUE;
}

const char *
ls_pins_get (LsPins *pins, const char *url)
{
  return g_hash_table_lookup (pins, url);
}

void
ls_pins_keep (LsPins *pins, const char *const *urls)
{
  GHashTableIter iter;
  gpointer url;

  g_hash_table_iter_init (&iter, pins);
  while (g_hash_table_iter_next (&iter, &url, NULL))
    if (!g_strv_contains (urls, url))
      g_hash_table_iter_remove (&iter);
}

gboolean
ls_pins_check_urls (LsPins *pins, const char *const *urls, GError **error)
{
  GHashTableIter iter;
  gpointer url;

  g_hash_table_iter_init (&iter, pins);
  while (g_hash_table_iter_next (&iter, &url, NULL))
    {
      if (g_strv_contains (urls, url))
        continue;
      g_set_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT,
                   _ ("A certificate is pinned for %s, which is none of the server addresses."),
                   (const char *)url);
      return FALSE;
    }
  return TRUE;
}

GVariant *
ls_pins_to_variant (LsPins *pins)
{
  GVariantBuilder builder;
  GList *urls = g_list_sort (g_hash_table_get_keys (pins), (GCompareFunc)strcmp);

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{ss}"));
  for (GList *at = urls; at != NULL; at = at->next)
    g_variant_builder_add (&builder, "{ss}", at->data, g_hash_table_lookup (pins, at->data));
  g_list_free (urls);
  return g_variant_builder_end (&builder);
}

LsPins *
ls_pins_from_variant (GVariant *value, GError **error)
{
  g_autoptr (LsPins) pins = ls_pins_new ();
  GVariantIter iter;
  const char *url;
  const char *pin;

  if (g_variant_n_children (value) > PINS_MAX)
    {
      g_set_error (error, LS_ERROR, LS_ERROR_INVALID_ARGUMENT,
                   _ ("At most %d certificates can be pinned."), PINS_MAX);
      return NULL;
    }
  g_variant_iter_init (&iter, value);
  while (g_variant_iter_next (&iter, "{&s&s}", &url, &pin))
    if (!ls_pins_set (pins, url, pin, error))
      return NULL;
  return g_steal_pointer (&pins);
}
