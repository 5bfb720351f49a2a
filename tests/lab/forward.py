# SPDX-FileCopyrightText: The Lightscale developers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Joins the lab's internet to a machine outside that may not enter it, as a router at its edge would.

  forward.py CONTROL-ADDRESS CONTROL-PORT EDGE-ADDRESS WIREGUARD-PORT LISTENER SOCKET...

LISTENER is a TCP socket outside: what connects there reaches the control plane. EDGE-ADDRESS:WIREGUARD-PORT inside
leads to 127.0.0.1:WIREGUARD-PORT outside; each sender inside gets one of the SOCKETs (UDP, outside) for itself.
"""

import asyncio
import socket
import sys


async def pump(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def serve_tcp(listener, address, port):
    async def accept(reader, writer):
        try:
            inner_reader, inner_writer = await asyncio.open_connection(address, port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))

    return await asyncio.start_server(accept, sock=listener)


class Edge(asyncio.DatagramProtocol):
    """The inner side: gives each sender an outer socket and sends what it gets from there to it."""

    def __init__(self, sockets, port):
        self.free = sockets
        self.port = port
        self.outer = {}

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, sender):
        if sender not in self.outer and self.free:
            datagram = self.free.pop()
            datagram.setblocking(False)
            self.outer[sender] = datagram
            asyncio.get_running_loop().add_reader(datagram, self.answer, datagram, sender)
        if sender in self.outer:
            try:
                self.outer[sender].sendto(data, ("127.0.0.1", self.port))
            except OSError:
                pass

    def answer(self, datagram, sender):
        try:
            self.transport.sendto(datagram.recvfrom(65536)[0], sender)
        except OSError:
            pass


async def main():
    address, port, edge, wireguard, listener, *sockets = sys.argv[1:]
    sockets = [socket.socket(fileno=int(number)) for number in sockets]
    server = await serve_tcp(socket.socket(fileno=int(listener)), address, int(port))
    await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Edge(sockets, int(wireguard)), local_addr=(edge, int(wireguard)))
    await server.serve_forever()


asyncio.run(main())
