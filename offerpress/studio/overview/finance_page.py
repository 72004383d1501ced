"""The screen Finance: what is owed, the journals with their sign-off, and the check of all channels."""

from collections.abc import Iterator
from datetime import datetime

from markupsafe import Markup

from offerpress.figures.journals import accruing, journal_of, open_journal
from offerpress.figures.sign_offs import all_sign_offs, read_sign_offs, signed_lines
from offerpress.proofs.verifying import Verification, verify
from offerpress.reports.charts import pictures
from offerpress.reports.facts import Facts, gather_facts, last_told_amounts
from offerpress.reports.figures_report import report_view, source_tables
from offerpress.reports.texts import sum_words
from offerpress.signing.acts import SignedFacts
from offerpress.signing.signing_off import signing_off_facts
from offerpress.site.folder import OfferpressError
from offerpress.site.site import Site
from offerpress.studio.people.signed_forms import ask_signature, proof_context, run_signed
from offerpress.studio.plans.standing import program_zone, visit_name
from offerpress.studio.state.commands import day_options
from offerpress.studio.state.current_figures import CurrentFigures
from offerpress.studio.state.studio import SIGNED_OFF, Context, Done, NotDone, Studio, Visit, clock_words
from offerpress.terminal import count
from rewards import Rules, journal_sums


def finance_page(visit: Visit) -> Context:
    """Show what is owed, where it is heading, the journals, and the last check of all channels."""
    current = visit.current()
    return {
        **finance_figures(visit.studio, visit.site, current),
        "journals": visit.studio.remembered(
            "journals", (current.number, len(all_sign_offs(visit.site))), lambda: _journals(visit, current)
        ),
        "checked": visit.studio.checked,
        **proof_context(visit),
    }


def finance_figures(studio: Studio, site: Site, current: CurrentFigures) -> Context:
    """Return what the report says about these figures; computed once for each state of them."""
    return studio.remembered("finance", current.number, lambda: _figures(site, current))


def _figures(site: Site, current: CurrentFigures) -> Context:
    figures, statements = current.figures, list(current.people.values())
    with site.open_outbox() as outbox:
        told = last_told_amounts(site, outbox, None)
    equations = figures.equations(statements)
    facts = gather_facts(
        statements, figures.rules, told, equations, figures.snapshot.digest, source_tables(figures)
    )
    return {**report_view(facts, figures.rules), **_charts(facts, figures.rules)}


def _charts(facts: Facts, rules: Rules) -> Context:
    """Return the report's charts as SVG, or why there are none. Our own drawing library escapes every text in them."""
    try:
        drawn = pictures(facts, rules)
    except OfferpressError as error:
        return {"charts": {}, "why_no_charts": str(error)}
    return {"charts": {name: Markup(svg) for name, svg in drawn.items()}, "why_no_charts": ""}  # noqa: S704


def _journals(visit: Visit, current: CurrentFigures) -> list[Context]:
    rules = current.figures.rules
    rows: list[Context] = []
    for offer in current.figures.content.policy.offers:
        if offer.kind != "cashback" or offer.announced_on > rules.as_of:
            continue
        signed = read_sign_offs(visit.site, offer.slug, rules.as_of)
        lines = journal_of(offer.slug, current.people.values(), rules, signed)
        done = {line.credit_id for one in signed for line in signed_lines(one)}
        terms = offer.terms_on(rules.as_of)
        rows.append(
            {
                "offer": offer.slug,
                "title": terms.title if terms else offer.slug,
                "final": not accruing(offer, rules),
                "lines": f"{len(lines):,}",
                "signed": f"{sum(line.credit_id in done for line in lines):,}",
                "signed_by": ", ".join(visit_name(visit, one.by) for one in signed),
                "totals": sum_words(journal_sums(lines)),
            }
        )
    return rows


def check_all(visit: Visit) -> Done:
    """Compare all channels as `verify` does, and keep the result for the screen."""
    visit.need("finance", "approver", "operator")
    found = verify(visit.site, None)
    visit.studio.checked = {
        "at": clock_words(visit.now, program_zone(visit)),
        "by": visit.person.name,
        "channels": list(channel_sentences(found)),
        "findings": [str(one) for one in found.findings],
        "remarks": found.remarks,
    }
    visit.record("compared all channels", f"{len(found.findings)} differences")
    return Done("/finance#check")


_CHANNELS = {
    "output": "The built site",
    "conservation": "The sum of all counted and left-out lines",
    "packs": "Every private statement",
    "former packs": "Every private statement under a former link",
    "signatures": "Every signature",
    "batch": "The mails of",
    "export": "The exported file",
    "sign-off": "The signed journal",
}


def channel_sentences(found: Verification) -> Iterator[tuple[bool, str]]:
    """Yield a sentence for each channel that was compared: whether it agrees, and the sentence."""
    for checked in found.checked:
        kind, _, which = checked.partition(" ")
        what = _CHANNELS.get(checked) or f"{_CHANNELS.get(kind, kind)} {which}"
        number = sum(
            one.channel.rstrip("s") == kind.rstrip("s") and which in one.which for one in found.findings
        )
        differs = f"{what}: {count(number, 'difference')}."
        yield not number, differs if number else f"{what}: all agree with the frozen figures."


def begin_sign_off(visit: Visit) -> dict[str, object]:
    """Make the journal, and return what the person's passkey is to sign."""
    return ask_signature(visit, "sign-off", _facts_to_sign(visit))


def sign_off_journal(visit: Visit) -> Done:
    """Freeze the journal of an offer, in a process of its own, which checks the signature again."""
    facts = _facts_to_sign(visit)
    made, way = run_signed(visit, "sign-off", facts, facts[0], *day_options(visit.site))
    if not made:
        raise NotDone("Nothing has changed since the last sign-off of this journal.")
    note = f"{way}, {made['lines']} lines, digest {made['digest']}"
    visit.record_kept(datetime.fromisoformat(str(made["at"])), SIGNED_OFF, facts[0], note=note)
    return Done("/finance#journals")


def _facts_to_sign(visit: Visit) -> SignedFacts:
    """Return what signing off the journal of the form covers; raises if there is nothing to sign off."""
    visit.need("finance")
    journal = open_journal(visit.current().figures, visit.query.get("offer", ""))
    if not journal.unsigned:
        raise NotDone("Nothing has changed since the last sign-off of this journal.")
    return signing_off_facts(journal)
