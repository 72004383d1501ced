"""`forget`: erases one partner's data from every kept file, and searches for remains.

Each step may be repeated. Snapshots come last, because they hold the words to search for.
"""

import shutil
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from ledger import Snapshot, erase, family
from mailer import Batch, Outbox, SendingProcess, erase_messages, pseudonym
from offerpress.figures.exports import forget_export, holds_partner, read_exports
from offerpress.figures.figures import open_figures
from offerpress.figures.leaks import leaked
from offerpress.figures.sign_offs import all_sign_offs, forget_lines, read_sign_off
from offerpress.setup.uploads import drop_all_uploads
from offerpress.signing.acts import SignedFacts, forget_facts, forgotten_records
from offerpress.site.folder import FORGOTTEN_FILE, POLICY_FILE, SETTINGS_FILE, TEXTS_FILE, OfferpressError
from offerpress.site.keys import forget_epochs
from offerpress.site.locking import sole_writer
from offerpress.site.people import forget_in_history
from offerpress.site.site import Site
from offerpress.site.state import json_text, write_state
from offerpress.writing.versions import drop_texts, old_texts
from rewards import Partner

# Providers of mail for everybody: such a domain says nothing about a partner.
_PUBLIC = frozenset(
    {
        *("126.com", "163.com", "aol", "fastmail", "free.fr", "gmail", "gmx", "googlemail", "hotmail"),
        *("icloud", "libero.it", "live", "mac.com", "mail.com", "mail.ru", "mailbox.org", "me.com", "msn"),
        *("o2.pl", "onet.pl", "orange.fr", "outlook", "posteo", "proton", "protonmail", "qq.com"),
        *("seznam.cz", "t-online", "wanadoo.fr", "web.de", "wp.pl", "yahoo", "yandex", "ymail", "zoho"),
    }
)


@dataclass(frozen=True, slots=True)
class Traces:
    """A partner to forget with those merged into it, and what identifies them.

    `addresses` and `words` (ids, names, addresses and a mail domain to search for) are those that no other partner has.
    `others` are the particulars of the other partners, in lower case.
    """

    partner_ids: frozenset[str]
    addresses: frozenset[str]
    words: frozenset[str]
    others: frozenset[str]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The numbers of partners, files and entries that were erased; `ended` notices had still waited."""

    partners: int
    snapshots: int
    batches: int
    notices: int
    ended: int
    suppressions: int
    exports: int
    sign_offs: int
    reports: int


def require_absent(site: Site, partner_id: str) -> None:
    """Raise `OfferpressError` while the ledger, which only the user edits, holds any of the family."""
    with open_figures(site) as figures:
        held = sorted(family(figures.snapshot, partner_id))
    if held:
        raise OfferpressError(
            f"not forgotten: {', '.join(map(repr, held))}: still in the data; take its rows out of every table first"
        )


def traces(site: Site, outbox: Outbox, partner_id: str) -> Traces:
    """Return what snapshots and batches know of the partner; raises `OfferpressError` if they know nothing.

    A partner that was merged into another is refused: its sales count in the other's statement.
    """
    ids, addresses, words, known = {partner_id}, set[str](), set[str](), list[Partner]()
    for snapshot in _snapshots(site):
        rows = {
            row.partner_id: row
            for row in snapshot.partners()
            if row.partner_id in family(snapshot, partner_id)
        }
        if partner_id in rows and rows[partner_id].merged_into:
            raise OfferpressError(
                f"not forgotten: {partner_id!r}: it was merged into {rows[partner_id].merged_into!r}, whose statement "
                "counts its sales; forget that one"
            )
        ids |= rows.keys()
        for row in rows.values():
            addresses |= _addresses(row)
            words |= {row.name, row.contact_name}
        known += snapshot.partners()
    for file in sorted(site.batches.glob("*.batch")):
        with Batch.open(file) as batch:
            for one in ids & {*batch.partner_ids()}:
                notice = batch.message(one)
                addresses |= {notice.to_address, *notice.cc}
                words |= {notice.to_name.strip("\u2068\u2069")}
    if not words and not any(outbox.told(one) for one in ids) and not _began(site, partner_id):
        raise OfferpressError(
            f"nobody to forget: {partner_id!r}: nothing that is kept holds this id; check it"
        )
    others = _particulars(row for row in known if row.partner_id not in ids)
    own = {one for one in addresses if one and one.casefold() not in others}
    named = {one for one in (*words, *map(_domain, own)) if one and not _is_part(one, others)}
    settings = (site.folder / SETTINGS_FILE).read_text(encoding="utf-8", errors="replace").casefold()
    unique = {one for one in own | named if one.casefold() not in settings}
    return Traces(frozenset(ids), frozenset(own), frozenset(ids | unique), others)


def _particulars(rows: Iterable[Partner]) -> frozenset[str]:
    """Return ids, names and addresses of these partners, in lower case."""
    found: set[str] = set()
    for row in rows:
        found |= {row.partner_id, row.name, row.contact_name, row.manager_name, *_addresses(row)}
    return frozenset(one.casefold() for one in found if one)


def _is_part(word: str, others: Collection[str]) -> bool:
    return any(word.casefold() in other for other in others)


@dataclass(frozen=True, slots=True)
class Held:
    """What is kept of partners to forget, as numbers of files, and the plans that have mails to them.

    It names no partner, so that it can stay in the record, and a signature can cover it.
    """

    snapshots: int
    plans: tuple[str, ...]
    exports: int
    sign_offs: int
    reports: int


def held(site: Site, outbox: Outbox, who: Traces) -> Held:
    """Return what `forget` would find; nothing is changed."""
    ids = who.partner_ids
    told = {planned.plan for one in ids for planned in outbox.told(one)}
    return Held(
        sum(any(row.partner_id in ids for row in one.partners()) for one in _snapshots(site)),
        tuple(sorted(told)),
        sum(holds_partner(one, ids) for one in read_exports(site)),
        sum(any(line[1] in ids for line in read_sign_off(file).lines) for file in all_sign_offs(site)),
        len(_reports(site.private, who)),
    )


def forgetting_facts(who: Traces, held: Held) -> SignedFacts:
    """Return what a signature of forgetting these partners covers."""
    return forget_facts(map(pseudonym, who.partner_ids), asdict(held))


def forget(
    site: Site, outbox: Outbox, who: Traces, by: str, now: datetime, signature: str | None = None
) -> Forgotten:
    """Erase them everywhere while nobody sends; `by` asked for it, and `signature` proves that.

    Raises `NotSigned` and `SignatureRefused` before anything is erased.
    """
    pseudonyms = sorted(map(pseudonym, who.partner_ids))
    with sole_writer(site), outbox.alone(SendingProcess.here(now.isoformat()), now):
        found = held(site, outbox, who)
        if signature is not None or site.mail_settings.approvals == "signed":
            # Only a site with signatures needs what checks them.
            from offerpress.signing.signatures import given_signature, write_signed  # noqa: PLC0415

            signed = given_signature(site, signature, "forget", forgetting_facts(who, found), by)
            if signed is not None:
                write_signed(site, signed)
                now = datetime.fromisoformat(signed.at)
        _record(site, pseudonyms, by, now, found, None)
        done = _erase(site, outbox, who, by, now)
        _record(site, pseudonyms, by, now, found, done)
    return done


def _erase(site: Site, outbox: Outbox, who: Traces, by: str, now: datetime) -> Forgotten:
    ids = who.partner_ids
    for one in ids:
        for planned in outbox.told(one):
            _drop_mail(site, planned.key)
    batches = sum(erase_messages(file, ids) > 0 for file in sorted(site.batches.glob("*.batch")))
    exports = sum(forget_export(one, ids) > 0 for one in read_exports(site))
    signed = sum(forget_lines(file, ids) > 0 for file in all_sign_offs(site))
    drop_all_uploads(site)
    forget_in_history(site, lambda one: pseudonym(one) if one in ids else one)
    forget_epochs(site, {one: pseudonym(one) for one in ids})
    reports = _drop_reports(site.private, who)
    _drop_versions(site, who)
    erased = outbox.forget(ids, who.addresses, by, now)
    held = [one for one in _snapshots(site) if ids & {row.partner_id for row in one.partners()}]
    for snapshot in held:
        erase(snapshot.folder, ids)
    return Forgotten(
        len(ids),
        len(held),
        batches,
        erased.notices,
        erased.ended,
        erased.suppressions,
        exports,
        signed,
        reports,
    )


def left_over(site: Site, who: Traces) -> list[tuple[str, str]]:
    """Return the files of `private/` and `output/` that still hold one of the partner's words, each with the word."""
    files = [
        str(path.relative_to(site.folder))
        for folder in (site.private, site.output)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]
    return list(leaked(site.folder, files, who.words, who.others))


def _snapshots(site: Site) -> Iterator[Snapshot]:
    return (Snapshot.open(path.parent) for path in sorted(site.snapshots.glob("[!.]*/snapshot.json")))


def _addresses(row: Partner) -> set[str]:
    return {row.email, *(one.strip() for one in row.cc.replace(";", ",").split(","))}


def _domain(address: str) -> str:
    """Return the mail domain of an address if it may identify a partner: empty for that of a public provider."""
    domain = address.rpartition("@")[2].casefold()
    return "" if domain in _PUBLIC or domain.partition(".")[0] in _PUBLIC else domain


def _drop_mail(site: Site, key: str) -> None:
    for path in site.mail.glob(f"*/{key}*"):
        path.unlink()


def _drop_reports(private: Path, who: Traces) -> int:
    """Delete the reports that hold one of the partner's words, and the caches of commands; both can be made again."""
    for name in ("preview", "sealed", "tables"):
        shutil.rmtree(private / name, ignore_errors=True)
    for name in (TEXTS_FILE, POLICY_FILE):
        (private / name).unlink(missing_ok=True)
    found = _reports(private, who)
    for path in found:
        path.unlink()
    return len(found)


def _reports(private: Path, who: Traces) -> set[Path]:
    """Return the reports that hold one of the partner's words."""
    folder = private / "reports"
    names = [path.name for path in sorted(folder.glob("*")) if path.is_file()]
    return {folder / name for name, _ in leaked(folder, names, who.words, who.others)}


def _drop_versions(site: Site, who: Traces) -> None:
    """Delete the earlier texts of content files that hold one of the partner's words."""
    texts = {str(path.relative_to(site.folder)): path for path in old_texts(site)}
    drop_texts(site, {texts[name] for name, _ in leaked(site.folder, [*texts], who.words, who.others)})


def _record(
    site: Site, pseudonyms: list[str], by: str, now: datetime, held: "Held", done: Forgotten | None
) -> None:
    """Record that someone was forgotten, but not who; `done` is None before the first step."""
    known = [one for one in forgotten_records(site) if one["erased"] or one["partners"] != pseudonyms]
    erased = {"partners": pseudonyms, "by": by, "at": now.isoformat(), "held": asdict(held)}
    write_state(
        site.private / FORGOTTEN_FILE, json_text([*known, erased | {"erased": done and asdict(done)}])
    )


def _began(site: Site, partner_id: str) -> bool:
    """Return whether an earlier call began to forget that partner and did not come to its end."""
    return any(
        not one["erased"] and pseudonym(partner_id) in one["partners"] for one in forgotten_records(site)
    )
