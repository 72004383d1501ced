"""A sample of what `python -m tests.killing` tries in full: each command that writes, killed on the way (SIGKILL)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.killing.killing import CASES, Runner, broken, library, prepared, tiny_site

pytestmark = pytest.mark.xdist_group("killing")
SAMPLED = (
    "plan",
    "build",
    "send",
    "sign-off",
    "link-revoke",
    "rotate-secret",
    "forget",
    "prune",
    "statements",
)


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """The process that forks commands and kills them."""
    folder = tmp_path_factory.mktemp("killing")
    with Runner(library(folder), folder / "temporary") as started:
        yield started


@pytest.mark.parametrize("name", SAMPLED)
def test_the_same_command_mends_what_a_kill_left(runner: Runner, tmp_path: Path, name: str) -> None:
    """Killed early, halfway or before its last change, a command succeeds when it is run again, and `verify` agrees."""
    with prepared(runner, CASES[name], tmp_path) as (before, words, changes):
        moments = sorted({1 + changes // 3, 1 + 2 * changes // 3, changes})
        assert {} == {
            at: found for at in moments if (found := broken(runner, CASES[name], before, words, at))
        }


def test_a_batch_that_the_outbox_does_not_know_is_put_away(runner: Runner, tmp_path: Path) -> None:
    """Killed between the batch and the outbox, the next plan has the same name, and a sentence says why."""
    with prepared(runner, CASES["plan"], tmp_path) as (before, words, changes):
        del before
        seen = []
        for at in range(changes, 0, -1):
            site = tiny_site(tmp_path / str(at))
            assert -9 == runner.run(site, words, at).code
            if (site / "private/batches/hello-1.1.batch").exists():
                status = runner.run(site, ("status", "--json"))
                again = runner.run(site, words)
                seen.append((len(list((site / "private/batches").iterdir())), "hello-1.1" in again.out))
                if "was put away" in again.err:
                    assert '"plans": []' in status.out
                    break
        else:
            raise AssertionError("no moment left such a batch")
        assert {(1, True)} == set(seen[-1:])
