/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "ls-agent-ipc.h"

G_BEGIN_DECLS

/* Exit statuses, as documented in lightscalectl(1). */
typedef enum
{
  LS_CTL_OK = 0,
  LS_CTL_FAILED = 1, /* anything without a status of its own */
  LS_CTL_USAGE = 2, /* wrong command line or value */
  LS_CTL_NO_AGENT = 3, /* the agent does not run and cannot be started */
  LS_CTL_NOT_FOUND = 4, /* no such network */
  LS_CTL_NOT_AUTHORIZED = 5,
  LS_CTL_CONTROL = 6, /* the control server did not do it, or was not reached */
  LS_CTL_TIMEOUT = 7, /* what was waited for did not happen in time */
  LS_CTL_INTERRUPTED = 130, /* Ctrl+C */
} LsCtlStatus;

/* One run of the program. */
typedef struct
{
  gboolean json;
  gboolean use_session; /* only that bus */
  gboolean use_system;
  gboolean running_only; /* the agent is not started for this */
  gboolean show_help;
  gboolean show_version;
  GCancellable *cancellable; /* cancelled by Ctrl+C */
  GDBusConnection *connection; /* these three from ls_ctl_open_agent() on */
  LsAgentIpcManager *manager;
  GDBusObjectManager *objects;
} LsCtl;

/* A command: its options are parsed into what @entries point to before @run is called with what
 * remains, a NULL-terminated list of @min to @max operands. */
typedef struct
{
  const char *name;
  const char *operands; /* for the help */
  const char *summary; /* for the help, untranslated */
  const GOptionEntry *entries; /* or NULL */
  guint min;
  guint max;
  LsCtlStatus (*run) (LsCtl *ctl, char **operands);
} LsCtlCommand;

/* Runs a command line, NULL-terminated, the program's name first. */
LsCtlStatus ls_ctl_run (char **arguments);

/* Waits for one asynchronous call, whose callback is ls_ctl_await_cb with the address of a zeroed
 * LsCtlAwait; the main loop runs meanwhile, so that Ctrl+C cancels. (transfer full) */
typedef struct
{
  GAsyncResult *result;
} LsCtlAwait;
void ls_ctl_await_cb (GObject *source, GAsyncResult *result, gpointer await);
GAsyncResult *ls_ctl_await (LsCtlAwait *await);

/* Runs the main loop until @is_done says so. @seconds: how long at most, 0 for ever. Returns FALSE
 * after that time or when the run was cancelled. */
gboolean ls_ctl_wait_until (LsCtl *ctl, gboolean (*is_done) (gpointer user_data),
                            gpointer user_data, guint seconds);

/* Tells what failed, and what to do about it, on standard error; frees @error and returns the exit
 * status for it. */
LsCtlStatus ls_ctl_fail (LsCtl *ctl, GError *error);

/* A usage error of this command line. */
LsCtlStatus ls_ctl_fail_usage (LsCtl *ctl, const char *message);

/* Prints @value (floating is sunk) as a line of JSON, and sends it off. */
void ls_ctl_print_json (GVariant *value);

/* Prints a line that may hold foreign text, made safe for terminals. */
void ls_ctl_print (const char *format, ...) G_GNUC_PRINTF (1, 2);

G_END_DECLS
