/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ls-control-certificate.h"

#include <glib/gi18n-lib.h>

#include "ls-error.h"

char *
ls_control_certificate_dup_pin (GTlsCertificate *certificate)
{
  g_autoptr (GByteArray) der = NULL;

  g_object_get (certificate, "certificate", &der, NULL);
  return g_compute_checksum_for_data (G_CHECKSUM_SHA256, der->data, der->len);
}

static const struct
{
  GTlsCertificateFlags flag;
  const char *text;
} reasons[] = {
  { G_TLS_CERTIFICATE_BAD_IDENTITY, N_ ("it belongs to another host") },
  { G_TLS_CERTIFICATE_EXPIRED, N_ ("it has expired, or this computer's clock is wrong") },
  { G_TLS_CERTIFICATE_NOT_ACTIVATED,
    N_ ("it is not valid yet, or this computer's clock is wrong") },
  { G_TLS_CERTIFICATE_REVOKED, N_ ("it was revoked") },
  { G_TLS_CERTIFICATE_INSECURE, N_ ("its algorithm is not secure") },
  { G_TLS_CERTIFICATE_UNKNOWN_CA, N_ ("no authority that this computer knows has signed it") },
};

static char *
describe (GTlsCertificateFlags flags)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (reasons); i++)
    {
      if ((flags & reasons[i].flag) == 0)
        continue;
      if (text->len > 0)
        g_string_append (text, "; ");
      g_string_append (text, _ (reasons[i].text));
    }
  if (text->len == 0)
    g_string_append (text, _ ("it cannot be checked"));
  return g_string_free (text, FALSE);
}

gboolean
ls_control_certificate_check (GTlsCertificate *certificate, GTlsCertificateFlags flags,
                              const char *pin, const char *host, GError **error)
{
  g_autofree char *seen = NULL;
  g_autofree char *why = NULL;

  if (certificate == NULL)
    {
      g_set_error (error, LS_ERROR, LS_ERROR_CONTROL_TLS, _ ("%s showed no certificate"), host);
      return FALSE;
    }
  seen = ls_control_certificate_dup_pin (certificate);
  if (pin != NULL && !g_str_equal (seen, pin))
    {
      g_set_error (error, LS_ERROR, LS_ERROR_CONTROL_TLS,
                   _ ("The certificate of %s is another than the pinned one: it was renewed, or "
                      "somebody else answers (its SHA-256 is %s)"),
                   host, seen);
      return FALSE;
    }
  if (pin != NULL)
    flags &= ~G_TLS_CERTIFICATE_UNKNOWN_CA;
  if (flags == 0)
    return TRUE;
  why = describe (flags);
  g_set_error (error, LS_ERROR, LS_ERROR_CONTROL_TLS,
               _ ("The certificate of %s is not accepted: %s (its SHA-256 is %s)"), host, why,
               seen);
  return FALSE;
}
