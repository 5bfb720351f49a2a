# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""An agent on private buses, with the real control plane, for tests of its D-Bus interface."""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request

import gi

gi.require_version("Gio", "2.0")
from gi.repository import Gio, GLib  # noqa: E402

BUILD = os.environ["LS_TEST_BUILD_ROOT"]
AGENT = os.path.join(BUILD, "src/agent/lightscale-agent")
CONTROL = os.path.join(BUILD, "src/demo/lightscale-control")
CTL = os.path.join(BUILD, "src/ctl/lightscalectl")

NAME = "org.lightscale.Lightscale.Agent"
ROOT = "/org/lightscale/Agent"
MANAGER = "org.lightscale.Agent1.Manager"
PROFILE = "org.lightscale.Agent1.Profile"
ERRORS = "org.lightscale.Error."

BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>{type}</type><listen>unix:path={path}</listen>{services}
<policy context="default"><allow send_destination="*" eavesdrop="false"/><allow eavesdrop="false"/>
<allow own="*"/><allow user="*"/></policy></busconfig>
"""


class Failed(Exception):
    """A D-Bus error: its name without the common part, and its message."""

    def __init__(self, error):
        remote = Gio.DBusError.get_remote_error(error) or ""
        self.code = remote.removeprefix(ERRORS)
        self.message = error.message.removeprefix(f"GDBus.Error:{remote}: ")
        super().__init__(f"{self.code}: {self.message}")


def wait_for(what, condition, timeout=20):
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(0.05)


PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def die_with_parent():
    """A test that is killed leaves no program behind."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """A program with its output in a file."""

    def __init__(self, arguments, log, env=None):
        self.log = log
        with open(log, "ab") as output:
            self.popen = subprocess.Popen(arguments, stdout=output, stderr=subprocess.STDOUT,
                                          stdin=subprocess.DEVNULL, env=env, start_new_session=True,
                                          preexec_fn=die_with_parent)

    def wait_started(self, what, condition):
        """Waits until it serves; one that does not is ended."""
        try:
            return wait_for(what, condition)
        except BaseException:
            self.end(signal.SIGKILL)
            raise

    def output(self):
        with open(self.log, encoding="utf-8", errors="replace") as output:
            return output.read()

    def end(self, how=signal.SIGTERM, timeout=20):
        if self.popen.poll() is None:
            self.popen.send_signal(how)
        try:
            return self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
            raise AssertionError(f"{self.popen.args[0]} did not end: {self.output()[-2000:]}") from None


class Bus(Process):
    def __init__(self, folder, kind, services=""):
        self.path = os.path.join(folder, f"{kind}.bus")
        config = self.path + ".conf"
        with open(config, "w", encoding="utf-8") as output:
            output.write(BUS_CONFIG.format(type=kind, path=self.path, services=services))
        # Services that the bus starts inherit its environment: nothing of the one who runs the test.
        env = {"PATH": os.environ["PATH"], "HOME": folder, "XDG_DATA_HOME": folder, "XDG_RUNTIME_DIR": folder}
        super().__init__(["dbus-daemon", f"--config-file={config}", "--nofork", "--nosyslog"],
                         self.path + ".log", env=env)
        self.address = f"unix:path={self.path}"
        self.wait_started(f"{kind} bus", self.answers)

    def answers(self):
        try:
            self.connect().close_sync(None)
        except GLib.Error:
            return False
        return True

    def connect(self):
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        return Gio.DBusConnection.new_for_address_sync(self.address, flags, None, None)


class Control(Process):
    """lightscale-control --demo."""

    def __init__(self, folder, listen="127.0.0.1:0", *more):
        self.folder = folder
        super().__init__([CONTROL, "--listen", listen, "--demo", "--state", os.path.join(folder, "control.json"),
                          *more], os.path.join(folder, "control.log"))
        self.url = self.wait_started("control plane", lambda: self.word("listening on"))
        self.network = self.wait_started("network", lambda: self.word("network"))
        self.admin_token = self.wait_started("admin token", lambda: self.word("admin-token"))
        # The demo's own network asks for approval of every device; tokens of this one need none.
        created = self.call("POST", "/v1/networks", {
            "name": "open", "requires_approval": False, "bootstrap_token_ttl_seconds": 3600,
            "bootstrap_token_uses": 100, "bootstrap_token_tags": []})
        self.open_network = created["network"]["id"]
        self.token = created["bootstrap_token"]["token"]

    def word(self, first):
        for line in reversed(self.output().splitlines()):
            if line.startswith(first + " "):
                return line[len(first) + 1:].split()[0]
        return None

    def call(self, method, path, body=None, token=None):
        request = urllib.request.Request(self.url + path, method=method,
                                         data=None if body is None else json.dumps(body).encode())
        request.add_header("Authorization", "Bearer " + (token or self.admin_token))
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=20) as answer:
            text = answer.read()
        return json.loads(text) if text else None


class Profile:
    def __init__(self, agent, path):
        self.agent = agent
        self.path = path

    def call(self, method, signature=None, *values, timeout=60):
        return self.agent.call(self.path, PROFILE, method, signature, *values, timeout=timeout)

    def get(self, name):
        return self.agent.get(self.path, PROFILE, name)

    def join_by_token(self, token, name, connect=False):
        self.call("RegisterWithToken", "(ssb)", token, name, connect)

    def join_by_link(self, network, name, connect=False, ttl=0):
        self.call("RegisterWithApproval", "(sstb)", network, name, ttl, connect)

    def wait_state(self, state, timeout=30):
        try:
            wait_for(f"state {state}", lambda: self.get("State") == state, timeout)
        except AssertionError:
            raise AssertionError(f"state is {self.get('State')}, not {state}; problem {self.get('Problem')}; "
                                 f"log: {self.agent.process.output()[-3000:]}") from None

    def wait_problem(self, text, timeout=30):
        try:
            wait_for(f"problem with “{text}”", lambda: text in self.get("Problem")[0], timeout)
        except AssertionError:
            raise AssertionError(f"problem is {self.get('Problem')}, expected “{text}”; "
                                 f"log: {self.agent.process.output()[-3000:]}") from None
        return self.get("Problem")


class Agent:
    """lightscale-agent on a bus of its own."""

    def __init__(self, folder, system=False, secrets="file", session_services="", system_bus=None):
        self.folder = folder
        self.state = os.path.join(folder, "state")
        self.system = system
        self.secrets = secrets
        self.session_bus = Bus(folder, "session", session_services)
        self.own_system_bus = None if system_bus else Bus(folder, "system")
        self.system_bus = system_bus or self.own_system_bus
        self.connection = (self.system_bus if system else self.session_bus).connect()
        self.process = None

    def environment(self):
        env = {key: value for key, value in os.environ.items() if not key.startswith(("XDG_", "DBUS_"))}
        env.update(DBUS_SESSION_BUS_ADDRESS=self.session_bus.address, DBUS_SYSTEM_BUS_ADDRESS=self.system_bus.address,
                   HOME=self.folder, XDG_CONFIG_HOME=os.path.join(self.folder, "config"),
                   G_DEBUG="fatal-criticals", NO_AT_BRIDGE="1", LC_ALL="C.UTF-8", LANGUAGE="en")
        return env

    def start(self, *more):
        arguments = [AGENT, "--state-dir", self.state, "--no-tray", *more]
        if self.secrets:
            arguments.append("--secrets=" + self.secrets)
        if self.system:
            arguments.append("--system")
        self.process = Process(arguments, os.path.join(self.folder, "agent.log"), self.environment())
        wait_for("agent's name", self.is_there)
        return self

    def is_there(self):
        if self.process.popen.poll() is not None:
            raise AssertionError("the agent ended: " + self.process.output()[-3000:])
        reply = self.connection.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                          "NameHasOwner", GLib.Variant("(s)", (NAME,)), None, 0, 10000, None)
        return reply.unpack()[0]

    def stop(self, how=signal.SIGTERM):
        status = self.process.end(how)
        expected = 0 if how == signal.SIGTERM else -how
        if status != expected:
            raise AssertionError(f"the agent ended with {status}: {self.process.output()[-3000:]}")

    def close(self):
        try:
            if self.process and self.process.popen.poll() is None:
                self.stop()
        finally:
            self.connection.close_sync(None)
            self.session_bus.end()
            if self.own_system_bus:
                self.own_system_bus.end()

    def call(self, path, interface, method, signature=None, *values, timeout=60):
        parameters = GLib.Variant(signature, values) if signature else None
        try:
            reply = self.connection.call_sync(NAME, path, interface, method, parameters, None, 0, timeout * 1000, None)
        except GLib.Error as error:
            raise Failed(error) from None
        result = reply.unpack()
        return result[0] if len(result) == 1 else result

    def get(self, path, interface, name):
        return self.call(path, "org.freedesktop.DBus.Properties", "Get", "(ss)", interface, name)

    def manager(self, method, signature=None, *values):
        return self.call(ROOT, MANAGER, method, signature, *values)

    def manager_get(self, name):
        return self.get(ROOT, MANAGER, name)

    def notices(self):
        return {notice[0]: notice[1:] for notice in self.manager_get("Notices")}

    def ctl(self, *arguments, text=None):
        """What lightscalectl says, on both outputs, and its exit status."""
        ended = subprocess.run([CTL, *arguments], env=self.environment(), input=text or "", capture_output=True,
                               text=True, check=False, timeout=120)
        return ended.stdout + ended.stderr, ended.returncode

    def add_profile(self, name, urls, **options):
        return Profile(self, self.manager("AddProfile", "(sasa{sv})", name, urls, options))

    def profile(self, name):
        for path, interfaces in self.call(ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects").items():
            if interfaces.get(PROFILE, {}).get("Name") == name:
                return Profile(self, path)
        raise AssertionError(f"no profile {name}")


class Lab:
    """A temporary folder with agents and a control plane, all ended and removed on exit."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="ls-agent-")
        self.parts = []
        return self

    def __exit__(self, kind, value, traceback):
        problems = []
        for part in reversed(self.parts):
            try:
                part.close() if isinstance(part, Agent) else part.end()
            except AssertionError as error:
                problems.append(str(error))
        shutil.rmtree(self.folder, ignore_errors=True)
        if problems and kind is None:
            raise AssertionError("; ".join(problems))

    def subfolder(self, name):
        path = os.path.join(self.folder, name)
        os.makedirs(path, exist_ok=True)
        return path

    def add(self, part):
        self.parts.append(part)
        return part

    def add_agent(self, name="agent", **options):
        return self.add(Agent(self.subfolder(name), **options))

    def add_control(self, *more):
        return self.add(Control(self.subfolder("control"), "127.0.0.1:0", *more))
