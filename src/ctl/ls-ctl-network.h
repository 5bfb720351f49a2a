/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ls-ctl.h"
#include "ls-pins.h"

G_BEGIN_DECLS

/* The help of --pin, which several commands have. */
#define LS_CTL_PIN_HELP                                                                            \
  N_ ("SHA-256 of the certificate that the server at the URL must have (repeatable; the URL is "   \
      "not needed if there is only one)")
#define LS_CTL_PIN_VALUE N_ ("[URL=]DIGITS")

/* Reads the values of --pin into @pins: "URL=DIGITS", or "DIGITS" alone for the only one of @urls
 * (normalized). "URL=" takes that URL's pin away, "" all of them. LS_ERROR_INVALID_ARGUMENT also if
 * a URL is none of @urls. @texts may be NULL. */
gboolean
ls_ctl_pins_parse (LsPins *pins, const char *const *texts, const char *const *urls, GError **error);

/* The options of a network, as for AddProfile and Update: those of @pins, @backend, @urls that are
 * not NULL and of @port, @mtu that are not negative. Checks what has a validator. NULL with
 * LS_ERROR_INVALID_ARGUMENT; floating. */
GVariant *ls_ctl_options_new (LsPins *pins, int port, int mtu, const char *backend,
                              const char *const *urls, GError **error);

/* The control URLs in order, normalized; NULL with LS_ERROR_INVALID_ARGUMENT. */
GStrv ls_ctl_urls_normalize (const char *const *urls, GError **error);

/* Adds a network; NULL name: the agent chooses a free one. (transfer full) */
LsAgentIpcProfile *ls_ctl_add_profile (LsCtl *ctl, const char *name, const char *const *urls,
                                       GVariant *options, GError **error);

G_END_DECLS
