# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The helper with a real bus, polkitd and wireguard-go on machines in namespaces."""

import hashlib
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from helper_machine import (ALLOWED, ALSO_ALLOWED, HELPER_NAME, PASSWORD, REFUSED, Client,  # noqa: E402
                            HelperMachine)
from lab.waiting import wait_for  # noqa: E402

GRACE_SECONDS = 30
ERROR = "org.lightscale.Error."


def ay(data):
    return "@ay [" + ", ".join(f"0x{byte:02x}" for byte in data) + "]"


def key():
    """A private key or, as good as one for a peer that never answers, a public key."""
    return secrets.token_bytes(32)


def peer(public, *allowed, endpoint=None, keepalive=0):
    more = f", 'endpoint': <'{endpoint}'>" if endpoint else ""
    ips = "@as [" + ", ".join(f"'{prefix}'" for prefix in allowed) + "]"
    return f"{{'public-key': <{ay(public)}>, 'allowed-ips': <{ips}>, 'keepalive': <@q {keepalive}>{more}}}"


class Tunnel:
    """The arguments of ApplyTunnel."""

    def __init__(self, name="home", **values):
        self.name = name
        self.private = key()
        self.values = {
            "private-key": ay(self.private), "listen-port": "@q 51820", "mtu": "@q 1280", "backend": "'userspace'",
            "addresses": "@as ['100.64.0.2/32', 'fd00::2/128']", "routes": "@as ['100.64.0.0/24', 'fd00::/64']",
            "peers": "@aa{sv} []"}
        self.set(**values)

    def set(self, **values):
        for name, value in values.items():
            self.values[name.replace("_", "-")] = value
        return self

    def peers(self, *peers):
        return self.set(peers="@aa{sv} [" + ", ".join(peers) + "]")

    def without(self, name):
        del self.values[name]
        return self

    def text(self):
        return f"('{self.name}', @a{{sv}} {{" + ", ".join(f"'{k}': <{v}>" for k, v in self.values.items()) + "})"


def names_of_one_interface():
    """Two names that are cut to the same interface."""
    known = {}
    for i in range(1 << 20):
        name = f"network-number-{i}"
        cut = hashlib.sha256(name.encode()).hexdigest()[:6]
        if cut in known:
            return known[cut], name
        known[cut] = name
    raise AssertionError("no two names of one interface")


class HelperTest(unittest.TestCase):
    polkit = True

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="ls-helper-")
        self.addCleanup(folder.cleanup)
        self.machine = HelperMachine("helper", folder.name)
        self.addCleanup(self.machine.close)
        self.addCleanup(self.show_log)
        if self.polkit:
            self.machine.start_polkitd()
        self.machine.start_helper()

    def show_log(self):
        if any(error for _, error in getattr(self._outcome, "errors", [])) or not getattr(
                self._outcome, "success", True):
            print(self.machine.read_log("helper.log"), file=sys.stderr)

    def client(self, uid):
        client = Client(self.machine, uid)
        self.addCleanup(client.close)
        return client

    def apply(self, client, tunnel, **more):
        return client.call("ApplyTunnel", tunnel.text(), **more)

    def assert_ok(self, answer):
        self.assertIn("ok", answer, answer)
        return answer["ok"]

    def assert_error(self, answer, name):
        self.assertEqual(answer.get("error"), ERROR + name, answer)
        self.assertTrue(answer["message"])

    def assert_clean(self):
        self.assertEqual(self.machine.traces(), [])

    def state(self, client):
        return self.assert_ok(client.call("ListTunnels"))

    def peer_count(self):
        return len(self.machine.output("wg", "show", "ls-home", "peers").split())


class Calls(HelperTest):
    def test_life_of_a_tunnel(self):
        client = self.client(ALLOWED)
        tunnel = Tunnel().peers(peer(key(), "100.64.0.3/32", endpoint="192.0.2.1:1000"))
        self.assertIn("'changed': <true>", self.assert_ok(self.apply(client, tunnel)))
        shown = self.machine.output("wg", "show", "ls-home", "dump")
        # Twice the same changes nothing, and what WireGuard has learned since stays.
        pid = self.machine.find("wireguard-go")
        self.machine.run("wg", "set", "ls-home", "peer", shown.splitlines()[1].split()[0],
                         "endpoint", "192.0.2.99:9999")
        self.assertIn("'changed': <false>", self.assert_ok(self.apply(client, tunnel)))
        self.assertIn("192.0.2.99:9999", self.machine.output("wg", "show", "ls-home", "endpoints"))
        self.assertEqual(self.machine.find("wireguard-go"), pid)
        self.assertIn("'state': <'up'>", self.state(client))

        one, two = key(), key()
        self.assert_ok(client.call("UpdatePeers", "('home', @aa{sv} [%s, %s], @aay [])" % (
            peer(one, "100.64.0.4/32"), peer(two, "100.64.0.5/32"))))
        self.assertEqual(self.peer_count(), 3)
        self.assert_ok(client.call("UpdatePeers", f"('home', @aa{{sv}} [], [{ay(two)}])"))
        self.assertEqual(self.peer_count(), 2)
        self.assert_ok(client.call("SetEndpoints", f"('home', [({ay(one)}, '192.0.2.7:7')])"))
        self.assertIn("192.0.2.7:7", self.machine.output("wg", "show", "ls-home", "endpoints"))
        # A peer that is not there is not made.
        self.assert_ok(client.call("SetEndpoints", f"('home', [({ay(key())}, '192.0.2.8:8')])"))
        self.assertEqual(self.peer_count(), 2)
        self.assertIn("192.0.2.7:7", self.assert_ok(client.call("GetStatus", "('home',)")))

        self.assert_ok(client.call("RemoveTunnel", "('home',)"))
        self.assert_clean()
        told = []
        wait_for("signals", lambda: told.extend(client.signals()) or len(told) >= 2)
        self.assertEqual(told, [["TunnelChanged", "home", "up", "applied"],
                                ["TunnelChanged", "home", "down", "removed"]])
        self.assert_error(client.call("GetStatus", "('home',)"), "NotFound")
        self.assert_error(client.call("RemoveTunnel", "('home',)"), "NotFound")

    def test_changes_of_a_tunnel(self):
        client = self.client(ALLOWED)
        tunnel = Tunnel().peers(peer(key(), "100.64.0.3/32"))
        self.assert_ok(self.apply(client, tunnel))
        tunnel.private = key()
        tunnel.set(private_key=ay(tunnel.private), mtu="@q 1400", listen_port="@q 40000",
                   addresses="@as ['100.64.0.9/32']", routes="@as ['100.64.0.0/24', '10.20.0.0/16']").peers()
        self.assertIn("uint16 40000", self.assert_ok(self.apply(client, tunnel)))
        self.assertEqual(self.peer_count(), 0)
        self.assertIn("mtu 1400", self.machine.output("ip", "link", "show", "ls-home"))
        self.assertEqual(self.machine.output("wg", "show", "ls-home", "listen-port").strip(), "40000")
        routes = self.machine.output("ip", "route", "show", "table", "27763")
        self.assertIn("10.20.0.0/16", routes)
        self.assertNotIn("fd00", self.machine.output("ip", "-6", "route", "show", "table", "all", "dev", "ls-home"))

    def test_two_tunnels(self):
        client = self.client(ALLOWED)
        self.assert_ok(self.apply(client, Tunnel()))
        other = Tunnel("work", addresses="@as ['100.65.0.2/32']", routes="@as ['100.65.0.0/24']")
        # The port is in use by the first one: the next one is taken.
        self.assertIn("uint16 51821", self.assert_ok(self.apply(client, other)))
        # The same routes cannot lead to two places: nothing of the third stays.
        self.assert_error(self.apply(client, Tunnel("third")), "Conflict")
        self.assertEqual(len([line for line in self.machine.traces() if ": ls-" in line]), 2)
        self.assert_ok(client.call("RestoreNetwork"))
        self.assert_clean()

    def test_somebody_elses_interface(self):
        self.machine.run("ip", "link", "add", "ls-home", "type", "veth", "peer", "name", "far")
        client = self.client(ALLOWED)
        self.assert_error(self.apply(client, Tunnel()), "Conflict")
        self.assertIn("ls-home", self.machine.output("ip", "link"))
        self.assertEqual(self.machine.restore().returncode, 0)
        self.assertIn("ls-home", self.machine.output("ip", "link"))

    def test_somebody_elses_socket(self):
        self.machine.run("sh", "-c", "mkdir -p /run/wireguard && echo x > /run/wireguard/ls-home.sock")
        client = self.client(ALLOWED)
        self.assert_error(self.apply(client, Tunnel()), "Conflict")
        self.assertEqual(self.machine.output("cat", "/run/wireguard/ls-home.sock"), "x\n")
        self.machine.run("sh", "-c", "rm /run/wireguard/ls-home.sock; chmod 777 /run/wireguard")
        self.assert_error(self.apply(client, Tunnel()), "Conflict")
        self.machine.run("chmod", "755", "/run/wireguard")
        # A socket where nobody listens any more is in nobody's way.
        self.machine.run("/usr/bin/python3", "-c",
                         "import socket; socket.socket(socket.AF_UNIX).bind('/run/wireguard/ls-home.sock')")
        self.assert_ok(self.apply(client, Tunnel()))

    def test_malformed(self):
        client = self.client(ALLOWED)
        low_order = bytes(31) + b"\x00"
        cases = {
            "name": (Tunnel("../x"), "InvalidArgument"),
            "long name": (Tunnel("x" * 33), "InvalidArgument"),
            "no key": (Tunnel().without("private-key"), "InvalidArgument"),
            "short key": (Tunnel(private_key=ay(bytes(31))), "InvalidArgument"),
            "key as text": (Tunnel(private_key="'" + "A" * 43 + "='"), "InvalidArgument"),
            "port 0": (Tunnel(listen_port="@q 0"), "InvalidArgument"),
            "port of another type": (Tunnel(listen_port="@u 51820"), "InvalidArgument"),
            "MTU": (Tunnel(mtu="@q 1"), "InvalidArgument"),
            "backend": (Tunnel(backend="'rm -rf'"), "InvalidArgument"),
            "unknown member": (Tunnel(up_script="'reboot'"), "InvalidArgument"),
            "address": (Tunnel(addresses="@as ['100.64.0.2']"), "InvalidArgument"),
            "route with host bits": (Tunnel(routes="@as ['100.64.0.1/24']"), "InvalidArgument"),
            "default route": (Tunnel(routes="@as ['0.0.0.0/0']"), "InvalidArgument"),
            "default route 6": (Tunnel(routes="@as ['::/0']"), "InvalidArgument"),
            "default route in halves": (Tunnel(routes="@as ['0.0.0.0/1', '128.0.0.0/1']"), "InvalidArgument"),
            "reserved route": (Tunnel(routes="@as ['127.0.0.0/8']"), "InvalidArgument"),
            "address with a network": (Tunnel(addresses="@as ['8.0.0.1/1']"), "InvalidArgument"),
            "newline": (Tunnel(routes="@as ['10.0.0.0/8\\nprivate_key=00']"), "InvalidArgument"),
            "peer key": (Tunnel().peers(peer(low_order, "100.64.0.3/32")), "InvalidArgument"),
            "peer endpoint": (Tunnel().peers(peer(key(), endpoint="example.org:1")), "InvalidArgument"),
            "endpoint port 0": (Tunnel().peers(peer(key(), endpoint="192.0.2.1:0")), "InvalidArgument"),
            "allowed IP twice": (Tunnel().peers(peer(key(), "100.64.0.3/32"), peer(key(), "100.64.0.3/32")),
                                 "InvalidArgument"),
            "allowed IP without a route": (Tunnel().peers(peer(key(), "192.168.1.0/24")), "InvalidArgument"),
            "too many routes": (Tunnel(routes="@as [" + ", ".join(
                f"'10.{i // 256}.{i % 256}.0/24'" for i in range(4097)) + "]"), "Limit"),
            "too many addresses": (Tunnel(addresses="@as [" + ", ".join(
                f"'100.64.0.{i}/32'" for i in range(9)) + "]"), "Limit"),
        }
        for what, (tunnel, error) in cases.items():
            with self.subTest(what):
                self.assert_error(self.apply(client, tunnel), error)
        self.assert_clean()

        self.assert_ok(self.apply(client, Tunnel()))
        own = Tunnel().private
        calls = {
            "peers: name": ("UpdatePeers", "('../x', @aa{sv} [], @aay [])", "InvalidArgument"),
            "peers: key": ("UpdatePeers", f"('home', @aa{{sv}} [], [{ay(own[:5])}])", "InvalidArgument"),
            "peers: without a route": ("UpdatePeers", "('home', @aa{sv} [%s], @aay [])" % peer(key(), "192.168.1.0/24"),
                                       "InvalidArgument"),
            "peers: member": ("UpdatePeers", "('home', @aa{sv} [{'x': <1>}], @aay [])", "InvalidArgument"),
            "endpoints: text": ("SetEndpoints", f"('home', [({ay(key())}, 'a\\nb')])", "InvalidArgument"),
            "endpoints: key": ("SetEndpoints", "('home', [(@ay [], '192.0.2.1:1')])", "InvalidArgument"),
            "status: name": ("GetStatus", "('',)", "InvalidArgument"),
            "remove: name": ("RemoveTunnel", "('a b',)", "InvalidArgument"),
        }
        for what, (method, args, error) in calls.items():
            with self.subTest(what):
                self.assert_error(client.call(method, args), error)
        for method, args in (("ApplyTunnel", "('x',)"), ("NoSuchMethod", None), ("ListTunnels", "('x',)")):
            with self.subTest(method):
                self.assertTrue(client.call(method, args)["error"].startswith("org.freedesktop.DBus.Error."))
        answer = client.call("Set", f"('org.lightscale.Helper1', 'Version', <'0'>)",
                             interface="org.freedesktop.DBus.Properties")
        self.assertIn("error", answer)
        self.assertIn("error", client.call("ListTunnels", path="/"))
        self.assert_ok(client.call("GetStatus", "('home',)"))

    def test_failed_change_is_undone(self):
        client = self.client(ALLOWED)
        self.assert_ok(self.apply(client, Tunnel()))
        # Somebody holds the route that the change asks for.
        self.machine.run("ip", "route", "add", "10.30.0.0/16", "dev", "lo", "table", "27763")
        wanted = Tunnel(routes="@as ['100.64.0.0/24', 'fd00::/64', '10.30.0.0/16']", mtu="@q 1500")
        self.assert_error(self.apply(client, wanted), "Conflict")
        self.assertIn("mtu 1280", self.machine.output("ip", "link", "show", "ls-home"))
        self.assertIn("'state': <'up'>", self.state(client))
        self.assert_ok(client.call("RemoveTunnel", "('home',)"))
        self.machine.run("ip", "route", "flush", "table", "27763")
        self.machine.run("sh", "-c", "ip rule del priority 5280; ip -6 rule del priority 5280; true")

    def test_order(self):
        client = self.client(ALLOWED)
        for port in range(40000, 40010):
            client.send(call="ApplyTunnel", args=Tunnel(listen_port=f"@q {port}").text())
        for port in range(40000, 40010):
            self.assertIn(f"uint16 {port}", self.assert_ok(client.receive()))
        self.assertEqual(self.machine.output("wg", "show", "ls-home", "listen-port").strip(), "40009")

    def test_limits(self):
        client = self.client(ALLOWED)
        for _ in range(80):
            client.send(call="GetStatus", args="('home',)")
        answers = [client.receive() for _ in range(80)]
        self.assertTrue(all(answer.get("error") in (ERROR + "NotFound", ERROR + "Limit") for answer in answers))
        self.assert_ok(self.apply(client, Tunnel()))
        for i in range(15):
            prefix = f"100.{70 + i}.0"
            self.assert_ok(self.apply(client, Tunnel(f"n{i}", addresses=f"@as ['{prefix}.2/32']",
                                                     routes=f"@as ['{prefix}.0/24']")))
        self.assert_error(self.apply(client, Tunnel("n16")), "Limit")
        self.assert_ok(client.call("RestoreNetwork"))
        self.assert_clean()


class Authorisation(HelperTest):
    def test_refused(self):
        for uid, interactive, error in ((REFUSED, True, "NotAuthorized"), (PASSWORD, True, "NoPolkitAgent"),
                                        (PASSWORD, False, "NotAuthorized")):
            with self.subTest(uid=uid, interactive=interactive):
                client = self.client(uid)
                self.assert_error(self.apply(client, Tunnel(), interactive=interactive), error)
                self.assert_clean()
                # What is free stays free.
                self.assert_ok(client.call("ListTunnels"))

    def test_root(self):
        self.assert_ok(self.apply(self.client(0), Tunnel()))

    def test_not_the_owner(self):
        owner, other = self.client(ALLOWED), self.client(ALSO_ALLOWED)
        self.assert_ok(self.apply(owner, Tunnel()))
        listed = self.state(other)
        self.assertIn("ls-home", listed)
        self.assertIn("'own': <false>", listed)
        self.assertNotIn("'home'", listed)
        self.assertNotIn("'state'", listed)
        for method, args in (("GetStatus", "('home',)"), ("RemoveTunnel", "('home',)"),
                             ("UpdatePeers", "('home', @aa{sv} [], @aay [])"),
                             ("SetEndpoints", f"('home', [({ay(key())}, '192.0.2.1:1')])")):
            with self.subTest(method):
                self.assert_error(other.call(method, args), "NotAuthorized")
        self.assert_error(self.apply(other, Tunnel()), "NotAuthorized")
        self.assert_ok(other.call("RestoreNetwork"))
        self.assertIn("'state': <'up'>", self.state(owner))
        self.assertEqual(other.signals(), [])
        # Another connection of the owner may look, and remove, but not take over.
        second = self.client(ALLOWED)
        self.assert_ok(second.call("GetStatus", "('home',)"))
        self.assert_error(self.apply(second, Tunnel()), "Conflict")
        # An administrator may.
        root = self.client(0)
        self.assert_ok(self.apply(root, Tunnel()))
        wait_for("the owner is told", lambda: ["TunnelChanged", "home", "down", "by-someone-else"] in owner.signals())
        self.assert_error(owner.call("RemoveTunnel", "('home',)"), "NotAuthorized")

    def test_failed_takeover(self):
        owner, root = self.client(ALLOWED), self.client(0)
        self.assert_ok(self.apply(owner, Tunnel()))
        owner.signals()
        # Somebody holds the route that the administrator asks for: the owner keeps his tunnel.
        self.machine.run("ip", "route", "add", "10.30.0.0/16", "dev", "lo", "table", "27763")
        wanted = Tunnel(routes="@as ['100.64.0.0/24', 'fd00::/64', '10.30.0.0/16']")
        self.assert_error(self.apply(root, wanted), "Conflict")
        self.assertIn("'own': <true>", self.state(owner))
        self.assertIn("'state': <'up'>", self.state(owner))
        self.assert_ok(owner.call("UpdatePeers", f"('home', [{peer(key(), '100.64.0.3/32')}], @aay [])"))
        self.assertEqual(owner.signals(), [])
        # With the place of our rule taken nothing can be kept: the owner is told.
        self.machine.run("ip", "rule", "add", "priority", "5280", "lookup", "main")
        self.machine.run("ip", "rule", "del", "priority", "5280", "lookup", "27763")
        self.assert_error(self.apply(root, Tunnel()), "Conflict")
        wait_for("the owner is told", lambda: ["TunnelChanged", "home", "down", "removed"] in owner.signals())
        self.assert_error(owner.call("GetStatus", "('home',)"), "NotFound")
        self.machine.run("ip", "rule", "del", "priority", "5280", "lookup", "main")
        self.machine.run("ip", "route", "flush", "table", "27763")
        self.machine.run("sh", "-c", "ip rule del priority 5280; ip -6 rule del priority 5280; true")
        self.assert_ok(self.apply(owner, Tunnel()))
        self.assert_ok(owner.call("RemoveTunnel", "('home',)"))
        self.assert_clean()

    def test_two_names_of_one_interface(self):
        one, two = self.client(ALLOWED), self.client(ALSO_ALLOWED)
        first, second = names_of_one_interface()
        self.assert_ok(self.apply(one, Tunnel(first)))
        answer = self.apply(two, Tunnel(second))
        self.assert_error(answer, "Conflict")
        self.assertIn("ls-netwo-", answer["message"])
        self.assert_ok(one.call("GetStatus", f"('{first}',)"))
        self.assert_ok(one.call("RemoveTunnel", f"('{first}',)"))
        self.assert_ok(self.apply(two, Tunnel(second)))
        self.assert_ok(two.call("RemoveTunnel", f"('{second}',)"))
        self.assert_clean()

    def test_caller_vanishes_while_the_dialog_is_open(self):
        caller, agent = self.client(PASSWORD), self.client(PASSWORD)
        self.assert_ok(agent.ask(agent_for=caller.ask(pid=True)["ok"]))
        # No dialog for a message that does not allow one.
        self.assert_error(self.apply(caller, Tunnel(), interactive=False), "NotAuthorized")
        self.assertEqual(agent.ask(dialogs=True)["ok"], [])
        caller.send(call="ApplyTunnel", args=Tunnel().text(), interactive=True)
        begun = ["BeginAuthentication", "org.lightscale.helper.tunnel.control"]
        wait_for("dialog", lambda: begun in agent.ask(dialogs=True)["ok"])
        # Other tunnels do not wait for it.
        other = self.client(ALLOWED)
        self.assert_ok(self.apply(other, Tunnel("work")))
        self.assert_ok(other.call("RemoveTunnel", "('work',)"))
        caller.close()
        wait_for("dialog closed", lambda: "CancelAuthentication" in str(agent.ask(dialogs=True)["ok"]))
        # The name is free again, and nothing was made.
        self.assert_ok(self.apply(other, Tunnel()))
        self.assertIn("'own': <true>", self.state(other))
        self.assert_ok(other.call("RemoveTunnel", "('home',)"))
        self.assert_clean()

    def test_owner_does_not_wait_for_a_strangers_dialog(self):
        owner, stranger, agent = self.client(ALLOWED), self.client(PASSWORD), self.client(PASSWORD)
        self.assert_ok(self.apply(owner, Tunnel()))
        self.assert_ok(agent.ask(agent_for=stranger.ask(pid=True)["ok"]))
        stranger.send(call="RemoveTunnel", args="('home',)", interactive=True)
        begun = ["BeginAuthentication", "org.lightscale.helper.tunnel.manage-others"]
        wait_for("dialog", lambda: begun in agent.ask(dialogs=True)["ok"])
        self.assert_ok(owner.call("GetStatus", "('home',)"))
        self.assert_ok(owner.call("RemoveTunnel", "('home',)"))
        stranger.close()
        wait_for("dialog closed", lambda: "CancelAuthentication" in str(agent.ask(dialogs=True)["ok"]))
        self.assert_ok(self.apply(owner, Tunnel()))
        self.assert_ok(owner.call("RemoveTunnel", "('home',)"))
        self.assert_clean()

    def accept_dialogs(self, agent, uid):
        """What polkit's own root program does when the right password was typed."""
        root = self.client(0)
        for cookie in agent.ask(cookies=True)["ok"]:
            root.call("AuthenticationAgentResponse2",
                      f"(@u {uid}, '{cookie}', ('unix-user', {{'uid': <@u 0>}}))",
                      destination="org.freedesktop.PolicyKit1", path="/org/freedesktop/PolicyKit1/Authority",
                      interface="org.freedesktop.PolicyKit1.Authority")
        agent.ask(finish=True)

    def test_name_is_whose_dialog_is_answered_first(self):
        one, two, agent = self.client(PASSWORD), self.client(ALLOWED), self.client(PASSWORD)
        self.assert_ok(agent.ask(agent_for=one.ask(pid=True)["ok"]))
        one.send(call="ApplyTunnel", args=Tunnel(routes="@as ['100.64.0.0/24']").text(), interactive=True)
        begun = ["BeginAuthentication", "org.lightscale.helper.tunnel.control"]
        wait_for("dialog", lambda: begun in agent.ask(dialogs=True)["ok"])
        # The name does not exist for others, and it is nobody's yet.
        self.assert_error(two.call("GetStatus", "('home',)"), "NotFound")
        self.assert_ok(self.apply(two, Tunnel()))
        self.assert_ok(two.call("GetStatus", "('home',)"))
        # Whoever comes late is asked about somebody else's tunnel now; the owner does not wait for that.
        self.accept_dialogs(agent, PASSWORD)
        late = ["BeginAuthentication", "org.lightscale.helper.tunnel.manage-others"]
        wait_for("second dialog", lambda: late in agent.ask(dialogs=True)["ok"])
        self.assertIn("'own': <true>", self.state(two))
        self.assert_ok(two.call("RemoveTunnel", "('home',)"))
        self.assert_clean()
        # With the tunnel gone there is nothing of somebody else's left: what was answered is enough.
        self.accept_dialogs(agent, PASSWORD)
        self.assert_ok(one.receive())
        self.assertIn("'own': <true>", self.state(one))
        self.assert_error(two.call("GetStatus", "('home',)"), "NotAuthorized")
        self.assert_ok(one.call("RemoveTunnel", "('home',)"))
        self.assert_clean()

    def test_dialog_dismissed(self):
        caller, agent = self.client(PASSWORD), self.client(PASSWORD)
        self.assert_ok(agent.ask(agent_for=caller.ask(pid=True)["ok"], dismiss=True))
        self.assert_error(self.apply(caller, Tunnel(), interactive=True), "NotAuthorized")
        self.assertEqual(len(agent.ask(dialogs=True)["ok"]), 1)
        self.assert_clean()

    def test_bus_name(self):
        client = self.client(ALLOWED)
        self.machine.kill("lightscale-helper")
        answer = client.call("RequestName", f"('{HELPER_NAME}', @u 0)", destination="org.freedesktop.DBus",
                             path="/org/freedesktop/DBus", interface="org.freedesktop.DBus")
        self.assertEqual(answer.get("error"), "org.freedesktop.DBus.Error.AccessDenied")

    def test_second_helper(self):
        result = self.machine.run(self.machine.program("lightscale-helper"), check=False)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("ListTunnels", "ListTunnels" if self.state(self.client(ALLOWED)) else "")


class NoPolkit(HelperTest):
    polkit = False

    def test_absent_then_there(self):
        client = self.client(ALLOWED)
        self.assert_error(self.apply(client, Tunnel()), "PolkitUnavailable")
        self.assert_error(self.apply(self.client(0), Tunnel()), "PolkitUnavailable")
        self.assert_clean()
        self.machine.start_polkitd()
        self.assert_ok(self.apply(client, Tunnel()))
        # The owner's own changes need no polkit.
        self.machine.kill("polkitd")
        self.assert_ok(self.apply(client, Tunnel()))
        self.assert_ok(client.call("UpdatePeers", f"('home', [{peer(key(), '100.64.0.3/32')}], @aay [])"))
        self.assert_error(self.apply(client, Tunnel(routes="@as ['100.64.0.0/24', 'fd00::/64', '10.7.0.0/16']")),
                          "PolkitUnavailable")
        self.assert_ok(client.call("RemoveTunnel", "('home',)"))
        self.assert_clean()


class Lives(HelperTest):
    def helper_gone(self):
        self.machine.kill("lightscale-helper")
        wait_for("name released", lambda: not self.machine.has_name(HELPER_NAME))

    def test_owner_vanishes(self):
        owner = self.client(ALLOWED)
        self.assert_ok(self.apply(owner, Tunnel()))
        pid = self.machine.find("wireguard-go")
        left = time.monotonic()
        owner.close()
        # The same user's next program takes it over: nothing changes.
        heir = self.client(ALLOWED)
        wait_for("orphaned", lambda: "orphaned" in self.state(heir))
        self.assert_ok(self.apply(heir, Tunnel()))
        self.assertIn("'up'", self.state(heir))
        self.assertEqual(self.machine.find("wireguard-go"), pid)
        # Nobody takes over: it is undone, not before the grace time and soon after.
        time.sleep(max(0, left + GRACE_SECONDS + 1 - time.monotonic()))
        self.assertIn("'up'", self.state(heir))
        left = time.monotonic()
        heir.close()
        wait_for("undone", lambda: not self.machine.traces(), timeout=GRACE_SECONDS + 30, interval=0.5)
        self.assertGreaterEqual(time.monotonic() - left, GRACE_SECONDS - 1)

    def test_helper_killed(self):
        far, near = HelperPeer(self.machine), Tunnel()
        client = self.client(ALLOWED)
        near.peers(peer(far.public, "100.64.0.3/32", endpoint=far.endpoint))
        self.assert_ok(self.apply(client, near))
        far.start(near)
        self.assertTrue(self.machine.ping("100.64.0.3", count=3))
        pid = self.machine.find("wireguard-go")
        before = self.machine.output("wg", "show", "ls-home", "dump")
        self.helper_gone()
        self.assertTrue(self.machine.ping("100.64.0.3"))
        self.machine.start_helper()
        wait_for("adopted", lambda: "'up'" in self.state(client))
        self.assertEqual(self.machine.find("wireguard-go"), pid)
        self.assertEqual(before.splitlines()[0], self.machine.output("wg", "show", "ls-home", "dump").splitlines()[0])
        self.assertTrue(self.machine.ping("100.64.0.3"))
        # The owner is still the owner, without asking again, and nothing needs to be changed.
        self.assertIn("'changed': <false>", self.assert_ok(self.apply(client, near)))
        self.assert_ok(client.call("RemoveTunnel", "('home',)"))
        far.stop()
        self.assert_clean()

    def test_sigterm_leaves_the_tunnel(self):
        client = self.client(ALLOWED)
        self.assert_ok(self.apply(client, Tunnel()))
        self.assert_ok(client.call("UpdatePeers", f"('home', [{peer(key(), '100.64.0.3/32')}], @aay [])"))
        pid = self.machine.find("wireguard-go")
        self.machine.kill("lightscale-helper", signal.SIGTERM)
        self.assertEqual(self.machine.helper.wait(timeout=30), 0, self.machine.read_log("helper.log"))
        self.assertEqual(self.machine.find("wireguard-go"), pid)
        self.machine.start_helper()
        wait_for("adopted", lambda: "'up'" in self.state(client))
        # What was updated just before is known: the program is killed, and all comes back.
        self.machine.kill("wireguard-go")
        wait_for("repaired", lambda: self.machine.find("wireguard-go") and "'up'" in self.state(client))
        self.assertEqual(self.peer_count(), 1)

    def test_wireguard_killed(self):
        client = self.client(ALLOWED)
        self.assert_ok(self.apply(client, Tunnel().peers(peer(key(), "100.64.0.3/32"))))
        self.assertTrue(self.machine.kill("wireguard-go"))
        wait_for("repaired", lambda: ["TunnelChanged", "home", "up", "repaired"] in client.signals())
        self.assertIn("'up'", self.state(client))
        self.assertEqual(self.peer_count(), 1)
        self.assertIn("100.64.0.0/24", self.machine.output("ip", "route", "show", "table", "27763"))
        self.assert_ok(client.call("RemoveTunnel", "('home',)"))
        self.assert_clean()

    def test_changed_by_others(self):
        client = self.client(ALLOWED)
        self.assert_ok(self.apply(client, Tunnel()))
        # Some network managers delete rules that they do not know.
        self.machine.run("sh", "-c", "ip rule del priority 5280; ip -6 rule del priority 5280; "
                         "ip route flush table 27763")
        wait_for("mended", lambda: ["TunnelChanged", "home", "up", "repaired"] in client.signals())
        self.assertIn("5280:", self.machine.output("ip", "rule"))
        self.assertIn("5280:", self.machine.output("ip", "-6", "rule"))
        self.assertIn("100.64.0.0/24", self.machine.output("ip", "route", "show", "table", "27763"))
        # Who sets the interface down means it.
        self.machine.run("ip", "link", "set", "ls-home", "down")
        wait_for("followed", lambda: ["TunnelChanged", "home", "down", "by-someone-else"] in client.signals())
        wait_for("nothing left", lambda: not self.machine.traces())
        # Who deletes it ends the program: it is set up again.
        self.assert_ok(self.apply(client, Tunnel()))
        self.machine.run("ip", "link", "del", "ls-home")
        wait_for("repaired", lambda: ["TunnelChanged", "home", "up", "repaired"] in client.signals())
        self.assert_ok(client.call("RemoveTunnel", "('home',)"))
        self.assert_clean()

    def is_whole(self):
        """Every address, route and rule is there."""
        shown = [self.machine.output("ip", "addr", "show", "dev", "ls-home"),
                 self.machine.output("ip", "route", "show", "table", "all", "dev", "ls-home"),
                 self.machine.output("ip", "-6", "route", "show", "table", "all", "dev", "ls-home")]
        rules = [self.machine.output("ip", family, "rule") for family in ("-4", "-6")]
        return ("100.64.0.2/32" in shown[0] and "fd00::2/128" in shown[0] and "100.64.0.0/24" in shown[1]
                and "fd00::/64" in shown[2] and all("5280:" in text for text in rules))

    def test_taken_away_by_others(self):
        client = self.client(ALLOWED)
        far = HelperPeer(self.machine)
        self.addCleanup(far.stop)
        tunnel = Tunnel().peers(peer(far.public, "100.64.0.3/32", endpoint=far.endpoint))
        self.assert_ok(self.apply(client, tunnel))
        far.start(tunnel)
        # What somebody adds is his.
        self.machine.run("ip", "addr", "add", "100.64.0.77/32", "dev", "ls-home")
        wait_for("answer", self.is_answered)
        client.signals()
        for command in ("ip addr del 100.64.0.2/32 dev ls-home", "ip -6 addr del fd00::2/128 dev ls-home",
                        "ip route flush table 27763", "ip -6 route flush table 27763",
                        "ip rule del priority 5280", "ip -6 rule del priority 5280", "ip addr flush dev ls-home"):
            with self.subTest(command):
                self.machine.run(*command.split())
                if "flush dev" not in command:
                    self.assertIn("100.64.0.77", self.machine.output("ip", "addr", "show", "dev", "ls-home"))
                wait_for("put back", self.is_whole)
                wait_for("told", lambda: ["TunnelChanged", "home", "up", "repaired"] in client.signals())
                wait_for("answer", self.is_answered)
        self.assert_ok(client.call("RemoveTunnel", "('home',)"))
        self.assert_clean()

    def is_answered(self):
        return self.machine.run("ping", "-c1", "-W1", "-I", "100.64.0.2", "100.64.0.3", check=False).returncode == 0

    def test_both_killed(self):
        client = self.client(ALLOWED)
        self.assert_ok(self.apply(client, Tunnel().peers(peer(key(), "100.64.0.3/32"))))
        self.helper_gone()
        self.machine.kill("wireguard-go")
        self.machine.start_helper()
        wait_for("repaired", lambda: "'up'" in self.state(client))
        self.assertEqual(self.peer_count(), 1)

    def test_owner_gone_while_helper_was_away(self):
        client = self.client(ALLOWED)
        self.assert_ok(self.apply(client, Tunnel()))
        self.helper_gone()
        client.close()
        self.machine.start_helper()
        heir = self.client(ALLOWED)
        wait_for("orphaned", lambda: "orphaned" in self.state(heir))
        self.assert_ok(self.apply(heir, Tunnel()))
        self.assert_ok(heir.call("RestoreNetwork"))
        self.assert_clean()

    def test_damaged_journal(self):
        client = self.client(ALLOWED)
        self.assert_ok(self.apply(client, Tunnel()))
        self.assertEqual(self.machine.output("stat", "-c", "%a", "/run/lightscale").strip(), "700")
        self.assertEqual(self.machine.output("stat", "-c", "%a", "/run/lightscale/home.tunnel").strip(), "600")
        self.helper_gone()
        self.machine.run("sh", "-c", "head -c 100 /run/lightscale/home.tunnel > /run/lightscale/x.tunnel; "
                         "mv /run/lightscale/x.tunnel /run/lightscale/home.tunnel")
        self.machine.start_helper()
        self.assertEqual(self.state(client), "(@aa{sv} [],)")
        self.assertEqual(self.machine.restore().returncode, 0)
        self.assert_clean()

    def test_restore(self):
        client = self.client(ALLOWED)
        self.assert_ok(self.apply(client, Tunnel()))
        self.assert_ok(self.apply(client, Tunnel("work", addresses="@as ['100.65.0.2/32']",
                                                 routes="@as ['100.65.0.0/24']")))
        self.machine.run("ip", "rule", "add", "priority", "5300", "lookup", "77")
        # Beside a running helper: that one ends.
        self.assertEqual(self.machine.restore().returncode, 0)
        self.assert_clean()
        self.assertIn("5300:", self.machine.output("ip", "rule"))
        self.assertEqual(self.machine.find("lightscale-helper"), [])
        # After a crash, without a bus, and again with nothing to do.
        self.machine.start_helper()
        self.assert_ok(self.apply(client, Tunnel()))
        self.helper_gone()
        self.machine.kill("dbus-daemon")
        self.assertEqual(self.machine.restore().returncode, 0)
        self.assert_clean()
        self.assertEqual(self.machine.restore().returncode, 0)


class HelperPeer:
    """The far end of a tunnel: wireguard-go on a machine of its own, set up with wg and ip."""

    def __init__(self, machine):
        from lab.node import Node, connect

        self.machine = machine
        self.folder = tempfile.TemporaryDirectory(prefix="ls-peer-")
        self.node = Node("peer", self.folder.name, run=True)
        connect(machine, "up0", self.node, "up0")
        machine.run("ip", "addr", "add", "192.0.2.1/24", "dev", "up0")
        self.node.run("ip", "addr", "add", "192.0.2.2/24", "dev", "up0")
        self.private = self.node.output("wg", "genkey").strip()
        self.public = self._decode(self.node.output("wg", "pubkey", input_text=self.private + "\n").strip())
        self.endpoint = "192.0.2.2:51820"

    @staticmethod
    def _decode(text):
        import base64
        return base64.b64decode(text)

    def start(self, tunnel):
        public = self.machine.output("wg", "show", "ls-home", "public-key").strip()
        self.node.run("mkdir", "-p", "/run/wireguard")
        self.process = self.node.spawn("wireguard-go", "-f", "far", log="far.log")
        wait_for("far end", lambda: "far" in self.node.output("ip", "link"))
        self.node.run("sh", "-c", "cat > /run/key", input_text=self.private + "\n")
        wait_for("far end set up", lambda: self.node.run(
            "wg", "set", "far", "private-key", "/run/key", "listen-port", "51820", "peer", public,
            "allowed-ips", "100.64.0.2/32", "endpoint", "192.0.2.1:51820", check=False).returncode == 0)
        self.node.run("ip", "addr", "add", "100.64.0.3/24", "dev", "far")
        self.node.run("ip", "link", "set", "far", "up")

    def stop(self):
        self.node.close()
        self.process.wait()
        self.folder.cleanup()


if __name__ == "__main__":
    unittest.main(verbosity=2)
