#!/usr/bin/python3
# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads and drives the Lightscale window through AT-SPI; run inside the desktop session.

  accessible.py wait TEXT SECONDS    says "ready", waits for an accessible name that contains TEXT, prints when
                                     (time.monotonic)
  accessible.py names                every accessible name as [role, name]
  accessible.py click ROLE TEXT      the first action of the first accessible of such a role and name
"""
import json
import sys
import time

import pyatspi

APP = "org.lightscale.Lightscale"


def application():
    desktop = pyatspi.Registry.getDesktop(0)
    for i in range(desktop.childCount):
        app = desktop.getChildAtIndex(i)
        if app is not None and app.name in (APP, "lightscale", "Lightscale"):
            return app
    return None


def walk(node):
    """Every accessible below `node`; what vanishes meanwhile is left out."""
    if node is None:
        return
    yield node
    try:
        count = node.childCount
    except Exception:
        return
    for i in range(count):
        try:
            child = node.getChildAtIndex(i)
        except Exception:
            continue
        yield from walk(child)


def describe(node):
    try:
        return node.getRoleName(), node.name or ""
    except Exception:
        return "", ""


def wait(text, seconds):
    print("ready", flush=True)
    deadline = time.monotonic() + float(seconds)
    while time.monotonic() < deadline:
        if any(text in describe(node)[1] for node in walk(application())):
            print(json.dumps(time.monotonic()))
            return
        time.sleep(0.05)
    sys.exit("not there: " + json.dumps([describe(node) for node in walk(application())]))


def click(role, text):
    for node in walk(application()):
        found_role, name = describe(node)
        if role in found_role and text in name:
            node.queryAction().doAction(0)
            print("true")
            return
    sys.exit("not there: " + json.dumps([describe(node) for node in walk(application())]))


def main():
    verb, arguments = sys.argv[1], sys.argv[2:]
    if verb == "wait":
        wait(*arguments)
    elif verb == "click":
        click(*arguments)
    elif verb == "names":
        print(json.dumps([describe(node) for node in walk(application())]))
    else:
        sys.exit(__doc__)


main()
