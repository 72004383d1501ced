"""Where a site keeps its outbox and batches, and which transport its settings name."""

import ssl
from collections.abc import Mapping
from pathlib import Path

from mailer import (
    DEFAULT_BASE_URL,
    Batch,
    FolderTransport,
    MailSettings,
    Outbox,
    SendGridTransport,
    Signer,
    SmtpTransport,
    Transport,
    batch_file,
    outbox_file,
    signer,
)
from offerpress.site.folder import OfferpressError, SiteFolder

OUTBOX = "OFFERPRESS_OUTBOX"
SMTP_URL = "OFFERPRESS_SMTP_URL"
DKIM_KEY = "OFFERPRESS_DKIM_KEY"
SENDGRID_KEY = "SENDGRID_API_KEY"
SENDGRID_URL = "SENDGRID_BASE_URL"


def open_outbox(site: SiteFolder, environment: Mapping[str, str], *, scratch: Path | None = None) -> Outbox:
    """The outbox that the environment names, else `private/outbox.sqlite`.

    With `scratch` a file that does not exist is not made there either, but in that folder.
    """
    named, own = environment.get(OUTBOX), site.private / "outbox.sqlite"
    shared = named is not None and named.startswith("postgres")
    file = own if not named or shared else outbox_file(named)
    if scratch is not None and not shared and not file.exists():
        return Outbox.open(scratch / own.name)
    site.make_private()
    return Outbox.open(named or own, site.private / "outbox.receipts" if shared else None)


def open_batch(site: SiteFolder, plan: str) -> Batch:
    """The batch of that plan; a plan's name can be no path."""
    if "/" in plan or plan.startswith("."):
        raise OfferpressError(f"no plan: {plan!r}: that is no plan's name; `offerpress status` lists them")
    return Batch.open(batch_file(site.batches, plan))


def transport_of(
    site: SiteFolder, settings: MailSettings, name: str, environment: Mapping[str, str]
) -> Transport:
    """The transport of that name, set up from `[mail]` and the environment."""
    if name == "folder":
        return FolderTransport(site.mail)
    if name == "smtp":
        url = _required(environment, SMTP_URL, "smtp+starttls://user:password@host:587")
        context = _believed(site, settings.smtp.ca_file)
        return SmtpTransport(url, settings.smtp, context=context, sign=_signer(site, settings, environment))
    if name == "sendgrid":
        base_url = environment.get(SENDGRID_URL) or DEFAULT_BASE_URL
        return SendGridTransport(
            _required(environment, SENDGRID_KEY, "SG.…"), settings.sendgrid, base_url=base_url
        )
    raise OfferpressError(
        f"no transport: {name!r}: offerpress.toml [mail] transport; use folder, smtp or sendgrid"
    )


def _believed(site: SiteFolder, ca_file: str | None) -> ssl.SSLContext | None:
    """What is believed in place of the system's certificates, None for those."""
    if ca_file is None:
        return None
    try:
        return ssl.create_default_context(cafile=site.folder / ca_file)
    except OSError as error:
        raise OfferpressError(
            f"no certificates: {ca_file}: offerpress.toml [mail.smtp] ca_file ({error}); name a file in PEM form"
        ) from error


def _signer(site: SiteFolder, settings: MailSettings, environment: Mapping[str, str]) -> Signer | None:
    """What signs the messages, None where nothing is to."""
    dkim = settings.smtp.dkim
    if dkim is None:
        return None
    try:
        key = (environment.get(DKIM_KEY) or "").encode() or (site.folder / dkim.key_file).read_bytes()
    except OSError as error:
        raise OfferpressError(
            f"no key: {dkim.key_file}: [mail.smtp.dkim] ({error.strerror}); put it there, or into {DKIM_KEY}"
        ) from error
    return signer(dkim, key)


def _required(environment: Mapping[str, str], name: str, example: str) -> str:
    value = environment.get(name)
    if not value:
        raise OfferpressError(
            f"not set: {name}: the transport needs it; set it in the environment, such as {example}"
        )
    return value
