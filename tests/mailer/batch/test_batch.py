"""Freezing a plan, finding a message in it, and noticing every changed byte."""

import hashlib
import json
import random
import shutil
import stat
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.batch.batch import Batch, batch_file
from mailer.batch.batch_header import canonical, canonical_notice
from mailer.batch.compression import Deflater
from mailer.batch.freezing import freeze_batch, freeze_deflated, prepare_message
from mailer.batch.unsubscribe import UnsubscribeMethods, UnsubscribeTokens
from mailer.errors import BatchError, BatchTampered
from mailer.settings import UnsubscribeSettings
from rewards import Attachment, Notice
from tests.samples.mail import PLAN, header, notice, notices


def test_a_frozen_message_is_read_back_as_it_was(tmp_path: Path) -> None:
    """Every part of every message comes back, with the header that the plan adds."""
    batch = freeze_batch(tmp_path, header(), notices(30))
    read = batch.message("P-0017")
    assert notice(17) == read.model_copy(update={"headers": ()})
    assert read.headers == (("Feedback-ID", "thank-you.1:announcement:offerpress"),)
    assert [f"P-{number:04d}" for number in range(1, 31)] == [one.partner_id for one in batch.messages()]


def test_a_partner_without_a_message_is_a_key_error(tmp_path: Path) -> None:
    """Ids before, between and after those that are there are not found."""
    batch = freeze_batch(tmp_path, header(), [notice(2), notice(4)])
    for partner_id in ("", "P-0001", "P-0003", "P-0005", "é"):
        with pytest.raises(KeyError):
            batch.message(partner_id)


def test_hostile_ids_are_found_in_order_of_code_points(tmp_path: Path) -> None:
    """Ids that could be paths, differ in case only or lie beyond the basic plane are found like any other."""
    ids = ["P1", "p1", "..", "a/b", "é", "e\u0301", "\U0001f600", "\uffff", " ", "x" * 300, ""]
    batch = freeze_batch(tmp_path, header(), [notice(1, partner_id=one) for one in ids])
    assert sorted(ids) == list(batch.partner_ids())
    assert [batch.message(one).partner_id for one in ids] == ids


def test_the_digest_does_not_depend_on_the_order_of_arrival(tmp_path: Path) -> None:
    """Notices may come in any order: the digest goes by partner id."""
    digests = set()
    for number, order in enumerate(permutations(notices(3))):
        folder = tmp_path / str(number)
        folder.mkdir()
        digests.add(freeze_batch(folder, header(), order).digest)
    assert len(digests) == 1


def test_the_digest_is_what_the_reference_says(tmp_path: Path) -> None:
    """It is SHA-256 over the header's facts and the messages' SHA-256, as anyone can recompute it.

    A header without rules, as earlier versions wrote it, has the digest that it had then.
    """
    batch = freeze_batch(tmp_path, header(), notices(2))
    (tmp_path / "new").mkdir()
    ruled = freeze_batch(tmp_path / "new", header().model_copy(update={"rules": "ab" * 32}), notices(2))

    def canonical(value: object) -> bytes:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    facts = json.loads(batch.header.model_dump_json(exclude={"digest", "rules"}))
    parts = b"".join(hashlib.sha256(canonical(one.model_dump())).digest() for one in batch.messages())
    assert hashlib.sha256(canonical(facts) + parts).hexdigest() == batch.digest
    facts = json.loads(ruled.header.model_dump_json(exclude={"digest"}))
    assert hashlib.sha256(canonical(facts) + parts).hexdigest() == ruled.digest


_ATTACHMENTS = st.lists(st.builds(Attachment, filename=st.text(), media_type=st.text(), text=st.text()))


@given(
    st.builds(
        notice,
        **{name: st.text() for name in ("subject", "html", "text", "to_name", "figures")},
        attachments=_ATTACHMENTS.map(tuple),
        cc=st.lists(st.text()).map(tuple),
        headers=st.lists(st.tuples(st.text(), st.text())).map(tuple),
    )
)
def test_a_notice_has_the_canonical_form_of_all_values(made: Notice) -> None:
    """Whatever characters its texts hold, its keys are sorted and its bytes those of the one JSON form.

    The standard library's writer, which the program does not use, gives the same.
    """
    plain = json.dumps(made.model_dump(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert canonical(made.model_dump()) == canonical_notice(made) == plain.encode()


@pytest.mark.parametrize("given_for", [("en",), ("de",), ()])
def test_any_dictionary_serves_for_any_message(tmp_path: Path, given_for: tuple[str, ...]) -> None:
    """Messages come back that were deflated under their language's dictionary, another one's, or none."""
    messages = [prepare_message(tmp_path, header(), one, None) for one in notices(3)]
    deflating = Deflater(dict.fromkeys(given_for, messages[0].parts))
    deflated = map(deflating.deflated, messages)
    with freeze_deflated(tmp_path, header(), deflated, deflating, lambda header: header) as batch:
        assert notices(3) == [one.model_copy(update={"headers": ()}) for one in batch.messages()]
        assert batch.digest == batch.verify()


@pytest.mark.parametrize(
    "fact", ["made_by", "campaign", "templates", "skipped", "totals", "send_at", "edition"]
)
def test_every_fact_of_the_header_is_in_the_digest(tmp_path: Path, fact: str) -> None:
    """A plan that differs in one fact alone has another digest."""
    other = {
        "made_by": "Carla",
        "campaign": "other",
        "templates": "77",
        "skipped": {"audience": 1},
        "totals": {"EUR": {"partners": 1, "amount": 5, "credit": 5, "debit": 0}},
        "send_at": header().made_at,
        "edition": 2,
    }[fact]
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = freeze_batch(tmp_path / "a", header(), notices(1))
    second = freeze_batch(tmp_path / "b", header(PLAN, **{fact: other}), notices(1))
    assert first.digest != second.digest


def test_what_is_known_only_at_the_end_is_filled_in(tmp_path: Path) -> None:
    """`complete` is asked after the last notice, and what it adds is in the header and its digest."""
    seen = []

    def complete(made: object) -> object:
        seen.append(made)
        return header(skipped={"audience": 7})

    batch = freeze_batch(tmp_path, header(), notices(2), complete=complete)  # type: ignore[arg-type]
    assert len(seen) == 1
    assert batch.header.skipped == {"audience": 7}
    assert batch.header.recipients == 2
    assert batch.verify() == batch.digest


def test_any_changed_byte_is_noticed(tmp_path: Path) -> None:
    """Flipping one bit anywhere in the file is found, when it is opened or when it is verified."""
    batch = freeze_batch(tmp_path, header(), notices(3))
    content = batch.file.read_bytes()
    chance = random.Random(7)
    places = {*range(0, len(content), 37), *range(len(content) - 150, len(content)), *range(20)}
    changed = tmp_path / "changed.batch"
    for place in sorted(places):
        altered = bytearray(content)
        altered[place] ^= 1 << chance.randrange(8)
        changed.write_bytes(altered)
        with pytest.raises(BatchTampered), Batch.open(changed) as opened:
            opened.verify(batch.digest)


@pytest.mark.parametrize("length", [0, 1, 60, 300, -1])
def test_a_shortened_file_is_noticed(tmp_path: Path, length: int) -> None:
    """A file cut off anywhere is no batch."""
    batch = freeze_batch(tmp_path, header(), notices(2))
    cut = tmp_path / "cut.batch"
    cut.write_bytes(batch.file.read_bytes()[:length])
    with pytest.raises(BatchTampered):
        Batch.open(cut)


def test_the_partner_whose_message_changed_is_named(tmp_path: Path) -> None:
    """A change inside one message says whose it is, and the other messages can still be read."""
    batch = freeze_batch(tmp_path, header(), notices(9))
    content = bytearray(batch.file.read_bytes())
    entry = batch._entry(batch._position("P-0005"))  # noqa: SLF001 - to change exactly that message
    content[entry.at + entry.length // 2] ^= 0x10
    changed = tmp_path / "changed.batch"
    changed.write_bytes(content)
    with Batch.open(changed) as opened:
        with pytest.raises(BatchTampered, match="P-0005") as caught:
            opened.verify()
        assert caught.value.partner_id == "P-0005"
        assert opened.message("P-0006").partner_id == "P-0006"


def test_a_batch_that_proves_itself_is_still_not_another_one(tmp_path: Path) -> None:
    """A whole batch in another's place has another digest than the one that is asked for."""
    (tmp_path / "other").mkdir()
    batch = freeze_batch(tmp_path, header(), notices(2))
    other = freeze_batch(tmp_path / "other", header(), [notice(1), notice(2, subject="Another")])
    with pytest.raises(BatchTampered, match=batch.digest):
        other.verify(batch.digest)


def test_a_batch_is_written_once_and_read_only(tmp_path: Path) -> None:
    """The file cannot be written any more, and freezing under the same name is refused."""
    batch = freeze_batch(tmp_path, header(), notices(1))
    assert stat.S_IMODE(batch.file.stat().st_mode) == 0o400
    with pytest.raises(BatchError, match="never overwritten"):
        freeze_batch(tmp_path, header(), notices(2))
    assert len(Batch.open(batch.file)) == 1


def test_what_breaks_while_freezing_leaves_nothing_behind(tmp_path: Path) -> None:
    """If the notices end in an error there is neither a batch nor a half one."""

    def breaking() -> object:
        yield notice(1)
        raise RuntimeError("the ledger went away")

    with pytest.raises(RuntimeError):
        freeze_batch(tmp_path, header(), breaking())  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"to_address": "not an address"}, "not an address"),
        ({"to_address": "a@b.example, c@d.example"}, "no address"),
        ({"to_address": "jörg@b.example"}, "no address"),
        ({"cc": ("a@b.example\r\nBcc: x@y.example",)}, "no address"),
        ({"reply_to": "@b.example"}, "no address"),
        ({"subject": "Hello\r\nBcc: x@y.example"}, "U\\+000D"),
        ({"to_name": "A\x00B"}, "U\\+0000"),
        ({"headers": (("X-Thing", "a\nb"),)}, "U\\+000A"),
        ({"headers": (("Bcc: x@y.example\r\nX", "a"),)}, "no name of a header"),
        ({"from_name": "A\nB"}, "U\\+000A"),
        ({"category": "notice"}, "is a notice"),
    ],
)
def test_a_message_that_cannot_be_sent_is_not_frozen(
    tmp_path: Path, changes: dict[str, object], word: str
) -> None:
    """The partner and what is wrong with its message are named before anything is approved."""
    with pytest.raises(BatchError, match=f"P-0003.*{word}"):
        freeze_batch(tmp_path, header(), [notice(1), notice(3, **changes)])
    assert list(tmp_path.iterdir()) == []


def test_a_partner_that_comes_twice_is_refused(tmp_path: Path) -> None:
    """Two messages to one partner cannot be in one plan."""
    with pytest.raises(BatchError, match=r"P-0001.*twice"):
        freeze_batch(tmp_path, header(), [notice(1), notice(1)])


def test_a_missing_batch_says_what_to_do(tmp_path: Path) -> None:
    """The name of the file and a remedy are in the message."""
    with pytest.raises(BatchError, match=r"gone\.batch.*restore"):
        Batch.open(batch_file(tmp_path, "gone"))


def test_a_notice_takes_less_than_a_kilobyte(tmp_path: Path) -> None:
    """Messages of 12 kB that differ in figures, link and attachment are kept in under 1 KiB each."""
    chance = random.Random(11)

    def wordy(number: int) -> Notice:
        figures = json.dumps({"lines": [chance.randrange(10**7) for _ in range(20)]})
        link = f"https://partners.example/statement/#{chance.getrandbits(180):036x}"
        rows = "".join(f"<tr><td style='padding:8px'>{line}</td></tr>" for line in figures.split(","))
        html = (
            f"<html>{'<p>Dear partner, these are your figures.</p>' * 220}<table>{rows}</table>{link}</html>"
        )
        text = f"Dear partner,\n{figures}\n{link}\n"
        return notice(number, html=html, text=text, figures=figures)

    count = 400
    batch = freeze_batch(tmp_path, header(), (wordy(number) for number in range(count)))
    assert all(len(one.html) > 10_000 for one in batch.messages())
    assert batch.file.stat().st_size / count < 1024


def test_each_language_has_its_own_dictionary(tmp_path: Path) -> None:
    """Messages in several languages are read back, and kept as small as in one."""
    made = [
        notice(
            n,
            language=("en", "de", "es")[n % 3],
            html=f"<p>{('Thanks', 'Danke', 'Gracias')[n % 3] * 900}</p>",
        )
        for n in range(60)
    ]
    batch = freeze_batch(tmp_path, header(), made)
    assert [one.html for one in batch.messages()] == [one.html for one in made]
    assert batch.file.stat().st_size / 60 < 1024


def test_an_own_id_tells_nothing_and_stays(tmp_path: Path) -> None:
    """The same plan and partner have the same id again; another plan, partner or snapshot has another."""
    other = tmp_path / "other"
    other.mkdir()
    batch = freeze_batch(tmp_path, header(), notices(2))
    key = batch.key("P-0001")
    shutil.copy(batch.file, other / "copy.batch")
    assert key == Batch.open(other / "copy.batch").key("P-0001")
    assert (
        len({key, batch.key("P-0002"), freeze_batch(other, header("later"), notices(1)).key("P-0001")}) == 3
    )
    assert key != freeze_batch(other, header("again", snapshot="00"), notices(1)).key("P-0001")
    assert "P-0001" not in batch.frozen("P-0001").message_id
    assert batch.frozen("P-0001").message_id == f"<{key}@vendor.example>"


def test_announcements_carry_the_way_to_unsubscribe(tmp_path: Path) -> None:
    """One click over https (RFC 8058) and a mail address, both with the notice's token and no personal data."""
    ways = UnsubscribeSettings(
        url="https://mail.vendor.example/unsubscribe", mailto="unsubscribe@vendor.example"
    )
    tokens = UnsubscribeTokens([b"secret"])
    batch = freeze_batch(tmp_path, header(), notices(1), unsubscribe=UnsubscribeMethods(ways, tokens))
    token, headers = tokens.token(batch.key("P-0001")), dict(batch.message("P-0001").headers)
    expected = (
        f"<https://mail.vendor.example/unsubscribe?token={token}>, "
        f"<mailto:unsubscribe@vendor.example?subject=unsubscribe%20{token}>"
    )
    assert expected == headers["List-Unsubscribe"]
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_notices_about_the_own_account_cannot_be_unsubscribed_from(tmp_path: Path) -> None:
    """A plan of category `notice` has no unsubscribe header."""
    ways = UnsubscribeSettings(url="https://mail.vendor.example/unsubscribe?list=1")
    leaving = UnsubscribeMethods(ways, UnsubscribeTokens([b"secret"]))
    batch = freeze_batch(
        tmp_path, header(category="notice"), [notice(1, category="notice")], unsubscribe=leaving
    )
    assert [name for name, _ in batch.message("P-0001").headers] == ["Feedback-ID"]


def test_an_empty_plan_is_a_batch_too(tmp_path: Path) -> None:
    """A plan without recipients is frozen, verified and empty."""
    batch = freeze_batch(tmp_path, header(), [])
    assert batch.verify() == batch.digest
    assert list(batch.messages()) == []
