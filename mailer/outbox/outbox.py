"""The durable queue: plans, approvals, the status of every notice, and what people and providers reported.

Every move of a notice follows the table in `rules/states.py`. A statement that would move a notice from another
status changes no row, which is an error.
"""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final, Self

from mailer.batch.batch import Batch, Recipient
from mailer.errors import ApprovalRefused, OtherDigest, OutboxError, PlanCancelled, SendRefused
from mailer.outbox.base import OutboxPart, Receipts
from mailer.outbox.claiming import Claiming
from mailer.outbox.database import OutboxDatabase, Parameters, run_once_each
from mailer.outbox.delivery_results import DeliveryResults
from mailer.outbox.erasing import Erasure
from mailer.outbox.intake import EventIntake, SuppressionList
from mailer.outbox.moves import record_act, registered
from mailer.outbox.notices import Notices
from mailer.outbox.records import PlanDecision, PlanRecord, PlanStanding
from mailer.outbox.sqlite import SqliteDatabase
from mailer.rules.approval import Approval, approval_refusal
from mailer.rules.domain_pace import domain_of
from mailer.rules.states import TRANSITIONS, Cause, Status, instant_text
from rewards import address_key

_AT_ONCE: Final = 5_000  # notices that one call enters
_SQLITE: Final = "sqlite:///"
_POSTGRESQL: Final = ("postgresql://", "postgres://")


def outbox_file(url: str) -> Path:
    """Return the file that `sqlite:///relative` or `sqlite:////absolute` names; OutboxError for another address."""
    if not url.startswith(_SQLITE) or url == _SQLITE:
        raise OutboxError(
            "outbox: the address is not supported; write sqlite:///path/to/outbox.sqlite or postgresql://host/database"
        )
    return Path(url.removeprefix(_SQLITE))


class Plans(OutboxPart):
    """The plans of an outbox, their approvals and their standing."""

    def register(self, batch: Batch, at: datetime, recipients: Iterable[Recipient] | None = None) -> None:
        """Enter a frozen plan, every notice `ready`.

        `recipients` are those of the batch, if the caller has them: reading them again takes longer than all else.
        Registering the same batch again does nothing; another batch under the same name is OtherDigest.
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
        """Return a registered plan; UnknownPlan if there is none."""
        return registered(self._database, plan)

    def plans(self) -> list[PlanRecord]:
        """Return all registered plans, the oldest first."""
        return [self.plan(row["plan"]) for row in self._database.rows("plans", {})]

    def approve(self, plan: str, digest: str, by: str, at: datetime, *, self_approval: bool = False) -> None:
        """Record that `by` approved the plan with this digest.

        Raises ApprovalRefused, OtherDigest or PlanCancelled.
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
        """Return every approval of the plan, the oldest first."""
        rows = self._database.rows("approvals", {"plan": plan})
        return [Approval(row["digest"], row["approved_by"], row["approved_at"]) for row in rows]

    def pause(self, plan: str, by: str, at: datetime) -> None:
        """Stop claiming from the plan until it is resumed; attempts under way are settled. `by` decides so."""
        with self._database.transaction():
            self._set_standing(plan, "paused")
            record_act(self._database, plan, "pause", by, at)

    def resume(self, plan: str, by: str, at: datetime) -> None:
        """Let a paused plan go on; `by` decides so."""
        with self._database.transaction():
            self._set_standing(plan, "open")
            record_act(self._database, plan, "resume", by, at)

    def acts(self, plan: str) -> list[PlanDecision]:
        """Return who cancelled, paused or resumed the plan, or had a fence of it discarded, the oldest first."""
        rows = self._database.rows("decisions_on_plan", {"plan": plan})
        return [PlanDecision(row["act"], row["decided_by"], row["decided_at"]) for row in rows]

    def start_late(self, plan: str, by: str, at: datetime) -> None:
        """Record who allowed the plan to begin after its latest start; SendRefused without a name."""
        if not by.strip():
            raise SendRefused(plan, "to begin it late takes the name of who decides so; give it")
        with self._database.transaction():
            self._database.run("set_late_start", {"plan": plan, "by": by.strip(), "at": instant_text(at)})

    def cancel(self, plan: str, by: str, at: datetime) -> int:
        """Cancel the plan for good and skip its `ready` notices; return how many. `by` decides so."""
        with self._database.transaction():
            self._set_standing(plan, "cancelled")
            record_act(self._database, plan, "cancel", by, at)
            was, became, _ = TRANSITIONS[Cause.CANCELLATION]
            values = {
                "plan": plan,
                "was": was,
                "became": became,
                "reason": "cancelled",
                "at": instant_text(at),
            }
            return self._database.run("move_all", values)

    def _set_standing(self, plan: str, standing: PlanStanding) -> None:
        self.plan(plan)
        if not self._database.run("set_standing", {"plan": plan, "standing": standing}):
            raise PlanCancelled(plan)


class Outbox(Plans, Claiming, Notices, SuppressionList, EventIntake, DeliveryResults, Erasure):
    """An open outbox; close it, or use it in a `with`. Only the thread that opened it may use it."""

    @classmethod
    def open(cls, place: Path | str, receipts: Path | None = None) -> Self:
        """Open the outbox at a path, a `sqlite:///` or a `postgresql://` address, and create it if it is missing.

        The file `receipts` holds its receipts; the default is a file beside the SQLite file, or `outbox.receipts`.
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
        """Close the database."""
        self._database.close()


def _postgresql(url: str) -> OutboxDatabase:
    try:
        from mailer.outbox.postgresql import PostgresqlDatabase  # noqa: PLC0415 - an optional part, which most sites lack
    except ImportError as error:
        raise OutboxError("outbox: postgresql: needs psycopg; install offerpress[postgresql]") from error
    return PostgresqlDatabase.open(url)


def _new_notice(batch: Batch, recipient: Recipient, plan: Parameters) -> Parameters:
    partner_id, address, window = recipient.partner_id, address_key(recipient.to_address), recipient.window
    shared = {name: plan[name] for name in ("plan", "campaign", "edition", "corrections", "at")}
    own = {"partner_id": partner_id, "key": batch.key(partner_id), "address_key": address}
    return {**own, "domain": domain_of(address), "window": window, **shared}


def results_json(outbox: Outbox, plan: str) -> dict[str, int]:
    """Count the accepted notices by delivery result.

    `untold` counts those without any event, so that all of these add up to the accepted. `unsubscribed` stands beside
    them: the notices whose recipient unsubscribed, whatever their result is.
    """
    results = {kind.value: number for kind, number in outbox.delivery_results(plan).items()}
    untold = outbox.counts(plan)[Status.ACCEPTED] - sum(results.values())
    return {**results, "untold": untold, "unsubscribed": outbox.unsubscribed(plan)}
