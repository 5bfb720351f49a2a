/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ui-qr.h"

#include <qrencode.h>

/* Around the code, in modules (ISO/IEC 18004 section 9.1 asks for 4). */
#define QUIET_ZONE 4

struct _LsUiQr
{
  GtkWidget parent_instance;

  char *text;
  QRcode *code; /* owned, NULL: nothing to draw */
};

enum
{
  PROP_0,
  PROP_TEXT,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (LsUiQr, ls_ui_qr, GTK_TYPE_WIDGET)

static void
append_modules (GtkSnapshot *snapshot, const QRcode *code, const graphene_point_t *origin,
                float scale)
{
  const GdkRGBA black = { 0, 0, 0, 1 };

  for (int y = 0; y < code->width; y++)
    for (int x = 0; x < code->width; x++)
      if (code->data[y * code->width + x] & 1)
        gtk_snapshot_append_color (snapshot, &black,
                                   &GRAPHENE_RECT_INIT (origin->x + (x + QUIET_ZONE) * scale,
                                                        origin->y + (y + QUIET_ZONE) * scale, scale,
                                                        scale));
}

static void
ls_ui_qr_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  LsUiQr *self = LS_UI_QR (widget);
  const GdkRGBA white = { 1, 1, 1, 1 };
  int size = MIN (gtk_widget_get_width (widget), gtk_widget_get_height (widget));
  graphene_point_t origin;
  float scale;

  if (self->code == NULL)
    return;
  /* Whole pixels: seams between modules would confuse a camera. */
  scale = MAX (1, size / (self->code->width + 2 * QUIET_ZONE));
  size = (int)scale * (self->code->width + 2 * QUIET_ZONE);
  origin.x = (gtk_widget_get_width (widget) - size) / 2;
  origin.y = (gtk_widget_get_height (widget) - size) / 2;
  gtk_snapshot_append_color (snapshot, &white,
                             &GRAPHENE_RECT_INIT (origin.x, origin.y, size, size));
  append_modules (snapshot, self->code, &origin, scale);
}

static void
ls_ui_qr_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
                  int *natural, int *minimum_baseline, int *natural_baseline)
{
  LsUiQr *self = LS_UI_QR (widget);
  int modules = self->code != NULL ? self->code->width + 2 * QUIET_ZONE : 0;

  *minimum = modules * 3;
  *natural = modules * 4;
}

static void
ls_ui_qr_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  g_value_set_string (value, LS_UI_QR (object)->text);
}

static void
ls_ui_qr_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  ls_ui_qr_set_text (LS_UI_QR (object), g_value_get_string (value));
}

static void
ls_ui_qr_finalize (GObject *object)
{
  LsUiQr *self = LS_UI_QR (object);

  g_clear_pointer (&self->code, QRcode_free);
  g_free (self->text);

  G_OBJECT_CLASS (ls_ui_qr_parent_class)->finalize (object);
}

static void
ls_ui_qr_class_init (LsUiQrClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = ls_ui_qr_get_property;
  object_class->set_property = ls_ui_qr_set_property;
  object_class->finalize = ls_ui_qr_finalize;
  widget_class->snapshot = ls_ui_qr_snapshot;
  widget_class->measure = ls_ui_qr_measure;

  properties[PROP_TEXT]
      = g_param_spec_string ("text", NULL, NULL, NULL,
                             G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
ls_ui_qr_init (LsUiQr *self)
{
}

void
ls_ui_qr_set_text (LsUiQr *self, const char *text)
{
  if (g_strcmp0 (self->text, text) == 0)
    return;
  g_free (self->text);
  self->text = g_strdup (text);
  g_clear_pointer (&self->code, QRcode_free);
  if (text != NULL && *text != '\0')
    self->code = QRcode_encodeString8bit (text, 0, QR_ECLEVEL_M);
  gtk_widget_queue_resize (GTK_WIDGET (self));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TEXT]);
}
