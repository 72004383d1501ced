"""The service on a port, by uvicorn."""

import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import uvicorn

from generator import SiteSettings, unsubscribe_pages
from mailer import stop_on_signals
from mailer.providers.sendgrid.signatures import SignedRequests
from offerpress.hooks.clerk import Clerk
from offerpress.hooks.service import Service
from offerpress.site.settings_file import read_section
from offerpress.site.site import Site
from rewards import Fault, Faulty

_AT_ONCE: Final = 200


def serve(
    site: Site,
    webhook_key: str,
    host: str,
    port: int,
    *,
    most_age: timedelta,
    clock: Callable[[], datetime],
    ticks: Callable[[], float],
    say: Callable[[str], None],
) -> None:
    """Answers requests until SIGTERM or Ctrl-C; what was begun is recorded and answered first.

    With port 0 a free one is taken, and told by `say`. Raises `Faulty` without a site secret, `ConfigurationError` for
    what is no public key, and what keeps the outbox from being opened.
    """
    faults: list[Fault] = []
    keys = site.read_keys(faults)
    settings = read_section(site.folder, "site", SiteSettings, faults)
    if keys is None or settings is None:
        raise Faulty(faults)
    clerk = Clerk(site.open_outbox, clock)
    service = Service(
        clerk,
        unsubscribe_pages(site.template_folders, settings),
        settings.languages,
        keys.tokens,
        SignedRequests(webhook_key) if webhook_key else None,
        clock,
        ticks,
        most_age,
    )
    # uvicorn raises a signal again once it has finished what was begun; by then it must do nothing more
    with stop_on_signals(), clerk.at_work(), socket.create_server((host, port)) as listening:
        say(f"Listening on http://{host}:{listening.getsockname()[1]}")
        uvicorn.Server(_settings(service)).run(sockets=[listening])
    say(f"Stopped; {clerk.total.new:,} events taken in")


def _settings(service: Service) -> uvicorn.Config:
    """No log of addresses or tokens; a proxy on this machine may tell whom it speaks for."""
    return uvicorn.Config(
        service.application(),
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=_AT_ONCE,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=30,
        lifespan="off",
    )
