"""A TLS connection within one program; valid on Python 2.7 and 3.x."""

import os
import ssl
import threading

from scenario_parts import connected

CERTIFICATE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "self_signed.pem")


def tls_pair():
    """Return both ends of a connection, the client's first, with the handshake behind them."""
    near, far = connected()
    server_side = server_context()
    servers = []
    thread = threading.Thread(
        target=lambda: servers.append(server_side.wrap_socket(far, server_side=True))
    )
    thread.start()
    client = client_context().wrap_socket(near)
    thread.join()
    return client, servers[0]


def server_context():
    """What the server shows: a certificate made for this, of no worth."""
    context = ssl.SSLContext(getattr(ssl, "PROTOCOL_TLS_SERVER", ssl.PROTOCOL_SSLv23))
    context.load_cert_chain(CERTIFICATE)
    return context


def client_context():
    """What the client asks for: encryption only."""
    context = ssl.SSLContext(getattr(ssl, "PROTOCOL_TLS_CLIENT", ssl.PROTOCOL_SSLv23))
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
