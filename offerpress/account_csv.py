"""What became of every notice of a plan, as a table that opens in a spreadsheet."""

import csv
from collections.abc import Mapping
from io import StringIO

from generator import guarded
from mailer import Account, BatchError, Outbox
from offerpress.folder import SiteFolder
from offerpress.mailing import open_batch

COLUMNS = (
    "partner_id", "to_address", "status", "since", "reason", "attempts", "became", "became_at", "events",
)  # fmt: skip


def account_csv(site: SiteFolder, outbox: Outbox, plan: str) -> str:
    """A row for each planned notice by partner id, lines ending in CR LF (RFC 4180).

    Instants are in UTC. A text that a spreadsheet could take for a formula begins with `'`. Where the batch is gone, or
    the partner was forgotten, there is no address.
    """
    outbox.plan(plan)
    addresses = _addresses(site, plan)
    table = StringIO(newline="")
    writer = csv.writer(table, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(_row(one, addresses.get(one.partner_id, "")) for one in outbox.accounts(plan))
    return table.getvalue()


def _addresses(site: SiteFolder, plan: str) -> Mapping[str, str]:
    try:
        with open_batch(site, plan) as batch:
            return {one.partner_id: one.to_address for one in batch.recipients()}
    except BatchError:
        return {}


def _row(one: Account, address: str) -> list[str | int]:
    texts = (one.partner_id, address, one.status.value, one.since, one.reason)
    return [*map(guarded, texts), one.attempts, one.fate, one.fate_at, guarded("; ".join(one.events))]
