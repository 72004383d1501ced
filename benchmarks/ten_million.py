"""The tables of docs/explanation/scale.md: how each stage grows, and what follows for ten million partners."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from results import Json, NotMeasured, Results, made, table

_MANY = 10_000_000
_MEMORY_MIB = 16 * 1024
_ANY = 10 * _MANY  # a stage that grows so slowly never fills a machine
_FEW = 25  # so many files do not grow with the partners
_COUNTED = ("files", "most_files_of_a_folder")


@made
def scaling_memory(results: Results, _: str) -> str:
    """Peak memory of each stage by size, and what follows: the stage that fills a machine first comes first."""
    sizes = _with_million(results)
    lines = {stage: _line(sizes, "costs", stage, "peak_mib") for stage in sizes[min(sizes)]["costs"]}
    full = {stage: line.reaches(_MEMORY_MIB) for stage, line in lines.items()}
    rows = (
        (
            stage,
            *(_cost(one, stage, "peak_mib", 0) for one in sizes.values()),
            f"{max(0, lines[stage].slope) * 1024:,.1f}",
            f"{lines[stage].at(_MANY) / 1024:,.1f}",
            f"{full[stage] / 1e6:,.1f} million" if full[stage] < _ANY else "no end in sight",
        )
        for stage in sorted(lines, key=full.__getitem__)
    )
    head = [f"peak MiB at {count:,}>" for count in sizes]
    more = ["KiB a partner>", "GiB at ten million>", "16 GiB are full at>"]
    return table(["stage", *head, *more], rows)


@made
def scaling_time(results: Results, _: str) -> str:
    """CPU of each stage by size, and what follows."""
    sizes = _with_million(results)
    rows = []
    for stage in sizes[min(sizes)]["costs"]:
        line = _line(sizes, "costs", stage, "cpu_s")
        spent = (_cost(one, stage, "cpu_s", 1) for one in sizes.values())
        rows.append((stage, *spent, f"{line.slope * 1000:,.2f}", f"{line.at(_MANY) / 3600:,.1f}"))
    head = [f"CPU s at {count:,}>" for count in sizes]
    return table(["stage", *head, "ms a partner>", "hours at ten million>"], rows)


@made
def scaling_disk(results: Results, _: str) -> str:
    """Bytes and files of each place, and what follows."""
    sizes = _sizes(results)
    largest = sizes[max(sizes)]["disk"]
    rows = []
    for place, found in largest.items():
        line = _line(sizes, "disk", place, "bytes")
        many = [found[field] for field in _COUNTED]
        if found["files"] > _FEW:
            many = [_line(sizes, "disk", place, field).at(_MANY) for field in _COUNTED]
        bytes_found = (
            f"{found['bytes'] / 2**20:,.0f}",
            f"{line.slope:,.0f}",
            f"{line.at(_MANY) / 2**30:,.1f}",
        )
        rows.append((place, *bytes_found, f"{found['files']:,}", *(f"{one:,.0f}" for one in many)))
    at = f"at {max(sizes):,}>"
    head = [f"MiB {at}", "bytes a partner>", "GiB at ten million>", f"files {at}"]
    return table(["", *head, "files at ten million>", "most of them in one folder>"], rows)


@made
def scaling_files(results: Results, _: str) -> str:
    """Open files, which do not grow."""
    most = {
        count: max(cost["open_files"] for cost in one["costs"].values())
        for count, one in _sizes(results).items()
    }
    words = ", ".join(f"{files} at {count:,} partners" for count, files in most.items())
    return f"The most files that one process had open at a time: {words}."


@made
def scaling_million(results: Results, _: str) -> str:
    """What the lines of the small sizes say about a million partners, beside what was measured there."""
    sizes, large = _sizes(results), results.read("million.json")
    rows = []
    for stage in ("build", "build, one sale changed", "plan"):
        row = [stage]
        for field in ("cpu_s", "peak_mib"):
            reckoned = _line(sizes, "costs", stage, field).at(large["partners"])
            row += [f"{reckoned:,.0f}", f"{large['costs'][stage][field]:,.0f}"]
        rows.append(row)
    head = ["CPU s, reckoned>", "measured>", "peak MiB, reckoned>", "measured>"]
    return table([f"{large['partners']:,} partners", *head], rows)


def _cost(size: Json, stage: str, field: str, digits: int) -> str:
    """A figure of a stage, empty where it was not measured at that size."""
    return f"{size['costs'][stage][field]:,.{digits}f}" if stage in size["costs"] else ""


@dataclass(frozen=True)
class Line:
    """A straight line over the number of partners."""

    start: float
    slope: float

    def at(self, partners: int) -> float:
        """What it says about so many partners."""
        return self.start + max(0.0, self.slope) * partners

    def reaches(self, limit: float) -> float:
        """The number of partners at which it reaches a limit."""
        return (limit - self.start) / self.slope if self.slope > 0 else _ANY


def _sizes(results: Results) -> dict[int, Json]:
    """The sizes that `scaling.py` measured, the smallest first."""
    return {int(count): one for count, one in results.read("scaling.json")["sizes"].items()}


def _with_million(results: Results) -> dict[int, Json]:
    """The same, with the measured million, which has some of the stages."""
    sizes = _sizes(results)
    with suppress(NotMeasured):
        million = results.read("million.json")
        known = sizes[min(sizes)]["costs"]
        costs = {stage: cost for stage, cost in million["costs"].items() if stage in known}
        sizes[million["partners"]] = {"costs": costs, "disk": {}}
    return sizes


def _line(sizes: Mapping[int, Json], group: str, name: str, field: str) -> Line:
    """The line through the two largest sizes at which it was measured; small ones have other limits."""
    measured = [
        (count, sizes[count][group][name][field]) for count in sorted(sizes) if name in sizes[count][group]
    ]
    (fewer, low), (more, high) = measured[-2:]
    slope = (high - low) / (more - fewer)
    return Line(high - slope * more, slope)
