"""The command that makes a plan: `plan`."""

import getpass
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import click

from mailer import Batch, BatchError, Outbox
from offerpress.build.workers import choose_workers
from offerpress.figures.checking import every_fault_named, figures_remarks, require_faultless_content
from offerpress.figures.figures import Figures, open_figures
from offerpress.figures.journals import accruing_offers
from offerpress.options import as_of_option, command, json_option, site_at, site_option
from offerpress.plans.draft import Barred, Draft, Drafting, draft, without_statement
from offerpress.plans.planning import (
    Since,
    make_plan,
    plan_csv,
    register_plan,
    settle_unregistered,
    since,
    windows,
)
from offerpress.plans.rendering import CLIPPED_BYTES
from offerpress.plans.told import difference_text, told_figures
from offerpress.reports.facts import ToldAmounts, told_amounts
from offerpress.reports.texts import approval_summary
from offerpress.site.locking import sole_writer
from offerpress.site.mail import pruned_plans
from offerpress.site.site import Site
from offerpress.terminal import count, fault_json, progress, say, show, show_faults, show_json, table
from rewards import Difference, Fault, format_amount

SHOWN_CORRECTIONS = 20
SHOWN_CLIPPED = 3


@command(
    "plan", "year-end-credit --dry-run", "year-end-credit --by Mia", "year-end-credit --corrections --by Mia"
)
@click.argument("campaign")
@site_option
@as_of_option
@click.option("--by", metavar="NAME", help="Who makes the plan (default: the system's user).")
@click.option(
    "--corrections",
    is_flag=True,
    help="Only for those whose figures differ from what the campaign told them last.",
)
@click.option(
    "--jobs", type=click.IntRange(min=1), metavar="N", help="How many processes render (default: one a core)."
)
@click.option("--skipped", "with_skipped", is_flag=True, help="List the skipped partners, with the reason.")
@click.option("--dry-run", is_flag=True, help="Show what the plan would hold; keep nothing.")
@click.option("--progress", "as_lines", is_flag=True, help="Write the progress as lines, for other programs.")
@click.option("--csv", "as_csv", is_flag=True, help="With --dry-run: list who would get what, as CSV.")
@json_option
def plan_command(
    campaign: str,
    site_folder: Path | None,
    as_of: date | None,
    by: str | None,
    jobs: int | None,
    *,
    corrections: bool,
    with_skipped: bool,
    dry_run: bool,
    as_lines: bool,
    as_csv: bool,
    as_json: bool,
) -> int:
    """Freeze CAMPAIGN's notices into a batch that a person can approve."""
    if as_csv and (as_json or not dry_run):
        raise click.UsageError("--csv goes with --dry-run, and not with --json")
    site = site_at(site_folder, as_of)
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory())) if dry_run else None
        if not dry_run:
            stack.enter_context(sole_writer(site))
        stack.enter_context(every_fault_named(site))
        figures = stack.enter_context(open_figures(site, snapshots=scratch))
        remarks = [*require_faultless_content(figures), *figures_remarks(figures)]
        for sentence in () if dry_run else settle_unregistered(site):
            say(sentence)
        # A missing outbox is made only after every figure is known, so that a faulty site leaves none.
        nowhere = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        outbox = stack.enter_context(site.open_outbox(scratch=nowhere))
        told = told_figures(site, outbox, campaign) if corrections else None
        damaged = told.damaged if told else {}
        drafting, maker = Drafting(figures, campaign, told), by or getpass.getuser()
        with progress("Planning", figures.partner_count, quiet=as_json, lines=as_lines) as advance:
            if as_csv:
                click.echo(_csv(drafting, outbox), nl=False)
                return _uncorrected(damaged)
            folder = scratch or site.batches
            batch, made = make_plan(drafting, maker, site.now, outbox, folder, advance, choose_workers(jobs))
        stack.enter_context(batch)
        if not dry_run:
            register_plan(site, batch, made.recipients)
        compared = (None, None) if corrections else _since(site, outbox, batch)
        skipped = _skipped(figures, made) if with_skipped else None
        _tell(batch, made, figures, compared, remarks, skipped, dry_run=dry_run, as_json=as_json)
    return _uncorrected(damaged)


def _tell(
    batch: Batch,
    made: Draft,
    figures: Figures,
    compared: tuple[Since, ToldAmounts] | tuple[None, None],
    remarks: Sequence[Fault],
    skipped: "_Skipped | None",
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    earlier, before = compared
    if as_json:
        shown = _plan_json(batch, made, earlier, dry_run=dry_run) | _skipped_json(skipped)
        facts = {"accruing": accruing_offers(figures.rules), "remarks": [fault_json(one) for one in remarks]}
        show_json(shown | facts)
        return
    if remarks:
        show_faults(remarks)
    look = [*_look(made, batch, before), *_clipped_text(made.clipped), *_accruing_text(figures)]
    show(_plan_text(batch, made, earlier, look + _skipped_text(skipped or []), dry_run=dry_run))


def _csv(drafting: Drafting, outbox: Outbox) -> str:
    figures, reasons = drafting.figures, draft(drafting, Barred.of(drafting.campaign, outbox)).reasons
    every, others = figures.statements([]), without_statement(figures.snapshot)
    return plan_csv(every, others, reasons, drafting.renderer.language)


def _uncorrected(damaged: Mapping[str, str]) -> int:
    """Say which batches kept their partners from being corrected; return the exit code."""
    for what in damaged.values():
        say(f"not corrected, because what its partners were told is not known: {what}")
    return 1 if damaged else 0


def _accruing_text(figures: Figures) -> list[str]:
    accruing = ", ".join(accruing_offers(figures.rules))
    return [f"Still accruing, so the amounts can grow: {accruing}"] if accruing else []


_Skipped = Sequence[tuple[str, str, str]]
"""Id and name of each skipped partner, and the reason; by reason, then by id."""


def _skipped(figures: Figures, made: Draft) -> _Skipped:
    names = {partner.partner_id: partner.name for partner in figures.snapshot.partners()}
    found = [(one, names.get(one, ""), reason) for one, reason in made.reasons.items()]
    return sorted(found, key=lambda row: (row[2], row[0]))


def _skipped_json(skipped: _Skipped | None) -> dict[str, object]:
    if skipped is None:
        return {}
    rows = [{"partner_id": one, "name": name, "reason": reason} for one, name, reason in skipped]
    return {"skipped_partners": rows}


def _skipped_text(skipped: _Skipped) -> list[str]:
    return ["", table(skipped, ("skipped", "name", "reason"))] if skipped else []


def _look(made: Draft, batch: Batch, before: ToldAmounts | None) -> list[str]:
    """Return what to look at before approving: each correction, or the largest, negative and jumped sums."""
    if batch.header.corrections:
        return _corrected_text(sorted(made.corrected, key=lambda one: one[0]))
    return approval_summary(made.dues, before)


def _since(site: Site, outbox: Outbox, batch: Batch) -> tuple[Since, ToldAmounts] | tuple[None, None]:
    """Compare the batch with the newest earlier plan of its campaign, and return what that one told."""
    for record in reversed(outbox.plans()):
        if record.campaign == batch.header.campaign and record.plan != batch.header.plan:
            if record.plan in pruned_plans(site):
                break
            try:
                with site.open_batch(record.plan) as earlier:
                    return since(batch, earlier), told_amounts(earlier)
            except BatchError as error:
                say(f"remark: not compared with {record.plan}: {error}")
                break
    return None, None


def _plan_json(batch: Batch, made: Draft, earlier: Since | None, *, dry_run: bool) -> dict[str, object]:
    header = batch.header
    return {
        "plan": None if dry_run else header.plan,
        "campaign": header.campaign,
        "edition": header.edition,
        "corrections": header.corrections,
        "as_of": date.fromordinal(header.as_of).isoformat(),
        "recipients": header.recipients,
        "skipped": dict(header.skipped),
        "totals": {
            currency: {
                "partners": row.partners,
                "amount": format_amount(row.amount, currency),
                "credit": format_amount(row.credit, currency),
                "debit": format_amount(row.debit, currency),
            }
            for currency, row in sorted(header.totals.items())
        },
        "languages": dict(sorted(made.languages.items())),
        "fallbacks": [
            {"reader": own, "used": used, "recipients": number}
            for (own, used), number in sorted(made.fallbacks.items())
        ],
        "windows": windows(made.recipients),
        "registered": not dry_run and len(batch) > 0,
        "warnings": list(header.warnings),
        "digest": batch.digest,
        "changed": earlier
        and {"since": earlier.plan, "new": earlier.new, "gone": earlier.gone, "changed": earlier.changed},
    }


def _plan_text(
    batch: Batch, made: Draft, earlier: Since | None, look: Sequence[str], *, dry_run: bool
) -> str:
    header = batch.header
    rows = [
        (
            currency,
            str(row.partners),
            *(format_amount(n, currency) for n in (row.amount, row.credit, row.debit)),
        )
        for currency, row in sorted(header.totals.items())
    ]
    kind = "correction" if header.corrections else "notice"
    lines = [f"Plan {header.plan}: {count(header.recipients, kind)} as of {date.fromordinal(header.as_of)}"]
    lines += [f"  warning: {one}" for one in header.warnings]
    lines += ["  Nobody is left to write to."] if not header.recipients else []
    lines += [f"  skipped, {reason}: {number}" for reason, number in header.skipped.items()]
    lines += [f"  written in {language}: {number}" for language, number in sorted(made.languages.items())]
    lines += [
        f"  fallback, {own} reads {used}: {number}" for (own, used), number in sorted(made.fallbacks.items())
    ]
    lines += [f"  send window {window}: {number}" for window, number in windows(made.recipients).items()]
    if rows:
        lines += ["", table(rows, ("currency", "partners", "to credit", "credit", "debit"))]
    if earlier:
        lines += [
            "",
            f"Since {earlier.plan}: {earlier.new} new, {earlier.gone} gone, {earlier.changed} with other figures",
        ]
    lines += ["", *look, "", f"Digest {batch.digest}"]
    lines += (
        ["Nothing was kept (--dry-run)."]
        if dry_run
        else ["Nothing was kept: a plan without recipients is not registered."]
        if not header.recipients
        else [
            f"Look at a message: offerpress notice {header.plan} PARTNER --format text",
            f"Then another person: offerpress approve {header.plan} --by NAME",
        ]
    )
    return "\n".join(lines)


def _clipped_text(partners: Sequence[str]) -> list[str]:
    partners = sorted(partners)
    named = ", ".join(partners[:SHOWN_CLIPPED]) + (", …" if len(partners) > SHOWN_CLIPPED else "")
    what = f"{count(len(partners), 'message')} of more than {CLIPPED_BYTES // 1000} kB, which Gmail cuts off: {named}"
    return [what + "; shorten the campaign's lists"] if partners else []


def _corrected_text(corrections: Iterable[tuple[str, list[Difference]]]) -> list[str]:
    lines = [f"  {partner_id}: {'; '.join(map(difference_text, found))}" for partner_id, found in corrections]
    more = len(lines) - SHOWN_CORRECTIONS
    return ["Told before → now:", *lines[:SHOWN_CORRECTIONS], *([f"  and {more:,} more"] if more > 0 else [])]
