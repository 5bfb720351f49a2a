#!/usr/bin/python3
# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent costs while nothing happens in a network of 100 devices, over http and https."""

import base64
import os
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

from gi.repository import GLib  # noqa: E402

from agentlab import Lab  # noqa: E402
from lab.footprint import AGENT_PSS_KIB, pss, wake_ups  # noqa: E402
from tls_control import Certificate, SecureControl  # noqa: E402

PEERS = 99
AGENT_TLS_PSS_KIB = 22 * 1024
WATCHED_SECONDS = 25
# In which a heartbeat or the answer of a long poll may fall.
BUSY_SECONDS = 3
SECONDS_PER_WAKE_UP = 5


def random_key():
    return base64.b64encode(os.urandom(32)).decode()


class Footprint(unittest.TestCase):
    def setUp(self):
        self.lab = Lab().__enter__()
        self.addCleanup(self.lab.__exit__, None, None, None)

    def start(self, control, pins):
        """The PID of an agent whose network has PEERS more devices."""
        for number in range(PEERS):
            control.call("POST", "/v1/register", {
                "token": control.token, "node_name": f"device-{number}", "machine_public_key": random_key(),
                "wg_public_key": random_key()})
        agent = self.lab.add_agent().start()
        profile = agent.add_profile("home", [control.url], pins=GLib.Variant("a{ss}", pins))
        profile.join_by_token(control.token, "idle")
        profile.wait_state("ready")
        self.assertEqual(len(profile.call("ListPeers")), PEERS)
        return agent.process.popen.pid

    def watch(self, pid):
        """How often it woke up in each of the next seconds."""
        counts, before = [], wake_ups(pid)
        for _ in range(WATCHED_SECONDS):
            time.sleep(1)
            now = wake_ups(pid)
            counts.append(sum(count - before.get(thread, 0) for thread, count in now.items()))
            before = now
        return counts

    def test_http(self):
        pid = self.start(self.lab.add_control(), {})
        counts = self.watch(pid)
        idle = sum(sorted(counts)[:-BUSY_SECONDS])
        print(f"{pss(pid)} KiB PSS, wake-ups in each second: {counts}")
        self.assertLessEqual(idle, WATCHED_SECONDS / SECONDS_PER_WAKE_UP)
        self.assertLessEqual(pss(pid), AGENT_PSS_KIB)

    def test_https(self):
        certificate = Certificate(self.lab.subfolder("certificate"), "home")
        control = self.lab.add(SecureControl(self.lab.subfolder("control"), "127.0.0.1:0", certificate))
        pid = self.start(control, {control.url: certificate.pin})
        print(f"{pss(pid)} KiB PSS")
        self.assertLessEqual(pss(pid), AGENT_TLS_PSS_KIB)


if __name__ == "__main__":
    unittest.main(verbosity=2)
