# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo itself; scripts/demo installs and builds what it needs and starts it."""

import argparse
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, "tests"))

from gi.repository import GLib  # noqa: E402

from lab import Lab, wait_for  # noqa: E402
from lab.desktop import Desktop, display_plan  # noqa: E402
from lab.lab import Interrupted, interrupt  # noqa: E402
from lab.node import Failed  # noqa: E402
from lab.own import OwnMachine, has_installed_helper  # noqa: E402
from lab.traces import left_since, traces  # noqa: E402
from lab.world import PROFILE, RemoteWorld, World  # noqa: E402

# What goes wrong when something does not work; anything else is a mistake in here.
EXPECTED = (Failed, AssertionError, LookupError, OSError, GLib.Error)
RENAME_SECONDS = 2
WINDOW = "Lightscale"


def say(text):
    print(f"\n==> {text}", flush=True)


def check(truth, what):
    """Prints what was seen, or ends the demo."""
    if not truth:
        raise Failed(f"this did not work: {what}")
    print(f"    {what}", flush=True)


class Demo:
    """The steps, on a world (the other devices) and a device (this machine), which a setting arranges."""

    def __init__(self, setting, options):
        self.setting = setting
        self.world = setting.world
        self.options = options

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
        self.about = self.world.start()
        print(f"    lightscale-control listens on {self.about['url']}, network {self.about['network']}")
        self.others = [name for name, _, _ in self.about["devices"]]
        for name, address, overlay in self.about["devices"]:
            print(f"    {name} ({address}) has joined by token, approved by the operator: {overlay}")

    def start_this(self):
        say("This machine, " + self.setting.where)
        self.device = self.setting.start_device()
        self.desktop = Desktop(self.device, self.options.logs)
        self.desktop.start(virtual=self.options.xvfb or None)
        self.agent = self.desktop.start_agent()
        check(self.agent.manager("SecretStorage") == "keyring", "the agent runs; keys go to the Secret Service")

    def join(self):
        say("Asking for approval")
        options = {name: GLib.Variant("q", value) for name, value in self.setting.options.items()}
        self.profile = self.agent.add_profile(PROFILE, [self.about["url"]], options)
        link = self.profile.register_with_approval(self.about["network"], self.device.name)
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
        print("\n    $ lightscalectl peers")
        print("".join(f"    {line}\n" for line in self.desktop.ctl("peers").stdout.splitlines()), end="")

    def ping(self, name, address):
        wait_for(f"{name} at {address}", lambda: self.device.ping(address), timeout=60)
        output = self.device.ping_output("-c", "3", "-i", "0.2", address)
        check(" 0% packet loss" in output, f"ping {name} ({address}): {output.splitlines()[-1]}")

    def show_handshakes(self, interface, peers):
        for who, when in self.setting.handshakes(interface, self.profile.get("PublicKey"), peers).items():
            check(when, f"wg: handshake with {who} {time.time() - when:.0f} s ago")

    def show_window(self):
        say("The window" + (" and the tray, under Xvfb" if self.desktop.virtual else " on your display"))
        if self.desktop.virtual:
            self.desktop.start_panel()
        self.window = self.desktop.open_window()
        self.desktop.watch_name("Connected", timeout=60).seen()
        check(True, "the window says Connected")
        if self.desktop.virtual:
            print(f"    {self.desktop.screenshot('window-overview', WINDOW)}")
        self.desktop.accessible("click", "page tab", "Devices")
        self.desktop.watch_name(self.others[0], timeout=60, within="Devices").seen()
        check(True, f"it shows {self.others[0]}")
        self.rename()
        if self.desktop.virtual:
            self.screenshots()

    def rename(self):
        peer = self.profile.peers()[self.others[0]]
        name = f"{self.others[0]}-renamed"
        watch = self.desktop.watch_name(name, within="Devices")
        begin = time.monotonic()
        self.world.rename(peer["id"], name)
        seconds = watch.seen() - begin
        check(seconds <= RENAME_SECONDS, f"renamed on the server to {name}: in the window after {seconds:.1f} s")

    def screenshots(self):
        print(f"    {self.desktop.screenshot('window', WINDOW)}")
        self.desktop.open_tray_menu()
        print(f"    {self.desktop.screenshot('tray-menu', crop='640x300+0+0')}")
        self.device.run("xdotool", "key", "Escape")

    def stay(self):
        if self.desktop.virtual:
            say("Everything runs. Ctrl+C ends it and takes everything away again.")
            while True:
                time.sleep(3600)
        say("Close the window or press Ctrl+C: that takes everything away again.")
        self.window.wait()


class Laboratory:
    """For root: this machine is a device of the lab too, in namespaces or (--here) in the machine's network."""

    options = {}

    def __init__(self, options):
        self.here = options.here
        self.xvfb = options.xvfb
        self.where = "in its own network" if options.here else "in a network of its own"
        self.lab = Lab(options.build, TOP, logs=os.path.join(options.logs, "logs"))
        self.world = World(self.lab)

    def __enter__(self):
        self.lab.__enter__()
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, EXPECTED):
            self.lab.print_logs()
        self.lab.close()

    def start_device(self):
        return self.lab.add_device("laptop", here=self.here, **({"display": True} if self.xvfb else display_plan()))

    def handshakes(self, interface, key, peers):
        """{whom with: Unix seconds or 0}, read with `wg` on this machine."""
        shaken = self.lab.nodes[-1].handshakes(interface)
        return {name: shaken.get(peer["public-key"], 0) for name, peer in peers.items()}

    def remains(self):
        return {f"process: {pid}" for pid in self.lab.remains()}


class Installed:
    """For a normal user: this machine as it is, with its installed helper."""

    where = "with the helper that is installed on it"

    def __init__(self, options):
        self.build = options.build
        self.options = {"listen-port": free_port()}
        self.world = RemoteWorld(options.build, TOP, os.path.join(options.logs, "logs"),
                                 self.options["listen-port"])
        self.device = None

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="lightscale-demo-")
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, interrupt)
        return self

    def __exit__(self, kind, error, trace):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        if self.device:
            self.device.disconnect(PROFILE)
            self.device.close()
        self.world.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start_device(self):
        self.device = OwnMachine("laptop", self.folder, self.build)
        return self.device

    def handshakes(self, interface, key, peers):
        """Read with `wg` on the other side: here only root may."""
        return {f"{name} (read there)": when for name, when in self.world.handshakes_with(key).items()}

    def remains(self):
        return set()


def free_port():
    """A UDP port that nothing uses here."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("0.0.0.0", 0))
        return probe.getsockname()[1]


def arrange(options):
    """The setting for who runs this, or an explanation."""
    if os.geteuid() == 0:
        return Laboratory(options)
    if has_installed_helper():
        return Installed(options)
    raise Failed("a normal user needs an installed helper (meson install); or run this as root, which needs nothing")


def run(options):
    """Runs the demo; returns the exit status and what could not be taken away."""
    before = traces()
    try:
        setting = arrange(options)
        status = run_in(setting, options)
    except EXPECTED as error:
        print(f"\ndemo: {error}", file=sys.stderr)
        return 1, set()
    return status, setting.remains() | left_since(before)


def run_in(setting, options):
    try:
        with setting:
            Demo(setting, options).run()
        return 0
    except Interrupted as number:
        print(f"\n{number}: everything is taken away again.")
        return 0 if str(number) == "SIGINT" and not options.once else 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--logs", help="where logs and screenshots go (default: BUILD/demo)")
    for name in ("once", "here", "xvfb"):
        parser.add_argument(f"--{name}", action="store_true")
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    options.logs = options.logs or os.path.join(options.build, "demo")
    status, left = run(options)
    for trace in sorted(left):
        print(f"demo: left behind: {trace}", file=sys.stderr)
    if not left:
        print("\nNothing is left behind: no interface, rule, namespace or process.")
    return 1 if left else status


sys.exit(main())
