#!/usr/bin/python3
# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent of a user whom the real polkitd refuses: what is said, and that nobody is asked again and again."""

import os
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from agentlab import (AGENT, BUS_CONFIG, CTL, NAME, Agent, Control, Failed,  # noqa: E402
                      wait_for)
from gi.repository import Gio, GLib  # noqa: E402
from helper_machine import ALLOWED, PASSWORD, REFUSED, HelperMachine  # noqa: E402

OK, NOT_AUTHORIZED = 0, 5
SESSION = "/run/session.bus"
# What the agent would let go by before it tries again by itself, and then some.
RETRY_SECONDS = 6


class MachineLog:
    def __init__(self, machine):
        self.machine = machine

    def output(self):
        return self.machine.read_log("agent.log")


class UserAgent(Agent):
    """lightscale-agent of a user on the machine, on a session bus there."""

    def __init__(self, machine, uid):
        self.machine = machine
        self.uid = uid
        self.process = MachineLog(machine)
        self.state = f"/run/agent-{uid}"
        machine.run("install", "-d", "-m", "700", "-o", str(uid), self.state)
        config = os.path.join(machine.folder, "session.conf")
        with open(config, "w", encoding="utf-8") as output:
            output.write(BUS_CONFIG.format(type="session", path=SESSION, services=""))
        machine.spawn("dbus-daemon", f"--config-file={config}", "--nofork", "--nosyslog", log="session.log")
        machine.env.update(DBUS_SESSION_BUS_ADDRESS=f"unix:path={SESSION}", GSETTINGS_BACKEND="memory",
                           HOME=self.state)
        self.connection = wait_for("session bus", self.connect)
        self.start()

    def connect(self):
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        try:
            return Gio.DBusConnection.new_for_address_sync(
                f"unix:path=/proc/{self.machine.pid}/root{SESSION}", flags, None, None)
        except GLib.Error:
            return None

    def user(self, *command):
        return ["setpriv", f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups", *command]

    def start(self, *more):
        self.program = self.machine.spawn(*self.user(AGENT), "--state-dir", self.state, "--no-tray", "--secrets=file",
                                          log="agent.log")
        wait_for("agent's name", self.is_there)
        return self

    def is_there(self):
        return self.connection.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                         "NameHasOwner", GLib.Variant("(s)", (NAME,)), None, 0, 10000,
                                         None).unpack()[0]

    def kill(self):
        self.machine.kill("lightscale-agent")
        wait_for("the agent ended", lambda: not self.is_there())

    def ctl(self, *arguments, text=None):
        ended = self.machine.run(*self.user(CTL), "--session", *arguments, check=False, input_text=text or "")
        return ended.stdout + ended.stderr, ended.returncode


class MachineControl(Control):
    """lightscale-control in the machine's network."""

    def __init__(self, machine):
        self.machine = machine
        machine.spawn(*[os.path.join(machine.build, "src/demo/lightscale-control"), "--listen", "127.0.0.1:8080",
                        "--demo"], log="control.log")
        self.url = wait_for("control plane", lambda: self.word("listening on"))
        wait_for("token", lambda: self.word("token"))
        self.network = self.word("network")
        self.token = self.word("token")
        self.admin_token = self.word("admin-token")

    def output(self):
        return self.machine.read_log("control.log")

    def call(self, method, path, body=None, token=None):
        raise NotImplementedError


class Refused(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="ls-polkit-")
        self.addCleanup(folder.cleanup)
        self.machine = HelperMachine("polkit", folder.name)
        self.addCleanup(self.machine.close)
        self.machine.start_polkitd()
        self.machine.start_helper()
        self.control = MachineControl(self.machine)
        self.machine.spawn("stdbuf", "-oL", "dbus-monitor", "--system", "--profile",
                           "type='method_call',member='ApplyTunnel'",
                           log="calls.log")
        wait_for("monitor", lambda: "NameLost" in self.machine.read_log("calls.log"))

    def applied(self):
        """How often the helper was asked for a tunnel."""
        return self.machine.read_log("calls.log").count("ApplyTunnel")

    def join(self, agent, name, connect=False):
        profile = agent.add_profile(name, [self.control.url])
        profile.join_by_link(self.control.network, name, connect=connect)
        profile.call("ApproveNow")
        return profile

    def check(self, uid, code, *texts):
        agent = UserAgent(self.machine, uid)
        profile = self.join(agent, "home")
        profile.wait_state("ready")
        self.assertEqual(self.applied(), 0)
        # By the switch: an error, off again, and why.
        text, status = agent.ctl("up", "home")
        self.assertEqual(status, NOT_AUTHORIZED, text)
        for part in texts:
            self.assertIn(part, text)
        self.assertEqual(self.applied(), 1)
        self.assertEqual((profile.get("State"), profile.get("WantUp")), ("ready", False))
        with self.assertRaises(Failed) as caught:
            profile.call("Connect")
        self.assertEqual(caught.exception.code, code)
        text, _ = agent.ctl("status", "home")
        for part in texts:
            self.assertIn(part, text)
        # By itself, once approved and after a restart: asked once each time, whatever happens in the network.
        late = self.join(agent, "late", connect=True)
        late.wait_problem(texts[0])
        self.assertEqual((late.get("State"), self.applied()), ("ready", 3))
        agent.kill()
        agent.start()
        late = agent.profile("late")
        late.wait_problem(texts[0])
        self.assertEqual((late.get("State"), self.applied()), ("ready", 4))
        self.join(agent, "third")
        late.call("Refresh")
        time.sleep(RETRY_SECONDS)
        self.assertEqual(self.applied(), 4)
        text, _ = agent.ctl("status", "late")
        self.assertIn("late (demo): off", text)
        self.assertIn(texts[0], text)
        self.assertIn("What to do", text)
        self.assertEqual(self.machine.traces(), [])
        self.assertIsNone(agent.program.poll())

    def test_refused(self):
        self.check(REFUSED, "NotAuthorized", "You are not allowed to do this", "administrator of this computer")

    def test_nobody_to_ask(self):
        self.check(PASSWORD, "NoPolkitAgent", "password", "polkit rule")

    def test_allowed(self):
        """So that the refusals above are polkit's."""
        agent = UserAgent(self.machine, ALLOWED)
        profile = self.join(agent, "home", connect=True)
        profile.wait_state("connected", timeout=60)
        self.assertEqual(self.applied(), 1)
        text, status = agent.ctl("down", "home")
        self.assertEqual(status, OK, text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
