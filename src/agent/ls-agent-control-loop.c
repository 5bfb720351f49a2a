/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-control-loop.h"

#include "ls-error.h"

#define HEARTBEAT_SECONDS 30
#define HOLD_SECONDS 50
#define HOLD_SECONDS_WATCH 120
#define BACKOFF_SECONDS_MAX 120
#define REFUSED_SECONDS 60
/* The revision moves with every write of anybody on the server; a pause between two polls bounds
 * what a busy server costs, and grows with the size of its answers. */
#define PAUSE_MILLISECONDS 200
#define PAUSE_MILLISECONDS_WATCH 10000
#define PAUSE_MILLISECONDS_MAX 15000
#define PAUSE_WITHOUT_REVISION 15000

struct _LsAgentControlLoop
{
  GObject parent_instance;

  LsControlClient *client;
  char *node_id;
  LsAgentControlMode mode;
  GStrv endpoints;
  guint16 listen_port;

  guint generation; /* of the run; answers of earlier ones are dropped */
  GCancellable *cancellable; /* of the run */
  guint poll_source; /* the next long poll */
  guint heartbeat_source;
  gboolean polling;
  gboolean beating;
  gboolean asked; /* the first question is a plain one, answered at once */
  guint failures; /* in a row */
  guint64 revision; /* of the last netmap */
};

G_DEFINE_FINAL_TYPE (LsAgentControlLoop, ls_agent_control_loop, G_TYPE_OBJECT)

enum
{
  NETMAP,
  FAILED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

/* One question that is under way. */
typedef struct
{
  LsAgentControlLoop *loop;
  guint generation;
  gboolean heartbeat;
} Question;

static void schedule_poll (LsAgentControlLoop *self, guint milliseconds);
static void schedule_heartbeat (LsAgentControlLoop *self, guint milliseconds);

double
ls_agent_control_backoff (guint failures, double random)
{
  double seconds = 1;

  for (guint i = 1; i < failures && seconds < BACKOFF_SECONDS_MAX; i++)
    seconds *= 2;
  return MIN (seconds, BACKOFF_SECONDS_MAX) * (0.75 + random / 2);
}

static guint
backoff_milliseconds (LsAgentControlLoop *self)
{
  double seconds = ls_agent_control_backoff (self->failures, g_random_double ());

  return MAX (seconds, ls_control_client_get_retry_after (self->client)) * 1000;
}

static Question *
question_new (LsAgentControlLoop *self, gboolean heartbeat)
{
  Question *question = g_new0 (Question, 1);

  question->loop = g_object_ref (self);
  question->generation = self->generation;
  question->heartbeat = heartbeat;
  return question;
}

static guint
pause_milliseconds (LsAgentControlLoop *self, const LsNetmap *netmap)
{
  guint pause
      = self->mode == LS_AGENT_CONTROL_WATCH ? PAUSE_MILLISECONDS_WATCH : PAUSE_MILLISECONDS;

  if (netmap->revision == 0)
    return PAUSE_WITHOUT_REVISION;
  return MIN (pause + netmap->peers->len, PAUSE_MILLISECONDS_MAX);
}

static void
take_netmap (LsAgentControlLoop *self, LsNetmap *netmap, gboolean heartbeat)
{
  guint generation = self->generation;
  gboolean was_away = self->failures > 0;

  self->failures = 0;
  self->asked = TRUE;
  /* A lower revision than before is a server that was restored: it is polled from there. */
  self->revision = netmap->revision;
  g_signal_emit (self, signals[NETMAP], 0, netmap);
  if (generation != self->generation)
    return;
  if (heartbeat)
    schedule_heartbeat (self, HEARTBEAT_SECONDS * 1000);
  else
    schedule_poll (self, pause_milliseconds (self, netmap));
  if (was_away && !heartbeat)
    schedule_heartbeat (self, 0);
}

/* A server that says no is asked again now and then: it may have been restored. */
static gboolean
is_refusal (const GError *error)
{
  return g_error_matches (error, LS_ERROR, LS_ERROR_CONTROL_UNAUTHORIZED)
         || g_error_matches (error, LS_ERROR, LS_ERROR_CONTROL_NOT_FOUND);
}

static void
take_failure (LsAgentControlLoop *self, const GError *error, gboolean heartbeat)
{
  guint generation = self->generation;
  guint wait;

  self->failures++;
  self->asked = FALSE;
  wait = backoff_milliseconds (self);
  if (is_refusal (error) && self->failures > 2)
    wait = REFUSED_SECONDS * 1000;
  g_signal_emit (self, signals[FAILED], 0, error);
  if (generation != self->generation)
    return;
  if (heartbeat)
    schedule_heartbeat (self, MAX (wait, HEARTBEAT_SECONDS * 1000));
  else
    schedule_poll (self, wait);
}

static void
take_answer (Question *question, LsNetmap *netmap, GError *error)
{
  LsAgentControlLoop *self = question->loop;

  if (question->generation == self->generation)
    {
      if (question->heartbeat)
        self->beating = FALSE;
      else
        self->polling = FALSE;
      if (netmap != NULL)
        take_netmap (self, netmap, question->heartbeat);
      else
        take_failure (self, error, question->heartbeat);
    }
  g_clear_pointer (&netmap, ls_netmap_unref);
  g_clear_error (&error);
  g_object_unref (question->loop);
  g_free (question);
}

static void
netmap_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  LsNetmap *netmap = ls_control_client_netmap_finish (LS_CONTROL_CLIENT (source), result, &error);

  take_answer (user_data, netmap, error);
}

static void
longpoll_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  LsNetmap *netmap = ls_control_client_longpoll_finish (LS_CONTROL_CLIENT (source), result, &error);

  take_answer (user_data, netmap, error);
}

static void
heartbeat_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;
  LsNetmap *netmap
      = ls_control_client_heartbeat_finish (LS_CONTROL_CLIENT (source), result, &error);

  take_answer (user_data, netmap, error);
}

static gboolean
poll_cb (gpointer user_data)
{
  LsAgentControlLoop *self = user_data;
  guint hold = self->mode == LS_AGENT_CONTROL_WATCH ? HOLD_SECONDS_WATCH : HOLD_SECONDS;

  self->poll_source = 0;
  self->polling = TRUE;
  if (!self->asked || self->revision == 0)
    ls_control_client_netmap_async (self->client, self->node_id, self->cancellable, netmap_cb,
                                    question_new (self, FALSE));
  else
    ls_control_client_longpoll_async (self->client, self->node_id, self->revision, hold,
                                      self->cancellable, longpoll_cb, question_new (self, FALSE));
  return G_SOURCE_REMOVE;
}

static gboolean
beat_cb (gpointer user_data)
{
  LsAgentControlLoop *self = user_data;

  self->heartbeat_source = 0;
  self->beating = TRUE;
  ls_control_client_heartbeat_async (
      self->client, self->node_id, (const char *const *)self->endpoints, self->listen_port, NULL,
      FALSE, self->cancellable, heartbeat_cb, question_new (self, TRUE));
  return G_SOURCE_REMOVE;
}

static guint
add_timeout (guint milliseconds, GSourceFunc func, gpointer data)
{
  /* Whole seconds are woken up for together with other timers. */
  if (milliseconds >= 5000)
    return g_timeout_add_seconds (milliseconds / 1000, func, data);
  return g_timeout_add (milliseconds, func, data);
}

static void
schedule_poll (LsAgentControlLoop *self, guint milliseconds)
{
  if (self->polling)
    return;
  g_clear_handle_id (&self->poll_source, g_source_remove);
  self->poll_source = add_timeout (milliseconds, poll_cb, self);
}

static void
schedule_heartbeat (LsAgentControlLoop *self, guint milliseconds)
{
  if (self->beating || self->mode != LS_AGENT_CONTROL_ACTIVE)
    return;
  g_clear_handle_id (&self->heartbeat_source, g_source_remove);
  self->heartbeat_source = add_timeout (milliseconds, beat_cb, self);
}

static void
stop (LsAgentControlLoop *self)
{
  self->generation++;
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_handle_id (&self->poll_source, g_source_remove);
  g_clear_handle_id (&self->heartbeat_source, g_source_remove);
  self->polling = self->beating = self->asked = FALSE;
  self->failures = 0;
}

static void
start (LsAgentControlLoop *self)
{
  stop (self);
  if (self->client == NULL || self->mode == LS_AGENT_CONTROL_OFF)
    return;
  self->cancellable = g_cancellable_new ();
  schedule_poll (self, 0);
  schedule_heartbeat (self, 0);
}

void
ls_agent_control_loop_set_node (LsAgentControlLoop *self, LsControlClient *client,
                                const char *node_id)
{
  if (self->client == client && g_strcmp0 (self->node_id, node_id) == 0)
    return;
  g_set_object (&self->client, client);
  g_free (self->node_id);
  self->node_id = g_strdup (node_id);
  self->revision = 0;
  start (self);
}

void
ls_agent_control_loop_set_mode (LsAgentControlLoop *self, LsAgentControlMode mode)
{
  if (self->mode == mode)
    return;
  self->mode = mode;
  start (self);
}

void
ls_agent_control_loop_set_endpoints (LsAgentControlLoop *self, const char *const *endpoints,
                                     guint16 listen_port)
{
  if (self->listen_port == listen_port && self->endpoints != NULL
      && g_strv_equal ((const char *const *)self->endpoints, endpoints))
    return;
  g_strfreev (self->endpoints);
  self->endpoints = g_strdupv ((char **)endpoints);
  self->listen_port = listen_port;
  if (self->cancellable != NULL)
    schedule_heartbeat (self, 0);
}

void
ls_agent_control_loop_kick (LsAgentControlLoop *self)
{
  start (self);
}

static void
ls_agent_control_loop_dispose (GObject *object)
{
  LsAgentControlLoop *self = LS_AGENT_CONTROL_LOOP (object);

  stop (self);
  g_clear_object (&self->client);
  G_OBJECT_CLASS (ls_agent_control_loop_parent_class)->dispose (object);
}

static void
ls_agent_control_loop_finalize (GObject *object)
{
  LsAgentControlLoop *self = LS_AGENT_CONTROL_LOOP (object);

  g_free (self->node_id);
  g_strfreev (self->endpoints);
  G_OBJECT_CLASS (ls_agent_control_loop_parent_class)->finalize (object);
}

static void
ls_agent_control_loop_class_init (LsAgentControlLoopClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GType type = G_TYPE_FROM_CLASS (klass);

  object_class->dispose = ls_agent_control_loop_dispose;
  object_class->finalize = ls_agent_control_loop_finalize;
  signals[NETMAP] = g_signal_new ("netmap", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_POINTER);
  signals[FAILED] = g_signal_new ("failed", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
ls_agent_control_loop_init (LsAgentControlLoop *self)
{
}

LsAgentControlLoop *
ls_agent_control_loop_new (void)
{
  return g_object_new (LS_TYPE_AGENT_CONTROL_LOOP, NULL);
}
