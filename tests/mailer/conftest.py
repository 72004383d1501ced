"""An empty outbox for each test, in each kind of database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailer.outbox.outbox import Outbox


@pytest.fixture
def file_outbox(tmp_path: Path) -> Iterator[Outbox]:
    """An empty outbox in a file in the test's own folder."""
    with Outbox.open(tmp_path / "outbox.sqlite") as opened:
        yield opened


@pytest.fixture
def shared_outbox(shared_place: str, tmp_path: Path) -> Iterator[Outbox]:
    """An empty outbox in PostgreSQL."""
    with Outbox.open(shared_place, tmp_path / "outbox.receipts") as opened:
        yield opened


@pytest.fixture(params=["file", "shared"])
def outbox(request: pytest.FixtureRequest) -> Outbox:
    """An empty outbox, in a file and in PostgreSQL."""
    made = request.getfixturevalue(f"{request.param}_outbox")
    assert isinstance(made, Outbox)
    return made
