"""Before an approval and before the first claim: would these messages still be made the same way."""

from dataclasses import replace
from datetime import date

from mailer import Batch, Outbox
from offerpress.corrections import told_figures
from offerpress.engines import engine
from offerpress.figures import open_figures
from offerpress.folder import OfferpressError, SiteFolder
from offerpress.moment import Moment
from offerpress.planning import stale_partners
from offerpress.site import open_site

SHOWN = 10


class StalePlan(OfferpressError):
    """Recomputing would change the messages of `partners`."""

    def __init__(self, plan: str, partners: list[str]) -> None:
        self.plan = plan
        self.partners = tuple(partners)
        named = ", ".join(partners[:SHOWN]) + (", …" if len(partners) > SHOWN else "")
        why = f"data, content, templates or settings changed, so {len(partners)} messages would be others now"
        super().__init__(f"stale: {plan}: {why} ({named}); plan the campaign again")


def refuse_stale(folder: SiteFolder, moment: Moment, batch: Batch, outbox: Outbox) -> None:
    """Raises `StalePlan`, naming the recipients whose message would change, and `Faulty` where none can be made."""
    header = batch.header
    told = told_figures(folder, outbox, header.campaign) if header.corrections else None
    then = replace(moment, as_of=date.fromordinal(header.as_of))
    with open_figures(open_site(folder.folder), then) as figures:
        stale = stale_partners(batch, figures, told, engine())
    if stale:
        raise StalePlan(batch.header.plan, stale)
