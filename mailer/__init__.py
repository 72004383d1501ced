"""The mailer.

Freezes notices into a batch and sends an approved one, handing each partner over at most once.
"""

from mailer.accounts import Account
from mailer.addresses import Mailbox, address_digest, is_digest, parse_mailbox, sendable
from mailer.approval import Approval
from mailer.batch import Batch, FrozenMessage, batch_file
from mailer.batch_erasing import erase_messages
from mailer.claims import Claimant, Turn
from mailer.deflating import Deflated, Deflating, Prepared, dictionary_of
from mailer.delivery import check_sendable, deliver, start_late, stop_on_signals
from mailer.erasing import Erased, is_pseudonym, pseudonym
from mailer.errors import (
    ApprovalRefused,
    BatchError,
    BatchTampered,
    ConfigurationError,
    DecisionRefused,
    FenceRefused,
    LostPlans,
    MailerError,
    NotApproved,
    NotDue,
    OtherDigest,
    OutboxError,
    OutboxOwned,
    OutboxRestored,
    PlanCancelled,
    PlanPaused,
    SendRefused,
    TooLate,
    UnknownPlan,
)
from mailer.events import FATES, SUPPRESSES, Event, EventKind, fate, placed, rank_of, without_addresses
from mailer.fates import Addressed, EventHour, EventRecord, Failure
from mailer.fence import Fence, FenceProvider
from mailer.fencing import Fences, Withdrawal, withdraw
from mailer.freezing import freeze, freeze_deflated, prepared
from mailer.header import BatchHeader, Totals, instant_text, message_key, notice_digest, with_own_headers
from mailer.inboxes import ImapInbox, Inbox, InboxError, MaildirInbox
from mailer.intake import Intake
from mailer.lock import Sender, sole_sender
from mailer.mime import message_bytes
from mailer.narrow import Recipient
from mailer.outbox import Outbox, outbox_file
from mailer.pace import Openings, domain_of, longest_wait, opening, rate_of, room
from mailer.patience import Patience
from mailer.policy import Settlement, Timing, backoff, next_depth, settlement, timing
from mailer.records import Handed, NoticeAt, PlanRecord, Told
from mailer.run import Delivery
from mailer.sendgrid_events import Read, read_events
from mailer.settings import GroupSettings, MailSettings, RetrySettings, UnsubscribeSettings, WarmUpSettings
from mailer.states import HANDED, TRANSITIONS, Cause, Status
from mailer.status import fates_json, status_json
from mailer.suppression import Suppressed, Suppression, SuppressionReason, skip_reason
from mailer.transport_settings import DkimSettings, SendGridSettings, SmtpSettings, TransportName
from mailer.transports import (
    DEFAULT_BASE_URL,
    Attempt,
    Connection,
    FolderTransport,
    Outcome,
    SendGridTransport,
    Signer,
    SmtpServer,
    SmtpTransport,
    Timeouts,
    Transport,
    parse_smtp_url,
    signer,
)
from mailer.unsubscribing import Tokens, Unsubscribing
from mailer.warm_up import Allowance, allowance
from mailer.windows import next_opening

__all__ = [
    "DEFAULT_BASE_URL",
    "FATES",
    "HANDED",
    "SUPPRESSES",
    "TRANSITIONS",
    "Account",
    "Addressed",
    "Allowance",
    "Approval",
    "ApprovalRefused",
    "Attempt",
    "Batch",
    "BatchError",
    "BatchHeader",
    "BatchTampered",
    "Cause",
    "Claimant",
    "ConfigurationError",
    "Connection",
    "DecisionRefused",
    "Deflated",
    "Deflating",
    "Delivery",
    "DkimSettings",
    "Erased",
    "Event",
    "EventHour",
    "EventKind",
    "EventRecord",
    "Failure",
    "Fence",
    "FenceProvider",
    "FenceRefused",
    "Fences",
    "FolderTransport",
    "FrozenMessage",
    "GroupSettings",
    "Handed",
    "ImapInbox",
    "Inbox",
    "InboxError",
    "Intake",
    "LostPlans",
    "MailSettings",
    "Mailbox",
    "MaildirInbox",
    "MailerError",
    "NotApproved",
    "NotDue",
    "NoticeAt",
    "Openings",
    "OtherDigest",
    "Outbox",
    "OutboxError",
    "OutboxOwned",
    "OutboxRestored",
    "Outcome",
    "Patience",
    "PlanCancelled",
    "PlanPaused",
    "PlanRecord",
    "Prepared",
    "Read",
    "Recipient",
    "RetrySettings",
    "SendGridSettings",
    "SendGridTransport",
    "SendRefused",
    "Sender",
    "Settlement",
    "Signer",
    "SmtpServer",
    "SmtpSettings",
    "SmtpTransport",
    "Status",
    "Suppressed",
    "Suppression",
    "SuppressionReason",
    "Timeouts",
    "Timing",
    "Tokens",
    "Told",
    "TooLate",
    "Totals",
    "Transport",
    "TransportName",
    "Turn",
    "UnknownPlan",
    "UnsubscribeSettings",
    "Unsubscribing",
    "WarmUpSettings",
    "Withdrawal",
    "address_digest",
    "allowance",
    "backoff",
    "batch_file",
    "check_sendable",
    "deliver",
    "dictionary_of",
    "domain_of",
    "erase_messages",
    "fate",
    "fates_json",
    "freeze",
    "freeze_deflated",
    "instant_text",
    "is_digest",
    "is_pseudonym",
    "longest_wait",
    "message_bytes",
    "message_key",
    "next_depth",
    "next_opening",
    "notice_digest",
    "opening",
    "outbox_file",
    "parse_mailbox",
    "parse_smtp_url",
    "placed",
    "prepared",
    "pseudonym",
    "rank_of",
    "rate_of",
    "read_events",
    "room",
    "sendable",
    "settlement",
    "signer",
    "skip_reason",
    "sole_sender",
    "start_late",
    "status_json",
    "stop_on_signals",
    "timing",
    "with_own_headers",
    "withdraw",
    "without_addresses",
]
