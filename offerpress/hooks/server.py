"""The server of the service: it listens on a port through uvicorn."""

import socket
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

import uvicorn

from generator import SiteSettings, unsubscribe_pages
from mailer import stop_on_signals
from mailer.providers.sendgrid.signatures import SignedRequests
from offerpress.hooks.recorder import EventRecorder
from offerpress.hooks.service import Service
from offerpress.site.settings_file import read_section
from offerpress.site.site import Site
from rewards import Fault, Faulty

_AT_ONCE: Final = 200


def run_service(
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
    """Answer requests until SIGTERM or Ctrl-C. Requests that have begun are recorded and answered first.

    Port 0 takes a free port, which `say` reports. Raises `Faulty` without a site secret, `ConfigurationError` for an
    invalid public key, and the error that prevents the outbox from being opened.
    """
    faults: list[Fault] = []
    keys = site.read_keys(faults)
    settings = read_section(site.folder, "site", SiteSettings, faults)
    if keys is None or settings is None:
        raise Faulty(faults)
    recorder = EventRecorder(site.open_outbox, clock)
    service = Service(
        recorder,
        unsubscribe_pages(site.template_folders, settings),
        settings.languages,
        keys.tokens,
        SignedRequests(webhook_key) if webhook_key else None,
        clock,
        ticks,
        most_age,
    )
    # uvicorn raises the signal again after its last answer, when it must have no more effect
    with stop_on_signals(), recorder.at_work(), socket.create_server((host, port)) as listening:
        say(f"Listening on http://{host}:{listening.getsockname()[1]}")
        uvicorn.Server(_settings(service)).run(sockets=[listening])
    say(stop_message(recorder.total.new, service.refused))


def stop_message(taken: int, refused: Mapping[str, int]) -> str:
    """Return what the service took in and what it left out, by reason."""
    left_out = ", ".join(f"{number:,} {reason}" for reason, number in sorted(refused.items()))
    return f"Stopped; {taken:,} events taken in" + (f"; left out: {left_out}" if left_out else "")


def _settings(service: Service) -> uvicorn.Config:
    """Return settings that log no addresses or tokens. Only a proxy on this machine may name the client."""
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
