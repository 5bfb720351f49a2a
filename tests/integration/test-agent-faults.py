#!/usr/bin/python3
# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong around the agent, and what it says: servers, netmaps, disks, files. An HTTP double stands between
the agent and the real control plane and spoils what it is told to spoil."""

import json
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

from agentlab import AGENT, Failed, Lab, Process, wait_for  # noqa: E402
from lab.faulty_server import FaultyServer, always, error  # noqa: E402

HTML = b"<!DOCTYPE html><html><body><h1>Sign in to the hotel's network</h1></body></html>"
KEY = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="


class FaultCase(unittest.TestCase):
    def setUp(self):
        self.lab = Lab()
        self.lab.__enter__()
        self.addCleanup(self.lab.__exit__, None, None, None)
        self.control = self.lab.add_control()
        self.server = FaultyServer(self.control)
        self.addCleanup(self.server.end)

    def assert_fails(self, code, text, call, *arguments):
        with self.assertRaises(Failed) as caught:
            call(*arguments)
        self.assertEqual(caught.exception.code, code, caught.exception.message)
        self.assertIn(text, caught.exception.message)
        return caught.exception


# What a server may answer to a registration: the error's code and what the hint says.
REGISTRATIONS = {
    "token used up": (error(401, "token has no uses left"), "ControlUnauthorized", "new token"),
    "forbidden": (always(403, "text/plain", b"no"), "ControlUnauthorized", "new token"),
    "path unknown": (always(404, "text/plain", b""), "ControlProtocol", "address"),
    "name taken": (error(409, "node name already exists"), "ControlConflict", "another name"),
    "addresses exhausted": (error(409, "ipv4 pool exhausted"), "ControlConflict", ""),
    "plain text 422": (always(422, "text/plain", b"missing field"), "ControlInvalid", ""),
    "server error": (error(500, "database is locked"), "ControlServer", "later"),
    "proxy error": (always(502, "text/html", HTML), "ControlServer", "later"),
    "sign-in page": (always(200, "text/html", HTML), "ControlProtocol", "sign-in page"),
    "redirect": (always(302, "text/html", HTML), "ControlProtocol", ""),
    "empty": (always(200, "application/json", b""), "ControlProtocol", ""),
    "not an object": (always(200, "application/json", b"[]"), "ControlProtocol", ""),
    "truncated": (always(200, "application/json", b'{"node_token": "abc", "netmap": {"network": {"id'),
                  "ControlProtocol", ""),
    "wrong types": (always(200, "application/json", b'{"node_token": 5, "netmap": []}'), "ControlProtocol", ""),
    "arrays in arrays": (always(200, "application/json", b"[" * 100000), None, ""),
    "objects in objects": (always(200, "application/json", b'{"a":' * 100000), None, ""),
}


class Registering(FaultCase):
    def test_answers(self):
        agent = self.lab.add_agent().start()
        profile = agent.add_profile("home", [self.server.url])
        for name, (fault, code, hint) in REGISTRATIONS.items():
            with self.subTest(name):
                self.server.fault = fault
                with self.assertRaises(Failed) as caught:
                    profile.join_by_token("some-token", "laptop")
                self.assertIn(caught.exception.code, [code] if code else ["ControlProtocol", "Limit"])
                self.assertNotIn("some-token", caught.exception.message)
                self.assertNotIn("<", caught.exception.message)
                self.assertEqual(profile.get("State"), "new")
                what, advice, _ = profile.get("Problem")
                self.assertEqual(what, caught.exception.message)
                self.assertIn(hint, advice)
        self.server.fault = None
        profile.join_by_token(self.control.token, "laptop")
        profile.wait_state("ready")
        self.assertEqual(profile.get("Problem"), ("", "", ""))

    def test_too_large(self):
        agent = self.lab.add_agent().start()
        profile = agent.add_profile("home", [self.server.url])
        block = b" " * (1 << 20)
        self.server.fault = lambda path: (200, "application/json", (65 << 20, (block for _ in range(65))))
        self.assert_fails("Limit", "", profile.join_by_token, "some-token", "laptop")
        self.assertEqual(profile.get("State"), "new")

    def test_unreachable(self):
        agent = self.lab.add_agent().start()
        profile = agent.add_profile("home", ["http://127.0.0.1:1"])
        self.assert_fails("ControlUnreachable", "", profile.join_by_token, "some-token", "laptop")
        self.assertIn("address", profile.get("Problem")[1])

    def test_link_that_leaves_the_server(self):
        agent = self.lab.add_agent().start()
        profile = agent.add_profile("home", [self.server.url])
        for path in ("//evil.example.com/x", "http://evil.example.com/", "/a/../../b", "javascript:x"):
            answer = {"node_id": "n", "network_id": "w", "ipv4": "100.64.0.2", "ipv6": "fd00::2", "auth_path": path,
                      "expires_at": 4000000000, "node_token": "t"}
            self.server.fault = always(200, "application/json", json.dumps(answer).encode())
            with self.assertRaises(Failed):
                profile.join_by_link("w", "laptop")
            self.assertEqual(profile.get("AuthUrl"), "")
            self.assertEqual(profile.get("State"), "new")


class Following(FaultCase):
    """A joined profile whose server misbehaves: nothing is lost, it says what, and it recovers by itself."""

    def setUp(self):
        super().setUp()
        self.agent = self.lab.add_agent().start()
        self.profile = self.agent.add_profile("home", [self.server.url])
        self.profile.join_by_token(self.control.token, "laptop")
        self.profile.wait_state("ready")

    def refresh_fails(self, fault, code):
        self.server.fault = fault
        self.assert_fails(code, "", self.profile.call, "Refresh")

    def recovers(self):
        self.server.fault = None
        self.profile.call("Refresh")
        self.assertEqual(self.profile.get("Problem"), ("", "", ""))
        self.assertTrue(self.profile.get("ControlReachable"))
        self.assertEqual(self.profile.get("State"), "ready")

    def test_faults(self):
        for fault, code, reachable in (
                (always(200, "text/html", HTML), "ControlProtocol", False),
                (error(500, "database is locked"), "ControlServer", False),
                (error(401, "invalid token"), "ControlUnauthorized", True),
                (always(404, "text/plain", b""), "ControlProtocol", False),
                (always(200, "application/json", b'{"network": {'), "ControlProtocol", False)):
            with self.subTest(code):
                self.refresh_fails(fault, code)
                self.assertEqual(self.profile.get("ControlReachable"), reachable)
                what, hint, _ = self.profile.get("Problem")
                self.assertTrue(what)
                self.assertTrue(hint)
                self.assertEqual(self.profile.get("State"), "ready")
                self.recovers()

    def test_404_of_another_page_is_no_deletion(self):
        for _ in range(4):
            self.refresh_fails(always(404, "text/html", HTML), "ControlProtocol")
        self.assertEqual(self.profile.get("State"), "ready")
        self.recovers()

    def test_server_that_lost_its_state(self):
        node = self.profile.get("NodeId")
        self.server.fault = error(404, "node")
        with self.assertRaises(Failed):
            self.profile.call("Refresh")
        self.profile.wait_state("deleted", timeout=30)
        self.assertIn("keys of this device are kept", self.profile.get("Problem")[1])
        self.server.fault = None
        self.profile.call("Refresh")
        self.assertEqual(self.profile.get("State"), "ready")
        self.assertEqual(self.profile.get("NodeId"), node)

    def test_lower_revision(self):
        """A restored server counts from below: what it says is believed, and followed from there."""
        def lower(netmap):
            netmap["revision"] = 3
            netmap["node"]["name"] = "restored"

        self.server.spoil = lower
        self.profile.call("Refresh")
        self.assertEqual(self.profile.get("NodeName"), "restored")

    def test_server_ends_and_returns(self):
        state = os.path.join(self.control.folder, "control.json")
        self.assertTrue(wait_for("server's state", lambda: os.path.exists(state)))
        self.server.fault = always(503, "text/plain", b"")
        self.assert_fails("ControlServer", "", self.profile.call, "Refresh")
        since = self.profile.get("ControlSince")
        self.assertGreater(since, 0)
        self.server.fault = None
        # By itself, after the pause of a failure.
        wait_for("control plane again", lambda: self.profile.get("ControlReachable"), timeout=40)
        self.assertEqual(self.profile.get("Problem"), ("", "", ""))


def peer(number, **changes):
    value = {"id": f"p{number:03}", "name": f"peer{number}", "dns_name": f"peer{number}.x", "ipv4": "", "ipv6": "",
             "wg_public_key": KEY, "endpoints": [], "tags": [], "routes": [], "last_seen": 0}
    value.update(changes)
    return value


def subnet(prefix, **changes):
    return {"prefix": prefix, "kind": "subnet", "enabled": True, **changes}


class HostileNetmap(FaultCase):
    """What is left out is told, with the reason; the rest is used. The rows are those of the planner's unit test;
    here is that they come through to the D-Bus interface, and that nothing breaks."""

    def connecting(self, spoil):
        self.server.spoil = spoil
        agent = self.lab.add_agent().start()
        profile = agent.add_profile("home", [self.server.url])
        profile.join_by_link(self.control.network, "laptop", connect=True)
        profile.call("ApproveNow")
        profile.wait_state("connecting")
        return profile

    def test_left_out(self):
        def spoil(netmap):
            if not netmap["node"]["approved"]:
                return
            base = netmap["node"]["ipv4"].rsplit(".", 1)[0]
            netmap["peers"] = [
                peer(1, ipv4="8.8.8.8"),
                peer(2, ipv4=f"{base}.200", wg_public_key="AAAA"),
                peer(3, ipv4=f"{base}.201", routes=[subnet("0.0.0.0/1"), subnet("127.0.0.0/8"),
                                                     {"prefix": "0.0.0.0/0", "kind": "exit", "enabled": True}]),
                peer(4, ipv4=f"{base}.202"),
                peer(5, ipv4=netmap["node"]["ipv4"]),
            ]

        profile = self.connecting(spoil)
        left_out = wait_for("left out", lambda: dict(profile.get("LeftOut")))
        self.assertIn("not in this network", left_out["peer1"])
        self.assertIn("not a valid key", left_out["peer2"])
        self.assertIn("exit route", left_out["0.0.0.0/1 of peer3"])
        self.assertIn("reserved", left_out["127.0.0.0/8 of peer3"])
        self.assertIn("same WireGuard key", left_out["peer4"])
        self.assertEqual(len(profile.call("ListPeers")), 5)

    def test_own_address_in_the_local_network(self):
        def spoil(netmap):
            netmap["node"].update(ipv4="127.0.0.2", ipv6="::1")
            netmap["network"].update(overlay_v4="127.0.0.0/8", overlay_v6="::/0")

        self.server.spoil = spoil
        agent = self.lab.add_agent().start()
        profile = agent.add_profile("home", [self.server.url])
        profile.join_by_token(self.control.token, "laptop")
        self.assert_fails("ControlProtocol", "reserved", profile.call, "Connect")
        self.assertEqual(profile.get("State"), "ready")

    def test_names(self):
        """Text of others is shown without what could do harm to a terminal or a layout."""
        def spoil(netmap):
            netmap["node"]["name"] = "\x1b[2Jme\u202e"
            netmap["network"]["name"] = "a" * 4000
            netmap["peers"] = [peer(1, name="%s%n<b>&\x07")]

        self.server.spoil = spoil
        agent = self.lab.add_agent().start()
        profile = agent.add_profile("home", [self.server.url])
        profile.join_by_token(self.control.token, "laptop")
        self.assertNotIn("\x1b", profile.get("NodeName"))
        self.assertNotIn("\u202e", profile.get("NodeName"))
        self.assertLessEqual(len(profile.get("NetworkName")), 201)
        self.assertNotIn("\x07", profile.call("ListPeers")[0]["name"])

    def test_ids(self):
        for bad in ("../x", "", "a/b", "x" * 65, "a\nb"):
            def spoil(netmap, value=bad):
                netmap["node"]["id"] = value

            self.server.spoil = spoil
            agent = self.lab.add_agent(name="agent-" + str(abs(hash(bad)))).start()
            profile = agent.add_profile("home", [self.server.url])
            with self.assertRaises(Failed):
                profile.join_by_token(self.control.token, "laptop" + str(abs(hash(bad))))
            self.assertEqual(profile.get("State"), "new")
            agent.stop()

    def test_too_many_peers(self):
        def spoil(netmap):
            netmap["peers"] = [peer(i) for i in range(20001)]

        agent = self.lab.add_agent().start()
        profile = agent.add_profile("home", [self.server.url])
        profile.join_by_token(self.control.token, "laptop")
        self.server.spoil = spoil
        self.assert_fails("Limit", "", profile.call, "Refresh")
        self.assertEqual(profile.get("PeerCount"), 0)
        self.assertEqual(profile.get("State"), "ready")


class SmallDisk:
    """An agent whose state lies on a file system of 64 KiB, in a mount namespace of its own."""

    def __init__(self, agent):
        self.agent = agent
        os.makedirs(agent.state, exist_ok=True)
        script = 'mount -t tmpfs -o size=64k,mode=0700 none "$1" && shift && exec "$@"'
        agent.process = Process(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", agent.state,
             AGENT, "--state-dir", agent.state, "--no-tray", "--secrets=file"],
            os.path.join(agent.folder, "agent.log"), agent.environment())
        wait_for("agent's name", agent.is_there)

    def path(self, name):
        return f"/proc/{self.agent.process.popen.pid}/root{self.agent.state}/{name}"

    def fill(self):
        with open(self.path("filler"), "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(b"x" * 4096)
            except OSError:
                pass

    def empty(self):
        os.unlink(self.path("filler"))


class Disk(FaultCase):
    def test_full(self):
        agent = self.lab.add_agent()
        disk = SmallDisk(agent)
        profile = agent.add_profile("home", [self.control.url])
        profile.join_by_token(self.control.token, "laptop")
        with open(disk.path("profiles/home.conf"), "rb") as kept:
            before = kept.read()
        disk.fill()
        self.assert_fails("Storage", "could not be written", agent.add_profile, "second", [self.control.url])
        self.assertEqual(agent.profile("home").get("Name"), "home")
        profile.call("Update", "(a{sv})", {"mtu": self.uint16(1400)})
        what, hint, _ = profile.wait_problem("could not be written")
        self.assertIn("disk is not full", hint)
        with open(disk.path("profiles/home.conf"), "rb") as kept:
            self.assertEqual(kept.read(), before)
        disk.empty()
        profile.call("Update", "(a{sv})", {"mtu": self.uint16(1500)})
        wait_for("no problem", lambda: profile.get("Problem")[0] == "")
        with open(disk.path("profiles/home.conf"), "rb") as kept:
            self.assertIn(b"mtu=1500", kept.read())

    def test_full_when_joining(self):
        agent = self.lab.add_agent()
        disk = SmallDisk(agent)
        profile = agent.add_profile("home", [self.control.url])
        disk.fill()
        # The keys could not be kept, so the server was not asked at all.
        requests = len(self.server.requests)
        self.assert_fails("Storage", "could not be written", profile.join_by_token, self.control.token, "laptop")
        self.assertEqual(len(self.server.requests), requests)
        disk.empty()
        profile.join_by_token(self.control.token, "laptop")

    @staticmethod
    def uint16(value):
        from gi.repository import GLib
        return GLib.Variant("q", value)


class Files(FaultCase):
    def test_corrupt(self):
        agent = self.lab.add_agent()
        os.makedirs(os.path.join(agent.state, "profiles"))
        broken = os.path.join(agent.state, "profiles", "work.conf")
        with open(broken, "wb") as output:
            output.write(b"[profile]\nname=work\n\x00\xff half")
        agent.start()
        profile = agent.add_profile("home", [self.control.url])
        what, hint, details = agent.notices()["broken-work"]
        self.assertIn("“work” could not be read", what)
        self.assertIn("work.conf.broken-1", hint)
        self.assertTrue(details)
        self.assertFalse(os.path.exists(broken))
        with open(broken + ".broken-1", "rb") as kept:
            self.assertTrue(kept.read().endswith(b"half"))
        agent.manager("DismissNotice", "(s)", "broken-work")
        self.assertEqual(agent.notices(), {})
        self.assert_fails("NotFound", "", agent.manager, "DismissNotice", "(s)", "broken-work")
        self.assertEqual(profile.get("State"), "new")

    def test_corrupt_keys(self):
        agent = self.lab.add_agent().start()
        profile = agent.add_profile("home", [self.control.url])
        profile.join_by_token(self.control.token, "laptop")
        agent.stop()
        folder = os.path.join(agent.state, "secrets")
        path = os.path.join(folder, os.listdir(folder)[0])
        with open(path, "r+b") as keys:
            keys.truncate(40)
        agent.start()
        profile = agent.profile("home")
        profile.wait_problem("stored keys of this device cannot be read")
        self.assertEqual(os.path.getsize(path), 40)
        self.assertEqual(profile.get("State"), "new")

    def test_corrupt_netmap_copy(self):
        agent = self.lab.add_agent().start()
        profile = agent.add_profile("home", [self.control.url])
        profile.join_by_token(self.control.token, "laptop")
        agent.stop()
        os.makedirs(os.path.join(agent.state, "netmaps"), exist_ok=True)
        with open(os.path.join(agent.state, "netmaps", "home.json"), "wb") as copy:
            copy.write(b"[" * 200000)
        agent.start()
        profile = agent.profile("home")
        wait_for("control plane", lambda: profile.get("ControlReachable"))
        self.assertEqual(profile.get("Problem"), ("", "", ""))


class Said(FaultCase):
    """The same by the command line: each failure is said there, with what to do."""

    def assert_says(self, agent, arguments, *texts, text=None):
        said, status = agent.ctl(*arguments, text=text)
        self.assertNotEqual(status, 0, said)
        for part in texts:
            self.assertIn(part, said)
        self.assertNotIn("GDBus", said)
        self.assertNotIn("some-token", said)

    def join(self, agent, url, *texts, network="home"):
        self.assert_says(agent, ["join", network, "--server", url, "--token", "-", "--name", "laptop"], *texts,
                         text="some-token\n")

    def test_servers(self):
        agent = self.lab.add_agent().start()
        self.join(agent, "http://127.0.0.1:1", "No control server is running", "Check the server's address")
        for number, (fault, text, hint) in enumerate((
                (always(200, "text/html", HTML), "", "sign-in page"),
                (error(401, "token has no uses left"), "", "Ask the administrator"),
                (error(409, "node name already exists"), "The name “laptop” is taken", "Choose another name"),
                (error(500, "database is locked"), "", "Try again later"),
                (always(200, "application/json", b'{"node_token": "abc", "net'), "", "Check that the address"))):
            with self.subTest(hint):
                self.server.fault = fault
                self.join(agent, self.server.url, text, hint, network=f"home-{number}")

    def test_machine(self):
        agent = self.lab.add_agent()
        os.makedirs(os.path.join(agent.state, "profiles"))
        with open(os.path.join(agent.state, "profiles", "work.conf"), "wb") as output:
            output.write(b"half")
        agent.start()
        said, status = agent.ctl("notices")
        self.assertEqual(status, 0)
        self.assertIn("The settings of the network “work” could not be read.", said)
        self.assertIn("work.conf.broken-1", said)
        profile = agent.add_profile("home", [self.control.url])
        profile.join_by_token(self.control.token, "laptop")
        self.assert_says(agent, ["up", "home"], "The Lightscale helper is not installed or does not start.",
                         "Install the package")
        said, status = agent.ctl("status", "home")
        self.assertEqual(status, 0)
        self.assertIn("The Lightscale helper is not installed or does not start.", said)
        self.assertIn("Install the package", said)

    def test_no_keyring(self):
        agent = self.lab.add_agent(secrets=None).start()
        wait_for("notice", agent.notices)
        said, _ = agent.ctl("notices")
        self.assertIn("There is no keyring", said)
        self.assertIn("--secrets=file", said)

    def test_full_disk(self):
        agent = self.lab.add_agent()
        disk = SmallDisk(agent)
        disk.fill()
        self.join(agent, self.control.url, "could not be written", "disk is not full")


if __name__ == "__main__":
    unittest.main(verbosity=2)
