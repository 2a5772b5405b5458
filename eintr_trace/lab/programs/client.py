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


def connect(options):
    """Return a client and the transport it calls through, open."""
    socket_class = RetryingSocket if options.retry else TSocket.TSocket
    connection = socket_class("127.0.0.1", options.port)
    connection.setTimeout(options.timeout_ms)
    transport = TTransport.TBufferedTransport(connection)
    client = Calculator.Client(TBinaryProtocol.TBinaryProtocol(transport))
    transport.open()
    return client, transport


def fetch(client):
    """Call get_image, say what came and return it."""
    started = time.time()
    image = client.get_image()
    say("get %d bytes in %.3f s" % (len(image), time.time() - started))
    return image


def fetch_numbered(client):
    """The same, and say for which request of the connection that image was made."""
    say("the image of request %d" % bytearray(fetch(client)[:1])[0])


def fetch_twice(client, wait):
    """Call get_image, and whatever becomes of it, once more on the same connection."""
    try:
        fetch_numbered(client)
    except Thrift.TException as e:
        say_exception(e)
    wait()
    say("Start second thrift req")
    fetch_numbered(client)


def wait_for_a_line():
    """Wait to be told on standard input."""
    say("Waiting for a line to call again")
    sys.stdin.readline()


def run(options):
    """Do what the command line asks for."""
    client, transport = connect(options)
    say("Start thrift req")
    if options.call_again is None:
        fetch(client)
    else:
        fetch_twice(client, WAITS[options.call_again])
    transport.close()


def say_exception(e):
    """Say what Thrift raised and what it wraps."""
    say(repr(e))
    say("inner: %r" % (getattr(e, "inner", None),))


WAITS = {"at-once": lambda: None, "when-told": wait_for_a_line}


def parse_options():
    """Read the command line: the plain client, or one of its variants."""
    parser = argparse.ArgumentParser(description="Calls get_image.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--timeout-ms", type=int, help="call setTimeout with it")
    parser.add_argument("--no-except", action="store_true", help="catch no exception")
    parser.add_argument("--retry", action="store_true", help="call recv again after EINTR")
    parser.add_argument("--raise-in-handler", action="store_true")
    parser.add_argument(
        "--call-again", choices=sorted(WAITS), help="call it twice; when-told waits for a line"
    )
    return parser.parse_args()


def main():
    """Register the handler, make the call, report what Thrift raises."""
    options = parse_options()
    handler = on_signal_raise if options.raise_in_handler else on_signal
    signal.signal(signal.SIGUSR1, handler)
    say("Start client @ %d" % os.getpid())
    if options.no_except:
        run(options)
        return
    try:
        run(options)
    except Thrift.TException as e:
        say_exception(e)
        traceback.print_exc(file=sys.stdout)


if __name__ == "__main__":
    main()
