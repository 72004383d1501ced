"""Runs the provider of the guide with a server that answers, fails and cuts the connection."""

import importlib.util
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType

import pytest

from mailer.delivery.delivery import deliver
from mailer.errors import ConfigurationError
from mailer.outbox.outbox import Outbox
from mailer.rules.states import Cause, Outcome, Status
from mailer.transports.base import Attempt, Transport
from tests.samples.mail import NOW, PLAN, approved, mail_settings, notice, notices
from tests.servers.provider import Answer, Provider, provider

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "add-a-provider.md"
CUT = Answer(cut="after body")
REFUSED = Answer(429, headers=(("Retry-After", "7"),), takes=False)
WRONG_KEY = Answer(401, takes=False)


@pytest.fixture
def example(tmp_path: Path) -> ModuleType:
    """Return the module of the guide."""
    (code,) = re.findall(
        r"^```python\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    file = tmp_path / "example.py"
    file.write_text(code, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("example", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    """Open an empty outbox."""
    with Outbox.open(tmp_path / "outbox.sqlite") as opened:
        yield opened


def transport(module: ModuleType, server: Provider) -> Transport:
    """Return the guide's transport to a server."""
    made: Transport = module.ExampleTransport("ex_key", server.base_url)
    return made


def handed(way: Transport) -> Outcome:
    """Return the outcome of one message over one connection."""
    with closing(way.connect()) as connection:
        return connection.hand(Attempt(notice(), "<m@vendor.example>", "key-1", NOW))


def keys(server: Provider) -> Counter[str]:
    """Count the messages that the server took under each key."""
    return Counter(head["idempotency-key"] for _, head in server.heads)


@pytest.mark.parametrize(
    ("answers", "cause", "about"),
    [
        ([Answer()], Cause.ACCEPTANCE, "notice"),
        ([Answer(422, takes=False)], Cause.REJECTION, "notice"),
        ([REFUSED], Cause.REFUSAL, "transport"),
        ([Answer(408)], Cause.LOST_ANSWER, "transport"),
        ([Answer(503)], Cause.LOST_ANSWER, "transport"),
        ([CUT], Cause.LOST_ANSWER, "transport"),
        ([Answer(cut="half answer")], Cause.LOST_ANSWER, "transport"),
        ([CUT, Answer()], Cause.ACCEPTANCE, "notice"),
        ([CUT, REFUSED], Cause.LOST_ANSWER, "transport"),
        ([CUT, WRONG_KEY], Cause.LOST_ANSWER, "transport"),
        ([CUT, Answer(422, takes=False)], Cause.LOST_ANSWER, "transport"),
    ],
)
def test_each_answer_proves_what_the_guide_says(
    example: ModuleType, answers: list[Answer], cause: Cause, about: str
) -> None:
    """Each row of the table holds; after a lost answer only an acceptance under the same key proves anything."""
    with provider(*answers) as server:
        outcome = handed(transport(example, server))
    assert (cause, about) == (outcome.cause, outcome.about)
    assert (7.0 if cause is Cause.REFUSAL else None) == outcome.wait_seconds
    assert {"key-1"} >= set(keys(server))


def test_nobody_listening_is_a_refusal(example: ModuleType) -> None:
    """If nobody listens, the outcome is a refusal, because nobody can have taken the message."""
    with provider() as server:
        way = transport(example, server)
    outcome = handed(way)
    assert (Cause.REFUSAL, "transport") == (outcome.cause, outcome.about)


def test_settings_that_cannot_work_are_a_configuration_error(example: ModuleType) -> None:
    """A refused key ends the call, and no error shows the key."""
    with provider(WRONG_KEY) as server, pytest.raises(ConfigurationError, match="401") as refused:
        handed(transport(example, server))
    assert "ex_key" not in str(refused.value)
    with pytest.raises(ConfigurationError):
        example.ExampleTransport("", server.base_url)


def test_a_plan_is_taken_once_though_answers_are_lost(
    example: ModuleType, outbox: Outbox, tmp_path: Path
) -> None:
    """The server takes each message under its own key, a repeated request keeps its key, and no notice is unknown."""
    batch = approved(outbox, tmp_path, notices(30))
    with provider(CUT, Answer(), CUT, Answer(503), Answer()) as server:
        done = deliver(outbox, batch, transport(example, server), clock=lambda: NOW, settings=mail_settings())
    assert (30, 0) == (done.accepted, done.unknown)
    assert {batch.key(partner) for partner in batch.partner_ids()} == set(keys(server))
    assert 33 == keys(server).total()


def test_a_provider_that_fails_for_good_ends_the_call(
    example: ModuleType, outbox: Outbox, tmp_path: Path
) -> None:
    """Notices that the provider may have taken are unknown, and the others are still ready."""
    batch = approved(outbox, tmp_path, notices(30))
    settings = mail_settings(retries={"first_seconds": 0, "attempts": 2})
    with provider(CUT) as server:
        done = deliver(outbox, batch, transport(example, server), clock=lambda: NOW, settings=settings)
    counts = outbox.counts(PLAN)
    assert "cannot be used now" in done.stopped
    assert (0, 30) == (counts[Status.ACCEPTED], counts[Status.UNKNOWN] + counts[Status.READY])
    assert len(keys(server)) == counts[Status.UNKNOWN]
