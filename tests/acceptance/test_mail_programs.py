"""The sample's messages as mail programs show them: what these support, how they read, how long they may be."""

import json
import subprocess
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Literal

import pytest
from _pytest.mark import ParameterSet
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser

from mailer.batch.batch import Batch
from tests.acceptance.conftest import AS_OF, PLAN, PLANNED, ROOT, Call, Prepare, after

TOOLS = ROOT / "tests" / "tools"
READERS = {"en": "P-1002", "de": "P-1001", "es": "P-1003", "ar": "P-1013"}
CLIENTS = ("gmail.*", "outlook.windows", "apple-mail.*", "yahoo.*")

WITHOUT_IT = {
    "<bdi> element": "the text stands in the reader's own direction, as any other",
    "<body> element": "its place is taken by an element of the mail program's, with the same children",
    "<style> element": "every look that matters is on the elements themselves",
    "@media": "a table stays a table, and light stays light",
    "Chaining selectors": "only in the style sheet",
    "Class selector": "only in the style sheet",
    "Descendant combinator": "only in the style sheet",
    "ID selector": "only in the style sheet",
    "Type selector": "only in the style sheet",
    "aria-label attribute": "the message's name, which the mail program shows as its subject",
    "border-radius": "the button has corners",
    "cursor": "the pointer is what links have there",
    "display:none": "what is hidden has no height and no size of letters either",
    "height property": "rows are as high as their text",
    "opacity": "the hidden preview is hidden in three other ways",
    "outline": "images have no outline of their own",
    "overflow": "nothing is higher than its box",
    "target attribute": "links open where the mail program opens them",
    "transform": "letters are as they were written",
    "white-space": "a reference may break at its hyphen",
    "word-break": "long words break where the mail program breaks them",
    "word-spacing": "an unset of Outlook's own",
}
"""What some of the programs lack and the layout still uses, each with what readers see there."""


@pytest.fixture(scope="module")
def messages(prepare: Prepare, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The HTML of a message in each language."""
    files = {}
    folder = tmp_path_factory.mktemp("messages")
    with Batch.open(prepare("planned", after(PLANNED)) / "private" / "batches" / f"{PLAN}.batch") as batch:
        for language, partner in READERS.items():
            files[language] = folder / f"{language}.html"
            files[language].write_text(batch.message(partner).html, encoding="utf-8")
            assert f'lang="{language}"' in batch.message(partner).html
    return files


def test_mail_programs_support_what_matters(messages: dict[str, Path]) -> None:
    """Gmail, Outlook for Windows, Apple Mail and Yahoo lack nothing but what is listed with what they show instead."""
    files = [str(file) for file in messages.values()]
    done = subprocess.run(
        ["node", "caniemail.mjs", ",".join(CLIENTS), *files],
        cwd=TOOLS,
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert set(files) == set(found)
    lacking = {feature for features in found.values() for feature in features}
    assert lacking <= set(WITHOUT_IT), sorted(lacking - set(WITHOUT_IT))
    assert not [feature for feature in WITHOUT_IT if feature not in lacking], "take it off the list"


def looks() -> Iterator[ParameterSet]:
    """Yield each language in each look; in `make test` each language has another look, and the others take long."""
    for number, language in enumerate(READERS):
        for place, (scheme, width) in enumerate(product(("light", "dark"), (680, 320))):
            marks = [] if place == number else [pytest.mark.long]
            yield pytest.param(language, scheme, width, marks=marks)


@pytest.mark.parametrize(("language", "scheme", "width"), list(looks()))
def test_messages_are_readable_by_all(
    messages: dict[str, Path], browser: Browser, language: str, scheme: Literal["light", "dark"], width: int
) -> None:
    """Axe finds nothing, light and dark, on a desk and at 320 px, where nothing is cut off at the side."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto(messages[language].as_uri())
    # a message stands within the page of a mail program, which has the landmarks
    rules = {"region": {"enabled": False}, "landmark-one-main": {"enabled": False}}
    found = Axe().run(page, options={"rules": rules}).response["violations"]
    assert [] == [(one["id"], one["nodes"][0]["html"]) for one in found]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.close()


def test_a_message_that_gmail_would_cut_is_named_when_planned(offerpress: Call, site: Path) -> None:
    """A partner with hundreds of subscriptions: `plan` says whose message is too long, and what to do."""
    table = site / "data" / "subscriptions.csv"
    rows = table.read_text(encoding="utf-8").splitlines()
    extended = next(row for row in rows if row.startswith("S-0105,P-1002,"))
    rows += [extended.replace("S-0105", f"S-9{number:04d}") for number in range(1500)]
    table.write_text("\n".join([*rows, ""]), encoding="utf-8")
    said = offerpress("plan", "year-end-credit", *AS_OF, "--by", "Mia")
    assert (
        "1 message of more than 102 kB, which Gmail cuts off: P-1002; shorten the campaign's lists"
        in said.out
    )
