"""An empty outbox for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mailer import Outbox


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    """An empty outbox in the test's own folder."""
    with Outbox.open(tmp_path / "outbox.sqlite") as opened:
        yield opened
