# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine with a system bus, polkitd and the helper, for test-helper.py."""

import json
import os
import select
import subprocess
import sys

SOURCE = os.environ["LS_TEST_SOURCE_ROOT"]
BUILD = os.environ["LS_TEST_BUILD_ROOT"]
sys.path.insert(0, os.path.join(SOURCE, "tests"))

from lab import bus  # noqa: E402
from lab.machine import Machine  # noqa: E402
from lab.node import Failed  # noqa: E402
from lab.waiting import wait_for  # noqa: E402

CLIENT = os.path.join(SOURCE, "tests", "integration", "helper_client.py")
HELPER_NAME = "org.lightscale.Helper"

# Users without a session, as a rule of a site would treat them.
ALLOWED, ALSO_ALLOWED, PASSWORD, REFUSED = 61101, 61102, 61103, 61104
RULES = f"""
polkit.addRule(function(action, subject) {{
  if (action.id.indexOf("org.lightscale.helper.tunnel.") != 0)
    return polkit.Result.NOT_HANDLED;
  if (subject.user == "u{REFUSED}")
    return polkit.Result.NO;
  if (action.id == "org.lightscale.helper.tunnel.manage-others")
    return polkit.Result.NOT_HANDLED;
  if (subject.user == "u{ALLOWED}" || subject.user == "u{ALSO_ALLOWED}")
    return polkit.Result.YES;
  return polkit.Result.NOT_HANDLED;
}});
"""


class Client:
    """A connection of a user to the system bus of `machine`."""

    def __init__(self, machine, uid):
        self.machine = machine
        self._received = b""
        self.process = subprocess.Popen(
            machine.enter("setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "/usr/bin/python3", CLIENT),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=machine.env, start_new_session=True)
        self.name = self.ask(name=True)["ok"]

    def send(self, **request):
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()

    def receive(self, seconds=60):
        while b"\n" not in self._received:
            ready, _, _ = select.select([self.process.stdout], [], [], seconds)
            if not ready:
                raise AssertionError("no answer of the client")
            data = os.read(self.process.stdout.fileno(), 65536)
            if not data:
                raise AssertionError("the client ended")
            self._received += data
        line, self._received = self._received.split(b"\n", 1)
        return json.loads(line)

    def ask(self, **request):
        self.send(**request)
        return self.receive()

    def call(self, method, args=None, **more):
        return self.ask(call=method, args=args, **more)

    def signals(self):
        return self.ask(signals=True)["ok"]

    def close(self):
        """The connection ends at once, whatever is under way."""
        for pid, words in self.machine.processes().items():
            if words[-1] == CLIENT and self._is_ours(pid):
                os.kill(pid, 9)
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def _is_ours(self, pid):
        # nsenter --pid forks: the client is a child of the process that we started.
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            parent = int(file.read().rsplit(")", 1)[1].split()[1])
        return pid == self.process.pid or parent == self.process.pid


class HelperMachine(Machine):
    def __init__(self, name, folder):
        rules = os.path.join(folder, "49-lightscale-test.rules")
        with open(rules, "w", encoding="utf-8") as file:
            file.write(RULES)
        policy = bus.find_data(BUILD, SOURCE, "org.lightscale.helper.policy")
        super().__init__(name, folder, BUILD, run=True,
                         files={"/usr/share/polkit-1/actions": [policy], "/etc/polkit-1/rules.d": [rules]})
        self._spawned = []
        self._add_users()
        self.env["DBUS_SYSTEM_BUS_ADDRESS"] = bus.ADDRESS
        self.env["G_DEBUG"] = "fatal-criticals"
        self.helper = None
        self.polkitd = None
        policies = [bus.POLKIT_POLICY, bus.find_data(BUILD, SOURCE, "org.lightscale.Helper.conf")]
        config = bus.write_config(folder, policies, {})
        self.spawn("dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile", log="bus.log")
        wait_for("system bus", lambda: bus.answers(f"/proc/{self.pid}/root{bus.SOCKET}"))

    def _add_users(self):
        """The bus takes only users that the machine knows; these are known on this machine alone."""
        with open("/etc/passwd", encoding="utf-8") as file:
            known = file.read()
        users = os.path.join(self.folder, "passwd")
        with open(users, "w", encoding="utf-8") as file:
            file.write(known)
            for uid in (ALLOWED, ALSO_ALLOWED, PASSWORD, REFUSED):
                file.write(f"u{uid}:x:{uid}:{uid}::/nonexistent:/bin/false\n")
        self.run("mount", "--bind", users, "/etc/passwd")

    def spawn(self, *command, **options):
        process = super().spawn(*command, **options)
        self._spawned.append(process)
        return process

    def close(self):
        super().close()
        for process in self._spawned:
            process.wait()

    def start_polkitd(self):
        self.polkitd = self.spawn(bus.polkitd_path(), "--no-debug", log="polkitd.log")
        wait_for("polkitd", lambda: self.has_name("org.freedesktop.PolicyKit1"))

    def start_helper(self):
        self.helper = self.spawn(self.program("lightscale-helper"), log="helper.log")
        wait_for("helper", self._helper_started)

    def _helper_started(self):
        if self.helper.poll() is not None:
            raise Failed(f"the helper ended: {self.read_log('helper.log')}")
        return self.has_name(HELPER_NAME)

    def has_name(self, name):
        result = self.run("dbus-send", "--system", "--print-reply=literal", "--dest=org.freedesktop.DBus", "/",
                          "org.freedesktop.DBus.NameHasOwner", f"string:{name}", check=False)
        return "true" in result.stdout

    def restore(self):
        return self.run(self.program("lightscale-helper"), "--restore", check=False)

    def traces(self):
        """What is left of tunnels: interfaces, rules, routes, sockets, journal entries, processes."""
        found = [line for line in self.output("ip", "-o", "link").splitlines() if ": ls-" in line]
        for family in ("-4", "-6"):
            found += [line for line in self.output("ip", family, "rule").splitlines() if line.startswith("5280:")]
            found += self.run("ip", family, "route", "show", "table", "27763", check=False).stdout.splitlines()
        for folder in ("/run/wireguard", "/run/lightscale"):
            found += [name for name in self.run("ls", folder, check=False).stdout.split() if name != "lock"]
        return found + [f"process {pid}" for pid in self.find("wireguard-go")]
