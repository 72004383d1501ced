"""What holds for every test."""

from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import settings

from tests.servers.postgresql import empty_schema, postgresql_server

# A deadline is an assertion about time, which a busy machine breaks.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

_SCHEMAS = count(1)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a real PostgreSQL server."""
    with postgresql_server() as url:
        yield url


@pytest.fixture
def shared_place(postgresql: str) -> str:
    """The address of a shared outbox that is not there yet."""
    return empty_schema(postgresql, f"outbox_{next(_SCHEMAS)}")
