# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node that has the project's programs and is pinged from."""

import os
import signal
import subprocess

from .node import Node, Failed

FOLDERS = {"lightscale-helper": "helper", "lightscale-agent": "src/agent", "lightscalectl": "src/ctl",
           "lightscale-control": "src/demo", "lightscale": "src/window"}


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
            device.enter_plainly("ping", "-n", "-q", "-i", str(interval), address), stdin=subprocess.DEVNULL,
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


class Machine(Node):
    """`build` is the project's build folder."""

    def __init__(self, name, folder, build, **options):
        super().__init__(name, folder, **options)
        self.build = build
        self.session_agent = None

    def program(self, name):
        """The path of a program of ours in the build folder."""
        return os.path.join(self.build, FOLDERS[name], name)

    def enter_plainly(self, *command):
        """The command line that runs `command` in the device's network, with the rights that programs have there."""
        return self.enter(*command)

    def ping(self, address, count=1, wait=2, interval=None):
        """Whether all of `count` pings were answered, each within `wait` seconds."""
        return self.ping_lost(address, count, wait, interval) == 0

    def ping_lost(self, address, count, wait=2, interval=None):
        """How many of `count` pings were not answered."""
        pace = ["-i", str(interval)] if interval else []
        numbers = ping_numbers(self.ping_output("-q", "-c", str(count), "-W", str(wait), *pace, address,
                                                timeout=count * (wait + 1) + 20))
        return numbers[0] - numbers[1] if numbers else count

    def ping_output(self, *arguments, timeout=60):
        """What ping writes."""
        return subprocess.run(self.enter_plainly("ping", "-n", *arguments), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=self.env,
                              timeout=timeout, start_new_session=True).stdout

    def keep_pinging(self, address, interval=0.2):
        """Starts to ping; see Pinging."""
        return Pinging(self, address, interval)

    def handshakes(self, interface):
        """{public key: Unix seconds of the last handshake or 0} as `wg` reads them."""
        lines = self.output("wg", "show", interface, "latest-handshakes").splitlines()
        return {key: int(when) for key, when in (line.split("\t") for line in lines)}
