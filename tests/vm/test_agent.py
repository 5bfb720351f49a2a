#!/usr/bin/python3
# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole way in the virtual machine: agent, helper, polkit, NetworkManager and the kernel's WireGuard.

The desk is this machine, with NetworkManager; the other devices are namespaces without it, where the helper
chooses the kernel's WireGuard by itself.
"""

import os
import sys
import unittest

from gi.repository import GLib

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from lab import Lab, wait_for  # noqa: E402

NM_POLICIES = ("/usr/share/dbus-1/system.d/org.freedesktop.NetworkManager.conf",
               "/etc/dbus-1/system.d/org.freedesktop.NetworkManager.conf")
MESH, DESK = "mesh", "desk"
CONNECTION = f"Lightscale ({MESH})"
PATIENCE = 120


class Desk:
    """What a person at the desk would do with NetworkManager's own tools."""

    def __init__(self, lab):
        self.lab = lab
        self.device = lab.add_device(DESK, here=True, start=False)
        self.add_policy()
        self.device.start_bus()
        self.start_manager()

    def add_policy(self):
        """The bus lets NetworkManager own its name."""
        from lab import bus
        policy = next(path for path in NM_POLICIES if os.path.exists(path))
        bus.CONFIG = bus.CONFIG.replace("{includes}", "{includes}\n  <include>%s</include>" % policy)

    def start_manager(self):
        self.device.spawn("NetworkManager", "--no-daemon", log="nm.log")
        wait_for("NetworkManager", lambda: self.nmcli("-t", "-f", "STATE,STARTUP", "general").endswith("started"),
                 timeout=PATIENCE)

    def nmcli(self, *arguments):
        return self.device.run("nmcli", *arguments, check=False).stdout.strip()

    def active(self):
        return f"{CONNECTION}:wireguard:activated" in self.nmcli("-t", "-f", "NAME,TYPE,STATE", "connection", "show",
                                                                 "--active")

    def profiles(self):
        return self.nmcli("-t", "-f", "NAME,TYPE", "connection", "show").splitlines().count(f"{CONNECTION}:wireguard")


class Agent(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(os.environ["LS_TEST_BUILD_ROOT"], os.environ["LS_TEST_SOURCE_ROOT"])
        cls.lab.__enter__()
        cls.lab.add_control_plane()
        cls.others = [cls.lab.add_device(name) for name in ("one", "two")]
        cls.desk = Desk(cls.lab)
        cls.device = cls.desk.device
        for device in (*cls.others, cls.device):
            device.start_agent()
            cls.lab.join(device, MESH)
        for device in (*cls.others, cls.device):
            device.profile.wait_state("connected", timeout=PATIENCE)
        cls.profile = cls.device.profile
        cls.interface = cls.profile.get("Interface")

    @classmethod
    def tearDownClass(cls):
        cls.lab.close()
        left = cls.lab.remains()
        if left:
            raise AssertionError(f"left behind: {left}")

    def run(self, result=None):
        failures = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > failures:
            self.lab.print_logs()

    def reach(self, device):
        wait_for(f"{device.name} answers", lambda: self.device.ping(device.profile.get("Ipv4")), timeout=PATIENCE)

    def assert_all_answered(self, pinging):
        sent, received = pinging.stop()
        self.assertGreater(sent, 3)
        # The last one may still have been on its way.
        self.assertLessEqual(sent - received, 1, f"{received} of {sent} answered")

    def assert_nothing_left(self):
        self.assertNotIn(self.interface, self.device.output("ip", "-o", "link"))
        for family in ("-4", "-6"):
            self.assertNotIn("27763", self.device.output("ip", family, "rule"))
            self.assertNotIn("27763", self.device.output("ip", family, "route", "show", "table", "all"))
        self.assertEqual(self.desk.profiles(), 0)
        self.assertNotIn("Lightscale", self.device.output("ls", "/run/NetworkManager/system-connections"))
        self.assertNotIn(MESH, self.device.output("ls", "-R", "/run/lightscale"))

    def test_1_connected(self):
        self.assertEqual(self.profile.get("Backend"), "networkmanager")
        self.assertTrue(self.desk.active())
        for device in self.others:
            self.assertEqual(device.profile.get("Backend"), "kernel")
            self.reach(device)
        peers = self.profile.peers()
        for device in self.others:
            wait_for("statistics", lambda: self.profile.peers()[device.name]["rx-bytes"] > 0, timeout=30)
            self.assertGreater(self.profile.peers()[device.name]["last-handshake"], 0)
        self.assertEqual(set(peers), {"one", "two"})

    def test_2_one_peer_changes(self):
        """One device goes and comes back while the other is pinged."""
        one, two = self.others
        pinging = self.device.keep_pinging(one.profile.get("Ipv4"))
        two.profile.call("Update", "(a{sv})", {"listen-port": GLib.Variant("q", 51777)})
        self.reach(two)
        node = two.profile.get("NodeId")
        self.lab.fetch(f"{self.lab.control.url}/v1/nodes/{node}/revoke", "POST", "{}", self.lab.control.admin_token)
        wait_for("two is gone", lambda: set(self.profile.peers()) == {"one"}, timeout=PATIENCE)
        self.assert_all_answered(pinging)

    def test_3_manager_crashes(self):
        one = self.others[0]
        pinging = self.device.keep_pinging(one.profile.get("Ipv4"))
        self.assertTrue(self.device.kill("NetworkManager"))
        self.assertTrue(self.device.ping(one.profile.get("Ipv4"), count=5, interval=0.3))
        self.desk.start_manager()
        wait_for("the profile is active again", self.desk.active, timeout=PATIENCE)
        self.assertEqual(self.desk.profiles(), 1)
        self.assert_all_answered(pinging)
        self.assertEqual(self.profile.get("State"), "connected")

    def test_4_switched_off_and_on(self):
        """In nmcli, as in GNOME's Quick Settings."""
        self.desk.nmcli("connection", "down", CONNECTION)
        self.profile.wait_property("WantUp", False, timeout=PATIENCE)
        self.profile.wait_state("ready", timeout=PATIENCE)
        self.assertNotEqual(self.profile.get("Problem")[0], "")
        wait_for("nothing left", lambda: self.desk.profiles() == 0, timeout=PATIENCE)
        self.assert_nothing_left()
        self.profile.connect()
        self.profile.wait_state("connected", timeout=PATIENCE)
        self.reach(self.others[0])

    def test_5_refused(self):
        """Somebody without a session may not: polkitd says so."""
        name = self.device.run("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--",
                               "dbus-send", "--system", "--print-reply", "--dest=org.lightscale.Helper",
                               "/org/lightscale/Helper", "org.lightscale.Helper1.RemoveTunnel", f"string:{MESH}",
                               check=False)
        self.assertNotEqual(name.returncode, 0)
        self.assertIn("org.lightscale.Error.", name.stderr)
        self.assertTrue(self.desk.active())

    def test_6_kernel_backend(self):
        """NetworkManager is there, but is not to be used."""
        self.profile.disconnect()
        self.assert_nothing_left()
        self.profile.call("Update", "(a{sv})", {"backend": GLib.Variant("s", "kernel")})
        self.profile.connect()
        self.profile.wait_state("connected", timeout=PATIENCE)
        self.assertEqual(self.profile.get("Backend"), "kernel")
        self.assertEqual(self.desk.profiles(), 0)
        self.reach(self.others[0])

    def test_7_nothing_left(self):
        self.profile.disconnect()
        self.assert_nothing_left()


if __name__ == "__main__":
    unittest.main(verbosity=2, failfast=True)
