# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Started by RemoteWorld as root of a user namespace: BUILD SOURCE LOGS PORT DESCRIPTOR..."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from lab.world import serve  # noqa: E402

build, source, logs, port, *descriptors = sys.argv[1:]
serve(build, source, logs, int(port), [int(number) for number in descriptors])
