/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <libsoup/soup.h>

#include "ls-control-client.h"

G_BEGIN_DECLS

/* A server that misbehaves, and the client's calls as a test makes them, for
 * test-control-client*.c; how the client gets on with a real control plane is for the integration
 * tests. */

#define NODE_TOKEN "node-token-canary"
#define ADMIN_TOKEN "admin-token-canary"
#define NETMAP                                                                                     \
  "{\"network\":{\"id\":\"net\",\"name\":\"lab\",\"overlay_v4\":\"100.64.0.0/24\","                \
  "\"overlay_v6\":\"fd00::/48\",\"dns_domain\":\"lab\"},\"node\":{\"id\":\"n1\",\"name\":\"me\","  \
  "\"dns_name\":\"me.lab\",\"ipv4\":\"100.64.0.1\",\"ipv6\":\"fd00::1\",\"wg_public_key\":\"k\","  \
  "\"machine_public_key\":\"m\",\"endpoints\":[],\"tags\":[],\"routes\":[],\"last_seen\":1},"      \
  "\"peers\":[],\"generated_at\":1,\"revision\":9}"

/* The folder of the certificates of make-certificates.sh, for a double that serves https. */
extern const char *control_double_certificates;

/* What the double does with every request. */
typedef struct
{
  SoupServer *server;
  char *url;
  guint n_requests;
  char *authorization; /* of the last request */
  guint status;
  const char *content_type;
  GBytes *body;
  const char *header; /* and its value: added to the answer */
  const char *value;
  gboolean hang; /* never answer */
} Double;

/* Answers 200 with NETMAP at first. @certificate: name of one of make-certificates.sh, or NULL for
 * plain http. */
Double *double_new (const char *certificate);
void double_free (Double *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Double, double_free)

/* What it answers from now on. */
void double_answer (Double *self, guint status, const char *content_type, const char *body);

/* A listener that answers every connection with @answer and closes it. */
GSocketService *canned_new (const char *answer, char **out_url);

/* A port on which nothing listens. */
char *dead_url (void);

/* A client of one or two URLs with both tokens; @pin is that of the first, NULL: none. */
LsControlClient *client_new (const char *url1, const char *url2, const char *pin);
LsControlClient *
client_new_pinned (const char *url1, const char *pin1, const char *url2, const char *pin2);

/* Calls, and their waiting. */
void done_cb (GObject *source, GAsyncResult *result, gpointer user_data);
GAsyncResult *wait_for (GAsyncResult **place);
LsNetmap *get_netmap (LsControlClient *client, GError **error);
LsRegistration *do_register (LsControlClient *client, GError **error);
LsTopology *get_topology (LsControlClient *client, GError **error);
LsControlProbe *probe (LsControlClient *client, GError **error);

/* Of the LS_ERROR @code, with @part in its text and no secret; clears it. */
void assert_failure (GError **error, int code, const char *part);

G_END_DECLS
