#!/usr/bin/python3
# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""In the virtual machine: what is installed works as units of systemd, each in its sandbox, for those who may.

  test_units.py ROOT    ROOT: where the build was installed to
"""

import glob
import json
import os
import subprocess
import sys
import time
import unittest

ROOT = sys.argv.pop()
UNIT = "lightscale-agent.service"
HELPER_UNIT = "lightscale-helper.service"
URL = "http://127.0.0.1:8080"
MEMBER, STRANGER = "lstestmember", "lsteststranger"
NOT_AUTHORIZED = 5
PATIENCE = 180


def run(*command, check=True, input_text=""):
    result = subprocess.run(command, input=input_text, capture_output=True, text=True, timeout=PATIENCE * 2)
    if check and result.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: {result.returncode}\n{result.stdout}{result.stderr}")
    return result


def wait_for(what, condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {PATIENCE} s\n{run('journalctl', '-n60', check=False).stdout}")
        time.sleep(0.3)


def unit(prop, name=UNIT):
    return run("systemctl", "show", "-P", prop, name).stdout.strip()


def install():
    """As a package with the prefix /usr would: what the system looks for only there is linked there."""
    prefix = "/usr/local"
    subprocess.run(["cp", "-a", f"{ROOT}{prefix}/.", f"{prefix}/"], check=True)
    for place in ("dbus-1/system.d", "polkit-1/actions"):
        for file in glob.glob(f"{prefix}/share/{place}/*"):
            os.symlink(file, f"/usr/share/{place}/{os.path.basename(file)}")
    run("systemd-sysusers", *glob.glob(f"{prefix}/lib/sysusers.d/*.conf"))
    run("useradd", "--no-create-home", "--groups", "lightscale", MEMBER)
    run("useradd", "--no-create-home", STRANGER)
    run("systemd-tmpfiles", "--create", *glob.glob(f"{prefix}/lib/tmpfiles.d/*.conf"))
    run("systemctl", "daemon-reload")
    run("systemctl", "reload", "dbus")


class Units(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        install()
        cls.said = open("/run/control.said", "w+", encoding="utf-8")
        cls.control = subprocess.Popen(["lightscale-control", "--demo", "--listen", "127.0.0.1:8080", "--state",
                                        "/run/control.json"], stdin=subprocess.DEVNULL, stdout=cls.said)
        wait_for("the control plane", lambda: "admin-token " in cls.read_said())
        cls.network = dict(line.split(" ", 1) for line in cls.read_said().splitlines())["network"]

    @classmethod
    def tearDownClass(cls):
        cls.control.terminate()
        cls.control.wait()
        cls.said.close()

    @classmethod
    def read_said(cls):
        with open("/run/control.said", encoding="utf-8") as said:
            return said.read()

    def ctl(self, *arguments, user=None, check=True):
        command = ["lightscalectl", "--system", *arguments]
        if user:
            command = ["setpriv", "--reuid", user, "--regid", user, "--init-groups", *command]
        return run(*command, check=check)

    def state(self):
        return json.loads(self.ctl("status", "home", "--json").stdout)["state"]

    def test_1_the_bus_starts_it(self):
        self.assertEqual(unit("ActiveState"), "inactive")
        self.assertIn("There is no network yet", self.ctl("status").stdout)
        self.assertEqual(unit("ActiveState"), "active")
        self.assertEqual(unit("NRestarts"), "0")

    def test_2_joins_and_connects(self):
        self.ctl("join", "home", "--server", URL, "--network", self.network, "--name", "box", "--approve-now", "--wait")
        self.ctl("up", "home", "--wait", "--timeout", str(PATIENCE))
        self.assertEqual(self.state(), "connected")
        self.assertEqual(unit("ActiveState", HELPER_UNIT), "active")
        self.assertIn("ls-home", run("ip", "-o", "link").stdout)

    def test_3_keys_are_its_own(self):
        folder = "/var/lib/lightscale-agent"
        self.assertEqual(os.stat(folder).st_mode & 0o777, 0o700)
        for place, _, files in os.walk(folder):
            for file in files:
                self.assertEqual(os.stat(os.path.join(place, file)).st_mode & 0o077, 0, file)

    def test_4_who_may(self):
        self.assertIn("home", self.ctl("profiles", user=MEMBER).stdout)
        self.ctl("refresh", "home", user=MEMBER)
        result = self.ctl("profiles", user=STRANGER, check=False)
        self.assertEqual(result.returncode, NOT_AUTHORIZED, result.stdout + result.stderr)

    def test_5_starts_again_as_it_was(self):
        run("systemctl", "restart", UNIT)
        wait_for("connected again", lambda: self.state() == "connected")

    def test_6_ends(self):
        self.ctl("quit")
        wait_for("the unit ended", lambda: unit("ActiveState") == "inactive")
        self.assertEqual(unit("Result"), "success")
        self.assertNotIn("ls-home", run("ip", "-o", "link").stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
