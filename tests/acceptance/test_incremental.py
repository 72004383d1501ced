"""Builds that make anew only what changed: after any edits their output is that of a clean build, to the last byte."""

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from pathlib import Path

import pytest
from jinja2 import Environment
from PIL import Image

from generator.public import renditions
from generator.templating.environment import render
from generator.templating.kept_results import TEXT_RESULTS, KeptResults
from offerpress.figures.checking import figures_faults
from offerpress.figures.figures import Figures
from offerpress.site.keys import SiteKeys
from rewards import Account, Fault, Rules, Statement, compute_statement
from tests.acceptance.conftest import AS_OF, ROOT, Call, change_sale, tree

PARTNERS = 1_040
"""Beside the sample's: enough for two shards."""
SALE = "A-01642"
"""One that counts."""


@pytest.fixture
def small(site: Path) -> Path:
    """The sample in one language, without campaigns, with so many more partners that there are two shards."""
    shutil.rmtree(site / "content" / "campaigns")
    for translation in site.glob("content/*/*.??.md"):
        translation.unlink()
    settings = site / "offerpress.toml"
    lines = settings.read_text(encoding="utf-8").splitlines()
    kept = [line if not line.startswith("languages") else 'languages = ["en"]' for line in lines]
    settings.write_text("\n".join(kept) + "\n", encoding="utf-8")
    with (site / "data" / "partners.csv").open("a", encoding="utf-8") as file:
        for number in range(PARTNERS):
            file.write(
                f"X-{number:04},Extra {number},x{number}@reseller.example,EUR,bronze,en,,,active,,,,\n"
            )
    return site


def show_picture(site: Path, grey: int, text: str = "Text.") -> None:
    """Write an announcement with that text, and a picture in that grey."""
    picture = BytesIO()
    Image.new("RGB", (1000, 600), (grey, grey, grey)).save(picture, "JPEG")
    (site / "content" / "static").mkdir(exist_ok=True)
    (site / "content" / "static" / "grey.jpg").write_bytes(picture.getvalue())
    front = "---\ntitle: Grey\nsummary: A picture.\ndate: 2023-05-01\nimage: ../static/grey.jpg\n---\n"
    (site / "content" / "announcements" / "grey.md").write_text(f"{front}\n{text}\n", encoding="utf-8")


class Editor:
    """Edits a site as its owners, and accidents, do; every edit can be made again."""

    def __init__(self, site: Path, seed: int) -> None:
        self.site = site
        self.random = random.Random(seed)
        self.day = "2023-12-31"
        self.made: list[str] = []

    def _replace(self, name: str, old: str, new: str) -> None:
        path = self.site / name
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    def _lines(self, name: str, change: Callable[[list[str]], None]) -> None:
        path = self.site / name
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        change(lines)
        path.write_text("".join(lines), encoding="utf-8")

    def _page(self) -> Path:
        return self.site / "content" / "announcements" / "more.md"

    def change_a_sale(self) -> None:
        """Another amount."""
        change_sale(self.site, SALE, f"{self.random.randrange(1, 9999)}.00")

    def lose_a_sale(self) -> None:
        """The last row less."""
        self._lines("data/sales.csv", lambda lines: None if len(lines) < 100 else lines.__delitem__(-1))

    def rename_a_partner(self) -> None:
        """Another name for one of the many."""
        self._replace("data/partners.csv", "Extra 7,", f"Extra 7 {self.random.randrange(99)},")

    def close_a_partner(self) -> None:
        """A partner who has no statement any more."""
        self._replace(
            "data/partners.csv",
            "x9@reseller.example,EUR,bronze,en,,,active",
            "x9@reseller.example,EUR,bronze,en,,,closed",
        )

    def reorder(self) -> None:
        """The same rows in another order."""
        self._lines("data/subscriptions.csv", lambda lines: lines.append(lines.pop(1)))

    def announce(self) -> None:
        """One announcement more, or another text for it."""
        front = (
            f"---\ntitle: More {self.random.randrange(99)}\nsummary: News.\ndate: 2023-05-01\n---\n\nText.\n"
        )
        self._page().write_text(front, encoding="utf-8")

    def show_a_picture(self) -> None:
        """An announcement with a picture, or another picture in it."""
        show_picture(self.site, self.random.randrange(256))

    def link_announcements(self) -> None:
        """One that shares tags, an offer and a link with others, and has an old address; the others are as before."""
        title, month = self.random.randrange(9), self.random.randrange(4, 9)
        front = f"title: Linked {title}\nsummary: It links.\ndate: 2023-0{month}-02"
        more = "tags: [investigation, more]\noffers: [cashback-2023]\naliases: [formerly-linked]"
        text = f"---\n{front}\n{more}\n---\n\n## Head\n\n[See](thank-you.md) and [offer](../offers/4sc-free.md).\n"
        (self.site / "content" / "announcements" / "linked.md").write_text(text, encoding="utf-8")

    def expire(self) -> None:
        """An announcement that ends within the days that time passes."""
        front = "title: Short\nsummary: It ends.\ndate: 2023-05-03\nexpires_at: 2024-01-01"
        (self.site / "content" / "announcements" / "short.md").write_text(
            f"---\n{front}\n---\n\nText.\n", encoding="utf-8"
        )

    def translate(self) -> None:
        """A second language with one translation, or one language again."""
        text = (self.site / "offerpress.toml").read_text(encoding="utf-8")
        page = self.site / "content" / "pages" / "about.de.md"
        if '["en"]' in text:
            page.write_text("---\ntitle: Wir\nsummary: Wer wir sind.\n---\n\nText.\n", encoding="utf-8")
            self._replace("offerpress.toml", '["en"]', '["en", "de"]')
        else:
            page.unlink()
            self._replace("offerpress.toml", '["en", "de"]', '["en"]')

    def relabel(self) -> None:
        """A label of the site's own, in its second language."""
        folder = self.site / "templates" / "locale"
        folder.mkdir(parents=True, exist_ok=True)
        head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
        word = f'msgid "Announcements"\nmsgstr "Neues {self.random.randrange(99)}"\n'
        (folder / "de.po").write_text(head + word, encoding="utf-8")

    def change_a_template(self) -> None:
        """Another template of announcements and of cards."""
        folder = self.site / "templates" / "site"
        folder.mkdir(parents=True, exist_ok=True)
        for name, end in (("announcement.html", "{# %d #}{{ 1 }}"), ("card.svg", "<!-- %d -->")):
            text = (ROOT / "templates" / "site" / name).read_text(encoding="utf-8")
            (folder / name).write_text(text + end % self.random.randrange(99), encoding="utf-8")

    def spoil_kept_texts(self) -> None:
        """The results of texts gone, cut, with a bit flipped, of another program or of another form."""
        path = self.site / "private" / "texts.cache"
        data = bytearray(path.read_bytes()) if path.is_file() else bytearray(b"0" * 99)
        place = self.random.randrange(len(data))
        flipped = bytes(data[:place]) + bytes([data[place] ^ 1]) + bytes(data[place + 1 :])
        spoilt = [b"", bytes(data[:place]), flipped, KeptResults().written("another program")]
        path.write_bytes(self.random.choice(spoilt))

    def withdraw(self) -> None:
        """Its file deleted, with those of others."""
        for name in ("linked.md", "short.md", "more.md"):
            (self._page().parent / name).unlink(missing_ok=True)

    def retitle(self) -> None:
        """Another title of an offer."""
        self._replace("content/offers/cashback-2023.md", "title: ", f"title: {self.random.randrange(9)} ")

    def change_terms(self) -> None:
        """Another rate of an offer."""
        self._replace("content/offers/cashback-2023.md", "rate: 15%", "rate: 14%")

    def add_a_file(self) -> None:
        """A file that is published as it is."""
        (self.site / "content" / "static").mkdir(exist_ok=True)
        (self.site / "content" / "static" / "note.txt").write_text(
            str(self.random.random()), encoding="utf-8"
        )

    def override_a_template(self) -> None:
        """A page template of the site's own."""
        folder = self.site / "templates" / "site"
        folder.mkdir(parents=True, exist_ok=True)
        text = f"<!doctype html><title>{self.random.randrange(99)}</title>"
        (folder / "not_found.html").write_text(text, encoding="utf-8")

    def restore_templates(self) -> None:
        """The packaged ones again."""
        shutil.rmtree(self.site / "templates", ignore_errors=True)

    def rename_the_site(self) -> None:
        """Another title of the site."""
        self._lines("offerpress.toml", self._retitled)

    def _retitled(self, lines: list[str]) -> None:
        place = next(number for number, line in enumerate(lines) if line.startswith("title"))
        lines[place] = f'title = "Site {self.random.randrange(99)}"\n'

    def open_statements(self) -> None:
        """Statements in folders, or in packs again."""
        text = (self.site / "offerpress.toml").read_text(encoding="utf-8")
        old, new = ('"link"', '"plain"') if '"link"' in text else ('"plain"', '"link"')
        self._replace("offerpress.toml", old, new)

    def pass_time(self) -> None:
        """Another day."""
        self.day = self.random.choice(["2023-12-31", "2023-12-30", "2023-11-30", "2024-01-01", "2024-01-02"])

    def revoke(self) -> None:
        """A new link for one partner."""
        epochs = {"X-0003": self.random.randrange(1, 99)}
        (self.site / "private" / "epochs.json").write_text(json.dumps(epochs), encoding="utf-8")

    def spoil_the_manifest(self) -> None:
        """A manifest that is cut short."""
        path = self.site / "private" / "manifests" / "build.json"
        path.write_bytes(path.read_bytes()[: self.random.randrange(2000)])

    def spoil_sealed_records(self) -> None:
        """A bit of a sealed shard flipped."""
        for path in sorted((self.site / "private" / "sealed").glob("*")):
            data = bytearray(path.read_bytes())
            data[self.random.randrange(len(data))] ^= 1
            path.write_bytes(data)

    def spoil_kept_tables(self) -> None:
        """A bit of each file of kept tables flipped."""
        for path in sorted((self.site / "private" / "tables").glob("*")):
            data = bytearray(path.read_bytes())
            data[self.random.randrange(len(data))] ^= 1
            path.write_bytes(data)

    def spoil_the_output(self) -> None:
        """A published file changed by someone else, and another one gone."""
        (self.site / "output" / "index.html").write_text("Moved.", encoding="utf-8")
        (self.site / "output" / "robots.txt").unlink()

    def edit(self) -> None:
        """A few edits at once."""
        names = [name for name in vars(Editor) if not name.startswith("_") and name != "edit"]
        for name in self.random.sample(names, self.random.randrange(1, 5)):
            self.made.append(name)
            getattr(self, name)()


def forget_texts() -> None:
    """Let this process know no results of texts, as a new one does."""
    vars(TEXT_RESULTS).update(vars(KeptResults()))


def clean_build(offerpress: Call, site: Path, day: str, beside: Path) -> tuple[dict[str, bytes], object]:
    """What a build of the same site gives that remembers nothing, and what `check` says before it."""
    forget_texts()
    shutil.rmtree(beside, ignore_errors=True)
    caches = ("sealed", "snapshots", "tables", "texts.cache", "policy.cache")
    skipped = shutil.ignore_patterns("output", "manifests", "reports", *caches)
    shutil.copytree(site, beside, ignore=skipped)
    checked = offerpress("check", "--site", str(beside), "--as-of", day, "--json").json
    assert 0 == offerpress("build", "--site", str(beside), "--as-of", day).code
    return tree(beside / "output"), checked


@pytest.mark.parametrize(
    ("seed", "steps"),
    [(1, 2), *(pytest.param(seed, 4, marks=pytest.mark.long) for seed in (1, 2, 3))],
)
def test_after_any_edits_the_output_is_that_of_a_clean_build(
    offerpress: Call, small: Path, tmp_path: Path, seed: int, steps: int
) -> None:
    """Whatever was edited, deleted or damaged: a build leaves the bytes of a clean one, `check` says the same."""
    editor = Editor(small, seed)
    assert 0 == offerpress("build", *AS_OF).code
    for _ in range(steps):
        editor.edit()
        forget_texts()
        checked = offerpress("check", "--as-of", editor.day, "--json").json
        said = offerpress("build", "--as-of", editor.day)
        assert 0 == said.code, (editor.made, said.err)
        clean, checked_clean = clean_build(offerpress, small, editor.day, tmp_path / "clean")
        found = tree(small / "output")
        assert checked_clean == checked, editor.made
        others = [path for path in clean.keys() | found.keys() if clean.get(path) != found.get(path)]
        assert [] == others, editor.made
    assert 0 == offerpress("verify").code


def explained(offerpress: Call) -> dict[str, object]:
    """What a build says under `--explain`."""
    said = offerpress("build", *AS_OF, "--explain", "--json")
    assert 0 == said.code, said.err
    return dict(said.json)


def stamps(folder: Path) -> Iterator[tuple[str, int, int]]:
    """Inode and time of every file."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        yield str(path), path.stat().st_ino, path.stat().st_mtime_ns


def test_with_nothing_changed_no_file_is_touched(offerpress: Call, small: Path) -> None:
    """A second build leaves every inode and time, in the output and in the private folder, and says so."""
    first = explained(offerpress)
    before = [*stamps(small / "output"), *stamps(small / "private")]
    second = explained(offerpress)
    assert before == [*stamps(small / "output"), *stamps(small / "private")]
    assert (0, 0, []) == (second["written"], second["removed"], second["reasons"])
    assert (first["partners"], first["snapshot"]) == (second["partners"], second["snapshot"])


def test_a_sale_makes_one_shard_anew(offerpress: Call, small: Path) -> None:
    """Another amount of one sale: its shard is sealed again, and packs with other bytes alone are written."""
    explained(offerpress)
    change_sale(small, SALE, "7.00")
    told = explained(offerpress)
    assert isinstance(told["reasons"], list)
    assert ["data/sales.csv changed"] == [one["why"] for one in told["reasons"]]
    assert isinstance(told["files_written"], list)
    assert 1 <= len(told["files_written"]) <= 2
    assert all(path.startswith("statement/packs/") for path in told["files_written"])


def test_an_announcement_leaves_statements_alone(offerpress: Call, small: Path) -> None:
    """A new announcement makes the public pages anew and no shard; deleted, its files go."""
    explained(offerpress)
    editor = Editor(small, 1)
    editor.announce()
    told = explained(offerpress)
    assert [{"part": "public pages", "why": "content/announcements/more.md changed"}] == told["reasons"]
    editor.withdraw()
    told = explained(offerpress)
    assert "announcements/more/index.html" in str(told["files_removed"])
    assert not (small / "output" / "announcements" / "more").exists()


def test_an_announcement_reads_no_frozen_table(offerpress: Call, small: Path) -> None:
    """Sums that the last build compared are not compared again; without its report they are, and a lost file shows."""
    explained(offerpress)
    report = small / "private" / "reports" / "conservation.json"
    before = report.read_bytes()
    for table in (small / "private" / "snapshots").glob("*/*.parquet"):
        table.write_bytes(bytes(table.stat().st_size))
    Editor(small, 1).announce()
    told = explained(offerpress)
    assert "announcements/more/index.html" in str(told["files_written"])
    assert before == report.read_bytes()
    report.unlink()
    Editor(small, 2).announce()
    assert "sales.parquet" in offerpress("build", *AS_OF).err


def test_a_sentence_loads_neither_database_nor_campaigns(offerpress: Call, site: Path) -> None:
    """Campaigns that the last build found faultless are not compiled again while all that they follow from stays."""
    explained(offerpress)
    page = site / "content" / "announcements" / "follow-up.md"
    page.write_text(page.read_text(encoding="utf-8") + "\nOne sentence more.\n", encoding="utf-8")
    code = "import sys; from offerpress.cli import run; run(['build', *sys.argv[1:]]); print('loaded', *sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code, *AS_OF], cwd=site, capture_output=True, text=True, check=True
    )
    assert "One sentence more" in (site / "output/announcements/follow-up/index.html").read_text("utf-8")
    assert set() == {"_duckdb", "generator.notices.checks"} & set(done.stdout.split())


def test_a_campaign_is_checked_again_with_what_it_links_to(offerpress: Call, site: Path) -> None:
    """A build refuses a campaign whose link leads to a heading that went, or to a page that is hidden by now."""
    page = site / "content" / "announcements" / "more.md"
    text = "---\ntitle: More\nsummary: News.\ndate: 2023-05-01\nexpires_at: 2024-01-05\n---\n\n## Head\n\nText.\n"
    page.write_text(text, encoding="utf-8")
    campaign = site / "content" / "campaigns" / "year-end-credit.md"
    link = "\nSee [more](../announcements/more.md#head).\n"
    campaign.write_text(campaign.read_text(encoding="utf-8") + link, encoding="utf-8")
    explained(offerpress)
    page.write_text(text + "\nMore text.\n", encoding="utf-8")
    explained(offerpress)
    for changed, day in ((text.replace("Head", "Other"), "2023-12-31"), (text, "2024-01-05")):
        page.write_text(changed, encoding="utf-8")
        said = offerpress("build", "--as-of", day)
        assert (1, True) == (said.code, "../announcements/more.md" in said.err), said.err


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The templates of pages that were rendered since it was emptied."""
    found: list[str] = []

    def noted(built: Environment, name: str, context: dict[str, object], folders: Sequence[Path]) -> str:
        found.append(name.removeprefix("site/"))
        return render(built, name, context, folders)

    monkeypatch.setattr("generator.public.pages.render", noted)
    return found


def test_a_sentence_renders_its_page_alone(offerpress: Call, small: Path, rendered: list[str]) -> None:
    """Another sentence renders one page, no list and no neighbour; another title renders those that show it too."""
    explained(offerpress)
    forget_texts()
    page = small / "content" / "announcements" / "follow-up.md"
    text = page.read_text(encoding="utf-8") + "\nOne sentence more.\n"
    page.write_text(text, encoding="utf-8")
    rendered.clear()
    told = explained(offerpress)
    assert ["announcement.html"] == rendered
    assert "announcements/follow-up/index.html" in str(told["files_written"])
    page.write_text(text.replace("title: What", "title: That which"), encoding="utf-8")
    rendered.clear()
    explained(offerpress)
    lists = ["announcements.html", "home.html", "offer.html", "tag.html"]
    assert sorted(["announcement.html", "announcement.html", "card.svg", *lists]) == sorted(rendered)


def test_a_day_without_news_renders_nothing(
    offerpress: Call, small: Path, rendered: list[str], tmp_path: Path
) -> None:
    """Only days on which something becomes visible or ends render pages; each day has the bytes of a clean build."""
    Editor(small, 1).expire()  # on the first day of 2024
    assert 0 == offerpress("build", "--as-of", "2023-12-29").code
    for day, is_new in (
        ("2023-12-30", False),
        ("2024-01-01", True),
        ("2024-01-02", False),
        ("2023-12-30", True),
    ):
        rendered.clear()
        told = offerpress("build", "--as-of", day, "--explain", "--json").json
        assert is_new == bool(rendered) == ("public pages" in str(told["reasons"]))
        assert "statement/as-of.json" in str(told["files_written"])
        assert 0 == offerpress("verify").code
        clean, _ = clean_build(offerpress, small, day, tmp_path / "clean")
        assert clean == tree(small / "output")


def test_a_picture_is_encoded_once(offerpress: Call, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its smaller sizes stay while only words change; another picture makes others, and the former go."""
    asked: list[Path] = []
    encode = renditions.encoded

    def counted(file: Path, modified: int, widths: tuple[int, ...]) -> tuple[bytes, ...]:
        asked.append(file)
        return encode(file, modified, widths)

    monkeypatch.setattr(renditions, "encoded", counted)
    show_picture(small, 100)
    explained(offerpress)
    made = sorted((small / "output/assets").glob("grey-*.webp"))
    assert ["480.webp", "1000.webp"] == sorted((path.name.rpartition("-")[2] for path in made), key=len)
    assert len(made) == len(asked)
    before = [path.stat().st_ino for path in made]
    show_picture(small, 100, "Other words.")
    told = explained(offerpress)
    assert "announcements/grey/index.html" in str(told["files_written"])
    assert "webp" not in str(told["files_written"])
    assert (len(made), before) == (len(asked), [path.stat().st_ino for path in made])
    show_picture(small, 200)
    told = explained(offerpress)
    assert 2 == str(told["files_written"]).count("webp") == str(told["files_removed"]).count("webp")
    assert 0 == offerpress("verify").code


def test_an_authors_file_is_no_card_of_ours(offerpress: Call, small: Path) -> None:
    """A static file whose name is like that of a card, or of a smaller size, is published as it is now."""
    for name in ("card-visa.png", "card-0123456789.png"):
        file = small / "content" / "static" / name
        for content in (b"one", b"other"):
            file.write_bytes(content)
            explained(offerpress)
            assert content == (small / "output" / name).read_bytes()


def test_another_place_is_built_whole(offerpress: Call, small: Path) -> None:
    """What was published elsewhere says nothing about a new place, but sealed records are taken from it."""
    explained(offerpress)
    told = offerpress("build", *AS_OF, "--explain", "--json", "--output", "elsewhere").json
    assert [{"part": "public pages", "why": "it was built to another place"}] == told["reasons"]
    assert tree(small / "output") == tree(small / "elsewhere")


def test_an_unchanged_ledger_is_not_read_again(offerpress: Call, small: Path) -> None:
    """While the files are the same, the snapshot is taken as it is; another amount makes another one."""
    explained(offerpress)
    (folder,) = (small / "private" / "snapshots").iterdir()
    assert 64 == len((folder / "source").read_text(encoding="ascii"))
    before = list(stamps(folder))
    assert 0 == offerpress("statement", "P-1001", *AS_OF).code
    change_sale(small, SALE, "7.00")
    assert 0 == offerpress("statement", "P-1001", *AS_OF).code
    assert before == list(stamps(folder))
    assert 2 == len(list((small / "private" / "snapshots").iterdir()))


def test_links_of_known_partners_are_not_derived_again(
    offerpress: Call, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shards come from the newest snapshot under the same keys, unless a byte of it is another one."""
    derived: list[str] = []

    def noted(partner_id: str, keys: SiteKeys, bits: int) -> int:
        derived.append(partner_id)
        return keys.link(partner_id).shard(bits)

    monkeypatch.setattr("offerpress.figures.figures._shard", noted)
    explained(offerpress)
    count = len(derived)
    with (small / "data" / "partners.csv").open("a", encoding="utf-8") as file:
        file.write("X-9999,Extra 9999,x9999@reseller.example,EUR,bronze,en,,,active,,,,\n")
    explained(offerpress)
    assert ["X-9999"] == derived[count:]
    for path in (small / "private" / "snapshots").glob("*/partners.parquet"):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    change_sale(small, SALE, "7.00")
    explained(offerpress)
    assert 2 * count + 2 == len(derived)
    assert 0 == offerpress("verify").code


def test_check_computes_what_no_build_proved(
    offerpress: Call, small: Path, monkeypatch: pytest.MonkeyPatch, rendered: list[str]
) -> None:
    """After a build `check` reads no ledger, computes no statement and renders no page; another sale needs all."""
    computed: list[object] = []

    def noted(figures: Figures) -> list[Fault]:
        computed.append(figures)
        return figures_faults(figures)

    monkeypatch.setattr("offerpress.figures.checking.figures_faults", noted)
    explained(offerpress)
    before = list(stamps(small))
    rendered.clear()
    assert 0 == offerpress("check", *AS_OF).code
    assert ([], [], before) == (computed, rendered, list(stamps(small)))
    change_sale(small, SALE, "7.00")
    assert 0 == offerpress("check", *AS_OF).code
    assert (1, []) == (len(computed), rendered)


def test_plain_statements_stay_with_their_shard(offerpress: Call, small: Path) -> None:
    """In folders too a sale makes one shard anew and writes one partner's files; the page's template makes all anew."""
    editor = Editor(small, 1)
    editor.open_statements()
    explained(offerpress)
    editor.announce()
    told = explained(offerpress)
    assert [{"part": "public pages", "why": "content/announcements/more.md changed"}] == told["reasons"]
    change_sale(small, SALE, "7.00")
    told = explained(offerpress)
    assert isinstance(told["reasons"], list)
    assert ["data/sales.csv changed"] == [one["why"] for one in told["reasons"]]
    assert isinstance(told["files_written"], list)
    folder, *_ = told["files_written"][0].rpartition("/")
    assert [f"{folder}/index.html", f"{folder}/statement.json"] == told["files_written"]
    editor.rename_the_site()
    told = explained(offerpress)
    assert isinstance(told["reasons"], list)
    assert ["public pages", "statements of shard 0", "statements of shard 1"] == [
        one["part"] for one in told["reasons"]
    ]
    assert 0 == offerpress("verify").code


def test_a_sale_computes_its_group_alone(
    offerpress: Call, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others of the shard stay as they were sealed, unless their file is damaged; the bytes are the same."""
    computed: list[str] = []

    def noted(account: Account, rules: Rules, faults: list[Fault]) -> Statement:
        computed.append(account.partner.partner_id)
        return compute_statement(account, rules, faults)

    explained(offerpress)
    monkeypatch.setattr("offerpress.build.shards.compute_statement", noted)
    sealed = small / "private" / "sealed"
    for amount, damage, most in (("7.00", False, 50), ("8.00", True, 1_000), ("9.00", False, 50)):
        if damage:
            path = max(sealed.iterdir(), key=lambda path: path.stat().st_mtime_ns)
            path.write_bytes(path.read_bytes()[:-1] + b"?")
        change_sale(small, SALE, amount)
        computed.clear()
        explained(offerpress)
        assert most // 3 < len(computed) <= most
        found = tree(small / "output")
        shards = tree(sealed)
        assert clean_build(offerpress, small, "2023-12-31", tmp_path / "clean")[0] == found
        assert tree(tmp_path / "clean" / "private" / "sealed") == shards
    assert 0 == offerpress("verify").code
