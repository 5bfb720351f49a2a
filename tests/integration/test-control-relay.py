# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The relays of lightscale-control, spoken to byte by byte."""
import socket
import struct
import time
import unittest

import control_plane as cp

REGISTER, SEND, DELIVER = 1, 2, 3
QUIET = 0.3  # seconds in which nothing must come


def frame(magic, kind, sender, to=b'', payload=b'', reserved=0):
    return magic + bytes([kind, len(sender), len(to), reserved]) + sender + to + payload


def udp(*arguments, **options):
    return frame(b'LSR1', *arguments, **options)


def stream(*arguments, **options):
    packet = frame(b'LSR2', *arguments, **options)
    return struct.pack('>I', len(packet)) + packet


class Relays(unittest.TestCase):
    def setUp(self):
        self.server = cp.ControlPlane('--udp-relay-listen', '127.0.0.1:0', '--udp-relay-listen', '[::1]:0',
                                      '--stream-relay-listen', '127.0.0.1:0')
        self.addCleanup(self.server.stop)

    def address(self, kind, index=0):
        host, _, port = self.server.relays[kind][index].rpartition(':')
        return host.strip('[]'), int(port)

    def test_advertised(self):
        device = self.server.join(self.server.create_token(self.server.create_network()), 'a')
        relay = device.netmap()['relay']
        self.assertEqual(relay['udp_relay_servers'], self.server.relays['UDP'])
        self.assertEqual(relay['stream_relay_servers'], self.server.relays['stream'])

    # UDP

    def udp_socket(self, index=0):
        address = self.address('UDP', index)
        family = socket.AF_INET6 if ':' in address[0] else socket.AF_INET
        result = socket.socket(family, socket.SOCK_DGRAM)
        self.addCleanup(result.close)
        result.connect(address)
        result.settimeout(cp.DEADLINE)
        return result

    def assert_quiet(self, connection):
        connection.settimeout(QUIET)
        with self.assertRaises(socket.timeout):
            connection.recv(4096)
        connection.settimeout(cp.DEADLINE)

    def udp_exchange(self, a, b, payload):
        """Sent again until it arrives: datagrams may be lost."""
        a.settimeout(0.5)
        end = time.monotonic() + cp.DEADLINE
        sent = 0
        while time.monotonic() < end:
            b.send(udp(SEND, b'b', b'a', payload))
            sent += 1
            try:
                got = a.recv(4096)
            except socket.timeout:
                continue
            if sent > 1:
                self.drain(a)
            a.settimeout(cp.DEADLINE)
            return got
        raise AssertionError('nothing was delivered')

    def drain(self, connection):
        """What was sent more than once and came late."""
        try:
            while True:
                connection.recv(4096)
        except socket.timeout:
            pass

    def test_udp(self):
        for index in (0, 1):
            a, b = self.udp_socket(index), self.udp_socket(index)
            a.send(udp(REGISTER, b'a'))
            self.assertEqual(self.udp_exchange(a, b, b'LSDPhello'), udp(DELIVER, b'b', payload=b'LSDPhello'))
            # A send registers too.
            a.send(udp(SEND, b'a', b'b', b'back'))
            self.assertEqual(b.recv(4096), udp(DELIVER, b'a', payload=b'back'))

    def test_udp_moves(self):
        a, moved, b = self.udp_socket(), self.udp_socket(), self.udp_socket()
        a.send(udp(REGISTER, b'a'))
        self.udp_exchange(a, b, b'1')
        moved.send(udp(REGISTER, b'a'))
        self.assertEqual(self.udp_exchange(moved, b, b'2'), udp(DELIVER, b'b', payload=b'2'))

    def test_udp_drops(self):
        a, b = self.udp_socket(), self.udp_socket()
        a.send(udp(REGISTER, b'a'))
        self.udp_exchange(a, b, b'1')
        for packet in (b'', b'LSR1', udp(REGISTER, b''), udp(4, b'b', b'a'), udp(DELIVER, b'b', b'a', b'x'),
                       udp(SEND, b'b', b'a', b'x', reserved=1), udp(SEND, b'b', b'nobody', b'x'),
                       frame(b'LSR2', SEND, b'b', b'a', b'x'), udp(SEND, b'b' * 65, b'a', b'x'),
                       udp(SEND, b'b', b'a', b'x' * 2039), udp(SEND, b'b', b'a', b'x')[:9]):
            b.send(packet)
        self.assert_quiet(a)
        self.assert_quiet(b)
        largest = b'x' * (2048 - 10)
        self.assertEqual(self.udp_exchange(a, b, largest), udp(DELIVER, b'b', payload=largest))

    # Stream

    def connect(self, name=None):
        result = socket.create_connection(self.address('stream'), cp.DEADLINE)
        self.addCleanup(result.close)
        if name is not None:
            result.sendall(stream(REGISTER, name))
        return result

    def receive(self, connection, count):
        data = b''
        while len(data) < count:
            got = connection.recv(count - len(data))
            self.assertTrue(got, 'the connection was closed')
            data += got
        return data

    def packet(self, connection):
        return self.receive(connection, struct.unpack('>I', self.receive(connection, 4))[0])

    def register(self, name):
        """Registers and makes sure that it is done: it hears itself."""
        connection = self.connect(name)
        connection.sendall(stream(SEND, name, name, b'echo'))
        self.assertEqual(self.packet(connection), frame(b'LSR2', DELIVER, name, payload=b'echo'))
        return connection

    def assert_closed(self, connection):
        try:
            self.assertEqual(connection.recv(1), b'')
        except ConnectionError:
            pass

    def test_stream(self):
        a, b = self.register(b'a'), self.register(b'b')
        a.sendall(stream(SEND, b'a', b'b', b'LSDPhello'))
        self.assertEqual(self.packet(b), frame(b'LSR2', DELIVER, b'a', payload=b'LSDPhello'))
        largest = b'x' * (65536 - 10)
        b.sendall(stream(SEND, b'b', b'a', largest))
        self.assertEqual(self.packet(a), frame(b'LSR2', DELIVER, b'b', payload=largest))

    def test_stream_in_pieces(self):
        a, b = self.register(b'a'), self.register(b'b')
        data = stream(SEND, b'a', b'b', b'one') + stream(SEND, b'a', b'b', b'two')
        for i in range(len(data)):
            a.sendall(data[i:i + 1])
        self.assertEqual(self.packet(b)[-3:], b'one')
        self.assertEqual(self.packet(b)[-3:], b'two')

    def test_every_connection_of_a_node(self):
        a, first = self.register(b'a'), self.register(b'b')
        second = self.connect(b'b')
        second.sendall(stream(SEND, b'b', b'b', b'both'))
        for connection in (first, second):
            self.assertTrue(self.packet(connection).endswith(b'both'))
        first.close()
        a.sendall(stream(SEND, b'a', b'b', b'left'))
        self.assertTrue(self.packet(second).endswith(b'left'))

    def test_too_many_connections_of_a_node(self):
        connections = [self.connect(b'a') for _ in range(16)]
        connections[-1].sendall(stream(SEND, b'a', b'a', b'all'))
        for connection in connections:
            self.assertTrue(self.packet(connection).endswith(b'all'))
        self.connect(b'a')
        self.assert_closed(connections[0])

    def test_stream_drops(self):
        a, b = self.register(b'a'), self.register(b'b')
        for data in (stream(SEND, b'x', b'b', b'no'), stream(SEND, b'a', b'nobody', b'no'), stream(REGISTER, b'c'),
                     stream(DELIVER, b'a', payload=b'no'), stream(9, b'a', b'b', b'no'), b'\0\0\0\1x',
                     stream(SEND, b'a', b'b', b'no', reserved=1)):
            a.sendall(data)
        a.sendall(stream(SEND, b'a', b'b', b'yes'))
        self.assertTrue(self.packet(b).endswith(b'yes'))

    def test_stream_closes(self):
        for data in (stream(SEND, b'a', b'b', b'first'), stream(DELIVER, b'a'), b'\0\0\0\0', b'\0\1\0\1',
                     b'GET / HTTP/1.1\r\n\r\n'):
            connection = self.connect()
            connection.sendall(data)
            self.assert_closed(connection)
        self.register(b'a')

    def test_silent_connections_are_closed(self):
        silent = self.connect()
        start = time.monotonic()
        self.assert_closed(silent)
        self.assertGreater(time.monotonic() - start, 5)

    def test_slow_reader(self):
        """Who does not read loses packets, and holds up nobody else."""
        slow, b, sender = self.register(b'slow'), self.register(b'b'), self.register(b'sender')
        payload = b'x' * 60000
        for _ in range(400):
            sender.sendall(stream(SEND, b'sender', b'slow', payload))
        sender.sendall(stream(SEND, b'sender', b'b', b'after'))
        self.assertTrue(self.packet(b).endswith(b'after'))
        slow.settimeout(1)
        count = 0
        try:
            while True:
                self.assertEqual(self.packet(slow), frame(b'LSR2', DELIVER, b'sender', payload=payload))
                count += 1
        except socket.timeout:
            pass
        self.assertLess(count, 400)
        self.assertGreater(count, 0)

    def test_ends_with_connections(self):
        connections = [self.register(b'a'), self.connect()]
        self.assertEqual(self.server.stop(), 0)
        for connection in connections:
            self.assert_closed(connection)


if __name__ == '__main__':
    cp.enter_namespace()
    unittest.main(verbosity=2)
