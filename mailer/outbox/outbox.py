"""The durable queue: plans, approvals, where every notice stands, and what people and providers said.

Every move of a notice goes by the table in `states`; a statement that would move one from another
status changes no row and is an error.
"""

from collections.abc import Iterable
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Final, Self

from mailer.addresses import address_digest, address_key
from mailer.batch.batch import Batch, Recipient
from mailer.batch.header import instant_text
from mailer.delivery.retries import Settlement
from mailer.errors import (
    ApprovalRefused,
    DecisionRefused,
    OtherDigest,
    OutboxError,
    PlanCancelled,
    SendRefused,
)
from mailer.outbox.database import (
    Database,
    Row,
    Values,
    run_once_each,
)
from mailer.outbox.erasing import Erasing, is_pseudonym
from mailer.outbox.fates import Accounts
from mailer.outbox.intake import Reporting
from mailer.outbox.moves import move, next_due, registered
from mailer.outbox.receipts import Receipts
from mailer.outbox.records import (
    Decision,
    Handed,
    NoticeAt,
    PlanRecord,
    Standing,
    Told,
    told_record,
)
from mailer.outbox.sqlite import SqliteDatabase
from mailer.rules.approval import Approval, approval_refusal
from mailer.rules.pace import domain_of
from mailer.rules.states import TRANSITIONS, Cause, Status
from mailer.rules.suppression import Suppressed, Suppression, SuppressionReason
from mailer.rules.windows import Waiting, first_start, next_window
from rewards import Category

_AT_ONCE: Final = 5_000  # notices that are entered in one call
_SQLITE: Final = "sqlite:///"
_POSTGRESQL: Final = ("postgresql://", "postgres://")
_DECISIONS: Final[dict[Decision, Cause]] = {"resend": Cause.PERSON_RESENDS, "give-up": Cause.PERSON_GIVES_UP}


def outbox_file(url: str) -> Path:
    """The file that `sqlite:///relative` or `sqlite:////absolute` names.

    OutboxError for any other address.
    """
    if not url.startswith(_SQLITE) or url == _SQLITE:
        scheme = url.partition(":")[0]
        raise OutboxError(
            f"outbox: {scheme}: is not supported; write sqlite:///path/to/outbox.sqlite or postgresql://host/database"
        )
    return Path(url.removeprefix(_SQLITE))


class Outbox(Reporting, Accounts, Erasing):
    """An open outbox; close it, or use it in a `with`. To be used by the thread that opened it."""

    @classmethod
    def open(cls, place: Path | str, receipts: Path | None = None) -> Self:
        """The outbox at a path, a `sqlite:///` or a `postgresql://` address, made if it is not there (or OutboxError).

        Its receipts are kept in the file `receipts`; by default beside an SQLite file, or in `outbox.receipts`.
        """
        if isinstance(place, str) and place.startswith(_POSTGRESQL):
            return cls(_postgresql(place), Receipts(receipts or Path("outbox.receipts")))
        file = place if isinstance(place, Path) else outbox_file(place)
        own = file.with_name(f"{file.name}.receipts")
        return cls(SqliteDatabase.open(file), Receipts(receipts or own))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    # Plans

    def register(self, batch: Batch, at: datetime, recipients: Iterable[Recipient] | None = None) -> None:
        """Enter a frozen plan, every notice `ready`.

        `recipients` are those of the batch, if whoever froze it kept them: to read them takes longer than all else.
        Again with the same batch does nothing; with another is OtherDigest.
        """
        header = batch.header
        plan: dict[str, str | int | None] = {
            "plan": header.plan,
            "campaign": header.campaign,
            "edition": header.edition,
            "category": header.category,
            "corrections": int(header.corrections),
            "digest": header.digest,
            "made_by": header.made_by,
            "made_at": instant_text(header.made_at),
            "send_at": None if header.send_at is None else instant_text(header.send_at),
            "planned": len(batch),
            "at": instant_text(at),
        }
        with self._database.transaction():
            known = self._database.rows("plan", {"plan": header.plan})
            if known and known[0]["digest"] != header.digest:
                raise OtherDigest(header.plan, "another batch was registered under this name; plan again")
            if known:
                return
            self._database.run("insert_plan", plan)
            everyone = iter(batch.recipients() if recipients is None else recipients)
            while some := list(islice(everyone, _AT_ONCE)):
                rows = [_new_notice(batch, one, plan) for one in some]
                run_once_each(self._database, "insert_notice", rows)

    def plan(self, plan: str) -> PlanRecord:
        """A registered plan; UnknownPlan if there is none."""
        return registered(self._database, plan)

    def plans(self) -> list[PlanRecord]:
        """All registered plans, the oldest first."""
        return [self.plan(row["plan"]) for row in self._database.rows("plans", {})]

    def approve(self, plan: str, digest: str, by: str, at: datetime, *, self_approval: bool = False) -> None:
        """Record that `by` approved the plan with this digest.

        ApprovalRefused, OtherDigest or PlanCancelled if that cannot be.
        """
        record = self.plan(plan)
        refusal = approval_refusal(record.made_by, by, self_approval=self_approval)
        if refusal is not None:
            raise ApprovalRefused(plan, by, refusal)
        if digest != record.digest:
            raise OtherDigest(
                plan, f"its digest is {record.digest}, the one to approve is {digest}; look at the plan again"
            )
        if record.standing == "cancelled":
            raise PlanCancelled(plan)
        with self._database.transaction():
            self._database.run(
                "insert_approval", {"plan": plan, "digest": digest, "by": by.strip(), "at": instant_text(at)}
            )

    def approvals(self, plan: str) -> list[Approval]:
        """Every approval of the plan, the oldest first."""
        rows = self._database.rows("approvals", {"plan": plan})
        return [Approval(row["digest"], row["approved_by"], row["approved_at"]) for row in rows]

    def pause(self, plan: str) -> None:
        """Let nothing more of the plan be claimed until it is resumed; what is on its way is settled."""
        self._stand(plan, "paused")

    def resume(self, plan: str) -> None:
        """Let a paused plan go on."""
        self._stand(plan, "open")

    def start_late(self, plan: str, by: str, at: datetime) -> None:
        """Record that a named person lets the plan begin after its latest start; SendRefused without a name."""
        if not by.strip():
            raise SendRefused(plan, "to begin it late takes the name of who decides so; give it")
        with self._database.transaction():
            self._database.run("set_late_start", {"plan": plan, "by": by.strip(), "at": instant_text(at)})

    def cancel(self, plan: str, at: datetime) -> int:
        """End the plan for good: all that is `ready` is skipped. Gives how many that were."""
        with self._database.transaction():
            self._set_standing(plan, "cancelled")
            was, became, _ = TRANSITIONS[Cause.CANCELLATION]
            values = {
                "plan": plan,
                "was": was,
                "became": became,
                "reason": "cancelled",
                "at": instant_text(at),
            }
            return self._database.run("move_all", values)

    # What is known

    def next_due(self, plan: str, now: datetime) -> str | None:
        """The earliest instant (text) at which a ready notice may be claimed.

        Empty for at once, None if none is ready.
        """
        return next_due(self._database, plan, instant_text(now))

    def next_window(self, plan: str, now: datetime) -> str:
        """When the first window opens (text), if all that is ready of the plan waits for one; else empty."""
        rows = self._database.rows("waiting", {"plan": plan})
        groups = (Waiting(row["send_window"], row["notices"], row["not_before"]) for row in rows)
        return next_window(groups, now)

    def first_start(self, record: PlanRecord) -> datetime | None:
        """When the plan may begin: its `due_at`, or the first window after it; None for at once."""
        if record.due_at is None:
            return None
        rows = self._database.rows("windows", {"plan": record.plan})
        return first_start(record.due_at, [row["send_window"] for row in rows])

    def handed_by_day(self, transport: str, since: date) -> dict[str, int]:
        """How many notices left by a transport, or may have, on each day (text, UTC) from `since` on."""
        values = {"transport": transport, "since": since.isoformat()}
        return {row["day"]: row["notices"] for row in self._database.rows("handed_by_day", values)}

    def counts(self, plan: str) -> dict[Status, int]:
        """How many notices stand at each status, all statuses named; the sum is the plan's `planned`."""
        self.plan(plan)
        found = {
            Status(row["status"]): int(row["notices"])
            for row in self._database.rows("counts", {"plan": plan})
        }
        return {status: found.get(status, 0) for status in Status}

    def notices_at(self, plan: str, status: Status) -> list[NoticeAt]:
        """The notices that stand at a status, by partner id: `unknown` are those that need a person."""
        rows = self._database.rows("notices_at", {"plan": plan, "status": status})
        return [NoticeAt(row["partner_id"], row["reason"], row["changed_at"]) for row in rows]

    def reasons(self, plan: str) -> dict[Status, dict[str, int]]:
        """Of each status the reasons with their counts, where there are any."""
        found: dict[Status, dict[str, int]] = {}
        for row in self._database.rows("reasons", {"plan": plan}):
            found.setdefault(Status(row["status"]), {})[row["reason"]] = int(row["notices"])
        return found

    def handed(self, campaign: str, edition: int) -> frozenset[str]:
        """Partners whom some plan handed this edition: accepted, sending or unknown."""
        rows = self._database.rows("handed", {"campaign": campaign, "edition": edition})
        return frozenset(row["partner_id"] for row in rows)

    def handed_last(self, campaign: str) -> dict[str, Handed]:
        """By partner, what the campaign handed it last, in whatever edition; what is not accepted yet comes first.

        Nobody who was forgotten is among them.
        """
        found: dict[str, Handed] = {}
        for row in self._database.rows("handed_last", {"campaign": campaign}):
            if is_pseudonym(row["partner_id"]):
                continue
            found.setdefault(row["partner_id"], Handed(row["plan"], Status(row["status"])))
        return found

    def told(self, partner_id: str) -> list[Told]:
        """Every notice that was planned for a partner, the oldest first, with its attempts and decisions."""
        return [
            self._told(row, partner_id) for row in self._database.rows("told", {"partner_id": partner_id})
        ]

    # People

    def resolve(
        self, plan: str, partner_id: str, decision: Decision, *, by: str, reason: str, at: datetime
    ) -> None:
        """A named person settles an unknown notice.

        DecisionRefused if it is not unknown, or name or reason are missing.
        """
        self.plan(plan)
        by, reason = by.strip(), reason.strip()
        if not by or not reason:
            raise DecisionRefused(plan, partner_id, "it needs a name and a reason; give both")
        cause = _DECISIONS[decision]
        key: dict[str, str | int | None] = {"plan": plan, "partner_id": partner_id, "at": instant_text(at)}
        with self._database.transaction():
            rows = self._database.rows("status_of", key)
            if not rows:
                raise DecisionRefused(
                    plan, partner_id, "the plan holds no notice to this partner; check the id"
                )
            if rows[0]["status"] != TRANSITIONS[cause].was:
                why = f"the notice is {rows[0]['status']}; only an unknown one needs a decision"
                raise DecisionRefused(plan, partner_id, why)
            self._database.run("insert_decision", {**key, "decision": decision, "by": by, "reason": reason})
            settled = Settlement(partner_id, cause, f"{decision} by {by}: {reason}")
            move(self._database, plan, [settled], instant_text(at))

    def suppress(self, address: str, reason: SuppressionReason, source: str, at: datetime) -> None:
        """Never write to `address` again (announcements only, if the reason is `unsubscribed`)."""
        values = {"address": address, "reason": reason, "source": source, "at": instant_text(at)}
        with self._database.transaction():
            self._database.run("insert_suppression", {"address_key": address_key(address), **values})

    def unsuppress(self, address: str) -> int:
        """Forget every suppression of `address`; how many there were."""
        with self._database.transaction():
            return self._database.run("delete_suppressions", _keys(address))

    def suppressions(self) -> list[Suppression]:
        """All of them, sorted by address."""
        rows = self._database.rows("suppressions", {})
        return [Suppression(*(row[name] for name in row.keys())) for row in rows]  # noqa: SIM118 - no mapping

    def suppressed(self, category: Category) -> Suppressed:
        """To which addresses no message of `category` may go, as of now."""
        rows = self._database.rows("suppression_reasons", {})
        return Suppressed.of(category, ((row["address_key"], row["reason"]) for row in rows))

    def _told(self, row: Row, partner_id: str) -> Told:
        key = {"plan": row["plan"], "partner_id": partner_id}
        return told_record(row, self._database.rows("attempts", key), self._database.rows("decisions", key))

    def _stand(self, plan: str, standing: Standing) -> None:
        with self._database.transaction():
            self._set_standing(plan, standing)

    def _set_standing(self, plan: str, standing: Standing) -> None:
        self.plan(plan)
        if not self._database.run("set_standing", {"plan": plan, "standing": standing}):
            raise PlanCancelled(plan)


def _keys(address: str) -> Values:
    return {"address_key": address_key(address), "address_digest": address_digest(address)}


def _postgresql(url: str) -> Database:
    try:
        from mailer.outbox.postgresql import PostgresqlDatabase  # noqa: PLC0415 - an optional part, which most sites lack
    except ImportError as error:
        raise OutboxError("outbox: postgresql: needs psycopg; install offerpress[postgresql]") from error
    return PostgresqlDatabase.open(url)


def _new_notice(batch: Batch, recipient: Recipient, plan: Values) -> Values:
    partner_id, address, window = recipient.partner_id, address_key(recipient.to_address), recipient.window
    shared = {name: plan[name] for name in ("plan", "campaign", "edition", "corrections", "at")}
    own = {"partner_id": partner_id, "key": batch.key(partner_id), "address_key": address}
    return {**own, "domain": domain_of(address), "window": window, **shared}


# Where a plan stands, as the command line reports it.


def status_json(outbox: Outbox, plan: str) -> dict[str, str | int]:
    """`plan`, `planned` and one count for each status, whose sum is `planned`; then what `fates_json` gives."""
    record = outbox.plan(plan)
    counts = {status.value: number for status, number in outbox.counts(plan).items()}
    return {"plan": plan, "planned": record.planned, **counts, **fates_json(outbox, plan)}


def fates_json(outbox: Outbox, plan: str) -> dict[str, int]:
    """Of the accepted, how many became what; `untold` has no events yet, and all these add up to the accepted.

    Beside them `unsubscribed`: of how many notices the recipient unsubscribed, whatever else became of them.
    """
    fates = {kind.value: number for kind, number in outbox.fates(plan).items()}
    untold = outbox.counts(plan)[Status.ACCEPTED] - sum(fates.values())
    return {**fates, "untold": untold, "unsubscribed": outbox.unsubscribed(plan)}
