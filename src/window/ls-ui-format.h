/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Numbers as people read them. All results are (transfer full). Times are Unix seconds. */

/* "1.5 MB" */
char *ls_ui_format_bytes (guint64 bytes);

/* How long ago @when was, seen from @now: "just now", "5 minutes ago", "3 days ago"; "never" for 0.
 * A time in the future (clocks differ) is "just now". */
char *ls_ui_format_age (gint64 when, gint64 now);

/* "9:05" or "1:02:03" until @when; "" once it has passed or for 0. */
char *ls_ui_format_time_left (gint64 when, gint64 now);

/* The local time of day of @when, with the date if it is another day than @now. */
char *ls_ui_format_clock (gint64 when, gint64 now);

/* "12 devices, 9 online", counted without this device; "No other device" for 0. */
char *ls_ui_format_devices (guint count, guint online);

/* How a device is reached, from the D-Bus word of its path: "Direct", "Relayed", "No answer"; ""
 * for "off" and unknown words. */
const char *ls_ui_format_path (const char *path);

G_END_DECLS
