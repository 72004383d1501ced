"""Results that follow from one text are kept from one command to the next."""

import pytest

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


def known(data: bytes, digests: str) -> str:
    """Those of the texts whose results a process knows that has read this file."""
    results = KeptResults()
    results.read(data, "program")
    return "".join(one for one in digests if 2 == results.of("body", one, lambda: 1))


def reading(data: bytes, digests: str) -> KeptResults:
    """A process that has read this file, and asked for these texts."""
    results = KeptResults()
    results.read(data, "program")
    results.begin()
    for one in digests:
        results.of("body", one, lambda: 2)
    return results


def test_new_results_stand_behind_the_known_ones() -> None:
    """A file is written anew only if it is another one by now, was damaged, or has grown by a quarter."""
    texts = "".join(map(chr, range(200, 900)))
    data = reading(b"", texts).written("program")
    for one in "abc":
        results = reading(data, f"{texts}{one}")
        assert results.has_new
        more = results.added("program", len(data))
        assert 0 < len(more) < len(data) // 20
        assert b"" == results.added("program", len(data))
        data += more
    assert texts + "abc" == known(data, f"{texts}abcd")
    assert "" == known(b"?" + data[1:], texts)
    assert texts + "ab" == known(data[:-1], f"{texts}abc")
    assert b"" == reading(data, "d").added("program", len(data) + 1)
    assert b"" == reading(data[:-1], "d").added("program", len(data) - 1)
    assert b"" == reading(data, texts.upper() + texts[::-1] + "".join(map(chr, range(2000, 2400)))).added(
        "program", len(data)
    )
    assert b"" == reading(b"", "d").added("program", 0)


def test_the_code_of_a_template_is_the_newest() -> None:
    """A file with the code of its former source before that of the present one knows the present one."""
    results = reading(b"", "".join(map(chr, range(200, 900))))
    results.keep_code("page", "old", compile("1", "", "eval"))
    data = results.written("program")
    results.keep_code("page", "new", compile("2", "", "eval"))
    data += results.added("program", len(data))
    code = reading(data, "").code_of("page", "new")
    assert code is not None
    assert 2 == eval(code)  # noqa: S307 - compiled above


@pytest.mark.parametrize("place", range(1, 400, 13))
def test_a_damaged_piece_is_not_used(place: int) -> None:
    """Whatever byte is another one: what stands before it is known, and nothing is made of it."""
    texts = "".join(map(chr, range(200, 900)))
    first = reading(b"", texts).written("program")
    more = bytearray(reading(first, f"{texts}a").added("program", len(first)))
    more[place % len(more)] ^= 1
    assert texts == known(first + bytes(more), f"{texts}a")
