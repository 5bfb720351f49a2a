/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Makes the closures of binding expressions known to a template class: ls_ui_is_set (text),
 * ls_ui_not (boolean), ls_ui_and (boolean, boolean), ls_ui_state_classes (style),
 * ls_ui_text_target (text, as the target of an action). */
void ls_ui_closures_bind (GtkWidgetClass *widget_class);

G_END_DECLS
