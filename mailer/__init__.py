"""The mailer.

Freezes notices into a batch and sends an approved one, handing each partner over at most once.
"""

from mailer.addresses import Mailbox, parse_mailbox, sendable
from mailer.approval import Approval
from mailer.batch import Batch, FrozenMessage, batch_file
from mailer.delivery import check_sendable, deliver, stop_on_signals
from mailer.errors import (
    ApprovalRefused,
    BatchError,
    BatchTampered,
    ConfigurationError,
    DecisionRefused,
    MailerError,
    NotApproved,
    NotDue,
    OtherDigest,
    OutboxError,
    OutboxOwned,
    PlanCancelled,
    PlanPaused,
    SendRefused,
    TooLate,
    UnknownPlan,
)
from mailer.freezing import freeze
from mailer.header import BatchHeader, Totals, with_own_headers
from mailer.mime import message_bytes
from mailer.outbox import Outbox, outbox_file
from mailer.records import NoticeAt, PlanRecord, Told
from mailer.run import Delivery
from mailer.settings import MailSettings, UnsubscribeSettings
from mailer.states import HANDED, TRANSITIONS, Cause, Status
from mailer.status import status_json
from mailer.suppression import Suppression, SuppressionReason, skip_reason
from mailer.transports import (
    Attempt,
    Connection,
    FolderTransport,
    Outcome,
    SmtpServer,
    SmtpTransport,
    Timeouts,
    Transport,
    parse_smtp_url,
)

__all__ = [
    "HANDED",
    "TRANSITIONS",
    "Approval",
    "ApprovalRefused",
    "Attempt",
    "Batch",
    "BatchError",
    "BatchHeader",
    "BatchTampered",
    "Cause",
    "ConfigurationError",
    "Connection",
    "DecisionRefused",
    "Delivery",
    "FolderTransport",
    "FrozenMessage",
    "MailSettings",
    "Mailbox",
    "MailerError",
    "NotApproved",
    "NotDue",
    "NoticeAt",
    "OtherDigest",
    "Outbox",
    "OutboxError",
    "OutboxOwned",
    "Outcome",
    "PlanCancelled",
    "PlanPaused",
    "PlanRecord",
    "SendRefused",
    "SmtpServer",
    "SmtpTransport",
    "Status",
    "Suppression",
    "SuppressionReason",
    "Timeouts",
    "Told",
    "TooLate",
    "Totals",
    "Transport",
    "UnknownPlan",
    "UnsubscribeSettings",
    "batch_file",
    "check_sendable",
    "deliver",
    "freeze",
    "message_bytes",
    "outbox_file",
    "parse_mailbox",
    "parse_smtp_url",
    "sendable",
    "skip_reason",
    "status_json",
    "stop_on_signals",
    "with_own_headers",
]
