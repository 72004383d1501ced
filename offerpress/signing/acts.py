"""The acts of people that a passkey can sign: approval, decision about an unknown notice, sign-off, forgetting.

Each act is kept by its own record: outbox, sign-off, `forgotten.json`. A signature covers the facts of that record, so
whoever has the site can check offline which person did which act. This module loads no cryptography.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from mailer import Outbox, instant_text, is_pseudonym, pseudonym
from offerpress.figures.sign_offs import SignOff, SignOffDamaged, all_sign_offs, read_sign_off
from offerpress.site.folder import FORGOTTEN_FILE, OfferpressError
from offerpress.site.site import Site
from offerpress.site.state import read_state
from rewards import canonical_json

ActKind = Literal["approval", "decision", "sign-off", "forget"]
SignedFacts = tuple[str, ...]
"""What a signature covers besides person and instant, in the order of `SIGNED_FACTS`; no text holds a line break."""

SIGNED_FACTS: Final[Mapping[ActKind, tuple[str, ...]]] = {
    "approval": ("plan", "digest"),
    "decision": ("plan", "partner", "decision", "reason"),
    "sign-off": ("offer", "number", "digest"),
    "forget": ("partners", "digest"),
}
"""The names of the facts of each kind. No fact names a partner, so that a signature outlives `forget`."""


class NotSigned(OfferpressError):
    """The site takes signed acts only, and this one has no signature."""


@dataclass(frozen=True, slots=True)
class Act:
    """One act as its own record holds it; `by` is a person's id or a name, `at` an instant as text.

    `open_to_names` is an act that needs no signature of its own, whatever the settings say.
    """

    kind: ActKind
    facts: SignedFacts
    by: str
    at: str
    open_to_names: bool = False

    def has(self, facts: SignedFacts) -> bool:
        """Return whether these are its facts. Of a forgotten partner nobody knows the reason of a decision any more."""
        known = len(facts) - 1 if self.kind == "decision" and self.open_to_names else len(facts)
        return facts[:known] == self.facts[:known]


def decision_facts(plan: str, partner_id: str, decision: str, reason: str) -> SignedFacts:
    """Return the facts of a decision. Partner and reason stand as digests: `forget` takes both out of the outbox."""
    return plan, _pseudonym(partner_id), decision, _digest(reason.strip())


def sign_off_facts(offer: str, number: int, digest: str) -> SignedFacts:
    """Return the facts of a sign-off; the digest covers the lines as they were signed."""
    return offer, str(number), digest


def forget_facts(pseudonyms: Iterable[str], held: Mapping[str, object]) -> SignedFacts:
    """Return the facts of forgetting: who, as pseudonyms, and the digest of what the person saw was kept of them."""
    return " ".join(sorted(pseudonyms)), _digest(canonical_json(held))


def act_words(kind: ActKind, facts: SignedFacts) -> str:
    """Return an act in words, without the person."""
    if kind == "approval":
        return f"{facts[0]}: approved"
    if kind == "decision":
        return f"{facts[0]}: an unknown notice settled with {facts[2]}"
    if kind == "sign-off":
        return f"{facts[0]}.{facts[1]}: signed off"
    return f"{facts[0]}: forgotten"


def require_named(site: Site, kind: ActKind, facts: SignedFacts) -> None:
    """Raise `NotSigned` where a name alone is not enough: `[mail] approvals` covers every kind of act."""
    if site.mail_settings.approvals == "signed":
        raise NotSigned(
            f'not signed: {act_words(kind, facts)}: [mail] approvals is "signed"; do it in `offerpress studio` '
            "with a passkey"
        )


def acts_on_plan(outbox: Outbox, plan: str) -> Iterator[Act]:
    """Yield the approvals of a plan, and the decisions about its unknown notices, as the outbox keeps them."""
    for given in outbox.approvals(plan):
        yield Act("approval", (plan, given.digest), given.by, given.at)
    for partner, one in outbox.decisions(plan):
        # `forget` gives up unknown notices, and takes every reason out: its own signature stands for those.
        facts = decision_facts(plan, partner, one.decision, one.reason)
        yield Act("decision", facts, one.by, one.at, open_to_names=is_pseudonym(partner))


def acts_of_finance(site: Site) -> Iterator[Act]:
    """Yield every sign-off that can be read; `verify` names the damaged ones itself."""
    for path in all_sign_offs(site):
        try:
            yield sign_off_act(read_sign_off(path))
        except SignOffDamaged:
            continue


def sign_off_act(one: SignOff) -> Act:
    """Return the act of a sign-off."""
    facts = sign_off_facts(one.offer, one.number, one.digest)
    return Act("sign-off", facts, one.by, instant_text(one.at))


def acts_of_forgetting(site: Site) -> Iterator[Act]:
    """Yield every forgetting that came to its end. One of an earlier version names nothing that was seen."""
    for one in forgotten_records(site):
        if one["erased"]:
            facts = forget_facts(one["partners"], one.get("held", {}))
            yield Act("forget", facts, one["by"], instant_text(datetime.fromisoformat(one["at"])))


def forgotten_records(site: Site) -> list[dict[str, Any]]:
    """Return what `forgotten.json` holds, the oldest first; raises `DamagedState`."""
    remedy = "restore it from a backup, or delete it: then nobody knows who was forgotten before"
    return read_state(site.private / FORGOTTEN_FILE, _records, remedy) or []


def _records(raw: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON
    return [{**one, "partners": list(one["partners"]), "erased": one["erased"]} for one in raw]


def _pseudonym(partner_id: str) -> str:
    return partner_id if is_pseudonym(partner_id) else pseudonym(partner_id)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
