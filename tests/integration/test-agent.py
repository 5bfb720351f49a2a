#!/usr/bin/python3
# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's D-Bus interface against the real control plane: joining, following, keeping, what is missing."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
import unittest
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from gi.repository import GLib  # noqa: E402

from agentlab import Failed, Lab, Process, die_with_parent, wait_for  # noqa: E402


class AgentCase(unittest.TestCase):
    def setUp(self):
        self.lab = Lab()
        self.lab.__enter__()
        self.addCleanup(self.lab.__exit__, None, None, None)

    def assert_fails(self, code, text, call, *arguments):
        with self.assertRaises(Failed) as caught:
            call(*arguments)
        self.assertEqual(caught.exception.code, code, caught.exception.message)
        self.assertIn(text, caught.exception.message)
        return caught.exception

    def files(self, agent):
        found = {}
        for folder, _, names in os.walk(agent.state):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as content:
                    found[os.path.relpath(path, agent.state)] = content.read()
        return found


class Joining(AgentCase):
    def setUp(self):
        super().setUp()
        self.control = self.lab.add_control()
        self.agent = self.lab.add_agent().start()

    def test_token(self):
        profile = self.agent.add_profile("home", [self.control.url])
        self.assertEqual(profile.path, "/org/lightscale/Agent/profiles/home")
        self.assertEqual(profile.get("State"), "new")
        profile.join_by_token(self.control.token, "  laptop ")
        profile.wait_state("ready")
        self.assertEqual(profile.get("NodeName"), "laptop")
        self.assertEqual(profile.get("NetworkName"), "open")
        self.assertTrue(profile.get("Ipv4").startswith("100."))
        self.assertTrue(profile.get("ControlReachable"))
        self.assertEqual(profile.get("Interface"), "ls-home")
        self.assertFalse(profile.get("WantUp"))
        self.assertEqual(profile.get("Problem"), ("", "", ""))

    def test_token_that_is_none(self):
        profile = self.agent.add_profile("home", [self.control.url])
        error = self.assert_fails("ControlUnauthorized", "", profile.join_by_token, "no-such-token", "laptop")
        self.assertNotIn("no-such-token", error.message)
        self.assertEqual(profile.get("State"), "new")
        what, hint, _ = profile.get("Problem")
        self.assertTrue(what)
        self.assertIn("token", hint)
        self.assert_fails("InvalidArgument", "", profile.join_by_token, "with space", "laptop")
        self.assert_fails("InvalidArgument", "", profile.join_by_token, self.control.token, "   ")
        profile.join_by_token(self.control.token, "laptop")
        self.assertEqual(profile.get("Problem"), ("", "", ""))

    def test_name_taken(self):
        first = self.agent.add_profile("one", [self.control.url])
        first.join_by_token(self.control.token, "Laptop")
        second = self.agent.add_profile("two", [self.control.url])
        self.assert_fails("ControlConflict", "The name “laptop” is taken", second.join_by_token,
                          self.control.token, "laptop")
        self.assertEqual(second.get("State"), "new")
        self.assertEqual(second.get("Problem")[1], "Choose another name.")
        second.join_by_token(self.control.token, "desktop")
        second.wait_state("ready")

    def test_link(self):
        profile = self.agent.add_profile("home", [self.control.url])
        profile.join_by_link(self.control.network, "laptop", ttl=600)
        self.assertEqual(profile.get("State"), "waiting-for-approval")
        link = profile.get("AuthUrl")
        self.assertTrue(link.startswith(self.control.url + "/v1/register/approve/"), link)
        self.assertGreater(profile.get("AuthExpires"), 0)
        # The link is a secret: it is in no settings file.
        for name, content in self.files(self.agent).items():
            if not name.startswith("secrets/"):
                self.assertNotIn(b"approve", content, name)
        # It outlives the agent, however that ended.
        self.agent.stop(signal.SIGKILL)
        self.agent.start()
        profile = self.agent.profile("home")
        wait_for("link after restart", lambda: profile.get("AuthUrl") == link)
        with urllib.request.urlopen(link, timeout=10) as answer:
            answer.read()
        profile.wait_state("ready", timeout=10)
        self.assertEqual(profile.get("AuthUrl"), "")
        self.assertEqual(profile.get("AuthExpires"), 0)

    def test_approve_now(self):
        profile = self.agent.add_profile("home", [self.control.url])
        self.assert_fails("WrongState", "no approval link", profile.call, "ApproveNow")
        profile.join_by_link(self.control.network, "laptop")
        profile.call("ApproveNow")
        profile.wait_state("ready", timeout=10)

    def test_approved_by_administrator_after_expiry(self):
        profile = self.agent.add_profile("home", [self.control.url])
        profile.join_by_link(self.control.network, "laptop", ttl=1)
        node = profile.get("NodeId")
        wait_for("expiry", lambda: time.time() > profile.get("AuthExpires") + 1)
        self.assertIn("Ask an administrator", profile.wait_problem("approval link has expired")[1])
        self.assert_fails("ControlUnauthorized", "", profile.call, "ApproveNow")
        self.assertEqual(profile.get("State"), "waiting-for-approval")
        # The name is kept by the server: the same name again is refused, another works.
        self.assert_fails("ControlConflict", "taken", profile.join_by_link, self.control.network, "laptop")
        self.assertEqual(profile.get("State"), "waiting-for-approval")
        self.assertEqual(profile.get("NodeId"), node)
        self.control.call("POST", f"/v1/admin/nodes/{node}/approve", {})
        profile.wait_state("ready", timeout=15)
        self.assertEqual(profile.get("Problem"), ("", "", ""))

    def test_unknown_network(self):
        profile = self.agent.add_profile("home", [self.control.url])
        self.assert_fails("ControlNotFound", "", profile.join_by_link, "no-such-network", "laptop")
        self.assert_fails("InvalidArgument", "", profile.join_by_link, "../x", "laptop")
        self.assertEqual(profile.get("State"), "new")

    def test_rename_shows_up(self):
        profile = self.agent.add_profile("home", [self.control.url])
        profile.join_by_token(self.control.token, "laptop")
        other = self.agent.add_profile("other", [self.control.url])
        other.join_by_token(self.control.token, "desktop")
        profile.call("Refresh")
        peers = profile.call("ListPeers")
        self.assertEqual([peer["name"] for peer in peers], ["desktop"])
        self.assertEqual(peers[0]["path"], "off")
        self.assertEqual(profile.get("PeerCount"), 1)
        self.control.call("PUT", f"/v1/admin/nodes/{other.get('NodeId')}", {"name": "tower"})
        wait_for("new name of the peer", lambda: profile.call("ListPeers")[0]["name"] == "tower", timeout=25)
        wait_for("new name of the device", lambda: other.get("NodeName") == "tower", timeout=25)

    def test_revoked_and_deleted(self):
        profile = self.agent.add_profile("home", [self.control.url])
        profile.join_by_token(self.control.token, "laptop")
        node = profile.get("NodeId")
        kept = {name: content for name, content in self.files(self.agent).items() if name.startswith("secrets/")}
        self.control.call("POST", f"/v1/nodes/{node}/revoke", {})
        profile.call("Refresh")
        profile.wait_state("revoked")
        self.assertIn("revoked", profile.get("Problem")[0])
        self.assert_fails("WrongState", "revoked", profile.call, "Connect")
        self.control.call("DELETE", f"/v1/nodes/{node}")
        profile.wait_state("deleted", timeout=30)
        self.assertIn("does not know this device", profile.get("Problem")[0])
        # No key is ever erased because a server says so.
        self.assertEqual(kept, {name: content for name, content in self.files(self.agent).items()
                                if name.startswith("secrets/")})
        profile.join_by_token(self.control.token, "laptop")
        profile.wait_state("ready")
        self.assertNotEqual(profile.get("NodeId"), node)

    def test_check_server(self):
        result = self.agent.manager("CheckServer", "(asa{sv})", ["http://127.0.0.1:1", self.control.url + "/"], {})
        self.assertEqual(result["url"], self.control.url)
        self.assertFalse(result["encrypted"])
        self.assert_fails("ControlUnreachable", "", self.agent.manager, "CheckServer", "(asa{sv})",
                          ["http://127.0.0.1:1"], {})
        self.assert_fails("InvalidArgument", "", self.agent.manager, "CheckServer", "(asa{sv})", ["ftp://x"], {})

    def test_check_many_servers(self):
        """Each look is connections: there is an end to them, and none is lost."""
        silent = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(silent.close)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        answers = []

        def done(connection, result):
            try:
                connection.call_finish(result)
            except GLib.Error as failure:
                answers.append(Failed(failure).code)
        for _ in range(20):
            self.agent.connection.call("org.lightscale.Lightscale.Agent", "/org/lightscale/Agent",
                                       "org.lightscale.Agent1.Manager", "CheckServer",
                                       GLib.Variant("(asa{sv})", ([url], {})), None, 0, 60000, None, done)
        context = GLib.MainContext.default()
        wait_for("refusals", lambda: [context.iteration(False), len(answers) >= 12][1])
        self.assertEqual(answers, ["Busy"] * 12)
        wait_for("the others", lambda: [context.iteration(False), len(answers) == 20][1], timeout=40)
        self.assertEqual(answers[12:], ["ControlUnreachable"] * 8)
        self.agent.manager("CheckServer", "(asa{sv})", [self.control.url], {})

    def test_profiles(self):
        self.assert_fails("InvalidArgument", "", self.agent.add_profile, "No Good", [self.control.url])
        self.assert_fails("InvalidArgument", "", self.agent.add_profile, "home", [])
        self.assert_fails("InvalidArgument", "", self.agent.add_profile, "home", ["nonsense"])
        first = self.agent.add_profile("", [self.control.url])
        self.assertEqual(first.get("Name"), "network")
        self.assertEqual(self.agent.add_profile("", [self.control.url]).get("Name"), "network-2")
        self.assert_fails("Exists", "network", self.agent.add_profile, "network", [self.control.url])
        first.call("Remove")
        with self.assertRaises(Failed):
            first.get("Name")
        self.assertNotIn("profiles/network.conf", self.files(self.agent))
        self.agent.add_profile("network", [self.control.url])

    def test_restart_keeps(self):
        profile = self.agent.add_profile("home", [self.control.url])
        profile.join_by_token(self.control.token, "laptop")
        before = {name: profile.get(name) for name in
                  ("NodeId", "NodeName", "NetworkId", "NetworkName", "Ipv4", "Ipv6", "PublicKey", "DnsName")}
        for how in (signal.SIGTERM, signal.SIGKILL):
            self.agent.stop(how)
            self.agent.start()
            profile = self.agent.profile("home")
            profile.wait_state("ready")
            wait_for("keys", lambda: profile.get("PublicKey"))
            wait_for("control plane", lambda: profile.get("ControlReachable"))
            self.assertEqual(before, {name: profile.get(name) for name in before})

    def test_files_are_private(self):
        self.agent.add_profile("home", [self.control.url]).join_by_token(self.control.token, "laptop")
        for folder, folders, names in os.walk(self.agent.state):
            for name in folders:
                self.assertEqual(stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode), 0o700, name)
            for name in names:
                self.assertEqual(stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode), 0o600, name)

    def test_nothing_secret_is_said(self):
        profile = self.agent.add_profile("home", [self.control.url])
        profile.join_by_token(self.control.token, "laptop")
        secrets = [content for name, content in self.files(self.agent).items() if name.startswith("secrets/")]
        values = [line.split()[1] for line in secrets[0].decode().splitlines()[1:]] + [self.control.token]
        said = self.agent.process.output() + str(self.agent.call(
            "/org/lightscale/Agent", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"))
        for name, content in self.files(self.agent).items():
            if not name.startswith("secrets/"):
                said += content.decode()
        self.assertGreaterEqual(len(values), 4)
        for value in values:
            self.assertNotIn(value, said)

    def test_single_instance(self):
        second = Process([self.agent.process.popen.args[0], "--no-tray", "--secrets=memory"],
                         os.path.join(self.agent.folder, "second.log"), self.agent.environment())
        self.assertEqual(second.popen.wait(20), 1)
        self.assertIn("another agent is running", second.output())

    def test_quit(self):
        self.agent.manager("Quit")
        self.assertEqual(self.agent.process.popen.wait(20), 0)


class Helper(AgentCase):
    def test_missing(self):
        control = self.lab.add_control()
        agent = self.lab.add_agent().start()
        profile = agent.add_profile("home", [control.url])
        profile.join_by_token(control.token, "laptop")
        self.assert_fails("HelperUnavailable", "The Lightscale helper is not installed", profile.call, "Connect")
        what, hint, details = profile.get("Problem")
        self.assertIn("The Lightscale helper is not installed", what)
        self.assertIn("Install", hint)
        self.assertIn("HelperUnavailable: The name org.lightscale.Helper was not provided", details)
        self.assertEqual(profile.get("State"), "ready")
        self.assertFalse(profile.get("WantUp"))
        self.assertEqual(agent.manager_get("HelperState"), "missing")

    def test_connect_when_approved(self):
        """Asked to connect once approved, it tries by itself, and says why it could not."""
        control = self.lab.add_control()
        agent = self.lab.add_agent().start()
        profile = agent.add_profile("home", [control.url])
        profile.join_by_link(control.network, "laptop", connect=True)
        self.assertTrue(profile.get("WantUp"))
        profile.call("ApproveNow")
        profile.wait_problem("helper is not installed")
        profile.wait_state("connecting")
        profile.call("Disconnect")
        self.assertEqual(profile.get("State"), "ready")
        self.assertEqual(profile.get("Problem")[0], "")


    def test_token_that_needs_approval(self):
        """Nobody but the agent waits: it connects by itself, also if it was started again meanwhile."""
        control = self.lab.add_control()
        agent = self.lab.add_agent().start()
        token = control.call("POST", f"/v1/networks/{control.network}/tokens",
                             {"ttl_seconds": 3600, "uses": 10, "tags": []})["token"]["token"]
        profile = agent.add_profile("home", [control.url])
        profile.join_by_token(token, "laptop", connect=True)
        profile.wait_state("waiting-for-approval")
        self.assertTrue(profile.get("WantUp"))
        quiet = agent.add_profile("quiet", [control.url])
        quiet.join_by_token(token, "quiet")
        quiet.wait_state("waiting-for-approval")
        self.assertFalse(quiet.get("WantUp"))
        agent.stop(signal.SIGKILL)
        agent.start()
        profile, quiet = agent.profile("home"), agent.profile("quiet")
        self.assertEqual((profile.get("State"), profile.get("WantUp")), ("waiting-for-approval", True))
        for each in (profile, quiet):
            control.call("POST", f"/v1/admin/nodes/{each.get('NodeId')}/approve", {})
        profile.wait_problem("helper is not installed")
        profile.wait_state("connecting")
        quiet.wait_state("ready")
        self.assertFalse(quiet.get("WantUp"))

    def test_connect_while_waiting(self):
        control = self.lab.add_control()
        agent = self.lab.add_agent().start()
        profile = agent.add_profile("home", [control.url])
        self.assert_fails("WrongState", "not joined", profile.call, "Connect")
        profile.join_by_link(control.network, "laptop")
        text, status = agent.ctl("up", "home")
        self.assertEqual(status, 0, text)
        self.assertIn("connects by itself", text)
        self.assertTrue(profile.get("WantUp"))
        self.assertEqual(profile.get("State"), "waiting-for-approval")
        self.assertIn("connects by itself", agent.ctl("status", "home")[0])
        text, status = agent.ctl("up", "--wait", "--timeout", "1", "home")
        self.assertEqual(status, 7, text)
        self.assertIn("was not approved in 1 s", text)
        # Switched off again it stays off.
        profile.call("Disconnect")
        self.assertFalse(profile.get("WantUp"))
        self.assertIn("stays off", agent.ctl("status", "home")[0])
        profile.call("Connect")
        profile.call("ApproveNow")
        profile.wait_problem("helper is not installed")

    def test_token_and_connect(self):
        """Approved at once, the connect that was asked for fails as any other: switched off, said why."""
        control = self.lab.add_control()
        agent = self.lab.add_agent().start()
        text, status = agent.ctl("join", "home", "--server", control.url, "--token", "-", "--connect",
                                 text=control.token + "\n")
        self.assertEqual(status, 1, text)
        self.assertIn("helper is not installed", text)
        profile = agent.profile("home")
        self.assertEqual((profile.get("State"), profile.get("WantUp")), ("ready", False))


class Keyring(AgentCase):
    def start_keyring(self, agent):
        env = agent.environment()
        env["XDG_DATA_HOME"] = self.lab.subfolder("keyring")
        env["XDG_RUNTIME_DIR"] = self.lab.subfolder("runtime")
        log = open(os.path.join(agent.folder, "keyring.log"), "ab")
        self.addCleanup(log.close)
        keyring = subprocess.Popen(
            ["gnome-keyring-daemon", "--unlock", "--components=secrets", "--foreground"], env=env,
            stdin=subprocess.PIPE, stdout=log, stderr=log, preexec_fn=die_with_parent)
        self.addCleanup(keyring.wait)
        self.addCleanup(keyring.kill)
        keyring.stdin.write(b"secret\n")
        keyring.stdin.close()
        wait_for("keyring", lambda: agent.connection.call_sync(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "ListNames", None, None, 0,
            10000, None).unpack()[0].count("org.freedesktop.secrets"))
        return keyring

    def test_no_keyring(self):
        control = self.lab.add_control()
        agent = self.lab.add_agent(secrets=None).start()
        notice = wait_for("notice", lambda: agent.notices().get("no-keyring"))
        self.assertIn("memory only", notice[0])
        self.assertIn("--secrets=file", notice[1])
        self.assertEqual(agent.manager_get("SecretStorage"), "memory")
        profile = agent.add_profile("home", [control.url])
        profile.join_by_token(control.token, "laptop")
        profile.wait_state("ready")
        # Nothing was written in its place.
        self.assertEqual([name for name in self.files(agent) if "secret" in name], [])
        agent.stop()
        agent.start()
        profile = agent.profile("home")
        profile.wait_problem("There is no keyring to take the keys of this device from")
        self.assertEqual(profile.get("State"), "new")
        # Joining again works: the old device is still at the server, so under another name.
        profile.join_by_token(control.token, "laptop-2")

    def test_keyring(self):
        control = self.lab.add_control()
        agent = self.lab.add_agent(secrets=None)
        self.start_keyring(agent)
        agent.start()
        profile = agent.add_profile("home", [control.url])
        profile.join_by_token(control.token, "laptop")
        profile.wait_state("ready")
        self.assertEqual(agent.manager_get("SecretStorage"), "keyring")
        self.assertEqual(agent.notices(), {})
        key = profile.get("PublicKey")
        agent.stop(signal.SIGKILL)
        agent.start()
        profile = agent.profile("home")
        wait_for("keys", lambda: profile.get("PublicKey") == key)
        wait_for("control plane", lambda: profile.get("ControlReachable"))
        self.assertEqual([name for name in self.files(agent) if "secret" in name], [])
        profile.call("Remove")
        found = subprocess.run(["secret-tool", "search", "--all", "xdg:schema", "org.lightscale.Profile"],
                               env=agent.environment(), capture_output=True, text=True, check=False)
        self.assertEqual(found.stdout, "")

    def test_keyring_that_comes_later(self):
        control = self.lab.add_control()
        agent = self.lab.add_agent(secrets=None).start()
        profile = agent.add_profile("home", [control.url])
        profile.join_by_token(control.token, "laptop")
        wait_for("notice", lambda: agent.notices().get("no-keyring"))
        key = profile.get("PublicKey")
        self.start_keyring(agent)
        wait_for("keys moved", lambda: agent.manager_get("SecretStorage") == "keyring")
        self.assertEqual(agent.notices(), {})
        agent.stop()
        agent.start()
        profile = agent.profile("home")
        wait_for("keys", lambda: profile.get("PublicKey") == key)


class System(AgentCase):
    def test_system_bus(self):
        control = self.lab.add_control()
        agent = self.lab.add_agent(system=True, secrets=None).start()
        self.assertEqual(agent.manager_get("SecretStorage"), "file")
        profile = agent.add_profile("home", [control.url])
        profile.join_by_token(control.token, "server")
        profile.wait_state("ready")
        self.assertEqual(len([name for name in self.files(agent) if name.startswith("secrets/")]), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
