# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A template of python-dbusmock: as much of NetworkManager as libnm needs for adding, activating and deleting one
profile, to fail as the real one cannot be made to.

Parameters: "add": "refuse"; "activation": "fail", "unmanaged", "stall" or "die".
"""

import os

import dbus
from dbusmock import mockobject
from gi.repository import GLib

BUS_NAME = "org.freedesktop.NetworkManager"
MAIN_OBJ = "/org/freedesktop"
SYSTEM_BUS = True
IS_OBJECT_MANAGER = True

MANAGER_PATH = "/org/freedesktop/NetworkManager"
SETTINGS_PATH = MANAGER_PATH + "/Settings"
PROFILE_PATH = SETTINGS_PATH + "/1"
DEVICE_PATH = MANAGER_PATH + "/Devices/1"
ACTIVE_PATH = MANAGER_PATH + "/ActiveConnection/1"

MANAGER = "org.freedesktop.NetworkManager"
SETTINGS = MANAGER + ".Settings"
PROFILE = SETTINGS + ".Connection"
DEVICE = MANAGER + ".Device"
ACTIVE = MANAGER + ".Connection.Active"

ACTIVATING, DEACTIVATED = 1, 4
DEVICE_PREPARE, DEVICE_FAILED = 40, 120
WIREGUARD = 29
REASONS = {"fail": 4, "unmanaged": 3}
# Until the client has seen that the activation has begun.
SOON_MILLISECONDS = 200


def load(mock, parameters):
    mock.double = Double(mock, parameters)


def paths(*items):
    return dbus.Array(items, signature="o")


def calling(name, signature, result, code):
    """A method of an object that is answered by Double."""
    return name, signature, result, f"{'ret = ' if result else ''}objects['{MAIN_OBJ}'].double.{code}"


def change(path, interface, **properties):
    mockobject.objects[path].UpdateProperties(interface, properties)


class Double:
    def __init__(self, mock, parameters):
        self.mock = mock
        self.parameters = parameters
        mock.AddObject(MANAGER_PATH, MANAGER, {
            "Version": "1.42.4", "State": dbus.UInt32(70), "Startup": False, "NetworkingEnabled": True,
            "Devices": paths(), "AllDevices": paths(), "ActiveConnections": paths(),
        }, [calling("ActivateConnection", "ooo", "o", "activate(args[0])")])
        mock.AddObject(SETTINGS_PATH, SETTINGS, {"Connections": paths(), "CanModify": True, "Hostname": ""},
                       [calling("AddConnection2", "a{sa{sv}}ua{sv}", "oa{sv}", "add_profile(args[0])")])

    def add_profile(self, settings):
        if self.parameters.get("add") == "refuse":
            raise dbus.DBusException("Insufficient privileges", name=SETTINGS + ".PermissionDenied")
        self.settings = settings
        self.mock.AddObject(PROFILE_PATH, PROFILE, {"Unsaved": True, "Flags": dbus.UInt32(3), "Filename": ""},
                            [calling("GetSettings", "", "a{sa{sv}}", "settings"),
                             calling("Delete", "", "", "delete_profile()")])
        self.mock.object_manager_emit_added(PROFILE_PATH)
        change(SETTINGS_PATH, SETTINGS, Connections=paths(PROFILE_PATH))
        return dbus.ObjectPath(PROFILE_PATH), dbus.Dictionary({}, signature="sv")

    def delete_profile(self):
        change(SETTINGS_PATH, SETTINGS, Connections=paths())
        self.remove(PROFILE_PATH)

    def activate(self, profile):
        how = self.parameters["activation"]
        self.add_device(self.settings["connection"]["interface-name"], REASONS.get(how, 0))
        self.add_active(profile)
        self.list_devices([DEVICE_PATH], [ACTIVE_PATH])
        if how != "stall":
            GLib.timeout_add(SOON_MILLISECONDS, self.end_activation, how == "die")
        return dbus.ObjectPath(ACTIVE_PATH)

    def add_device(self, interface, reason):
        self.mock.AddObject(DEVICE_PATH, DEVICE, {
            "Interface": interface, "IpInterface": interface, "Managed": True, "DeviceType": dbus.UInt32(WIREGUARD),
            "State": dbus.UInt32(DEVICE_PREPARE), "ActiveConnection": dbus.ObjectPath(ACTIVE_PATH),
            # python-dbusmock cannot change a structure: it says from the beginning how this ends.
            "StateReason": dbus.Struct((dbus.UInt32(DEVICE_FAILED), dbus.UInt32(reason)))}, [])
        mockobject.objects[DEVICE_PATH].AddProperties(DEVICE + ".WireGuard", {"ListenPort": dbus.UInt16(0)})
        self.mock.object_manager_emit_added(DEVICE_PATH)

    def add_active(self, profile):
        connection = self.settings["connection"]
        self.mock.AddObject(ACTIVE_PATH, ACTIVE, {
            "Connection": dbus.ObjectPath(profile), "Devices": paths(DEVICE_PATH), "Id": connection["id"],
            "Uuid": connection["uuid"], "Type": "wireguard", "State": dbus.UInt32(ACTIVATING),
            "StateFlags": dbus.UInt32(0)}, [])
        self.mock.object_manager_emit_added(ACTIVE_PATH)

    def list_devices(self, devices, active):
        change(MANAGER_PATH, MANAGER, Devices=paths(*devices), AllDevices=paths(*devices),
               ActiveConnections=paths(*active))

    def end_activation(self, die):
        if die:
            os._exit(0)
        change(DEVICE_PATH, DEVICE, State=dbus.UInt32(DEVICE_FAILED))
        change(ACTIVE_PATH, ACTIVE, State=dbus.UInt32(DEACTIVATED))
        self.list_devices([], [])
        self.remove(ACTIVE_PATH)
        self.remove(DEVICE_PATH)
        return False

    def remove(self, path):
        self.mock.object_manager_emit_removed(path)
        self.mock.RemoveObject(path)
