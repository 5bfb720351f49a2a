/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* SHA-256 of the certificate's DER as 64 lower-case hex digits. (transfer full) */
char *ls_control_certificate_dup_pin (GTlsCertificate *certificate);

/* Checks what a server at @host showed: @flags of normal validation must be none, and @pin, if not
 * NULL, must be its pin. SECURITY: a pin stands in for the authority that has not signed a
 * certificate, since it names this very one; for nothing else: host, dates, revocation and
 * algorithm count as ever. LS_ERROR_CONTROL_TLS with a sentence that names every reason and the
 * SHA-256 of what was shown. */
gboolean ls_control_certificate_check (GTlsCertificate *certificate, GTlsCertificateFlags flags,
                                       const char *pin, const char *host, GError **error);

G_END_DECLS
