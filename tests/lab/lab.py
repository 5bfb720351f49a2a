# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab: an internet in a namespace, a control plane, and devices on it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile

from .device import Device
from .node import Node, Failed, connect
from .waiting import wait_for

INTERNET = "203.0.113"
LAN = "192.168.77"

# A home router: translates addresses, lets nothing new in.
ROUTER_RULES = """
table ip nat {
  chain out {
    type nat hook postrouting priority srcnat;
    oifname "eth0" masquerade
  }
}
table ip filter {
  chain in {
    type filter hook forward priority filter; policy drop;
    iifname "lan0" accept
    ct state established,related accept
  }
}
"""


class Interrupted(BaseException):
    """A signal asked for the end."""


def interrupt(number, frame):
    raise Interrupted(signal.Signals(number).name)


class Lab:
    """To be used as a context manager: on the way out, whatever happened, everything that it made is gone.

    build: a meson build folder. logs: where to keep the logs of the devices (default: gone with the lab).
    """

    def __init__(self, build, source=None, logs=None):
        self.build = os.path.abspath(build)
        self.source = source or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        self.logs = logs
        self.nodes = []
        self.control = None
        self._last_address = 20
        self._handlers = {}

    def __enter__(self):
        if os.geteuid() != 0:
            raise Failed("namespaces need root")
        self.folder = tempfile.mkdtemp(prefix=f"lightscale-lab-{os.getpid()}-")
        os.chmod(self.folder, 0o755)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._handlers[number] = signal.signal(number, interrupt)
        try:
            self.internet = self._add(Node, "internet")
            self.internet.run("ip", "link", "add", "br0", "type", "bridge")
            self.internet.run("ip", "addr", "add", f"{INTERNET}.1/24", "dev", "br0")
            self.internet.run("ip", "link", "set", "br0", "up")
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, error, trace):
        if error is not None and self.logs is None:
            self.print_logs()
        self.close()

    def close(self):
        """Ends every node; further signals are ignored meanwhile."""
        for number in self._handlers:
            signal.signal(number, signal.SIG_IGN)
        for node in reversed(self.nodes):
            node.close()
        if self.logs:
            os.makedirs(self.logs, exist_ok=True)
            for node in self.nodes:
                self._keep_logs(node)
        shutil.rmtree(self.folder, ignore_errors=True)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def remains(self):
        """After the end: processes (PIDs) that are still in a namespace which the lab made. There are none."""
        ours = set().union(*(node.namespaces for node in self.nodes))
        found = []
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                if ours & {os.readlink(f"/proc/{entry}/ns/{kind}") for kind in ("net", "mnt", "pid")}:
                    found.append(int(entry))
            except OSError:
                continue
        return found

    def _keep_logs(self, node):
        for name in os.listdir(node.folder):
            if name.endswith(".log"):
                shutil.copy(os.path.join(node.folder, name), os.path.join(self.logs, f"{node.name}-{name}"))

    def print_logs(self, lines=40):
        """Writes the end of every log to stderr."""
        for node in self.nodes:
            for name in sorted(os.listdir(node.folder)):
                text = node.read_log(name) if name.endswith(".log") else ""
                if text.strip():
                    print(f"--- {node.name}: {name}", *text.splitlines()[-lines:], sep="\n", file=sys.stderr)

    def _add(self, kind, name, *arguments, **options):
        folder = os.path.join(self.folder, name)
        os.mkdir(folder)
        node = kind(name, folder, *arguments, **options)
        self.nodes.append(node)
        return node

    def _next_address(self):
        self._last_address += 1
        return f"{INTERNET}.{self._last_address}"

    def _plug(self, node, address, link="eth0"):
        """Joins a node to the internet's bridge."""
        port = f"port{len(self.nodes)}"
        connect(self.internet, port, node, link)
        self.internet.run("ip", "link", "set", port, "master", "br0")
        node.run("ip", "addr", "add", f"{address}/24", "dev", link)
        if node.own_network:
            node.run("ip", "route", "add", "default", "via", f"{INTERNET}.1")

    def add_control_plane(self, *options):
        """Starts lightscale-control on a node of its own; sets control.url, network, token, admin_token."""
        node = self._add(Node, "control")
        node.address = f"{INTERNET}.10"
        node.url = f"http://{node.address}:8080"
        self._plug(node, node.address)
        self.control = node
        self.start_control_plane(*options)
        return node

    def start_control_plane(self, *options):
        """Starts the control plane (again, with the state that it had) and waits until it answers."""
        node = self.control
        program = os.path.join(self.build, "src/demo/lightscale-control")
        state = os.path.join(node.folder, "state.json")
        # What it says on stdout has tokens: it is not among the logs, which are kept and shown.
        with open(os.path.join(node.folder, "control.said"), "wb") as said:
            node.process = node.spawn(program, "--demo", "--listen", f"{node.address}:8080", "--state", state,
                                      *options, log="control.log", stdout=said)
        wait_for("control plane", lambda: self._control_answers(), timeout=60)
        said = dict(line.split(" ", 1) for line in node.read_log("control.said").splitlines() if " " in line)
        node.network = said.get("network", getattr(node, "network", None))
        node.token = said.get("token", getattr(node, "token", None))
        node.admin_token = said.get("admin-token", getattr(node, "admin_token", None))

    def stop_control_plane(self):
        """Ends the control plane as an operator would."""
        self.control.kill("lightscale-control", signal.SIGTERM)
        self.control.process.wait(timeout=30)

    def _control_answers(self):
        if self.control.process.poll() is not None:
            raise Failed(f"lightscale-control ended: {self.control.read_log('control.log')}")
        said = self.control.read_log("control.said")
        return "admin-token " in said and self.fetch(f"{self.control.url}/healthz") == "ok"

    def fetch(self, url, method="GET", data=None, token=None):
        """An HTTP request from the internet; returns the body. The token does not appear in a command line."""
        config = [f'url = "{url}"', f'request = "{method}"']
        if token:
            config.append(f'header = "Authorization: Bearer {token}"')
        if data is not None:
            config += ['header = "Content-Type: application/json"', "data-binary = %s" % _quote(data)]
        result = subprocess.run(
            self.internet.enter("curl", "-sS", "--fail-with-body", "--max-time", "20", "--noproxy", "*", "-K", "-",
                                network_only=True),
            input="\n".join(config), capture_output=True, text=True, timeout=30, start_new_session=True)
        if result.returncode != 0:
            raise OSError(f"{method} {url.split('/v1/')[0]}: {result.stderr.strip()} {result.stdout[:200]}")
        return result.stdout

    def join(self, device, profile):
        """The device's agent joins by token, is approved by the server's operator, and connects."""
        device.profile = device.agent().add_profile(profile, [self.control.url])
        device.profile.register_with_token(self.control.token, device.name)
        if device.profile.get("State") == "waiting-for-approval":
            node = device.profile.get("NodeId")
            self.fetch(f"{self.control.url}/v1/admin/nodes/{node}/approve", "POST", "{}", self.control.admin_token)
            device.profile.wait_state("ready")
        device.profile.connect()

    def add_device(self, name, *, nat=False, here=False, start=True, **options):
        """A device on the internet, behind a router that translates its address, or in the machine's network."""
        device = self._add(Device, name, self.build, self.source, own_network=not here, **options)
        if here:
            device.address = self._next_address()
            self._plug(device, device.address, link=f"lsdemo{os.getpid() % 100000}")
        elif nat:
            self._add_behind_router(device)
        else:
            device.address = self._next_address()
            self._plug(device, device.address)
        if start:
            device.start_bus()
        return device

    def _add_behind_router(self, device):
        router = self._add(Node, f"{device.name}-router")
        router.address = self._next_address()
        self._plug(router, router.address)
        connect(router, "lan0", device, "eth0")
        router.run("ip", "addr", "add", f"{LAN}.1/24", "dev", "lan0")
        router.sysctl("net.ipv4.ip_forward", 1)
        router.run("nft", "-f", "-", input_text=ROUTER_RULES)
        device.address = f"{LAN}.2"
        device.router = router
        device.run("ip", "addr", "add", f"{device.address}/24", "dev", "eth0")
        device.run("ip", "route", "add", "default", "via", f"{LAN}.1")


def _quote(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
