"""Which paths name a content file: no way out of `content/`, and one name on every system."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offerpress.site.site import Site
from offerpress.writing.paths import RefusedPath, content_path, content_paths

NOW = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site with a page, a picture and a private file."""
    for name in (
        "content/pages/terms.md",
        "content/static/logo.png",
        "private/site-secret",
        "content/program.toml",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    return Site(tmp_path, NOW, {})


@pytest.mark.parametrize(
    "name",
    [
        *("content/pages/terms.md", "content/pages/new.ar.md", "content/offers/2027.md"),
        *("content/static/logo.png", "content/static/pictures/new photo.webp", "content/static/صورة.png"),
    ],
)
def test_a_content_file_has_a_path(site: Site, name: str) -> None:
    """Texts and static files, there or new, are content files."""
    path = content_path(site, name)
    assert (site.folder / name, name) == (path.path, path.name)


@pytest.mark.parametrize(
    "name",
    [
        *("", "content", "content/pages", "content/pages/", "content/program.toml", "offerpress.toml"),
        *("private/site-secret", "content/../private/site-secret", "content/pages/../../private/site-secret"),
        *("/etc/passwd", "content/pages//terms.md", "content/pages/./terms.md", "content\\pages\\terms.md"),
        *(
            "content/pages/deeper/terms.md",
            "content/pages/terms.txt",
            "content/pages/.terms.md",
            "content/pages/.md",
        ),
        *(
            "content/static/.htaccess",
            "content/static/a/../../b",
            "content/static/x:y",
            "content/static/a\x00b",
        ),
        *(
            "content/static/CON",
            "content/static/nul.txt",
            "content/static/com1.png",
            "content/static/end.",
            "content/static/ x",
        ),
        *(
            "content/static/a\nb",
            "content/static/" + "a" * 201,
            "content/static/\udcff.png",
            "content/pages/Terms.md",
        ),
    ],
)
def test_anything_else_is_refused(site: Site, name: str) -> None:
    """Other files, ways out, names for devices and other spellings of a name that is there have no path."""
    with pytest.raises(RefusedPath, match=r"\.$"):
        content_path(site, name)


@given(
    st.lists(
        st.sampled_from(["content", "pages", "static", "..", ".", "", "/", "private", "x", "\\", "~"]),
        max_size=7,
    )
)
def test_no_path_leads_out(parts: list[str]) -> None:
    """Whatever parts a path has, it lies in a folder of the content."""
    site = Site(Path("/srv/site"), NOW, {})
    try:
        path = content_path(site, "/".join(parts))
    except RefusedPath:
        return
    assert path.path.resolve().is_relative_to("/srv/site/content")
    assert path.room in {"pages", "static"}


def test_symbolic_links_are_refused(site: Site, tmp_path: Path) -> None:
    """A link to a file, and a link to a folder on the way, could lead out."""
    (tmp_path / "content/pages/secret.md").symlink_to(tmp_path / "private/site-secret")
    (tmp_path / "content/static/out").symlink_to(tmp_path / "private")
    for name in ("content/pages/secret.md", "content/static/out/site-secret", "content/static/out/new.png"):
        with pytest.raises(RefusedPath, match="symbolic link"):
            content_path(site, name)
    assert ["content/pages/terms.md"] == [path.name for path in content_paths(site)]


def test_two_spellings_of_a_name_are_refused(site: Site, tmp_path: Path) -> None:
    """Case and Unicode form differ between systems, so a second spelling is refused with the first."""
    (tmp_path / "content/static/Cafe\u0301.png").write_bytes(b"x")
    with pytest.raises(RefusedPath, match="spelled Cafe\u0301"):
        content_path(site, "content/static/Caf\u00e9.png")
    with pytest.raises(RefusedPath, match=r"spelled logo\.png"):
        content_path(site, "content/static/LOGO.png")
    assert (
        "content/static/u\u0308.png".replace("u\u0308", "\u00fc")
        == content_path(site, "content/static/u\u0308.png").name
    )
