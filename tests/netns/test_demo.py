#!/usr/bin/python3
# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""scripts/demo: works by itself, and takes everything away, also when it is interrupted anywhere."""

import os
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from lab import Lab  # noqa: E402
from lab.traces import left_since, traces  # noqa: E402

BUILD, SOURCE = os.environ["LS_TEST_BUILD_ROOT"], os.environ["LS_TEST_SOURCE_ROOT"]
USER = 64321
RULE = f"""
polkit.addRule (function (action, subject) {{
  if (subject.user == "lightscale-tester" && action.id.indexOf ("org.lightscale.helper.tunnel.") == 0)
    return polkit.Result.YES;
}});
"""


def demo(source, build):
    """The command line of what scripts/demo starts once everything is built."""
    program = os.path.join(source, "scripts", "demo.py")
    return ["/usr/bin/python3", program, "--build", build, "--once", "--xvfb"]


def lab_folders():
    return {name for name in os.listdir(tempfile.gettempdir()) if name.startswith(("lightscale-lab-", "lightscale-demo-"))}


class Demo(unittest.TestCase):
    def setUp(self):
        self.before = traces()

    def start(self, *options):
        return subprocess.Popen([*demo(SOURCE, BUILD), *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, start_new_session=True)

    def assert_nothing_left(self, process, output):
        self.assertEqual(left_since(self.before), set(), output)
        self.assertNotIn("demo: left behind:", output)
        self.assertEqual([name for name in lab_folders() if f"-{process.pid}-" in name], [])

    def assert_works(self, *options):
        process = self.start(*options)
        output = process.communicate(timeout=400)[0]
        self.assertEqual(process.returncode, 0, output)
        self.assertIn("no answer, as it should be", output)
        self.assertIn("wg: handshake with", output)
        for name in ("window.png", "tray-menu.png"):
            self.assertGreater(os.path.getsize(os.path.join(BUILD, "demo", name)), 5000)
        self.assert_nothing_left(process, output)

    def test_once(self):
        self.assert_works()

    def test_here(self):
        self.assert_works("--here")

    def test_interrupted(self):
        for number, options, line in ((signal.SIGINT, ["--here"], "handshake with"), (signal.SIGTERM, [], "Connecting"),
                                      (signal.SIGINT, [], "A control plane")):
            with self.subTest(f"{number.name} at {line}"):
                process = self.start(*options)
                output = read_until(process, line)
                process.send_signal(number)
                output += process.communicate(timeout=60)[0]
                self.assertIn("everything is taken away", output)
                self.assert_nothing_left(process, output)

    def test_normal_user(self):
        """A machine of its own, with a helper installed on its system bus and a user who may use it."""
        with Lab(BUILD, SOURCE) as lab, tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            home = os.path.join(folder, "home")
            os.mkdir(home)
            os.chown(home, USER, USER)
            rule = write(folder, "49-lightscale-tester.rules", RULE)
            bind = {**accounts(folder), **trees(folder)}
            machine = lab.add_device("machine", bind=bind, files={"/etc/polkit-1/rules.d": [rule]})
            result = machine.run(
                "setpriv", "--reuid", str(USER), "--regid", str(USER), "--clear-groups", "--",
                *demo(os.path.join(folder, "source"), os.path.join(folder, "build")), "--logs", home, check=False, timeout=400, env={"HOME": home})
            output = result.stdout + result.stderr
            if result.returncode != 0:
                lab.print_logs()
            self.assertEqual(result.returncode, 0, output)
            self.assertIn("the helper that is installed", output)
            self.assertNotIn("ls-demo", machine.output("ip", "link"))


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def accounts(folder):
    """{path: file} of account files with one user more."""
    lines = {"/etc/passwd": f"lightscale-tester:x:{USER}:{USER}::/nonexistent:/bin/sh\n",
             "/etc/group": f"lightscale-tester:x:{USER}:\n",
             "/etc/subuid": "lightscale-tester:300000:65536\n", "/etc/subgid": "lightscale-tester:300000:65536\n"}
    files = {}
    for path, line in lines.items():
        with open(path, encoding="utf-8") as file:
            files[path] = write(folder, os.path.basename(path), file.read() + line)
    return files


def trees(folder):
    """{path: tree}: source and build where every user may read them."""
    result = {os.path.join(folder, "source"): SOURCE, os.path.join(folder, "build"): BUILD}
    for path in result:
        os.mkdir(path)
    return result


def read_until(process, text, seconds=200):
    """What the process writes up to a line with this text."""
    output, deadline = "", time.monotonic() + seconds
    while text not in output:
        ready, _, _ = select.select([process.stdout], [], [], max(0, deadline - time.monotonic()))
        line = process.stdout.readline() if ready else ""
        if not line:
            raise AssertionError(f"{text!r} did not come: {output}")
        output += line
    return output


if __name__ == "__main__":
    unittest.main(verbosity=2)
