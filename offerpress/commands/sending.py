"""The commands of a plan's life after approval: `send`, `withdraw`, `cancel`, `pause`, `resume`."""

import getpass
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import click

from mailer import Delivery, MailerError, Outbox, Status, TransportName, stop_on_signals, withdraw
from offerpress.log import log
from offerpress.options import command, json_option, site_at, site_option
from offerpress.plans.sending import (
    Sending,
    due_plans,
    fences_of,
    held_plans,
    rounds,
    send_plan,
    send_sample,
    waiting_plans,
)
from offerpress.site.folder import OfferpressError
from offerpress.terminal import count, say, show_json
from rewards import RewardsError

TRANSPORTS = click.Choice(get_args(TransportName))


@command(
    "send",
    "year-end-credit-1.1",
    "--due --watch",
    "year-end-credit-1.1 --test me@vendor.example --partner P-1001",
)
@click.argument("plan", required=False)
@click.option("--due", is_flag=True, help="Send every approved plan whose time has come.")
@click.option("--watch", is_flag=True, help="With --due: go on looking until interrupted.")
@click.option("--transport", type=TRANSPORTS, help="Override [mail] transport.")
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="Hand over at most N notices.")
@click.option("--late-by", metavar="NAME", help="Who lets PLAN begin after its latest start.")
@click.option("--fence", is_flag=True, help="Let the provider hold all of it back for an hour.")
@click.option("--test", "test_address", metavar="ADDRESS", help="Send one sample to ADDRESS only.")
@click.option("--partner", "partner_id", metavar="ID", help="With --test: whose message.")
@site_option
@json_option
def send_command(
    plan: str | None,
    transport: str | None,
    limit: int | None,
    late_by: str | None,
    test_address: str | None,
    partner_id: str | None,
    site_folder: Path | None,
    *,
    due: bool,
    watch: bool,
    fence: bool,
    as_json: bool,
) -> int:
    """Send PLAN, or all that is due; resumes after any crash and never hands a notice over twice."""
    _require_one_way(plan, late_by, test_address, partner_id, due=due, watch=watch)
    site = site_at(site_folder)
    way = site.transport(transport)
    if plan and test_address and partner_id:
        answer = send_sample(site, plan, partner_id, test_address, way, site.now)
        say(f"Sent one sample to {test_address}: {answer}")
        return 0
    with site.open_outbox() as outbox:

        def send(one: str, stop: threading.Event | None = None) -> Sending:
            return send_plan(
                site,
                outbox,
                one,
                way,
                limit=limit,
                late_by=late_by,
                fence=fence,
                clock=lambda: datetime.now(UTC),
                stop=stop,
            )

        if plan:
            return _report([send(plan)], as_json=as_json)
        later: dict[str, str] = {}
        with stop_on_signals() as stop:
            calls = [
                _send_due(outbox, lambda one: send(one, stop), later, as_json=as_json)
                for _ in rounds(stop, watch=watch)
            ]
        return max(calls)


def _require_one_way(
    plan: str | None,
    late_by: str | None,
    test_address: str | None,
    partner_id: str | None,
    *,
    due: bool,
    watch: bool,
) -> None:
    """Raise `UsageError` for options that exclude each other."""
    if (plan is None) != due or (watch and not due) or bool(test_address) != bool(partner_id):
        raise click.UsageError("name one PLAN, or --due; --watch goes with --due; --test with --partner")
    if (test_address or late_by is not None) and due:
        raise click.UsageError("--test and --late-by go with one PLAN")


def _send_due(outbox: Outbox, send: Callable[[str], Sending], later: dict[str, str], *, as_json: bool) -> int:
    """Send every due plan in turn. A refused plan is reported and does not stop the others.

    Plans that continue on a later day are added to `later`, and not tried again before.
    """
    done: list[Sending] = []
    refused = False
    for plan in due_plans(outbox, datetime.now(UTC), later):
        try:
            done.append(send(plan))
            later[plan] = done[-1].delivery.goes_on
        except (MailerError, RewardsError, OfferpressError) as error:
            say(f"error: {error}")
            log("refused", plan=plan, kind=type(error).__name__)
            refused = True
    for plan, opens in waiting_plans(outbox, datetime.now(UTC)).items():
        if not as_json and plan not in {one.delivery.plan for one in done}:
            say(f"{plan}: waits for its send window, from {opens} on")
    for plan in held_plans(outbox):
        say(f"{plan}: paused; offerpress resume {plan} lets it go on")
    return max(int(refused), _report(done, as_json=as_json))


def _report(done: list[Sending], *, as_json: bool) -> int:
    for one in done:
        log("delivery", **_log_facts(one))
    if as_json:
        show_json({"plans": [{"plan": one.delivery.plan, **_delivery_json(one)} for one in done]})
    elif not done:
        say("Nothing is due.")
    for one in () if as_json else done:
        delivery, ready, unknown = one.delivery, one.counts[Status.READY], one.counts[Status.UNKNOWN]
        stopped = f" (stopped: {delivery.stopped})" if delivery.stopped else ""
        did = ", ".join(f"{number:,} {name}" for name, number in _handed(delivery).items())
        say(f"{delivery.plan}: {did}; {ready:,} still ready{stopped}")
        if unknown:
            say(f"{count(unknown, 'notice')} unknown: `offerpress status {delivery.plan}` names them")
    return 1 if any(one.needs_person for one in done) else 0


def _log_facts(one: Sending) -> dict[str, str | int]:
    now = {f"now_{status.value}": number for status, number in one.counts.items()}
    delivery = one.delivery
    beside: dict[str, str | int] = {"refused": delivery.refused, "goes_on": delivery.goes_on}
    return {"plan": delivery.plan, **_handed(delivery), **beside, **now}


def _handed(delivery: Delivery) -> dict[str, int]:
    """Return how many notices the call handed over or skipped, by outcome."""
    return {
        "accepted": delivery.accepted,
        "rejected": delivery.rejected,
        "unknown": delivery.unknown + delivery.recovered,
        "skipped": delivery.skipped,
    }


def _delivery_json(one: Sending) -> dict[str, object]:
    delivery = one.delivery
    now = {status.value: number for status, number in one.counts.items()}
    return {
        **_handed(delivery),
        "stopped": delivery.stopped,
        "goes_on": delivery.goes_on or None,
        "now": now,
    }


@command("withdraw", "year-end-credit-1.1 --by Finn", "year-end-credit-1.1 --by Finn --json")
@click.argument("plan")
@click.option("--by", metavar="NAME", required=True, help="Who decides; it is kept.")
@site_option
@json_option
def withdraw_command(plan: str, by: str, site_folder: Path | None, *, as_json: bool) -> int:
    """Have the provider discard each fence of PLAN with an unknown notice, so that its notices are ready again."""
    site = site_at(site_folder)
    way = site.transport("sendgrid")
    with site.open_outbox() as outbox:
        done = withdraw(outbox, plan, fences_of(way), by, lambda: datetime.now(UTC))
        unknown = outbox.counts(plan)[Status.UNKNOWN]
    if as_json:
        late = [fence.key for fence in done.late]
        show_json(
            {"plan": plan, "fences": done.fences, "ready": done.ready, "late": late, "unknown": unknown}
        )
        return 1 if unknown else 0
    for fence in done.late:
        say(f"{plan}: too late for {fence.key}, which leaves at {fence.send_at.isoformat()}")
    ready = f"{count(done.ready, 'notice')} ready again, {unknown:,} unknown"
    say(f"{plan}: {count(done.fences, 'fence')} discarded by the provider: {ready}")
    return 1 if unknown else 0


by_option = click.option(
    "--by", metavar="NAME", help="Who decides (default: the system's user); it is kept with the instant."
)


@command("cancel", "year-end-credit-1.1 --by Finn", "year-end-credit-1.1 --site /srv/offers")
@click.argument("plan")
@by_option
@site_option
def cancel_command(plan: str, by: str | None, site_folder: Path | None) -> None:
    """Skip all of PLAN that is not handed over yet, for good."""
    _act(site_folder, by, lambda outbox, name, at: outbox.cancel(plan, name, at))
    say(f"{plan}: cancelled; what was handed over stays handed over")


@command("pause", "year-end-credit-1.1 --by Finn", "year-end-credit-1.1 --site /srv/offers")
@click.argument("plan")
@by_option
@site_option
def pause_command(plan: str, by: str | None, site_folder: Path | None) -> None:
    """Let nothing more of PLAN be handed over until it is resumed."""
    _act(site_folder, by, lambda outbox, name, at: outbox.pause(plan, name, at))
    say(f"{plan}: paused; offerpress resume {plan} lets it go on")


@command("resume", "year-end-credit-1.1 --by Finn", "year-end-credit-1.1 --site /srv/offers")
@click.argument("plan")
@by_option
@site_option
def resume_command(plan: str, by: str | None, site_folder: Path | None) -> None:
    """Let a paused PLAN go on."""
    _act(site_folder, by, lambda outbox, name, at: outbox.resume(plan, name, at))
    say(f"{plan}: resumed; offerpress send {plan} goes on")


def _act(site_folder: Path | None, by: str | None, act: Callable[[Outbox, str, datetime], object]) -> None:
    site = site_at(site_folder)
    if by is not None and not by.strip():
        raise click.UsageError("--by needs a name")
    with site.open_outbox() as outbox:
        act(outbox, by or getpass.getuser(), site.now)
