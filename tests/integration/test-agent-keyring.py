#!/usr/bin/python3
# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent and a real gnome-keyring-daemon that is locked, as after an automatic login."""

import os
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

from gi.repository import GLib  # noqa: E402

from agentlab import Failed, Lab, die_with_parent, wait_for  # noqa: E402
from lab.faulty_server import FaultyServer  # noqa: E402

SECRETS = "org.freedesktop.secrets"
SERVICE_PATH = "/org/freedesktop/secrets"
SERVICE = "org.freedesktop.Secret.Service"
COLLECTION = "/org/freedesktop/secrets/collection/login"
MASTER = "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface"
PASSWORD = b"secret"


class Keyring:
    """gnome-keyring-daemon on the agent's session bus, with nothing that could ask a person for the password."""

    def __init__(self, agent, folder):
        self.connection = agent.session_bus.connect()
        env = agent.environment()
        for name in ("XDG_DATA_HOME", "XDG_RUNTIME_DIR"):
            env[name] = os.path.join(folder, name)
            os.makedirs(env[name], mode=0o700, exist_ok=True)
        with open(os.path.join(folder, "keyring.log"), "ab") as log:
            self.popen = subprocess.Popen(
                ["gnome-keyring-daemon", "--unlock", "--components=secrets", "--foreground"], env=env,
                stdin=subprocess.PIPE, stdout=log, stderr=log, preexec_fn=die_with_parent)
        self.popen.stdin.write(PASSWORD)
        self.popen.stdin.close()
        wait_for("keyring", lambda: SECRETS in self.call("org.freedesktop.DBus", "/org/freedesktop/DBus",
                                                         "org.freedesktop.DBus", "ListNames")[0])

    def call(self, name, path, interface, method, signature=None, *values):
        parameters = GLib.Variant(signature, values) if signature else None
        return self.connection.call_sync(name, path, interface, method, parameters, None, 0, 20000, None).unpack()

    def lock(self):
        self.call(SECRETS, SERVICE_PATH, SERVICE, "Lock", "(ao)", [COLLECTION])
        assert self.is_locked()

    def unlock(self):
        session = self.call(SECRETS, SERVICE_PATH, SERVICE, "OpenSession", "(sv)", "plain",
                            GLib.Variant("s", ""))[1]
        self.call(SECRETS, SERVICE_PATH, MASTER, "UnlockWithMasterPassword", "(o(oayays))", COLLECTION,
                  (session, b"", PASSWORD, "text/plain"))
        assert not self.is_locked()

    def is_locked(self):
        return self.call(SECRETS, COLLECTION, "org.freedesktop.DBus.Properties", "Get", "(ss)",
                         "org.freedesktop.Secret.Collection", "Locked")[0]

    def end(self):
        self.popen.kill()
        self.popen.wait()
        if not self.connection.is_closed():
            self.connection.close_sync(None)


class Locked(unittest.TestCase):
    def setUp(self):
        self.lab = Lab()
        self.lab.__enter__()
        self.addCleanup(self.lab.__exit__, None, None, None)
        self.control = self.lab.add_control()
        self.agent = self.lab.add_agent(secrets=None)
        self.keyring = Keyring(self.agent, self.lab.subfolder("keyring"))
        self.addCleanup(self.keyring.end)

    def join(self):
        profile = self.agent.add_profile("home", [self.control.url])
        profile.join_by_token(self.control.token, "laptop")
        profile.wait_state("ready")
        return profile

    def assert_locked(self, call, *arguments):
        with self.assertRaises(Failed) as caught:
            call(*arguments)
        self.assertEqual(caught.exception.code, "SecretsLocked", caught.exception.message)
        self.assertIn("keyring is locked", caught.exception.message)

    def nodes(self):
        return self.control.call("GET", f"/v1/admin/networks/{self.control.open_network}/nodes")["nodes"]

    def restart_locked(self):
        self.agent.stop()
        self.keyring.lock()
        self.agent.start()
        profile = self.agent.profile("home")
        profile.wait_problem("keyring is locked")
        return profile

    def test_locked_at_the_start(self):
        """It says so, forgets nothing, and goes on by itself at the moment when it is unlocked."""
        self.agent.start()
        profile = self.join()
        key, node = profile.get("PublicKey"), profile.get("NodeId")
        profile = self.restart_locked()
        self.assertEqual(self.agent.manager_get("SecretStorage"), "locked")
        self.assertEqual(list(self.agent.notices()), ["keyring-locked"])
        self.assertIn("Unlock the keyring", self.agent.notices()["keyring-locked"][1])
        text, status = self.agent.ctl("status", "home")
        self.assertEqual(status, 0, text)
        self.assertIn("The keyring is locked", text)
        self.assertIn("keyring is locked", self.agent.ctl("notices")[0])
        self.assertEqual((profile.get("State"), profile.get("NodeId")), ("ready", node))
        self.assertEqual(profile.get("PublicKey"), "")
        # Asked for anyway, it says why not.
        self.assert_locked(profile.call, "Connect")
        self.assert_locked(profile.call, "Refresh")
        self.keyring.unlock()
        wait_for("keys", lambda: profile.get("PublicKey") == key)
        wait_for("control plane", lambda: profile.get("ControlReachable"))
        self.assertEqual(profile.get("Problem")[0], "")
        self.assertEqual(self.agent.manager_get("SecretStorage"), "keyring")
        self.assertEqual(self.agent.notices(), {})

    def test_what_was_on_goes_on(self):
        self.agent.start()
        profile = self.agent.add_profile("home", [self.control.url])
        profile.join_by_link(self.control.network, "laptop", connect=True)
        node = profile.get("NodeId")
        profile = self.restart_locked()
        self.assertTrue(profile.get("WantUp"))
        self.control.call("POST", f"/v1/admin/nodes/{node}/approve", {})
        self.assertEqual(profile.get("State"), "waiting-for-approval")
        self.keyring.unlock()
        # There is no helper here: that it is asked for one is what shows that it connects.
        profile.wait_problem("helper is not installed")

    def test_joining(self):
        """Nothing is asked of the server while there is no place for the keys."""
        self.agent.start()
        self.keyring.lock()
        profile = self.agent.add_profile("home", [self.control.url])
        self.assert_locked(profile.join_by_token, self.control.token, "laptop")
        self.assertEqual(profile.get("State"), "new")
        self.assertEqual(self.nodes(), [])
        self.keyring.unlock()
        wait_for("storage", lambda: self.agent.manager_get("SecretStorage") == "keyring")
        profile.join_by_token(self.control.token, "laptop")
        profile.wait_state("ready")

    def test_locked_while_joining(self):
        """The server has answered and the keyring is locked: the token is used, and stored later."""
        server = FaultyServer(self.control)
        self.addCleanup(server.end)
        self.agent.start()

        def lock(path):
            if path == "/v1/register":
                self.keyring.lock()
        server.fault = lock
        profile = self.agent.add_profile("home", [server.url])
        profile.join_by_token(self.control.token, "laptop")
        profile.wait_state("ready")
        profile.wait_problem("not stored yet")
        key, node = profile.get("PublicKey"), profile.get("NodeId")
        self.keyring.unlock()
        wait_for("keys stored", lambda: profile.get("Problem")[0] == "")
        self.agent.stop()
        self.agent.start()
        profile = self.agent.profile("home")
        wait_for("keys", lambda: profile.get("PublicKey") == key)
        profile.call("Refresh")
        self.assertEqual(profile.get("NodeId"), node)

    def test_removing(self):
        """What cannot be taken out of the keyring is not forgotten either."""
        self.agent.start()
        self.join()
        profile = self.restart_locked()
        self.assert_locked(profile.call, "Remove")
        self.keyring.unlock()
        wait_for("keys", lambda: profile.get("PublicKey"))
        profile.call("Remove")
        found = subprocess.run(["secret-tool", "search", "--all", "xdg:schema", "org.lightscale.Profile"],
                               env=self.agent.environment(), capture_output=True, text=True, check=False)
        self.assertEqual(found.stdout, "")

    def test_keyring_dies_and_returns(self):
        self.agent.start()
        profile = self.join()
        key = profile.get("PublicKey")
        self.agent.stop()
        self.keyring.end()
        self.agent.start()
        profile = self.agent.profile("home")
        profile.wait_problem("There is no keyring to take the keys of this device from")
        self.assertEqual(self.agent.manager_get("SecretStorage"), "memory")
        self.keyring = Keyring(self.agent, self.lab.subfolder("keyring"))
        self.addCleanup(self.keyring.end)
        wait_for("keys", lambda: profile.get("PublicKey") == key)
        profile.wait_state("ready")
        self.assertEqual((profile.get("Problem")[0], self.agent.notices()), ("", {}))


if __name__ == "__main__":
    unittest.main(verbosity=2)
