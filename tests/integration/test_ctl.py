#!/usr/bin/python3
# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""lightscalectl against a real agent, helper and control plane, with what it says and its exit statuses."""

import json
import os
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from lab import Lab, wait_for  # noqa: E402

OK, FAILED, USAGE, NO_AGENT, NOT_FOUND, NOT_AUTHORIZED, CONTROL, TIMEOUT = range(8)
# Of the throw-away user that may not talk to the machine's agent.
NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]


# Prints what the agent tells everybody.
LISTEN = """
from gi.repository import Gio, GLib
bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
bus.signal_subscribe("org.lightscale.Lightscale.Agent", None, None, None, None, 0, lambda *heard: print(heard[3:]))
bus.call_sync("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "GetId", None, None, 0, -1, None)
print("ready")
GLib.MainLoop().run()
"""


class Ctl(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(os.environ["LS_TEST_BUILD_ROOT"], os.environ["LS_TEST_SOURCE_ROOT"])
        cls.lab.__enter__()
        try:
            cls.control = cls.lab.add_control_plane()
            cls.device = cls.lab.add_device("box")
            cls.device.start_agent()
            cls.other = cls.lab.add_device("other")
            cls.other.start_agent()
            cls.join_other()
        except BaseException:
            cls.lab.print_logs()
            cls.lab.close()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.lab.close()
        if cls.lab.remains():
            raise AssertionError(f"left behind: {cls.lab.remains()}")

    @classmethod
    def join_other(cls):
        """The other device joins as an administrator would do it: by the command line alone."""
        cls.ctl_of(cls.other, "join", "lab", "--server", cls.control.url, "--token", "-", "--name", "other",
                   input_text=cls.control.token + "\n")
        cls.approve(cls.other, "lab")
        cls.ctl_of(cls.other, "up")

    @classmethod
    def approve(cls, device, name):
        """What the server's operator does, if the network wants it."""
        profile = device.agent().profile(name)
        if profile.get("State") == "waiting-for-approval":
            cls.lab.fetch(f"{cls.control.url}/v1/admin/nodes/{profile.get('NodeId')}/approve", "POST", "{}",
                          cls.control.admin_token)
        profile.wait_state("ready")

    @staticmethod
    def ctl_of(device, *arguments, check=True, input_text="", timeout=120):
        return device.run(device.program("lightscalectl"), "--system", *arguments, check=check,
                          input_text=input_text, timeout=timeout)

    def run(self, result=None):
        failures = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > failures:
            self.lab.print_logs()

    def ctl(self, *arguments, status=OK, **options):
        """Runs a command, which must end with this status; returns what it writes on (stdout, stderr)."""
        result = self.ctl_of(self.device, *arguments, check=False, **options)
        self.assertEqual(result.returncode, status, f"{arguments}: {result.stdout}{result.stderr}")
        self.assertNotIn(self.control.token, result.stdout + result.stderr)
        return result.stdout, result.stderr

    def json(self, *arguments, **options):
        return json.loads(self.ctl(*arguments, "--json", **options)[0])

    def spawn(self, *arguments):
        """A command that goes on; to be read and ended by the caller."""
        command = self.device.enter(self.device.program("lightscalectl"), "--system", *arguments)
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                                env=self.device.env, start_new_session=True)

    def test_01_nothing_yet(self):
        out, _ = self.ctl("status")
        self.assertIn("There is no network yet", out)
        self.assertEqual(self.json("profiles"), [])
        status = self.json("status")
        self.assertEqual(status["profiles"], [])
        self.assertEqual(status["agent"]["secret_storage"], "file")
        self.assertEqual(self.json("notices"), [])
        _, error = self.ctl("up", status=NOT_FOUND)
        self.assertIn("lightscalectl join", error)

    def test_02_command_line(self):
        self.ctl("--help")
        self.ctl("join", "--help")
        self.ctl("--version")
        self.ctl(status=USAGE)
        self.ctl("frobnicate", status=USAGE)
        self.ctl("status", "a", "b", status=USAGE)
        self.ctl("up", "--frobnicate", status=USAGE)
        self.ctl("--session", "status", status=USAGE)
        self.ctl("join", "lab", "--token", "x", "--network", "y", status=USAGE)
        self.ctl("join", "lab", status=USAGE)
        self.ctl("join", "lab", "--token", "two words", status=USAGE)
        self.ctl("join", "lab", "--token", "x", status=NOT_FOUND)
        self.ctl("add", "lab", "ftp://example.com", status=USAGE)
        self.ctl("add", "Not a name", self.control.url, status=USAGE)
        self.ctl("peers", "nowhere", status=NOT_FOUND)

    def test_03_check_server(self):
        answer = self.json("check-server", self.control.url)
        self.assertEqual(answer["url"], self.control.url)
        self.assertFalse(answer["encrypted"])
        out, _ = self.ctl("check-server", "http://203.0.113.10:1", self.control.url)
        self.assertIn(self.control.url, out)
        _, error = self.ctl("check-server", "http://203.0.113.10:1", status=CONTROL)
        self.assertEqual(len(error.splitlines()), 2, error)
        _, error = self.ctl("check-server", "http://203.0.113.10:1", "--json", status=CONTROL)
        failure = json.loads(error)
        self.assertEqual(failure["status"], CONTROL)
        self.assertTrue(failure["error"].startswith("org.lightscale.Error.Control"), failure)
        self.assertTrue(failure["message"] and failure["hint"], failure)

    def test_04_add_set_remove(self):
        self.ctl("add", "spare", self.control.url, "--mtu", "1400")
        self.ctl("add", "spare", self.control.url, status=FAILED)
        self.ctl("set", "spare", "--server", "http://203.0.113.10:1", "--listen-port", "51999")
        profile = self.json("status", "spare")
        self.assertEqual(profile["control_urls"], ["http://203.0.113.10:1"])
        self.assertEqual((profile["options"]["listen_port"], profile["state"]), (51999, "new"))
        self.assertIn("spare", self.ctl("profiles")[0])
        self.ctl("remove", "spare", status=USAGE)
        self.ctl("remove", "spare", "--yes")
        self.ctl("status", "spare", status=NOT_FOUND)

    def test_05_join_by_token(self):
        _, error = self.ctl("join", "home", "--server", self.control.url, "--token-file", "/dev/stdin",
                            input_text="wrong-token\n", status=CONTROL)
        self.assertEqual(len(error.splitlines()), 2, error)
        self.assertNotIn("wrong-token", error)
        out, _ = self.ctl("join", "home", "--token", "-", "--name", "box", input_text=self.control.token + "\n")
        self.assertIn("home: ", out)
        self.approve(self.device, "home")
        profile = self.json("status", "home")
        self.assertEqual((profile["state"], profile["node_name"]), ("ready", "box"))
        self.ctl("join", "home", "--token", "-", "--name", "box", input_text=self.control.token + "\n",
                 status=FAILED)

    def test_06_connect(self):
        out, _ = self.ctl("up", "--wait")
        self.assertEqual(out, "home: connected\n")
        (peer,) = self.json("peers")
        self.assertEqual(peer["name"], "other")
        wait_for("ping", lambda: self.device.ping(peer["ipv4"]), timeout=60)
        wait_for("a direct path", lambda: self.json("peers", "home")[0]["path"] == "direct", timeout=60)
        table, _ = self.ctl("peers")
        self.assertEqual(len(table.splitlines()), 2, table)
        self.assertIn("direct", table)
        out, _ = self.ctl("status")
        self.assertIn("ls-home · userspace", out)
        self.ctl("refresh")

    def test_06b_no_networkmanager(self):
        self.ctl("down", "home")
        self.ctl("set", "home", "--backend", "networkmanager")
        _, error = self.ctl("up", "home", "--wait", status=FAILED)
        self.assertIn("NetworkManager is not running.", error)
        self.assertIn("choose another backend", error)
        self.ctl("set", "home", "--backend", "auto")
        self.ctl("up", "home", "--wait")

    def test_07_watch(self):
        watch = self.spawn("watch", "--json")
        try:
            self.assertEqual(json.loads(watch.stdout.readline())["event"], "state")
            self.assertEqual(self.json("down")["profile"], "home")
            states = []
            while "ready" not in states:
                event = json.loads(watch.stdout.readline())
                self.assertGreater(event["time"], 0)
                states.append(event.get("changed", {}).get("state"))
            self.assertFalse(self.device.ping(self.json("peers")[0]["ipv4"], wait=1))
        finally:
            # nsenter passes no signal on: the program itself is asked to end.
            self.device.kill("lightscalectl", signal.SIGINT)
            self.assertEqual(watch.wait(timeout=30), 0)
            watch.stdout.close()

    def test_08_join_by_approval(self):
        command = ["join", "late", "--server", self.control.url, "--network", self.control.network, "--name", "late"]
        _, error = self.ctl(*command[:-4], "--network", "nowhere", "--name", "late", status=CONTROL)
        self.assertTrue(error)
        joining = self.spawn(*command, "--wait", "--timeout", "90")
        link = joining.stdout.readline().strip()
        self.assertTrue(link.startswith(self.control.url + "/v1/register/approve/"), link)
        self.assertEqual(self.json("status", "late")["auth_url"], link)
        self.assertIn("waiting for approval", self.ctl("status", "late")[0])
        self.lab.fetch(link)
        self.assertEqual(joining.stdout.read(), "late: off\n")
        self.assertEqual(joining.wait(timeout=30), 0)
        joining.stdout.close()
        _, error = self.ctl("up", status=USAGE)
        self.assertIn("home, late", error)
        self.ctl("remove", "late", "--yes")

    def test_09_approval_now_or_never(self):
        command = ["join", "now", "--server", self.control.url, "--network", self.control.network]
        _, error = self.ctl(*command, "--name", "slow", "--wait", "--timeout", "1", status=TIMEOUT)
        self.assertIn("not approved", error)
        self.ctl("remove", "now", "--yes")
        out, _ = self.ctl(*command, "--name", "now", "--wait", "--connect", "--approve-now")
        self.assertEqual(len(out.splitlines()), 2, out)
        self.ctl("up", "now", "--wait")
        self.ctl("down", "now")

    def test_09b_token_that_needs_approval(self):
        body = json.dumps({"ttl_seconds": 3600, "uses": 10, "tags": []})
        answer = self.lab.fetch(f"{self.control.url}/v1/networks/{self.control.network}/tokens", "POST", body,
                                self.control.admin_token)
        token = json.loads(answer)["token"]["token"]
        self.ctl("remove", "now", "--yes")
        out, error = self.ctl("join", "asked", "--server", self.control.url, "--token", "-", "--name", "asked",
                              "--connect", input_text=token + "\n")
        self.assertEqual(out, "asked: waiting for approval\n")
        self.assertIn("connects by itself", error)
        # No ctl is there any more: the agent connects.
        node = self.json("status", "asked")["node_id"]
        self.lab.fetch(f"{self.control.url}/v1/admin/nodes/{node}/approve", "POST", "{}", self.control.admin_token)
        wait_for("connected", lambda: self.json("status", "asked")["state"] == "connected", timeout=60)
        self.ctl("remove", "asked", "--yes")

    def test_10_not_everybody(self):
        result = self.device.run(*NOBODY, self.device.program("lightscalectl"), "--system", "status", check=False)
        self.assertEqual(result.returncode, NOT_AUTHORIZED, result.stdout + result.stderr)
        self.assertIn("group lightscale", result.stderr)

    def test_10b_not_everybody_listens(self):
        """Signals tell of links and addresses: who may not ask hears nothing of it."""
        nobody, root = (subprocess.Popen(self.device.enter(*user, "/usr/bin/python3", "-uc", LISTEN),
                                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                                         env=self.device.env, start_new_session=True) for user in (NOBODY, []))
        try:
            for listener in (nobody, root):
                self.assertEqual(listener.stdout.readline(), "ready\n")
            self.ctl("up", "home", "--wait")
            self.ctl("down", "home")
            self.assertIn("PropertiesChanged", root.stdout.readline())
        finally:
            for pid, words in self.device.processes().items():
                if words[-1] == LISTEN:
                    os.kill(pid, signal.SIGTERM)
            heard = [listener.communicate(timeout=30)[0] for listener in (nobody, root)]
        self.assertEqual(heard[0], "")

    def test_11_helper_is_gone(self):
        self.device.kill("lightscale-helper")
        self.ctl("restore-network")
        self.ctl("up", "home", "--wait")

    def test_12_quit(self):
        self.ctl("quit")
        wait_for("the agent ended", lambda: not self.device.find("lightscale-agent"))
        self.assertNotIn("ls-home", self.device.output("ip", "-o", "link"))
        _, error = self.ctl("status", status=NO_AGENT)
        self.assertIn("systemctl start lightscale-agent", error)
        self.ctl("quit")


if __name__ == "__main__":
    unittest.main(verbosity=2)
