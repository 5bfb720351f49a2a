#!/usr/bin/python3
# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent and lightscale-control over TLS: certificates that are refused, pinned, changed, one for each URL."""

import os
import socket
import ssl
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from gi.repository import GLib  # noqa: E402

from agentlab import Failed, Lab, wait_for  # noqa: E402
from tls_control import Certificate, SecureControl  # noqa: E402

OK, USAGE, CONTROL = 0, 2, 6


class Impostor:
    """Takes the place of a server, and keeps whatever is sent to it; with a certificate over TLS."""

    def __init__(self, port=0, certificate=None):
        self.received = b""
        self.visits = 0
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificate.cert, certificate.key)
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.visits += 1
            try:
                connection.settimeout(10)
                if self.context:
                    connection = self.context.wrap_socket(connection, server_side=True)
                self.received += connection.recv(65536)
            except OSError:
                pass
            finally:
                connection.close()

    def end(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(20)


def pins(**of):
    return GLib.Variant("a{ss}", of)


class Tls(unittest.TestCase):
    def setUp(self):
        self.lab = Lab()
        self.lab.__enter__()
        self.addCleanup(self.lab.__exit__, None, None, None)
        folder = self.lab.subfolder("certificates")
        self.first, self.second = Certificate(folder, "first"), Certificate(folder, "second")
        self.control = self.start_control("127.0.0.1:0", self.first)
        self.address = self.control.url.split("//")[1]
        self.agent = self.lab.add_agent().start()

    def start_control(self, listen, certificate):
        """The one control plane, whose state stays, at this address with this certificate."""
        return self.lab.add(SecureControl(self.lab.subfolder("control"), listen, certificate))

    def join(self, certificates):
        """Joins with these URLs and the certificates pinned for them."""
        urls = list(certificates)
        known = {url: certificate.pin for url, certificate in certificates.items() if certificate}
        profile = self.agent.add_profile("home", urls, pins=pins(**known))
        profile.join_by_token(self.control.token, "laptop")
        profile.wait_state("ready")
        return profile

    def assert_refused(self, text, call, *arguments):
        with self.assertRaises(Failed) as caught:
            call(*arguments)
        self.assertEqual(caught.exception.code, "ControlTls", caught.exception.message)
        self.assertIn(text, caught.exception.message)

    def update(self, profile, **options):
        profile.call("Update", "(a{sv})", options)

    def test_unknown_certificate(self):
        """Refused with what it takes to judge it; accepted once pinned; all of it by the command line."""
        url, pin = self.control.url, self.first.pin
        text, status = self.agent.ctl("check-server", url)
        self.assertEqual(status, CONTROL, text)
        self.assertIn("no authority that this computer knows has signed it", text)
        self.assertIn(pin, text)
        join = ["join", "home", "--token", "-", "--name", "laptop"]
        text, status = self.agent.ctl(*join, "--server", url, text=self.control.token + "\n")
        self.assertEqual(status, CONTROL, text)
        self.assertIn(pin, text)
        self.assertIn(pin, self.agent.ctl("status", "home")[0])
        self.assertNotIn(self.control.token, text)
        text, status = self.agent.ctl(*join, "--pin", pin, text=self.control.token + "\n")
        self.assertEqual(status, USAGE, text)
        text, status = self.agent.ctl("set", "home", "--pin", ":".join(pin[i:i + 2].upper() for i in range(0, 64, 2)))
        self.assertEqual(status, OK, text)
        text, status = self.agent.ctl(*join, text=self.control.token + "\n")
        self.assertEqual(status, OK, text)
        profile = self.agent.profile("home")
        self.assertEqual(profile.get("Options")["pins"], {url: pin})
        profile.wait_state("ready")
        self.assertTrue(profile.get("ControlReachable"))
        text, status = self.agent.ctl("check-server", url, "--pin", pin)
        self.assertEqual(status, OK, text)
        # What one network trusts nobody else does, in the same process.
        text, status = self.agent.ctl("check-server", url)
        self.assertEqual(status, CONTROL, text)
        # It is kept.
        self.agent.stop()
        self.agent.start()
        profile = self.agent.profile("home")
        self.assertEqual(profile.get("Options")["pins"], {url: pin})
        wait_for("control plane", lambda: profile.get("ControlReachable"))

    def test_wrong_pin(self):
        """Another certificate than the pinned one gets nothing: neither a token nor a request."""
        profile = self.agent.add_profile("home", [self.control.url], pins=pins(**{self.control.url: self.second.pin}))
        self.assert_refused("another than the pinned one", profile.join_by_token, self.control.token, "laptop")
        self.assertEqual(profile.get("State"), "new")
        self.control.end()
        impostor = Impostor(int(self.address.split(":")[1]), self.first)
        self.addCleanup(impostor.end)
        self.assert_refused(self.first.pin, profile.join_by_token, self.control.token, "laptop")
        self.assertGreater(impostor.visits, 0)
        self.assertEqual(impostor.received, b"")

    def test_certificate_changes(self):
        profile = self.join({self.control.url: self.first})
        node = profile.get("NodeId")
        self.control.end()
        impostor = Impostor(int(self.address.split(":")[1]), self.second)
        try:
            what, hint, _ = profile.wait_problem("another than the pinned one", timeout=60)
            self.assert_refused("somebody else answers", profile.call, "Refresh")
        finally:
            impostor.end()
        self.assertIn(self.second.pin, what)
        self.assertTrue(hint)
        self.assertFalse(profile.get("ControlReachable"))
        self.assertGreater(impostor.visits, 0)
        self.assertEqual(impostor.received, b"")
        # It was the server's operator after all.
        self.control = self.start_control(self.address, self.second)
        text, status = self.agent.ctl("status", "home")
        self.assertIn(self.second.pin, text)
        text, status = self.agent.ctl("set", "home", "--pin", self.second.pin)
        self.assertEqual(status, OK, text)
        wait_for("control plane", lambda: profile.get("ControlReachable"), timeout=60)
        self.assertEqual(profile.get("Problem")[0], "")
        self.assertEqual((profile.get("State"), profile.get("NodeId")), ("ready", node))

    def test_failover(self):
        """Two URLs, two certificates: the next is checked as the first was, and is never plain."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            other = f"127.0.0.1:{free.getsockname()[1]}"
        one, two = self.control.url, "https://" + other
        profile = self.join({one: self.first, two: self.second})
        self.control.end()
        self.control = self.start_control(other, self.second)
        profile.call("Refresh")
        self.assertTrue(profile.get("ControlReachable"))
        # Each its own: neither the other's pin nor none.
        self.update(profile, pins=pins(**{one: self.second.pin, two: self.first.pin}))
        self.assert_refused("another than the pinned one", profile.call, "Refresh")
        self.update(profile, pins=pins(**{one: self.first.pin}))
        self.assert_refused("no authority", profile.call, "Refresh")
        self.update(profile, pins=pins(**{one: self.first.pin, two: self.second.pin}))
        profile.call("Refresh")
        # Back to the first, whose certificate is still its own.
        self.control.end()
        self.control = self.start_control(self.address, self.first)
        profile.call("Refresh")
        # No plain address in place of an encrypted one, whether that is dead or refused.
        self.control.end()
        plain = Impostor()
        self.addCleanup(plain.end)
        for known in ({}, {one: self.first.pin}):
            self.update(profile, urls=GLib.Variant("as", [one, f"http://127.0.0.1:{plain.port}"]), pins=pins(**known))
            with self.assertRaises(Failed):
                profile.call("Refresh")
        self.assertEqual(plain.visits, 0)

    def test_pins_are_checked(self):
        url, pin = self.control.url, self.first.pin
        for options in ({"https://another.example": pin}, {"http://127.0.0.1:1": pin}, {url: "abc"}, {"": pin}):
            with self.assertRaises(Failed) as caught:
                self.agent.add_profile("home", [url, "http://127.0.0.1:1"], pins=pins(**options))
            self.assertEqual(caught.exception.code, "InvalidArgument", options)
        profile = self.agent.add_profile("home", [url + "/"], pins=pins(**{url + "/": pin.upper()}))
        self.assertEqual(profile.get("Options")["pins"], {url: pin})
        self.update(profile, mtu=GLib.Variant("q", 1400))
        self.assertEqual(profile.get("Options")["pins"], {url: pin})
        self.update(profile, urls=GLib.Variant("as", ["https://another.example"]))
        self.assertNotIn("pins", profile.get("Options"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
