"""The documents of the studio name its screens and buttons as the screens do."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = (
    "docs/tutorial/first-campaign-in-the-studio.md",
    "docs/tutorial/first-day-in-the-studio.md",
    "docs/how-to/approve-in-the-studio.md",
)
SOURCES = ("templates/studio", "offerpress", "generator/content", "mailer", "rewards/offers")


def words_of_the_screens() -> str:
    """Templates, labels and sentences, with the buttons that a template completes."""
    files = [
        path
        for name in SOURCES
        for path in (ROOT / name).rglob("*")
        if path.suffix in {".html", ".py", ".js"}
    ]
    text = " ".join(path.read_text(encoding="utf-8") for path in sorted(files))
    signed = re.findall(r'parts\.proof\("([^"]+)"', text)
    text += " ".join(f"{verb} with your passkey {verb} with the passphrase" for verb in signed)
    return " ".join(re.sub(r"</?bdi>", "", text).split())


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_named_word_is_on_a_screen(name: str) -> None:
    """What a document prints in italics is a name, a button or a sentence that people find."""
    text, screens = (ROOT / name).read_text(encoding="utf-8"), words_of_the_screens()
    prose = re.sub(r"^```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)
    named = {" ".join(one.split()) for one in re.findall(r"(?<![*\w])\*([^*]+)\*(?!\*)", prose)}
    assert len(named) > 15
    assert [] == sorted(one for one in named if any(part.strip() not in screens for part in one.split("…")))


def test_every_picture_of_the_studio_is_shown() -> None:
    """What the script takes, wide, dark and narrow, is on the page that shows the studio."""
    script = (ROOT / "docs" / "images" / "studio_pictures.py").read_text(encoding="utf-8")
    taken = re.findall(r'^    "([a-z-]+)": \(f?"/', script, re.MULTILINE)
    assert len(taken) > 15
    page = (ROOT / "docs" / "explanation" / "how-the-studio-looks.md").read_text(encoding="utf-8")
    kinds = ("", "-dark", "-narrow")
    assert [] == [
        f"studio-{name}{kind}.png"
        for name in taken
        for kind in kinds
        if f"](../images/studio-{name}{kind}.png)" not in page
    ]
