"""Results of texts that several threads of the studio ask for at once."""

import sys
import threading
from collections.abc import Iterator
from functools import partial

import pytest

from generator.templating.kept_results import KeptResults


@pytest.fixture
def hasty() -> Iterator[None]:
    """Let threads take turns as often as the interpreter can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty")
def test_readings_that_begin_at_once_disturb_none() -> None:
    """Each thread gets the result of its text, whatever another one begins, writes or reads meanwhile."""
    kept, wrong = KeptResults(), list[object]()
    gate = threading.Barrier(4)

    def read(number: int) -> None:
        gate.wait()
        try:
            for turn in range(300):
                kept.begin()
                found = [kept.of("same", str(one), partial(str, one)) for one in range(20)]
                wrong.extend(found if found != list(map(str, range(20))) else ())
                if turn % 50 == number:
                    kept.read(kept.written("program"), "program")
        except Exception as error:  # noqa: BLE001 - whatever a thread meets is told
            wrong.append(error)

    threads = [threading.Thread(target=read, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [] == wrong
