#!/usr/bin/python3
# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The window as a person uses it: real agent, helper, control plane and tunnel; driven through AT-SPI."""

import os
import subprocess
import unittest

from gi.repository import Gio, GLib

from window_case import WindowCase, connect_bus, wait_for

WINDOW = "org.lightscale.Lightscale"
WINDOW_PATH = "/org/lightscale/Lightscale"
SECRETS_SERVICE = "/usr/share/dbus-1/services/org.freedesktop.secrets.service"


class Window(WindowCase):
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
        self.driver.click("button", "Copy Link", within="Waiting for Approval")
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

    def connects(self, profile):
        if not profile.get("WantUp"):
            self.driver.ask("click", "", "Connect to this network", "")
        return profile.get("State") == "connected"

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


if __name__ == "__main__":
    unittest.main(verbosity=2, failfast=True)
