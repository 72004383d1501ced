"""The outbox, the batches and the transports of a site."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mailer import Batch, Outbox, batch_file, outbox_file
from offerpress.site.folder import (
    DKIM_KEY,
    OUTBOX,
    OUTBOX_FILE,
    PRUNED_FILE,
    RECEIPTS_FILE,
    SENDGRID_KEY,
    SENDGRID_URL,
    SMTP_URL,
    OfferpressError,
)
from offerpress.site.site import Site
from offerpress.site.state import read_state

if TYPE_CHECKING:  # only who sends needs one
    from ssl import SSLContext

    from mailer import Signer, Transport
    from mailer.batch.batch import FrozenMessage

_NAMED: Final = 5


def open_outbox(site: Site, scratch: Path | None = None) -> Outbox:
    """Open the outbox that the environment names, else `private/outbox.sqlite`.

    With `scratch`, a file that does not exist is made in that folder instead.
    """
    named, own = site.environment.get(OUTBOX), site.private / OUTBOX_FILE
    shared = named is not None and named.startswith("postgres")
    file = own if not named or shared else outbox_file(named)
    if scratch is not None and not shared and not file.exists():
        return Outbox.open(scratch / own.name)
    site.make_private()
    if not shared:
        _require_content(site, file)
    return Outbox.open(named or own, site.private / RECEIPTS_FILE if shared else None)


def _require_content(site: Site, outbox: Path) -> None:
    """Raise `OfferpressError` for an empty file beside batches that it must have known.

    An interrupted first `plan` leaves an empty file too, beside a batch that is still marked as unregistered.
    """
    log = outbox.with_name(f"{outbox.name}-wal")
    if not outbox.is_file() or outbox.stat().st_size or (log.is_file() and log.stat().st_size):
        return
    unregistered = {file.stem for file in site.batches.glob("*.unregistered")}
    plans = sorted({file.stem for file in site.batches.glob("*.batch")} - unregistered)
    if plans:
        raise OfferpressError(
            f"outbox: {outbox}: is empty (0 bytes), but there are batches of {', '.join(plans[:_NAMED])}; restore it "
            "from a backup, or without a backup delete it and run `offerpress reconcile --by NAME`"
        )


def open_batch(site: Site, plan: str) -> Batch:
    """Open the batch of that plan; a plan's name can be no path."""
    if "/" in plan or plan.startswith("."):
        raise OfferpressError(f"no plan: {plan!r}: that is no plan's name; `offerpress status` lists them")
    return Batch.open(batch_file(site.batches, plan))


def frozen_message(batch: Batch, partner_id: str) -> "FrozenMessage":
    """Return the message to one partner; raises `OfferpressError` if the plan has none."""
    try:
        return batch.frozen(partner_id)
    except KeyError as error:
        plan = batch.header.plan
        raise OfferpressError(
            f"no notice: {plan} {partner_id!r}: the plan has none to this partner; `offerpress told` lists what it was "
            "told"
        ) from error


def pruned_plans(site: Site) -> dict[str, str]:
    """Return the plans whose batches were pruned, each with its digest."""
    remedy = "restore it from a backup; without it pruned batches count as lost"
    return read_state(site.private / PRUNED_FILE, _pruned, remedy) or {}


def _pruned(raw: Any) -> dict[str, str]:  # noqa: ANN401 - JSON
    return {str(plan): str(digest) for plan, digest in raw["batches"].items()}


def transport_of(site: Site, name: str) -> "Transport":
    """Return the transport of that name, set up from `[mail]` and the environment."""
    from mailer import DEFAULT_BASE_URL, FolderTransport, SendGridTransport, SmtpTransport  # noqa: PLC0415 - likewise

    settings, environment = site.mail_settings, site.environment
    if name == "folder":
        return FolderTransport(site.mail)
    if name == "smtp":
        url = _required(environment, SMTP_URL, "smtp+starttls://user:password@host:587")
        context = _trusted_certificates(site, settings.smtp.ca_file)
        return SmtpTransport(url, settings.smtp, context=context, sign=_signer(site))
    if name == "sendgrid":
        base_url = environment.get(SENDGRID_URL) or DEFAULT_BASE_URL
        return SendGridTransport(
            _required(environment, SENDGRID_KEY, "SG.…"), settings.sendgrid, base_url=base_url
        )
    raise OfferpressError(
        f"no transport: {name!r}: offerpress.toml [mail] transport; use folder, smtp or sendgrid"
    )


def _trusted_certificates(site: Site, ca_file: str | None) -> "SSLContext | None":
    """Return the certificates that `ca_file` names; None for those of the system."""
    if ca_file is None:
        return None
    from ssl import create_default_context  # noqa: PLC0415 - likewise

    try:
        return create_default_context(cafile=site.folder / ca_file)
    except OSError as error:
        raise OfferpressError(
            f"no certificates: {ca_file}: offerpress.toml [mail.smtp] ca_file ({error}); name a file in PEM form"
        ) from error


def _signer(site: Site) -> "Signer | None":
    dkim = site.mail_settings.smtp.dkim
    if dkim is None:
        return None
    try:
        key = (site.environment.get(DKIM_KEY) or "").encode() or (site.folder / dkim.key_file).read_bytes()
    except OSError as error:
        raise OfferpressError(
            f"no key: {dkim.key_file}: [mail.smtp.dkim] ({error.strerror}); put it there, or into {DKIM_KEY}"
        ) from error
    from mailer import signer  # noqa: PLC0415 - likewise

    return signer(dkim, key)


def _required(environment: Mapping[str, str], name: str, example: str) -> str:
    value = environment.get(name)
    if not value:
        raise OfferpressError(
            f"not set: {name}: the transport needs it; set it in the environment, such as {example}"
        )
    return value
