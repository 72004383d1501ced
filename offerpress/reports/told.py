"""What earlier plans told, read from their frozen batches."""

import json

from mailer import Batch, BatchError, Outbox
from offerpress.folder import SiteFolder
from offerpress.mailing import open_batch
from offerpress.reports.facts import Told
from rewards import parse_amount


def last_told(site: SiteFolder, outbox: Outbox, campaign: str | None) -> Told | None:
    """What the newest plan told, of `campaign` or of any; None where none was made or its batch is gone."""
    for record in reversed(outbox.plans()):
        if campaign in {None, record.campaign}:
            try:
                with open_batch(site, record.plan) as batch:
                    return told_by(batch)
            except BatchError:
                continue
    return None


def told_by(batch: Batch) -> Told:
    """The amounts to credit that a batch tells, over all offers; every recipient is in it, if only by no currency."""
    amounts: dict[tuple[str, str], int] = {}
    for partner_id, figures in batch.figures():
        amounts[partner_id, ""] = 0
        for entry in json.loads(figures)["cashback"]:
            key = partner_id, entry["currency"]
            amounts[key] = amounts.get(key, 0) + parse_amount(entry["to_credit"], entry["currency"])
    return Told(batch.header.plan, amounts)
