# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that calls the helper, one connection for as long as it runs.

Reads one JSON object a line: {"call": method, "args": GVariant text of the argument tuple or null, "interactive":
bool, "wait": bool (false: go on without the answer), "interface"/"path" (optional)} and writes one line for each
answer: {"ok": GVariant text} or {"error": D-Bus error name, "message": text}. "name" answers the unique bus name, "pid"
the process id, "signals" what TunnelChanged told since. "agent_for": PID makes it the polkit agent of that process: one
with an open dialog that nobody answers, or ("dismiss") closes at once; "dialogs" answers what it was asked, "cookies"
polkit's names of the dialogs, and "finish" says that they are done (root has told polkit what came of them).
"""

import json
import os

from gi.repository import Gio, GLib

NAME = "org.lightscale.Helper"
PATH = "/org/lightscale/Helper"
INTERFACE = "org.lightscale.Helper1"
AGENT_PATH = "/agent"
AGENT = Gio.DBusNodeInfo.new_for_xml("""
<node><interface name="org.freedesktop.PolicyKit1.AuthenticationAgent">
  <method name="BeginAuthentication">
    <arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/>
    <arg type="a{ss}" direction="in"/><arg type="s" direction="in"/><arg type="a(sa{sv})" direction="in"/>
  </method>
  <method name="CancelAuthentication"><arg type="s" direction="in"/></method>
</interface></node>""").interfaces[0]


class Client:
    def __init__(self):
        self.bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
        self.signals = []
        self.rest = b""
        self.dialogs = []
        self.dismiss = False
        self.open = []
        self.cookies = []
        self.bus.signal_subscribe(None, INTERFACE, None, PATH, None, Gio.DBusSignalFlags.NONE, self.on_signal)
        self.loop = GLib.MainLoop()

    def on_signal(self, bus, sender, path, interface, name, parameters):
        self.signals.append([name, *parameters.unpack()])

    def answer(self, value):
        print(json.dumps(value), flush=True)

    def done(self, bus, result):
        try:
            self.answer({"ok": bus.call_finish(result).print_(True)})
        except GLib.Error as error:
            self.answer({"error": Gio.dbus_error_get_remote_error(error) or str(error.domain),
                         "message": error.message})

    def register_agent(self, pid):
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            start = int(file.read().rsplit(")", 1)[1].split()[19])
        self.bus.register_object(AGENT_PATH, AGENT, self.asked, None, None)
        subject = ("unix-process", {"pid": GLib.Variant("u", pid), "start-time": GLib.Variant("t", start),
                                    "uid": GLib.Variant("i", os.getuid())})
        self.bus.call("org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority",
                      "org.freedesktop.PolicyKit1.Authority", "RegisterAuthenticationAgent",
                      GLib.Variant("((sa{sv})ss)", (subject, "C", AGENT_PATH)), None, 0, -1, None, self.done)

    def asked(self, bus, sender, path, interface, method, parameters, invocation):
        self.dialogs.append([method, parameters.unpack()[0]])
        if method == "CancelAuthentication":
            invocation.return_value(None)
        elif self.dismiss:
            invocation.return_dbus_error("org.freedesktop.PolicyKit1.Error.Cancelled", "closed")
        else:
            self.cookies.append(parameters.unpack()[4])
            self.open.append(invocation)

    def command(self, request):
        if request.get("name"):
            self.answer({"ok": self.bus.get_unique_name()})
        elif request.get("pid"):
            self.answer({"ok": os.getpid()})
        elif request.get("agent_for"):
            self.dismiss = request.get("dismiss", False)
            self.register_agent(request["agent_for"])
        elif request.get("dialogs"):
            self.answer({"ok": self.dialogs})
        elif request.get("cookies"):
            self.answer({"ok": self.cookies})
        elif request.get("finish"):
            while self.open:
                self.open.pop().return_value(None)
            self.answer({"ok": True})
        elif request.get("signals"):
            self.answer({"ok": self.signals})
            self.signals = []
        else:
            self.call(request)

    def call(self, request):
        flags = Gio.DBusCallFlags.ALLOW_INTERACTIVE_AUTHORIZATION if request.get("interactive") else 0
        args = request.get("args")
        self.bus.call(request.get("destination", NAME), request.get("path", PATH),
                      request.get("interface", INTERFACE), request["call"],
                      GLib.Variant.parse(None, args) if args else None, None, flags, 120000, None, self.done)

    def readable(self, source, condition):
        data = os.read(0, 65536)
        if not data:
            self.loop.quit()
            return False
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self.command(json.loads(line))
        return True

    def run(self):
        GLib.io_add_watch(GLib.IOChannel.unix_new(0), GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, self.readable)
        self.loop.run()


Client().run()
