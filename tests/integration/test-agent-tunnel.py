#!/usr/bin/python3
# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent asks of the helper, call by call. The helper is a double here, so that calls can be counted and
answers chosen; the real one is in the suites netns and vm."""

import os
import signal
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from gi.repository import Gio, GLib  # noqa: E402

from agentlab import Failed, Lab, die_with_parent, wait_for  # noqa: E402

NAME = "org.lightscale.Helper"
PATH = "/org/lightscale/Helper"
XML = os.path.join(os.environ["LS_TEST_SOURCE_ROOT"], "data/dbus/org.lightscale.Helper1.xml")
OWN_NAME = """
import sys
from gi.repository import Gio, GLib
flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
bus = Gio.DBusConnection.new_for_address_sync(sys.argv[1], flags, None, None)
bus.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "RequestName",
              GLib.Variant("(su)", (sys.argv[2], 0)), None, 0, -1, None)
print("owned", flush=True)
GLib.MainLoop().run()
"""


class FakeHelper:
    """Answers as the real one would, and keeps count."""

    def __init__(self, bus):
        self.bus = bus
        self.calls = []
        self.error = None
        self.tunnels = {}
        self.handshakes = {}
        self.endpoints = {}
        self.owner = None
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        if not self.ready.wait(20):
            raise AssertionError("the double did not come up")

    def run(self):
        self.context = GLib.MainContext.new()
        self.context.push_thread_default()
        self.loop = GLib.MainLoop.new(self.context, False)
        self.connection = self.bus.connect()
        with open(XML, encoding="utf-8") as xml:
            interface = Gio.DBusNodeInfo.new_for_xml(xml.read()).interfaces[0]
        self.connection.register_object(PATH, interface, self.called, None, None)
        self.connection.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                  "RequestName", GLib.Variant("(su)", (NAME, 0)), None, 0, -1, None)
        self.ready.set()
        self.loop.run()
        self.connection.close_sync(None)
        self.context.pop_thread_default()

    def end(self):
        self.context.invoke_full(GLib.PRIORITY_DEFAULT, lambda: self.loop.quit() or GLib.SOURCE_REMOVE)
        self.thread.join(20)

    def called(self, connection, sender, path, interface, method, parameters, invocation):
        arguments = parameters.unpack()
        if method != "GetStatus":
            self.calls.append((method, arguments))
        if self.error and method == "ApplyTunnel":
            invocation.return_dbus_error("org.lightscale.Error." + self.error, "The test refuses.")
            return
        self.owner = sender
        invocation.return_value(getattr(self, method)(*arguments))

    def ApplyTunnel(self, name, tunnel):
        self.tunnels[name] = tunnel
        return GLib.Variant("(a{sv})", ({
            "interface": GLib.Variant("s", "ls-" + name), "backend": GLib.Variant("s", "userspace"),
            "listen-port": GLib.Variant("q", tunnel["listen-port"]), "changed": GLib.Variant("b", True)},))

    def UpdatePeers(self, name, changed, removed):
        peers = {bytes(peer["public-key"]): peer for peer in self.tunnels[name]["peers"]}
        peers.update({bytes(peer["public-key"]): peer for peer in changed})
        for key in removed:
            peers.pop(bytes(key), None)
        self.tunnels[name]["peers"] = list(peers.values())

    def SetEndpoints(self, name, endpoints):
        self.endpoints.update({bytes(key): endpoint for key, endpoint in endpoints})

    def RemoveTunnel(self, name):
        self.tunnels.pop(name, None)

    def RestoreNetwork(self):
        self.tunnels.clear()

    def GetStatus(self, name):
        peers = []
        for peer in self.tunnels[name]["peers"]:
            key = bytes(peer["public-key"])
            endpoint = self.endpoints.get(key, peer.get("endpoint", ""))
            peers.append((key, endpoint, self.handshakes.get(key, 0), 1000, 2000))
        return GLib.Variant("(a{sv})", ({
            "interface": GLib.Variant("s", "ls-" + name), "backend": GLib.Variant("s", "userspace"),
            "state": GLib.Variant("s", "up"), "listen-port": GLib.Variant("q", 51820),
            "peers": GLib.Variant("a(aysxtt)", peers)},))

    def shake_hands(self):
        """All peers of all tunnels answer from now on."""
        for tunnel in self.tunnels.values():
            for peer in tunnel["peers"]:
                self.handshakes[bytes(peer["public-key"])] = int(time.time())

    def tell(self, name, state, reason):
        self.connection.emit_signal(self.owner, PATH, "org.lightscale.Helper1", "TunnelChanged",
                                    GLib.Variant("(sss)", (name, state, reason)))

    def methods(self):
        return [method for method, _ in self.calls]


class TunnelCase(unittest.TestCase):
    def setUp(self):
        self.lab = Lab()
        self.lab.__enter__()
        self.addCleanup(self.lab.__exit__, None, None, None)
        self.control = self.lab.add_control()
        self.agent = self.lab.add_agent()
        self.helper = FakeHelper(self.agent.system_bus)
        self.addCleanup(self.end_helper)
        self.agent.start()
        self.profile = self.agent.add_profile("home", [self.control.url])
        self.profile.join_by_token(self.control.token, "laptop")

    def end_helper(self):
        if self.helper:
            self.helper.end()

    def add_peer(self, number, endpoints=("198.51.100.7:51820",)):
        """Another device, which the server heard from just now."""
        key = "%s=" % ("ABCDEFGHIJKLMNOPQRSTUVWXYZ"[number] + "TIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg"[-42:])
        answer = self.control.call("POST", "/v1/register", {
            "token": self.control.token, "node_name": f"peer-{number}", "machine_public_key": key,
            "wg_public_key": key})
        self.beat(answer, endpoints)
        return answer

    def beat(self, answer, endpoints):
        self.control.call("POST", "/v1/heartbeat", {
            "node_id": answer["netmap"]["node"]["id"], "endpoints": list(endpoints), "routes": []},
            token=answer["node_token"])

    def connect(self):
        self.profile.call("Refresh")
        self.profile.call("Connect")
        wait_for("tunnel", lambda: "home" in self.helper.tunnels)


class Connecting(TunnelCase):
    def test_alone(self):
        """Nobody else in the network: connected, there is nobody to have a handshake with."""
        self.connect()
        self.profile.wait_state("connected")
        self.assertEqual(self.profile.get("Backend"), "userspace")
        self.assertEqual(self.agent.manager_get("HelperState"), "available")
        tunnel = self.helper.tunnels["home"]
        self.assertIn(self.profile.get("Ipv4") + "/32", tunnel["addresses"])
        self.assertEqual(len(tunnel["routes"]), 2)
        self.profile.call("Disconnect")
        self.assertEqual(self.helper.tunnels, {})
        self.assertEqual(self.profile.get("State"), "ready")
        self.assertEqual(self.helper.methods(), ["ApplyTunnel", "RemoveTunnel"])

    def test_handshake(self):
        """With a peer online, connected is said only after its handshake, and not when that is old."""
        self.add_peer(1)
        self.connect()
        time.sleep(2.5)
        self.assertEqual(self.profile.get("State"), "connecting")
        self.assertEqual(self.profile.call("ListPeers")[0]["path"], "none")
        self.helper.shake_hands()
        self.profile.wait_state("connected")
        peer = self.profile.call("ListPeers")[0]
        self.assertEqual(peer["path"], "direct")
        self.assertEqual(peer["endpoint"], "198.51.100.7:51820")
        self.assertEqual((peer["rx-bytes"], peer["tx-bytes"]), (1000, 2000))
        self.assertEqual(self.profile.get("RxBytes"), 1000)
        for key in self.helper.handshakes:
            self.helper.handshakes[key] -= 181
        self.profile.wait_state("connecting", timeout=15)

    def test_heartbeat(self):
        """While up the server learns where this device can be reached."""
        self.connect()
        node = self.profile.get("NodeId")
        port = self.helper.tunnels["home"]["listen-port"]

        def endpoints():
            nodes = self.control.call("GET", f"/v1/admin/networks/{self.control.open_network}/nodes")["nodes"]
            return [node_["endpoints"] for node_ in nodes if node_["id"] == node][0]

        wait_for("endpoints at the server", endpoints)
        for endpoint in endpoints():
            self.assertTrue(endpoint.endswith(f":{port}"), endpoint)

    def test_switch_is_remembered(self):
        self.connect()
        self.assertTrue(self.profile.get("WantUp"))
        private_key = self.helper.tunnels["home"]["private-key"]
        self.agent.stop(signal.SIGKILL)
        # Killed: the helper keeps the tunnel for a while; started again the agent takes it over.
        self.assertIn("home", self.helper.tunnels)
        self.helper.calls.clear()
        self.agent.start()
        wait_for("tunnel again", lambda: "ApplyTunnel" in self.helper.methods())
        self.profile = self.agent.profile("home")
        self.profile.wait_state("connected")
        self.assertEqual(self.helper.tunnels["home"]["private-key"], private_key)
        self.assertNotIn("RemoveTunnel", self.helper.methods())
        # Ended properly, the tunnel goes, and comes back at the next start.
        self.agent.stop()
        self.assertEqual(self.helper.tunnels, {})
        self.agent.start()
        wait_for("tunnel after start", lambda: "home" in self.helper.tunnels)

    def test_without_control_plane(self):
        """A tunnel comes up from the copy of the netmap while the control plane is away."""
        self.add_peer(1)
        self.connect()
        copy = os.path.join(self.agent.state, "netmaps", "home.json")
        wait_for("copy of the netmap", lambda: os.path.exists(copy))
        self.agent.stop()
        self.control.end()
        self.agent.start()
        wait_for("tunnel", lambda: "home" in self.helper.tunnels)
        self.assertEqual(len(self.helper.tunnels["home"]["peers"]), 1)
        self.profile = self.agent.profile("home")
        wait_for("unreachable", lambda: self.profile.get("ControlSince"))
        self.assertFalse(self.profile.get("ControlReachable"))
        self.profile.wait_problem("")

    def test_quit_and_restore(self):
        self.connect()
        self.agent.manager("RestoreNetwork")
        self.assertIn("RestoreNetwork", self.helper.methods())
        self.assertFalse(self.profile.get("WantUp"))
        self.assertEqual(self.profile.get("State"), "ready")
        self.profile.call("Connect")
        self.agent.manager("Quit")
        self.assertEqual(self.agent.process.popen.wait(20), 0)
        self.assertEqual(self.helper.tunnels, {})

    def test_revoked(self):
        self.connect()
        self.control.call("POST", f"/v1/nodes/{self.profile.get('NodeId')}/revoke", {})
        self.profile.wait_state("revoked", timeout=15)
        wait_for("no tunnel", lambda: not self.helper.tunnels)
        self.assertTrue(self.profile.get("WantUp"))

    def test_two_networks(self):
        """Two at once, with different ports and without each other's addresses."""
        self.connect()
        second = self.agent.add_profile("work", [self.control.url])
        second.join_by_link(self.control.network, "laptop", connect=True)
        second.call("ApproveNow")
        wait_for("second tunnel", lambda: "work" in self.helper.tunnels)
        self.assertNotEqual(self.helper.tunnels["home"]["listen-port"], self.helper.tunnels["work"]["listen-port"])
        third = self.agent.add_profile("again", [self.control.url])
        third.join_by_token(self.control.token, "laptop-2")
        with self.assertRaises(Failed) as caught:
            third.call("Connect")
        self.assertEqual(caught.exception.code, "Conflict")
        self.assertIn("your network “home”", caught.exception.message)


class Calls(TunnelCase):
    """Only what changed reaches the helper."""

    def test_nothing_material(self):
        others = [self.add_peer(number) for number in range(1, 6)]
        self.connect()
        self.helper.shake_hands()
        self.profile.wait_state("connected")
        self.helper.calls.clear()
        # Each heartbeat is a write at the server: the revision moves, nothing else does.
        for _ in range(5):
            for other in others:
                self.beat(other, ["198.51.100.7:51820"])
            time.sleep(0.3)
        self.profile.call("Refresh")
        self.assertEqual(self.helper.calls, [])

    def test_one_peer(self):
        for number in range(1, 6):
            self.add_peer(number)
        self.connect()
        self.assertEqual(len(self.helper.tunnels["home"]["peers"]), 5)
        self.helper.shake_hands()
        self.profile.wait_state("connected")
        self.helper.calls.clear()
        added = self.add_peer(6)
        wait_for("call", lambda: self.helper.calls)
        method, (_, changed, removed) = self.helper.calls[0]
        self.assertEqual((method, len(changed), removed), ("UpdatePeers", 1, []))
        self.helper.calls.clear()
        self.control.call("DELETE", f"/v1/nodes/{added['netmap']['node']['id']}")
        wait_for("call", lambda: self.helper.calls, timeout=40)
        method, (_, changed, removed) = self.helper.calls[0]
        self.assertEqual((method, changed, len(removed)), ("UpdatePeers", [], 1))
        self.assertNotIn("ApplyTunnel", self.helper.methods())

    def test_rename_reaches_nobody(self):
        other = self.add_peer(1)
        self.connect()
        self.helper.calls.clear()
        self.control.call("PUT", f"/v1/admin/nodes/{other['netmap']['node']['id']}", {"name": "tower"})
        wait_for("new name", lambda: self.profile.call("ListPeers")[0]["name"] == "tower", timeout=10)
        self.assertNotIn("ApplyTunnel", self.helper.methods())
        self.assertNotIn("UpdatePeers", self.helper.methods())

    def test_endpoints_in_turn(self):
        """Without a handshake the next endpoint is tried, and only that is said."""
        self.add_peer(1, ["198.51.100.7:51820", "198.51.100.8:51820"])
        self.connect()
        self.helper.calls.clear()
        wait_for("another endpoint", lambda: self.helper.endpoints, timeout=30)
        self.assertEqual(list(self.helper.endpoints.values()), ["198.51.100.8:51820"])
        self.assertEqual(set(self.helper.methods()), {"SetEndpoints"})

    def test_roaming_peer_is_left_alone(self):
        """A peer that shakes hands from another address than its netmap says keeps it."""
        other = self.add_peer(1, ["198.51.100.7:51820"])
        self.connect()
        key = bytes(self.helper.tunnels["home"]["peers"][0]["public-key"])
        self.helper.endpoints[key] = "203.0.113.5:4000"
        self.helper.shake_hands()
        self.profile.wait_state("connected")
        wait_for("its address", lambda: self.profile.call("ListPeers")[0]["endpoint"] == "203.0.113.5:4000")
        self.helper.calls.clear()
        self.beat(other, ["198.51.100.7:51820", "198.51.100.9:51820"])
        wait_for("new endpoints", lambda: len(self.profile.call("ListPeers")[0]["endpoints"]) == 2)
        time.sleep(2)
        self.assertEqual(self.helper.calls, [])


class Refused(TunnelCase):
    def refused(self, error, hint):
        self.helper.error = error
        with self.assertRaises(Failed) as caught:
            self.profile.call("Connect")
        self.assertEqual(caught.exception.code, error)
        what, advice, _ = self.profile.get("Problem")
        self.assertEqual(what, "The test refuses.")
        self.assertIn(hint, advice)
        self.assertFalse(self.profile.get("WantUp"))
        self.assertEqual(self.profile.get("State"), "ready")
        # It is not asked for again and again.
        count = self.helper.methods().count("ApplyTunnel")
        time.sleep(3)
        self.assertEqual(self.helper.methods().count("ApplyTunnel"), count)

    def test_refused(self):
        for error, hint in (("NotAuthorized", "administrator"), ("NoPolkitAgent", "desktop session"),
                            ("PolkitUnavailable", "polkit"), ("Backend", "Try again"), ("Limit", "")):
            with self.subTest(error):
                self.refused(error, hint)
        self.helper.error = None
        self.connect()
        self.assertEqual(self.profile.get("Problem"), ("", "", ""))

    def test_switched_off_elsewhere(self):
        self.connect()
        self.helper.tunnels.clear()
        self.helper.tell("home", "down", "by-someone-else")
        self.profile.wait_state("ready")
        self.assertFalse(self.profile.get("WantUp"))
        self.assertIn("Another program switched this network off", self.profile.get("Problem")[0])
        self.profile.call("Connect")
        self.assertEqual(self.profile.get("Problem"), ("", "", ""))

    def test_died(self):
        self.connect()
        self.helper.calls.clear()
        self.helper.tell("home", "down", "died")
        self.profile.wait_problem("WireGuard program of this network ended")
        wait_for("made again", lambda: "ApplyTunnel" in self.helper.methods())
        self.assertTrue(self.profile.get("WantUp"))
        wait_for("no problem", lambda: self.profile.get("Problem")[0] == "")

    def test_helper_restarted(self):
        self.connect()
        self.profile.wait_state("connected")
        tunnel = self.helper.tunnels["home"]
        self.helper.end()
        self.helper = FakeHelper(self.agent.system_bus)
        wait_for("applied again", lambda: "home" in self.helper.tunnels, timeout=30)
        self.assertEqual(self.helper.tunnels["home"], tunnel)
        self.profile.wait_state("connected")
        self.assertEqual(self.profile.get("Problem"), ("", "", ""))

    def test_switch_off_while_switching_on(self):
        """A disconnect ends the connect that waits."""
        answers = []

        def hang(name, tunnel):
            self.helper.ApplyTunnel = FakeHelper.ApplyTunnel.__get__(self.helper)
            self.profile_thread.start()
            time.sleep(1)
            return self.helper.ApplyTunnel(name, tunnel)

        def disconnect():
            answers.append(self.profile.call("Disconnect"))

        self.profile_thread = threading.Thread(target=disconnect)
        self.helper.ApplyTunnel = hang
        with self.assertRaises(Failed):
            self.profile.call("Connect")
        self.profile_thread.join(20)
        self.assertEqual(len(answers), 1)
        self.assertEqual(self.helper.tunnels, {})
        self.assertEqual(self.profile.get("State"), "ready")

    def test_helper_of_somebody_else(self):
        """The private key goes to root only, whoever owns the name."""
        self.helper.end()
        self.helper = None
        os.chmod(self.lab.folder, 0o711)
        os.chmod(self.agent.folder, 0o711)
        os.chmod(self.agent.system_bus.path, 0o777)
        other = subprocess.Popen(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-c",
                                  OWN_NAME, self.agent.system_bus.address, NAME], stdout=subprocess.PIPE, text=True,
                                 preexec_fn=die_with_parent)
        self.addCleanup(other.stdout.close)
        self.addCleanup(other.wait)
        self.addCleanup(other.kill)
        self.assertEqual(other.stdout.readline(), "owned\n")
        with self.assertRaises(Failed) as caught:
            self.profile.call("Connect")
        self.assertEqual(caught.exception.code, "HelperUnavailable")
        self.assertIn("Somebody else", caught.exception.message)


if __name__ == "__main__":
    unittest.main(verbosity=2)
