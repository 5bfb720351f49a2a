# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices in namespaces with the real parts; see README.md."""

from .device import Device
from .lab import Lab
from .waiting import wait_for

__all__ = ["Device", "Lab", "wait_for"]
