#!/usr/bin/python3
# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives the window through AT-SPI; runs inside the desktop session, one request a line as JSON.

Request: [verb, role, name, argument]. A role and a name match what contains them (roles and names differ a little from
one GTK to the next). Answer: {"value": ...} or {"error": text}.
  has     whether there is such an accessible
  names   the names of all accessibles of the role whose name contains `name`
  click   the first action of the first such accessible; argument: the name of an ancestor
  state   whether the first such accessible is checked; argument: the name of an ancestor
  type    puts the argument into the first such text field
  text    what the first such text field holds
"""
import json
import sys

import pyatspi

APPLICATION = "org.lightscale.Lightscale"
# What lies below these says nothing new, and every accessible costs a call.
LEAVES = {"button", "check box", "entry", "image", "label", "page tab list", "push button", "scroll bar", "text"}


def applications():
    desktop = pyatspi.Registry.getDesktop(0)
    for i in range(desktop.childCount):
        application = desktop.getChildAtIndex(i)
        if application is not None and application.name in (APPLICATION, "lightscale", "Lightscale"):
            yield application


def walk(node):
    """Every accessible below `node`, depth first; what vanishes meanwhile is left out."""
    yield node
    try:
        if node.getRoleName() in LEAVES:
            return
        children = [node.getChildAtIndex(i) for i in range(node.childCount)]
    except Exception:
        return
    for child in children:
        if child is not None:
            yield from walk(child)


def describe(node):
    try:
        return node.getRoleName(), node.name or ""
    except Exception:
        return "", ""


def matches(role, name, within=""):
    for application in applications():
        for top in walk(application):
            if within and within not in describe(top)[1]:
                continue
            for node in walk(top):
                found = describe(node)
                if role in found[0] and name in found[1]:
                    yield node
            if not within:
                break


def first(role, name, within=""):
    for node in matches(role, name, within):
        return node
    raise LookupError(f"no {role} {name!r} {within!r}: {[describe(n) for a in applications() for n in walk(a)]}")


def text_of(node):
    text = node.queryText()
    return text.getText(0, text.characterCount)


def answer(verb, role, name, argument=""):
    if verb == "has":
        return any(True for _ in matches(role, name))
    if verb == "names":
        return [describe(node)[1] for node in matches(role, name)]
    if verb == "click":
        return first(role, name, argument).queryAction().doAction(0)
    if verb == "state":
        return first(role, name, argument).getState().contains(pyatspi.STATE_CHECKED)
    if verb == "type":
        return first(role, name).queryEditableText().setTextContents(argument)
    if verb == "text":
        return text_of(first(role, name))
    raise ValueError(verb)


for line in sys.stdin:
    try:
        print(json.dumps({"value": answer(*json.loads(line))}), flush=True)
    except Exception as problem:
        print(json.dumps({"error": f"{type(problem).__name__}: {problem}"[:4000]}), flush=True)
