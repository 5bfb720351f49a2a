# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine of a normal user as it is: its network, its system bus, its installed helper."""

import os
import signal
import subprocess

from .agent import GLib
from .device import HELPER_NAME
from .machine import Machine
from .waiting import wait_for


class OwnMachine(Machine):
    """Only the PID namespace is new, so that nothing that was started stays."""

    def __init__(self, name, folder, build):
        super().__init__(name, folder, build, own_network=False, rootless=True)
        self.address = "127.0.0.1"
        runtime = os.path.join(folder, "run")
        os.mkdir(runtime, 0o700)
        self.env["XDG_RUNTIME_DIR"] = runtime
        for variable in ("XDG_SESSION_ID", "DBUS_SYSTEM_BUS_ADDRESS"):
            if variable in os.environ:
                self.env[variable] = os.environ[variable]

    def enter_plainly(self, *command):
        """Outside of the user namespace, in which a program like ping would lack the right that its file gives."""
        return list(command)

    def outside(self, path):
        return path

    def close(self):
        """An X server of ours takes its socket away when it may end by itself."""
        if self._init.poll() is None and self.kill("Xvfb", signal.SIGTERM):
            wait_for("Xvfb to end", lambda: not self.find("Xvfb"))
        super().close()

    def disconnect(self, profile):
        """Takes the tunnel of the agent in here down, if there is one."""
        if self.session_agent:
            try:
                self.session_agent.profile(profile).disconnect()
            except GLib.Error:
                pass


def has_installed_helper():
    """Whether the system bus of this machine can start the helper."""
    result = subprocess.run(
        ["dbus-send", "--system", "--print-reply=literal", "--dest=org.freedesktop.DBus", "/",
         "org.freedesktop.DBus.ListActivatableNames"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return HELPER_NAME in result.stdout.split()
