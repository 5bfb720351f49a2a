# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab could leave on the machine: compare before and after."""

import re
import subprocess
import time

from .node import PATH

OURS = re.compile(r"\bls-|\blsdemo|\blightscale|\b27763\b|proto 108\b|\b5280:")
LISTS = (
    ("link", ["ip", "-o", "link"]),
    ("address", ["ip", "-o", "addr"]),
    ("rule", ["ip", "rule"]),
    ("rule", ["ip", "-6", "rule"]),
    ("route", ["ip", "route", "show", "table", "all"]),
    ("route", ["ip", "-6", "route", "show", "table", "all"]),
    ("namespace", ["ip", "netns", "list"]),
    ("firewall", ["nft", "list", "tables"]),
)


def _lines(command):
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env={"PATH": PATH})
    return result.stdout.splitlines()


def traces():
    """The set of everything of ours in the machine's own network now, as text."""
    found = set()
    for kind, command in LISTS:
        found |= {f"{kind}: {line.strip()}" for line in _lines(command) if OURS.search(line)}
    return found


def left_since(before, timeout=20):
    """What came since `before` and stays. The kernel takes a namespace's links away a moment after its last process."""
    deadline = time.monotonic() + timeout
    while (left := traces() - before) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left
