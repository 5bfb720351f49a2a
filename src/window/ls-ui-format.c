/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-ui-format.h"

#include <glib/gi18n-lib.h>

#define MINUTE 60
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

char *
ls_ui_format_bytes (guint64 bytes)
{
  return g_format_size (bytes);
}

char *
ls_ui_format_age (gint64 when, gint64 now)
{
  gint64 age = now - when;

  if (when <= 0)
    return g_strdup (_ ("never"));
  if (age < 10)
    return g_strdup (_ ("just now"));
  if (age < MINUTE)
    return g_strdup_printf (ngettext ("%d second ago", "%d seconds ago", (gulong)age), (int)age);
  if (age < HOUR)
    return g_strdup_printf (ngettext ("%d minute ago", "%d minutes ago", (gulong)(age / MINUTE)),
                            (int)(age / MINUTE));
  if (age < DAY)
    return g_strdup_printf (ngettext ("%d hour ago", "%d hours ago", (gulong)(age / HOUR)),
                            (int)(age / HOUR));
  return g_strdup_printf (ngettext ("%d day ago", "%d days ago", (gulong)(age / DAY)),
                          (int)MIN (age / DAY, G_MAXINT));
}

char *
ls_ui_format_time_left (gint64 when, gint64 now)
{
  gint64 left = when - now;

  if (when <= 0 || left <= 0)
    return g_strdup ("");
  if (left >= HOUR)
    return g_strdup_printf ("%d:%02d:%02d", (int)MIN (left / HOUR, G_MAXINT),
                            (int)(left % HOUR / MINUTE), (int)(left % MINUTE));
  return g_strdup_printf ("%d:%02d", (int)(left / MINUTE), (int)(left % MINUTE));
}

char *
ls_ui_format_clock (gint64 when, gint64 now)
{
  g_autoptr (GDateTime) then = g_date_time_new_from_unix_local (when);
  g_autoptr (GDateTime) today = g_date_time_new_from_unix_local (now);

  if (then == NULL || today == NULL)
    return g_strdup ("");
  if (g_date_time_get_year (then) == g_date_time_get_year (today)
      && g_date_time_get_day_of_year (then) == g_date_time_get_day_of_year (today))
    return g_date_time_format (then, "%H:%M");
  return g_date_time_format (then, "%x %H:%M");
}

char *
ls_ui_format_devices (guint count, guint online)
{
  g_autofree char *devices = NULL;

  if (count == 0)
    return g_strdup (_ ("No other device"));
  devices = g_strdup_printf (ngettext ("%u device", "%u devices", count), count);
  /* Translators: "12 devices, 9 online" */
  return g_strdup_printf (_ ("%s, %u online"), devices, online);
}

const char *
ls_ui_format_path (const char *path)
{
  if (g_strcmp0 (path, "direct") == 0)
    return _ ("Direct");
  if (g_strcmp0 (path, "relayed") == 0)
    return _ ("Relayed");
  if (g_strcmp0 (path, "none") == 0)
    return _ ("No answer");
  return "";
}
