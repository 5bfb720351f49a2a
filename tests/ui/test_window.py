#!/usr/bin/python3
# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The window as a person uses it: real agent, helper, control plane and tunnel; driven through AT-SPI."""

import json
import os
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))

from gi.repository import Gio, GLib  # noqa: E402

from lab import Lab, wait_for  # noqa: E402
from lab.agent import connect_bus  # noqa: E402
from lab.desktop import Desktop  # noqa: E402
from lab.traces import left_since, traces  # noqa: E402

WINDOW = "org.lightscale.Lightscale"
WINDOW_PATH = "/org/lightscale/Lightscale"
SECRETS_SERVICE = "/usr/share/dbus-1/services/org.freedesktop.secrets.service"


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


class Window(unittest.TestCase):
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

    def activate_window(self):
        self.device.run("wmctrl", "-a", "Lightscale", check=False)

    def test_1_starts_the_agent(self):
        self.driver.wait("button", "Add Network")
        self.assertTrue(self.desktop.has_name("org.lightscale.Lightscale.Agent"))
        self.desktop.screenshot("window-welcome")

    def test_2_server_that_does_not_answer(self):
        self.driver.click("button", "Add Network")
        self.driver.type("Server Address", "http://203.0.113.99:8080")
        self.driver.click("button", "Continue")
        self.driver.wait("label", "Check the server's address", 90)
        self.assertEqual(self.driver.text("Server Address"), "http://203.0.113.99:8080")
        self.desktop.screenshot("window-server-unreachable")

    def test_3_address_that_is_none(self):
        self.driver.type("Server Address", "http://user@host/")
        self.driver.click("button", "Continue")
        self.driver.wait("label", "A server's address looks like")
        self.assertEqual(self.driver.text("Server Address"), "http://user@host/")

    def test_4_join_by_token(self):
        self.driver.type("Server Address", self.control.url)
        self.driver.click("button", "Continue")
        self.driver.wait("label", "not encrypted")
        self.driver.click("button", "I Have a Token")
        self.driver.type("Token", "no-such-token")
        self.driver.type("Name of This Device", "laptop")
        self.driver.click("button", "_Join")
        self.driver.wait("label", "Ask the administrator of the network for a new token")
        self.desktop.screenshot("window-wrong-token")
        self.driver.type("Token", self.token)
        self.driver.click("button", "_Join")
        self.driver.wait("list item", "open", 90)
        self.profile_of("open").wait_state("connected", timeout=120)
        self.driver.click("button", "Done")
        self.driver.wait("label", "1 device, 1 online")
        self.driver.wait("label", self.profile_of("open").get("Ipv4"))

    def test_5_toggle(self):
        profile = self.profile_of("open")
        wait_for("the switch is on", lambda: self.driver.is_on("Connect to this network"))
        self.driver.click("", "Connect to this network")
        profile.wait_state("ready")
        wait_for("the switch is off", lambda: not self.driver.is_on("Connect to this network"))
        self.driver.wait("label", "Not connected")
        self.assertFalse(self.device.ping(self.peer.profile.get("Ipv4"), wait=1))
        self.driver.click("", "Connect", within="Networks")
        profile.wait_state("connected", timeout=120)
        wait_for("the switch is on", lambda: self.driver.is_on("Connect to this network"))
        wait_for("ping", lambda: self.device.ping(self.peer.profile.get("Ipv4")), timeout=60)

    def test_6_search(self):
        self.activate_window()
        self.key("ctrl+f")
        self.driver.wait("list item", "peer")
        self.driver.type("Search devices", "nobody", role="entry")
        self.driver.wait_gone("list item", "peer")
        self.desktop.screenshot("window-nothing-found")
        for words in ("PEER", self.peer.profile.get("Ipv4"), "lab peer"):
            self.driver.type("Search devices", words, role="entry")
            self.driver.wait("list item", "peer")

    def test_7_copy(self):
        address, name = self.peer.profile.get("Ipv4"), self.peer.profile.get("DnsName")
        self.activate_window()
        self.key("ctrl+f", "Tab", "Tab", "Tab", "Down")
        self.key("ctrl+c")
        wait_for("the address in the clipboard", lambda: self.clipboard() == address)
        self.key("ctrl+shift+c")
        wait_for("the name in the clipboard", lambda: self.clipboard() == name)
        self.key("Return")
        self.driver.wait("label", "Known Endpoints")
        self.driver.wait("button", "Copy IPv6 Address")
        self.desktop.screenshot("window-device")
        self.driver.click("button", "Copy IPv6 Address", within="Addresses")
        wait_for("IPv6 in the clipboard", lambda: self.clipboard() == self.peer.profile.get("Ipv6"))
        self.key("alt+Left")

    def test_8_rename_arrives(self):
        node = self.peer.profile.get("NodeId")
        self.lab.fetch(f"{self.control.url}/v1/admin/nodes/{node}", "PUT", '{"name": "<b>peer</b> & %s"}',
                       self.control.admin_token)
        self.driver.type("Search devices", "", role="entry")
        self.driver.wait("list item", "<b>peer</b> & %s")

    def test_9_approval_ends_by_itself(self):
        self.activate_window()
        self.key("ctrl+n")
        self.driver.type("Server Address", self.control.url)
        self.driver.click("button", "Continue")
        self.driver.click("button", "Ask for Approval")
        self.driver.type("Network ID", self.control.network)
        self.driver.click("button", "_Ask for Approval")
        self.driver.wait("button", "Withdraw Request", 90)
        profile = wait_for("the profile", lambda: self.profile_of(self.control.network))
        profile.wait_state("waiting-for-approval")
        link = profile.get("AuthUrl")
        self.driver.wait("label", link)
        self.driver.wait("label", " left")
        self.desktop.screenshot("window-waiting")
        self.driver.click("button", "Copy Link")
        wait_for("the link in the clipboard", lambda: self.clipboard() == link)
        self.lab.fetch(link)
        profile.wait_state("connected", timeout=120)
        self.driver.wait("label", "Joined")
        self.driver.click("button", "Done")
        self.driver.wait("list item", profile.get("NetworkName"))

    def test_a_control_server_away(self):
        self.lab.stop_control_plane()
        try:
            self.driver.wait("label", "Control server unreachable since", 120)
            self.assertEqual(self.profile_of("open").get("State"), "connected")
        finally:
            self.lab.start_control_plane()
        self.driver.wait_gone("label", "Control server unreachable since", 120)

    def test_b_helper_missing(self):
        profile = self.profile_of("open")
        profile.disconnect()
        service = os.path.join(self.device.folder, "services", "org.lightscale.Helper.service")
        os.rename(service, service + ".off")
        self.reload("--system")
        self.device.kill("lightscale-helper")
        try:
            self.select("open")
            self.driver.click("", "Connect to this network")
            self.driver.wait("label", "Install the package with")
            self.desktop.screenshot("window-helper-missing")
        finally:
            os.rename(service + ".off", service)
            self.reload("--system")
        wait_for("it connects again", lambda: self.connects(profile), timeout=120, interval=3)
        self.driver.wait_gone("label", "Install the package with")

    def test_c_second_start_and_copy_from_outside(self):
        bus = connect_bus(f"unix:path={self.desktop.socket}")
        self.device.run(self.device.program("lightscale"))
        bus.call_sync(WINDOW, WINDOW_PATH, "org.freedesktop.Application", "ActivateAction",
                      GLib.Variant("(sava{sv})", ("copy-text", [GLib.Variant("s", "100.64.0.77")], {})), None,
                      Gio.DBusCallFlags.NO_AUTO_START, 60000, None)
        wait_for("the text in the clipboard", lambda: self.clipboard() == "100.64.0.77")
        self.driver.wait("label", "Copied to the clipboard")
        self.assertEqual(len(self.device.find("lightscale")), 1)

    def test_d_every_page(self):
        for scheme in ("light", "dark"):
            self.restart_window({"ADW_DEBUG_COLOR_SCHEME": f"prefer-{scheme}"})
            self.driver.wait("list item", "open")
            for size, width in (("wide", 1000), ("narrow", 360)):
                self.resize(width, 720)
                self.shoot_pages(f"{scheme}-{size}", size == "narrow")

    def test_e_no_keyring(self):
        self.device.kill("lightscale-agent")
        self.driver.wait("label", "agent has ended")
        self.desktop.screenshot("window-no-agent")
        if os.path.exists(SECRETS_SERVICE):
            self.device.run("mount", "--bind", "/dev/null", SECRETS_SERVICE)
        self.reload("--session")
        self.device.kill("gnome-keyring-daemon")
        self.driver.click("button", "Try Again")
        self.driver.wait("label", "There is no keyring", 90)
        self.desktop.screenshot("window-no-keyring")

    def reload(self, bus):
        self.device.run("dbus-send", bus, "--print-reply", "--dest=org.freedesktop.DBus", "/",
                        "org.freedesktop.DBus.ReloadConfig")

    def connects(self, profile):
        if not profile.get("WantUp"):
            self.driver.ask("click", "", "Connect to this network", "")
        return profile.get("State") == "connected"

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

    def shoot(self, name):
        self.device.run("sleep", "0.8")
        path = self.desktop.screenshot(f"window-{name}")
        width = 1000 if "wide" in name else 364
        subprocess.run(["convert", path, "-crop", f"{width}x720+0+0", "+repage", path], check=True)

    def shoot_pages(self, name, narrow):
        if narrow:
            self.shoot(f"{name}-networks")
            self.click_at(80, 90)
        self.shoot(f"{name}-overview")
        self.activate_window()
        self.key("ctrl+f")
        self.shoot(f"{name}-devices")
        self.key("Return")
        self.shoot(f"{name}-device")
        self.key("alt+Left")

    def click_at(self, x, y):
        self.device.run("xdotool", "mousemove", str(x), str(y), "sleep", "0.3", "click", "1", "sleep", "1")


if __name__ == "__main__":
    unittest.main(verbosity=2, failfast=True)
