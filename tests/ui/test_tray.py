#!/usr/bin/python3
# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tray in a real panel: real clicks on the icon and its menu make and end a real tunnel."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from gi.repository import Gio, GLib  # noqa: E402

from lab import Lab, wait_for  # noqa: E402
from lab.agent import connect_bus  # noqa: E402
from lab.desktop import WATCHER, Desktop  # noqa: E402
from lab.footprint import AGENT_PSS_KIB, pss  # noqa: E402

ITEM_PATH = "/StatusNotifierItem"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
WINDOW = "org.lightscale.Lightscale"
PROPERTIES = "org.freedesktop.DBus.Properties"
# Where the panel draws the only icon.
ICON = (16, 15)
# Where no window is.
AWAY = ("1200", "780")


class Tray:
    """The icon and the menu as the panel gets them over D-Bus."""

    def __init__(self, socket):
        self.bus = connect_bus(f"unix:path={socket}")

    def call(self, name, path, interface, method, signature="()", *arguments):
        return self.bus.call_sync(name, path, interface, method, GLib.Variant(signature, arguments), None,
                                  Gio.DBusCallFlags.NO_AUTO_START, 20000, None).unpack()

    def get(self, name, path, interface, prop):
        return self.call(name, path, PROPERTIES, "Get", "(ss)", interface, prop)[0]

    def owner(self, name):
        """The unique name of its owner, or None."""
        try:
            return self.call("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "GetNameOwner", "(s)", name)[0]
        except GLib.Error:
            return None

    def items(self):
        """The unique names of the items that the watcher knows."""
        items = self.get(WATCHER, "/StatusNotifierWatcher", WATCHER, "RegisteredStatusNotifierItems")
        return [item.split("/")[0] for item in items]

    def item(self, prop):
        return self.get(self.items()[0], ITEM_PATH, ITEM, prop)

    def layout(self):
        """[(label, properties, [child, ...]), ...] of the menu."""
        path = self.item("Menu")
        _, (_, _, children) = self.call(self.items()[0], path, MENU, "GetLayout", "(iias)", 0, -1, [])
        return [self._entry(child) for child in children]

    def _entry(self, entry):
        _, properties, children = entry
        return properties.get("label", ""), properties, [self._entry(child) for child in children]

    def labels(self):
        """The labels, without the separators."""
        return [label for label, properties, _ in self.layout() if properties.get("type") != "separator"]

    def checked(self, label):
        """The toggle state of the item whose label begins so."""
        for text, properties, _ in self.layout():
            if text.startswith(label):
                return properties["toggle-state"] == 1
        raise LookupError(label)


class TrayInPanel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        build = os.environ["LS_TEST_BUILD_ROOT"]
        cls.lab = Lab(build, os.environ["LS_TEST_SOURCE_ROOT"])
        cls.lab.__enter__()
        try:
            cls.control = cls.lab.add_control_plane()
            cls.peer = cls.lab.add_device("peer")
            cls.peer.start_agent()
            cls.lab.join(cls.peer, "lab")
            cls.peer_address = cls.peer.profile.get("Ipv4")
            cls.device = cls.lab.add_device("laptop", display=True)
            cls.desktop = Desktop(cls.device, os.path.join(build, "screenshots"))
            cls.desktop.start(virtual=True)
            cls.desktop.start_panel()
            cls.agent = cls.desktop.start_agent()
            cls.tray = Tray(cls.desktop.socket)
        except BaseException:
            cls.lab.print_logs()
            cls.lab.close()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.lab.close()
        if cls.lab.remains():
            raise AssertionError(f"left behind: {cls.lab.remains()}")

    def run(self, result=None):
        failures = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > failures:
            self.desktop.screenshot(f"tray-failed-{self._testMethodName}")
            self.lab.print_logs()

    @property
    def profile(self):
        return self.agent.profile("home")

    def popups(self):
        """The menus and tooltips that are shown: windows of the panel that are higher than itself."""
        found = self.device.run("xdotool", "search", "--onlyvisible", "--class", "wrapper-2.0|xfce4-panel",
                                "getwindowgeometry", "--shell", "%@", check=False).stdout
        heights = [int(line.split("=")[1]) for line in found.splitlines() if line.startswith("HEIGHT=")]
        return [height for height in heights if height > 60]

    def open_menu(self):
        self.device.run("xdotool", "mousemove", *AWAY)
        wait_for("no menu and no tooltip", lambda: not self.popups())
        self.desktop.click(*ICON, button=3)
        wait_for("the tray's menu", self.popups)

    def press(self, *keys):
        self.device.run("xdotool", "key", "--delay", "150", *keys)

    def wait_look(self, look, status="Active"):
        icon = f"org.lightscale.Lightscale-{look}-symbolic"
        wait_for(f"icon {icon}", lambda: self.tray.item("IconName") == icon, timeout=60)
        self.assertEqual(self.tray.item("Status"), status)

    def wait_labels(self, *labels):
        try:
            wait_for("menu", lambda: self.tray.labels() == list(labels))
        except AssertionError:
            self.assertEqual(self.tray.labels(), list(labels))

    def approve(self):
        """What the server's operator does, if the network wants it."""
        if self.profile.get("State") == "waiting-for-approval":
            self.wait_labels(f"{self.profile.get('NetworkName')}: waiting for approval",
                             f"{self.profile.get('NetworkName')} (waiting for approval)", "This device",
                             "Open Lightscale", "Quit")
            self.lab.fetch(f"{self.control.url}/v1/admin/nodes/{self.profile.get('NodeId')}/approve", "POST", "{}",
                           self.control.admin_token)
        self.profile.wait_state("ready")

    def wait_window(self):
        wait_for("the window", lambda: self.tray.owner(WINDOW), timeout=60)

    def close_window(self):
        self.device.kill("lightscale")
        wait_for("the window is gone", lambda: not self.tray.owner(WINDOW))

    def test_1_before_joining(self):
        wait_for("an icon in the panel", lambda: len(self.tray.items()) == 1)
        self.assertEqual(self.tray.items(), [self.tray.owner("org.lightscale.Lightscale.Agent")])
        self.assertEqual(self.tray.item("Title"), "Lightscale")
        self.assertEqual(self.tray.item("Id"), "lightscale")
        self.wait_look("off")
        self.wait_labels("No network yet", "Add a network…", "Open Lightscale", "Quit")

    def test_2_joined(self):
        self.device.run(self.device.program("lightscalectl"), "join", "home", "--server", self.control.url, "--token",
                        "-", "--name", "lap_top", input_text=self.control.token + "\n")
        self.approve()
        network = self.profile.get("NetworkName")
        self.wait_labels("Not connected", network, "This device", "Open Lightscale", "Quit")
        self.assertFalse(self.tray.checked(network))
        self.assertEqual(self.tray.item("ToolTip")[2:], ("Lightscale", "Not connected"))
        device = next(children for label, _, children in self.tray.layout() if label == "This device")
        self.assertEqual([label for label, _, _ in device],
                         [f"Copy address: {self.profile.get('Ipv4')}",
                          f"Copy name: {self.profile.get('DnsName')}".replace("_", "__")])
        self.open_menu()
        self.desktop.screenshot("tray-menu-off")
        self.press("Escape")

    def test_3_click_connects(self):
        network = self.profile.get("NetworkName")
        self.assertFalse(self.device.ping(self.peer_address, wait=1))
        self.open_menu()
        self.press("Down", "Return")
        self.profile.wait_state("connected", timeout=90)
        self.wait_look("connected")
        self.assertTrue(self.tray.checked(network))
        self.wait_labels(f"Connected to {network}", network, "This device", "Open Lightscale", "Quit")
        wait_for("ping", lambda: self.device.ping(self.peer_address), timeout=60)
        self.open_menu()
        self.press("Down", "Down", "Right")
        self.desktop.screenshot("tray-menu-connected")
        self.press("Escape", "Escape")
        pid, = self.device.find("lightscale-agent")
        print(f"{pss(pid)} KiB PSS")
        self.assertLessEqual(pss(pid), AGENT_PSS_KIB)

    def test_4_panel_starts_again(self):
        watcher = self.tray.owner(WATCHER)
        self.device.kill("xfce4-panel")
        self.device.kill("wrapper-2.0")
        wait_for("the panel is gone", lambda: not self.tray.owner(WATCHER))
        self.assertEqual(self.profile.get("State"), "connected")
        self.device.spawn("xfce4-panel", "--disable-wm-check", log="panel.log", env={"NO_AT_BRIDGE": "1"})
        wait_for("the panel's tray", lambda: self.tray.owner(WATCHER) not in (None, watcher), timeout=60)
        wait_for("the icon is back", lambda: self.tray.items() == [self.tray.owner("org.lightscale.Lightscale.Agent")],
                 timeout=60)

    def test_5_click_disconnects(self):
        self.open_menu()
        self.press("Down", "Return")
        self.profile.wait_state("ready")
        self.wait_look("off")
        self.assertFalse(self.tray.checked(self.profile.get("NetworkName")))
        self.assertFalse(self.device.ping(self.peer_address, wait=1))

    def test_6_middle_click_toggles(self):
        self.desktop.click(*ICON, button=2)
        self.profile.wait_state("connected", timeout=90)
        self.desktop.click(*ICON, button=2)
        self.profile.wait_state("ready")

    def test_7_failure_is_shown(self):
        services = os.path.join(self.device.folder, "services", "org.lightscale.Helper.service")
        os.rename(services, services + ".off")
        self.device.kill("lightscale-helper")
        try:
            self.device.run("dbus-send", "--system", "--print-reply", "--dest=org.freedesktop.DBus", "/",
                            "org.freedesktop.DBus.ReloadConfig")
            self.desktop.click(*ICON, button=2)
            self.wait_look("attention", "NeedsAttention")
            self.assertIn(self.profile.get("Problem")[0], self.tray.item("ToolTip")[3])
            self.open_menu()
            self.desktop.screenshot("tray-menu-attention")
            self.press("Escape")
        finally:
            os.rename(services + ".off", services)
            self.device.run("dbus-send", "--system", "--print-reply", "--dest=org.freedesktop.DBus", "/",
                            "org.freedesktop.DBus.ReloadConfig")
        wait_for("a click connects again", self.connect_by_click, timeout=120, interval=3)
        self.wait_look("connected")

    def connect_by_click(self):
        if not self.profile.get("WantUp"):
            self.desktop.click(*ICON, button=2)
        return self.profile.get("State") == "connected"

    def test_8_opens_the_window(self):
        self.desktop.click(*ICON)
        self.wait_window()
        self.desktop.watch_name(self.profile.get("NetworkName"), timeout=60).seen()
        self.desktop.screenshot("tray-opened-window")
        self.close_window()

    def test_9_copies(self):
        self.open_menu()
        self.press("Down", "Down", "Right", "Return")
        address = self.profile.get("Ipv4")
        wait_for("the address in the clipboard",
                 lambda: self.device.run("timeout", "5", "xclip", "-selection", "clipboard", "-o", check=False).stdout
                 == address, timeout=60)
        self.close_window()

    def test_a_quits(self):
        self.open_menu()
        self.press("Up", "Return")
        wait_for("the agent ended", lambda: not self.device.find("lightscale-agent"))
        self.assertNotIn("ls-home", self.device.output("ip", "-o", "link"))
        wait_for("the icon is gone", lambda: not self.tray.items())


if __name__ == "__main__":
    unittest.main(verbosity=2)
