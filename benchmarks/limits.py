"""What was promised about speed and size, and whether a run keeps it: one line for each promise."""

from collections.abc import Mapping
from dataclasses import dataclass

Costs = Mapping[str, Mapping[str, float]]
Facts = Mapping[str, object]

# Seconds that a person waits at 25,000 partners.
WAITS = {
    "check": 0.5,
    "build": 5,
    "build, one sale changed": 0.7,
    "build, one announcement changed": 0.7,
    "plan": 8,
    "approve": 1,
    "statement": 0.4,
    "notice": 0.4,
    "told": 0.4,
    "status": 0.4,
}


@dataclass(frozen=True)
class Promise:
    """What was promised, what was measured, the limit, which side of it is right, and the command that it is about."""

    what: str
    found: float
    limit: float
    at_least: bool = False
    command: str = ""

    @property
    def kept(self) -> bool:
        """Whether the measured value is on the right side."""
        return self.found >= self.limit if self.at_least else self.found <= self.limit


def number(facts: Facts, name: str) -> float:
    """A fact that is a number."""
    value = facts[name]
    assert isinstance(value, int | float)
    return value


def of_building(costs: Costs, facts: Facts) -> list[Promise]:
    """Building beside Hugo, and building again."""
    full, hugo = costs["build"], costs["Hugo"]
    one = "build, one sale changed"
    return [
        Promise("build: wall time, of Hugo's", full["wall_s"] / hugo["wall_s"], 0.45, command="build"),
        Promise("build: peak memory, of Hugo's", full["peak_mib"] / hugo["peak_mib"], 1 / 4),
        Promise(
            "build with access = plain: wall time, of Hugo's with the same files",
            costs["build, plain"]["wall_s"] / costs["Hugo, HTML and JSON"]["wall_s"],
            0.8,
            command="build, plain",
        ),
        Promise("nothing changed: seconds", costs["build, nothing changed"]["wall_s"], 0.8),
        Promise("nothing changed: touched files", number(facts, "unchanged_touched_files"), 0),
        Promise(
            "one sale changed: wall time, of a full build's",
            costs[one]["wall_s"] / full["wall_s"],
            0.1,
            command=one,
        ),
        Promise(
            "one sale changed: files replaced by the same bytes",
            number(facts, "one_sale_replaced_though_the_same"),
            0,
        ),
    ]


def of_merging(costs: Costs, facts: Facts) -> list[Promise]:
    """Planning beside mailmerge."""
    merged = number(facts, "mailmerge_messages") / costs["mailmerge"]["wall_s"]
    ratio = _notices_a_second(costs, facts) / merged
    return [
        Promise("plan: notices a second, of mailmerge's messages", ratio, 2.5, at_least=True, command="plan")
    ]


def of_starting(costs: Costs) -> list[Promise]:
    """How soon a command answers."""
    return [
        Promise("--help: processor seconds", costs["--help"]["cpu_s"], 0.25),
        Promise("statement: seconds", costs["statement"]["wall_s"], 1, command="statement"),
    ]


def of_planning(costs: Costs, facts: Facts) -> list[Promise]:
    """How fast notices are frozen, how small they are, how soon one is found."""
    count = f"plan of {number(facts, 'notices'):,}"
    return [
        Promise(
            f"{count}: notices a second", _notices_a_second(costs, facts), 2000, at_least=True, command="plan"
        ),
        Promise(f"{count}: bytes a notice", number(facts, "bytes_a_notice"), 1024),
        Promise(f"{count}: seconds to show one notice", costs["notice"]["wall_s"], 1, command="notice"),
    ]


def of_growing(costs: Costs, partners: int, smaller: Costs, fewer: int) -> list[Promise]:
    """A large site beside a small one: time in proportion, memory bounded."""
    grown = costs["build"]["wall_s"] / smaller["build"]["wall_s"]
    limit = 1.1 * partners / fewer
    return [
        Promise(f"build of {partners:,}: wall time, of that of {fewer:,}", grown, limit),
        Promise(f"build of {partners:,}: peak MiB", costs["build"]["peak_mib"], 2048),
    ]


def of_waiting(costs: Costs) -> list[Promise]:
    """What people wait for."""
    return [Promise(case, costs[case]["wall_s"], limit, command=case) for case, limit in WAITS.items()]


def of_studio(pages: Costs) -> list[Promise]:
    """How soon a page of the studio is there once it is warm, and what is found for a letter of a search."""
    return [
        Promise(name, one["median_s"], 0.1 if name.startswith("search for") else 0.3)
        for name, one in pages.items()
    ]


def of_announcements(makers: Mapping[str, Costs]) -> list[Promise]:
    """2,000 announcements: built beside Hugo, where it was, and what follows from one change."""
    now = makers["now"]
    found = [
        Promise("one sentence changed: CPU seconds", now["one sentence"]["cpu_s"], 2),
        Promise("a new day: CPU seconds", now["a new day"]["cpu_s"], 1),
    ]
    if "Hugo" in makers:
        ours, hugo = now["build"], makers["Hugo"]["build"]
        found += [
            Promise("build: wall time, of Hugo's", ours["wall_s"] / hugo["wall_s"], 2),
            Promise("build: CPU, of Hugo's", ours["cpu_s"] / hugo["cpu_s"], 1.5),
        ]
    if "preview, start" in now:
        found += [
            Promise("preview, start: seconds", now["preview, start"]["wall_s"], 10),
            Promise("preview, one sentence: seconds", now["preview, one sentence"]["wall_s"], 1),
        ]
    return found


def of_sending(rates: Mapping[str, float]) -> list[Promise]:
    """Sending by SMTP beside a program that records nothing."""
    ratio = rates["smtp_per_s"] / rates["smtp_source_per_s"]
    return [Promise("SMTP: messages a second, of those of smtp-source", ratio, 0.5, at_least=True)]


def _notices_a_second(costs: Costs, facts: Facts) -> float:
    return number(facts, "notices") / costs["plan"]["wall_s"]
