#!/usr/bin/python3
# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three devices with the userspace backend, one behind a NAT; processes that die; a control plane that is away."""

import itertools
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from lab import Lab, wait_for  # noqa: E402
from lab.traces import left_since, traces  # noqa: E402

PROFILE = "mesh"
# Pings come every 0.2 s: what a busy machine may lose of them without anything being wrong.
TOLERATED = 3
HELPER = "org.lightscale.Helper"


class Devices(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.before = traces()
        cls.lab = Lab(os.environ["LS_TEST_BUILD_ROOT"], os.environ["LS_TEST_SOURCE_ROOT"])
        cls.lab.__enter__()
        try:
            cls.lab.add_control_plane()
            cls.devices = [cls.lab.add_device("one"), cls.lab.add_device("two"), cls.lab.add_device("three", nat=True)]
            for device in cls.devices:
                device.start_agent()
                cls.lab.join(device, PROFILE)
            for device in cls.devices:
                device.profile.wait_state("connected", timeout=90)
        except BaseException:
            cls.lab.print_logs()
            cls.lab.close()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.lab.close()
        left = cls.lab.remains()
        stays = left_since(cls.before)
        if left or stays:
            raise AssertionError(f"left behind: {left} {stays}")

    def run(self, result=None):
        failures = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > failures:
            self.lab.print_logs()

    def reach(self, device, other):
        """`device` reaches `other` by both overlay addresses."""
        for family in ("Ipv4", "Ipv6"):
            address = other.profile.get(family)
            wait_for(f"{device.name} to {other.name} ({address})", lambda: device.ping(address), timeout=60)

    def assert_kept(self, numbers, what):
        sent, received = numbers
        self.assertGreater(sent, 10, what)
        self.assertLessEqual(sent - received, TOLERATED, f"{what}: {sent - received} of {sent} lost")

    def test_1_all_reach_all(self):
        for device, other in itertools.permutations(self.devices, 2):
            with self.subTest(f"{device.name} to {other.name}"):
                self.reach(device, other)
        for device in self.devices:
            self.assertEqual(device.profile.get("Backend"), "userspace")
            shaken = device.handshakes(device.profile.get("Interface"))
            self.assertEqual(len(shaken), 2)
            self.assertTrue(all(shaken.values()), shaken)

    def test_2_agent_killed(self):
        one, two, _ = self.devices
        interface = one.profile.get("Interface")
        pinging = one.keep_pinging(two.profile.get("Ipv4"))
        shaken = one.handshakes(interface)
        self.assertTrue(one.kill("lightscale-agent"))
        self.assertTrue(one.ping(two.profile.get("Ipv4")), "without an agent")
        one.start_agent()
        one.profile = one.agent().profile(PROFILE)
        one.profile.wait_state("connected", timeout=90)
        # The lease must have changed hands: longer than the helper's grace time, the tunnel is still there.
        time.sleep(33)
        self.assert_kept(pinging.stop(), "agent killed and started again")
        for key, when in one.handshakes(interface).items():
            self.assertGreaterEqual(when, shaken[key])
        self.assertEqual(one.profile.get("State"), "connected")

    def test_3_helper_killed(self):
        one, _, three = self.devices
        interface = one.profile.get("Interface")
        wireguard = one.find("wireguard-go")
        pinging = one.keep_pinging(three.profile.get("Ipv4"))
        self.assertTrue(one.kill("lightscale-helper"))
        wait_for("the helper is back", lambda: one.has_name(HELPER), timeout=60)
        time.sleep(33)
        self.assert_kept(pinging.stop(), "helper killed")
        self.assertEqual(one.find("wireguard-go"), wireguard, "the running tunnel was adopted")
        self.assertEqual(one.profile.get("State"), "connected")
        one.profile.disconnect()
        self.assert_nothing_left(one, interface)
        one.profile.connect()
        one.profile.wait_state("connected", timeout=90)
        self.reach(one, three)

    def test_4_control_plane_away(self):
        one, two, three = self.devices
        pings = [one.keep_pinging(three.profile.get("Ipv4")), three.keep_pinging(two.profile.get("Ipv6"))]
        self.lab.stop_control_plane()
        begin = time.monotonic()
        for device in self.devices:
            device.profile.wait_property("ControlReachable", False, timeout=60)
        time.sleep(max(0, 60 - (time.monotonic() - begin)))
        for device in self.devices:
            self.assertEqual(device.profile.get("State"), "connected")
        self.lab.start_control_plane()
        for device in self.devices:
            device.profile.wait_property("ControlReachable", True, timeout=120)
        for pinging in pings:
            self.assert_kept(pinging.stop(), "control plane away for a minute")
        for device in self.devices:
            self.assertEqual(device.profile.get("State"), "connected")
        self.reach(two, one)

    def test_5_disconnect_leaves_nothing(self):
        for device in self.devices:
            interface = device.profile.get("Interface")
            device.profile.disconnect()
            self.assert_nothing_left(device, interface)
            self.assertFalse(device.ping(self.devices[0].profile.get("Ipv4"), wait=1))

    def assert_nothing_left(self, device, interface):
        self.assertNotIn(f" {interface}:", device.output("ip", "-o", "link"))
        for family in ("-4", "-6"):
            self.assertNotIn("27763", device.output("ip", family, "rule"))
            self.assertNotIn("27763", device.output("ip", family, "route", "show", "table", "all"))
        wait_for("wireguard-go ended", lambda: not device.find("wireguard-go"), timeout=10)


if __name__ == "__main__":
    unittest.main(verbosity=2)
