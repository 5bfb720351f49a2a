#!/usr/bin/python3
# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads and drives the Lightscale window through AT-SPI; run inside the desktop session.

  accessible.py wait TEXT SECONDS [LIST]   says "ready", waits for an accessible name that contains TEXT, prints
                                           when (time.monotonic). With LIST it looks only in the list of that name,
                                           which is much quicker: each look costs several calls on the bus
  accessible.py names                      every accessible name as [role, name]
  accessible.py click ROLE TEXT            the first action of the first accessible of such a role and name
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


def find_list(name, deadline):
    """The list of this name, once it is there; without a name the whole application each time anew."""
    if name is None:
        return application
    while time.monotonic() < deadline:
        for node in walk(application()):
            if describe(node) == ("list", name):
                return lambda: node
    sys.exit(f"there is no list {name}")


def wait(text, seconds, list_name=None):
    deadline = time.monotonic() + float(seconds)
    place = find_list(list_name, deadline)
    print("ready", flush=True)
    while time.monotonic() < deadline:
        if any(text in describe(node)[1] for node in walk(place())):
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
