"""The experiment's client: what a user of Thrift would write, with a signal handler.

Valid on Python 2.7 and 3.x; ``thrift`` and ``six`` must be importable.
"""

from __future__ import print_function

import argparse
import errno
import os
import signal
import socket
import sys
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "gen"))

from calculator import Calculator  # noqa: E402 - found through the line above
from thrift import Thrift  # noqa: E402 - kept beside the other import it belongs to
from thrift.protocol import TBinaryProtocol  # noqa: E402 - likewise
from thrift.transport import TSocket, TTransport  # noqa: E402 - likewise


class GaveUp(Exception):
    """What the raising variant's handler raises."""


class RetryingSocket(TSocket.TSocket):
    """A socket that calls ``recv`` again after EINTR, as programs for Python 2 had to."""

    def read(self, sz):
        """Read up to ``sz`` bytes."""
        while True:
            try:
                return self.handle.recv(sz)
            except socket.error as e:
                if e.errno == errno.EINTR:
                    continue
                raise


def say(line):
    """Print a line at once, also into a pipe."""
    print(line)
    sys.stdout.flush()


def on_signal(signum, frame):  # noqa: ARG001 - the signature is Python's
    """Say that the signal came."""
    say("Receive sig %d" % signum)


def on_signal_raise(signum, frame):
    """Say that the signal came, then give up what was going on."""
    on_signal(signum, frame)
    raise GaveUp("the handler gives up")


def fetch(options):
    """Call get_image once and say what came."""
    socket_class = RetryingSocket if options.retry else TSocket.TSocket
    connection = socket_class("127.0.0.1", options.port)
    connection.setTimeout(options.timeout_ms)
    transport = TTransport.TBufferedTransport(connection)
    client = Calculator.Client(TBinaryProtocol.TBinaryProtocol(transport))
    transport.open()
    say("Start thrift req")
    started = time.time()
    image = client.get_image()
    say("get %d bytes in %.3f s" % (len(image), time.time() - started))
    transport.close()


def parse_options():
    """Read the command line: the plain client, or one of its variants."""
    parser = argparse.ArgumentParser(description="Calls get_image once.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--timeout-ms", type=int, help="call setTimeout with it")
    parser.add_argument("--no-except", action="store_true", help="catch no exception")
    parser.add_argument("--retry", action="store_true", help="call recv again after EINTR")
    parser.add_argument("--raise-in-handler", action="store_true")
    return parser.parse_args()


def main():
    """Register the handler, make the call, report what Thrift raises."""
    options = parse_options()
    handler = on_signal_raise if options.raise_in_handler else on_signal
    signal.signal(signal.SIGUSR1, handler)
    say("Start client @ %d" % os.getpid())
    if options.no_except:
        fetch(options)
        return
    try:
        fetch(options)
    except Thrift.TException as e:
        say(repr(e))
        say("inner: %r" % (getattr(e, "inner", None),))
        traceback.print_exc(file=sys.stdout)


if __name__ == "__main__":
    main()
