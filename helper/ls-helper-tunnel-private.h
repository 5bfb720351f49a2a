/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-helper-tunnel.h"

G_BEGIN_DECLS

/* What the files ls-helper-tunnel*.c share and nobody else sees. */

typedef enum
{
  LS_HELPER_JOB_CALL, /* a method of a caller */
  LS_HELPER_JOB_ADOPT, /* first after a restart of the helper */
  LS_HELPER_JOB_REPAIR, /* the WireGuard program ended */
  LS_HELPER_JOB_MEND, /* an address, a route or a rule was deleted */
  LS_HELPER_JOB_UNDO, /* the lease expired, or somebody switched it off */
} LsHelperJobKind;

typedef struct
{
  LsHelperJobKind kind;
  LsHelperCaller *caller; /* LS_HELPER_JOB_CALL */
  LsHelperRequest *request; /* LS_HELPER_JOB_CALL */
  GHashTable *granted; /* set of char *: the actions that polkit allowed */
  char *reason; /* LS_HELPER_JOB_UNDO */
  guint32 uid; /* LS_HELPER_JOB_UNDO: whose tunnel is to go */
  gboolean if_orphaned; /* LS_HELPER_JOB_UNDO: only if nobody took it up since */
  GTask *task; /* who waits; NULL: nobody */
  LsTunnel *target; /* what the tunnel is to become */
  LsHelperBackend *backend; /* ApplyTunnel: the chosen one */
  LsHelperBackend
      *replaced; /* ApplyTunnel: the one that had the tunnel, once it is removed there */
  gboolean applying; /* something was begun that the journal has to know */
  GError *error; /* what made it fail, while it is rolled back */
} LsHelperJob;

struct _LsHelperTunnel
{
  GObject parent_instance;

  GDBusConnection *bus;
  LsHelperAuthority *authority;
  GPtrArray *backends;
  GHashTable *interfaces; /* of all tunnels that are made; shared */
  char *runtime_dir;
  char *name;
  char *interface;

  gboolean made; /* or being made: name and interface are taken */
  guint32 uid; /* whose it is, if made */

  LsHelperLease *lease; /* NULL until made */
  LsHelperBackend *backend; /* NULL until chosen */
  LsTunnel *actual; /* as last applied; NULL if there is none */
  guint16 wanted_port; /* the port that was asked for; actual has the one that it became */
  GVariant *loaded_state; /* the backend's, from the journal */
  gboolean up;
  gboolean gone; /* nobody finds it any more */

  GHashTable *lanes; /* uid → GQueue of LsHelperJob: the calls of a user that have not ended */
  GQueue queue; /* of LsHelperJob that are authorised */
  LsHelperJob *current;
  guint repairs;
  guint repair_id;
  guint undo_id;
  guint mend_id;
  guint mends; /* since mends_since */
  gint64 mends_since; /* monotonic, microseconds */
  guint journal_id;
};

LsHelperJob *ls_helper_job_new (LsHelperJobKind kind, GTask *task); /* takes @task */
void ls_helper_tunnel_enqueue (LsHelperTunnel *self, LsHelperJob *job);

/* Ends @job (taken), which is in the queue no more, and begins what waited for that. */
void
ls_helper_tunnel_end_job (LsHelperTunnel *self, LsHelperJob *job, GVariant *answer, GError *error);

/* Asks polkit for what the call @job lacks, if anything, then puts it into the queue. */
void ls_helper_tunnel_authorize (LsHelperTunnel *self, LsHelperJob *job);
gboolean ls_helper_tunnel_may_run (LsHelperTunnel *self, const LsHelperJob *job);

/* The first call of the user @uid has ended: begins his next one. */
void ls_helper_tunnel_next_call (LsHelperTunnel *self, guint32 uid);

/* Takes the name and its interface for @uid, until the tunnel is no more: first come, first served.
 * LS_ERROR_CONFLICT, LS_ERROR_LIMIT. */
gboolean ls_helper_tunnel_claim_name (LsHelperTunnel *self, guint32 uid, GError **error);

/* Tells the owner, if there is one. */
void ls_helper_tunnel_emit_changed (LsHelperTunnel *self, const char *state, const char *reason);

/* The journal: at once, or a little later together with what comes. */
gboolean ls_helper_tunnel_save (LsHelperTunnel *self, GError **error);
void ls_helper_tunnel_save_or_warn (LsHelperTunnel *self);
void ls_helper_tunnel_save_later (LsHelperTunnel *self);
GVariant *ls_helper_tunnel_dup_backend_state (LsHelperTunnel *self);

/* The current job ends with @answer (floating, NULL: an empty tuple) or @error (taken), and the
 * next one begins. */
void ls_helper_tunnel_succeed (LsHelperTunnel *self, GVariant *answer);
void ls_helper_tunnel_fail (LsHelperTunnel *self, GError *error);

/* The tunnel is no more. */
void ls_helper_tunnel_forget (LsHelperTunnel *self);
void ls_helper_tunnel_set_lease (LsHelperTunnel *self, GDBusConnection *bus, guint32 uid,
                                 const char *owner);

/* What a job does; each ends with succeed() or fail(). */
void ls_helper_tunnel_apply_begin (LsHelperTunnel *self);
void ls_helper_tunnel_update_peers_begin (LsHelperTunnel *self);
void ls_helper_tunnel_set_endpoints_begin (LsHelperTunnel *self);
void ls_helper_tunnel_remove_begin (LsHelperTunnel *self);
void ls_helper_tunnel_status_begin (LsHelperTunnel *self);
void ls_helper_tunnel_adopt_begin (LsHelperTunnel *self);
void ls_helper_tunnel_repair_begin (LsHelperTunnel *self);
void ls_helper_tunnel_mend_begin (LsHelperTunnel *self);

/* Back to how it was before the current job, which fails with @error (taken). */
void ls_helper_tunnel_roll_back (LsHelperTunnel *self, GError *error);

/* Nothing of the tunnel can be kept; the job fails with its own error. */
void ls_helper_tunnel_remove_failed (LsHelperTunnel *self);

/* Sets it up again, later the more often that failed. */
void ls_helper_tunnel_repair_later (LsHelperTunnel *self);

G_END_DECLS
