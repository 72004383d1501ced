"""What the connections' threads need of a delivery: the attempt at a candidate, and whether it may be made at all."""

from collections.abc import Callable
from datetime import datetime

from mailer.batch import Batch
from mailer.claims import Candidate
from mailer.fencing import Fences
from mailer.outbox import Outbox
from mailer.transports.base import Attempt, Mail, WrittenMail
from mailer.written_ahead import WrittenAhead


class Preparation:
    """For any thread. `now` is the delivery's clock; `ahead` has messages written out, where that is worth it."""

    def __init__(
        self,
        batch: Batch,
        outbox: Outbox,
        now: Callable[[], datetime],
        fences: Fences | None = None,
        ahead: WrittenAhead | None = None,
    ) -> None:
        self._batch, self._outbox, self._now = batch, outbox, now
        self._fences, self._ahead = fences, ahead

    def permit(self) -> None:
        """Raises `LeaseLost` where no message may leave any more."""
        self._outbox.require_lease(self._now())

    def attempt(self, candidate: Candidate) -> Attempt:
        """The attempt at a candidate."""
        frozen = self._batch.frozen(candidate.partner_id)
        fence = self._fences.of(candidate.fence) if self._fences is not None else None
        return Attempt(frozen.notice, frozen.message_id, frozen.key, self._now(), fence)

    def mail(self, candidate: Candidate) -> Mail:
        """The attempt at a candidate, for connections that need no more of it."""
        written = self._ahead.take(candidate.partner_id) if self._ahead is not None else None
        return self.attempt(candidate) if written is None else WrittenMail(*written, self._now())
