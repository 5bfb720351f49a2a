# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo itself; scripts/demo installs and builds what it needs and starts it."""

import argparse
import json
import os
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, "tests"))

from gi.repository import GLib  # noqa: E402

from lab import Lab, wait_for  # noqa: E402
from lab.desktop import Desktop, display_plan  # noqa: E402
from lab.lab import Interrupted  # noqa: E402
from lab.node import Failed  # noqa: E402
from lab.traces import traces  # noqa: E402

PROFILE = "demo"
RENAME_SECONDS = 2


def say(text):
    print(f"\n==> {text}", flush=True)


def check(truth, what):
    """Prints what was seen, or ends the demo."""
    if not truth:
        raise Failed(f"this did not work: {what}")
    print(f"    {what}", flush=True)


class Demo:
    def __init__(self, lab, options):
        self.lab = lab
        self.options = options
        self.shots = os.path.join(options.build, "demo")

    def run(self):
        self.start_others()
        self.start_this()
        self.join()
        self.connect()
        self.show_window()
        if not self.options.once:
            self.stay()

    def start_others(self):
        say("A control plane and two more devices, one of them behind a NAT")
        control = self.lab.add_control_plane()
        print(f"    lightscale-control listens on {control.url}, network {control.network}")
        self.others = [self.lab.add_device("workshop"), self.lab.add_device("homeserver", nat=True)]
        for device in self.others:
            device.start_agent()
            profile = device.agent().add_profile(PROFILE, [control.url])
            profile.register_with_token(control.token, device.name)
            profile.connect()
            print(f"    {device.name} ({device.address}) has joined by token: {profile.get('Ipv4')}")

    def start_this(self):
        say("This machine" + (" in its own network" if self.options.here else " in a network of its own"))
        plan = {"display": True} if self.options.xvfb else display_plan()
        self.device = self.lab.add_device("laptop", here=self.options.here, **plan)
        self.desktop = Desktop(self.device, self.shots)
        self.desktop.start(virtual=self.options.xvfb or None)
        self.agent = self.desktop.start_agent()
        check(self.agent.manager("SecretStorage") == "keyring", "the agent runs; keys go to the Secret Service")

    def join(self):
        control = self.lab.control
        say("Asking for approval")
        self.profile = self.agent.add_profile(PROFILE, [control.url])
        link = self.profile.register_with_approval(control.network, self.device.name)
        print(f"    approval link: {link}")
        check(self.profile.get("State") == "waiting-for-approval", "the device waits for approval")
        answer = json.loads(self.device.output("curl", "-sS", "--fail", "--noproxy", "*", link))
        check(answer["approved"], "the link was opened: GET answered approved")
        self.profile.wait_state("ready")
        check(True, f"the device is ready: {self.profile.get('Ipv4')}, {self.profile.get('Ipv6')}")

    def connect(self):
        wait_for("the other devices in the list", lambda: len(self.profile.peers()) == len(self.others))
        peers = self.profile.peers()
        say("Tunnel down")
        for name, peer in peers.items():
            check(not self.device.ping(peer["ipv4"], wait=1), f"ping {name} ({peer['ipv4']}): no answer, as it should be")
        say("Connecting")
        self.profile.connect()
        self.profile.wait_state("connected")
        interface = self.profile.get("Interface")
        check(True, f"connected: {interface}, backend {self.profile.get('Backend')}")
        for name, peer in peers.items():
            for address in (peer["ipv4"], peer["ipv6"]):
                self.ping(name, address)
        self.show_handshakes(interface, peers)

    def ping(self, name, address):
        wait_for(f"{name} at {address}", lambda: self.device.ping(address), timeout=60)
        result = self.device.run("ping", "-n", "-c", "3", "-i", "0.2", address)
        check(" 0% packet loss" in result.stdout, f"ping {name} ({address}): {result.stdout.splitlines()[-1]}")

    def show_handshakes(self, interface, peers):
        shaken = self.device.handshakes(interface)
        endpoints = dict(line.split("\t") for line in self.device.output("wg", "show", interface, "endpoints").splitlines())
        for name, peer in peers.items():
            key = peer["public-key"]
            age = time.time() - shaken.get(key, 0)
            check(shaken.get(key), f"wg: handshake with {name} at {endpoints[key]} {age:.0f} s ago")

    def show_window(self):
        say("The window" + (" and the tray, under Xvfb" if self.desktop.virtual else " on your display"))
        if self.desktop.virtual:
            self.desktop.start_panel()
        self.window = self.desktop.open_window()
        self.desktop.watch_name(self.others[0].name, timeout=60).seen()
        check(True, f"the window shows {self.others[0].name}")
        self.rename()
        if self.desktop.virtual:
            self.screenshots()

    def rename(self):
        peer = self.profile.peers()[self.others[0].name]
        name = f"{self.others[0].name}-renamed"
        watch = self.desktop.watch_name(name)
        control = self.lab.control
        begin = time.monotonic()
        self.lab.fetch(f"{control.url}/v1/admin/nodes/{peer['id']}", "PUT", json.dumps({"name": name}), control.admin_token)
        seconds = watch.seen() - begin
        check(seconds <= RENAME_SECONDS, f"renamed on the server to {name}: in the window after {seconds:.1f} s")

    def screenshots(self):
        print(f"    {self.desktop.screenshot('window')}")
        self.desktop.click(16, 15, button=3)
        wait_for("tray menu", self.menu_is_open)
        print(f"    {self.desktop.screenshot('tray-menu')}")
        self.device.run("xdotool", "key", "Escape")

    def menu_is_open(self):
        found = self.device.run("xdotool", "search", "--onlyvisible", "--class", "wrapper-2.0", check=False).stdout
        return len(found.split()) > 1

    def stay(self):
        if self.desktop.virtual:
            say("Everything runs. Ctrl+C ends it and takes everything away again.")
            while True:
                time.sleep(3600)
        say("Close the window or press Ctrl+C: that takes everything away again.")
        self.window.wait()


def run(options):
    """Runs the demo; returns the exit status and what could not be taken away."""
    lab = Lab(options.build, TOP, logs=os.path.join(options.build, "demo", "logs"))
    before = traces()
    status = run_in(lab, options)
    left = {f"process: {pid}" for pid in lab.remains()} | (traces() - before)
    return status, left


def run_in(lab, options):
    try:
        with lab:
            try:
                Demo(lab, options).run()
            except (Failed, AssertionError, LookupError, OSError, GLib.Error):
                lab.print_logs()
                raise
        return 0
    except Interrupted as signal:
        print(f"\n{signal}: everything is taken away again.")
        return 0 if str(signal) == "SIGINT" and not options.once else 1
    except (Failed, AssertionError, LookupError, OSError, GLib.Error) as error:
        print(f"\ndemo: {error}", file=sys.stderr)
        return 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    for name in ("once", "here", "xvfb"):
        parser.add_argument(f"--{name}", action="store_true")
    options = parser.parse_args()
    status, left = run(options)
    for trace in sorted(left):
        print(f"demo: left behind: {trace}", file=sys.stderr)
    if not left:
        print("\nNothing is left behind: no interface, rule, namespace or process.")
    return 1 if left else status


sys.exit(main())
