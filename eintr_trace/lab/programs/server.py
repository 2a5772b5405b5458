"""The experiment's server: returns the image, slowly if told to.

Valid on Python 2.7 and 3.x; ``thrift`` and ``six`` must be importable. Runs until it is ended.
"""

from __future__ import print_function

import argparse
import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "gen"))

from calculator import Calculator  # noqa: E402 - found through the line above
from thrift.protocol import TBinaryProtocol  # noqa: E402 - kept beside the import it belongs to
from thrift.server import TServer  # noqa: E402 - likewise
from thrift.transport import TSocket, TTransport  # noqa: E402 - likewise

IMAGE_BYTES = 2745109
WRITES_PER_SECOND = 20


class Image(Calculator.Iface):
    """The service; ``requests`` counts how often it was asked."""

    def __init__(self):
        self.requests = 0

    def get_image(self):
        """Return exactly IMAGE_BYTES bytes, the first of which is the request's number."""
        self.requests += 1
        return bytes(bytearray([self.requests % 256])) + b"\x89" * (IMAGE_BYTES - 1)


class Link(object):
    """A link that sends everything at once; the others are slower."""

    def send(self, write, data):
        """Hand ``data`` to ``write``, in one or more parts."""
        write(data)


class StalledLink(Link):
    """Sends a ``share`` of each reply (0: nothing), waits until ``wait`` returns, goes on."""

    def __init__(self, wait, share):
        self.wait = wait
        self.share = share

    def send(self, write, data):
        """Hand over one part, then the other."""
        first = int(len(data) * self.share)
        write(data[:first])
        say("Sent: %d of %d bytes" % (first, len(data)))
        self.wait()
        write(data[first:])
        say("All sent")


class PacedLink(Link):
    """Sends so many bytes a second."""

    def __init__(self, bytes_per_second):
        self.part_bytes = max(1, bytes_per_second // WRITES_PER_SECOND)

    def send(self, write, data):
        """Hand over one part after the other."""
        for start in range(0, len(data), self.part_bytes):
            write(data[start : start + self.part_bytes])
            time.sleep(1.0 / WRITES_PER_SECOND)


class LinkedSocket(TSocket.TSocket):
    """A connection that sends through a link."""

    def __init__(self, handle, link):
        TSocket.TSocket.__init__(self)
        self.setHandle(handle)
        self.link = link

    def write(self, buff):
        """Send ``buff``; the buffered transport hands over a whole reply at once."""
        self.link.send(lambda part: TSocket.TSocket.write(self, part), buff)


class LinkedServerSocket(TSocket.TServerSocket):
    """Listens, says where, and gives each connection the link."""

    def __init__(self, host, port, link):
        TSocket.TServerSocket.__init__(self, host, port)
        self.link = link

    def listen(self):
        """Listen; with port 0 the kernel chooses a free one. Exits with 1 if it cannot."""
        try:
            TSocket.TServerSocket.listen(self)
        except socket.error as e:
            where = "%s:%d" % (self.host, self.port)
            why = os.strerror(e.errno)
            sys.exit("cannot listen on %s: %s. Name another with --port" % (where, why))
        say("Listening on %s:%d" % self.handle.getsockname())

    def accept(self):
        """Wait for the next connection."""
        handle, _ = self.handle.accept()
        return LinkedSocket(handle, self.link)


def say(line):
    """Print a line at once, also into a pipe."""
    print(line)
    sys.stdout.flush()


def parse_options():
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Serves get_image, one connection at a time.")
    parser.add_argument("--port", type=int, default=0)
    link = parser.add_mutually_exclusive_group()
    link.add_argument("--stall-until-told", action="store_true", help="wait for a line on stdin")
    link.add_argument("--stall-seconds", type=float, help="send a part, wait, send the rest")
    link.add_argument("--bytes-per-second", type=int, help="send so many bytes a second")
    parser.add_argument("--share", type=float, default=0.5, help="what is sent before a stall")
    return parser.parse_args()


def chosen_link(options):
    """Return the link the command line asks for."""
    if options.stall_until_told:
        return StalledLink(sys.stdin.readline, options.share)
    if options.stall_seconds is not None:
        return StalledLink(lambda: time.sleep(options.stall_seconds), options.share)
    if options.bytes_per_second is not None:
        return PacedLink(options.bytes_per_second)
    return Link()


def main():
    """Serve until ended."""
    options = parse_options()
    listener = LinkedServerSocket("127.0.0.1", options.port, chosen_link(options))
    server = TServer.TSimpleServer(
        Calculator.Processor(Image()),
        listener,
        TTransport.TBufferedTransportFactory(),
        TBinaryProtocol.TBinaryProtocolFactory(),
    )
    try:
        server.serve()
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
