"""`publish`: the built site at the place that the settings name, and nothing there before all of it is known."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.conftest import AS_OF, COMMAND, SECRET, Call, Prepare, after, take_over, tree


@pytest.fixture
def built(site: Path, prepare: Prepare) -> Path:
    """The sample site, built, with a folder beside it as the place."""
    return take_over(site, prepare("built", after(("build", *AS_OF))))


def with_place(site: Path, place: str, offerpress: Call) -> None:
    """Name the place, and build, because the settings have changed."""
    with (site / "offerpress.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n[publish]\nto = {json.dumps(place)}\n")
    assert 0 == offerpress("build", *AS_OF).code


def record(site: Path) -> dict[str, object]:
    """What was published last."""
    found = json.loads((site / "private/manifests/published.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("kind", ["folder", "store"])
def test_the_place_gets_the_built_site(offerpress: Call, built: Path, tmp_path: Path, kind: str) -> None:
    """A folder and a store get every built file, the record names who and what, and the copy no statement."""
    place = tmp_path / "public"
    with_place(built, str(place) if kind == "folder" else place.as_uri(), offerpress)
    said = offerpress("publish", *AS_OF, "--by", "Ada", "--json")
    files = {path: data for path, data in tree(built / "output").items() if path != ".offerpress"}
    objects = len(files) + (kind == "folder")  # the mark that a build wrote this folder
    assert (0, objects) == (said.code, said.json["written"])
    assert files == {path: data for path, data in tree(place).items() if path != ".offerpress"}
    assert ("Ada", "2023-12-31", sorted(files)) == (
        record(built)["by"],
        record(built)["as_of"],
        sorted(record(built)["files"]),  # type: ignore[call-overload] # a mapping
    )
    kept = tree(built / "private/published")
    assert {path for path in files if not path.startswith("statement/")} == kept.keys() - {".offerpress"}
    assert {"written": 0, "kept": objects, "removed": 0} == offerpress("publish", *AS_OF, "--json").json


def test_an_older_build_is_refused(offerpress: Call, built: Path, tmp_path: Path) -> None:
    """After a change of the content, or of a built file, one line says what to do, and the place stays as it was."""
    place = tmp_path / "public"
    with_place(built, str(place), offerpress)
    assert 0 == offerpress("publish", *AS_OF).code
    before = tree(place)
    offer = built / "content/offers/cashback-2023.md"
    offer.write_text(offer.read_text(encoding="utf-8").replace("15%", "16%"), encoding="utf-8")
    said = offerpress("publish", *AS_OF)
    assert (1, 1) == (said.code, said.err.count("\n"))
    assert "content/offers/cashback-2023.md changed since the build; build again first" in said.err
    assert 0 == offerpress("build", *AS_OF).code
    with (built / "output/index.html").open("a", encoding="utf-8") as page:
        page.write("by hand")
    assert "the built files themselves changed since the build" in offerpress("publish", *AS_OF).err
    assert before == tree(place)


def test_places_that_cannot_be_used(offerpress: Call, built: Path, tmp_path: Path) -> None:
    """No place, the builds' own folder, one with other files, one that is not there: one line each, no record."""
    assert "[publish] names no place" in offerpress("publish", *AS_OF).err
    other = tmp_path / "other"
    other.mkdir()
    (other / "file").write_text("mine", encoding="utf-8")
    settings = (built / "offerpress.toml").read_text(encoding="utf-8")
    for place, why in {
        str(built / "output"): "it is the folder of the builds",
        "content/site": "it lies inside content/",
        str(other): "it holds files that no build wrote",
        str(tmp_path / "missing" / "site"): "the folder above it is not there",
        "nothing://anywhere/site": "no store: nothing://anywhere/site",
    }.items():
        (built / "offerpress.toml").write_text(settings, encoding="utf-8")
        with_place(built, place, offerpress)
        said = offerpress("publish", *AS_OF)
        assert (1, 1) == (said.code, said.err.count("\n")), said.err
        assert why in said.err
    assert {"file": b"mine"} == tree(other)
    assert not (built / "private/manifests/published.json").exists()


def test_a_full_disk_leaves_the_published_site(offerpress: Call, built: Path, tmp_path: Path) -> None:
    """Where a file does not fit, one line says so, the place and the record stay, and nothing is left beside it."""
    place = tmp_path / "public"
    with_place(built, str(place), offerpress)
    assert 0 == offerpress("publish", *AS_OF).code
    before, recorded = tree(place), record(built)
    picture = built / "content/static/large.bin"
    picture.write_bytes(b"\1" * (2 << 20))
    assert 0 == offerpress("build", *AS_OF).code
    words = ["bash", "-c", f"ulimit -f 1024; exec {COMMAND} publish {' '.join(AS_OF)}"]
    said = subprocess.run(
        words, cwd=built, env={"OFFERPRESS_SITE_SECRET": SECRET}, capture_output=True, text=True, check=False
    )
    assert (1, True) == (said.returncode, "File too large" in said.stderr)
    assert (before, recorded) == (tree(place), record(built))
    assert ["public", "site"] == sorted(path.name for path in tmp_path.iterdir())
    assert 0 == offerpress("publish", *AS_OF).code
    assert "large.bin" in tree(place)


def test_a_moved_site_is_verified_where_it_is(offerpress: Call, built: Path, tmp_path: Path) -> None:
    """The record of the build follows the site, so that a moved site has no findings."""
    assert 0 == offerpress("build", *AS_OF).code
    moved = tmp_path / "moved"
    shutil.move(built, moved)
    said = offerpress("verify", "--site", str(moved))
    assert 0 == said.code, said.err
