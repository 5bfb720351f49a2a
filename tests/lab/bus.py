# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The system bus of a device: a dbus-daemon of type system with the policies that a machine would have."""

import glob
import os
import socket

SOCKET = "/run/dbus/system_bus_socket"
ADDRESS = f"unix:path={SOCKET}"

# What Debian's system.conf says, without its set-user-ID launcher: services start as the bus runs, as root.
CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>{address}</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{services}</servicedir>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Introspectable"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Properties"/>
  </policy>
  <policy user="root">
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Monitoring"/>
  </policy>
{includes}
</busconfig>
"""

SERVICE = """[D-BUS Service]
Name={name}
Exec={exec}
User=root
"""

POLKIT_POLICY = "/usr/share/dbus-1/system.d/org.freedesktop.PolicyKit1.conf"


def find_data(build, source, name):
    """The one file of this name that the build made, or else that lies in the source."""
    for top in (build, source):
        for folder in ("data", "helper", "src"):
            found = sorted(glob.glob(os.path.join(glob.escape(os.path.join(top, folder)), "**", name), recursive=True))
            if found:
                return found[0]
    raise FileNotFoundError(f"{name} is neither in {build} nor in {source}")


def answers(path):
    """Whether a bus takes connections at this socket: the file is there a little earlier."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.connect(path)
    return True


def polkitd_path():
    for path in ("/usr/lib/polkit-1/polkitd", "/usr/libexec/polkitd"):
        if os.path.exists(path):
            return path
    raise FileNotFoundError("polkitd")


def write_config(folder, policies, services):
    """Writes bus configuration and service files into `folder`; returns the configuration's path.

    policies: bus policy files. services: {bus name: command line} to start on demand.
    """
    service_folder = os.path.join(folder, "services")
    os.makedirs(service_folder, exist_ok=True)
    for name, command in services.items():
        with open(os.path.join(service_folder, f"{name}.service"), "w", encoding="utf-8") as file:
            file.write(SERVICE.format(name=name, exec=command))
    config = os.path.join(folder, "system-bus.conf")
    includes = "\n".join(f"  <include>{path}</include>" for path in policies)
    with open(config, "w", encoding="utf-8") as file:
        file.write(CONFIG.format(address=ADDRESS, services=service_folder, includes=includes))
    return config
