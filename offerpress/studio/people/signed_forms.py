"""Forms that a person signs: what the passkey is asked to sign, and the proof that a form holds.

One mechanism serves approvals, decisions about unknown notices, sign-offs and forgetting.
"""

import json
from datetime import timedelta

from mailer import instant_text
from offerpress.signing.acts import ActKind, SignedFacts
from offerpress.signing.passkeys import request_options
from offerpress.signing.signatures import SignedAct, act_challenge, require_signature
from offerpress.site.people import Passkey
from offerpress.studio.people.sign_in import require_passphrase
from offerpress.studio.state.commands import run_command
from offerpress.studio.state.studio import Context, NotDone, Pending, Visit

_SIGN_WITHIN = timedelta(minutes=5)


def proof_context(visit: Visit) -> Context:
    """Return what the macro `proof` of the templates needs."""
    return {
        "signed_only": visit.site.mail_settings.approvals == "signed",
        "has_passkey": bool(_passkeys(visit)),
    }


def ask_signature(visit: Visit, kind: ActKind, facts: SignedFacts) -> dict[str, object]:
    """Return what the person's passkey is to sign now; everything else about the act was checked before."""
    challenge = act_challenge(kind, facts, visit.person.person, instant_text(visit.now))
    visit.studio.pending[visit.session.form_token] = Pending(_about(kind, facts), visit.now, challenge)
    return request_options(visit.person, challenge, visit.studio.settings.origin)


def given_proof(visit: Visit, kind: ActKind, facts: SignedFacts) -> SignedAct | None:
    """Return the act that the form's passkey signed; None if the passphrase stands for it, where the site allows it.

    What the passkey was asked to sign is used up by this. Raises `NotDone` and `SignatureRefused`.
    """
    if not visit.query.get("signed"):
        if visit.site.mail_settings.approvals == "signed":
            raise NotDone(
                "This site takes signed acts only. Add a passkey: your name at the top leads there."
            )
        require_passphrase(visit)
        return None
    pending = visit.studio.pending.pop(visit.session.form_token, None)
    in_time = pending is not None and timedelta(0) <= visit.now - pending.at <= _SIGN_WITHIN
    if pending is None or pending.about != _about(kind, facts) or not in_time:
        raise NotDone("The signature came too late, or was used before. Press the button again.")
    try:
        assertion = json.loads(visit.query["signed"])
    except ValueError as error:
        raise NotDone("The device gave no signature. Press the button again.") from error
    who, at = visit.person, instant_text(pending.at)
    given = assertion if isinstance(assertion, dict) else {}
    return require_signature(SignedAct(kind, facts, who.person, who.name, at, given), _passkeys(visit))


def _passkeys(visit: Visit) -> list[Passkey]:
    return visit.person.passkeys_at(visit.studio.settings.origin)


def run_signed(
    visit: Visit, kind: ActKind, facts: SignedFacts, what: str, *options: str
) -> tuple[dict[str, object], str]:
    """Run the command that does a signed act, and return its answer and how the act was proved.

    The command has the name of the act and checks the signature again.
    """
    signed = given_proof(visit, kind, facts)
    proof = ["--signature", "-"] if signed else []
    call = [kind, *options, *proof, "--by", visit.person.person, "--", what]
    given = json.dumps(signed.json()) if signed else None
    return run_command(visit.site, *call, given=given), way_words(signed)


def way_words(signed: SignedAct | None) -> str:
    """Return how the act was proved, for the history."""
    return "signed with a passkey" if signed else "with the passphrase"


def _about(kind: ActKind, facts: SignedFacts) -> str:
    return json.dumps([kind, *facts])
