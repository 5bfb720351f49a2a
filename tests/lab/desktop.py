# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A desktop session on a device: session bus, keyring, display (or Xvfb with a window manager and a panel)."""

import json
import os
import select
import shutil
import subprocess
import time

from .agent import BUS_NAME, Agent
from .bus import answers
from .device import STRICT
from .node import Failed
from .waiting import wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
WATCHER = "org.kde.StatusNotifierWatcher"

SESSION_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{services}</servicedir>
  <standard_session_servicedirs/>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
    <allow user="*"/>
  </policy>
</busconfig>
"""


def display_plan():
    """What a Device needs (keep=, display=) so that this machine's display, if there is one, can be used in it."""
    wayland, runtime = os.environ.get("WAYLAND_DISPLAY"), os.environ.get("XDG_RUNTIME_DIR", "")
    if wayland:
        socket = os.path.join(runtime, wayland)
        if os.path.exists(socket):
            return {"keep": {"/run/user/0/wayland-0": socket}}
    if os.environ.get("DISPLAY"):
        return {}
    return {"display": True}


class Desktop:
    """One session on a device. `shots` is the folder for screenshots."""

    def __init__(self, device, shots):
        self.device = device
        self.shots = shots
        self.folder = os.path.join(device.folder, "session")
        self.socket = os.path.join(self.folder, "bus")
        self.virtual = False
        os.makedirs(os.path.join(self.folder, "services"))
        self.env = {
            "HOME": self.folder,
            "XDG_CONFIG_HOME": os.path.join(self.folder, "config"),
            "XDG_CACHE_HOME": os.path.join(self.folder, "cache"),
            "XDG_DATA_HOME": os.path.join(self.folder, "data"),
            "XDG_STATE_HOME": os.path.join(self.folder, "state"),
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={self.socket}",
            "GTK_A11Y": "atspi",
            "GSETTINGS_BACKEND": "memory",
            "LC_ALL": "C.UTF-8",
        }
        device.env.update(self.env)

    def start(self, virtual=None):
        """Starts display, bus and keyring. virtual: True for Xvfb; by default where there is no display."""
        has_display = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
        self.virtual = not has_display if virtual is None else virtual
        if self.virtual:
            self._start_xvfb()
        else:
            self._use_display()
        self._start_bus()
        self.start_keyring()

    def _set(self, **values):
        self.env.update(values)
        self.device.env.update(values)

    def _start_xvfb(self):
        read, write = os.pipe()
        self.device.spawn("Xvfb", "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-nolock", "-noreset",
                          "-displayfd", str(write), log="xvfb.log", pass_fds=[write])
        os.close(write)
        with os.fdopen(read) as answer:
            ready, _, _ = select.select([answer], [], [], 30)
            number = answer.readline().strip() if ready else ""
        if not number:
            raise Failed(f"Xvfb: {self.device.read_log('xvfb.log')}")
        self._set(DISPLAY=f":{number}", GDK_BACKEND="x11", GSK_RENDERER="cairo")

    def _use_display(self):
        wayland, runtime = os.environ.get("WAYLAND_DISPLAY"), os.environ.get("XDG_RUNTIME_DIR", "")
        if self.device.rootless and wayland:
            self._set(WAYLAND_DISPLAY=os.path.join(runtime, wayland))
        elif os.path.exists(self.device.outside("/run/user/0/wayland-0")):
            self._set(WAYLAND_DISPLAY="wayland-0")
        if os.environ.get("DISPLAY"):
            self._set(DISPLAY=os.environ["DISPLAY"])
        authority = os.environ.get("XAUTHORITY", os.path.expanduser("~/.Xauthority"))
        if os.path.exists(authority):
            copy = os.path.join(self.folder, "xauthority")
            shutil.copy(authority, copy)
            self._set(XAUTHORITY=copy)

    def _start_bus(self):
        services = os.path.join(self.folder, "services")
        agent = self.device.program("lightscale-agent")
        with open(os.path.join(services, f"{BUS_NAME}.service"), "w", encoding="utf-8") as file:
            file.write(f"[D-BUS Service]\nName={BUS_NAME}\nExec=/usr/bin/env {STRICT} {agent}\n")
        config = os.path.join(self.folder, "session-bus.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(SESSION_CONFIG.format(socket=self.socket, services=services))
        self.device.spawn("dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile", log="session-bus.log")
        wait_for("session bus", lambda: answers(self.socket))

    def start_keyring(self):
        self.device.spawn("sh", "-c", "printf '\\n' | exec gnome-keyring-daemon --unlock --components=secrets "
                          "--foreground", log="keyring.log")
        wait_for("Secret Service", lambda: self.has_name("org.freedesktop.secrets"))

    def has_name(self, name):
        result = self.device.run("dbus-send", "--session", "--print-reply=literal", "--dest=org.freedesktop.DBus",
                                 "/", "org.freedesktop.DBus.NameHasOwner", f"string:{name}", check=False)
        return "true" in result.stdout

    def start_panel(self):
        """Starts a window manager and xfce4-panel with its tray, and waits for the tray."""
        settings = os.path.join(self.env["XDG_CONFIG_HOME"], "xfce4/xfconf/xfce-perchannel-xml")
        os.makedirs(settings)
        shutil.copy(os.path.join(HERE, "xfce4-panel.xml"), settings)
        self.device.spawn("xfwm4", "--compositor=off", log="xfwm4.log")
        self.device.spawn("xfce4-panel", "--disable-wm-check", log="panel.log", env={"NO_AT_BRIDGE": "1"})
        wait_for("a tray in the panel", lambda: self.has_name(WATCHER))

    def start_agent(self):
        """Has the bus start the agent, as the window or the command line would."""
        self.device.run("dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.DBus", "/",
                        "org.freedesktop.DBus.StartServiceByName", f"string:{BUS_NAME}", "uint32:0", timeout=60)
        self.device.session_agent = self.agent()
        return self.device.session_agent

    def agent(self):
        return Agent(self.socket)

    def ctl(self, *arguments, check=True, timeout=60):
        """Runs lightscalectl in the session and returns its CompletedProcess."""
        return self.device.run(self.device.program("lightscalectl"), *arguments, check=check, timeout=timeout)

    def open_window(self):
        """Starts the window; returns its process."""
        return self.device.spawn(self.device.program("lightscale"), log="window.log",
                                 env=dict([STRICT.split("=")]))

    def screenshot(self, name, window="root", crop=None):
        """Saves the whole screen, or a window (its title), or a part (WxH+X+Y), as NAME.png; returns the path."""
        os.makedirs(self.shots, exist_ok=True)
        path = os.path.join(self.shots, f"{name}.png")
        if window != "root":
            window = self.windows("--name", f"^{window}$")[-1]
        self.device.run("import", "-window", window, *(["-crop", crop, "+repage"] if crop else []), path)
        return path

    def windows(self, *pattern):
        """The ids of the visible windows that xdotool finds by this pattern."""
        return self.device.run("xdotool", "search", "--onlyvisible", *pattern, check=False).stdout.split()

    def open_tray_menu(self):
        """Opens the menu of the first icon in the panel."""
        shown = len(self.windows("--class", "wrapper-2.0"))
        self.click(16, 15, button=3)
        wait_for("the tray's menu", lambda: len(self.windows("--class", "wrapper-2.0")) > shown)

    def click(self, x, y, button=1):
        self.device.run("xdotool", "mousemove", str(x), str(y), "sleep", "0.2", "click", str(button))

    def accessible(self, *arguments, timeout=30):
        """Runs accessible.py inside with these arguments and returns its answer (JSON)."""
        result = self.device.run("/usr/bin/python3", os.path.join(HERE, "accessible.py"), *arguments, check=False,
                                 timeout=timeout + 30)
        if result.returncode != 0:
            raise LookupError(f"accessible.py {' '.join(arguments)}: {result.stderr.strip()[-2000:]}")
        return json.loads(result.stdout)

    def watch_name(self, text, timeout=30, within=None):
        """Starts to wait for an accessible name that contains `text`; see Watch. within: only in this list."""
        return Watch(self, text, timeout, within)


class Watch:
    """Waits, from the moment that this is made, for an accessible name in the window."""

    def __init__(self, desktop, text, timeout, within):
        self.text = text
        command = desktop.device.enter("/usr/bin/python3", os.path.join(HERE, "accessible.py"), "wait", text,
                                       str(timeout), *([within] if within else []))
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE, text=True, env=desktop.device.env,
                                         start_new_session=True)
        self._process.stdout.readline()

    def seen(self):
        """The seconds of time.monotonic () at which it was there."""
        out, err = self._process.communicate()
        if self._process.returncode != 0:
            raise LookupError(f"{self.text!r} did not show in the window: {err.strip()[-2000:]}")
        return json.loads(out)
