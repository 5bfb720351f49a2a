# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the demo's machine meets: a control plane and two more devices. Either in this process (root), or, for a
normal user, in a process of its own that is root in a user namespace and is asked over a pipe."""

import json
import os
import socket
import subprocess
import sys

from .agent import GLib
from .lab import Lab
from .node import PATH, Failed, die_with_parent

HERE = os.path.dirname(os.path.abspath(__file__))
NAMES = ("workshop", "homeserver")
PROFILE = "demo"
# How many of the world's devices can talk to the machine outside at once.
SOCKETS = 4


class World:
    """The devices of a Lab. start () must have returned before anything else is asked."""

    def __init__(self, lab):
        self.lab = lab

    def start(self):
        """Returns what there is: url, network, and devices as [name, its own address, overlay address]."""
        control = self.lab.add_control_plane()
        devices = [self.lab.add_device(NAMES[0]), self.lab.add_device(NAMES[1], nat=True)]
        for device in devices:
            device.start_agent()
            self.lab.join(device, PROFILE)
        self.devices = devices
        return {"url": control.url, "network": control.network,
                "devices": [[device.name, device.address, device.profile.get("Ipv4")] for device in devices]}

    def rename(self, node, name):
        """Renames a node on the server, as its operator."""
        control = self.lab.control
        self.lab.fetch(f"{control.url}/v1/admin/nodes/{node}", "PUT", json.dumps({"name": name}), control.admin_token)

    def handshakes_with(self, key):
        """{device name: Unix seconds of its last handshake with this public key, or 0}, read with `wg` there."""
        return {device.name: device.handshakes(device.profile.get("Interface")).get(key, 0)
                for device in self.devices}


class RemoteWorld:
    """The same for a normal user. `port` is the WireGuard port of the machine outside."""

    def __init__(self, build, source, logs, port):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(SOCKETS)]
        for datagram in self._sockets:
            datagram.bind(("127.0.0.1", 0))
        descriptors = [self._listener.fileno()] + [datagram.fileno() for datagram in self._sockets]
        self.url = "http://127.0.0.1:%d" % self._listener.getsockname()[1]
        self._process = subprocess.Popen(
            ["unshare", "--map-root-user", "--map-auto", "--net", "--mount", "--pid", "--mount-proc", "--fork",
             "--kill-child", "--", "/usr/bin/python3", os.path.join(HERE, "world_main.py"), build, source, logs,
             str(port), *map(str, descriptors)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={"PATH": PATH, "LC_ALL": "C.UTF-8"},
            pass_fds=descriptors, start_new_session=True, preexec_fn=die_with_parent)

    def _ask(self, *question):
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise Failed("the other devices ended (namespaces for users need the package uidmap)")
        answer = json.loads(answer)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer["result"]

    def start(self):
        return {**self._ask("start"), "url": self.url}

    def rename(self, node, name):
        self._ask("rename", node, name)

    def handshakes_with(self, key):
        return self._ask("handshakes_with", key)

    def close(self):
        """Ends the other devices; their namespaces go with them."""
        self._process.stdin.close()
        self._process.wait()


def serve(build, source, logs, port, descriptors):
    """Inside: answers the questions on stdin until it ends."""
    with Lab(build, source, logs) as lab:
        world = World(lab)
        for line in sys.stdin:
            verb, *arguments = json.loads(line)
            try:
                result = getattr(world, verb)(*arguments)
                if verb == "start":
                    _start_forwarding(lab, port, descriptors)
                answer = {"result": result}
            except (Failed, AssertionError, LookupError, OSError, GLib.Error) as error:
                answer = {"error": str(error)}
            print(json.dumps(answer), flush=True)


def _start_forwarding(lab, port, descriptors):
    command = lab.internet.enter("/usr/bin/python3", os.path.join(HERE, "forward.py"), lab.control.address, "8080",
                                 "203.0.113.1", str(port), *map(str, descriptors), network_only=True)
    log = open(os.path.join(lab.internet.folder, "forward.log"), "wb")
    subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=descriptors,
                     env=lab.internet.env, preexec_fn=die_with_parent)
