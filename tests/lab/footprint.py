# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a process costs while nothing happens."""

import os

# What the agent may take while it is idle, with the tray and over http.
AGENT_PSS_KIB = 12 * 1024


def pss(pid):
    """In KiB: memory that is shared counts for each process by its share."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss:"))


def wake_ups(pid):
    """{thread: how often it began to wait}"""
    found = {}
    for thread in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{thread}/status", encoding="ascii") as file:
                found[thread] = next(int(line.split()[1]) for line in file if line.startswith("voluntary_ctxt"))
        except OSError:
            continue
    return found
