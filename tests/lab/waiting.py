# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for conditions with a deadline."""

import time


class Expired(AssertionError):
    """A condition did not become true before its deadline."""


def wait_for(what, condition, timeout=30.0, interval=0.1):
    """Returns the first true value of condition (), or raises Expired naming `what` after `timeout` seconds.

    An OSError, LookupError or GLib.Error that condition () raises counts as "not yet" and is named at the end.
    """
    from gi.repository import GLib

    deadline = time.monotonic() + timeout
    last = None
    while True:
        try:
            value = condition()
            if value:
                return value
            last = None
        except (OSError, LookupError, GLib.Error) as error:
            last = error
        if time.monotonic() > deadline:
            raise Expired(f"{what}: not within {timeout:g} s" + (f" ({last})" if last else ""))
        time.sleep(interval)
