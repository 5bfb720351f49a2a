# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A device's agent as its D-Bus clients see it."""

import os

from gi.repository import Gio, GLib

from .waiting import wait_for

BUS_NAME = "org.lightscale.Lightscale.Agent"
ROOT_PATH = "/org/lightscale/Agent"
MANAGER = "org.lightscale.Agent1.Manager"
PROFILE = "org.lightscale.Agent1.Profile"
PROPERTIES = "org.freedesktop.DBus.Properties"


def connect_bus(address):
    """A message bus connection of its own, never shared and never ending this process."""
    flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
    connection = Gio.DBusConnection.new_for_address_sync(address, flags, None, None)
    connection.set_exit_on_close(False)
    return connection


class Agent:
    """The agent that owns its name on the bus at `socket` (a path outside the device)."""

    def __init__(self, socket):
        if not os.path.exists(socket):
            raise FileNotFoundError(socket)
        self.bus = connect_bus(f"unix:path={socket}")

    def call(self, path, interface, method, parameters=None, timeout=60):
        """Calls a method and returns its results unpacked: a tuple."""
        return self.bus.call_sync(BUS_NAME, path, interface, method, parameters, None,
                                  Gio.DBusCallFlags.NONE, int(timeout * 1000), None).unpack()

    def manager(self, name):
        """A property of the manager."""
        return self.call(ROOT_PATH, PROPERTIES, "Get", GLib.Variant("(ss)", (MANAGER, name)))[0]

    def add_profile(self, name, urls, options=None):
        """AddProfile; options are GLib.Variants."""
        parameters = GLib.Variant("(sasa{sv})", (name, urls, options or {}))
        (path,) = self.call(ROOT_PATH, MANAGER, "AddProfile", parameters)
        return Profile(self, path)

    def profile(self, name):
        return Profile(self, f"{ROOT_PATH}/profiles/{name}")


class Profile:
    """One network of an agent."""

    def __init__(self, agent, path):
        self.agent = agent
        self.path = path

    def get(self, name):
        return self.agent.call(self.path, PROPERTIES, "Get", GLib.Variant("(ss)", (PROFILE, name)))[0]

    def call(self, method, signature="()", *arguments, timeout=60):
        return self.agent.call(self.path, PROFILE, method, GLib.Variant(signature, arguments), timeout)

    def register_with_token(self, token, node_name, connect=False):
        self.call("RegisterWithToken", "(ssb)", token, node_name, connect)

    def register_with_approval(self, network, node_name, connect=False, ttl=0):
        """Returns the link whose GET approves the device."""
        self.call("RegisterWithApproval", "(sstb)", network, node_name, ttl, connect)
        return self.get("AuthUrl")

    def connect(self):
        self.call("Connect")

    def disconnect(self):
        self.call("Disconnect")

    def peers(self):
        """{node name: peer} as in ListPeers."""
        return {peer["name"]: peer for peer in self.call("ListPeers")[0]}

    def wait_state(self, *states, timeout=60):
        """Waits until State is one of `states`; what the profile says of itself is in the failure."""
        try:
            return wait_for(f"{self.path} {'/'.join(states)}", lambda: self.get("State") in states, timeout)
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {self.get('State')}, problem {self.get('Problem')}") from None

    def wait_property(self, name, value, timeout=60):
        wait_for(f"{self.path} {name} = {value}", lambda: self.get(name) == value, timeout)
