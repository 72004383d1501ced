"""Campaign + figures → a frozen batch, and whether a frozen batch would still be made the same way.

A plan is stale if recomputing would change a recipient's message. A ledger that grew without doing so does not matter.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Final

from generator import (
    Campaign,
    SiteSettings,
    guarded,
    reader_language,
)
from mailer import (
    Batch,
    BatchHeader,
    Outbox,
    Recipient,
    freeze_deflated,
)
from offerpress.build.workers import Engine, alone, engine
from offerpress.figures.figures import Figures, open_figures
from offerpress.plans.corrections import ToldFigures, told_figures
from offerpress.plans.draft import Barred, Draft, Drafting
from offerpress.plans.rendering import (
    Rendering,
    rendered,
    same_messages,
    stale,
)
from offerpress.site.folder import OfferpressError
from offerpress.site.site import Site
from offerpress.terminal import Progress
from rewards import (
    Account,
    Partner,
    Statement,
    format_amount,
    totals,
)

_LOOK_UP_COSTS: Final = 64  # times as much as reading an account with its whole shard


def make_plan(
    drafting: Drafting,
    by: str,
    now: datetime,
    outbox: Outbox,
    folder: Path,
    progress: Progress,
    engine: Engine = alone,
) -> tuple[Batch, Draft]:
    """Freezes a batch into `folder`; it is not registered yet, so nothing of it can be sent.

    `engine` says who renders; the bytes are the same whoever does. Raises `WorkerDied`, `Faulty` where any figure
    cannot be computed or a message not be rendered, and `NotConserved` where together the figures are not the ledger.
    """
    figures, campaign = drafting.figures, drafting.campaign
    header = BatchHeader(
        plan=_name(campaign, outbox),
        campaign=campaign.slug,
        edition=campaign.edition,
        category=campaign.category,
        as_of=figures.rules.as_of,
        made_by=by,
        made_at=now,
        send_at=None if drafting.told is not None else campaign.send_at,
        corrections=drafting.told is not None,
        snapshot=figures.snapshot.digest,
        templates=templates_digest(figures),
    )
    made = Draft()

    def complete(header: BatchHeader) -> BatchHeader:
        made.complete(figures.snapshot, figures.rules)
        return header.model_copy(update={"skipped": made.skipped, "totals": made.totals})

    with _room_in(folder):
        rendering = Rendering.of(drafting, header, Barred.of(campaign, outbox), folder)
        messages = rendered(rendering, made, engine, progress)
        return freeze_deflated(folder, header, messages, rendering.deflating, complete), made


@contextmanager
def _room_in(folder: Path) -> Iterator[None]:
    """Makes the folder, which goes again if nothing came to be in it: a refused plan leaves nothing."""
    missing = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        if missing and not any(folder.iterdir()):
            folder.rmdir()


def windows(recipients: Iterable[Recipient]) -> dict[str, int]:
    """How many recipients have each send window; none where the campaign has no window."""
    return dict(sorted(Counter(one.window for one in recipients if one.window).items()))


def _name(campaign: Campaign, outbox: Outbox) -> str:
    """`CAMPAIGN-EDITION.N`, N counting the plans of that edition."""
    earlier = [p for p in outbox.plans() if (p.campaign, p.edition) == (campaign.slug, campaign.edition)]
    return f"{campaign.slug}-{campaign.edition}.{len(earlier) + 1}"


def templates_digest(figures: Figures) -> str:
    """Over the content and every template file that a message can be made from."""
    whole = sha256(figures.content.digest.encode())
    for folder in figures.site.template_folders:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            whole.update(
                file.relative_to(folder).as_posix().encode() + b"\0" + sha256(file.read_bytes()).digest()
            )
    return whole.hexdigest()


@dataclass(frozen=True, slots=True)
class Since:
    """How a batch differs from the one before it of the same campaign: counts of partners."""

    plan: str
    new: int
    gone: int
    changed: int


def since(batch: Batch, earlier: Batch) -> Since:
    """Who is new, who is gone, and whose figures are others."""
    now, then = _figures_digests(batch), _figures_digests(earlier)
    changed = sum(now[partner] != then[partner] for partner in now.keys() & then.keys())
    return Since(earlier.header.plan, len(now.keys() - then.keys()), len(then.keys() - now.keys()), changed)


def _figures_digests(batch: Batch) -> dict[str, bytes]:
    return {partner_id: sha256(figures.encode()).digest() for partner_id, figures in batch.figures()}


def stale_partners(
    batch: Batch, figures: Figures, told: Mapping[str, ToldFigures] | None = None, engine: Engine = alone
) -> list[str]:
    """The recipients, sorted, whose message would be another one, or none at all, if it were rendered now.

    `told` is what corrections correct; those are rendered here, others where `engine` says. Raises `WorkerDied`.
    """
    drafting = Drafting(figures, batch.header.campaign, told)
    drafting.header = batch.header
    if len(batch) * _LOOK_UP_COSTS < figures.partner_count:
        found = {one: figures.snapshot.account(one) for one in batch.partner_ids()}
        return [one for one, account in found.items() if account is None or stale(drafting, batch, account)]
    same = bytearray(len(batch))
    for places in same_messages(drafting, batch, engine):
        for place in places:
            same[place] = 1
    return [one for one, is_same in zip(batch.partner_ids(), same, strict=True) if not is_same]


# Who would get what, as a table that opens in a spreadsheet: a row for each partner and currency, skipped ones too.

COLUMNS = ("partner_id", "name", "language", "to_address", "currency", "to_credit", "skipped")


def plan_csv(
    statements: Iterable[tuple[Account, Statement]],
    without_statement: Iterable[Partner],
    reasons: Mapping[str, str],
    settings: SiteSettings,
) -> str:
    """The table by partner id and currency, lines ending in CR LF (RFC 4180).

    `reasons` has why a partner is skipped; a recipient has none. A partner without cashback has one row without an
    amount. A text that a spreadsheet could take for a formula begins with `'`; amounts stay numbers.
    """
    rows = [row for account, statement in statements for row in _rows(account.partner, totals(statement))]
    rows += [row for partner in without_statement for row in _rows(partner, {})]
    table = StringIO(newline="")
    writer = csv.writer(table, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for partner, currency, to_credit in sorted(rows, key=lambda row: (row[0].partner_id, row[1])):
        language = reader_language(partner.language, settings)
        texts = (partner.partner_id, partner.name, language, partner.email)
        writer.writerow([*map(guarded, texts), currency, to_credit, reasons.get(partner.partner_id, "")])
    return table.getvalue()


def _rows(partner: Partner, sums: Mapping[str, int]) -> Iterator[tuple[Partner, str, str]]:
    if not sums:
        yield partner, "", ""
    for currency, minor in sums.items():
        yield partner, currency, format_amount(minor, currency)


# Before an approval and before the first claim: would these messages still be made the same way.

SHOWN = 10


class StalePlan(OfferpressError):
    """Recomputing would change the messages of `partners`."""

    def __init__(self, plan: str, partners: list[str]) -> None:
        self.plan = plan
        self.partners = tuple(partners)
        named = ", ".join(partners[:SHOWN]) + (", …" if len(partners) > SHOWN else "")
        why = f"data, content, templates or settings changed, so {len(partners)} messages would be others now"
        super().__init__(f"stale: {plan}: {why} ({named}); plan the campaign again")


def refuse_stale(site: Site, batch: Batch, outbox: Outbox) -> None:
    """Raises `StalePlan`, naming the recipients whose message would change, and `Faulty` where none can be made."""
    header = batch.header
    told = told_figures(site, outbox, header.campaign) if header.corrections else None
    with open_figures(site.on(header.as_of)) as figures:
        stale = stale_partners(batch, figures, told, engine())
    if stale:
        raise StalePlan(batch.header.plan, stale)
