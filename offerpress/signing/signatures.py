"""Signed acts: the passkeys that people register, and a passkey's signature over one act of a person.

A signature is stored beside the record of its act. Whoever has the site can check offline which person did what. The
signed challenge is the SHA-256 over a label of our own, the facts of the act, the person and the instant, so a
signature fits nothing else. One mechanism serves every kind of act in `acts.py`.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mailer import Batch, Outbox, instant_text
from offerpress.signing.acts import (
    SIGNED_FACTS,
    Act,
    ActKind,
    NotSigned,
    SignedFacts,
    act_words,
    acts_of_finance,
    acts_of_forgetting,
    acts_on_plan,
    require_named,
)
from offerpress.signing.passkeys import SignatureRefused, is_signed
from offerpress.site.folder import APPROVALS, FORGETTING_SIGNED, SIGN_OFFS
from offerpress.site.people import Everyone, Passkey, read_people
from offerpress.site.site import Site
from offerpress.site.state import json_text, read_state, write_state

UNUSED: Final = "signed, but it was not done: a crash came between, or its record was changed"


@dataclass(frozen=True, slots=True)
class SignedAct:
    """One act with its proof. `assertion` is the browser's answer in the JSON form of WebAuthn, `at` an instant."""

    kind: ActKind
    facts: SignedFacts
    person: str
    name: str
    at: str
    assertion: Mapping[str, Any]

    @property
    def challenge(self) -> bytes:
        """What was signed."""
        return act_challenge(self.kind, self.facts, self.person, self.at)

    def json(self) -> dict[str, object]:
        """Return the JSON form; an approval has no `act`, as before there were other kinds."""
        kind = {} if self.kind == "approval" else {"act": self.kind}
        facts = dict(zip(SIGNED_FACTS[self.kind], self.facts, strict=True))
        own = {"person": self.person, "name": self.name, "at": self.at, "assertion": dict(self.assertion)}
        return {**kind, **facts, **own}

    @classmethod
    def of_json(cls, raw: Mapping[str, Any]) -> "SignedAct":
        """Return the act of its JSON form; raises `KeyError`, `TypeError` or `ValueError` for another form."""
        kind: ActKind = raw.get("act", "approval")
        names = (*SIGNED_FACTS[kind], "person", "name", "at")
        texts = [raw[name] for name in names]
        if not all(isinstance(one, str) for one in texts) or {*raw} - {*names, "act", "assertion"}:
            raise ValueError(kind)
        *facts, person, name, at = texts
        return cls(kind, tuple(facts), person, name, at, dict(raw["assertion"]))


def act_challenge(kind: ActKind, facts: SignedFacts, person: str, at: str) -> bytes:
    """Return the SHA-256 over a label, the facts, the person and the instant, a line each; refuses a line break."""
    lines = (f"offerpress {kind} 1", *facts, person, at)
    if any("\n" in line for line in lines):
        raise SignatureRefused("A name with a line break cannot be signed. Nothing was done.")
    return hashlib.sha256("\n".join(lines).encode()).digest()


def require_signature(signed: SignedAct, passkeys: Sequence[Passkey]) -> SignedAct:
    """Return a new act whose signature is by one of these passkeys of the person; raises `SignatureRefused`."""
    if not is_signed(signed.challenge, signed.assertion, passkeys):
        raise SignatureRefused(f"The signature is not one of {signed.name} over this act. Nothing was done.")
    return signed


def given_signature(
    site: Site, text: str | None, kind: ActKind, facts: SignedFacts, by: str
) -> SignedAct | None:
    """Return the signature that a command was given, if it is of `by` over exactly these facts.

    Returns None without one. Raises `NotSigned` where `[mail] approvals` is `signed`, and `SignatureRefused`.
    """
    if text is None:
        require_named(site, kind, facts)
        return None
    try:
        signed = SignedAct.of_json(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SignatureRefused("not signed: the signature has another form than the studio writes") from error
    person = read_people(site).get(signed.person)
    if person is None or person.person != by or (signed.kind, signed.facts) != (kind, facts):
        raise SignatureRefused(
            f"not signed: the signature is about another act than this one ({act_words(kind, facts)}), because "
            "something changed meanwhile; look at it again, then sign it again"
        )
    return require_signature(signed, [one for one in person.passkeys if one.active])


# The stored signatures.


def signature_file(site: Site, kind: ActKind, facts: SignedFacts) -> Path:
    """Return the file of the signatures of an act, beside the record of the act."""
    if kind == "sign-off":
        return site.private / SIGN_OFFS / f"{facts[0]}.{facts[1]}.signed"
    return site.private / (FORGETTING_SIGNED if kind == "forget" else f"{APPROVALS}/{facts[0]}.json")


def read_signed(path: Path) -> list[SignedAct]:
    """Return the signed acts of a file, the oldest first; raises `DamagedState`."""
    remedy = "restore it from a backup, or delete it: then nothing proves who did these acts"
    return read_state(path, _parsed, remedy) or []


def _parsed(raw: Any) -> list[SignedAct]:  # noqa: ANN401 - JSON
    return [SignedAct.of_json(one) for one in raw["approvals"]]


def write_signed(site: Site, signed: SignedAct) -> None:
    """Add a signed act. It counts once the record of the act holds it too."""
    path = signature_file(site, signed.kind, signed.facts)
    with _locked_signatures(site):
        rows = [*read_signed(path), signed]
        write_state(path, json_text({"approvals": [one.json() for one in rows]}), mode=0o600)


@contextmanager
def _locked_signatures(site: Site) -> Iterator[None]:
    """Hold a lock of their own: the site's lock may be held by this process already."""
    folder = site.make_private() / APPROVALS
    folder.mkdir(exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


# What the signatures prove.


def require_signed(site: Site, outbox: Outbox, batch: Batch) -> None:
    """Raise `NotSigned` unless an approval of this batch in the outbox has a valid signature."""
    plan = batch.header.plan
    given = [one for one in acts_on_plan(outbox, plan) if one.kind == "approval"]
    signed = [one for one in read_signed(site.private / APPROVALS / f"{plan}.json") if one.kind == "approval"]
    if not any(not why for _, why in _judged(signed, given, read_people(site))):
        raise NotSigned(
            f'not signed: {plan}: [mail] approvals is "signed", and no approval of it is; approve it in '
            "`offerpress studio` with a passkey"
        )


def signed_findings(site: Site, outbox: Outbox | None, plan: str | None) -> tuple[list[str], list[str]]:
    """Return who signed which acts, in sentences, and what is wrong with signatures.

    With `plan` only the acts on that plan. Where `[mail] approvals` is `signed`, an act without a signature is wrong
    too, unless it is older than every passkey: then nobody could have signed it.
    """
    people, told, wrong = read_people(site), list[str](), list[str]()
    needed = site.mail_settings.approvals == "signed"
    since = min((key.added_at for one in people.values() for key in one.passkeys), default=None)
    for acts, path in _kept(site, outbox, plan):
        proved = set()
        for one, why in _judged(read_signed(path), acts, people):
            words = f"{act_words(one.kind, one.facts)} by {one.name} ({one.person}), {one.at}"
            if why == UNUSED:
                told.append(f"{words}: {why}")
            elif why:
                wrong.append(f"{words}: {why}")
            else:
                proved.add((one.kind, one.person, one.at))
                told.append(f"{words}, signed with a passkey")
        for act in acts if needed else ():
            if act.open_to_names or (act.kind, act.by, act.at) in proved:
                continue
            if since is None or act.at >= instant_text(since):
                wrong.append(f"{act_words(act.kind, act.facts)} by {act.by}, {act.at}: it is not signed")
            else:
                told.append(
                    f"{act_words(act.kind, act.facts)} by {act.by}, {act.at}, before the first passkey"
                )
    return told, wrong


def _kept(site: Site, outbox: Outbox | None, plan: str | None) -> Iterator[tuple[list[Act], Path]]:
    """Yield the acts of each file of signatures, with the file; also a file whose acts are gone."""
    folder = site.private / APPROVALS
    plans = {path.stem for path in folder.glob("*.json")} | {
        one.plan for one in (outbox.plans() if outbox else ())
    }
    for one in sorted(plans) if plan is None else [plan]:
        known = outbox is not None and one in {record.plan for record in outbox.plans()}
        yield list(acts_on_plan(outbox, one)) if outbox and known else [], folder / f"{one}.json"
    if plan is not None:
        return
    files = {path: list[Act]() for path in (site.private / SIGN_OFFS).glob("*.signed")}
    for act in acts_of_finance(site):
        files.setdefault(signature_file(site, act.kind, act.facts), []).append(act)
    yield from ((acts, path) for path, acts in sorted(files.items()))
    yield list(acts_of_forgetting(site)), site.private / FORGETTING_SIGNED


def _judged(
    signed: Iterable[SignedAct], acts: Sequence[Act], people: Everyone
) -> Iterator[tuple[SignedAct, str]]:
    """Yield each signature with the reason why it proves nothing: empty if it proves, `UNUSED` if nothing followed."""
    for one in signed:
        person = people.get(one.person)
        same = [act for act in acts if (act.kind, act.by, act.at) == (one.kind, one.person, one.at)]
        if person is None:
            yield one, f"nobody has the id {one.person!r}"
        elif not is_signed(one.challenge, one.assertion, person.passkeys):
            yield one, f"the signature is not one of {person.name}"
        elif not same:
            yield one, UNUSED
        else:
            yield one, "" if any(act.has(one.facts) for act in same) else "something else was done"
