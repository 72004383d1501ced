"""The screen that forgets a partner: what goes, what stays, and the signed act, which is the command's own."""

from datetime import datetime

from offerpress.signing.acts import SignedFacts, forgotten_records
from offerpress.site.folder import OfferpressError
from offerpress.studio.people.signed_forms import ask_signature, proof_context, run_signed
from offerpress.studio.state.studio import FORGOT, Context, Done, NotDone, Visit
from offerpress.terminal import count
from offerpress.upkeep.forgetting import Held, Traces, forgetting_facts, held, require_absent, traces


def forgetting_page(visit: Visit) -> Context:
    """Show what is kept of a partner; the form is there once the data hold the partner no more."""
    visit.need("operator")
    partner = visit.query.get("id", "").strip()
    view: Context = {
        "id": partner,
        "who": None,
        "held": None,
        "in_data": "",
        "why": "",
        **proof_context(visit),
    }
    if not partner:
        return view
    try:
        require_absent(visit.site, partner)
    except OfferpressError as error:
        view["in_data"] = str(error)
    try:
        who, found = _looked(visit, partner)
    except OfferpressError as error:
        return view | {"why": str(error)}
    visit.record("looked at what is kept of a partner", partner=partner)
    return view | {
        "who": sorted(who.words - who.partner_ids),
        "others": sorted(who.partner_ids - {partner}),
        "goes": _goes(found),
    }


def _looked(visit: Visit, partner: str) -> tuple[Traces, Held]:
    with visit.site.open_outbox() as outbox:
        who = traces(visit.site, outbox, partner)
        return who, held(visit.site, outbox, who)


def _goes(found: Held) -> list[str]:
    plans = f" ({', '.join(found.plans)})" if found.plans else ""
    rows = (
        (found.snapshots, f"rows in {count(found.snapshots, 'frozen ledger')}"),
        (
            len(found.plans),
            f"the mails of {count(len(found.plans), 'plan')}{plans}, and what became of each in words",
        ),
        (found.exports, f"lines in {count(found.exports, 'exported file')}"),
        (found.sign_offs, f"the id in {count(found.sign_offs, 'signed journal')}"),
        (found.reports, f"{count(found.reports, 'report')} that can be made again"),
    )
    beside = "the id in this history, and the address in the list of addresses that nobody writes to"
    return [*(text for number, text in rows if number), beside]


def _facts_to_forget(visit: Visit) -> SignedFacts:
    """Return what the act covers; raises unless the typed id is that of the page and the data hold it no more."""
    visit.need("operator")
    partner = visit.query.get("partner", "")
    if not partner or visit.query.get("typed", "").strip() != partner:
        raise NotDone("The id that you typed is another one. Nothing was forgotten.")
    require_absent(visit.site, partner)
    return forgetting_facts(*_looked(visit, partner))


def begin_forgetting(visit: Visit) -> dict[str, object]:
    """Check everything, and return what the person's passkey is to sign."""
    return ask_signature(visit, "forget", _facts_to_forget(visit))


def forget_partner(visit: Visit) -> Done:
    """Forget a partner, in a process of its own, which checks the signature again."""
    facts = _facts_to_forget(visit)
    made, way = run_signed(visit, "forget", facts, visit.query["partner"])
    visit.studio.forget_what_was_read()
    newest = forgotten_records(visit.site)[-1]
    visit.record_kept(datetime.fromisoformat(newest["at"]), FORGOT, partner=facts[0], note=way)
    left = made.get("left")
    assert isinstance(left, list)
    words = [
        f"{made['notices']} mails, {made['snapshots']} frozen ledgers, {made['exports']} exported files.",
        *(
            f"This file still holds the id, a name or an address. Edit it, or make it anew: {one}"
            for one in left
        ),
        "Until an operator builds and publishes the site, the old statement can be opened with its link.",
    ]
    return Done("/", "The partner is forgotten", tuple(words))
