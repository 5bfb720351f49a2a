# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""In the virtual machine under systemd: the helper as it is installed, in its sandbox, started by the first call.

  guest-helper.py SOURCE BUILD
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
import time

SOURCE, BUILD = sys.argv[1:3]
CLIENT = os.path.join(SOURCE, "tests", "integration", "helper_client.py")
SERVICE = "lightscale-helper.service"
WIREGUARD = "lightscale-wireguard-ls-home.service"


def run(*command, check=True):
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if check and result.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {result.stdout}{result.stderr}")
    return result.stdout


def wait_for(what, condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"not in time: {what}\n" + run("journalctl", "-b", "-u", "lightscale*", "--no-pager"))
        time.sleep(0.2)


def check(what, condition):
    print(("ok - " if condition else "not ok - ") + what, flush=True)
    if not condition:
        raise SystemExit(what + "\n" + run("journalctl", "-b", "-u", "lightscale*", "--no-pager", check=False))


def install():
    libexec = os.path.dirname(next(line.split("=", 1)[1].split()[0] for line in open(
        os.path.join(BUILD, "data/systemd", SERVICE), encoding="utf-8") if line.startswith("ExecStart=")))
    os.makedirs(libexec, exist_ok=True)
    for origin, target in (
            (f"{BUILD}/helper/lightscale-helper", libexec),
            (f"{BUILD}/data/systemd/{SERVICE}", "/etc/systemd/system"),
            (f"{BUILD}/data/systemd/org.lightscale.Helper.service", "/usr/share/dbus-1/system-services"),
            (f"{SOURCE}/data/dbus/org.lightscale.Helper.conf", "/etc/dbus-1/system.d"),
            (f"{BUILD}/data/polkit/org.lightscale.helper.policy", "/usr/share/polkit-1/actions"),
            (f"{SOURCE}/data/systemd/lightscale.tmpfiles.conf", "/etc/tmpfiles.d")):
        shutil.copy(origin, target)
    run("systemctl", "daemon-reload")
    run("systemd-tmpfiles", "--create", "/etc/tmpfiles.d/lightscale.tmpfiles.conf")
    run("busctl", "call", "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "ReloadConfig")
    return os.path.join(libexec, "lightscale-helper")


class Client:
    def __init__(self):
        self.process = subprocess.Popen(["/usr/bin/python3", CLIENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def call(self, method, args=None):
        self.process.stdin.write(json.dumps({"call": method, "args": args}).encode() + b"\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def bytes_text(data):
    return "@ay [" + ", ".join(f"0x{byte:02x}" for byte in data) + "]"


def tunnel(backend):
    return (f"('home', @a{{sv}} {{'private-key': <{bytes_text(KEY)}>, 'listen-port': <@q 51820>, 'mtu': <@q 1280>, "
            f"'backend': <'{backend}'>, 'addresses': <['100.64.0.2/32']>, 'routes': <['100.64.0.0/24']>, 'peers': "
            f"<@aa{{sv}} [{{'public-key': <{bytes_text(PEER)}>, 'allowed-ips': <['100.64.0.3/32']>, "
            f"'keepalive': <@q 0>}}]>}})")


KEY, PEER = secrets.token_bytes(32), secrets.token_bytes(32)


def main_pid(unit):
    return run("systemctl", "show", "-P", "MainPID", unit).strip()


def clean():
    links = run("ip", "-o", "link")
    return ": ls-" not in links and "5280:" not in run("ip", "rule") and not os.listdir("/run/wireguard")


def use(client, backend):
    answer = client.call("ApplyTunnel", tunnel(backend))
    check(f"{backend}: applied: {answer}", "ok" in answer and backend in answer["ok"])
    answer = client.call("ApplyTunnel", tunnel(backend))
    check(f"{backend}: twice changes nothing: {answer}", "'changed': <false>" in answer.get("ok", ""))
    check(f"{backend}: peer", len(run("wg", "show", "ls-home", "peers").split()) == 1)
    check(f"{backend}: route", "100.64.0.0/24" in run("ip", "route", "show", "table", "27763"))
    check(f"{backend}: status", "'up'" in client.call("GetStatus", "('home',)").get("ok", ""))


def remove(client, backend):
    check(f"{backend}: removed", "ok" in client.call("RemoveTunnel", "('home',)"))
    wait_for(f"{backend}: nothing left", clean)


def main():
    program = install()
    client = Client()
    check("started by the first call", "ok" in client.call("ListTunnels"))
    check("as a unit", main_pid(SERVICE) != "0")

    use(client, "userspace")
    pid = main_pid(WIREGUARD)
    check("the program has a unit of its own", pid != "0")
    check("in a sandbox", "NoNewPrivs:\t1" in open(f"/proc/{pid}/status", encoding="utf-8").read())
    run("systemctl", "restart", SERVICE)
    wait_for("taken up", lambda: "'up'" in client.call("ListTunnels").get("ok", ""))
    check("the program was left alone", main_pid(WIREGUARD) == pid)
    run("systemctl", "kill", "-s", "KILL", WIREGUARD)
    wait_for("started again", lambda: main_pid(WIREGUARD) not in ("0", pid)
             and "'up'" in client.call("ListTunnels").get("ok", ""))
    remove(client, "userspace")
    wait_for("its unit is gone", lambda: main_pid(WIREGUARD) == "0")

    use(client, "kernel")
    run("systemctl", "kill", "-s", "KILL", SERVICE)
    wait_for("taken up", lambda: "'up'" in client.call("ListTunnels").get("ok", ""))
    remove(client, "kernel")

    use(client, "userspace")
    run(program, "--restore")
    wait_for("restored: nothing left", clean)


main()
