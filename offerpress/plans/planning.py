"""Planning: campaign + figures → a frozen batch."""

import itertools
from collections import Counter
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from generator import Campaign
from mailer import Batch, BatchError, BatchHeader, Outbox, Recipient, batch_file, freeze_deflated
from offerpress.build.workers import OpenWorkers, in_process
from offerpress.figures.figures import Figures
from offerpress.figures.frozen_rules import keep_rules, rules_digest
from offerpress.plans.draft import Barred, Draft, Drafting
from offerpress.plans.rendering import Rendering, rendered
from offerpress.site.inputs import files_digests, message_sources
from offerpress.site.site import Site
from offerpress.site.state import write_state
from offerpress.terminal import Progress
from rewards import Account, Partner, Statement, csv_table, day_text, format_amount, guarded, totals

_PUT_AWAY: Final = "an earlier `plan` was interrupted before this plan was registered; its batch was put away"
_REGISTERED: Final = (
    "its batch was unknown to the outbox, and is registered now; `offerpress status` lists it"
)


def make_plan(
    drafting: Drafting,
    by: str,
    now: datetime,
    outbox: Outbox,
    folder: Path,
    progress: Progress,
    open_workers: OpenWorkers = in_process,
) -> tuple[Batch, Draft]:
    """Freeze a batch into `folder`. Nothing of it can be sent before `register_plan`.

    Until then a file beside it says so: the next plan puts away a batch that a killed command left unregistered.

    Raises `WorkerDied`, `Faulty` if a figure cannot be computed or a message cannot be rendered, and `NotConserved` if
    the figures do not add up to the ledger.
    """
    figures, campaign = drafting.figures, drafting.campaign
    header = BatchHeader(
        plan=_name(campaign, outbox, folder),
        campaign=campaign.slug,
        edition=campaign.edition,
        category=campaign.category,
        as_of=figures.rules.as_of,
        made_by=by,
        made_at=now,
        send_at=None if drafting.told is not None else campaign.send_at,
        corrections=drafting.told is not None,
        snapshot=figures.snapshot.digest,
        rules=rules_digest(figures.rules.policy, figures.rules.as_of),
        templates=templates_digest(figures),
        sources=message_sources(figures.site, figures.content.digest, figures.keys),
        warnings=_warnings(figures, now),
    )
    made = Draft()

    def complete(header: BatchHeader) -> BatchHeader:
        made.complete(figures.snapshot, figures.rules)
        return header.model_copy(update={"skipped": made.skipped, "totals": made.totals})

    with _room_for(batch_file(folder, header.plan)):
        rendering = Rendering.of(drafting, header, Barred.of(campaign, outbox), folder)
        messages = rendered(rendering, made, open_workers, progress)
        batch = freeze_deflated(folder, header, messages, rendering.deflating, complete)
        if folder == figures.site.batches:
            keep_rules(figures.site, figures.rules)
        return batch, made


def _warnings(figures: Figures, now: datetime) -> tuple[str, ...]:
    """Return what the person who approves must know about the figures: that their day lies ahead."""
    zone = figures.rules.program.timezone
    as_of, today = figures.rules.as_of, now.astimezone(ZoneInfo(zone)).toordinal()
    if as_of <= today:
        return ()
    why = f"the figures are as of {day_text(as_of)}, and today is {day_text(today)} ({zone})"
    until = f"sales can still come, and the plan cannot be approved before {day_text(as_of)}"
    return (f"{why}: {until}",)


@contextmanager
def _room_for(batch: Path) -> Iterator[None]:
    """Make the batch's folder and mark the batch as unregistered; leave neither if the block fails."""
    missing = not batch.parent.exists()
    write_state(_unregistered(batch), "")
    try:
        yield
    finally:
        if not batch.exists():
            _unregistered(batch).unlink(missing_ok=True)
            if missing and not any(batch.parent.iterdir()):
                batch.parent.rmdir()


def windows(recipients: Iterable[Recipient]) -> dict[str, int]:
    """Return the number of recipients of each send window; empty if the campaign has no window."""
    return dict(sorted(Counter(one.window for one in recipients if one.window).items()))


def _name(campaign: Campaign, outbox: Outbox, folder: Path) -> str:
    """Return `CAMPAIGN-EDITION.N`, where N counts the plans of that edition."""
    earlier = [p for p in outbox.plans() if (p.campaign, p.edition) == (campaign.slug, campaign.edition)]
    names = (f"{campaign.slug}-{campaign.edition}.{number}" for number in itertools.count(len(earlier) + 1))
    return next(name for name in names if not batch_file(folder, name).exists())


def _unregistered(batch: Path) -> Path:
    """Return the file that marks a batch as not registered yet."""
    return batch.with_suffix(".unregistered")


def register_plan(site: Site, batch: Batch, recipients: Iterable[Recipient]) -> None:
    """Register the frozen batch with the outbox, which is made if it is missing; one without recipients is deleted."""
    if len(batch):
        with site.open_outbox() as outbox:
            outbox.register(batch, site.now, recipients)
    else:
        batch.file.unlink()
    _unregistered(batch.file).unlink(missing_ok=True)


def settle_unregistered(site: Site) -> list[str]:
    """Put away or register the batches that the outbox does not know; return a sentence about each.

    A batch that is marked as unregistered was never sent, and is deleted. One without a mark was left by an earlier
    version, or the outbox was restored from an older backup; it is registered, and `OutboxRestored` is raised if
    notices were claimed that the outbox does not know. Requires the site's lock.
    """
    marks = sorted(site.batches.glob("*.unregistered"))
    files = sorted(site.batches.glob("*.batch"))
    if not marks and not files:
        return []
    with site.open_outbox() as outbox:
        known = {record.plan for record in outbox.plans()}
        told = [f"{mark.stem}: {_PUT_AWAY}" for mark in marks if _settle_marked(mark, known)]
        return told + [
            f"{file.stem}: {_REGISTERED}" for file in files if _settle_unknown(file, known, outbox, site)
        ]


def _settle_marked(mark: Path, known: Container[str]) -> bool:
    """Remove the mark, and its batch unless the outbox knows it; return whether there was such a batch."""
    file = mark.with_suffix(".batch")
    broke_off = mark.stem not in known and file.exists()
    if mark.stem not in known:
        file.unlink(missing_ok=True)
    mark.unlink()
    return broke_off


def _settle_unknown(file: Path, known: Container[str], outbox: Outbox, site: Site) -> bool:
    """Register a batch that the outbox does not know; return whether it was one. `verify` names a damaged one."""
    if file.stem in known or not file.exists():
        return False
    outbox.require_current()
    try:
        with Batch.open(file) as batch:
            outbox.register(batch, site.now)
    except BatchError:
        return False
    return True


def templates_digest(figures: Figures) -> str:
    """Return one digest of the content and of every template file that a message can be made from."""
    whole = sha256(figures.content.digest.encode())
    for folder in figures.site.template_folders:
        whole.update(files_digests(folder))
    return whole.hexdigest()


@dataclass(frozen=True, slots=True)
class Since:
    """The numbers of partners by which a batch differs from the campaign's batch before it."""

    plan: str
    new: int
    gone: int
    changed: int


def since(batch: Batch, earlier: Batch) -> Since:
    """Compare a batch with an earlier one; of messages that both have, none needs to be read."""
    same = {*batch.digests()} & {*earlier.digests()}
    now, then = _figures_digests(batch, same), _figures_digests(earlier, same)
    changed = sum(now[partner] != then[partner] for partner in now.keys() & then.keys())
    return Since(earlier.header.plan, len(now.keys() - then.keys()), len(then.keys() - now.keys()), changed)


def _figures_digests(batch: Batch, but_for: Collection[bytes]) -> dict[str, bytes]:
    found = batch.figures(but_for=but_for)
    return {partner_id: sha256(figures.encode()).digest() for partner_id, figures in found}


PLAN_COLUMNS = ("partner_id", "name", "language", "to_address", "currency", "to_credit", "skipped")


def plan_csv(
    statements: Iterable[tuple[Account, Statement]],
    without_statement: Iterable[Partner],
    reasons: Mapping[str, str],
    language_of: Callable[[Partner], str],
) -> str:
    """Return a table with a row for each partner and currency, skipped partners too; lines end in CR LF (RFC 4180).

    `reasons` says why a partner is skipped; a recipient has no reason. `language_of` gives the language of a message.
    A partner without cashback has one row without an amount. A text that a spreadsheet could take for a formula
    begins with `'`; amounts stay numbers.
    """
    rows = [row for account, statement in statements for row in _rows(account.partner, totals(statement))]
    rows += [row for partner in without_statement for row in _rows(partner, {})]
    cells = []
    for partner, currency, to_credit in sorted(rows, key=lambda row: (row[0].partner_id, row[1])):
        texts = (partner.partner_id, partner.name, language_of(partner), partner.email)
        cells.append([*map(guarded, texts), currency, to_credit, reasons.get(partner.partner_id, "")])
    return csv_table(PLAN_COLUMNS, cells)


def _rows(partner: Partner, sums: Mapping[str, int]) -> Iterator[tuple[Partner, str, str]]:
    if not sums:
        yield partner, "", ""
    for currency, minor in sums.items():
        yield partner, currency, format_amount(minor, currency)
