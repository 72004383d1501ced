"""A port for a server that cannot take one by itself."""

import socket
from random import SystemRandom


def free_port() -> int:
    """A port on which nothing listens, out of reach of those that the system gives by itself.

    Between this call and the start of the server, a connection of another test could otherwise get the same port.
    """
    chance = SystemRandom()
    while True:
        port = chance.randrange(15_000, 32_000)
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)):
                return port
