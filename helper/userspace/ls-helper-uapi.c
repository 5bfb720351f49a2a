/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-helper-uapi.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <string.h>

#include "ls-error.h"

/* A line is a name and one value: the longest is a key of 64 digits. */
#define LINE_MAX_BYTES 256

void
ls_helper_uapi_device_free (LsHelperUapiDevice *device)
{
  ls_key_clear (&device->private_key);
  g_ptr_array_unref (device->peers);
  g_array_unref (device->statistics);
  g_free (device);
}

void
ls_helper_uapi_request_free (char *request)
{
  if (request != NULL)
    explicit_bzero (request, strlen (request));
  g_free (request);
}

/* SECURITY: a GString that grows by itself leaves what it held behind, keys among it. */
static void
make_room (GString *request, gsize size)
{
  if (request->len + size < request->allocated_len)
    return;
  gsize allocated = 2 * (request->len + size + 1);
  char *moved = g_malloc (allocated);
  memcpy (moved, request->str, request->len + 1);
  ls_helper_uapi_request_free (request->str);
  request->str = moved;
  request->allocated_len = allocated;
}

static void
put (GString *request, const char *text)
{
  make_room (request, strlen (text));
  g_string_append (request, text);
}

static void
put_value (GString *request, const char *name, const char *value)
{
  put (request, name);
  put (request, "=");
  put (request, value);
  put (request, "\n");
}

static void
put_number (GString *request, const char *name, guint value)
{
  char text[16];

  g_snprintf (text, sizeof text, "%u", value);
  put_value (request, name, text);
}

static void
put_key (GString *request, const char *name, const LsKey *key)
{
  static const char digits[] = "0123456789abcdef";
  char text[2 * LS_KEY_SIZE + 1] = { 0 };

  for (guint i = 0; i < LS_KEY_SIZE; i++)
    {
      text[2 * i] = digits[key->bytes[i] >> 4];
      text[2 * i + 1] = digits[key->bytes[i] & 15];
    }
  put_value (request, name, text);
  explicit_bzero (text, sizeof text);
}

static void
put_endpoint (GString *request, const LsEndpoint *endpoint)
{
  g_autofree char *text = ls_endpoint_to_text (endpoint);
  put_value (request, "endpoint", text);
}

static void
put_peer (GString *request, const LsTunnelPeer *peer, gboolean with_endpoint)
{
  static const LsKey none = { { 0 } };

  put_key (request, "public_key", &peer->public_key);
  put_key (request, "preshared_key", peer->has_preshared_key ? &peer->preshared_key : &none);
  if (with_endpoint && peer->has_endpoint)
    put_endpoint (request, &peer->endpoint);
  put_number (request, "persistent_keepalive_interval", peer->keepalive);
  put (request, "replace_allowed_ips=true\n");
  for (guint i = 0; i < peer->allowed_ips->len; i++)
    {
      g_autofree char *text = ls_prefix_to_text (&g_array_index (peer->allowed_ips, LsPrefix, i));
      put_value (request, "allowed_ip", text);
    }
}

static void
put_removed_peer (GString *request, const LsKey *key)
{
  put_key (request, "public_key", key);
  put (request, "remove=true\n");
}

static void
put_peer_endpoint (GString *request, const LsTunnelPeer *peer)
{
  put_key (request, "public_key", &peer->public_key);
  put (request, "update_only=true\n");
  put_endpoint (request, &peer->endpoint);
}

static GString *
request_new (guint peers)
{
  return g_string_append (g_string_sized_new (256 + (gsize)peers * 256), "set=1\n");
}

static char *
request_end (GString *request)
{
  put (request, "\n");
  return g_string_free (request, FALSE);
}

static int
compare_peers (gconstpointer a, gconstpointer b)
{
  const LsTunnelPeer *peer_a = *(const LsTunnelPeer *const *)a;
  const LsTunnelPeer *peer_b = *(const LsTunnelPeer *const *)b;
  return memcmp (peer_a->public_key.bytes, peer_b->public_key.bytes, LS_KEY_SIZE);
}

static const LsTunnelPeer *
find_peer (GPtrArray *peers, const LsKey *key)
{
  guint low = 0, high = peers->len;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      const LsTunnelPeer *peer = g_ptr_array_index (peers, middle);
      int order = memcmp (peer->public_key.bytes, key->bytes, LS_KEY_SIZE);
      if (order == 0)
        return peer;
      if (order < 0)
        low = middle + 1;
      else
        high = middle;
    }
  return NULL;
}

static gboolean
equal_but_endpoint (const LsTunnelPeer *a, const LsTunnelPeer *b)
{
  if (a->keepalive != b->keepalive || a->allowed_ips->len != b->allowed_ips->len
      || a->has_preshared_key != b->has_preshared_key
      || (a->has_preshared_key && !ls_key_equal (&a->preshared_key, &b->preshared_key)))
    return FALSE;
  for (guint i = 0; i < a->allowed_ips->len; i++)
    if (!ls_prefix_equal (&g_array_index (a->allowed_ips, LsPrefix, i),
                          &g_array_index (b->allowed_ips, LsPrefix, i)))
      return FALSE;
  return TRUE;
}

/* Whether the endpoint of @peer has to be written. */
static gboolean
endpoint_differs (const LsTunnelPeer *have, const LsTunnelPeer *peer, const LsTunnel *previous)
{
  const LsTunnelPeer *asked
      = previous != NULL ? ls_tunnel_find_peer (previous, &peer->public_key) : NULL;

  if (!peer->has_endpoint)
    return FALSE;
  if (have->has_endpoint && ls_endpoint_equal (&have->endpoint, &peer->endpoint))
    return FALSE;
  return !have->has_endpoint || asked == NULL || !asked->has_endpoint
         || !ls_endpoint_equal (&asked->endpoint, &peer->endpoint);
}

char *
ls_helper_uapi_format_apply (const LsHelperUapiDevice *device, const LsTunnel *desired,
                             const LsTunnel *previous)
{
  GString *request = request_new (desired->peers->len);
  gsize empty = request->len;

  if (!ls_key_equal (&device->private_key, &desired->private_key))
    put_key (request, "private_key", &desired->private_key);
  for (guint i = 0; i < device->peers->len; i++)
    {
      const LsTunnelPeer *have = g_ptr_array_index (device->peers, i);
      if (ls_tunnel_find_peer (desired, &have->public_key) == NULL)
        put_removed_peer (request, &have->public_key);
    }
  for (guint i = 0; i < desired->peers->len; i++)
    {
      const LsTunnelPeer *peer = g_ptr_array_index (desired->peers, i);
      const LsTunnelPeer *have = find_peer (device->peers, &peer->public_key);
      if (have == NULL)
        put_peer (request, peer, TRUE);
      else if (!equal_but_endpoint (have, peer))
        put_peer (request, peer, endpoint_differs (have, peer, previous));
      else if (endpoint_differs (have, peer, previous))
        put_peer_endpoint (request, peer);
    }
  if (request->len > empty)
    return request_end (request);
  g_string_free (request, TRUE);
  return NULL;
}

char *
ls_helper_uapi_format_listen_port (guint16 listen_port)
{
  return g_strdup_printf ("set=1\nlisten_port=%u\n\n", listen_port);
}

char *
ls_helper_uapi_format_peers (GPtrArray *changed, GArray *removed)
{
  GString *request = request_new (changed->len + removed->len);

  for (guint i = 0; i < removed->len; i++)
    put_removed_peer (request, &g_array_index (removed, LsKey, i));
  for (guint i = 0; i < changed->len; i++)
    put_peer (request, g_ptr_array_index (changed, i), TRUE);
  return request_end (request);
}

char *
ls_helper_uapi_format_endpoints (GPtrArray *peers)
{
  GString *request = request_new (peers->len);

  for (guint i = 0; i < peers->len; i++)
    put_peer_endpoint (request, g_ptr_array_index (peers, i));
  return request_end (request);
}

gboolean
ls_helper_uapi_answer_is_complete (const char *text, gsize length)
{
  return length >= 2 && text[length - 1] == '\n' && text[length - 2] == '\n';
}

static gboolean
nonsense (GError **error)
{
  g_set_error_literal (error, LS_ERROR, LS_ERROR_BACKEND,
                       _ ("The WireGuard program gave an answer that makes no sense."));
  return FALSE;
}

static gboolean
check_errno (gint64 value, GError **error)
{
  int code = (int)(value < 0 ? -value : value);

  if (code == 0)
    return TRUE;
  if (code == EADDRINUSE)
    g_set_error_literal (error, LS_ERROR, LS_ERROR_CONFLICT,
                         _ ("The UDP port is used by another program. Choose another one."));
  else
    g_set_error (error, LS_ERROR, LS_ERROR_BACKEND,
                 _ ("The WireGuard program refused the settings: %s"), g_strerror (code));
  return FALSE;
}

static gboolean
parse_signed (const char *value, gint64 min, gint64 max, gint64 *out_value)
{
  return g_ascii_string_to_signed (value, 10, min, max, out_value, NULL);
}

static gboolean
parse_unsigned (const char *value, guint64 max, guint64 *out_value)
{
  return g_ascii_string_to_unsigned (value, 10, 0, max, out_value, NULL);
}

static gboolean
parse_key (const char *value, LsKey *out_key)
{
  if (strlen (value) != 2 * LS_KEY_SIZE)
    return FALSE;
  for (guint i = 0; i < LS_KEY_SIZE; i++)
    {
      int high = g_ascii_xdigit_value (value[2 * i]);
      int low = g_ascii_xdigit_value (value[2 * i + 1]);
      if (high < 0 || low < 0)
        return FALSE;
      out_key->bytes[i] = (guint8)(high << 4 | low);
    }
  return TRUE;
}

/* What is being read. */
typedef struct
{
  LsHelperUapiDevice *device;
  LsTunnelPeer *peer; /* the last one begun, owned by the device; NULL before the first */
  LsPeerStatistics *statistics; /* its statistics */
  gboolean ended; /* errno was seen */
  gint64 code;
} Reader;

static gboolean
begin_peer (Reader *reader, const char *value)
{
  LsPeerStatistics statistics = { .last_handshake = 0 };

  if (!parse_key (value, &statistics.public_key)
      || reader->device->peers->len >= LS_TUNNEL_PEERS_MAX)
    return FALSE;
  g_array_append_val (reader->device->statistics, statistics);
  reader->statistics = &g_array_index (reader->device->statistics, LsPeerStatistics,
                                       reader->device->statistics->len - 1);
  reader->peer = ls_tunnel_peer_new (&statistics.public_key);
  g_ptr_array_add (reader->device->peers, reader->peer);
  return TRUE;
}

static gboolean
read_preshared_key (LsTunnelPeer *peer, const char *value)
{
  static const LsKey none = { { 0 } };

  if (!parse_key (value, &peer->preshared_key))
    return FALSE;
  peer->has_preshared_key = !ls_key_equal (&peer->preshared_key, &none);
  return TRUE;
}

static gboolean
read_allowed_ip (LsTunnelPeer *peer, const char *value)
{
  LsPrefix prefix;

  if (peer->allowed_ips->len >= LS_TUNNEL_ALLOWED_IPS_MAX
      || !ls_prefix_parse (value, &prefix, NULL))
    return FALSE;
  ls_tunnel_peer_add_allowed_ip (peer, &prefix);
  return TRUE;
}

/* An address with a zone is one that we never set: the peer then has none that we know. */
static void
read_endpoint (Reader *reader, const char *value)
{
  LsEndpoint endpoint;

  if (!ls_endpoint_parse (value, &endpoint, NULL))
    return;
  ls_tunnel_peer_set_endpoint (reader->peer, &endpoint);
  reader->statistics->endpoint = endpoint;
  reader->statistics->has_endpoint = TRUE;
}

static gboolean
read_peer_line (Reader *reader, const char *name, const char *value)
{
  guint64 number = 0;

  if (g_str_equal (name, "preshared_key"))
    return read_preshared_key (reader->peer, value);
  if (g_str_equal (name, "allowed_ip"))
    return read_allowed_ip (reader->peer, value);
  if (g_str_equal (name, "endpoint"))
    read_endpoint (reader, value);
  else if (g_str_equal (name, "persistent_keepalive_interval"))
    {
      if (!parse_unsigned (value, G_MAXUINT16, &number))
        return FALSE;
      reader->peer->keepalive = (guint16)number;
    }
  else if (g_str_equal (name, "last_handshake_time_sec"))
    return parse_signed (value, 0, G_MAXINT64, &reader->statistics->last_handshake);
  else if (g_str_equal (name, "rx_bytes"))
    return parse_unsigned (value, G_MAXUINT64, &reader->statistics->rx_bytes);
  else if (g_str_equal (name, "tx_bytes"))
    return parse_unsigned (value, G_MAXUINT64, &reader->statistics->tx_bytes);
  return TRUE;
}

static gboolean
read_device_line (Reader *reader, const char *name, const char *value)
{
  guint64 number = 0;

  if (g_str_equal (name, "private_key"))
    return parse_key (value, &reader->device->private_key);
  if (g_str_equal (name, "listen_port"))
    {
      if (!parse_unsigned (value, G_MAXUINT16, &number))
        return FALSE;
      reader->device->listen_port = (guint16)number;
    }
  return TRUE;
}

static gboolean
read_line (Reader *reader, char *line)
{
  char *value = strchr (line, '=');

  if (value == NULL || reader->ended)
    return FALSE;
  *value++ = '\0';
  if (g_str_equal (line, "errno"))
    {
      reader->ended = TRUE;
      return parse_signed (value, -4096, 4096, &reader->code);
    }
  if (g_str_equal (line, "public_key"))
    return begin_peer (reader, value);
  if (reader->peer != NULL)
    return read_peer_line (reader, line, value);
  return read_device_line (reader, line, value);
}

/* Every line up to the empty one that ends the answer. */
static gboolean
read_lines (Reader *reader, const char *text, gsize length)
{
  const char *at = text;
  const char *end = text + length;
  char line[LINE_MAX_BYTES];
  gboolean fine = TRUE;

  if (!ls_helper_uapi_answer_is_complete (text, length) || memchr (text, '\0', length) != NULL)
    return FALSE;
  while (fine && at < end && *at != '\n')
    {
      const char *stop = memchr (at, '\n', end - at);
      gsize size = stop - at;
      if (size >= sizeof line)
        return FALSE;
      memcpy (line, at, size);
      line[size] = '\0';
      fine = read_line (reader, line);
      at = stop + 1;
    }
  explicit_bzero (line, sizeof line);
  return fine && reader->ended && at + 1 == end;
}

static LsHelperUapiDevice *
device_new (void)
{
  LsHelperUapiDevice *device = g_new0 (LsHelperUapiDevice, 1);

  device->peers = g_ptr_array_new_with_free_func ((GDestroyNotify)ls_tunnel_peer_free);
  device->statistics = g_array_new (FALSE, TRUE, sizeof (LsPeerStatistics));
  return device;
}

LsHelperUapiDevice *
ls_helper_uapi_parse_get (const char *text, gsize length, GError **error)
{
  g_autoptr (LsHelperUapiDevice) device = device_new ();
  Reader reader = { .device = device };

  if (!read_lines (&reader, text, length))
    {
      nonsense (error);
      return NULL;
    }
  if (!check_errno (reader.code, error))
    return NULL;
  g_ptr_array_sort (device->peers, compare_peers);
  return g_steal_pointer (&device);
}

gboolean
ls_helper_uapi_parse_set (const char *text, gsize length, GError **error)
{
  g_autoptr (LsHelperUapiDevice) device = device_new ();
  Reader reader = { .device = device };

  if (!read_lines (&reader, text, length))
    return nonsense (error);
  return check_errno (reader.code, error);
}
