"""What an approver reads besides sums: the words since the plan before, mails of each kind, and the checklist."""

import http.client
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import AS_OF, called, change_sale, copy_sample
from tests.servers.studio import Desk, Office, signed_in, started, with_people

FIRST, SECOND = (f"/plan?plan=year-end-credit-1.{number}" for number in (1, 2))
SALUTATION = "Hello {{ partner.contact_name or partner.name }},"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The sample site with two plans of a campaign, whose English words changed in between, and so did one sale."""
    site = with_people(copy_sample(tmp_path_factory.mktemp("review")))
    plan = ("plan", "year-end-credit", *AS_OF, "--by", "mia")
    assert 0 == called(site, *plan).code
    campaign = site / "content" / "campaigns" / "year-end-credit.md"
    text = campaign.read_text(encoding="utf-8").replace(
        "subject: Your credit for 2023\n", "subject: Your <credit> of 2023\n"
    )
    assert SALUTATION in text
    campaign.write_text(text.replace(SALUTATION, f"{SALUTATION}\n\nThis is new & short."), encoding="utf-8")
    change_sale(site, "A-01232", "1000.00")
    said = called(site, *plan)
    assert 0 == said.code, said.err
    office = started(site)
    yield office
    office.process.terminate()
    office.process.communicate()


@pytest.fixture(scope="module")
def finn(office: Office) -> Desk:
    """Finn, who approves."""
    return signed_in(office.origin, "Finn")


def raw(desk: Desk, path: str) -> str:
    """The page at a path, with spaces of any length as one."""
    return " ".join(desk.ask("GET", path)[0].split())


def changed(page: str) -> list[tuple[str, str]]:
    """The changed lines that the page shows, as the tag and the words."""
    return re.findall(r'<(ins|del)><span class="hidden">\w+: </span><bdi>(.*?)</bdi>', page)


def test_words_that_changed_since_the_plan_before(finn: Desk) -> None:
    """Subject and text are compared line by line in each language."""
    page = raw(finn, SECOND)
    found = changed(page)
    assert ("del", "Your credit for 2023") in found
    assert ("ins", "Your <credit> of 2023") in found
    assert ("ins", "This is new & short.") in found
    assert ("del", "This is new & short.") not in found
    assert "<h3>English</h3>" in page
    same = re.search("Subject and text are the same in (.*?), by the mails to read", page)
    assert same, page
    for language in ("Arabic", "German", "Spanish"):
        assert (f"<h3>{language}</h3>" in page) != (language in same[1])


def test_words_are_escaped(office: Office) -> None:
    """A subject that looks like a tag stays text."""
    desk = signed_in(office.origin, "Finn")
    place = office.origin.removeprefix("http://")
    connection = http.client.HTTPConnection("127.0.0.1", int(place.split(":")[1]), timeout=120)
    connection.request("GET", SECOND, headers={"Host": place, "Cookie": desk.cookie})
    text = connection.getresponse().read().decode()
    connection.close()
    assert "<bdi>Your &lt;credit&gt; of 2023</bdi>" in text
    assert "<credit>" not in text


def test_mails_of_each_kind_are_there_to_read(finn: Desk) -> None:
    """Sizes, the longest name, each language, each fallback, right to left, and five by lot."""
    page = raw(finn, SECOND)
    rows = page[page.index('id="read"') :]
    for kind in ("smallest in EUR", "middle in EUR", "largest in EUR", "longest name", "right to left"):
        assert kind in rows
    for language in ("Arabic", "English", "German", "Spanish"):
        assert f"in {language}" in rows
    for own in ("French", "Hebrew", "Italian", "Japanese"):
        assert f"reads {own}, written in English" in rows
    table = rows[rows.index("<tbody>") : rows.index("</tbody>")]
    assert 5 == table.count("drawn by lot")


def checks(page: str) -> dict[str, str]:
    """Each line of the checklist: what it says, and yes or no."""
    found = re.findall(r'<span class="chip \w+">(yes|no)</span> <bdi>(.*?)</bdi>\.(.*?)</span></li>', page)
    return {what: f"{answer} {re.sub('<.*?>', '', more).strip()}".strip() for answer, what, more in found}


def test_the_checklist_judges_what_readers_find(office: Office, finn: Desk) -> None:
    """Without a place the built site counts, with one the published; a page that is missing there is named."""
    site, day = office.site, "31 December 2023"
    assert checks(raw(finn, SECOND))[f"The site is built as of {day}, as the mails"].startswith(
        "no It was never built"
    )
    assert 0 == called(site, "build", *AS_OF).code
    found = checks(raw(finn, SECOND))
    assert "yes" == found[f"The site is built as of {day}, as the mails"]
    (links,) = [one for one in found if "links to the site lead to built pages" in one]
    assert found[links].startswith("yes")
    with (site / "offerpress.toml").open("a", encoding="utf-8") as file:
        file.write('\n[publish]\nto = "public"\n')
    words = f"The site is published as of {day}, as the mails"
    assert checks(raw(finn, SECOND))[words].startswith("no It was not published from here yet.")
    assert 0 == called(site, "build", *AS_OF).code
    assert 0 == called(site, "publish", "--by", "finn", *AS_OF).code
    found = checks(raw(finn, SECOND))
    assert "yes" == found[words]
    missing = drop_from_record(site, "offers/cashback-2023/index.html")
    found = checks(raw(finn, SECOND))
    (links,) = [one for one in found if "links to the site lead to published pages" in one]
    assert found[links].startswith(f"no No published page stands behind {missing}")


def drop_from_record(site: Path, path: str) -> str:
    """Take a page out of the record of what was published; return its address."""
    record = site / "private" / "manifests" / "published.json"
    text = record.read_text(encoding="utf-8")
    assert f'"{path}"' in text
    record.write_text(text.replace(f'"{path}"', '"elsewhere.html"'), encoding="utf-8")
    return f"https://partners.ostrabell.example/{path.removesuffix('index.html')}"
