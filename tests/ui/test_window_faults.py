#!/usr/bin/python3
# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the window says when something is wrong, and its rarer verbs: everything real but the faults themselves."""

import os
import shutil
import signal
import subprocess
import unittest

from window_case import HERE, WindowCase, wait_for
from gi.repository import GLib

AGENT_SERVICE = "org.lightscale.Lightscale.Agent.service"
NOBODY = "/usr/bin/setpriv --reuid=65534 --regid=65534 --clear-groups"
REFUSE = 'polkit.addRule(function (action, subject) { return polkit.Result.NO; });\n'
SCHEMA = "data/window/org.lightscale.Lightscale.gschema.xml"

# What a server may answer to a token, and the advice that the window gives about it.
ANSWERS = {
    "unauthorized": ("does not accept the token", "for a new token or for approval"),
    "not-found": ("has no such network", "the network's id"),
    "conflict": ("is taken", "Choose another name"),
    "server-error": ("has a fault of its own", "Try again later"),
    "html": ("A web page answered", "sign-in page"),
    "truncated": ("cannot be used", "Check that the address is that of a Lightscale server"),
    "too-large": ("larger than 64 MiB", "tell its operator"),
}


class WindowFaults(WindowCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.spoiler = f"http://{cls.control.address}:8081"
        cls.control.spawn("/usr/bin/python3", os.path.join(HERE, "spoiler.py"), cls.control.address, "8081",
                          cls.control.url, log="spoiler.log")
        wait_for("the spoiler", lambda: cls.spoil("none") == "ok")
        cls.config = os.path.join(cls.desktop.env["XDG_CONFIG_HOME"], "lightscale")
        cls.service = os.path.join(cls.desktop.folder, "services", AGENT_SERVICE)

    @classmethod
    def spoil(cls, how):
        return cls.lab.fetch(f"{cls.spoiler}/spoil/{how}")

    def open_assistant(self, server):
        self.press_until("text", "Server Address", "ctrl+n")
        self.driver.type("Server Address", server)
        self.driver.click("button", "Continue")

    def join(self, server, name):
        """By token; ends with the assistant closed and the network connected."""
        self.open_assistant(server)
        self.driver.click("button", "I Have a Token")
        self.driver.type("Token", self.token)
        self.driver.type("Name of This Device", name)
        self.driver.click("button", "_Join")
        self.driver.wait("label", "Joined", 90)
        self.driver.click("button", "Done")
        profile = wait_for("the profile", lambda: self.profile_of("open"))
        profile.wait_state("connected", timeout=120)
        return profile

    def open_menu(self, title, mnemonic):
        """The menu of the network that is shown, and in it what opens the dialog `title`."""
        def open_it():
            self.click_at(758, 28)
            self.key(mnemonic)

        self.act_until("label", title, open_it)

    def restart_agent(self, meanwhile=None):
        self.device.kill("lightscale-agent")
        self.driver.wait("label", "agent has ended")
        if meanwhile:
            meanwhile()
        self.reload("--session")
        self.driver.click("button", "Try Again")
        self.driver.wait_gone("label", "agent has ended")

    def agent_as_nobody(self):
        """The device's root may do everything; somebody else has to ask."""
        with open(self.service, encoding="utf-8") as file:
            text = file.read()
        with open(self.service, "w", encoding="utf-8") as file:
            file.write(text.replace("Exec=", f"Exec={NOBODY} "))
        self.device.run("chown", "-R", "65534:65534", self.desktop.folder)

    def agent_as_root(self):
        with open(self.service, encoding="utf-8") as file:
            text = file.read()
        with open(self.service, "w", encoding="utf-8") as file:
            file.write(text.replace(f"{NOBODY} ", ""))
        self.device.run("chown", "-R", "0:0", self.desktop.folder)

    def test_01_wrong_server(self):
        self.spoil("not-lightscale")
        self.open_assistant(self.spoiler)
        self.driver.wait("label", "A web page answered instead of a control server")
        self.driver.wait("label", "Check that the address is that of a Lightscale server")
        self.assertEqual(self.driver.text("Server Address"), self.spoiler)
        self.spoil("none")
        self.driver.click("button", "Continue")
        self.driver.click("button", "I Have a Token")

    def test_02_answers_to_a_token(self):
        self.driver.type("Token", self.token)
        self.driver.type("Name of This Device", "laptop")
        for fault, (title, advice) in ANSWERS.items():
            with self.subTest(fault):
                self.spoil(fault)
                self.driver.click("button", "_Join")
                self.driver.wait("label", title, 90)
                self.driver.wait("label", advice)
                self.assertEqual(self.driver.text("Name of This Device"), "laptop")
                self.desktop.screenshot(f"window-fault-{fault}")

    def test_03_hostile_netmap(self):
        self.spoil("hostile")
        self.driver.click("button", "_Join")
        self.driver.wait("label", "Joined", 90)
        self.driver.click("button", "Done")
        self.driver.wait("label", "parts of this network are not used")
        self.profile_of("open").wait_state("connected", timeout=120)
        self.assertIn("default via", self.device.output("ip", "route"))
        self.assertNotIn("203.0.113.0/24", self.device.output("ip", "route", "show", "table", "27763"))
        self.desktop.screenshot("window-hostile")
        self.spoil("none")
        self.driver.wait_gone("label", "parts of this network are not used", 120)

    def test_04_approve_in_the_window(self):
        self.open_assistant(self.spoiler)
        self.driver.click("button", "Ask for Approval")
        self.driver.type("Network ID", self.control.network)
        self.driver.type("Name of This Device", "second")
        self.driver.click("button", "_Ask for Approval")
        self.driver.wait("button", "_Approve Now", 90)
        self.spoil("server-error")
        self.driver.click("button", "_Approve Now", within="Waiting for Approval")
        self.driver.wait("label", "has a fault of its own")
        self.desktop.screenshot("window-approval-failed")
        self.spoil("none")
        self.driver.click("button", "_Approve Now", within="Waiting for Approval")
        self.driver.wait("label", "Joined", 60)
        self.driver.click("button", "Done")
        self.profile_of("demo").wait_state("connected", timeout=120)

    def test_05_restore(self):
        self.press_until("label", "Restore your network?", "F10", "Return")
        self.desktop.screenshot("window-restore")
        self.driver.click("button", "_Restore")
        self.driver.wait("label", "network is as it was before")
        self.assertNotIn("ls-", self.device.output("ip", "-br", "link"))
        self.assertNotIn("27763", self.device.output("ip", "rule"))
        self.assertFalse(self.driver.is_on("Connect to this network"))

    def test_06_remove(self):
        """What was added last is still selected."""
        for answer in ("_Cancel", "_Remove"):
            self.open_menu("Remove “demo”?", "r")
            self.desktop.screenshot("window-remove")
            self.driver.click("button", answer, within="Remove")
            self.driver.wait_gone("label", "Remove “demo”?")
            if answer == "_Cancel":
                self.assertTrue(self.profile_of("demo"))
        self.driver.wait_gone("list item", "demo")
        self.assertRaises(LookupError, self.profile_of, "demo")

    def test_07_polkit(self):
        self.restart_agent(self.agent_as_nobody)
        self.driver.wait("list item", "open")
        self.driver.click("", "Connect to this network")
        self.driver.wait("label", "A password is needed for this, and nothing in this session can ask for it")
        self.driver.wait("label", "Try again from a desktop session")
        self.desktop.screenshot("window-no-polkit-agent")
        rules = os.path.join(self.device.folder, "rules.d")
        os.mkdir(rules, 0o755)
        with open(os.path.join(rules, "10-refuse.rules"), "w", encoding="utf-8") as file:
            file.write(REFUSE)
        self.device.run("mkdir", "-p", "/etc/polkit-1/rules.d")
        self.device.run("mount", "--bind", rules, "/etc/polkit-1/rules.d")
        self.device.kill("polkitd")
        self.driver.click("", "Connect to this network")
        self.driver.wait("label", "You are not allowed to do this")
        self.driver.wait("label", "ask an administrator of this computer")
        self.desktop.screenshot("window-polkit-refuses")
        self.device.run("umount", "/etc/polkit-1/rules.d")
        self.device.kill("polkitd")
        self.restart_agent(self.agent_as_root)

    def test_07b_no_networkmanager(self):
        profile = self.profile_of("open")
        profile.call("Update", "(a{sv})", {"backend": GLib.Variant("s", "networkmanager")})
        self.driver.click("", "Connect to this network")
        self.driver.wait("label", "NetworkManager is not running.")
        self.driver.wait("label", "choose another backend")
        self.desktop.screenshot("window-no-networkmanager")
        profile.call("Update", "(a{sv})", {"backend": GLib.Variant("s", "auto")})

    def test_08_locked_keyring(self):
        self.driver.wait("list item", "open")
        self.restart_agent(self.lock_keyring)
        self.driver.wait("list item", "open")
        self.driver.click("", "Connect to this network")
        wait_for("the keyring's dialog", lambda: self.desktop.windows("--name", "Unlock"), 60)
        wait_for("its end", self.refuse_to_unlock, 60, 1)
        self.driver.wait("label", "The keyring is locked")
        self.driver.wait("label", "Unlock the keyring")
        self.desktop.screenshot("window-keyring-locked")
        self.restart_agent(self.renew_keyring)

    def renew_keyring(self):
        self.device.kill("gnome-keyring-daemon")
        self.desktop.start_keyring()

    def lock_keyring(self):
        self.device.run("dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.secrets",
                        "/org/freedesktop/secrets", "org.freedesktop.Secret.Service.Lock",
                        "array:objpath:/org/freedesktop/secrets/collection/login")

    def refuse_to_unlock(self):
        if self.desktop.windows("--name", "Unlock"):
            self.device.run("wmctrl", "-a", "Unlock", check=False)
            self.key("Escape")
        return not self.desktop.windows("--name", "Unlock")

    def test_09_state_that_cannot_be_read(self):
        profile = os.path.join(self.config, "profiles", self.profile_of("open").get("Name") + ".conf")

        def spoil_file():
            with open(profile, "w", encoding="utf-8") as file:
                file.write("[profile\ngarbage")

        self.restart_agent(spoil_file)
        self.driver.wait("label", "could not be read")
        self.driver.wait("label", f"{profile}.broken-1")
        self.assertTrue(os.path.exists(f"{profile}.broken-1"))
        self.desktop.screenshot("window-state-broken")

    def test_10_full_disk(self):
        self.device.run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", self.config)
        self.device.run("sh", "-c", 'head -c 1000000 /dev/zero > "$1/filler"', "sh", self.config, check=False)
        self.open_assistant(self.control.url)
        self.driver.click("button", "I Have a Token")
        self.driver.type("Token", self.token)
        self.driver.click("button", "_Join")
        self.driver.wait("label", "No space left on device")
        self.driver.wait("label", "Make sure that the disk is not full")
        self.desktop.screenshot("window-disk-full")
        self.driver.click("button", "Cancel")
        self.device.run("umount", self.config)

    def test_11_restore_without_helper(self):
        service = os.path.join(self.device.folder, "services", "org.lightscale.Helper.service")
        os.rename(service, service + ".off")
        self.reload("--system")
        self.device.kill("lightscale-helper")
        self.press_until("label", "Restore your network?", "F10", "Return")
        self.driver.click("button", "_Restore")
        self.driver.wait("label", "The network could not be restored")
        self.driver.wait("label", "lightscale-helper --restore")
        self.desktop.screenshot("window-restore-failed")
        self.driver.click("button", "_Close")
        os.rename(service + ".off", service)
        self.reload("--system")

    def test_12_certificate(self):
        """Signed by nobody: trusted by its fingerprint; then it is another one."""
        url = f"https://{self.control.address}:8443"
        server, said = self.start_tls("first")
        self.open_assistant(url)
        self.driver.wait("label", "no authority that this computer knows has signed it")
        self.driver.wait("label", self.fingerprint("first"))
        self.desktop.screenshot("window-certificate")
        self.driver.click("button", "_Trust This Certificate")
        self.driver.wait("label", "with the certificate that you trust")
        self.driver.click("button", "I Have a Token")
        self.driver.type("Token", said["token"])
        self.driver.click("button", "_Join")
        self.driver.wait("label", "This device waits for approval")
        profile = wait_for("the profile", lambda: self.profile_of("demo"))
        self.assertEqual(profile.get("Options")["pins"], {url: self.fingerprint("first")})
        self.driver.click("button", "_Close")
        for pid, words in self.control.processes().items():
            if f"{self.control.folder}/first.crt" in words:
                os.kill(pid, signal.SIGTERM)
        server.wait(timeout=30)
        self.start_tls("second")
        self.driver.wait("label", "is another than the pinned one", 120)
        self.desktop.screenshot("window-certificate-changed")
        self.driver.click("button", "Check the Server")
        self.driver.click("button", "C_ontinue")
        self.driver.wait("label", self.fingerprint("second"))
        self.driver.click("button", "_Trust This Certificate")
        self.driver.wait_gone("label", "is another than the pinned one", 120)
        self.assertEqual(profile.get("Options")["pins"], {url: self.fingerprint("second")})
        self.assertTrue(profile.get("ControlReachable"))

    def fingerprint(self, name):
        text = self.control.output("openssl", "x509", "-in", f"{self.control.folder}/{name}.crt", "-noout",
                                   "-fingerprint", "-sha256")
        return text.strip().rsplit("=", 1)[1].replace(":", "").lower()

    def start_tls(self, name):
        """A control plane with a certificate that it signed itself: (process, what it said)."""
        base = f"{self.control.folder}/{name}"
        self.control.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                         "-nodes", "-days", "30", "-subj", "/CN=vpn.example", "-addext",
                         f"subjectAltName=IP:{self.control.address}", "-keyout", f"{base}.key", "-out", f"{base}.crt")
        with open(f"{base}.said", "wb") as said:
            server = self.control.spawn(
                os.path.join(self.lab.build, "src/demo/lightscale-control"), "--demo", "--listen",
                f"{self.control.address}:8443", "--state", f"{self.control.folder}/tls.json", "--cert", f"{base}.crt",
                "--key", f"{base}.key", log="tls.log", stdout=said)
        lines = wait_for("its address", lambda: "listening" in self.control.read_log(f"{name}.said")
                         and self.control.read_log(f"{name}.said").splitlines())
        return server, dict(line.split(" ", 1) for line in lines if " " in line)

    def test_13_quit_and_size(self):
        schemas = os.path.join(self.device.folder, "schemas")
        os.mkdir(schemas)
        shutil.copy(os.path.join(self.lab.source, SCHEMA), schemas)
        subprocess.run(["glib-compile-schemas", "--strict", schemas], check=True)
        self.restart_window({"GSETTINGS_SCHEMA_DIR": schemas, "GSETTINGS_BACKEND": "keyfile"})
        self.driver.wait("list item", "demo")
        self.resize(700, 500)
        self.activate_window()
        self.key("ctrl+q")
        wait_for("window and agent to end",
                 lambda: not self.device.find("lightscale") and not self.device.find("lightscale-agent"))
        self.desktop.open_window()
        self.driver.wait("list item", "demo")
        wait_for("the size that it had", lambda: "700x500" in self.geometry())

    def geometry(self):
        return self.device.output("xdotool", "search", "--onlyvisible", "--name", "^Lightscale$", "getwindowgeometry")

    def test_14_agent_of_the_system(self):
        self.device.kill("lightscale")
        self.device.spawn(self.device.program("lightscale"), "--system", log="window.log")
        self.driver.wait("label", "systemctl start lightscale-agent")
        self.desktop.screenshot("window-no-system-agent")
        self.device.start_agent()
        profile = self.device.agent().add_profile("home", [self.control.url])
        profile.register_with_token(self.token, "server")
        self.driver.wait("list item", "open")
        self.driver.click("", "Connect to this network")
        profile.wait_state("connected", timeout=120)
        self.activate_window()
        self.key("ctrl+q")
        wait_for("the window to end", lambda: not self.device.find("lightscale"))
        self.assertEqual(profile.get("State"), "connected")


if __name__ == "__main__":
    unittest.main(verbosity=2, failfast=True)
