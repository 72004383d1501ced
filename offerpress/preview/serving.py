"""One way to answer over HTTP on this machine: the sockets of a port, and the server that answers there."""

import errno
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import FrameType

import uvicorn

from offerpress.site.folder import OfferpressError

Application = Callable[..., Awaitable[None]]
LOCAL = "127.0.0.1"
LOCAL_NAMES = (LOCAL, "localhost", "[::1]")
_LOCAL_6 = "::1"
_NO_IPV6 = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT)
_TRIES = 20


def listen(port: int, host: str = LOCAL) -> list[socket.socket]:
    """Listen on that port of this machine, by IPv4 and, where this machine has it, by IPv6; port 0 takes a free one.

    Both or none: if another program had the port by IPv6, a browser that prefers IPv6 would ask that program. Another
    `host` is one address of this machine that other machines reach.
    """
    if not is_local(host):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return [_listening(family, host, port)]
    tries = 1 if port else _TRIES
    while True:
        first = _listening(socket.AF_INET, LOCAL, port)
        tries -= 1
        try:
            second = _listening(socket.AF_INET6, _LOCAL_6, first.getsockname()[1])
        except OSError as error:
            if error.errno in _NO_IPV6:
                return [first]
            first.close()
            if not tries:
                raise _taken(port, error) from error
        else:
            return [first, second]


def is_local(host: str) -> bool:
    """Return whether only this machine reaches that host."""
    return host in {*LOCAL_NAMES, _LOCAL_6}


def _listening(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        if host == _LOCAL_6:
            raise
        raise _taken(port, error) from error


def _taken(port: int, error: OSError) -> OfferpressError:
    return OfferpressError(f"port {port}: cannot be used ({error.strerror}); choose another one with --port")


class _Server(uvicorn.Server):
    """A server that tells its live channels of a signal, so that they end by themselves and not by being cancelled."""

    def __init__(self, config: uvicorn.Config, interrupted: Callable[[], None]) -> None:
        super().__init__(config)
        self._interrupted = interrupted

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop, at a signal."""
        self._interrupted()
        super().handle_exit(sig, frame)


def serving(
    application: Application, *, seconds: int = 2, interrupted: Callable[[], None] = lambda: None
) -> uvicorn.Server:
    """Return a server that logs no addresses, which may name partners, and trusts no proxy.

    At a signal it calls `interrupted`, then it waits `seconds` for answers that have begun.
    """
    return _Server(
        uvicorn.Config(
            application,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="none",
            limit_concurrency=200,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=seconds,
            lifespan="off",
        ),
        interrupted,
    )


def port_of(listening: list[socket.socket]) -> int:
    """Return the port of these sockets, which is the same for all."""
    port: int = listening[0].getsockname()[1]
    return port


def close_all(listening: list[socket.socket]) -> None:
    """Close sockets that no server answers on any more."""
    for one in listening:
        with suppress(OSError):
            one.close()
