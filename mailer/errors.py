"""The errors of this package. A message names the subject, which one it is, the reason and the remedy."""

from datetime import datetime
from pathlib import Path


class MailerError(Exception):
    """The root of the errors of this package."""


class ConfigurationError(MailerError):
    """A transport cannot work as it is set up (address, password, certificate); the error concerns no single notice."""


class BatchError(MailerError):
    """A batch cannot be written or read."""

    def __init__(self, file: Path, what: str) -> None:
        super().__init__(f"batch: {file.name}: {what}")


class BatchTampered(BatchError):
    """A batch differs from what was frozen; `partner_id` names the changed message, None if it is no single one."""

    def __init__(self, file: Path, what: str, partner_id: str | None = None) -> None:
        self.partner_id = partner_id
        which = "" if partner_id is None else f"message to partner {partner_id!r}: "
        super().__init__(
            file, f"{which}{what}; restore the file from a backup or plan again, never repair it"
        )


class OutboxError(MailerError):
    """The outbox cannot be opened, or its content is inconsistent."""


class Collision(OutboxError):
    """Another process wrote a conflicting row first; nothing of this step was recorded, and it can be tried again."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(
            f"outbox: {name}: another process was faster ({why}); nothing was recorded, try again"
        )


class LeaseLost(OutboxError):
    """A sender was silent for longer than its lease, so that its claimed notices became unknown."""

    def __init__(self, sender: str) -> None:
        super().__init__(
            f"outbox: {sender}: its lease is over, what it claimed is unknown; see why it stood still, then send again"
        )


class UnknownPlan(OutboxError):
    """The outbox has no such plan."""

    def __init__(self, plan: str) -> None:
        self.plan = plan
        super().__init__(f"plan: {plan}: not in the outbox; 'status' lists the plans that are")


class OutboxRestored(OutboxError):
    """The outbox is older than its receipts, which hold `claims` that it does not know."""

    def __init__(self, name: str, serial: int, last: int, claims: int) -> None:
        super().__init__(
            f"outbox: {name}: is older than its receipts (serial {serial}, they go to {last}): it was restored from a "
            f"backup, and {claims} notices were claimed since; 'offerpress reconcile --by NAME' makes them unknown"
        )


class LostPlans(OutboxError):
    """The receipts name `claims` notices of plans that the outbox does not know."""

    def __init__(self, claims: int) -> None:
        super().__init__(
            f"outbox: {claims} notices were claimed of plans that it does not know; put their batches back into "
            "private/batches, then reconcile again"
        )


class OutboxOwned(OutboxError):
    """Another sender owns the outbox; it is identified by process id, host and start."""

    def __init__(self, pid: int, host: str, since: str) -> None:
        super().__init__(
            f"outbox: owned by process {pid} on {host} since {since}; wait for it or stop it, then send again"
        )


class ApprovalRefused(MailerError):
    """An approval of `plan` by `by` is not valid."""

    def __init__(self, plan: str, by: str, why: str) -> None:
        super().__init__(f"approval: {plan} by {by!r}: {why}")


class DecisionRefused(MailerError):
    """A person's decision does not fit the status of the notice."""

    def __init__(self, plan: str, partner_id: str, why: str) -> None:
        super().__init__(f"decision: {plan}, partner {partner_id!r}: {why}")


class SendRefused(MailerError):
    """The root of the errors that keep a whole plan from being sent; nothing was handed over."""

    def __init__(self, plan: str, why: str) -> None:
        super().__init__(f"send: {plan}: {why}")


class FenceRefused(MailerError):
    """A provider does not give a fence, or does not confirm that it discards one."""

    def __init__(self, why: str) -> None:
        super().__init__(f"fence: {why}")


class NotApproved(SendRefused):
    """The plan has no valid approval."""


class OtherDigest(SendRefused):
    """The batch's digest differs from the registered or approved one."""


class PlanPaused(SendRefused):
    """The plan is paused."""

    def __init__(self, plan: str) -> None:
        super().__init__(plan, f"it is paused; 'resume {plan}' lets it go on")


class PlanCancelled(SendRefused):
    """The plan was cancelled; this is final."""

    def __init__(self, plan: str) -> None:
        super().__init__(plan, "it was cancelled; plan the campaign again")


class NotDue(SendRefused):
    """The plan's `send_at` is in the future."""

    def __init__(self, plan: str, send_at: datetime) -> None:
        super().__init__(
            plan, f"not due before {send_at.isoformat()}; send it then, or plan it with another send_at"
        )


class TooLate(SendRefused):
    """The plan was not begun within its latest start after `send_at`."""

    def __init__(self, plan: str, send_at: datetime, hours: int) -> None:
        super().__init__(
            plan,
            f"due at {send_at.isoformat()} and not begun within {hours} hours; plan the campaign again, or "
            f"begin it late all the same with 'send {plan} --late-by NAME'",
        )
