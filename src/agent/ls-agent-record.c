/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-record.h"

#include <glib/gi18n-lib.h>

#include "ls-error.h"
#include "ls-ident.h"

#define GROUP "profile"
#define VERSION 2
#define VERSION_OF_ONE_PIN 1 /* had one pin for all URLs */
#define STRING_MAX 4096

/* The strings of a record that are stored as they are. */
typedef struct
{
  const char *key;
  gsize offset;
} RecordText;

#define TEXT(key, field)                                                                           \
  {                                                                                                \
    key, G_STRUCT_OFFSET (LsAgentRecord, field)                                                    \
  }

static const RecordText record_texts[] = {
  TEXT ("id", id),
  TEXT ("network-id", network_id),
  TEXT ("network-name", network_name),
  TEXT ("dns-domain", dns_domain),
  TEXT ("node-id", node_id),
  TEXT ("node-name", node_name),
  TEXT ("dns-name", dns_name),
  TEXT ("ipv4", ipv4),
  TEXT ("ipv6", ipv6),
};

static const struct
{
  LsAgentEvent fact;
  const char *text;
} record_facts[] = {
  { LS_AGENT_N_EVENTS, "none" },
  { LS_AGENT_EVENT_FACT_PENDING, "pending" },
  { LS_AGENT_EVENT_FACT_APPROVED, "approved" },
  { LS_AGENT_EVENT_FACT_ROTATION_DUE, "key-rotation-due" },
  { LS_AGENT_EVENT_FACT_REVOKED, "revoked" },
  { LS_AGENT_EVENT_FACT_GONE, "deleted" },
};

static char **
text_field (LsAgentRecord *record, const RecordText *text)
{
  return G_STRUCT_MEMBER_P (record, text->offset);
}

LsAgentRecord *
ls_agent_record_new (const char *name)
{
  LsAgentRecord *record = g_new0 (LsAgentRecord, 1);

  for (guint i = 0; i < G_N_ELEMENTS (record_texts); i++)
    *text_field (record, &record_texts[i]) = g_strdup ("");
  g_free (record->id);
  record->id = g_uuid_string_random ();
  record->name = g_strdup (name);
  record->urls = g_new0 (char *, 1);
  record->pins = ls_pins_new ();
  record->backend = LS_BACKEND_AUTO;
  record->fact = LS_AGENT_N_EVENTS;
  return record;
}

LsAgentRecord *
ls_agent_record_copy (const LsAgentRecord *record)
{
  LsAgentRecord *copy = g_memdup2 (record, sizeof *record);

  for (guint i = 0; i < G_N_ELEMENTS (record_texts); i++)
    {
      char **field = text_field (copy, &record_texts[i]);

      *field = g_strdup (*field);
    }
  copy->name = g_strdup (record->name);
  copy->urls = g_strdupv (record->urls);
  copy->pins = ls_pins_copy (record->pins);
  return copy;
}

void
ls_agent_record_free (LsAgentRecord *record)
{
  for (guint i = 0; i < G_N_ELEMENTS (record_texts); i++)
    g_free (*text_field (record, &record_texts[i]));
  g_free (record->name);
  g_strfreev (record->urls);
  g_hash_table_unref (record->pins);
  g_free (record);
}

void
ls_agent_record_set (char **field, const char *value)
{
  if (g_strcmp0 (*field, value) == 0)
    return;
  g_free (*field);
  *field = g_strdup (value != NULL ? value : "");
}

static const char *
fact_to_text (LsAgentEvent fact)
{
  for (guint i = 0; i < G_N_ELEMENTS (record_facts); i++)
    if (record_facts[i].fact == fact)
      return record_facts[i].text;
  return "none";
}

/* "SHA-256 URL" each, in the order of the URLs. */
static void
write_pins (const LsAgentRecord *record, GKeyFile *file)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_full (1, g_free);

  for (guint i = 0; record->urls[i] != NULL; i++)
    {
      const char *pin = ls_pins_get (record->pins, record->urls[i]);

      if (pin != NULL)
        g_ptr_array_add (lines, g_strdup_printf ("%s %s", pin, record->urls[i]));
    }
  g_key_file_set_string_list (file, GROUP, "pins", (const char *const *)lines->pdata, lines->len);
}

char *
ls_agent_record_to_text (const LsAgentRecord *record)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();

  g_key_file_set_integer (file, GROUP, "version", VERSION);
  g_key_file_set_string (file, GROUP, "name", record->name);
  g_key_file_set_string_list (file, GROUP, "urls", (const char *const *)record->urls,
                              g_strv_length (record->urls));
  write_pins (record, file);
  g_key_file_set_integer (file, GROUP, "listen-port", record->listen_port);
  g_key_file_set_integer (file, GROUP, "mtu", record->mtu);
  g_key_file_set_string (file, GROUP, "backend", ls_backend_kind_to_text (record->backend));
  g_key_file_set_integer (file, GROUP, "chosen-port", record->chosen_port);
  g_key_file_set_boolean (file, GROUP, "want-up", record->want_up);
  g_key_file_set_string (file, GROUP, "fact", fact_to_text (record->fact));
  g_key_file_set_int64 (file, GROUP, "auth-expires", record->auth_expires);
  for (guint i = 0; i < G_N_ELEMENTS (record_texts); i++)
    g_key_file_set_string (file, GROUP, record_texts[i].key,
                           *text_field ((LsAgentRecord *)record, &record_texts[i]));
  return g_key_file_to_data (file, NULL, NULL);
}

static gboolean
refuse (const char *key, GError **error)
{
  g_prefix_error (error, "%s: ", key);
  return FALSE;
}

/* GKeyFile may return a value and an error at once (an escape at the end of the line). */
static char *
read_string (GKeyFile *file, const char *key, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autofree char *text = g_key_file_get_string (file, GROUP, key, &local_error);

  if (local_error == NULL)
    return g_steal_pointer (&text);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

static gboolean
read_text (GKeyFile *file, const char *key, char **out_text, GError **error)
{
  g_autofree char *text = read_string (file, key, error);

  if (text == NULL)
    return FALSE;
  if (strlen (text) > STRING_MAX)
    {
      g_set_error (error, LS_ERROR, LS_ERROR_STORAGE, "%s: too long", key);
      return FALSE;
    }
  g_free (*out_text);
  *out_text = g_steal_pointer (&text);
  return TRUE;
}

static gboolean
read_number (GKeyFile *file, const char *key, guint16 *out_number, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  gint number = g_key_file_get_integer (file, GROUP, key, &local_error);

  if (local_error == NULL && (number < 0 || number > G_MAXUINT16))
    g_set_error (&local_error, LS_ERROR, LS_ERROR_STORAGE, "%s: out of range", key);
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  *out_number = number;
  return TRUE;
}

static gboolean
read_urls (LsAgentRecord *record, GKeyFile *file, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_auto (GStrv) urls = g_key_file_get_string_list (file, GROUP, "urls", NULL, &local_error);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  for (guint i = 0; urls[i] != NULL; i++)
    {
      g_autofree char *url = ls_control_url_normalize (urls[i], error);

      if (url == NULL)
        return refuse ("urls", error);
      g_strv_builder_add (builder, url);
    }
  g_strfreev (record->urls);
  record->urls = g_strv_builder_end (builder);
  return TRUE;
}

static gboolean
read_pin_lines (LsAgentRecord *record, GKeyFile *file, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_auto (GStrv) lines = g_key_file_get_string_list (file, GROUP, "pins", NULL, &local_error);

  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  for (guint i = 0; lines[i] != NULL; i++)
    {
      char *url = strchr (lines[i], ' ');

      if (url != NULL)
        *url++ = '\0';
      if (!ls_pins_set (record->pins, url != NULL ? url : "", lines[i], error))
        return refuse ("pins", error);
    }
  return ls_pins_check_urls (record->pins, (const char *const *)record->urls, error)
         || refuse ("pins", error);
}

/* The one pin of before was that of every encrypted URL. */
static gboolean
read_one_pin (LsAgentRecord *record, GKeyFile *file, GError **error)
{
  g_autofree char *pin = read_string (file, "pin", error);

  if (pin == NULL)
    return FALSE;
  for (guint i = 0; *pin != '\0' && record->urls[i] != NULL; i++)
    if (g_str_has_prefix (record->urls[i], "https:")
        && !ls_pins_set (record->pins, record->urls[i], pin, error))
      return refuse ("pin", error);
  return TRUE;
}

static gboolean
read_pins (LsAgentRecord *record, GKeyFile *file, GError **error)
{
  if (g_key_file_get_integer (file, GROUP, "version", NULL) == VERSION_OF_ONE_PIN)
    return read_one_pin (record, file, error);
  return read_pin_lines (record, file, error);
}

static gboolean
read_fact (LsAgentRecord *record, GKeyFile *file, GError **error)
{
  g_autofree char *text = read_string (file, "fact", error);

  if (text == NULL)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (record_facts); i++)
    if (g_str_equal (record_facts[i].text, text))
      {
        record->fact = record_facts[i].fact;
        return TRUE;
      }
  g_set_error (error, LS_ERROR, LS_ERROR_STORAGE, "fact: unknown word");
  return FALSE;
}

static gboolean
check_texts (LsAgentRecord *record, GError **error)
{
  if (!g_uuid_string_is_valid (record->id))
    {
      g_set_error (error, LS_ERROR, LS_ERROR_STORAGE, "id: not a UUID");
      return FALSE;
    }
  if (*record->node_id != '\0' && !ls_node_id_validate (record->node_id, error))
    return refuse ("node-id", error);
  if (*record->network_id != '\0' && !ls_node_id_validate (record->network_id, error))
    return refuse ("network-id", error);
  return TRUE;
}

static gboolean
read_scalars (LsAgentRecord *record, GKeyFile *file, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autofree char *backend = NULL;

  if (!read_number (file, "listen-port", &record->listen_port, error)
      || !read_number (file, "mtu", &record->mtu, error)
      || !read_number (file, "chosen-port", &record->chosen_port, error))
    return FALSE;
  record->want_up = g_key_file_get_boolean (file, GROUP, "want-up", &local_error);
  if (local_error == NULL)
    record->auth_expires = g_key_file_get_int64 (file, GROUP, "auth-expires", &local_error);
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  backend = read_string (file, "backend", error);
  return backend != NULL && ls_backend_kind_parse (backend, &record->backend, error);
}

static gboolean
read_record (LsAgentRecord *record, GKeyFile *file, GError **error)
{
  g_autofree char *name = read_string (file, "name", error);
  gint version = g_key_file_get_integer (file, GROUP, "version", NULL);

  if (name == NULL)
    return FALSE;
  if (!g_str_equal (name, record->name) || (version != VERSION && version != VERSION_OF_ONE_PIN))
    {
      g_set_error (error, LS_ERROR, LS_ERROR_STORAGE, "name or version: not as expected");
      return FALSE;
    }
  for (guint i = 0; i < G_N_ELEMENTS (record_texts); i++)
    if (!read_text (file, record_texts[i].key, text_field (record, &record_texts[i]), error))
      return FALSE;
  return read_scalars (record, file, error) && read_urls (record, file, error)
         && read_pins (record, file, error) && read_fact (record, file, error)
         && check_texts (record, error);
}

LsAgentRecord *
ls_agent_record_from_text (const char *name, const char *text, gsize length, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (LsAgentRecord) record = ls_agent_record_new (name);
  g_autoptr (GError) local_error = NULL;

  if (length > 0 && g_key_file_load_from_data (file, text, length, G_KEY_FILE_NONE, &local_error)
      && read_record (record, file, &local_error))
    return g_steal_pointer (&record);
  g_set_error (error, LS_ERROR, LS_ERROR_STORAGE, _ ("The stored settings cannot be read: %s"),
               local_error != NULL ? local_error->message : _ ("the file is empty"));
  return NULL;
}
