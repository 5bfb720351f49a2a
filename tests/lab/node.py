# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node: a set of namespaces with a process 1, in which programs are run."""

import ctypes
import json
import os
import signal
import subprocess

from .waiting import wait_for

PR_SET_PDEATHSIG = 1
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
INIT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "init.py")


def die_with_parent():
    """To be run in a child: SIGKILL when the thread that started it ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Failed(RuntimeError):
    """A program that should have succeeded did not."""


class Node:
    """Own network, mount and PID namespace. With own_network=False it stays in the machine's network.

    rootless: for a normal user; needs own_network=False and leaves the mounts as they are.
    `folder` is where its logs and files go; it must exist. Programs are given by absolute path or found in PATH.
    """

    def __init__(self, name, folder, *, own_network=True, run=False, files=None, bind=None, keep=None,
                 display=False, rootless=False):
        self.name = name
        self.folder = folder
        self.own_network = own_network
        self.rootless = rootless
        self._started = []
        self.env = {"PATH": PATH, "HOME": folder, "LC_ALL": "C.UTF-8", "TERM": "dumb"}
        plan = {"mounts": not rootless, "run": run, "files": files or {}, "bind": bind or {}, "keep": keep or {},
                "display": display}
        self._log = open(os.path.join(folder, "init.log"), "ab")
        self._init = subprocess.Popen(
            ["unshare", "--pid", *(["--net"] if own_network else []),
             "--map-current-user" if rootless else "--mount", "--fork", "--kill-child", "--",
             "/usr/bin/python3", INIT, json.dumps(plan)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._log, env=self.env,
            start_new_session=True, preexec_fn=die_with_parent)
        answer = self._init.stdout.readline().strip()
        self._init.stdout.close()
        if not answer:
            self._init.wait()
            raise Failed(f"{name}: no namespaces: {self.read_log('init.log')}")
        self.pid = int(answer)
        kinds = {"pid"} | ({"net"} if own_network else set()) | (set() if rootless else {"mnt"})
        self.namespaces = {os.readlink(f"/proc/{self.pid}/ns/{kind}") for kind in kinds}
        if own_network:
            self.run("ip", "link", "set", "lo", "up")

    def enter(self, *command, network_only=False):
        """The command line that runs `command` inside."""
        kinds = ["--net"] if network_only else ["--mount", "--net", "--pid"]
        if self.rootless:
            kinds = ["--user", "--preserve-credentials", "--pid"]
        return ["nsenter", "-t", str(self.pid), *kinds, "--", *command]

    def run(self, *command, check=True, timeout=60, env=None, network_only=False, input_text=""):
        """Runs a command inside and returns its CompletedProcess (text; stderr apart)."""
        result = subprocess.run(
            self.enter(*command, network_only=network_only), input=input_text, capture_output=True, text=True,
            errors="replace", timeout=timeout, env={**self.env, **(env or {})}, start_new_session=True)
        if check and result.returncode != 0:
            raise Failed(f"{self.name}: {' '.join(command)}: exit status {result.returncode}\n"
                         f"{result.stdout}{result.stderr}")
        return result

    def output(self, *command, **options):
        """What a command that must succeed writes."""
        return self.run(*command, **options).stdout

    def spawn(self, *command, log, env=None, stdout=None, pass_fds=()):
        """Starts a program inside that ends with the node at the latest; its output goes to `log` in the folder."""
        with open(os.path.join(self.folder, log), "ab") as file:
            process = subprocess.Popen(
                self.enter(*command), stdin=subprocess.DEVNULL, stdout=stdout or file, stderr=file,
                env={**self.env, **(env or {})}, pass_fds=pass_fds, start_new_session=True)
        self._started.append(process)
        return process

    def sysctl(self, key, value):
        self.run("sh", "-c", 'echo "$2" > "/proc/sys/$1"', "sh", key.replace(".", "/"), str(value))

    def read_log(self, log):
        try:
            with open(os.path.join(self.folder, log), encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:
            return ""

    def processes(self):
        """{PID outside: command line} of everything inside but process 1."""
        ours = os.readlink(f"/proc/{self.pid}/ns/pid")
        found = {}
        for entry in os.listdir("/proc"):
            if not entry.isdigit() or int(entry) == self.pid:
                continue
            try:
                if os.readlink(f"/proc/{entry}/ns/pid") == ours:
                    with open(f"/proc/{entry}/cmdline", "rb") as file:
                        words = file.read().decode(errors="replace").split("\0")[:-1]
                    if words:
                        found[int(entry)] = words
            except OSError:
                continue
        return found

    def find(self, program):
        """PIDs (outside) of the processes inside whose program has this file name."""
        return [pid for pid, words in self.processes().items() if os.path.basename(words[0]) == program]

    def kill(self, program, sig=signal.SIGKILL):
        """Sends a signal to all of a program's processes inside; returns once SIGKILLed ones are gone."""
        pids = self.find(program)
        for pid in pids:
            os.kill(pid, sig)
        if sig == signal.SIGKILL:
            wait_for(f"{program} killed", lambda: not set(pids) & set(self.find(program)))
        return pids

    def close(self):
        """Ends everything inside. The namespaces go with their last process."""
        if self._init.poll() is None:
            try:
                os.kill(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self._init.wait()
        for process in self._started:
            process.wait()
        self._log.close()


def connect(left, left_link, right, right_link):
    """Makes a veth between two nodes; a node in the machine's own network gets its end there."""
    left.run("ip", "link", "add", left_link, "type", "veth", "peer", "name", right_link, "netns", str(right.pid),
             network_only=True)
    for node, link in ((left, left_link), (right, right_link)):
        node.run("ip", "link", "set", link, "up")
