/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <libsoup/soup.h>

#include "ls-demo-store.h"

G_BEGIN_DECLS

/* The long polls that wait for a higher revision: requests that are held without a thread or a
 * look at the clock, and answered together when the store changes. */

#define LS_DEMO_LONGPOLL_DEFAULT 30 /* seconds */
#define LS_DEMO_LONGPOLL_MAX 300

/* A change is told at once, and the next after this many milliseconds, or longer if telling it took
 * long: in a network of 1,000 devices with heartbeats of 30 s everybody would else be answered 33
 * times a second. */
#define LS_DEMO_LONGPOLL_REST 250

#define LS_TYPE_DEMO_LONGPOLL (ls_demo_longpoll_get_type ())
G_DECLARE_FINAL_TYPE (LsDemoLongpoll, ls_demo_longpoll, LS, DEMO_LONGPOLL, GObject)

LsDemoLongpoll *ls_demo_longpoll_new (LsDemoStore *store);

/* Holds @message until the revision is above @since or @seconds (capped) are over, then answers
 * with the netmap of the node, or 404 if it was deleted meanwhile. */
void ls_demo_longpoll_hold (LsDemoLongpoll *self, SoupServerMessage *message, const char *node_id,
                            guint64 since, guint seconds);

/* Forgets all that wait; their connections are closed by the caller. */
void ls_demo_longpoll_forget (LsDemoLongpoll *self);

G_END_DECLS
