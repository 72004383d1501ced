"""A sign-off of a journal: what a person signs, and the file that it becomes, with the signature beside it."""

from datetime import datetime

from offerpress.figures.figures import Figures
from offerpress.figures.frozen_rules import keep_rules
from offerpress.figures.journals import Journal
from offerpress.figures.sign_offs import SignOff, lines_digest, write_sign_off
from offerpress.signing.acts import SignedFacts, sign_off_facts


def signing_off_facts(journal: Journal) -> SignedFacts:
    """Return what a signature of signing off this journal covers."""
    return sign_off_facts(journal.offer, len(journal.sign_offs) + 1, lines_digest(journal.unsigned))


def sign_off(figures: Figures, journal: Journal, by: str, signature: str | None = None) -> SignOff:
    """Freeze the lines that nobody has signed off; `signature` proves that `by` did so. Needs the site's lock.

    Raises `NotSigned` and `SignatureRefused` before anything is written.
    """
    site, at = figures.site, figures.site.now
    facts = signing_off_facts(journal)
    if signature is not None or site.mail_settings.approvals == "signed":
        # Only a site with signatures needs what checks them.
        from offerpress.signing.signatures import given_signature, write_signed  # noqa: PLC0415

        signed = given_signature(site, signature, "sign-off", facts, by)
        if signed is not None:
            at = datetime.fromisoformat(signed.at)
            write_signed(site, signed)
    made = SignOff(
        offer=journal.offer,
        number=len(journal.sign_offs) + 1,
        by=by,
        at=at,
        as_of=journal.as_of,
        snapshot=figures.snapshot.folder.name,
        lines=journal.unsigned,
        digest=lines_digest(journal.unsigned),
        rules=keep_rules(site, figures.rules),
    )
    write_sign_off(site, made)
    return made
