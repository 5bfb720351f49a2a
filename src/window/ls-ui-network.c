/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ui-network-private.h"

#include "ls-error.h"

#include "ls-ui-format.h"

enum
{
  PROP_0,
  PROP_NAME,
  PROP_TITLE,
  PROP_SUBTITLE,
  PROP_STATE,
  PROP_STATE_LABEL,
  PROP_STATE_ICON,
  PROP_STATE_STYLE,
  PROP_SUMMARY,
  PROP_WANT_UP,
  PROP_CAN_SWITCH,
  PROP_CAN_JOIN,
  PROP_NETWORK_ID,
  PROP_NODE_NAME,
  PROP_DNS_NAME,
  PROP_IPV4,
  PROP_IPV6,
  PROP_PUBLIC_KEY,
  PROP_INTERFACE,
  PROP_BACKEND,
  PROP_SERVERS,
  PROP_AUTH_URL,
  PROP_TIME_LEFT,
  PROP_WAITING,
  PROP_LINK_EXPIRED,
  PROP_PROBLEM_TITLE,
  PROP_PROBLEM_HINT,
  PROP_PROBLEM_DETAILS,
  PROP_FAILURE_TITLE,
  PROP_FAILURE_HINT,
  PROP_FAILURE_DETAILS,
  PROP_UNREACHABLE,
  PROP_LEFT_OUT_TITLE,
  PROP_LEFT_OUT,
  PROP_RECEIVED,
  PROP_SENT,
  PROP_DEVICES,
  PROP_DEVICES_LOADED,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LsUiNetwork, ls_ui_network, G_TYPE_OBJECT)

/* Which of our properties a D-Bus property feeds; the strings that pass through have the same id.
 */
static const struct
{
  const char *source;
  guint targets[8];
} feeds[] = {
  { "Name", { PROP_NAME, PROP_TITLE } },
  { "NetworkName", { PROP_TITLE } },
  { "State",
    { PROP_STATE, PROP_STATE_LABEL, PROP_STATE_ICON, PROP_STATE_STYLE, PROP_SUMMARY, PROP_SUBTITLE,
      PROP_CAN_SWITCH, PROP_CAN_JOIN } },
  { "State", { PROP_WAITING, PROP_LINK_EXPIRED, PROP_TIME_LEFT, PROP_UNREACHABLE } },
  { "WantUp", { PROP_WANT_UP, PROP_CAN_SWITCH } },
  { "PeerCount", { PROP_SUMMARY } },
  { "PeersOnline", { PROP_SUMMARY } },
  { "NodeName", { PROP_NODE_NAME, PROP_SUBTITLE } },
  { "NetworkId", { PROP_NETWORK_ID } },
  { "DnsName", { PROP_DNS_NAME } },
  { "Ipv4", { PROP_IPV4 } },
  { "Ipv6", { PROP_IPV6 } },
  { "PublicKey", { PROP_PUBLIC_KEY } },
  { "Interface", { PROP_INTERFACE } },
  { "Backend", { PROP_BACKEND } },
  { "ControlUrls", { PROP_SERVERS } },
  { "AuthUrl", { PROP_AUTH_URL } },
  { "AuthExpires", { PROP_TIME_LEFT, PROP_LINK_EXPIRED } },
  { "Problem",
    { PROP_PROBLEM_TITLE, PROP_PROBLEM_HINT, PROP_PROBLEM_DETAILS, PROP_FAILURE_TITLE } },
  { "ControlReachable", { PROP_UNREACHABLE } },
  { "ControlSince", { PROP_UNREACHABLE } },
  { "LeftOut", { PROP_LEFT_OUT_TITLE, PROP_LEFT_OUT } },
  { "RxBytes", { PROP_RECEIVED } },
  { "TxBytes", { PROP_SENT } },
};

static void
notify_feed (LsUiNetwork *self, const char *source)
{
  for (guint i = 0; i < G_N_ELEMENTS (feeds); i++)
    if (g_str_equal (feeds[i].source, source))
      for (guint j = 0; j < G_N_ELEMENTS (feeds[i].targets) && feeds[i].targets[j] != 0; j++)
        g_object_notify_by_pspec (G_OBJECT (self), properties[feeds[i].targets[j]]);
}

static void
properties_changed_cb (GDBusProxy *proxy, GVariant *changed, const char *const *invalidated,
                       gpointer user_data)
{
  LsUiNetwork *self = user_data;
  GVariantIter iter;
  const char *name;

  g_object_freeze_notify (G_OBJECT (self));
  g_variant_iter_init (&iter, changed);
  while (g_variant_iter_next (&iter, "{&sv}", &name, NULL))
    notify_feed (self, name);
  for (guint i = 0; invalidated != NULL && invalidated[i] != NULL; i++)
    notify_feed (self, invalidated[i]);
  g_object_thaw_notify (G_OBJECT (self));
}

static void
peers_changed_cb (LsAgentIpcProfile *proxy, GVariant *changed, const char *const *removed,
                  gpointer user_data)
{
  LsUiNetwork *self = user_data;

  if (self->devices != NULL)
    ls_ui_devices_change (self->devices, changed, removed);
}

static void
list_peers_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (LsUiNetwork) self = user_data;
  g_autoptr (GVariant) peers = NULL;
  g_autoptr (GError) error = NULL;

  if (!ls_agent_ipc_profile_call_list_peers_finish (LS_AGENT_IPC_PROFILE (source), &peers, result,
                                                    &error))
    {
      ls_ui_network_take_failure (self, g_steal_pointer (&error));
      return;
    }
  ls_ui_devices_set (self->devices, peers);
  self->devices_loaded = TRUE;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DEVICES_LOADED]);
}

static const char *
or_empty (const char *text)
{
  return text != NULL ? text : "";
}

/* The strings that pass through as the agent says them; NULL if @prop_id is none of them. */
static const char *
get_plain_text (LsUiNetwork *self, guint prop_id)
{
  static const struct
  {
    guint id;
    const char *(*get) (LsAgentIpcProfile *);
  } plain[] = {
    { PROP_NAME, ls_agent_ipc_profile_get_name },
    { PROP_NETWORK_ID, ls_agent_ipc_profile_get_network_id },
    { PROP_NODE_NAME, ls_agent_ipc_profile_get_node_name },
    { PROP_DNS_NAME, ls_agent_ipc_profile_get_dns_name },
    { PROP_IPV4, ls_agent_ipc_profile_get_ipv4 },
    { PROP_IPV6, ls_agent_ipc_profile_get_ipv6 },
    { PROP_PUBLIC_KEY, ls_agent_ipc_profile_get_public_key },
    { PROP_INTERFACE, ls_agent_ipc_profile_get_interface },
    { PROP_BACKEND, ls_agent_ipc_profile_get_backend },
    { PROP_AUTH_URL, ls_agent_ipc_profile_get_auth_url },
  };

  for (guint i = 0; i < G_N_ELEMENTS (plain); i++)
    if (plain[i].id == prop_id)
      return or_empty (plain[i].get (self->proxy));
  return NULL;
}

static char *
dup_text_property (LsUiNetwork *self, guint prop_id)
{
  switch (prop_id)
    {
    case PROP_TITLE:
      return g_strdup (ls_ui_network_get_title (self));
    case PROP_SUBTITLE:
      return ls_ui_network_dup_subtitle (self);
    case PROP_STATE_LABEL:
      return g_strdup (ls_ui_state_get_label (ls_ui_network_get_state (self)));
    case PROP_STATE_ICON:
      return g_strdup (ls_ui_state_get_icon_name (ls_ui_network_get_state (self)));
    case PROP_STATE_STYLE:
      return g_strdup (ls_ui_state_get_style (ls_ui_network_get_state (self)));
    case PROP_SUMMARY:
      return ls_ui_network_dup_summary (self);
    case PROP_SERVERS:
      return ls_ui_network_dup_servers (self);
    case PROP_TIME_LEFT:
      return ls_ui_network_dup_time_left (self);
    case PROP_PROBLEM_TITLE:
    case PROP_PROBLEM_HINT:
    case PROP_PROBLEM_DETAILS:
      return ls_ui_network_dup_problem (self, prop_id - PROP_PROBLEM_TITLE);
    case PROP_FAILURE_TITLE:
      return ls_ui_network_dup_failure_title (self);
    case PROP_FAILURE_HINT:
      return g_strdup (or_empty (self->failure != NULL ? ls_error_get_hint (self->failure) : NULL));
    case PROP_FAILURE_DETAILS:
      return g_strdup (self->failure != NULL ? self->failure->message : "");
    case PROP_UNREACHABLE:
      return ls_ui_network_dup_unreachable (self);
    case PROP_LEFT_OUT_TITLE:
      return ls_ui_network_dup_left_out_title (self);
    case PROP_LEFT_OUT:
      return ls_ui_network_dup_left_out (self);
    case PROP_RECEIVED:
      return ls_ui_format_bytes (ls_agent_ipc_profile_get_rx_bytes (self->proxy));
    case PROP_SENT:
      return ls_ui_format_bytes (ls_agent_ipc_profile_get_tx_bytes (self->proxy));
    default:
      return g_strdup (get_plain_text (self, prop_id));
    }
}

static void
ls_ui_network_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  LsUiNetwork *self = LS_UI_NETWORK (object);
  LsUiState state = ls_ui_network_get_state (self);

  switch (prop_id)
    {
    case PROP_STATE:
      g_value_set_enum (value, state);
      break;
    case PROP_WANT_UP:
      g_value_set_boolean (value, ls_ui_network_get_want_up (self));
      break;
    case PROP_CAN_SWITCH:
      g_value_set_boolean (value, ls_ui_network_can_switch (self));
      break;
    case PROP_CAN_JOIN:
      g_value_set_boolean (value, state == LS_UI_STATE_NEW || state == LS_UI_STATE_DELETED);
      break;
    case PROP_WAITING:
      g_value_set_boolean (value, ls_ui_network_is_waiting (self));
      break;
    case PROP_LINK_EXPIRED:
      g_value_set_boolean (value, ls_ui_network_is_link_expired (self));
      break;
    case PROP_DEVICES:
      g_value_set_object (value, ls_ui_network_get_devices (self));
      break;
    case PROP_DEVICES_LOADED:
      g_value_set_boolean (value, self->devices_loaded);
      break;
    default:
      g_value_take_string (value, dup_text_property (self, prop_id));
    }
}

static void
ls_ui_network_dispose (GObject *object)
{
  LsUiNetwork *self = LS_UI_NETWORK (object);

  g_cancellable_cancel (self->cancellable);
  if (self->proxy != NULL)
    g_signal_handlers_disconnect_by_data (self->proxy, self);

  G_OBJECT_CLASS (ls_ui_network_parent_class)->dispose (object);
}

static void
ls_ui_network_finalize (GObject *object)
{
  LsUiNetwork *self = LS_UI_NETWORK (object);

  g_clear_object (&self->cancellable);
  g_clear_object (&self->proxy);
  g_clear_object (&self->devices);
  g_clear_error (&self->failure);

  G_OBJECT_CLASS (ls_ui_network_parent_class)->finalize (object);
}

static void
install_strings (void)
{
  static const char *const names[N_PROPS] = {
    [PROP_NAME] = "name",
    [PROP_TITLE] = "title",
    [PROP_SUBTITLE] = "subtitle",
    [PROP_STATE_LABEL] = "state-label",
    [PROP_STATE_ICON] = "state-icon",
    [PROP_STATE_STYLE] = "state-style",
    [PROP_SUMMARY] = "summary",
    [PROP_NETWORK_ID] = "network-id",
    [PROP_NODE_NAME] = "node-name",
    [PROP_DNS_NAME] = "dns-name",
    [PROP_IPV4] = "ipv4",
    [PROP_IPV6] = "ipv6",
    [PROP_PUBLIC_KEY] = "public-key",
    [PROP_INTERFACE] = "interface",
    [PROP_BACKEND] = "backend",
    [PROP_SERVERS] = "servers",
    [PROP_AUTH_URL] = "auth-url",
    [PROP_TIME_LEFT] = "time-left",
    [PROP_PROBLEM_TITLE] = "problem-title",
    [PROP_PROBLEM_HINT] = "problem-hint",
    [PROP_PROBLEM_DETAILS] = "problem-details",
    [PROP_FAILURE_TITLE] = "failure-title",
    [PROP_FAILURE_HINT] = "failure-hint",
    [PROP_FAILURE_DETAILS] = "failure-details",
    [PROP_UNREACHABLE] = "unreachable",
    [PROP_LEFT_OUT_TITLE] = "left-out-title",
    [PROP_LEFT_OUT] = "left-out",
    [PROP_RECEIVED] = "received",
    [PROP_SENT] = "sent",
  };

  for (guint i = 1; i < N_PROPS; i++)
    if (names[i] != NULL)
      properties[i] = g_param_spec_string (names[i], NULL, NULL, "",
                                           G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY
                                               | G_PARAM_STATIC_STRINGS);
}

static void
ls_ui_network_class_init (LsUiNetworkClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = ls_ui_network_get_property;
  object_class->dispose = ls_ui_network_dispose;
  object_class->finalize = ls_ui_network_finalize;

  install_strings ();
  properties[PROP_STATE]
      = g_param_spec_enum ("state", NULL, NULL, LS_UI_TYPE_STATE, LS_UI_STATE_UNKNOWN, flags);
  properties[PROP_WANT_UP] = g_param_spec_boolean ("want-up", NULL, NULL, FALSE, flags);
  properties[PROP_CAN_SWITCH] = g_param_spec_boolean ("can-switch", NULL, NULL, FALSE, flags);
  properties[PROP_CAN_JOIN] = g_param_spec_boolean ("can-join", NULL, NULL, FALSE, flags);
  properties[PROP_WAITING] = g_param_spec_boolean ("waiting", NULL, NULL, FALSE, flags);
  properties[PROP_LINK_EXPIRED] = g_param_spec_boolean ("link-expired", NULL, NULL, FALSE, flags);
  properties[PROP_DEVICES] = g_param_spec_object ("devices", NULL, NULL, LS_UI_TYPE_DEVICES, flags);
  properties[PROP_DEVICES_LOADED]
      = g_param_spec_boolean ("devices-loaded", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
ls_ui_network_init (LsUiNetwork *self)
{
  self->cancellable = g_cancellable_new ();
}

LsUiNetwork *
ls_ui_network_new (LsAgentIpcProfile *proxy)
{
  LsUiNetwork *self = g_object_new (LS_UI_TYPE_NETWORK, NULL);

  self->proxy = g_object_ref (proxy);
  /* Connecting may wait for a password and joining for a slow server: they end when they end. */
  g_dbus_proxy_set_default_timeout (G_DBUS_PROXY (proxy), G_MAXINT);
  g_signal_connect (proxy, "g-properties-changed", G_CALLBACK (properties_changed_cb), self);
  g_signal_connect (proxy, "peers-changed", G_CALLBACK (peers_changed_cb), self);
  return self;
}

const char *
ls_ui_network_get_name (LsUiNetwork *self)
{
  return or_empty (ls_agent_ipc_profile_get_name (self->proxy));
}

LsUiState
ls_ui_network_get_state (LsUiNetwork *self)
{
  return ls_ui_state_parse (ls_agent_ipc_profile_get_state (self->proxy));
}

LsPins *
ls_ui_network_dup_pins (LsUiNetwork *self)
{
  GVariant *options = ls_agent_ipc_profile_get_options (self->proxy);
  g_autoptr (GVariant) value = NULL;
  LsPins *pins = NULL;

  if (options != NULL)
    value = g_variant_lookup_value (options, "pins", G_VARIANT_TYPE ("a{ss}"));
  if (value != NULL)
    pins = ls_pins_from_variant (value, NULL);
  return pins != NULL ? pins : ls_pins_new ();
}

gboolean
ls_ui_network_get_want_up (LsUiNetwork *self)
{
  return ls_agent_ipc_profile_get_want_up (self->proxy);
}

gboolean
ls_ui_network_can_switch (LsUiNetwork *self)
{
  return ls_ui_state_can_switch (ls_ui_network_get_state (self))
         || ls_ui_network_get_want_up (self);
}

LsUiDevices *
ls_ui_network_get_devices (LsUiNetwork *self)
{
  if (self->devices == NULL)
    {
      self->devices = ls_ui_devices_new ();
      ls_agent_ipc_profile_call_list_peers (self->proxy, self->cancellable, list_peers_cb,
                                            g_object_ref (self));
    }
  return self->devices;
}

const char *
ls_ui_network_get_path (LsUiNetwork *self)
{
  return g_dbus_proxy_get_object_path (G_DBUS_PROXY (self->proxy));
}

void
ls_ui_network_refresh_ages (LsUiNetwork *self)
{
  if (!ls_ui_network_is_waiting (self))
    return;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TIME_LEFT]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LINK_EXPIRED]);
}

void
ls_ui_network_take_failure (LsUiNetwork *self, GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_clear_error (&error);
  g_clear_error (&self->failure);
  self->failure = error;
  for (guint i = PROP_FAILURE_TITLE; i <= PROP_FAILURE_DETAILS; i++)
    g_object_notify_by_pspec (G_OBJECT (self), properties[i]);
}
