# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole device: own network, /run, system bus, polkitd, helper and agent."""

import os

from . import bus
from .agent import BUS_NAME, Agent
from .machine import Machine
from .node import Failed
from .waiting import wait_for

HELPER_NAME = "org.lightscale.Helper"
BUS_POLICIES = ("org.lightscale.Helper.conf", "org.lightscale.Lightscale.Agent.conf")
POLKIT_POLICY = "org.lightscale.helper.policy"
STRICT = "G_DEBUG=fatal-criticals"
POLKIT_ACTIONS = "/usr/share/polkit-1/actions"


class Device(Machine):
    """`build` and `source` are the folders of the project; `address` is set by the lab."""

    def __init__(self, name, folder, build, source, files=None, **options):
        self.source = source
        self.address = None
        policy = bus.find_data(build, source, POLKIT_POLICY)
        super().__init__(name, folder, build, run=True, files={POLKIT_ACTIONS: [policy], **(files or {})},
                         **options)
        self.env["DBUS_SYSTEM_BUS_ADDRESS"] = bus.ADDRESS
        self.env["XDG_RUNTIME_DIR"] = "/run/user/0"
        self.state = os.path.join(folder, "state")
        os.mkdir(self.state, 0o700)
        self._agent_process = None

    def start_bus(self):
        """Starts the system bus; polkitd and the helper start with the first call to them."""
        policies = [bus.POLKIT_POLICY] + [bus.find_data(self.build, self.source, name) for name in BUS_POLICIES]
        config = bus.write_config(self.folder, policies, {
            "org.freedesktop.PolicyKit1": f"{bus.polkitd_path()} --no-debug",
            HELPER_NAME: f"/usr/bin/env {STRICT} {self.program('lightscale-helper')}",
        })
        self.spawn("dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile", log="system-bus.log")
        wait_for(f"{self.name}: system bus", lambda: bus.answers(self.outside(bus.SOCKET)))

    def outside(self, path):
        """How a path of this device's mount namespace is reached from outside."""
        return f"/proc/{self.pid}/root{path}"

    def start_agent(self, *options, log="agent.log"):
        """Starts a headless agent on the system bus and waits until it owns its name."""
        self._agent_process = self.spawn(
            self.program("lightscale-agent"), "--system", "--state-dir", self.state, "--secrets=file", *options,
            log=log, env=dict([STRICT.split("=")]))
        try:
            wait_for(f"{self.name}: agent on its bus", self._agent_started)
        except AssertionError as error:
            raise Failed(f"{error}\n{self.read_log(log)}") from None

    def _agent_started(self):
        if self._agent_process.poll() is not None:
            raise Failed(f"{self.name}: the agent ended: {self.read_log('agent.log')}")
        return self.has_name(BUS_NAME)

    def has_name(self, name):
        """Whether somebody owns a name on this device's system bus."""
        result = self.run("dbus-send", "--system", "--print-reply=literal", "--dest=org.freedesktop.DBus", "/",
                          "org.freedesktop.DBus.NameHasOwner", f"string:{name}", check=False)
        return "true" in result.stdout

    def agent(self):
        """A new connection to the agent on the system bus."""
        return Agent(self.outside(bus.SOCKET))

    def ctl(self, *arguments, check=True, timeout=60):
        """Runs lightscalectl --system and returns its CompletedProcess."""
        return self.run(self.program("lightscalectl"), "--system", *arguments, check=check, timeout=timeout)

    def close(self):
        """In the machine's own network nothing goes by itself: there the helper undoes what it made first."""
        if not self.own_network and self._init.poll() is None:
            self.kill("lightscale-agent")
            self.kill("lightscale-helper")
            self.run(self.program("lightscale-helper"), "--restore", check=False)
        super().close()
