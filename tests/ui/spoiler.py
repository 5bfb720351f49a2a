#!/usr/bin/python3
# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands between an agent and the real control plane and spoils answers: spoiler.py ADDRESS PORT CONTROL_URL.

GET /spoil/NAME says what is done from then on with everything but /healthz; /spoil/none: pass on as it is."""

import os
import signal
import sys
import types

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from lab.faulty_server import FaultyServer, error  # noqa: E402

HTML = b"<!DOCTYPE html><html><body><h1>Sign in to the hotel's network</h1></body></html>"
MEGABYTES = 65

FAULTS = {
    "unauthorized": error(401, "token has no uses left"),
    "not-found": error(404, "network not found"),
    "conflict": error(409, "node name already exists"),
    "server-error": error(500, "database is locked"),
    "html": lambda path: (200, "text/html", HTML),
    "truncated": lambda path: (200, "application/json", b'{"node_token": "abc", "netmap": {"network": {"id'),
    "too-large": lambda path: (200, "application/json", (MEGABYTES << 20, [b" " * (1 << 20)] * MEGABYTES)),
}


def hostile(netmap):
    """Reaches for the default route, the local network and this device's own address."""
    for peer in netmap["peers"]:
        peer["routes"] = [{"prefix": prefix, "kind": "subnet", "enabled": True}
                          for prefix in ("0.0.0.0/0", "203.0.113.0/24", "127.0.0.0/8")]


class Spoiler(FaultyServer):
    def __init__(self, control_url, address):
        super().__init__(types.SimpleNamespace(url=control_url), address)
        self.how = "none"
        self.fault = self.answer

    def answer(self, path):
        if path.startswith("/spoil/"):
            self.how = path.removeprefix("/spoil/")
            self.spoil = hostile if self.how == "hostile" else None
            return 200, "text/plain", b"ok"
        if self.how == "not-lightscale":
            return 200, "text/html", HTML
        return FAULTS[self.how](path) if self.how in FAULTS and path != "/healthz" else None


Spoiler(sys.argv[3], (sys.argv[1], int(sys.argv[2])))
signal.pause()
