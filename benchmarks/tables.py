"""The tables and sentences of the docs that are made from results: a function for each, from results to Markdown."""

from collections.abc import Mapping

from limits import (
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
from results import (
    NotMeasured,
    Results,
    made,
    promise_table,
    reason,
    shown,
    stages_of,
    table,
    verdict,
    words_of,
)

EARLIER = ", earlier version"
_SHOWN = 0.05  # a stage that takes less of a command is not named


@made
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


@made
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


@made
def building_setup(results: Results, _: str) -> str:
    """What was measured, and on which machine."""
    small = results.read("building.json")
    versions = ", ".join(f"{name} {version}" for name, version in small["versions"].items())
    return f"{small['partners']:,} partners. {small['machine']}. {versions}."


@made
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


@made
def million_sizes(results: Results, _: str) -> str:
    """How much a large site takes on the disk."""
    facts = results.read("million.json")["facts"]
    return (
        f"`output/` takes {facts['output_mib']:,.0f} MiB in {facts['output_files']:,} files; `private/` with "
        f"snapshot, sealed shards\nand one plan takes {facts['private_mib']:,.0f} MiB."
    )


@made
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


@made
def stages(results: Results, word: str) -> str:
    """The commands with CPU seconds and largest stages."""
    found = results.read(f"stages-{word}.json")
    rows = (
        (case, f"{one['cpu_s']:.2f}", words_of(pair for pair in stages_of(one) if pair[1] >= _SHOWN))
        for case, one in found["cases"].items()
    )
    return table([f"command, {found['partners']:,} partners", "CPU s>", "stages from 5 %"], rows)


@made
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


@made
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


@made
def announcement_promises(results: Results, _: str) -> str:
    """The promises about many announcements."""
    by_count = results.read("growing.json")["announcements"]
    if "2000" not in by_count:
        raise NotMeasured("2,000 announcements in growing.json")
    return promise_table(results, of_announcements(by_count["2000"]))


@made
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


@made
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


@made
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


@made
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


@made
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


@made
def events(results: Results, _: str) -> str:
    """Events taken in."""
    found = results.read("events.json")
    rows = [
        ("events a second", f"{found['events_per_second']:,}"),
        (f"the service's processor time for {found['events']:,} events", f"{found['cpu_seconds']:.2f} s"),
        ("events a second of it", f"{found['events_per_cpu_second']:,}"),
    ]
    return table(["", ">"], rows)


@made
def lighthouse(results: Results, _: str) -> str:
    """Points of Lighthouse."""
    pages = results.read("lighthouse.json")["pages"]
    fields = ("performance", "accessibility", "best-practices", "seo")
    return table(
        ["page", "performance>", "accessibility>", "best practices>", "SEO>"],
        ((page, *(points[field] for field in fields)) for page, points in pages.items()),
    )
