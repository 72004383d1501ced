"""The mailer.

Freezes notices into a batch and sends an approved one, handing each partner over at most once.
"""

from typing import TYPE_CHECKING

from rewards.faces import lazy_face

if TYPE_CHECKING:
    from mailer.batch.batch import Batch, Recipient, batch_file
    from mailer.batch.batch_header import (
        BatchHeader,
        CurrencyTotals,
        message_key,
        notice_digest,
        with_own_headers,
    )
    from mailer.batch.compression import DeflatedMessage, Deflater, PreparedMessage, dictionary_of
    from mailer.batch.freezing import erase_messages, freeze_deflated, prepare_message
    from mailer.batch.mime import message_bytes
    from mailer.batch.unsubscribe import UnsubscribeMethods, UnsubscribeTokens
    from mailer.delivery.delivery import check_sendable, deliver, start_late, stop_on_signals
    from mailer.delivery.fencing import withdraw
    from mailer.delivery.retries import Timing, timing
    from mailer.delivery.run import Delivery
    from mailer.errors import BatchError, MailerError, UnknownPlan
    from mailer.events.events import DELIVERY_RESULTS, Event, EventKind, delivery_result, recipient_events
    from mailer.events.inboxes import ImapInbox, Inbox, MaildirInbox
    from mailer.outbox.database import SendingProcess
    from mailer.outbox.delivery_results import EventRecord, Failure, NoticeAccount
    from mailer.outbox.intake import Intake
    from mailer.outbox.outbox import Outbox, outbox_file, results_json
    from mailer.outbox.records import NoticeAt, NoticeHistory, PlanRecord
    from mailer.providers.sendgrid.events import read_events
    from mailer.providers.sendgrid.transport import DEFAULT_BASE_URL, SendGridTransport
    from mailer.rules.fences import Fence, FenceProvider
    from mailer.rules.states import Cause, Status, instant_text
    from mailer.rules.suppression import (
        Suppressed,
        Suppression,
        SuppressionReason,
        is_digest,
        is_pseudonym,
        pseudonym,
    )
    from mailer.settings import MailSettings, TransportName
    from mailer.transports.base import Attempt, Transport
    from mailer.transports.dkim_signing import Signer, signer
    from mailer.transports.folder import FolderTransport
    from mailer.transports.smtp import SmtpTransport
else:
    __getattr__, __all__ = lazy_face(__name__)
