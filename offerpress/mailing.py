"""Where a site keeps its outbox and batches, and which transport its settings name."""

from collections.abc import Mapping

from mailer import Batch, FolderTransport, Outbox, SmtpTransport, Transport, batch_file, parse_smtp_url
from offerpress.folder import OfferpressError, SiteFolder

OUTBOX = "OFFERPRESS_OUTBOX"
SMTP_URL = "OFFERPRESS_SMTP_URL"


def open_outbox(site: SiteFolder, environment: Mapping[str, str]) -> Outbox:
    """The outbox that the environment names, else `private/outbox.sqlite`."""
    site.make_private()
    return Outbox.open(environment.get(OUTBOX) or site.private / "outbox.sqlite")


def open_batch(site: SiteFolder, plan: str) -> Batch:
    """The batch of that plan; a plan's name can be no path."""
    if "/" in plan or plan.startswith("."):
        raise OfferpressError(f"no plan: {plan!r}: that is no plan's name; `offerpress status` lists them")
    return Batch.open(batch_file(site.batches, plan))


def transport_of(site: SiteFolder, name: str, environment: Mapping[str, str]) -> Transport:
    """The transport of that name, set up from the environment."""
    if name == "folder":
        return FolderTransport(site.mail)
    if name == "smtp":
        return SmtpTransport(
            parse_smtp_url(_required(environment, SMTP_URL, "smtp+starttls://user:password@host:587"))
        )
    raise OfferpressError(f"no transport: {name!r}: offerpress.toml [mail] transport; use folder or smtp")


def _required(environment: Mapping[str, str], name: str, example: str) -> str:
    value = environment.get(name)
    if not value:
        raise OfferpressError(
            f"not set: {name}: the transport needs it; set it in the environment, such as {example}"
        )
    return value
