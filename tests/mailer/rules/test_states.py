"""The table by which notices move, and what it promises over every history of crashes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from mailer.rules.states import TRANSITIONS, Cause, Status

HANDED = (Status.ACCEPTED, Status.SENDING, Status.UNKNOWN)
BY_ITSELF = frozenset(Cause) - {
    Cause.PROOF_OF_ACCEPTANCE,
    Cause.PROOF_OF_ABSENCE,
    Cause.WITHDRAWN,
    Cause.PERSON_RESENDS,
    Cause.PERSON_GIVES_UP,
}


@dataclass(frozen=True)
class World:
    """One notice: where it stands, whether a sender holds it, how often the provider took it."""

    status: Status = Status.READY
    held: bool = False
    taken: int = 0
    answers: tuple[Cause, ...] = ()


def moved(world: World, cause: Cause) -> World | None:
    """The world after a move that production would record, None where its guard changes no row."""
    was, became, _ = TRANSITIONS[cause]
    return replace(world, status=became) if world.status is was else None


def claims(world: World) -> Iterator[World]:
    """A sender claims durably, then holds the notice."""
    claimed = moved(world, Cause.CLAIMED)
    if claimed is not None and not world.held:
        yield replace(claimed, held=True)


def handings(world: World) -> Iterator[World]:
    """The provider takes the message or does not, and the answer comes back or is lost."""
    if world.held and world.status is Status.SENDING and not world.answers:
        yield replace(world, taken=world.taken + 1, answers=(Cause.ACCEPTANCE,))
        yield replace(world, taken=world.taken + 1, answers=(Cause.LOST_ANSWER,))
        yield replace(world, answers=(Cause.LOST_ANSWER,))
        yield replace(world, answers=(Cause.REJECTION,))
        yield replace(world, answers=(Cause.REFUSAL,))


def settlements(world: World) -> Iterator[World]:
    """The sender records the answer, or gives back what it had not begun."""
    if world.held:
        for cause in world.answers or (Cause.RELEASED,):
            settled = moved(world, cause)
            if settled is not None:
                yield replace(settled, held=False, answers=())


def crashes(world: World) -> Iterator[World]:
    """The sender dies, and the next one recovers what it left."""
    dead = replace(world, held=False, answers=())
    yield moved(dead, Cause.ORPHANED) or dead


def withdrawals(world: World) -> Iterator[World]:
    """With nobody sending, the provider discards a fence: all that it took of it is gone, and is ready again."""
    for cause in (Cause.PROOF_OF_ABSENCE, Cause.WITHDRAWN):
        withdrawn = moved(world, cause)
        if withdrawn is not None and not world.held:
            yield replace(withdrawn, taken=0)


def histories(steps: int) -> Iterator[list[World]]:
    """Every history of that many steps from a ready notice."""
    found: list[list[World]] = [[World()]]
    for _ in range(steps):
        found = [
            [*history, after]
            for history in found
            for step in (claims, handings, settlements, crashes, withdrawals)
            for after in step(history[-1])
        ]
        yield from found


def test_no_history_of_crashes_leads_to_a_second_acceptance() -> None:
    """However senders die, and whatever answers are lost, the provider takes a notice at most once."""
    ends = [history[-1] for history in histories(8)]
    assert len(ends) > 1000
    assert {world.taken for world in ends} == {0, 1}


def test_no_history_of_crashes_ends_in_a_false_status() -> None:
    """What the provider took is accepted, unknown or sending; what it did not is never accepted."""
    for history in histories(8):
        world = history[-1]
        assert world.taken == 0 or world.status in HANDED
        assert world.taken == 1 or world.status is not Status.ACCEPTED


def test_the_model_finds_what_a_table_that_sends_orphans_again_would_do() -> None:
    """If recovery made orphans ready, the same model would show a second acceptance: it is able to fail."""
    first = World(Status.SENDING, held=True, taken=1, answers=(Cause.LOST_ANSWER,))
    again = replace(first, status=Status.READY, held=False, answers=())
    second = next(handings(next(claims(again))))
    assert second.taken == 2


@pytest.mark.parametrize("status", [Status.ACCEPTED, Status.UNKNOWN])
def test_nothing_leaves_a_handed_notice_by_itself(status: Status) -> None:
    """Without evidence or a person there is no move out of accepted or unknown."""
    assert [cause for cause in BY_ITSELF if TRANSITIONS[cause].was is status] == []


def test_every_cause_has_one_move_and_its_words() -> None:
    """The table names each cause once, with a gloss; each status has a gloss of its own."""
    assert set(TRANSITIONS) == set(Cause)
    assert all(transition.gloss for transition in TRANSITIONS.values())
    assert len({status.gloss for status in Status}) == len(Status)


def test_only_a_claim_leads_to_sending() -> None:
    """There is one way to the status under which messages leave: the durable claim."""
    assert [cause for cause in Cause if TRANSITIONS[cause].became is Status.SENDING] == [Cause.CLAIMED]
