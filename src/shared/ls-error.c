/* SPDX-FileCopyrightText: The Lightscale developers
 * SPDX-License-Identifier: GPL-3.0-or-later */

#include "config.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>

#include "ls-error.h"

static const GDBusErrorEntry entries[] = {
  { LS_ERROR_FAILED, "org.lightscale.Error.Failed" },
  { LS_ERROR_INVALID_ARGUMENT, "org.lightscale.Error.InvalidArgument" },
  { LS_ERROR_NOT_FOUND, "org.lightscale.Error.NotFound" },
  { LS_ERROR_EXISTS, "org.lightscale.Error.Exists" },
  { LS_ERROR_WRONG_STATE, "org.lightscale.Error.WrongState" },
  { LS_ERROR_BUSY, "org.lightscale.Error.Busy" },
  { LS_ERROR_LIMIT, "org.lightscale.Error.Limit" },
  { LS_ERROR_NOT_SUPPORTED, "org.lightscale.Error.NotSupported" },
  { LS_ERROR_NOT_AUTHORIZED, "org.lightscale.Error.NotAuthorized" },
  { LS_ERROR_NO_POLKIT_AGENT, "org.lightscale.Error.NoPolkitAgent" },
  { LS_ERROR_POLKIT_UNAVAILABLE, "org.lightscale.Error.PolkitUnavailable" },
  { LS_ERROR_HELPER_UNAVAILABLE, "org.lightscale.Error.HelperUnavailable" },
  { LS_ERROR_BACKEND, "org.lightscale.Error.Backend" },
  { LS_ERROR_CONFLICT, "org.lightscale.Error.Conflict" },
  { LS_ERROR_SECRETS_UNAVAILABLE, "org.lightscale.Error.SecretsUnavailable" },
  { LS_ERROR_SECRETS_LOCKED, "org.lightscale.Error.SecretsLocked" },
  { LS_ERROR_STORAGE, "org.lightscale.Error.Storage" },
  { LS_ERROR_CONTROL_UNREACHABLE, "org.lightscale.Error.ControlUnreachable" },
  { LS_ERROR_CONTROL_TLS, "org.lightscale.Error.ControlTls" },
  { LS_ERROR_CONTROL_PROTOCOL, "org.lightscale.Error.ControlProtocol" },
  { LS_ERROR_CONTROL_INVALID, "org.lightscale.Error.ControlInvalid" },
  { LS_ERROR_CONTROL_UNAUTHORIZED, "org.lightscale.Error.ControlUnauthorized" },
  { LS_ERROR_CONTROL_NOT_FOUND, "org.lightscale.Error.ControlNotFound" },
  { LS_ERROR_CONTROL_CONFLICT, "org.lightscale.Error.ControlConflict" },
  { LS_ERROR_CONTROL_SERVER, "org.lightscale.Error.ControlServer" },
};

G_STATIC_ASSERT (G_N_ELEMENTS (entries) == LS_N_ERRORS);

GQuark
ls_error_quark (void)
{
  static gsize quark = 0;

  g_dbus_error_register_error_domain ("ls-error-quark", &quark, entries, G_N_ELEMENTS (entries));
  return (GQuark)quark;
}

/* Untranslated; NULL where there is nothing general to advise. */
static const char *
hint_for_code (LsError code)
{
  switch (code)
    {
    case LS_ERROR_WRONG_STATE:
      return N_ ("Look at the state of the network first; it may have to join or be approved.");
    case LS_ERROR_BUSY:
      return N_ ("Wait until the operation that is under way has ended, then try again.");
    case LS_ERROR_LIMIT:
      return N_ ("Remove what you do not need any more. If the server sent it, tell its operator.");
    case LS_ERROR_NOT_AUTHORIZED:
      return N_ ("Try again and give the password, or ask an administrator of this computer.");
    case LS_ERROR_NO_POLKIT_AGENT:
      return N_ ("Try again from a desktop session, run as an administrator, or have an "
                 "administrator add a polkit rule for this action.");
    case LS_ERROR_POLKIT_UNAVAILABLE:
      return N_ ("Install polkit or start it, then try again.");
    case LS_ERROR_HELPER_UNAVAILABLE:
      return N_ ("Install the package with the Lightscale helper, then try again.");
    case LS_ERROR_BACKEND:
      return N_ ("Try again, or choose another backend for this network.");
    case LS_ERROR_CONFLICT:
      return N_ ("End the program that uses it, or choose another value.");
    case LS_ERROR_SECRETS_UNAVAILABLE:
      return N_ ("Install a keyring such as GNOME Keyring or KWallet and sign in again.");
    case LS_ERROR_SECRETS_LOCKED:
      return N_ ("Unlock the keyring, then try again.");
    case LS_ERROR_STORAGE:
      return N_ ("Make sure that the disk is not full and that the folder belongs to you.");
    case LS_ERROR_CONTROL_UNREACHABLE:
      return N_ ("Check the server's address and this computer's network connection.");
    case LS_ERROR_CONTROL_TLS:
      return N_ (
          "Check the address and this computer's clock, or ask the server's operator whether "
          "the certificate's SHA-256 is right: then it can be pinned.");
    case LS_ERROR_CONTROL_PROTOCOL:
      return N_ ("Check that the address is that of a Lightscale server. A sign-in page of the "
                 "network you are in may be answering in its place.");
    case LS_ERROR_CONTROL_INVALID:
      return N_ ("Correct what the server complains about, then try again.");
    case LS_ERROR_CONTROL_UNAUTHORIZED:
      return N_ ("Ask the administrator of the network for a new token or for approval.");
    case LS_ERROR_CONTROL_NOT_FOUND:
      return N_ ("Check the server's address and the network's id.");
    case LS_ERROR_CONTROL_CONFLICT:
      return N_ ("Choose another name.");
    case LS_ERROR_CONTROL_SERVER:
      return N_ ("Try again later, or tell the server's operator.");
    default:
      return NULL;
    }
}

const char *
ls_error_get_hint (const GError *error)
{
  const char *hint = NULL;

  if (error != NULL && error->domain == LS_ERROR)
    hint = hint_for_code (error->code);
  return hint != NULL ? _ (hint) : NULL;
}

char *
ls_error_dup_message (const GError *error)
{
  g_autoptr (GError) copy = NULL;

  if (error == NULL)
    return g_strdup ("");
  copy = g_error_copy (error);
  g_dbus_error_strip_remote_error (copy);
  return g_strdup (copy->message);
}
