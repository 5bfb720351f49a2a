# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole device: own network, /run, system bus, polkitd, helper and agent."""

import os
import signal
import subprocess

from . import bus
from .agent import BUS_NAME, Agent
from .node import Node, Failed
from .waiting import wait_for

HELPER_NAME = "org.lightscale.Helper"
BUS_POLICIES = ("org.lightscale.Helper.conf", "org.lightscale.Lightscale.Agent.conf")
POLKIT_POLICY = "org.lightscale.helper.policy"
POLKIT_ACTIONS = "/usr/share/polkit-1/actions"


def ping_numbers(text):
    """(sent, received) of ping's summary, or None."""
    for line in text.splitlines():
        if " packets transmitted, " in line:
            sent, received = line.split(" received")[0].split(" packets transmitted, ")
            return int(sent), int(received)
    return None


class Pinging:
    """A ping that goes on until stop ()."""

    def __init__(self, device, address, interval):
        self._device = device
        self._address = address
        self._process = subprocess.Popen(
            device.enter("ping", "-n", "-q", "-i", str(interval), address), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=device.env, start_new_session=True)

    def stop(self):
        """Ends it; returns (sent, received)."""
        for pid, words in self._device.processes().items():
            if words[0] == "ping" and words[-1] == self._address:
                os.kill(pid, signal.SIGINT)
        text = self._process.communicate(timeout=30)[0]
        numbers = ping_numbers(text)
        if numbers is None:
            raise Failed(f"ping {self._address}: {text}")
        return numbers


class Device(Node):
    """`build` and `source` are the folders of the project; `address` is set by the lab (None: the machine's)."""

    def __init__(self, name, folder, build, source, **options):
        self.build = build
        self.source = source
        self.address = None
        policy = bus.find_data(build, source, POLKIT_POLICY)
        super().__init__(name, folder, run=True, files={POLKIT_ACTIONS: [policy]}, **options)
        self.env["DBUS_SYSTEM_BUS_ADDRESS"] = bus.ADDRESS
        self.env["XDG_RUNTIME_DIR"] = "/run/user/0"
        self.env["G_DEBUG"] = "fatal-criticals"
        self.state = os.path.join(folder, "state")
        os.mkdir(self.state, 0o700)
        self._agent_process = None

    def start_bus(self):
        """Starts the system bus; polkitd and the helper start with the first call to them."""
        policies = [bus.POLKIT_POLICY] + [bus.find_data(self.build, self.source, name) for name in BUS_POLICIES]
        config = bus.write_config(self.folder, policies, {
            "org.freedesktop.PolicyKit1": f"{bus.polkitd_path()} --no-debug",
            HELPER_NAME: self.program("lightscale-helper"),
        })
        self.spawn("dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile", log="system-bus.log")
        wait_for(f"{self.name}: system bus", lambda: os.path.exists(self.outside(bus.SOCKET)))

    def program(self, name):
        """The path of a program of ours in the build folder."""
        folders = {"lightscale-helper": "helper", "lightscale-agent": "src/agent", "lightscalectl": "src/ctl",
                   "lightscale-control": "src/demo", "lightscale": "src/window"}
        return os.path.join(self.build, folders[name], name)

    def outside(self, path):
        """How a path of this device's mount namespace is reached from outside."""
        return f"/proc/{self.pid}/root{path}"

    def start_agent(self, *options, log="agent.log"):
        """Starts a headless agent on the system bus and waits until it owns its name."""
        self._agent_process = self.spawn(
            self.program("lightscale-agent"), "--system", "--state-dir", self.state, "--secrets=file", *options,
            log=log)
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

    def ping(self, address, count=1, wait=2, interval=None):
        """Whether all of `count` pings were answered, each within `wait` seconds."""
        return self.ping_lost(address, count, wait, interval) == 0

    def ping_lost(self, address, count, wait=2, interval=None):
        """How many of `count` pings were not answered."""
        pace = ["-i", str(interval)] if interval else []
        result = self.run("ping", "-n", "-q", "-c", str(count), "-W", str(wait), *pace, address, check=False,
                          timeout=count * (wait + 1) + 20)
        numbers = ping_numbers(result.stdout)
        return numbers[0] - numbers[1] if numbers else count

    def keep_pinging(self, address, interval=0.2):
        """Starts to ping; see Pinging."""
        return Pinging(self, address, interval)

    def handshakes(self, interface):
        """{public key: Unix seconds of the last handshake or 0} as `wg` reads them."""
        lines = self.output("wg", "show", interface, "latest-handshakes").splitlines()
        return {key: int(when) for key, when in (line.split("\t") for line in lines)}

    def close(self):
        """In the machine's own network nothing goes by itself: there the helper undoes what it made first."""
        if not self.own_network and self._init.poll() is None:
            self.kill("lightscale-agent")
            self.kill("lightscale-helper")
            self.run(self.program("lightscale-helper"), "--restore", check=False)
        super().close()
