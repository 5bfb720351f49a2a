/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "ls-prefix.h"

G_BEGIN_DECLS

/* Links, addresses, routes and rules of our tunnels over rtnetlink. All routes of ours lie in one
 * table, are marked with one protocol number and are found by one rule per family, which exists
 * while the table has a route or a tunnel needs it. Errors: LS_ERROR_BACKEND, LS_ERROR_CONFLICT,
 * LS_ERROR_NOT_FOUND. */
#define LS_HELPER_ROUTE_TABLE 27763
#define LS_HELPER_ROUTE_PROTOCOL 108
#define LS_HELPER_ROUTE_RULE_PRIORITY 5280

#define LS_TYPE_HELPER_ROUTE (ls_helper_route_get_type ())
G_DECLARE_FINAL_TYPE (LsHelperRoute, ls_helper_route, LS, HELPER_ROUTE, GObject)

LsHelperRoute *ls_helper_route_new (GError **error);

/* A network interface as it is. */
typedef struct
{
  int index;
  char *name;
  char *kind; /* "wireguard", "tun", …; "" if the kernel gives none */
  char *alias; /* what ls_helper_route_alias_for() gave for links of ours; "" if none */
  guint mtu;
  gboolean up;
} LsHelperLink;

void ls_helper_link_free (LsHelperLink *link);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (LsHelperLink, ls_helper_link_free)

/* The alias (IFLA_IFALIAS, only root can set it) that marks a link as ours. (transfer full) */
char *ls_helper_route_alias_for (const char *tunnel_name);

/* Whether @link carries the mark of any tunnel of ours. */
gboolean ls_helper_link_is_ours (const LsHelperLink *link);

/* The link @interface; NULL with LS_ERROR_NOT_FOUND if there is none. */
void
ls_helper_route_get_link (LsHelperRoute *self, const char *interface, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer user_data);
LsHelperLink *
ls_helper_route_get_link_finish (LsHelperRoute *self, GAsyncResult *result, GError **error);

/* All links, of LsHelperLink. */
void ls_helper_route_list_links (LsHelperRoute *self, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data);
GPtrArray *
ls_helper_route_list_links_finish (LsHelperRoute *self, GAsyncResult *result, GError **error);

/* Makes the link @interface of @kind ("wireguard", "dummy"), with @alias and down.
 * LS_ERROR_CONFLICT if the name is taken, LS_ERROR_NOT_SUPPORTED if the kernel does not know the
 * kind. */
void ls_helper_route_add_link (LsHelperRoute *self, const char *interface, const char *kind,
                               const char *alias, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data);
gboolean
ls_helper_route_add_link_finish (LsHelperRoute *self, GAsyncResult *result, GError **error);

/* Marks a link that something else made for us. */
void ls_helper_route_set_alias (LsHelperRoute *self, const char *interface, const char *alias,
                                GCancellable *cancellable, GAsyncReadyCallback callback,
                                gpointer user_data);
gboolean
ls_helper_route_set_alias_finish (LsHelperRoute *self, GAsyncResult *result, GError **error);

/* Makes @interface have this MTU, these addresses and routes (GArrays of LsPrefix, copied), be up,
 * and the rules be there: dumps, adds what is missing, then deletes what is too much. Link-local
 * addresses and routes of others are left alone. Every write is read back. A machine without IPv6
 * gets the IPv4 part. *@out_changed: whether anything was written. */
void
ls_helper_route_apply (LsHelperRoute *self, const char *interface, guint mtu,
                       const GArray *addresses, const GArray *routes, GCancellable *cancellable,
                       GAsyncReadyCallback callback, gpointer user_data);
gboolean ls_helper_route_apply_finish (LsHelperRoute *self, GAsyncResult *result,
                                       gboolean *out_changed, GError **error);

/* Puts back what others took of these addresses and routes of @interface and of the rules, and
 * changes nothing else. A link that is gone, not up or not ours is left as it is: who sets it down
 * means it. */
void ls_helper_route_mend (LsHelperRoute *self, const char *interface, const GArray *addresses,
                           const GArray *routes, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data);
gboolean ls_helper_route_mend_finish (LsHelperRoute *self, GAsyncResult *result,
                                      gboolean *out_changed, GError **error);

/* Whether ls_helper_route_mend() would have an address or route to put back, whoever made those
 * that are there; changes nothing. */
void ls_helper_route_check (LsHelperRoute *self, const char *interface, const GArray *addresses,
                            const GArray *routes, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer user_data);
gboolean ls_helper_route_check_finish (LsHelperRoute *self, GAsyncResult *result,
                                       gboolean *out_complete, GError **error);

/* Deletes the link @interface (if @delete_link), the routes of ours over it, and the rules if no
 * route of ours is left. Succeeds if there is nothing. The caller has made sure that the link is
 * ours. */
void ls_helper_route_remove (LsHelperRoute *self, const char *interface, gboolean delete_link,
                             GCancellable *cancellable, GAsyncReadyCallback callback,
                             gpointer user_data);
gboolean ls_helper_route_remove_finish (LsHelperRoute *self, GAsyncResult *result, GError **error);

/* Makes the rules be there if @wanted or if the table has a route of ours or over a link of ours,
 * else not be there. */
void ls_helper_route_sync_rules (LsHelperRoute *self, gboolean wanted, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data);
gboolean ls_helper_route_sync_rules_finish (LsHelperRoute *self, GAsyncResult *result,
                                            gboolean *out_changed, GError **error);

/* After this the signal "link-removed" (const char *interface) tells of any link that went away,
 * "link-changed" (const char *interface, gboolean up) of one that was changed, and "drift" (const
 * char *interface) that an address, a route of our table or a rule like ours was deleted, maybe by
 * ourselves; @interface is NULL if it may be any one's. */
gboolean ls_helper_route_watch_links (LsHelperRoute *self, GError **error);

G_END_DECLS
