"""State files: written whole or not at all, and a damaged one is named with what to do about it."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailer import Outbox
from offerpress.build.manifest import last_build, read_manifest
from offerpress.figures.exports import read_exports
from offerpress.figures.sign_offs import read_sign_off
from offerpress.site.folder import OfferpressError
from offerpress.site.mail import pruned_plans
from offerpress.site.site import Site
from offerpress.site.state import create_state, json_text, write_state
from offerpress.upkeep.forgetting import traces
from rewards import Fault

DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut in the middle": lambda whole: whole[: len(whole) // 2],
    "bytes that are no text": lambda _: bytes(range(256)),
    "a list of numbers": lambda _: b"[1, 2]",
    "another object": lambda _: b'{"a": {"b": 1}}',
    "a number": lambda _: b"7",
    "100,000 brackets": lambda _: b"[" * 100_000,
    "null": lambda _: b"null",
}
SECRET = "4f6b" * 16


def forgotten(site: Site) -> object:
    """Ask who was forgotten, as `forget` does for an id that nothing holds."""
    with Outbox.open(site.folder / "other.sqlite") as outbox:
        return traces(site, outbox, "nobody")


def keys(site: Site) -> object:
    """Read the keys of the site, which has a secret."""
    (site.private / "site-secret").write_text(SECRET, encoding="ascii")
    return site.read_keys([])


SIGN_OFF = {"offer": "year", "number": 1, "by": "Mia", "at": "2024-01-02T00:00:00Z", "as_of": 1, "lines": []}
FILES: dict[str, tuple[object, Callable[[Site], object]]] = {
    "epochs.json": ({"A-1": 2, "B-2": 1}, keys),
    "keys.json": ({"key_version": 2, "of": "0123456789abcdef"}, keys),
    "manifests/exports.json": ([["/tmp/a.jsonl", 738887, "0123-4567", "", 0]], read_exports),  # noqa: S108 - a name
    "manifests/build.json": (
        {"as_of": 1, "snapshot": "s", "snapshot_digest": "d", "output": "o"},
        read_manifest,
    ),
    "pruned.json": ({"at": "2024-01-02", "batches": {"hello-1.1": "abcd"}}, pruned_plans),
    "forgotten.json": ([{"partners": ["x"], "by": "Mia", "at": "2024", "erased": None}], forgotten),
    "sign-offs/year.1.json": (
        SIGN_OFF,
        lambda site: read_sign_off(site.private / "sign-offs" / "year.1.json"),
    ),
}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """An empty site folder."""
    made = Site(tmp_path, datetime(2024, 1, 2, tzinfo=UTC), {})
    made.make_private()
    return made


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_named_with_the_remedy(site: Site, name: str, damage: str) -> None:
    """Whatever stands in it, the reader says which file is damaged, why, and how to go on."""
    content, read = FILES[name]
    write_state(site.private / name, json_text(content))
    whole = (site.private / name).read_bytes()
    (site.private / name).write_bytes(DAMAGES[damage](whole))
    with pytest.raises(OfferpressError) as told:
        read(site)
    what, _, remedy = str(told.value).rpartition("; ")
    assert str(site.private / name) in what
    assert any(word in f"{what}; {remedy}" for word in ("backup", "build"))
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_build_does_not_need_the_manifest(site: Site, damage: str) -> None:
    """A damaged manifest of the last build makes the next one begin anew."""
    write_state(site.private / "manifests/build.json", "{}")
    (site.private / "manifests" / "build.json").write_bytes(DAMAGES[damage](b'{"as_of": 738887}'))
    assert last_build(site) is None


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_secret_is_a_fault_that_does_not_repeat_it(site: Site, damage: str) -> None:
    """A secret that is cut or overwritten is a fault with the remedy; its text is in no message."""
    faults: list[Fault] = []
    (site.private / "site-secret").write_bytes(DAMAGES[damage](SECRET.encode()))
    assert site.read_keys(faults) is None
    assert ["the site secret is not 64 hexadecimal digits"] == [fault.what for fault in faults]
    assert SECRET[:8] not in str(faults)


def test_a_file_is_replaced_whole(site: Site) -> None:
    """After a write nothing but the file is there; an equal text leaves the file untouched."""
    file = site.private / "epochs.json"
    write_state(file, "one")
    write_state(file, "two")
    before = file.stat()
    write_state(file, "two")
    assert ["epochs.json"] == [path.name for path in site.private.iterdir()]
    assert ("two", before.st_ino) == (file.read_text(encoding="utf-8"), file.stat().st_ino)


def test_a_new_file_never_replaces_another(site: Site) -> None:
    """`create_state` raises where there is a file, leaves it, and leaves nothing beside it."""
    file = site.private / "year.1.json"
    create_state(file, "signed")
    with pytest.raises(FileExistsError):
        create_state(file, "other")
    assert [("year.1.json", "signed")] == [
        (p.name, p.read_text(encoding="utf-8")) for p in site.private.iterdir()
    ]


class Swept(type(Path())):  # type: ignore[misc] # the path of this system
    """A path whose file a command that begins takes for one of a killed command, `times` times."""

    times = 1

    def replace(self, target: Path) -> Path:
        """Lose the file before it is exchanged."""
        if Swept.times:
            Swept.times -= 1
            self.unlink()
        return Path(self).replace(target)


def test_a_write_outlives_a_command_that_begins(tmp_path: Path) -> None:
    """What such a command removes as a leftover, while it is being written, is written again."""
    Swept.times = 2
    write_state(Swept(tmp_path / "people"), "everybody")
    assert (0, "everybody") == (Swept.times, (tmp_path / "people").read_text(encoding="utf-8"))
    Swept.times = 9
    with pytest.raises(FileNotFoundError):
        write_state(Swept(tmp_path / "people"), "nobody")
    assert "everybody" == (tmp_path / "people").read_text(encoding="utf-8")
