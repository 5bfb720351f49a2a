# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the window share: a lab with a control plane, a device that is reached, and a laptop with the
window on a display; and a driver of the window through AT-SPI."""

import json
import os
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from lab import Lab, wait_for  # noqa: E402
from lab.agent import connect_bus  # noqa: E402,F401
from lab.desktop import Desktop  # noqa: E402
from lab.traces import left_since, traces  # noqa: E402


class Driver:
    """window_driver.py inside the session."""

    def __init__(self, device):
        self.process = subprocess.Popen(
            device.enter("/usr/bin/python3", os.path.join(HERE, "window_driver.py")), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, env=device.env, start_new_session=True)

    def ask(self, *request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise LookupError(answer["error"])
        return answer["value"]

    def has(self, role, name):
        return self.ask("has", role, name)

    def names(self, role, name=""):
        return self.ask("names", role, name)

    def text(self, name):
        return self.ask("text", "text", name)

    def wait(self, role, name, timeout=60):
        wait_for(f"{role} {name!r} in the window", lambda: self.has(role, name), timeout)

    def wait_gone(self, role, name, timeout=60):
        wait_for(f"no {role} {name!r} in the window", lambda: not self.has(role, name), timeout)

    def click(self, role, name, within="", timeout=30):
        wait_for(f"click on {role} {name!r}", lambda: self.ask("click", role, name, within), timeout, 0.3)

    def type(self, name, value, role="text", timeout=30):
        wait_for(f"{role} {name!r}", lambda: self.has(role, name), timeout)
        self.ask("type", role, name, value)

    def is_on(self, name, within=""):
        return self.ask("state", "", name, within)

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()


class WindowCase(unittest.TestCase):
    """Its tests run in the order of their names and go on where the last one ended."""

    @classmethod
    def setUpClass(cls):
        cls.before = traces()
        build = os.environ["LS_TEST_BUILD_ROOT"]
        cls.lab = Lab(build, os.environ["LS_TEST_SOURCE_ROOT"])
        cls.lab.__enter__()
        try:
            cls.control = cls.lab.add_control_plane()
            cls.open_network()
            cls.peer = cls.lab.add_device("peer")
            cls.peer.start_agent()
            cls.peer.profile = cls.peer.agent().add_profile("lab", [cls.control.url])
            cls.peer.profile.register_with_token(cls.token, "peer")
            cls.peer.profile.connect()
            cls.device = cls.lab.add_device("laptop", display=True)
            cls.desktop = Desktop(cls.device, os.path.join(build, "screenshots"))
            cls.desktop.start(virtual=True)
            cls.device.spawn("xfwm4", "--compositor=off", log="xfwm4.log")
            cls.desktop.open_window()
            cls.driver = Driver(cls.device)
        except BaseException:
            cls.lab.print_logs()
            cls.lab.close()
            raise

    @classmethod
    def open_network(cls):
        """A network whose tokens need no approval, beside the demo's own, which wants it of everybody."""
        created = json.loads(cls.lab.fetch(f"{cls.control.url}/v1/networks", "POST", json.dumps({
            "name": "open", "requires_approval": False, "bootstrap_token_ttl_seconds": 3600,
            "bootstrap_token_uses": 10, "bootstrap_token_tags": ["lab"]}), cls.control.admin_token))
        cls.token = created["bootstrap_token"]["token"]

    @classmethod
    def tearDownClass(cls):
        cls.driver.close()
        cls.lab.close()
        left = cls.lab.remains()
        stays = left_since(cls.before)
        if left or stays:
            raise AssertionError(f"left behind: {left} {stays}")

    def run(self, result=None):
        failures = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > failures:
            self.desktop.screenshot(f"window-failed-{self._testMethodName}")
            self.lab.print_logs()

    def profile_of(self, network):
        """The profile whose network has this name."""
        agent = self.desktop.agent()
        objects = agent.call("/org/lightscale/Agent", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")[0]
        for path in objects:
            profile = agent.profile(path.rsplit("/", 1)[1])
            if network in (profile.get("NetworkName"), profile.get("NetworkId")):
                return profile
        raise LookupError(network)

    def clipboard(self):
        return self.device.run("timeout", "5", "xclip", "-selection", "clipboard", "-o", check=False).stdout

    def key(self, *keys):
        self.device.run("xdotool", "key", "--delay", "150", *keys)

    def act_until(self, role, name, act):
        """Repeats what is lost while a window has no focus yet, or comes too early, until it had its effect."""
        def acted():
            self.activate_window()
            self.key("Escape")
            act()
            try:
                return wait_for(f"{role} {name!r}", lambda: self.driver.has(role, name), 5) or True
            except AssertionError:
                return False

        wait_for(f"{role} {name!r}", acted, 90)

    def press_until(self, role, name, *keys):
        self.act_until(role, name, lambda: self.key(*keys))

    def activate_window(self):
        self.device.run("wmctrl", "-a", "Lightscale", check=False)

    def reload(self, bus):
        self.device.run("dbus-send", bus, "--print-reply", "--dest=org.freedesktop.DBus", "/",
                        "org.freedesktop.DBus.ReloadConfig")

    def select(self, network):
        """Selects a network in the sidebar: they are in the order of their names."""
        self.activate_window()
        names = [name for name in self.driver.names("list item") if self.is_network(name)]
        self.device.run("xdotool", "mousemove", "60", str(75 + 46 * names.index(network)), "sleep", "0.3", "click",
                        "1")
        self.driver.wait("label", network)

    def is_network(self, name):
        try:
            return bool(self.profile_of(name))
        except LookupError:
            return False

    def restart_window(self, env):
        self.device.kill("lightscale")
        self.device.env.update(env)
        self.desktop.open_window()

    def resize(self, width, height):
        window = self.device.output("xdotool", "search", "--onlyvisible", "--name", "^Lightscale$").split()[-1]
        self.device.run("xdotool", "windowmove", window, "0", "0", "windowsize", window, str(width), str(height),
                        "sleep", "1.5")

    def click_at(self, x, y):
        self.device.run("xdotool", "mousemove", str(x), str(y), "sleep", "0.3", "click", "1", "sleep", "1")
