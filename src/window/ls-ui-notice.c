/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ui-notice.h"

struct _LsUiNotice
{
  GObject parent_instance;

  char *texts[4]; /* in the order of the properties */
};

enum
{
  PROP_0,
  PROP_ID,
  PROP_TITLE,
  PROP_HINT,
  PROP_DETAILS,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LsUiNotice, ls_ui_notice, G_TYPE_OBJECT)

static void
ls_ui_notice_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  g_value_set_string (value, LS_UI_NOTICE (object)->texts[prop_id - PROP_ID]);
}

static void
ls_ui_notice_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  LS_UI_NOTICE (object)->texts[prop_id - PROP_ID] = g_value_dup_string (value);
}

static void
ls_ui_notice_finalize (GObject *object)
{
  LsUiNotice *self = LS_UI_NOTICE (object);

  for (guint i = 0; i < G_N_ELEMENTS (self->texts); i++)
    g_free (self->texts[i]);

  G_OBJECT_CLASS (ls_ui_notice_parent_class)->finalize (object);
}

static void
ls_ui_notice_class_init (LsUiNoticeClass *klass)
{
  static const char *const names[N_PROPS] = { NULL, "id", "title", "hint", "details" };
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = ls_ui_notice_get_property;
  object_class->set_property = ls_ui_notice_set_property;
  object_class->finalize = ls_ui_notice_finalize;

  for (guint i = PROP_ID; i < N_PROPS; i++)
    properties[i]
        = g_param_spec_string (names[i], NULL, NULL, "",
                               G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
ls_ui_notice_init (LsUiNotice *self)
{
}

const char *
ls_ui_notice_get_id (LsUiNotice *self)
{
  return self->texts[PROP_ID - PROP_ID];
}

const char *
ls_ui_notice_get_title (LsUiNotice *self)
{
  return self->texts[PROP_TITLE - PROP_ID];
}

const char *
ls_ui_notice_get_hint (LsUiNotice *self)
{
  return self->texts[PROP_HINT - PROP_ID];
}

const char *
ls_ui_notice_get_details (LsUiNotice *self)
{
  return self->texts[PROP_DETAILS - PROP_ID];
}
