/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ui-device.h"

#include <glib/gi18n-lib.h>

#include "ls-ui-format.h"

struct _LsUiDevice
{
  GObject parent_instance;

  char *id;
  char *name;
  char *dns_name;
  char *ipv4;
  char *ipv6;
  char *public_key;
  char *path;
  char *endpoint;
  char **tags;
  char **endpoints;
  char **routes;
  char *sort_key;
  char *haystack; /* what a search looks in, case-folded */
  gint64 last_seen;
  gint64 last_handshake;
  guint64 rx_bytes;
  guint64 tx_bytes;
  gboolean online;
};

enum
{
  PROP_0,
  PROP_ID,
  PROP_NAME,
  PROP_DNS_NAME,
  PROP_IPV4,
  PROP_IPV6,
  PROP_ADDRESS,
  PROP_SUBTITLE,
  PROP_PUBLIC_KEY,
  PROP_TAGS,
  PROP_TAGS_TEXT,
  PROP_ENDPOINTS,
  PROP_ROUTES,
  PROP_ONLINE,
  PROP_STATUS,
  PROP_PATH_TEXT,
  PROP_ICON_NAME,
  PROP_STYLE,
  PROP_ENDPOINT,
  PROP_HANDSHAKE,
  PROP_RECEIVED,
  PROP_SENT,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LsUiDevice, ls_ui_device, G_TYPE_OBJECT)

static gint64
now_seconds (void)
{
  return g_get_real_time () / G_USEC_PER_SEC;
}

static gboolean
take_string (char **field, GVariant *peer, const char *key)
{
  const char *text = "";

  g_variant_lookup (peer, key, "&s", &text);
  if (g_strcmp0 (*field, text) == 0)
    return FALSE;
  g_free (*field);
  *field = g_strdup (text);
  return TRUE;
}

static gboolean
take_strv (char ***field, char **owned)
{
  if (*field != NULL && g_strv_equal ((const char *const *)*field, (const char *const *)owned))
    {
      g_strfreev (owned);
      return FALSE;
    }
  g_strfreev (*field);
  *field = owned;
  return TRUE;
}

static char **
lookup_strv (GVariant *peer, const char *key)
{
  char **strv = NULL;

  if (!g_variant_lookup (peer, key, "^as", &strv))
    strv = g_new0 (char *, 1);
  return strv;
}

static char *
describe_route (const char *prefix, const char *kind, gboolean enabled, const char *mapped)
{
  g_autoptr (GString) line = g_string_new (prefix);

  if (*mapped != '\0')
    g_string_append_printf (line, _ (", reached as %s"), mapped);
  if (g_str_equal (kind, "exit"))
    g_string_append_printf (line, " · %s", _ ("the whole internet"));
  if (!enabled)
    g_string_append_printf (line, " · %s", _ ("not enabled"));
  return g_string_free (g_steal_pointer (&line), FALSE);
}

static char **
lookup_routes (GVariant *peer)
{
  g_autoptr (GStrvBuilder) lines = g_strv_builder_new ();
  g_autoptr (GVariantIter) iter = NULL;
  const char *prefix;
  const char *kind;
  const char *mapped;
  gboolean enabled;

  if (g_variant_lookup (peer, "routes", "a(ssbs)", &iter))
    while (g_variant_iter_next (iter, "(&s&sb&s)", &prefix, &kind, &enabled, &mapped))
      {
        g_autofree char *line = describe_route (prefix, kind, enabled, mapped);
        g_strv_builder_add (lines, line);
      }
  return g_strv_builder_end (lines);
}

static void
update_search (LsUiDevice *self)
{
  g_autofree char *tags = g_strjoinv ("\n", self->tags);
  g_autofree char *all
      = g_strjoin ("\n", self->name, self->dns_name, self->ipv4, self->ipv6, tags, NULL);
  g_autofree char *folded = g_utf8_casefold (self->name, -1);

  g_free (self->haystack);
  self->haystack = g_utf8_casefold (all, -1);
  g_free (self->sort_key);
  self->sort_key = g_utf8_collate_key_for_filename (folded, -1);
}

static gboolean
update_identity (LsUiDevice *self, GVariant *peer)
{
  gboolean changed = take_string (&self->id, peer, "id");

  changed |= take_string (&self->name, peer, "name");
  changed |= take_string (&self->dns_name, peer, "dns-name");
  changed |= take_string (&self->ipv4, peer, "ipv4");
  changed |= take_string (&self->ipv6, peer, "ipv6");
  changed |= take_strv (&self->tags, lookup_strv (peer, "tags"));
  if (!changed)
    return FALSE;
  update_search (self);
  for (guint i = PROP_ID; i <= PROP_SUBTITLE; i++)
    g_object_notify_by_pspec (G_OBJECT (self), properties[i]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TAGS]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TAGS_TEXT]);
  return TRUE;
}

static void
update_settings (LsUiDevice *self, GVariant *peer)
{
  if (take_string (&self->public_key, peer, "public-key"))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PUBLIC_KEY]);
  if (take_strv (&self->endpoints, lookup_strv (peer, "endpoints")))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ENDPOINTS]);
  if (take_strv (&self->routes, lookup_routes (peer)))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ROUTES]);
}

static gboolean
update_presence (LsUiDevice *self, GVariant *peer)
{
  gint64 last_seen = 0;
  gboolean online = FALSE;
  gboolean path_changed = take_string (&self->path, peer, "path");
  gboolean online_changed;
  gboolean seen_changed;

  g_variant_lookup (peer, "last-seen", "x", &last_seen);
  g_variant_lookup (peer, "online", "b", &online);
  online_changed = online != self->online;
  seen_changed = last_seen != self->last_seen;
  self->online = online;
  self->last_seen = last_seen;
  if (online_changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ONLINE]);
  if (online_changed || seen_changed)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATUS]);
  if (online_changed || path_changed)
    {
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PATH_TEXT]);
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ICON_NAME]);
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STYLE]);
    }
  return online_changed;
}

static void
update_statistics (LsUiDevice *self, GVariant *peer)
{
  gint64 handshake = 0;
  guint64 rx_bytes = 0;
  guint64 tx_bytes = 0;

  g_variant_lookup (peer, "last-handshake", "x", &handshake);
  g_variant_lookup (peer, "rx-bytes", "t", &rx_bytes);
  g_variant_lookup (peer, "tx-bytes", "t", &tx_bytes);
  if (take_string (&self->endpoint, peer, "endpoint"))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ENDPOINT]);
  if (handshake == self->last_handshake && rx_bytes == self->rx_bytes && tx_bytes == self->tx_bytes)
    return;
  self->last_handshake = handshake;
  self->rx_bytes = rx_bytes;
  self->tx_bytes = tx_bytes;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HANDSHAKE]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_RECEIVED]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SENT]);
}

static char *
dup_subtitle (LsUiDevice *self)
{
  const char *address = ls_ui_device_get_address (self);

  if (*self->dns_name == '\0')
    return g_strdup (address);
  if (*address == '\0')
    return g_strdup (self->dns_name);
  return g_strdup_printf ("%s · %s", address, self->dns_name);
}

static char *
dup_status (LsUiDevice *self)
{
  g_autofree char *age = NULL;

  if (self->online)
    return g_strdup (_ ("Online"));
  if (self->last_seen <= 0)
    return g_strdup (_ ("Never seen"));
  age = ls_ui_format_age (self->last_seen, now_seconds ());
  return g_strdup_printf (_ ("Seen %s"), age);
}

static const char *
get_icon_name (LsUiDevice *self)
{
  if (!self->online)
    return "ls-state-off-symbolic";
  if (g_str_equal (self->path, "none"))
    return "ls-state-attention-symbolic";
  return "ls-state-connected-symbolic";
}

static const char *
get_style (LsUiDevice *self)
{
  if (!self->online)
    return "dim-label";
  return g_str_equal (self->path, "none") ? "warning" : "success";
}

static void
get_text_property (LsUiDevice *self, guint prop_id, GValue *value)
{
  switch (prop_id)
    {
    case PROP_SUBTITLE:
      g_value_take_string (value, dup_subtitle (self));
      break;
    case PROP_STATUS:
      g_value_take_string (value, dup_status (self));
      break;
    case PROP_HANDSHAKE:
      g_value_take_string (value, ls_ui_format_age (self->last_handshake, now_seconds ()));
      break;
    case PROP_RECEIVED:
      g_value_take_string (value, ls_ui_format_bytes (self->rx_bytes));
      break;
    case PROP_SENT:
      g_value_take_string (value, ls_ui_format_bytes (self->tx_bytes));
      break;
    case PROP_TAGS_TEXT:
      g_value_take_string (value, g_strjoinv (", ", self->tags));
      break;
    case PROP_PATH_TEXT:
      /* Nobody expects an answer of a device that is off. */
      if (self->online || !g_str_equal (self->path, "none"))
        g_value_set_string (value, ls_ui_format_path (self->path));
      else
        g_value_set_static_string (value, "");
      break;
    case PROP_ICON_NAME:
      g_value_set_string (value, get_icon_name (self));
      break;
    case PROP_STYLE:
      g_value_set_string (value, get_style (self));
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
ls_ui_device_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  LsUiDevice *self = LS_UI_DEVICE (object);

  switch (prop_id)
    {
    case PROP_ID:
      g_value_set_string (value, self->id);
      break;
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_DNS_NAME:
      g_value_set_string (value, self->dns_name);
      break;
    case PROP_IPV4:
      g_value_set_string (value, self->ipv4);
      break;
    case PROP_IPV6:
      g_value_set_string (value, self->ipv6);
      break;
    case PROP_ADDRESS:
      g_value_set_string (value, ls_ui_device_get_address (self));
      break;
    case PROP_PUBLIC_KEY:
      g_value_set_string (value, self->public_key);
      break;
    case PROP_TAGS:
      g_value_set_boxed (value, self->tags);
      break;
    case PROP_ENDPOINTS:
      g_value_set_boxed (value, self->endpoints);
      break;
    case PROP_ROUTES:
      g_value_set_boxed (value, self->routes);
      break;
    case PROP_ONLINE:
      g_value_set_boolean (value, self->online);
      break;
    case PROP_ENDPOINT:
      g_value_set_string (value, self->endpoint);
      break;
    default:
      get_text_property (self, prop_id, value);
    }
}

static void
ls_ui_device_finalize (GObject *object)
{
  LsUiDevice *self = LS_UI_DEVICE (object);

  g_free (self->id);
  g_free (self->name);
  g_free (self->dns_name);
  g_free (self->ipv4);
  g_free (self->ipv6);
  g_free (self->public_key);
  g_free (self->path);
  g_free (self->endpoint);
  g_strfreev (self->tags);
  g_strfreev (self->endpoints);
  g_strfreev (self->routes);
  g_free (self->sort_key);
  g_free (self->haystack);

  G_OBJECT_CLASS (ls_ui_device_parent_class)->finalize (object);
}

static void
install_strings (GObjectClass *object_class)
{
  static const struct
  {
    guint id;
    const char *name;
  } strings[] = {
    { PROP_ID, "id" },
    { PROP_NAME, "name" },
    { PROP_DNS_NAME, "dns-name" },
    { PROP_IPV4, "ipv4" },
    { PROP_IPV6, "ipv6" },
    { PROP_ADDRESS, "address" },
    { PROP_SUBTITLE, "subtitle" },
    { PROP_PUBLIC_KEY, "public-key" },
    { PROP_TAGS_TEXT, "tags-text" },
    { PROP_STATUS, "status" },
    { PROP_PATH_TEXT, "path-text" },
    { PROP_ICON_NAME, "icon-name" },
    { PROP_STYLE, "style" },
    { PROP_ENDPOINT, "endpoint" },
    { PROP_HANDSHAKE, "handshake" },
    { PROP_RECEIVED, "received" },
    { PROP_SENT, "sent" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (strings); i++)
    properties[strings[i].id]
        = g_param_spec_string (strings[i].name, NULL, NULL, "",
                               G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static void
ls_ui_device_class_init (LsUiDeviceClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = ls_ui_device_get_property;
  object_class->finalize = ls_ui_device_finalize;

  install_strings (object_class);
  properties[PROP_TAGS] = g_param_spec_boxed ("tags", NULL, NULL, G_TYPE_STRV, flags);
  properties[PROP_ENDPOINTS] = g_param_spec_boxed ("endpoints", NULL, NULL, G_TYPE_STRV, flags);
  properties[PROP_ROUTES] = g_param_spec_boxed ("routes", NULL, NULL, G_TYPE_STRV, flags);
  properties[PROP_ONLINE] = g_param_spec_boolean ("online", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
ls_ui_device_init (LsUiDevice *self)
{
}

LsUiDevice *
ls_ui_device_new (GVariant *peer)
{
  LsUiDevice *self = g_object_new (LS_UI_TYPE_DEVICE, NULL);

  ls_ui_device_update (self, peer);
  return self;
}

gboolean
ls_ui_device_update (LsUiDevice *self, GVariant *peer)
{
  gboolean moved;

  g_object_freeze_notify (G_OBJECT (self));
  moved = update_identity (self, peer);
  update_settings (self, peer);
  moved |= update_presence (self, peer);
  update_statistics (self, peer);
  g_object_thaw_notify (G_OBJECT (self));
  return moved;
}

void
ls_ui_device_refresh_ages (LsUiDevice *self)
{
  if (!self->online)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATUS]);
  if (self->last_handshake != 0)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HANDSHAKE]);
}

const char *
ls_ui_device_get_id (LsUiDevice *self)
{
  return self->id;
}

const char *
ls_ui_device_get_name (LsUiDevice *self)
{
  return self->name;
}

const char *
ls_ui_device_get_address (LsUiDevice *self)
{
  return *self->ipv4 != '\0' ? self->ipv4 : self->ipv6;
}

const char *
ls_ui_device_get_dns_name (LsUiDevice *self)
{
  return self->dns_name;
}

gboolean
ls_ui_device_get_online (LsUiDevice *self)
{
  return self->online;
}

gint64
ls_ui_device_get_last_seen (LsUiDevice *self)
{
  return self->last_seen;
}

int
ls_ui_device_compare_names (LsUiDevice *a, LsUiDevice *b)
{
  int order = strcmp (a->sort_key, b->sort_key);

  return order != 0 ? order : strcmp (a->id, b->id);
}

gboolean
ls_ui_device_matches (LsUiDevice *self, const char *const *words)
{
  for (guint i = 0; words != NULL && words[i] != NULL; i++)
    if (strstr (self->haystack, words[i]) == NULL)
      return FALSE;
  return TRUE;
}
