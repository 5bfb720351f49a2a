# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that calls the helper, one connection for as long as it runs.

Reads one JSON object a line: {"call": method, "args": GVariant text of the argument tuple or null, "interactive":
bool, "wait": bool (false: go on without the answer), "interface"/"path" (optional)} and writes one line for each
answer: {"ok": GVariant text} or {"error": D-Bus error name, "message": text}. "name" answers the unique bus name,
"signals" what TunnelChanged told since.
"""

import json
import sys

from gi.repository import Gio, GLib

NAME = "org.lightscale.Helper"
PATH = "/org/lightscale/Helper"
INTERFACE = "org.lightscale.Helper1"


class Client:
    def __init__(self):
        self.bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
        self.signals = []
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

    def command(self, request):
        if request.get("name"):
            self.answer({"ok": self.bus.get_unique_name()})
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
        line = sys.stdin.readline()
        if not line:
            self.loop.quit()
            return False
        self.command(json.loads(line))
        return True

    def run(self):
        sys.stdin.reconfigure(line_buffering=True)
        GLib.io_add_watch(GLib.IOChannel.unix_new(0), GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, self.readable)
        self.loop.run()


Client().run()
