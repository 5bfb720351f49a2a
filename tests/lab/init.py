# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Process 1 of a node: arranges the mounts, says its PID outside, then collects orphans until it is killed.

Started by node.py inside new namespaces as: init.py PLAN, a JSON object with
  mounts  whether there is a mount namespace (a normal user has none and gets nothing of the rest)
  run     whether to put an empty /run in place
  files   {path: [file, ...]}: an empty folder at path that holds these files (copied) and what it held before
  bind    {path: file}: another file in the place of one
  keep    {path inside /run: socket outside}: sockets to keep reachable
  display whether to hide the machine's X sockets, so that an X server may be started inside
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True, stdin=subprocess.DEVNULL)


def replace_folder(path, files):
    """Puts a tmpfs over `path` with what it held and `files`."""
    if not os.path.isdir(path):
        return
    held = [os.path.join(path, name) for name in os.listdir(path)]
    with tempfile.TemporaryDirectory() as copies:
        for file in held:
            if os.path.isfile(file):
                shutil.copy(file, copies)
        for file in files:
            shutil.copy(file, copies)
        mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", path)
        for name in os.listdir(copies):
            shutil.copy(os.path.join(copies, name), path)


def keep_sockets(keep):
    """Opens what must stay reachable although /run is replaced; to be called before that."""
    return {inside: os.open(outside, os.O_PATH) for inside, outside in keep.items()}


def new_run(kept):
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    for folder, mode in (("dbus", 0o755), ("lock", 0o1777), ("user", 0o755), ("user/0", 0o700)):
        os.mkdir(os.path.join("/run", folder))
        os.chmod(os.path.join("/run", folder), mode)
    for inside, fd in kept.items():
        os.close(os.open(inside, os.O_CREAT | os.O_WRONLY, 0o600))
        subprocess.run(["mount", "--bind", f"/proc/self/fd/{fd}", inside], check=True, pass_fds=[fd])
        os.close(fd)


def main():
    plan = json.loads(sys.argv[1])
    outside_pid = os.readlink("/proc/self")
    kept = keep_sockets(plan["keep"])
    if plan["mounts"]:
        mount("-t", "proc", "proc", "/proc")
    for path, files in plan["files"].items():
        replace_folder(path, files)
    for path, file in plan["bind"].items():
        mount("--bind", file, path)
    if plan["run"]:
        new_run(kept)
    if plan["display"]:
        os.makedirs("/tmp/.X11-unix", mode=0o1777, exist_ok=True)
        mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", "/tmp/.X11-unix")
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    print(outside_pid, flush=True)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    while True:
        collect()
        signal.sigwait({signal.SIGCHLD})


def collect():
    """Takes note of every orphan that has ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


main()
