/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-agent-notices.h"

struct _LsAgentNotices
{
  GObject parent_instance;

  GPtrArray *items; /* of GVariant (ssss) */
};

G_DEFINE_FINAL_TYPE (LsAgentNotices, ls_agent_notices, G_TYPE_OBJECT)

enum
{
  CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

static void
ls_agent_notices_finalize (GObject *object)
{
  LsAgentNotices *self = LS_AGENT_NOTICES (object);

  g_ptr_array_unref (self->items);
  G_OBJECT_CLASS (ls_agent_notices_parent_class)->finalize (object);
}

static void
ls_agent_notices_class_init (LsAgentNoticesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ls_agent_notices_finalize;
  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);
}

static void
ls_agent_notices_init (LsAgentNotices *self)
{
  self->items = g_ptr_array_new_with_free_func ((GDestroyNotify)g_variant_unref);
}

LsAgentNotices *
ls_agent_notices_new (void)
{
  return g_object_new (LS_TYPE_AGENT_NOTICES, NULL);
}

static gboolean
find (LsAgentNotices *self, const char *id, guint *out_index)
{
  for (guint i = 0; i < self->items->len; i++)
    {
      const char *other;

      g_variant_get_child (g_ptr_array_index (self->items, i), 0, "&s", &other);
      if (!g_str_equal (other, id))
        continue;
      *out_index = i;
      return TRUE;
    }
  return FALSE;
}

void
ls_agent_notices_add (LsAgentNotices *self, const char *id, const char *what, const char *hint,
                      const char *details)
{
  GVariant *item = g_variant_ref_sink (g_variant_new ("(ssss)", id, what, hint, details));
  guint i;

  g_message ("%s", what);
  if (find (self, id, &i))
    g_ptr_array_remove_index (self->items, i);
  g_ptr_array_add (self->items, item);
  g_signal_emit (self, signals[CHANGED], 0);
}

gboolean
ls_agent_notices_remove (LsAgentNotices *self, const char *id)
{
  guint i;

  if (!find (self, id, &i))
    return FALSE;
  g_ptr_array_remove_index (self->items, i);
  g_signal_emit (self, signals[CHANGED], 0);
  return TRUE;
}

GVariant *
ls_agent_notices_to_variant (LsAgentNotices *self)
{
  return g_variant_new_array (G_VARIANT_TYPE ("(ssss)"), (GVariant *const *)self->items->pdata,
                              self->items->len);
}
