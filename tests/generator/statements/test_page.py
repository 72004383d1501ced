"""The statement page and the statements: what they say, what they never hold, and what changes them."""

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha384
from pathlib import Path

import pytest

from generator.errors import GeneratorError
from generator.headers import STATEMENT_HEADERS, STATEMENT_POLICY
from generator.settings import SiteSettings
from generator.statements.links import link_secret
from generator.statements.packs import PackReader, seal
from generator.statements.page import (
    StatementRenderer,
    statement_artifacts,
)
from rewards import BonusEntry, Partner, Statement, canonical_json, statement_json
from tests.samples.statement_site import (
    AS_OF,
    PARTNERS,
    SETTINGS,
    SITE_SECRET,
    TEMPLATES,
    day,
    html_of,
    link_of,
    offer_words,
    pack_artifacts,
    page_files,
    policy,
    record_of,
    renderer,
    site_files,
    statement_of,
)


def page() -> str:
    """The page that opens links."""
    return page_files()["statement/index.html"].decode()


def outside_packs(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """What must not depend on the ledger."""
    return {path: data for path, data in files.items() if not path.startswith("statement/packs/")}


def test_another_ledger_changes_packs_only() -> None:
    """Files outside the packs are byte-identical for another ledger."""
    rows = {
        f"Q-{number}": Partner(f"Q-{number}", "Else", "a@b.example", "USD", "gold") for number in range(300)
    }
    rendering = renderer()
    sealed = [
        seal(
            link_secret(SITE_SECRET, key),
            rendering.record(row, Statement(key, AS_OF, "gold"), "K7Q2-9FXM", {}),
        )
        for key, row in rows.items()
    ]
    other = {**page_files(), **pack_artifacts(sealed, SITE_SECRET)}
    ours = {path: data for path, data in site_files().items() if path != "index.html"}
    assert outside_packs(other) == outside_packs(ours)
    assert other != ours


def test_no_partner_data_in_the_open() -> None:
    """No name, id, address or product of a partner stands in any file, the packs included."""
    everything = b"\n".join(data for path, data in site_files().items())
    words = [row.name for row in PARTNERS.values()] + [
        "post@example.com",
        "ada@ostrabell",
        "PRO 8SC",
        "12345.67",
    ]
    assert [word for word in words if word.encode() in everything] == []


def test_records_keep_their_bytes_from_day_to_day() -> None:
    """A build on a later day, with the same figures, leaves every pack as it was."""
    records = [record_of("P-1", as_of=day(text)) for text in ("2023-12-30", "2023-12-31")]
    assert records[0] == records[1]


def test_record_holds_the_statement_without_its_day() -> None:
    """The figures in a record are the statement's JSON but for the day, in canonical form."""
    record = record_of("P-1")
    expected = statement_json(statement_of("P-1"))
    del expected["as_of"]
    assert record.figures == canonical_json(expected)


def test_values_in_a_record_are_canonical() -> None:
    """Keys are sorted on every level, so that equal values give equal bytes, and compress well."""
    for partner_id in PARTNERS:
        shown = record_of(partner_id).shown
        assert shown == canonical_json(json.loads(shown))


def test_every_record_comes_back() -> None:
    """What the packs hold for a link is the record that was rendered."""
    packs = PackReader(site_files())
    for partner_id in PARTNERS:
        link = link_of(partner_id)
        assert packs.open(link) == record_of(partner_id, link.reference)


def test_as_of_stands_outside_the_packs() -> None:
    """The day is a small public file, in every language of the site."""
    shown = {
        "ar": "31 ديسمبر 2023",
        "de": "31. Dezember 2023",
        "en": "December 31, 2023",
        "es": "31 de diciembre de 2023",
    }
    assert json.loads(page_files()["statement/as-of.json"]) == {"as_of": "2023-12-31", "shown": shown}


def test_assets_are_named_and_checked_by_their_content() -> None:
    """Script, styles and image are named by their content, and the page names the digest of what it runs."""
    html, files = page(), page_files()
    for path, data in files.items():
        if path.endswith((".js", ".css")):
            name, digest = path.removeprefix("statement/"), b64encode(sha384(data).digest()).decode()
            assert re.search(rf'(src|href)="{re.escape(name)}" integrity="sha384-{re.escape(digest)}"', html)
    names = sorted(re.sub(r"-[0-9a-f]{12}\.", ".", path) for path in files)
    assert names == [
        f"statement/{name}"
        for name in (
            "as-of.json",
            "index.html",
            "statement.css",
            "statement.svg",
            "tables.js",
            "viewer.js",
        )
    ]


def test_page_runs_nothing_inline() -> None:
    """The page has no inline script, style or handler, loads nothing foreign, and is not to be listed."""
    html = page()
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", html) == []
    assert re.findall(r'(?:src|href)="(?:https?:)?//', html) == []
    assert '<meta name="robots" content="noindex' in html
    assert '<meta name="referrer" content="no-referrer">' in html


def test_policy() -> None:
    """The policy denies all that it does not name, also in the page, for hosts that send no headers."""
    assert STATEMENT_POLICY.startswith("default-src 'none'; ")
    assert "unsafe" not in STATEMENT_POLICY
    assert "require-trusted-types-for 'script'" in STATEMENT_POLICY
    assert STATEMENT_POLICY.replace("'", "&#39;") in page()
    headers = dict(STATEMENT_HEADERS)
    assert headers["Content-Security-Policy"] == f"{STATEMENT_POLICY}; frame-ancestors 'none'"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_script_is_small() -> None:
    """The viewer is short enough to be read: under 20 kB, and the tables under 10 kB, without dependencies."""
    for name, most in (("viewer.js", 20_000), ("tables.js", 10_000)):
        script = (TEMPLATES / "assets" / name).read_text(encoding="utf-8")
        assert len(script.encode()) < most
        assert re.findall(r"^import |\brequire\(|\beval\(|new Function", script, re.MULTILINE) == []


def test_every_state_of_the_script_has_its_sentence() -> None:
    """Each state of the viewer has a sentence in every language, and a failure has a heading too."""
    script = (TEMPLATES / "assets" / "viewer.js").read_text(encoding="utf-8")
    states = set(re.findall(r'(?:new Trouble|enter)\((?:secret \? "ready" : )?"([a-z]+)"\)', script)) | {
        "ready"
    }
    assert len(states) == 11
    html = page()
    assert html.count('<template class="language"') == len(SETTINGS.languages)
    for state in states:
        assert html.count(f'data-word="{state}"') == len(SETTINGS.languages)
    for state in states - {"ready", "loading", "none"}:
        assert html.count(f'data-word="{state}-heading"') == len(SETTINGS.languages)


def test_statement_shows_every_figure() -> None:
    """Each amount and date of the statement's JSON stands in the page in the reader's form."""
    html = html_of("P-2")
    amounts = [
        "12.345,67",
        "1.851,85",
        "140,00",
        "1.711,85",
        "333",
        "50",
        "12.347,80",
        "20.000,00",
        "7.652,20",
    ]
    dates = ["30. November 2023", "29. Februar 2024", "31. März 2024", "30. Juni 2023", "31. Dezember 2024"]
    assert [text for text in amounts + dates if text not in html] == []


def test_hostile_text_is_escaped() -> None:
    """Markup in any of the partner's fields comes out as text within an isolate."""
    evil = '<script>alert(1)</script>" onload="x'
    row = replace(PARTNERS["P-1"], name=evil, contact_name=evil, manager_name=evil, manager_email=evil)
    html = html_of("P-1", row)
    assert "<script" not in html
    assert html.count("<bdi>&lt;script&gt;alert(1)&lt;/script&gt;") == 4


def test_negative_credit_is_explained() -> None:
    """What was credited too much is taken back; while the period runs, further sales can still make up for it."""
    statement = statement_of("P-1")
    entry = statement.cashback[0]._replace(already_credited=200_000, to_credit=-14_815)
    html = html_of("P-1", statement=replace(statement, cashback=(entry._replace(status="final"),)))
    assert 'we take back <bdi class="sum">€148.15</bdi> from your partner account.' in html
    assert "That much was credited too much before." in html
    running = html_of("P-1", statement=replace(statement, cashback=(entry,)))
    assert 'received <bdi class="sum">€148.15</bdi> more than your sales give.' in running
    assert "Further sales make up for it." in running


def test_top_level_has_nothing_missing() -> None:
    """At the highest level the statement says so and shows no next quota."""
    statement = statement_of("P-1")
    top = statement.levels[0]._replace(
        attained_level="gold", next_level=None, next_quota=None, remaining=None
    )
    html = html_of("P-1", statement=replace(statement, levels=(top,)))
    assert "You have reached the highest level, <bdi>Gold</bdi>." in html
    assert "Quota of" not in html


def test_a_bonus_has_its_section() -> None:
    """The title, whether it is final, the quota it was paid for, the level reached and the amount."""
    entry = BonusEntry("silver-bonus", "EUR", 123_450, "silver", "gold", "accruing")
    statement = replace(statement_of("P-2"), bonuses=(entry,))
    html = html_of("P-2", statement=statement)
    assert '<h2><bdi>silver-bonus</bdi> <b class="chip accruing">laufend</b></h2>' in html
    assert "weil Ihre Umsätze das Umsatzziel des Programms für <bdi>Silver</bdi> erreicht haben" in html
    assert "<dt>Durch Umsätze erreichte Stufe</dt><dd><bdi>Gold</bdi></dd>" in html
    assert '<p class="figure"><bdi>€\xa01.234,50</bdi></p>' in html


def test_tiers_have_no_rate() -> None:
    """A cashback by tiers says so in the place of a rate."""
    statement = statement_of("P-1")
    entry = statement.cashback[0]._replace(rate=None)
    html = html_of("P-1", statement=replace(statement, cashback=(entry,)))
    assert "<dt>Rate</dt><dd><span>in tiers</span></dd>" in html


def test_plain_statement() -> None:
    """Without encryption a partner has a folder with a whole page, its day, and the JSON of the export."""
    link = link_of("P-2")
    files = renderer().plain(PARTNERS["P-2"], statement_of("P-2"), link, {})
    folder = link.plain_url("https://x.example").removeprefix("https://x.example/").rstrip("/")
    assert sorted(files) == [f"{folder}/index.html", f"{folder}/statement.json"]
    html = files[f"{folder}/index.html"].decode()
    assert "Stand <bdi>31. Dezember 2023</bdi>" in html
    assert "<script" not in html
    assert "noindex" in html
    assert (
        files[f"{folder}/statement.json"].decode()
        == f"{canonical_json(statement_json(statement_of('P-2')))}\n"
    )
    shared = renderer().plain_artifacts()
    assert all(f'href="../{path.removeprefix("statement/")}"' in html for path in shared)
    assert link.fragment not in html


def test_site_overrides_templates_file_by_file(tmp_path: Path) -> None:
    """A site's own statement template and styles win over the packaged ones."""
    (tmp_path / "statement").mkdir()
    (tmp_path / "assets").mkdir()
    (tmp_path / "statement" / "statement.html").write_text(
        "<article>{{ text('name') }}</article>", encoding="utf-8"
    )
    (tmp_path / "assets" / "statement.css").write_text("body { color: teal }", encoding="utf-8")
    own = StatementRenderer([tmp_path, TEMPLATES], SETTINGS, policy(), offer_words)
    plain = own.plain(PARTNERS["P-1"], statement_of("P-1"), link_of("P-1"), {})
    assert any(b"<article><bdi>Northwind Traders</bdi></article>" in data for data in plain.values())
    files = statement_artifacts([tmp_path, TEMPLATES], SETTINGS, policy(), offer_words, AS_OF)
    assert b"body { color: teal }" in files.values()


def test_every_sentence_of_a_shell_ends_once() -> None:
    """In no language a full stop follows a value directly: it is left out where the value ends with one."""
    files = statement_artifacts([TEMPLATES], SETTINGS, policy(), offer_words, AS_OF)
    html = files["statement/index.html"].decode()
    assert [] == re.findall(r'data-text="[^"]*"></bdi>\.', html)
    assert html.count("<span data-stop=") > 8


def test_missing_asset_is_named(tmp_path: Path) -> None:
    """A template folder without the script says which file is missing."""
    with pytest.raises(GeneratorError, match=r"assets/viewer\.js is missing"):
        statement_artifacts([tmp_path], SETTINGS, policy(), offer_words, AS_OF)


def test_one_language_and_no_contact() -> None:
    """A site with one language and no contact address has one set of sentences and no contact link."""
    settings = SiteSettings(title="A <b> & c", base_url="https://x.example")
    html = statement_artifacts([TEMPLATES], settings, policy(), offer_words, AS_OF)[
        "statement/index.html"
    ].decode()
    assert html.count('<template class="language"') == 1
    assert 'data-say="contact"' not in html
    assert "A &lt;b&gt; &amp; c" in html
