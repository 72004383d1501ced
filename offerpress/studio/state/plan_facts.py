"""The facts of a frozen plan by which people judge it, read from its batch: recipients, sums, mails to read."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import Final
from unicodedata import bidirectional

from ledger import LedgerError, Snapshot
from mailer import Batch
from offerpress.plans.dues import Due, Jump, jumped, largest, negative
from offerpress.reports.texts import language_word
from rewards import Notice, format_amount, parse_amount

_LINK: Final = re.compile(r'href="([^"]*)"')
_MOST_LARGEST: Final = 10
_DRAWN: Final = 5
_RIGHT_TO_LEFT: Final = ("ar", "fa", "he", "ur")


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One recipient as the frozen message has it. `sums` are minor units to credit by currency.

    `own` is the partner's own language in the ledger that the plan was made from; empty where it has none.
    """

    partner_id: str
    name: str
    language: str
    level: str
    subject: str
    reply_to: str
    window: str
    sums: Mapping[str, int]
    accruing: bool
    own: str = ""

    @property
    def fallback(self) -> str:
        """The own language, if the mail is written in another one; otherwise empty."""
        own, used = (one.replace("_", "-").partition("-")[0].casefold() for one in (self.own, self.language))
        return "" if own in {"", used} else own

    @property
    def is_right_to_left(self) -> bool:
        """Whether the name is written from right to left."""
        return any(bidirectional(letter) in {"R", "AL"} for letter in self.name)


@dataclass(frozen=True)
class PlanFacts:
    """All recipients of a plan by partner id, and the plan's digest. What follows from them is computed once.

    `links` are the addresses that the mails link to, without what follows `#` or `?`.
    """

    digest: str
    rows: Mapping[str, PlanRow]
    links: frozenset[str] = frozenset()

    @cached_property
    def dues(self) -> list[Due]:
        """What each recipient is told to get, without country and history."""
        return [
            Due(one.partner_id, one.name, one.level, "", currency, amount, 0, amount)
            for one in self.rows.values()
            for currency, amount in sorted(one.sums.items())
        ]

    @cached_property
    def largest(self) -> list[Due]:
        """The ten largest credits of each currency."""
        return largest(self.dues, _MOST_LARGEST)

    @cached_property
    def negative(self) -> list[Due]:
        """Every negative sum."""
        return negative(self.dues)

    @cached_property
    def accruing(self) -> int:
        """How many recipients are told a figure that can still grow."""
        return sum(one.accruing for one in self.rows.values())

    def counted(self, key: Callable[[PlanRow], str]) -> list[tuple[str, int]]:
        """Count the recipients by a key, the largest group first."""
        return sorted(Counter(map(key, self.rows.values())).items(), key=lambda pair: (-pair[1], pair[0]))

    @cached_property
    def samples(self) -> list[tuple[str, PlanRow]]:
        """Return the mails to read, each with the reason; the last five are drawn by the digest, not by a person."""
        found: dict[str, list[str]] = {}

        def add(why: str, row: PlanRow | None) -> None:
            if row is not None:
                found.setdefault(row.partner_id, []).append(why)

        rows = sorted(self.rows.values(), key=lambda one: one.partner_id)
        for currency in self._most_common_currency():
            inside = sorted((one for one in rows if currency in one.sums), key=lambda one: one.sums[currency])
            add(f"smallest in {currency}", inside[0])
            add(f"middle in {currency}", inside[len(inside) // 2])
            add(f"largest in {currency}", inside[-1])
        add("a negative sum", next((one for one in rows if min(one.sums.values(), default=0) < 0), None))
        add("longest name", max(rows, key=lambda one: len(one.name), default=None))
        for language, _ in self.counted(lambda one: one.language):
            why = f"in {language_word(language)}"
            why += ", right to left" if language.partition("-")[0] in _RIGHT_TO_LEFT else ""
            add(why, next((one for one in rows if one.language == language), None))
        for own in sorted({one.fallback for one in rows} - {""}):
            reader = next(one for one in rows if one.fallback == own)
            add(f"reads {language_word(own)}, written in {language_word(reader.language)}", reader)
        add("a name from right to left", next((one for one in rows if one.is_right_to_left), None))
        drawn = sorted(rows, key=lambda one: sha256(f"{self.digest} {one.partner_id}".encode()).digest())
        for one in drawn[:_DRAWN]:
            add("drawn by lot", one)
        return [(", ".join(why), self.rows[one]) for one, why in found.items()]

    def _most_common_currency(self) -> list[str]:
        counts = Counter(currency for one in self.rows.values() for currency in one.sums)
        return [currency for currency, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:1]]

    @cached_property
    def control(self) -> tuple[str, str]:
        """The total that an approver types: the currency of most recipients, and its amount; empty without amounts."""
        common = self._most_common_currency()
        if not common:
            return "", ""
        total = sum(one.sums.get(common[0], 0) for one in self.rows.values())
        return common[0], format_amount(total, common[0])


@dataclass(frozen=True, slots=True)
class PlanChange:
    """How a plan differs from an earlier one: recipients, sums, and sums that changed by at least half."""

    new: list[PlanRow]
    gone: list[PlanRow]
    changed: list[PlanRow]
    jumped: list[Jump]


def change_since(now: PlanFacts, then: PlanFacts) -> PlanChange:
    """Compare a plan with an earlier one, by partner id."""
    before = {
        (one, currency): amount
        for one, row in then.rows.items()
        for currency, amount in {"": 0, **row.sums}.items()
    }
    return PlanChange(
        [row for one, row in now.rows.items() if one not in then.rows],
        [row for one, row in then.rows.items() if one not in now.rows],
        [row for one, row in now.rows.items() if one in then.rows and then.rows[one].sums != row.sums],
        jumped(now.dues, before),
    )


def plan_facts(batch: Batch, own: Mapping[str, str]) -> PlanFacts:
    """Read every message of the batch, each checked against its digest (`BatchTampered`).

    `own` are the partners' own languages.
    """
    rows: dict[str, PlanRow] = {}
    links: set[str] = set()
    for notice in batch.messages():
        rows[notice.partner_id] = _row(notice, own.get(notice.partner_id, ""))
        links.update(map(_plain_link, _LINK.findall(notice.html)))
    return PlanFacts(batch.digest, rows, frozenset(links))


def own_languages(snapshots: Path, digest: str) -> Mapping[str, str]:
    """Return the language of each partner in the frozen ledger with that digest; empty if it was deleted."""
    for folder in sorted(snapshots.glob(f"{digest[:16]}-*")):
        with suppress(LedgerError):
            return {one.partner_id: one.language for one in Snapshot.open(folder).partners()}
    return {}


def _plain_link(written: str) -> str:
    return re.split("[#?]", unescape(written), maxsplit=1)[0]


def _row(notice: Notice, own: str) -> PlanRow:
    told = json.loads(notice.figures)
    sums: dict[str, int] = {}
    for entry in told["cashback"]:
        currency = entry["currency"]
        sums[currency] = sums.get(currency, 0) + parse_amount(entry["to_credit"], currency)
    return PlanRow(
        notice.partner_id,
        notice.to_name.strip("\u2068\u2069"),
        notice.language,
        str(told.get("level", "")),
        notice.subject,
        notice.reply_to,
        notice.window,
        sums,
        _is_accruing(told["cashback"]),
        own,
    )


def _is_accruing(entries: Iterable[Mapping[str, object]]) -> bool:
    return any(one.get("status") == "accruing" for one in entries)
