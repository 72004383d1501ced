"""Packs: what is sealed opens again, nothing else does, and bytes and sizes tell nothing about partners."""

import json
import random
from base64 import b32decode, b64decode
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.statements.links import LinkSecret, link_secret
from generator.statements.packing import pack_bits
from generator.statements.packs import (
    PACKS_INDEX,
    PackError,
    PackReader,
    SealedRecord,
    read_pack,
    seal,
)
from generator.statements.record import SIZE_CLASSES, Record, StatementTooLarge, size_class, unpacked
from tests.samples.statement_site import pack_artifacts

SITE = bytes(range(32))
VECTOR = Path(__file__).parents[2] / "vectors" / "pack.json"
SMALL = Record("<p>1.851,85 €</p>", '{"partner_id":"P-1"}')


def links(count: int, epoch: int = 0) -> list[LinkSecret]:
    """The links of partners P-0, P-1 and so on."""
    return [link_secret(SITE, f"P-{number}", epoch=epoch) for number in range(count)]


def open_record(packs: Mapping[str, bytes], link: LinkSecret) -> Record:
    """The record that a link opens."""
    return PackReader(packs).open(link)


def incompressible(size: int, seed: int = 1) -> Record:
    """A record whose packed size is a little above `size` bytes."""
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
    return Record("".join(random.Random(seed).choices(letters, k=size * 4 // 3)), "{}")


def test_every_record_opens_with_its_link() -> None:
    """Of 500 partners each link opens its own record."""
    everyone = links(500)
    sealed = [seal(link, Record(f"<p>{link.reference}</p>", "{}")) for link in everyone]
    reader = PackReader(pack_artifacts(sealed, SITE))
    assert [reader.open(link).shown for link in everyone] == [f"<p>{link.reference}</p>" for link in everyone]


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8", exclude_characters="\n")))
def test_any_text_survives(shown: str, figures: str) -> None:
    """Packing keeps every character of values and figures."""
    record = Record(shown, figures)
    assert unpacked(record.packed()) == record


def test_other_links_open_nothing() -> None:
    """A revoked link, another partner's and another site's find no record."""
    packs = pack_artifacts([seal(link, SMALL) for link in links(3)], SITE)
    strangers = [*links(3, epoch=1), link_secret(SITE, "P-3"), link_secret(bytes(32), "P-1")]
    for stranger in strangers:
        with pytest.raises(PackError, match=f"no record {stranger.reference}"):
            open_record(packs, stranger)


def test_packs_are_deterministic() -> None:
    """The same records in any order give the same bytes; a changed record changes one pack only."""
    everyone = links(400)
    sealed = [seal(link, SMALL) for link in everyone]
    packs = pack_artifacts(sealed, SITE)
    assert pack_artifacts(reversed(sealed), SITE) == packs
    changed = pack_artifacts([seal(everyone[0], Record("<p>other</p>", "{}")), *sealed[1:]], SITE)
    assert len([path for path in packs if packs[path] != changed[path]]) == 1


def test_nonces_differ_with_the_content() -> None:
    """Under one key another content has another nonce, and the same content the same bytes."""
    link = links(1)[0]
    nonces = {seal(link, Record(f"<p>{number}</p>", "{}")).data[16:28] for number in range(50)}
    assert len(nonces) == 50
    assert seal(link, SMALL) == seal(link, SMALL)


@pytest.mark.parametrize(
    ("size", "slot"),
    [
        (10, 1024),
        (790, 1024),
        (830, 2048),
        (1650, 2048),
        (1690, 4096),
        (3300, 4096),
        (3500, 16_384),
        (120_000, 131_072),
    ],
)
def test_size_class(size: int, slot: int) -> None:
    """A record belongs into the smallest class with a fifth to spare; the largest is filled to its end."""
    assert size_class(size) == slot


def test_too_large() -> None:
    """A record that fits no class names the partner and what can be done."""
    with pytest.raises(
        StatementTooLarge, match=r"partner 'P-9' .* split its subscriptions over several partner ids"
    ):
        seal(links(1)[0], incompressible(140_000), "P-9")


def test_every_class_has_its_own_packs() -> None:
    """Records of five sizes land in five kinds of packs, and each opens."""
    everyone = links(5)
    records = [SMALL, *(incompressible(size) for size in (1200, 2500, 6000, 40_000))]
    sealed = [seal(link, record) for link, record in zip(everyone, records, strict=True)]
    packs = pack_artifacts(sealed, SITE)
    assert sorted(packs) == [
        "statement/packs/128k-0/0.bin",
        "statement/packs/16k-0/0.bin",
        "statement/packs/1k-0/0.bin",
        "statement/packs/2k-0/0.bin",
        "statement/packs/4k-0/0.bin",
        PACKS_INDEX,
    ]
    assert [len(record.data) for record in sealed] == list(SIZE_CLASSES)
    assert [open_record(packs, link) for link in everyone] == records


@pytest.mark.parametrize("count", [1, 60, 184, 185, 700])
def test_sizes_hide_counts(count: int) -> None:
    """A pack of the smallest class has at least 200 slots, at most 256 KiB, and slots in eights."""
    packs = pack_artifacts([seal(link, SMALL) for link in links(count)], SITE)
    sizes = [len(data) for path, data in packs.items() if path != PACKS_INDEX]
    assert len(sizes).bit_count() == 1
    assert all(200 <= (size - 48) // 1024 <= 255 and size <= 256 * 1024 for size in sizes)
    assert all((size - 48) // 1024 % 8 == 0 or (size - 48) // 1024 == 255 for size in sizes)


def test_crowded_shard_splits() -> None:
    """Where chance puts too many records into one pack, there are twice as many packs."""
    assert pack_bits(1024, [number << 22 for number in range(184)]) == 0
    assert pack_bits(1024, [number << 20 for number in range(300)]) == 5


def test_dummies_look_like_records() -> None:
    """Dummies neither repeat nor hold runs of zeros, and their locators spread as those of records do."""
    packs = pack_artifacts([seal(links(1)[0], SMALL)], SITE)
    slots = read_pack("x", packs["statement/packs/1k-0/0.bin"]).slots
    assert len(set(slots)) == len(slots) == 200
    assert list(slots) == sorted(slots)
    assert len({slot[0] for slot in slots}) > 100
    assert all(len(set(slot)) > 200 for slot in slots)


def test_another_site_has_other_dummies() -> None:
    """Dummies follow from the site's secret, so nobody else can tell them from records."""
    record = seal(links(1)[0], SMALL)
    ours, theirs = (
        pack_artifacts([record], secret)["statement/packs/1k-0/0.bin"] for secret in (SITE, bytes(32))
    )
    common = set(read_pack("x", ours).slots) & set(read_pack("x", theirs).slots)
    assert common == {record.data}


def test_no_records() -> None:
    """A site without partners has an index and no packs, and every link is unknown to it."""
    packs = pack_artifacts([], SITE)
    assert list(packs) == [PACKS_INDEX]
    with pytest.raises(PackError, match="no record"):
        open_record(packs, links(1)[0])


def test_any_changed_byte_is_found() -> None:
    """A byte changed anywhere in a pack, dummies and header included, is reported with the pack's path."""
    packs = pack_artifacts([seal(link, SMALL) for link in links(2)], SITE)
    path = "statement/packs/1k-0/0.bin"
    for place in [*range(48), *random.Random(2).sample(range(48, len(packs[path])), 40)]:
        spoilt = bytearray(packs[path])
        spoilt[place] ^= 1
        assert [error.path for error in PackReader({**packs, path: bytes(spoilt)}).verify()] == [path]
    assert list(PackReader(packs).verify()) == []


def test_forged_record_is_found() -> None:
    """A record changed by someone who corrects the pack's digest too still fails its own tag."""
    link = links(1)[0]
    packs = pack_artifacts([seal(link, SMALL)], SITE)
    path = "statement/packs/1k-0/0.bin"
    forged = pack_artifacts([SealedRecord(1024, link.shard(32), link.locator + bytes(1008))], SITE)
    with pytest.raises(PackError, match=f"{path}: record {link.reference} was changed"):
        open_record({**packs, path: forged[path]}, link)


@pytest.mark.parametrize("index", [b"", b"{}", b"[]", b'{"packs":[{"size":1024}]}', b'{"packs":[1]}'])
def test_broken_index(index: bytes) -> None:
    """A missing or changed index is reported as such."""
    with pytest.raises(PackError, match="index is missing or changed"):
        PackReader({PACKS_INDEX: index} if index else {})


def test_missing_pack() -> None:
    """A pack that the index promises and that is not there is named."""
    packs = pack_artifacts([seal(link, SMALL) for link in links(2)], SITE)
    del packs["statement/packs/1k-0/0.bin"]
    assert [str(error) for error in PackReader(packs).verify()] == [
        "statement/packs/1k-0/0.bin: this pack is missing; build again"
    ]


def test_vector_opens() -> None:
    """The pack of the vectors, which the viewer's tests open too, opens to the record that they fix."""
    vector = json.loads(VECTOR.read_text(encoding="utf-8"))
    pack = read_pack("vector", b64decode(vector["pack"]))
    assert pack.key_version == vector["key_version"]
    link = LinkSecret(b32decode(vector["fragment"][:32].upper()))
    assert pack.open(link) == Record(vector["shown"], vector["figures"])


def test_key_version_is_bound() -> None:
    """A pack that claims another key version than its records were sealed with does not open."""
    link = link_secret(SITE, "P-1", key_version=2)
    packs = pack_artifacts([seal(link, SMALL)], SITE, key_version=2)
    assert open_record(packs, link) == SMALL
    with pytest.raises(PackError, match="was changed"):
        open_record(pack_artifacts([seal(link, SMALL)], SITE, key_version=1), link)
