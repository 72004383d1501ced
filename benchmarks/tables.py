"""The tables and sentences of the docs that are made from results: a function for each, from results to Markdown."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from limits import (
    Promise,
    of_announcements,
    of_building,
    of_growing,
    of_merging,
    of_planning,
    of_sending,
    of_starting,
    of_studio,
    of_waiting,
)

Json = dict[str, Any]
EARLIER = ", earlier version"
PROFILE = "stages-25000.json"
_WHOLE = 100
_SHOWN = 0.05  # a stage that takes less of a command is not named
_REASONS = 3
_MANY = 10_000_000
_MEMORY_MIB = 16 * 1024
_ANY = 10 * _MANY  # a stage that grows so slowly never fills a machine
_FEW = 25  # so many files do not grow with the partners
_COUNTED = ("files", "most_files_of_a_folder")


class NotMeasured(Exception):
    """There is no such result yet."""


@dataclass(frozen=True)
class Results:
    """The result files of a folder."""

    folder: Path

    def read(self, name: str) -> Json:
        """One result."""
        path = self.folder / name
        if not path.is_file():
            raise NotMeasured(name)
        found: Json = json.loads(path.read_text(encoding="utf-8"))
        return found


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; a column whose title ends with `>` is aligned to the right."""
    titles = [title.removesuffix(">") for title in head]
    marks = ["---:" if title.endswith(">") else "---" for title in head]
    return "\n".join("| " + " | ".join(map(str, row)).strip() + " |" for row in (titles, marks, *rows))


def shown(number: float) -> str:
    """With three digits that count."""
    return f"{number:,.0f}" if number >= _WHOLE else f"{number:.3g}"


def verdict(promise: Promise) -> str:
    """Whether it is kept, to stand out where it is not."""
    return "kept" if promise.kept else "**not kept**"


def stages_of(case: Json) -> list[tuple[str, float]]:
    """The stages of a command and their shares of its CPU, the largest first."""
    whole = sum(cpu for _, cpu in case["stages"].values()) or 1
    shares = [(stage, cpu / whole) for stage, (_, cpu) in case["stages"].items()]
    return sorted(shares, key=lambda pair: -pair[1])


def reason(results: Results, promise: Promise) -> str:
    """What takes the time of a command whose promise is not kept: its largest stages."""
    if promise.kept or not promise.command:
        return ""
    case = results.read(PROFILE)["cases"].get(promise.command)
    return words_of(stages_of(case)[:_REASONS]) if case else ""


def words_of(stages: Iterable[tuple[str, float]]) -> str:
    """Stages with their shares."""
    return ", ".join(f"{stage} {share * 100:.0f} %" for stage, share in stages)


def promise_table(results: Results, promises: Iterable[Promise]) -> str:
    """A table of what was promised and what came out."""
    return table(
        ["promise", "limit>", "measured>", "", "most of its time"],
        (
            (
                one.what,
                f"{'≥' if one.at_least else '≤'} {shown(one.limit)}",
                shown(one.found),
                verdict(one),
                reason(results, one),
            )
            for one in promises
        ),
    )


def building_promises(results: Results, _: str) -> str:
    """The promises about building and planning, of both sizes."""
    small = results.read("building.json")
    costs, facts = small["costs"], small["facts"]
    found = [*of_building(costs, facts), *of_merging(costs, facts), *of_planning(costs, facts)]
    found += of_starting(costs)
    try:
        large = results.read("million.json")
    except NotMeasured:
        return promise_table(results, found)
    found += of_planning(large["costs"], large["facts"])
    found += of_growing(large["costs"], large["partners"], costs, small["partners"])
    return promise_table(results, found)


def costs(results: Results, word: str) -> str:
    """All cases of a result of `building.py`."""
    return table(
        ["", "wall, s>", "spread>", "processor, s>", "peak, MiB>", "rounds>"],
        (
            (
                name,
                f"{cost['wall_s']:,.2f}",
                spread(cost),
                f"{cost['cpu_s']:,.2f}",
                f"{cost['peak_mib']:,.0f}",
                cost["rounds"],
            )
            for name, cost in results.read(f"{word}.json")["costs"].items()
        ),
    )


def spread(cost: Mapping[str, float]) -> str:
    """The least and the most wall time."""
    return f"{cost['least_wall_s']:,.2f} to {cost['most_wall_s']:,.2f}"


def building_setup(results: Results, _: str) -> str:
    """What was measured, and on which machine."""
    small = results.read("building.json")
    versions = ", ".join(f"{name} {version}" for name, version in small["versions"].items())
    return f"{small['partners']:,} partners. {small['machine']}. {versions}."


def building_sizes(results: Results, _: str) -> str:
    """What the programs write, and the rates that follow."""
    small = results.read("building.json")
    costs, facts = small["costs"], small["facts"]
    rows = [
        ("files of `output/`", f"{facts['output_files']:,}"),
        ("size of `output/`", f"{facts['output_mib']:,.0f} MiB"),
        ('files of `output/` with `access = "plain"`', f"{facts['plain_output_files']:,}"),
        (
            "processor time of `build`, of the floor's",
            f"{costs['build']['cpu_s'] / costs['floor']['cpu_s']:.1f}",
        ),
        (
            "notices a second that `plan` renders, with HTML, text and an attached file",
            shown(facts["notices"] / costs["plan"]["wall_s"]),
        ),
        (
            f"messages a second that mailmerge renders, of {facts['mailmerge_messages']:,}",
            shown(facts["mailmerge_messages"] / costs["mailmerge"]["wall_s"]),
        ),
    ]
    return table(["", ">"], rows)


def million_sizes(results: Results, _: str) -> str:
    """How much a large site takes on the disk."""
    facts = results.read("million.json")["facts"]
    return (
        f"`output/` takes {facts['output_mib']:,.0f} MiB in {facts['output_files']:,} files; `private/` with "
        f"snapshot, sealed shards\nand one plan takes {facts['private_mib']:,.0f} MiB."
    )


def waiting(results: Results, _: str) -> str:
    """What people wait for, beside an earlier version."""
    found = results.read("waiting.json")
    rows = []
    for promise in of_waiting(found["costs"]):
        now, before = found["costs"][promise.what], found["costs"].get(promise.what + EARLIER)
        rows.append(
            (
                promise.what,
                f"{now['wall_s']:.2f}",
                spread(now),
                f"{now['cpu_s']:.2f}",
                f"{before['wall_s']:.2f}" if before else "",
                f"{now['wall_s'] / before['wall_s']:.2f}" if before else "",
                f"≤ {promise.limit}",
                verdict(promise),
                reason(results, promise),
            )
        )
    head = ["wait", "s>", "spread>", "CPU s>", "earlier, s>", "ratio>", "wanted, s>", "", "most of its time"]
    return (
        f"{found['partners']:,} partners. {found['machine']}. The earlier version is `{found['against']}`. "
        "Medians of [waiting.json](waiting.json):\n\n"
        f"{table(head, rows)}"
    )


def stages(results: Results, word: str) -> str:
    """The commands with CPU seconds and largest stages."""
    found = results.read(f"stages-{word}.json")
    rows = (
        (case, f"{one['cpu_s']:.2f}", words_of(pair for pair in stages_of(one) if pair[1] >= _SHOWN))
        for case, one in found["cases"].items()
    )
    return table([f"command, {found['partners']:,} partners", "CPU s>", "stages from 5 %"], rows)


def unseen(results: Results, _: str) -> str:
    """How much of the CPU no stage covers."""
    names = sorted(path.name for path in results.folder.glob("stages-*.json"))
    shares = [
        dict(stages_of(case)).get("not seen", 0.0)
        for name in names
        for case in results.read(name)["cases"].values()
    ]
    most = max(shares, default=0.0)
    return f"Of the CPU that the operating system counted, at most {most * 100:.1f} % of a command is in no stage."


def growing(results: Results, _: str) -> str:
    """What pages cost that did not change, by the number of announcements."""
    found = results.read("growing.json")
    rows = [
        (
            name,
            *(
                f"{by_count[count]:.2f}" if count in by_count else ""
                for count in map(int, found["announcements"])
            ),
        )
        for name, by_count in growing_curves(results).items()
    ]
    drawing = "![CPU seconds over the number of announcements](../benchmarks/growing.svg)"
    cards = "With cards" if found["cards"] else "Without cards"
    head = ["CPU s", *(f"{int(count):,} announcements>" for count in found["announcements"])]
    said = f"{cards}. {found['machine']}. Result: [growing.json](../benchmarks/growing.json)."
    return f"{said}\n\n{table(head, rows)}\n\n{drawing}"


def growing_curves(results: Results) -> dict[str, dict[int, float]]:
    """CPU seconds by case and maker, over the number of announcements."""
    curves: dict[str, dict[int, float]] = {}
    for count, by_maker in results.read("growing.json")["announcements"].items():
        for maker, by_case in by_maker.items():
            for case, cost in by_case.items():
                name = case if maker == "now" else f"{case}, {maker}"
                curves.setdefault(name, {})[int(count)] = cost["cpu_s"]
    return curves


def announcement_promises(results: Results, _: str) -> str:
    """The promises about many announcements."""
    by_count = results.read("growing.json")["announcements"]
    if "2000" not in by_count:
        raise NotMeasured("2,000 announcements in growing.json")
    return promise_table(results, of_announcements(by_count["2000"]))


def ledger(results: Results, _: str) -> str:
    """A large ledger, read and computed."""
    found = results.read("ledger.json")
    rows = [
        ("CSV files", f"{found['csv_mib']:,.0f} MiB"),
        ("read, validate and freeze", f"{found['read_validate_freeze_s']:,.0f} s"),
        ("snapshot on disk", f"{found['snapshot_mib']:,.0f} MiB"),
        (
            f"compute {found['partners']:,} statements of {found['sales'] / found['partners']:.0f} sales",
            f"{found['compute_s']:,.0f} s, {found['us_per_partner']:,.0f} µs each",
        ),
        ("peak memory", f"{found['peak_mib']:,.0f} MiB"),
    ]
    return table(["", ">"], rows)


def sending(results: Results, _: str) -> str:
    """Rates of sending, and their ratios."""
    found = results.read("sending.json")
    rows = [
        ("SMTP, with durable claims", f"{found['smtp_per_s']:,}"),
        ("`smtp-source`, one kept session", f"{found['smtp_source_per_s']:,}"),
        ("`mailmerge`", f"{found['mailmerge_per_s']:,.0f}"),
        ("rows in durable commits of a group", f"{found['disk_group_commit_rows_per_s']:,}"),
        ("SendGrid's interface, answered after 50 ms", f"{found['sendgrid_after_50_ms_per_s']:,}"),
    ]
    head = f"{found['notices']:,} messages of {found['message_bytes']:,} bytes"
    return (
        f"{table([head, 'messages a second>'], rows)}\n\n{promise_table(results, of_sending(found))}\n\n"
        f"SMTP reaches {found['smtp_to_mailmerge']:.0f} times `mailmerge`."
    )


def start_up(results: Results, _: str) -> str:
    """Short commands beside an earlier version."""
    rows = (
        (
            f"`{name}`",
            f"{one['ours_cpu_s']:.2f}",
            f"{one['ratio']:.2f}",
            one["ours_modules"],
            one["other_modules"],
        )
        for name, one in results.read("start_up.json").items()
        if isinstance(one, dict)
    )
    head = ["command", "seconds of processor time>", "share of the earlier version>", "modules>"]
    return table([*head, "modules of the earlier version>"], rows)


def preview(results: Results, _: str) -> str:
    """A change of a text, seen in the preview."""
    found = results.read("preview.json")
    rows = [
        ("from the change until it is visible, median", f"{found['median_s']:.2f} s"),
        (f"the slowest of {found['changes']}", f"{found['slowest_s']:.2f} s"),
        ("a manual reload of the same page, median", f"{found['reload_by_hand_median_s']:.2f} s"),
        ("the preview's processor time for one change", f"{found['preview_cpu_s_per_change']:.2f} s"),
    ]
    return table(["", ">"], rows)


def studio(results: Results, _: str) -> str:
    """Pages of the studio."""
    found = results.read("studio.json")
    rows = []
    for promise in of_studio(found["pages"]):
        times = (found["pages"][promise.what][field] for field in ("first_s", "median_s", "slowest_s"))
        milliseconds = [f"{one * 1000:,.0f} ms" for one in (*times, promise.limit)]
        rows.append((promise.what, *milliseconds, verdict(promise)))
    said = (
        f"{found['partners']:,} partners, a plan of {found['recipients']:,} notices. The figures are ready "
        f"{found['ready_s']:.0f} s after the start."
    )
    return f"{said}\n\n{table(['page', 'first time>', 'median>', 'slowest>', 'wanted>', ''], rows)}"


def events(results: Results, _: str) -> str:
    """Events taken in."""
    found = results.read("events.json")
    rows = [
        ("events a second", f"{found['events_per_second']:,}"),
        (f"the service's processor time for {found['events']:,} events", f"{found['cpu_seconds']:.2f} s"),
        ("events a second of it", f"{found['events_per_cpu_second']:,}"),
    ]
    return table(["", ">"], rows)


def lighthouse(results: Results, _: str) -> str:
    """Points of Lighthouse."""
    pages = results.read("lighthouse.json")["pages"]
    fields = ("performance", "accessibility", "best-practices", "seo")
    return table(
        ["page", "performance>", "accessibility>", "best practices>", "SEO>"],
        ((page, *(points[field] for field in fields)) for page, points in pages.items()),
    )


def scaling_memory(results: Results, _: str) -> str:
    """Peak memory of each stage by size, and what follows: the stage that fills a machine first comes first."""
    sizes = _sizes(results)
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


def scaling_time(results: Results, _: str) -> str:
    """CPU of each stage by size, and what follows."""
    sizes = _sizes(results)
    rows = []
    for stage in sizes[min(sizes)]["costs"]:
        line = _line(sizes, "costs", stage, "cpu_s")
        spent = (_cost(one, stage, "cpu_s", 1) for one in sizes.values())
        rows.append((stage, *spent, f"{line.slope * 1000:,.2f}", f"{line.at(_MANY) / 3600:,.1f}"))
    head = [f"CPU s at {count:,}>" for count in sizes]
    return table(["stage", *head, "ms a partner>", "hours at ten million>"], rows)


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


def scaling_files(results: Results, _: str) -> str:
    """Open files, which do not grow."""
    most = {
        count: max(cost["open_files"] for cost in one["costs"].values())
        for count, one in _sizes(results).items()
    }
    words = ", ".join(f"{files} at {count:,} partners" for count, files in most.items())
    return f"The most files that one process had open at a time: {words}."


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
    return {int(count): one for count, one in results.read("scaling.json")["sizes"].items()}


def _line(sizes: Mapping[int, Json], group: str, name: str, field: str) -> Line:
    """The line through the two largest sizes that were measured; small ones have other limits, such as few shards."""
    measured = [
        (count, sizes[count][group][name][field]) for count in sorted(sizes) if name in sizes[count][group]
    ]
    (fewer, low), (more, high) = measured[-2:]
    slope = (high - low) / (more - fewer)
    return Line(high - slope * more, slope)


TABLES: Mapping[str, Callable[[Results, str], str]] = {
    made.__name__: made
    for made in (
        announcement_promises,
        building_promises,
        building_setup,
        building_sizes,
        costs,
        events,
        growing,
        ledger,
        lighthouse,
        million_sizes,
        preview,
        scaling_disk,
        scaling_files,
        scaling_memory,
        scaling_million,
        scaling_time,
        sending,
        stages,
        start_up,
        studio,
        unseen,
        waiting,
    )
}
