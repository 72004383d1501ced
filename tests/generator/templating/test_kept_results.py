"""Results that follow from one text are kept from one command to the next."""

from generator.templating.kept_results import KeptResults, closed_digest
from rewards.program import Level, Program


def test_the_digest_of_a_program_does_not_depend_on_what_was_asked_of_it() -> None:
    """Figures that follow from the fields change no key, so the next process finds what this one kept."""
    program = Program("EUR", "UTC", "ignore", "best", "none", (Level("gold", "Gold", 100),))
    before = closed_digest(program)
    assert 1 == program.rank("gold")
    assert before == closed_digest(program)


def test_a_file_keeps_the_kinds_that_a_reading_did_not_ask_for() -> None:
    """After a statement the code of campaigns is still known, and a text that is gone is not."""
    first = KeptResults()
    for kind, digest in (("body", "old"), ("body", "same"), ("code", "campaign")):
        first.of(kind, digest, lambda: (1,))
    second = KeptResults()
    second.read(first.written("program"), "program")
    second.of("body", "same", lambda: (2,))
    third = KeptResults()
    third.read(second.written("program"), "program")
    found = [
        third.of(*key, lambda: (3,)) for key in (("body", "same"), ("code", "campaign"), ("body", "old"))
    ]
    assert [(1,), (1,), (3,)] == found
