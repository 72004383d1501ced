"""The report on one plan: delivery over time, failures by reason, and what needs a person."""

from datetime import UTC, datetime
from pathlib import Path

from markupsafe import Markup

from generator import REPORT_POLICY, environment
from mailer import BatchError, EventKind, Failure, Outbox, Status, results_json
from offerpress.plans.status import minute, needs
from offerpress.reports.charts import ChartRow, stacked_bars, timeline, with_own_ids
from offerpress.site.site import Site
from offerpress.site.state import write_state
from offerpress.terminal import plain

_TEMPLATE = "reports/plan.html"
_FAILED = (EventKind.BOUNCED, EventKind.BLOCKED, EventKind.DROPPED, EventKind.COMPLAINED)
_MOST_ROWS = 100
_MOST_BARS = 14
_Failures = list[tuple[EventKind, Failure]]


def write_plan_report(site: Site, outbox: Outbox, plan: str, now: datetime) -> Path:
    """Write `private/reports/plan-PLAN.html` and return its path."""
    view = plan_view(site, outbox, plan, now)
    template = environment(site.template_folders, "en", kind="html").get_template(_TEMPLATE)
    # SVG from our own drawing library, which escapes every text in it.
    charts = {name: Markup(svg) for name, svg in _pictures(outbox, plan).items()}  # noqa: S704
    html = template.render(site_title=site.settings.site.title, policy=REPORT_POLICY, charts=charts, **view)
    path = site.make_private() / "reports" / f"plan-{plan}.html"
    write_state(path, html)
    return path


def plan_view(site: Site, outbox: Outbox, plan: str, now: datetime) -> dict[str, object]:
    """Return the report without its charts as texts and numbers."""
    counts, results = outbox.counts(plan), results_json(outbox, plan)
    open_needs, failures = needs(outbox, plan, site.settings.mail, now), _failures(outbox, plan)
    opens = outbox.next_window(plan, now)
    unsubscribed = results.pop("unsubscribed")
    return {
        "plan": plan,
        "planned": f"{outbox.plan(plan).planned:,}",
        "balanced": sum(counts.values()) == outbox.plan(plan).planned,
        "accepted": f"{counts[Status.ACCEPTED]:,}",
        "statuses": [
            {"name": status.value, "gloss": status.gloss, "notices": f"{number:,}"}
            for status, number in counts.items()
        ],
        "results": [{"name": name, "notices": f"{number:,}"} for name, number in results.items()],
        "unsubscribed": unsubscribed,
        "needs": open_needs[:_MOST_ROWS],
        "needs_more": max(0, len(open_needs) - _MOST_ROWS),
        "waits": opens and f"What is ready waits for its send window, from {opens} on; that needs nobody.",
        "failures": [
            {
                "domain": plain(one.domain),
                "kind": kind.value,
                "code": plain(one.code),
                "example": plain(one.example),
                "notices": f"{one.notices:,}",
            }
            for kind, one in failures[:_MOST_ROWS]
        ],
        "failures_more": max(0, len(failures) - _MOST_ROWS),
        "reasons": [
            {"status": status.value, "reason": plain(reason), "notices": f"{number:,}"}
            for status, found in outbox.reasons(plan).items()
            if status in {Status.REJECTED, Status.SKIPPED, Status.ABANDONED}
            for reason, number in sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_ROWS]
        ],
        "left_out": _left_out(site, plan),
        "facts": _facts(outbox, plan),
        "written_at": now.astimezone(UTC).isoformat(sep=" ", timespec="minutes").removesuffix("+00:00")
        + " UTC",
    }


def _failures(outbox: Outbox, plan: str) -> _Failures:
    found = [(kind, one) for kind in _FAILED for one in outbox.failures(plan, kind)]
    return sorted(found, key=lambda pair: (-pair[1].notices, pair[1].domain, pair[1].code, pair[0].value))


def _left_out(site: Site, plan: str) -> list[dict[str, str]]:
    """Return the numbers of partners without a notice, by reason; empty if the batch was pruned."""
    try:
        with site.open_batch(plan) as batch:
            return [
                {"reason": reason, "notices": f"{number:,}"}
                for reason, number in batch.header.skipped.items()
            ]
    except BatchError:
        return []


def _facts(outbox: Outbox, plan: str) -> list[tuple[str, str]]:
    record = outbox.plan(plan)
    approvals = ", ".join(f"{plain(one.by)} ({minute(one.at)})" for one in outbox.approvals(plan)) or "nobody"
    facts = [
        (
            "Campaign",
            f"{record.campaign}, edition {record.edition}" + (", corrections" if record.corrections else ""),
        ),
        ("Standing", record.standing),
        ("Made by", f"{plain(record.made_by)} ({minute(record.made_at)})"),
        ("Approved by", approvals),
        ("To be sent", record.send_at.isoformat() if record.send_at else "at once"),
        ("Begun late by", plain(record.late_by)),
        ("Digest", record.digest),
    ]
    return [(name, value) for name, value in facts if value]


def _pictures(outbox: Outbox, plan: str) -> dict[str, str]:
    course, bars = _course(outbox, plan), _bars(_failures(outbox, plan))
    kinds = list(dict.fromkeys(str(row["kind"]) for row in bars))
    drawn = {
        "course": timeline(course) if course else "",
        "failures": stacked_bars(bars, kinds, "notices") if bars else "",
    }
    return {name: with_own_ids(svg, name) for name, svg in drawn.items()}


def _course(outbox: Outbox, plan: str) -> list[ChartRow]:
    """Return the cumulative sum of each line at the end of every hour with events."""
    hours: dict[str, dict[str, int]] = {"accepted": outbox.accepted_hours(plan)}
    for one in outbox.event_hours(plan):
        name = one.kind.value if one.kind is EventKind.DELIVERED else "failed" if one.kind in _FAILED else ""
        if name:
            counted = hours.setdefault(name, {})
            counted[one.hour] = counted.get(one.hour, 0) + one.notices
    last = max((hour for counted in hours.values() for hour in counted), default="")
    rows: list[ChartRow] = []
    for name, counted in hours.items():
        total = 0
        for hour in sorted({*counted, last}) if counted else ():
            total += counted.get(hour, 0)
            rows.append({"line": name, "at": f"{hour}:59:00Z", "value": total})
    return rows


def _bars(failures: _Failures) -> list[ChartRow]:
    domains = list(dict.fromkeys(one.domain for _, one in failures))[:_MOST_BARS]
    rows: list[ChartRow] = []
    for rank, (kind, one) in enumerate(failures):
        if one.domain in domains:
            named = f"{kind.value} {plain(one.code)}".strip()
            rows.append({"bar": plain(one.domain), "kind": named, "value": one.notices, "rank": rank})
    return rows
