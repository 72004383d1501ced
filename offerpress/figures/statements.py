"""From rules and a snapshot to statements. Nothing here reads content, because most of it says nothing of figures."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from generator import cache_bytes, cached_value
from ledger import LedgerError, Snapshot
from offerpress.site.folder import POLICY_FILE, OfferpressError
from offerpress.site.inputs import (
    CODE,
    CONTENT,
    DATABASE,
    Digests,
    TakenInputs,
    content_digests,
    inputs_digest,
    parts_digest,
)
from offerpress.site.keys import SiteKeys
from offerpress.site.site import Site
from offerpress.site.state import DamagedState, read_state, read_text_state, write_cache
from rewards import (
    Account,
    Conserved,
    Fault,
    Faulty,
    Policy,
    Rules,
    Statement,
    Tally,
    compute_statement,
    equations,
    require_conserved,
    rules_on,
)

SOURCE_FILE = "source"
REMARKS_FILE = "remarks.json"


def source_key(
    site: Site,
    policy: Policy,
    keys: SiteKeys | None,
    code: str,
    files: Digests,
) -> str | None:
    """Return one digest over every input of a snapshot: files, how they are read and checked, and the site's keys.

    `code` is the program's digest, `files` are the `data_digests`. None if a database is among the sources, because a
    change in it cannot be seen.
    """
    if DATABASE in files:
        return None
    data = site.settings.data
    used = sorted((name, value) for name, value in site.environment.items() if f"${{{name}}}" in repr(data))
    facts = (data, used, policy.program, sorted(policy.cashback_slugs), sorted(files.items()))
    return parts_digest(code, keys.digest if keys else "", *map(repr, facts))


def known_snapshot(folder: Path, source: str) -> tuple[Snapshot, list[Fault]] | None:
    """Return the snapshot in `folder` that was frozen from `source`, with the remarks about its data.

    None if there is none, or if a file of it is damaged: then it is frozen again.
    """
    for note in folder.glob(f"[!.]*/{SOURCE_FILE}"):
        if read_text_state(note) == source:
            snapshot = opened_snapshot(note.parent)
            with suppress(DamagedState):
                remarks = read_state(note.with_name(REMARKS_FILE), _remarks, "")
                return None if snapshot is None or remarks is None else (snapshot, remarks)
    return None


def _remarks(raw: Any) -> list[Fault]:  # noqa: ANN401 - JSON
    return [Fault(**one) for one in raw]


def opened_snapshot(folder: Path) -> Snapshot | None:
    """Open that snapshot; None if there is none or it is damaged."""
    try:
        return Snapshot.open(folder) if folder.is_dir() else None
    except LedgerError:
        return None


def conserved(tally: Tally, snapshot: Snapshot, rules: Rules) -> list[Conserved]:
    """Compare the tally of all the snapshot's statements with the sums of the snapshot's own lines."""
    return equations(tally, snapshot.totals(), rules)


class UnknownPartner(OfferpressError):
    """The ledger has no active partner with that id; `partner_id` holds it."""

    def __init__(self, partner_id: str) -> None:
        self.partner_id = partner_id
        super().__init__(
            f"no statement: {partner_id!r}: the ledger has no such active partner; look it up in the partners table"
        )


@dataclass(frozen=True, slots=True)
class StatementSource:
    """The rules, snapshot and keys from which statements are computed; `keys` is None if no link is needed."""

    site: Site
    rules: Rules
    snapshot: Snapshot
    keys: SiteKeys | None

    def statements(self, faults: list[Fault]) -> Iterator[tuple[Account, Statement]]:
        """Compute every partner's account and statement, by shard and partner id; failures are added to `faults`."""
        for shard in self.snapshot.shards:
            for account in self.snapshot.accounts(shard):
                found: list[Fault] = []
                statement = compute_statement(account, self.rules, found)
                faults += map(self.placed, found)
                yield account, statement

    def placed(self, fault: Fault) -> Fault:
        """Return the fault of a line of `TABLE.COLUMN` with the source of that table; snapshots keep no row numbers."""
        table, _, column = fault.field.partition(".")
        return replace(fault, file=self.site.settings.data.of(table).label, field=column)

    def sorted_statements(self) -> list[tuple[Account, Statement]]:
        """Compute every partner's account and statement by partner id.

        Raises `Faulty` if a figure cannot be computed, and `NotConserved` if the figures do not add up to the ledger.
        """
        faults: list[Fault] = []
        found = sorted(self.statements(faults), key=lambda pair: pair[0].partner.partner_id)
        if faults:
            raise Faulty(faults)
        require_conserved(self.equations(found))
        return found

    def equations(self, statements: Iterable[tuple[Account, Statement]]) -> list[Conserved]:
        """Compare the sums of all statements with the sums of the snapshot's own lines."""
        tally = Tally()
        for account, statement in statements:
            tally.add(account, statement, self.rules)
        return conserved(tally, self.snapshot, self.rules)

    def statement(self, partner_id: str) -> tuple[Account, Statement]:
        """Compute one partner's account and statement; raises `UnknownPartner` or `Faulty`."""
        account = self.snapshot.account(partner_id)
        if account is None:
            raise UnknownPartner(partner_id)
        faults: list[Fault] = []
        statement = compute_statement(account, self.rules, faults)
        if faults:
            raise Faulty(list(map(self.placed, faults)))
        return account, statement


@contextmanager
def open_statements(site: Site, *, need_keys: bool = True) -> Iterator[StatementSource]:
    """Do as `open_figures` for a command that shows figures alone.

    Content and data are not read if they are those of an earlier command that found no fault in them.
    """
    taken = TakenInputs.of(site, site.settings.data.paths)
    known = _known(site, taken, need_keys=need_keys)
    if known:
        yield known
        return
    from offerpress.figures.figures import open_figures  # noqa: PLC0415 - only inputs that changed are read

    with open_figures(site, need_keys=need_keys, taken=taken) as figures:
        yield figures


def _known(site: Site, taken: TakenInputs, *, need_keys: bool) -> StatementSource | None:
    policy = kept_policy(site, taken.inputs)
    if policy is None:
        return None
    faults: list[Fault] = []
    keys = wanted_keys(site, need_keys=need_keys, faults=faults)
    source = source_key(site, policy, keys, taken.inputs[CODE], taken.data)
    known = known_snapshot(site.snapshots, source) if source and not faults else None
    if known is None:
        return None
    snapshot, _ = known
    rules = rules_on(policy, snapshot.rates, site.day(policy.program.timezone))
    return StatementSource(site, rules, snapshot, keys)


def kept_policy(site: Site, inputs: Digests) -> Policy | None:
    """Return the policy that an earlier command read from the same content without a fault; None if it is not known."""
    policy: Policy | None = None
    with suppress(OSError):
        policy = cached_value((site.private / POLICY_FILE).read_bytes(), _policy_key(site, inputs))
    return policy


def keep_policy(site: Site, inputs: Digests, policy: Policy) -> None:
    """Keep the policy of content that has no fault; `inputs` were taken before it was read.

    It is not kept if a file of the content was saved in the meantime.
    """
    if kept_policy(site, inputs) is not None:
        return
    if inputs_digest(content_digests(site), (CONTENT,)) == inputs_digest(inputs, (CONTENT,)):
        write_cache(site.private / POLICY_FILE, cache_bytes(policy, _policy_key(site, inputs)))


def _policy_key(site: Site, inputs: Digests) -> str:
    return parts_digest(inputs_digest(inputs, (CODE, CONTENT)), repr(site.settings.site))


def wanted_keys(site: Site, *, need_keys: bool, faults: list[Fault]) -> SiteKeys | None:
    """Return the site's keys, None without a secret, which is a fault if links are needed and the site has some."""
    one_click = site.settings.mail.unsubscribe.url is not None
    wanted = need_keys and (site.settings.statements.access != "none" or one_click)
    ignored: list[Fault] = []
    return site.read_keys(faults if wanted else ignored)
