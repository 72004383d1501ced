"""What was promised about speed and size, and whether a run keeps it: one line for each promise."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

Costs = Mapping[str, Mapping[str, float]]
Facts = Mapping[str, object]


@dataclass(frozen=True)
class Promise:
    """What was promised, what was measured, the limit, and which side of it is right."""

    what: str
    found: float
    limit: float
    at_least: bool = False

    @property
    def kept(self) -> bool:
        """Whether the measured value is on the right side."""
        return self.found >= self.limit if self.at_least else self.found <= self.limit

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        return (
            f"{'kept  ' if self.kept else 'BROKEN'} {self.what}: {self.found:,.3f} ({sign} {self.limit:,.3f})"
        )

    def as_json(self) -> dict[str, object]:
        """For the result file."""
        return {**asdict(self), "kept": self.kept}


def number(facts: Facts, name: str) -> float:
    """A fact that is a number."""
    value = facts[name]
    assert isinstance(value, int | float)
    return value


def of_building(costs: Costs, facts: Facts) -> list[Promise]:
    """Building beside Hugo, and building again."""
    full, hugo = costs["build"], costs["Hugo"]
    one = costs["build, one sale changed"]
    return [
        Promise("build: wall time, of Hugo's", full["wall_s"] / hugo["wall_s"], 1 / 3),
        Promise("build: peak memory, of Hugo's", full["peak_mib"] / hugo["peak_mib"], 1 / 4),
        Promise(
            "build with access = plain: wall time, of Hugo's with the same files",
            costs["build, plain"]["wall_s"] / costs["Hugo, HTML and JSON"]["wall_s"],
            1,
        ),
        Promise("nothing changed: seconds", costs["build, nothing changed"]["wall_s"], 0.8),
        Promise("nothing changed: touched files", number(facts, "unchanged_touched_files"), 0),
        Promise("one sale changed: wall time, of a full build's", one["wall_s"] / full["wall_s"], 1 / 5),
        Promise(
            "one sale changed: files replaced by the same bytes",
            number(facts, "one_sale_replaced_though_the_same"),
            0,
        ),
    ]


def of_starting(costs: Costs) -> list[Promise]:
    """How soon a command answers."""
    return [
        Promise("--help: processor seconds", costs["--help"]["cpu_s"], 0.25),
        Promise("statement: seconds", costs["statement"]["wall_s"], 1),
    ]


def of_planning(costs: Costs, facts: Facts) -> list[Promise]:
    """How fast notices are frozen, how small they are, how soon one is found."""
    rate = number(facts, "notices") / costs["plan"]["wall_s"]
    return [
        Promise("plan: notices a second", rate, 2000, at_least=True),
        Promise("plan: bytes a notice", number(facts, "bytes_a_notice"), 1024),
        Promise("notice: seconds", costs["notice"]["wall_s"], 1),
    ]


def of_growing(costs: Costs, partners: int, smaller: Costs, fewer: int) -> list[Promise]:
    """A large site beside a small one: time in proportion, memory bounded."""
    grown = costs["build"]["wall_s"] / smaller["build"]["wall_s"]
    limit = 1.1 * partners / fewer
    return [
        Promise(f"build of {partners:,}: wall time, of that of {fewer:,}", grown, limit),
        Promise(f"build of {partners:,}: peak MiB", costs["build"]["peak_mib"], 2048),
    ]
